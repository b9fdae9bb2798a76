use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::Fix;
use crate::model::hir::Name;
use crate::model::relations::{Relation, RelationForm};
use crate::model::ty::{Action, IndexKind, TableFlavor};
use crate::model::{File, Table};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::writing::orm::add_index;

declare_rule! {
    /// Finds relations and foreign keys that no index serves.
    ///
    /// ## Why is this bad?
    /// To find the rows that belong to another, the ORM reads them by an index on the columns that lead there, and throws where there is none.
    /// A foreign key that changes rows when the row that it refers to is deleted finds them in the same way.
    ///
    /// ## Example
    /// `convex/schema.ts`:
    /// ```ts
    /// import { convexTable, defineRelations, defineSchema, id, text } from "better-convex/orm";
    ///
    /// const users = convexTable("users", { name: text().notNull() });
    /// const posts = convexTable("posts", { title: text().notNull(), authorId: id("users").notNull() });
    /// const tables = { users, posts };
    ///
    /// export const relations = defineRelations(tables, (r) => ({
    ///   users: {
    ///     posts: r.many.posts({ from: r.users.id, to: r.posts.authorId }), // error: "no index of `posts` begins with `authorId`"
    ///   },
    ///   posts: { author: r.one.users({ from: r.posts.authorId, to: r.users.id }) },
    /// }));
    ///
    /// export default defineSchema(tables);
    /// ```
    ///
    /// ## Fix safety
    /// Unsafe: Convex builds the index when the schema is deployed, and for a large table that takes time.
    pub struct OrmUnindexedRelation {} = { id: "orm-unindexed-relation", category: Category::Orm, level: Level::Error, since: "0.1.0", fix: FixKind::Unsafe }
}

impl Rule for OrmUnindexedRelation {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        let relations = crate::model::in_file(&cx.project.relations, file.source.id, |r| r.span.file);
        for relation in relations.iter().filter(|r| r.known && r.form != RelationForm::OfTable) {
            if let Some((table, column)) = unserved(relation, cx) {
                let (name, column) = (&table.name, column.clone());
                cx.report(
                    Diagnostic::new(key(relation, cx), format!("`{}` of `{}` reads `{name}`, and no index of `{name}` begins with `{column}`", relation.name, relation.table))
                        .label(cx.workspace.key_of(table), "the table that is read")
                        .help(format!("add `index(\"by_{column}\").on(t.{column})` to `{name}`"))
                        .fix(fix(table, &column, cx)),
                );
            }
        }
        Some(())
    }

    fn table(&self, table: &Table, cx: &mut Cx<'_>) -> Option<()> {
        if table.definition.flavor != TableFlavor::Orm {
            return None;
        }
        for foreign in &table.foreign_keys {
            let acts = matches!(&foreign.on_delete, Action::Named(action) if matches!(&**action, "cascade" | "set null" | "set default" | "restrict"));
            let Some(column) = foreign.columns.first().filter(|column| acts && !leads(table, column)) else { continue };
            cx.report(
                Diagnostic::new(foreign.span, format!("no index of `{}` begins with `{column}`, by which rows are found when what they refer to is deleted", table.name))
                    .help(format!("add `index(\"by_{column}\").on(t.{column})`"))
                    .fix(fix(table, column, cx)),
            );
        }
        Some(())
    }
}

fn fix(table: &Table, column: &Name, cx: &Cx<'_>) -> Option<Fix> {
    let name = format!("by_{column}");
    let edits = add_index(cx.workspace, table, &name, column)?;
    Some(Fix::r#unsafe(format!("Add the index `{name}`"), edits))
}

/// The name of the relation.
fn key(relation: &Relation, cx: &Cx<'_>) -> crate::source::Span {
    let text = cx.text(relation.span);
    match text.starts_with(&*relation.name) {
        true => crate::source::Span { end: relation.span.start + relation.name.len() as u32, ..relation.span },
        false => relation.span,
    }
}

/// The table whose rows are looked for, and the column that no index begins with.
fn unserved<'p>(relation: &'p Relation, cx: &Cx<'p>) -> Option<(&'p Table, Name)> {
    let to = relation.to.as_ref()?;
    if relation.from.as_ref()?.iter().chain(to).any(|c| c.through.is_some()) {
        let through = relation.through()?;
        let table = cx.project.table(&through.table)?;
        let column = through.from.first()?.clone();
        return (table.definition.flavor == TableFlavor::Orm && !leads(table, &column)).then_some((table, column));
    }
    let table = cx.project.table(relation.target.as_ref()?)?;
    let columns: Vec<&Name> = to.iter().map(|c| &c.column.column).collect();
    let is_id = columns.iter().any(|c| matches!(&***c, "_id" | "_creationTime"));
    let first = (*columns.first()?).clone();
    let is_served = columns.iter().any(|column| leads(table, column));
    (table.definition.flavor == TableFlavor::Orm && !is_id && !is_served).then_some((table, first))
}

/// Whether an index of the table begins with the column, or may do so.
fn leads(table: &Table, column: &Name) -> bool {
    let by = |index: &crate::model::ty::Index| index.kind == IndexKind::Db && index.own_fields().is_none_or(|fields| fields.first() == Some(column));
    table.definition.open || table.definition.all_indexes().any(by)
}
