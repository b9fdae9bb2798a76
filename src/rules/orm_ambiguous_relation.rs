use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::File;
use crate::model::relations::{Relation, RelationForm};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds relations of the ORM for which more than one relation leads back.
    ///
    /// ## Why is this bad?
    /// The ORM pairs each relation with the one that leads back, and throws when it starts where it cannot tell which that is.
    ///
    /// ## Example
    /// `convex/schema.ts`:
    /// ```ts
    /// import { convexTable, defineRelations, defineSchema, id, index, text } from "better-convex/orm";
    ///
    /// const users = convexTable("users", { name: text().notNull() });
    /// const posts = convexTable(
    ///   "posts",
    ///   { authorId: id("users").notNull(), editorId: id("users").notNull() },
    ///   (t) => [index("by_author").on(t.authorId), index("by_editor").on(t.editorId)],
    /// );
    /// const tables = { users, posts };
    ///
    /// export const relations = defineRelations(tables, (r) => ({
    ///   users: {
    ///     written: r.many.posts({ from: r.users.id, to: r.posts.authorId }), // error: "`author` and `editor`"
    ///   },
    ///   posts: {
    ///     author: r.one.users({ from: r.posts.authorId, to: r.users.id }),
    ///     editor: r.one.users({ from: r.posts.editorId, to: r.users.id }),
    ///   },
    /// }));
    ///
    /// export default defineSchema(tables);
    /// ```
    pub struct OrmAmbiguousRelation {} = { id: "orm-ambiguous-relation", category: Category::Orm, level: Level::Error, since: "0.1.0" }
}

impl Rule for OrmAmbiguousRelation {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        // All relations of a project are told of where the first of them stands.
        let first = cx.project.relations.first()?;
        let is_whole = cx.project.unread_relations.is_empty() && cx.project.relations.iter().all(|r| r.known && r.form == first.form);
        if first.span.file != file.source.id || !is_whole || first.form == RelationForm::OfTable {
            return None;
        }
        let schema = cx.project.schema.as_ref()?;
        let mut all: Vec<&Relation> = cx.project.relations.iter().collect();
        // In the order of the tables, as the ORM goes through them: what is paired is not asked again.
        all.sort_by_key(|r| schema.tables.iter().position(|t| t.name == r.table));
        let mut paired = vec![false; all.len()];
        for (at, relation) in all.iter().enumerate() {
            if paired[at] {
                continue;
            }
            let back: Vec<usize> = (0..all.len()).filter(|i| *i != at && relation.is_led_back_by(all[*i])).collect();
            match back[..] {
                [] => {}
                [one] => (paired[at], paired[one]) = (true, true),
                [a, b, ..] => report(relation, all[a], all[b], cx),
            }
        }
        Some(())
    }
}

fn report(relation: &Relation, a: &Relation, b: &Relation, cx: &mut Cx<'_>) {
    cx.report(
        Diagnostic::new(relation.span, format!("both `{}` and `{}` of `{}` may be the way back of `{}`", a.name, b.name, a.table, relation.name))
            .label(a.span, "one")
            .label(b.span, "the other")
            .help("give each pair an `alias` of its own, on both ends"),
    );
}
