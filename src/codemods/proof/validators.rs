//! A validator that cannot be read is the same one where it is written the same, in whatever is put around it.

use super::{Note, Proof};
use crate::model::Table;
use crate::model::hir::{ExprId, ExprKind, Name, Prop};
use crate::model::ty::{ColumnKind, Field, Ty};
use crate::source::FileId;

/// A validator's expression, with what is around it: `v.optional(…)`, `v.union(…, v.null())`, a default, a nullable column.
#[derive(Clone, Copy)]
struct Written {
    at: (FileId, ExprId),
    is_optional: bool,
    is_nullable: bool,
}

impl Proof<'_> {
    /// What became of a field by what is written; `None` where that does not tell either.
    #[expect(clippy::option_option, reason = "nothing to say of the field is not the same as nothing known of it")]
    pub(super) fn written(&self, old: &Table, was: &Field, new: &Table, is: &Field) -> Option<Option<Note>> {
        let name = &was.name;
        let old_at = self.old_validator(old, was)?;
        let new_at = self.new_validator(new, is)?;
        let found = self.unwrapped(old_at).into_iter().find(|inner| self.same.expr(inner.at, new_at.at))?;
        let mut wider = Vec::new();
        let mut narrower = Vec::new();
        match (found.is_optional, new_at.is_optional) {
            (false, true) => wider.push("may now be missing"),
            (true, false) => narrower.push("can no longer be missing"),
            _ => {}
        }
        match (found.is_nullable, new_at.is_nullable) {
            (false, true) => wider.push("null now allowed"),
            (true, false) => narrower.push("null is refused"),
            _ => {}
        }
        Some(match (wider.is_empty(), narrower.is_empty()) {
            (true, true) => None,
            (_, false) => Some(Note::Narrowed(format!("{name}: {}", narrower.join(", ")))),
            (false, true) => Some(Note::widened(Some(name), wider.join(", "))),
        })
    }

    /// Where the old schema writes the field's validator.
    fn old_validator(&self, table: &Table, field: &Field) -> Option<Written> {
        if let Some(added) = table.definition.added.iter().rfind(|f| f.name == field.name) {
            // The default of an ent is filled in by reads: documents may lack the field.
            return Some(Written { at: added.validator?, is_optional: added.default.is_some(), is_nullable: false });
        }
        let at = property(self.before, field)?;
        Some(Written { at, is_optional: false, is_nullable: false })
    }

    /// Where the new schema writes it: in a column, or as it is.
    fn new_validator(&self, table: &Table, field: &Field) -> Option<Written> {
        let Some(place) = table.definition.columns.iter().find(|c| c.name == field.name) else {
            return Some(Written { at: property(self.after, field)?, is_optional: false, is_nullable: false });
        };
        match &place.column {
            Some(column) if column.kind == ColumnKind::Custom => {
                Some(Written { at: column.given?, is_optional: !column.not_null, is_nullable: !column.not_null })
            }
            None if place.is_validator => Some(Written { at: property(self.after, field)?, is_optional: false, is_nullable: false }),
            _ => None,
        }
    }

    /// The validator as it is written, and what remains of it without `v.optional` and without `v.null()`.
    fn unwrapped(&self, whole: Written) -> Vec<Written> {
        let mut ways = vec![whole];
        if let Some(inner) = self.argument(whole.at, "optional") {
            ways.push(Written { at: inner, is_optional: true, ..whole });
        }
        for outer in ways.clone() {
            if let Some(inner) = self.beside_null(outer.at) {
                ways.push(Written { at: inner, is_nullable: true, ..outer });
            }
        }
        ways
    }

    /// The argument of `v.optional(…)`.
    fn argument(&self, at: (FileId, ExprId), kind: &str) -> Option<(FileId, ExprId)> {
        match &self.arguments(at, kind)?[..] {
            [only] => Some((at.0, *only)),
            _ => None,
        }
    }

    /// The one member of `v.union(…, v.null())` that is not null.
    fn beside_null(&self, at: (FileId, ExprId)) -> Option<(FileId, ExprId)> {
        let members = self.arguments(at, "union")?;
        let is_null = |id: &ExprId| self.arguments((at.0, *id), "null").is_some_and(|args| args.is_empty());
        match &members[..] {
            [a, b] if is_null(a) && !is_null(b) => Some((at.0, *b)),
            [a, b] if is_null(b) && !is_null(a) => Some((at.0, *a)),
            _ => None,
        }
    }

    /// The arguments, where the expression is a call of `v.<kind>` of Convex's own.
    fn arguments(&self, (file, id): (FileId, ExprId), kind: &str) -> Option<Vec<ExprId>> {
        let module = self.before.hir(file);
        let call = module.call(module.bare(id))?;
        match self.old_infer.expr(file, call.callee) {
            Ty::External(external) if external.is("convex/values", &["v", kind]) => {}
            _ => return None,
        }
        call.args.iter().map(|a| (!a.spread).then_some(a.value)).collect()
    }
}

/// The value of the property that writes a field.
fn property(workspace: &crate::model::Workspace, field: &Field) -> Option<(FileId, ExprId)> {
    let span = field.span?;
    let module = workspace.hir(span.file);
    let is_it = |prop: &&Prop| (prop.start, prop.end) == (span.start, span.end) && prop.key_name() == Some(&field.name);
    let found = module.exprs().find_map(|(_, kind)| match kind {
        ExprKind::Object(props) => props.iter().find(is_it),
        _ => None,
    });
    Some((span.file, found?.value))
}

trait KeyName {
    fn key_name(&self) -> Option<&Name>;
}

impl KeyName for Prop {
    fn key_name(&self) -> Option<&Name> {
        match &self.key {
            crate::model::hir::Key::Name(name) => Some(name),
            _ => None,
        }
    }
}
