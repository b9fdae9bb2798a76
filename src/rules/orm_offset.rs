use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::hir::ExprKind;
use crate::model::{File, in_file};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds reads that leave out many rows by `offset`.
    ///
    /// ## Why is this bad?
    /// The rows that are left out are read all the same, and more of them with each page.
    /// A cursor goes on where the last page ended.
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
    ///
    /// export const run = mutation({
    ///   args: {},
    ///   returns: v.any(),
    ///   handler: async (ctx: any) => {
    ///     const far = await ctx.orm.query.posts.findMany({ limit: 20, offset: 1000 }); // error
    ///     return await ctx.orm.query.posts.findMany({ limit: 20, cursor: null });
    ///   },
    /// });
    /// ```
    ///
    /// ## When not to use it
    /// Offsets that are computed are not reported.
    pub struct OrmOffset {
        /// How many rows may be left out.
        pub max: u32 = 100,
    } = { id: "orm-offset", category: Category::Orm, level: Level::Warn, since: "0.1.0" }
}

impl Rule for OrmOffset {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        for read in in_file(&cx.project.orm_reads, file.source.id, |read| read.file).iter().filter(|read| read.table(cx.project).is_some()) {
            let Some(Some(offset)) = read.config.entry(&file.hir, "offset") else { continue };
            let ExprKind::Num(number) = file.hir.expr(file.hir.bare(offset)) else { continue };
            if *number > f64::from(self.max) {
                cx.report(
                    Diagnostic::new(file.hir.span(offset), format!("{number} rows of `{}` are read and thrown away", read.table))
                        .help("page through with `cursor` and `limit`"),
                );
            }
        }
        Some(())
    }
}
