use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::hir::{ExprId, ExprKind, Module};
use crate::model::orm_calls::named;
use crate::model::{File, in_file};
use crate::source::Span;
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds conditions that the ORM checks only after it has read the rows.
    ///
    /// ## Why is this bad?
    /// `like`, `contains`, `endsWith` and conditions in code are no ranges of an index: rows are read one after another until enough of them fit, in the worst case all.
    /// A condition in code is refused altogether where `.withIndex(…)` does not say what to read.
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
    ///     const some = await ctx.orm.query.posts.findMany({ where: { title: { contains: "a" } }, limit: 20 }); // error
    ///     return await ctx.orm.query.posts.findMany({ search: { index: "by_title", query: "a" }, limit: 20 });
    ///   },
    /// });
    /// ```
    ///
    /// ## When not to use it
    /// Reads that a range of an index bounds, or `maxScan`, are not reported, nor conditions beside another one that an index may serve.
    pub struct OrmPostFilter {} = { id: "orm-post-filter", category: Category::Orm, level: Level::Warn, since: "0.1.0" }
}

impl Rule for OrmPostFilter {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        let module = &file.hir;
        for read in in_file(&cx.project.orm_reads, file.source.id, |read| read.file).iter().filter(|read| read.table(cx.project).is_some()) {
            let Some(Some(condition)) = read.config.entry(module, "where") else { continue };
            // What an index, or a bound on what is read, holds together is a decision that was made.
            if read.with_index || read.config.may_have(module, &["maxScan", "search", "vectorSearch", "allowFullScan"]) {
                continue;
            }
            let mut found = Vec::new();
            let is_served = operators(module, condition, &mut found, 0);
            if let (false, Some((span, operator))) = (is_served, found.first()) {
                cx.report(
                    Diagnostic::new(*span, format!("`{operator}` is checked after rows of `{}` were read, of which there may be many", read.table))
                        .help("search by a search index, narrow down what is read with `.withIndex(…)`, or bound it with `maxScan`"),
                );
            }
        }
        Some(())
    }
}

const CHECKED_LATER: [&str; 6] = ["like", "ilike", "notLike", "notIlike", "contains", "endsWith"];

/// Collects the operators that no index serves; whether another condition beside them may be served, or is not known.
fn operators(module: &Module, condition: ExprId, found: &mut Vec<(Span, String)>, depth: u32) -> bool {
    let Some(props) = module.as_object(condition).filter(|_| depth < 4) else { return true };
    if named(props).count() < props.len() {
        return true;
    }
    let mut is_served = false;
    for (_, prop) in named(props) {
        let Some(asked) = module.as_object(prop.value) else {
            is_served |= !matches!(module.expr(prop.value), ExprKind::Func(_));
            continue;
        };
        for (operator, inner) in named(asked) {
            if CHECKED_LATER.contains(&&**operator) {
                found.push((module.at(inner.start, inner.key_end), operator.to_string()));
            } else {
                is_served = true;
            }
        }
    }
    is_served
}
