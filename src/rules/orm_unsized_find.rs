use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::hir::Module;
use crate::model::orm_calls::{OrmMethod, OrmRead, entry, may_have_default_limit};
use crate::model::{File, in_file};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds `findMany` that says nothing of how many rows it wants.
    ///
    /// ## Why is this bad?
    /// The ORM throws: a read without a limit grows with the table until it fails.
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
    ///     const all = await ctx.orm.query.posts.findMany(); // error: "says nothing of how many"
    ///     return await ctx.orm.query.posts.findMany({ limit: 20 });
    ///   },
    /// });
    /// ```
    pub struct OrmUnsizedFind {} = { id: "orm-unsized-find", category: Category::Orm, level: Level::Error, since: "0.1.0" }
}

impl Rule for OrmUnsizedFind {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        let reads = in_file(&cx.project.orm_reads, file.source.id, |read| read.file);
        let unsized_reads = reads.iter().filter(|read| read.method == OrmMethod::FindMany && read.table(cx.project).is_some());
        let found: Vec<_> = unsized_reads.filter(|read| !read.config.may_have(&file.hir, &SIZES) && !is_of_ids(&file.hir, read)).collect();
        if found.is_empty() || may_have_default_limit(cx.workspace, cx.project) {
            return None;
        }
        for read in found {
            cx.report(
                Diagnostic::new(read.span, format!("`findMany` of `{}` says nothing of how many rows it wants, and the ORM throws", read.table))
                    .help("give it `limit: n`, or `cursor` and `limit` to page through; `defaults: { defaultLimit: n }` of `defineSchema` holds for all"),
            );
        }
        Some(())
    }
}

/// What says how many rows are read, or that another way of reading is taken, which has rules of its own.
const SIZES: [&str; 7] = ["limit", "cursor", "allowFullScan", "search", "vectorSearch", "pageByKey", "pipeline"];

/// `where: { id: … }`: rows that are named.
fn is_of_ids(module: &Module, read: &OrmRead) -> bool {
    match read.config.entry(module, "where") {
        Some(None) => false,
        Some(Some(condition)) => module.as_object(condition).is_some() && entry(module, condition, "id") != Some(None),
        None => true,
    }
}
