use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::hir::{ExprId, ExprKind, Module, Name};
use crate::model::orm_calls::{entry, may_have_default_limit, named};
use crate::model::ty::RelationKind;
use crate::model::{File, Project, in_file};
use crate::source::Span;
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds relations to many rows that are read along without a limit.
    ///
    /// ## Why is this bad?
    /// The ORM throws: of each row, all rows that belong to it would be read.
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
    ///     const users = await ctx.orm.query.users.findMany({ limit: 20, with: { posts: true } }); // error: "all `posts` of each"
    ///     return await ctx.orm.query.users.findMany({ limit: 20, with: { posts: { limit: 5 } } });
    ///   },
    /// });
    /// ```
    pub struct OrmUnsizedRelation {} = { id: "orm-unsized-relation", category: Category::Orm, level: Level::Error, since: "0.1.0" }
}

impl Rule for OrmUnsizedRelation {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        let mut found = Vec::new();
        for read in in_file(&cx.project.orm_reads, file.source.id, |read| read.file) {
            if read.table(cx.project).is_some()
                && !read.config.may_have(&file.hir, &["allowFullScan"])
                && let Some(Some(with)) = read.config.entry(&file.hir, "with")
            {
                collect(&file.hir, cx.project, &read.table, with, &mut found, 0);
            }
        }
        if found.is_empty() || may_have_default_limit(cx.workspace, cx.project) {
            return None;
        }
        for (span, table, relation) in found {
            cx.report(
                Diagnostic::new(span, format!("all `{relation}` of each row of `{table}` are asked for, and the ORM throws"))
                    .help(format!("give it a limit: `{relation}: {{ limit: n }}`")),
            );
        }
        Some(())
    }
}

/// The relations to many rows under `with` that have no limit, at any depth.
fn collect(module: &Module, project: &Project, table: &Name, with: ExprId, found: &mut Vec<(Span, Name, Name)>, depth: u32) -> Option<()> {
    for (name, prop) in named(module.as_object(with).filter(|_| depth < 8)?) {
        let mut relations = project.relations.iter().filter(|r| r.table == *table && r.name == *name);
        let Some(relation) = relations.next().filter(|_| relations.next().is_none()) else { continue };
        let inner = module.as_object(prop.value).is_some();
        let is_all = matches!(module.expr(module.bare(prop.value)), ExprKind::Bool(true));
        let has_none = || ["limit", "cursor", "allowFullScan"].iter().all(|key| entry(module, prop.value, key) == Some(None));
        if relation.kind == RelationKind::Many && (is_all || inner && has_none()) {
            found.push((module.at(prop.start, prop.key_end), table.clone(), name.clone()));
        }
        if let (Some(target), Some(Some(with))) = (&relation.target, entry(module, prop.value, "with")) {
            collect(module, project, target, with, found, depth + 1);
        }
    }
    Some(())
}
