use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{File, in_file};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds updates and deletions of the ORM that say nothing of which rows they mean.
    ///
    /// ## Why is this bad?
    /// The ORM throws, because all rows of the table would be changed; where that is meant, `.allowFullScan()` says so.
    ///
    /// ## Example
    /// `convex/schema.ts`:
    /// ```ts
    /// import { convexTable, defineSchema, id, index, text } from "kitcn/orm";
    ///
    /// export const users = convexTable("users", { name: text().notNull(), email: text().notNull() });
    /// export const posts = convexTable("posts", { title: text().notNull(), authorId: id("users").notNull() }, (t) => [index("by_author").on(t.authorId)]);
    ///
    /// export default defineSchema({ users, posts }).relations((r) => ({
    ///   users: { posts: r.many.posts({ from: r.users.id, to: r.posts.authorId }) },
    ///   posts: { author: r.one.users({ from: r.posts.authorId, to: r.users.id }) },
    /// }));
    /// ```
    ///
    /// `convex/run.ts`:
    /// ```ts
    /// import { mutation } from "./_generated/server";
    /// import { v } from "convex/values";
    /// import { eq } from "kitcn/orm";
    /// import { users } from "./schema";
    ///
    /// export const run = mutation({
    ///   args: {},
    ///   returns: v.any(),
    ///   handler: async (ctx: any) => {
    ///     await ctx.orm.delete(users); // error: "all rows"
    ///     await ctx.orm.delete(users).where(eq(users.name, "Ada"));
    ///   },
    /// });
    /// ```
    pub struct OrmWriteWithoutWhere {} = { id: "orm-write-without-where", category: Category::Orm, level: Level::Error, since: "0.1.0" }
}

impl Rule for OrmWriteWithoutWhere {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        for write in in_file(&cx.project.orm_writes, file.source.id, |write| write.file) {
            let says = |method: &str| write.calls.iter().any(|(name, _)| &**name == method);
            let is_update = says("set");
            if says("where") || says("allowFullScan") || !write.is_delete && !is_update {
                continue;
            }
            let what = if write.is_delete { "delete" } else { "update" };
            cx.report(
                Diagnostic::new(write.span, format!("this would {what} all rows of `{}`, and the ORM throws", write.table))
                    .help("say which with `.where(…)`; `.allowFullScan()` where all are meant"),
            );
        }
        Some(())
    }
}
