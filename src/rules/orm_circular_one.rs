use std::collections::BTreeMap;

use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::File;
use crate::model::hir::Name;
use crate::model::relations::{Relation, RelationForm};
use crate::model::ty::RelationKind;
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds relations to one row that lead in a circle, each by columns that may not be null.
    ///
    /// ## Why is this bad?
    /// Each of the rows would have to be there before the other: the ORM throws when it starts.
    ///
    /// ## Example
    /// `convex/schema.ts`:
    /// ```ts
    /// import { convexTable, defineRelations, defineSchema, id, index, text } from "better-convex/orm";
    ///
    /// const users = convexTable("users", { profileId: id("profiles").notNull() }, (t) => [index("by_profile").on(t.profileId)]);
    /// const profiles = convexTable("profiles", { userId: id("users").notNull() }, (t) => [index("by_user").on(t.userId)]);
    /// const tables = { users, profiles };
    ///
    /// export const relations = defineRelations(tables, (r) => ({
    ///   users: {
    ///     profile: r.one.profiles({ from: r.users.profileId, to: r.profiles.id, alias: "a" }),
    ///   },
    ///   profiles: {
    ///     user: r.one.users({ from: r.profiles.userId, to: r.users.id, alias: "b" }), // error
    ///   },
    /// }));
    ///
    /// export default defineSchema(tables);
    /// ```
    pub struct OrmCircularOne {} = { id: "orm-circular-one", category: Category::Orm, level: Level::Error, since: "0.1.0" }
}

impl Rule for OrmCircularOne {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        // All relations of a project are told of where the first of them stands.
        let first = cx.project.relations.first()?;
        if first.span.file != file.source.id {
            return None;
        }
        let mut needs: BTreeMap<&Name, Vec<&Relation>> = BTreeMap::new();
        for relation in cx.project.relations.iter().filter(|r| is_required(r, cx)) {
            needs.entry(&relation.table).or_default().push(relation);
        }
        let mut done: Vec<&Name> = Vec::new();
        for table in needs.keys() {
            if let Some(circle) = circle_from(table, &needs, &mut done, &mut Vec::new()) {
                let names: Vec<String> = circle.iter().map(|r| format!("`{}.{}`", r.table, r.name)).collect();
                let mut found = Diagnostic::new(circle.first()?.span, format!("required relations lead in a circle: {}", names.join(", ")))
                    .help("let the column of one of them be null, or keep the relation at one end alone");
                for relation in circle.iter().skip(1) {
                    found = found.label(relation.span, "which needs the other");
                }
                cx.report(found);
            }
        }
        Some(())
    }
}

/// Whether a row of the table needs the one that the relation leads to: it goes by columns that may not be null.
fn is_required(relation: &Relation, cx: &Cx<'_>) -> bool {
    let Some(table) = cx.project.table(&relation.table) else { return false };
    let is_null = |name: &Name| match &**name {
        "_id" | "_creationTime" => false,
        _ => table.definition.columns.iter().find(|c| c.name == *name).and_then(|c| c.column.as_ref()).is_none_or(|c| !c.not_null),
    };
    let is_judged = relation.known && relation.kind == RelationKind::One && relation.form != RelationForm::OfTable;
    is_judged && relation.from.as_ref().is_some_and(|from| !from.is_empty() && !from.iter().any(|c| is_null(&c.column.column)))
}

/// The relations that lead from the table back to one on the way; depth first, each table once.
fn circle_from<'p>(
    table: &'p Name,
    needs: &BTreeMap<&'p Name, Vec<&'p Relation>>,
    done: &mut Vec<&'p Name>,
    path: &mut Vec<&'p Relation>,
) -> Option<Vec<&'p Relation>> {
    if done.contains(&table) {
        return None;
    }
    done.push(table);
    for relation in needs.get(table).into_iter().flatten().copied() {
        let Some(target) = &relation.target else { continue };
        path.push(relation);
        if let Some(from) = path.iter().position(|r| r.table == *target) {
            return Some(path[from..].to_vec());
        }
        if let Some(circle) = circle_from(target, needs, done, path) {
            return Some(circle);
        }
        path.pop();
    }
    None
}
