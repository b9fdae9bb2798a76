use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::hir::{ExprId, ExprKind, Module};
use crate::model::orm_calls::{OrmConfig, entry, named};
use crate::model::{File, in_file};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds searches that are asked for what a search cannot do.
    ///
    /// ## Why is this bad?
    /// Rows of a text or vector search come in the order of how well they fit, a number of them and no more: the ORM throws where another order is asked for, or a page.
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
    ///     const found = await ctx.orm.query.posts.findMany({
    ///       search: { index: "by_title", query: "a" },
    ///       orderBy: { title: "asc" }, // error
    ///       limit: 20,
    ///     });
    ///     return await ctx.orm.query.posts.findMany({ search: { index: "by_title", query: "a" }, limit: 20 });
    ///   },
    /// });
    /// ```
    pub struct OrmSearchMisuse {} = { id: "orm-search-misuse", category: Category::Orm, level: Level::Error, since: "0.1.0" }
}

impl Rule for OrmSearchMisuse {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        let module = &file.hir;
        for read in in_file(&cx.project.orm_reads, file.source.id, |read| read.file).iter().filter(|read| read.table(cx.project).is_some()) {
            let OrmConfig::Object(config) = read.config else { continue };
            let props = module.as_object(config).unwrap_or_default();
            let Some((kind, search)) = named(props).find_map(|(name, prop)| {
                let refused: &[&str] = match &**name {
                    "search" => &["orderBy"],
                    "vectorSearch" => &["orderBy", "cursor", "where", "offset", "limit", "maxScan"],
                    _ => return None,
                };
                Some((refused, (name, prop)))
            }) else {
                continue;
            };
            for (name, prop) in named(props).filter(|(name, _)| kind.contains(&&***name)) {
                cx.report(
                    Diagnostic::new(module.at(prop.start, prop.key_end), format!("`{}` takes no `{name}`, and the ORM throws", search.0))
                        .help(if &**name == "limit" { "put it into `vectorSearch`: `{ …, limit: n }`" } else { "leave it out; rows come in the order of how well they fit" }),
                );
            }
            if &**search.0 == "vectorSearch" {
                judge_limit(module, search.1.value, cx);
            }
        }
        Some(())
    }
}

/// A vector search wants from 1 to 256 rows.
fn judge_limit(module: &Module, search: ExprId, cx: &mut Cx<'_>) {
    let limit = entry(module, search, "limit");
    let span = match limit {
        Some(None) => module.span(search),
        Some(Some(limit)) => match module.expr(module.bare(limit)) {
            ExprKind::Num(number) if !(1.0..=256.0).contains(number) || number.fract() != 0.0 => module.span(limit),
            _ => return,
        },
        None => return,
    };
    cx.report(Diagnostic::new(span, "a vector search is told how many rows it wants, from 1 to 256").help("give it `limit: n`"));
}
