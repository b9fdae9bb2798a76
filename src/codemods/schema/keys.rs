//! Which ids become foreign keys of the ORM, and how far a deletion reaches along them.

use super::Planner;
use super::columns::Column;
use super::facts::{EdgePart, Facts};
use super::files::FileContext;
use super::relations::Join;
use crate::codemod::{ForeignKeys, Severity, Target};
use crate::model::hir::Name;
use crate::model::ty::EdgeEnd;
use crate::writing::code::Code;

/// A foreign key along which deletions go on.
struct Cascade<'a> {
    table: &'a Name,
    column: &'a Name,
    target: &'a Name,
}

impl Planner<'_> {
    /// The column that holds one end of an edge.
    pub fn edge_column(&self, facts: &Facts, part: &EdgePart, field: &Name, cx: &FileContext<'_>) -> Column {
        let target = &part.edge.to;
        let is_apart = self.is_migrated(target) && !self.goes_along(facts, part);
        if is_apart {
            let message = format!(
                "`{}.{field}` is no foreign key: one would delete, or block, along with the deletions of `{target}` that only mark rows",
                facts.name
            );
            let suggestion = format!("delete the rows of `{}` yourself where `{target}` is deleted for good", facts.name);
            self.remark("no-fk", Severity::Warning, part.edge.span, message, Some(suggestion));
        }
        let is_key = self.is_key(facts, part);
        let is_marked_for_good = self.facts_of(target).and_then(|t| t.deletion.as_ref()).is_some_and(|deletion| !deletion.is_scheduled);
        if is_key && is_marked_for_good && facts.deletion.as_ref().is_some_and(|deletion| deletion.is_scheduled) {
            let message = format!(
                "rows of `{}` that are marked along with one of `{target}` are never deleted: nothing schedules it for them",
                facts.name
            );
            let suggestion = format!("delete them with `.scheduled(…)` before the row of `{target}`");
            self.remark("scheduled-deletion", Severity::Warning, part.edge.span, message, Some(suggestion));
        }
        let mut column = self.id_builder(target, is_key, cx);
        let is_nullable_one = self.options.one_to_one == crate::codemod::OneToOne::Nullable
            && self.relations.unique.iter().any(|(table, column)| *table == facts.name && column == field);
        column.not_null = !part.optional && !is_nullable_one;
        if is_key {
            column.calls.push(self.references(&facts.name, target, cx));
        }
        column
    }

    /// A column of the table behind a many-to-many edge.
    pub fn join_column(&self, join: &Join, column: &Name, target: &Name, cx: &FileContext<'_>) -> Column {
        if self.is_migrated(target) && self.is_marked_when_deleted(target) {
            let message =
                format!("`{}.{column}` is no foreign key: one would block the deletions of `{target}`, which only mark rows", join.name);
            let suggestion = format!("delete the rows of `{}` yourself where `{target}` is deleted for good", join.name);
            self.remark("no-fk", Severity::Warning, join.span, message, Some(suggestion));
        }
        let is_key = self.is_join_key(target);
        let mut made = self.id_builder(target, is_key, cx);
        if is_key {
            made.calls.push(self.references(&join.name, target, cx));
        }
        made
    }

    fn id_builder(&self, target: &Name, is_key: bool, cx: &FileContext<'_>) -> Column {
        let table = cx.style.string(target);
        Column::new(match (is_key, self.options.foreign_keys) {
            (false, _) => Code::call(cx.names.orm("custom"), vec![Code::text(format!("{}.id({table})", cx.v()))]),
            (true, ForeignKeys::Text) => Code::text(format!("{}()", cx.names.orm("text"))),
            (true, _) => Code::text(format!("{}({table})", cx.names.orm("id"))),
        })
    }

    fn is_key(&self, facts: &Facts, part: &EdgePart) -> bool {
        self.options.foreign_keys != ForeignKeys::Plain && self.is_migrated(&part.edge.to) && self.goes_along(facts, part)
    }

    fn is_join_key(&self, target: &Name) -> bool {
        self.options.foreign_keys != ForeignKeys::Plain && self.is_migrated(target) && !self.is_marked_when_deleted(target)
    }

    /// What the ORM does along the key when a row of the target is deleted is what ents did: rows that are only marked have only those
    /// marked that may be.
    fn goes_along(&self, facts: &Facts, part: &EdgePart) -> bool {
        let is_marked = || facts.deletion.is_some() && self.back_deletion(facts, part).as_deref() == Some("soft");
        !self.is_marked_when_deleted(&part.edge.to) || is_marked()
    }

    /// Deleted rows of the table stay, for a while or for good.
    pub fn is_marked_when_deleted(&self, table: &str) -> bool {
        self.facts_of(table).is_some_and(|facts| facts.deletion.is_some())
    }

    /// The `deletion` of the edge that leads back along this one.
    fn back_deletion(&self, facts: &Facts, part: &EdgePart) -> Option<Name> {
        let EdgeEnd::Field(field) = &part.edge.end else { return None };
        let target = self.facts_of(&part.edge.to)?;
        let back = target.edges().filter(|back| back.edge.to == facts.name);
        let named = |back: &&EdgePart| match &back.edge.end {
            EdgeEnd::One(named) | EdgeEnd::Referenced(named) => named.as_ref().is_none_or(|named| named == field),
            EdgeEnd::Many { table: None, .. } => true,
            _ => false,
        };
        back.filter(named).find_map(|back| back.deletion.clone())
    }

    /// `.references(() => users.id, { onDelete: "cascade" })`.
    fn references(&self, from: &Name, target: &Name, cx: &FileContext<'_>) -> String {
        let local = self.local(target, cx);
        // The compiler cannot infer two types from each other.
        let annotation = if self.refers_back(target, from) {
            cx.want_type("AnyColumn", self.options);
            ": AnyColumn"
        } else {
            ""
        };
        let style = cx.style;
        let braces = if style.spaced_braces { ("{ ", " }") } else { ("{", "}") };
        format!(".references((){annotation} => {local}.id, {}onDelete: {}{})", braces.0, style.string("cascade"), braces.1)
    }

    /// Before 0.11, the ORM reads the rows behind each cascading key page by page, and Convex lets a function do that once.
    pub fn report_cascades(&self) {
        if self.options.target != Target::Before011 {
            return;
        }
        let all = self.cascades();
        for (entry, facts) in self.schema.entries.iter().zip(self.facts) {
            let mut reached = vec![&facts.name];
            let mut along: Vec<String> = Vec::new();
            let mut at = 0;
            while let Some(target) = reached.get(at).copied() {
                at += 1;
                for key in all.iter().filter(|key| key.target == target) {
                    along.push(format!("`{}.{}`", key.table, key.column));
                    if !reached.contains(&key.table) {
                        reached.push(key.table);
                    }
                }
            }
            if along.len() < 2 {
                continue;
            }
            let message = format!(
                "deleting a row of `{}` throws before better-convex 0.11: it reaches along {}, each of which is read page by page, and Convex allows that once",
                facts.name,
                along.join(", ")
            );
            let suggestion = "go to better-convex 0.11, or migrate with `--fk=plain` and delete what refers to a row yourself".to_owned();
            self.remark("several-cascades", Severity::Warning, entry.property, message, Some(suggestion));
        }
    }

    fn cascades(&self) -> Vec<Cascade<'_>> {
        let migrated = self.facts.iter().filter(|facts| facts.is_migrated());
        let own = migrated.flat_map(|facts| {
            facts.edges().filter_map(move |part| match &part.edge.end {
                EdgeEnd::Field(column) if self.is_key(facts, part) => Some(Cascade { table: &facts.name, column, target: &part.edge.to }),
                _ => None,
            })
        });
        let joins = self.relations.joins.iter().flat_map(|join| {
            let keys = join.columns.iter().filter(|(_, target)| self.is_join_key(target));
            keys.map(move |(column, target)| Cascade { table: &join.name, column, target })
        });
        own.chain(joins).collect()
    }
}
