//! What is particular to writes: the values that rows are given, and what is taken from them afterwards.

use super::{Printer, Taken, is_simple};
use crate::codemods::functions::ask::{Change, Inserted, Join, Unset};
use crate::codemods::functions::companions::Helper;
use crate::model::hir::{ExprId, ExprKind, Name};
use crate::style::indent_at;
use crate::writing::code::{Code, reindented};

impl Printer<'_, '_> {
    /// `.returning(…)` behind a write of one row, and what is taken from what it yields.
    pub fn returned(&self, table: &Name, result: Inserted, calls: &mut Vec<String>) -> Option<Taken> {
        match result {
            Inserted::Ignored => None,
            Inserted::Id => {
                calls.push(self.returning_id(&self.table(table)));
                Some(Taken::Behind(format!("[0]!.id as {}<{}>", (self.id_type)(), self.context.style.string(table))))
            }
            Inserted::Row => {
                calls.push(".returning()".to_owned());
                Some(Taken::Behind("[0]!".to_owned()))
            }
        }
    }

    pub fn returning_id(&self, table: &str) -> String {
        let style = self.context.style;
        let id = Code::object(vec![Code::field("id", Code::text(format!("{table}.id")), style)]);
        format!(".returning({})", id.print(style, "", 0, 0))
    }

    /// What a row is set to.
    pub fn change(&self, change: &Change, joins: &[Join]) -> String {
        // What is written twice must yield the same twice.
        let is_plain = |value: &Unset| value.always || !value.or_null || is_simple(self.module, value.value);
        let Some(unset) = change.unset.as_ref().filter(|unset| unset.iter().all(is_plain)) else {
            return format!("{}({})", (self.helper)(Helper::Unsetting), self.without(change.value, joins));
        };
        for value in unset {
            let token = self.context.names.orm("unsetToken");
            let token = if value.is_required { format!("({token} as never)") } else { token };
            let span = self.module.span(value.value);
            let text = self.nested.text(span);
            // What is missing is said once.
            if let Some(plain) = text.strip_suffix(" ?? undefined") {
                self.nested.set(span, plain.to_owned());
            }
            let operand = self.operand(value.value);
            let new = match (value.always, value.or_null) {
                (true, _) => token,
                (false, false) => format!("{operand} ?? {token}"),
                (false, true) => format!("{operand} === undefined ? {token} : {operand}"),
            };
            let new = if value.shorthand { format!("{text}: {new}") } else { new };
            self.nested.set(span, new);
        }
        self.without(change.value, joins)
    }

    /// The text of an expression as a part of another one.
    pub fn operand(&self, id: ExprId) -> String {
        let text = self.text(id);
        let is_atom = matches!(
            self.module.expr(id),
            ExprKind::Local(_)
                | ExprKind::Global(_)
                | ExprKind::Member { .. }
                | ExprKind::Index { .. }
                | ExprKind::Call(_)
                | ExprKind::Paren(_)
                | ExprKind::Str(_)
                | ExprKind::Num(_)
        );
        if is_atom { text } else { format!("({text})") }
    }

    /// The text of an object without the properties that say which rows it is connected with.
    pub fn without(&self, id: ExprId, joins: &[Join]) -> String {
        let Some(props) = self.module.as_object(id).filter(|_| !joins.is_empty()) else { return self.moved(id) };
        let stays = props.iter().filter(|prop| !joins.iter().any(|join| join.prop == (prop.start, prop.end)));
        let items = stays.map(|prop| Code::text(self.nested.text(self.module.at(prop.start, prop.end)))).collect();
        Code::object(items).print(self.context.style, "", 0, 0)
    }

    /// The text of a value that is to stand in a call on a line of its own: a step further in, if it has several lines.
    pub fn moved(&self, id: ExprId) -> String {
        let text = self.text(id);
        let from = indent_at(&self.workspace.source(self.context.file).text, self.module.span(id).start);
        if text.contains('\n') { reindented(&text, from, &format!("{from}{}", self.context.style.indent)) } else { text }
    }
}
