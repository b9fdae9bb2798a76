//! What is made of the value of a promise: what is taken from it, the shape that its rows get, and the callback that is called with each.

use super::ask::Ask;
use super::print::{Printed, Printer, Taken as Extract};
use super::rewrite::Rewriter;
use super::shapes::Shape;
use super::verdict::{Mapped, Understood, Yields};
use crate::model::hir::{ExprId, ExprKind, Module, Name, Parent};

/// What is done with the value of a promise.
pub struct Finish<'a, 'b, 'c> {
    pub rewriter: &'a Rewriter<'a>,
    pub printer: &'a Printer<'b, 'c>,
    pub printed: &'a Printed,
    pub table: Option<Name>,
    pub mapped: Option<Mapped>,
    pub understood: &'a Understood,
}

impl Finish<'_, '_, '_> {
    pub fn of(&self, value: &str, is_await: bool) -> String {
        let atom = if is_await { format!("({value})") } else { value.to_owned() };
        let mut is_atom = !is_await;
        let mut text = value.to_owned();
        match &self.printed.taken {
            Some(Extract::Behind(behind)) => {
                text = format!("{atom}{behind}");
                is_atom = true;
            }
            Some(Extract::Operator(operator)) => {
                text = format!("{atom}{operator}");
                is_atom = false;
            }
            Some(Extract::Around(call)) => {
                text = format!("{call}({value})");
                is_atom = true;
            }
            None => {}
        }
        if let Some(table) = &self.table {
            text = self.rewriter.document(self.printer, self.shape(), table, &text);
            is_atom = true;
        }
        if let Some(mapped) = self.mapped {
            let list = if is_atom { text } else { format!("({text})") };
            let callback = self.printer.text(mapped.callback);
            text = format!("{list}.map({callback})");
            if mapped.is_async {
                text = format!("Promise.all({text})");
            }
        }
        text
    }

    /// A page, on each row of which the callback is called.
    pub fn page(&self, promise: &str) -> String {
        let Some(mapped) = self.mapped else { return promise.to_owned() };
        let name = self.parameter();
        let rows = format!("{name}.page");
        let rows = match &self.table {
            Some(table) => self.rewriter.document(self.printer, Shape::Rows, table, &rows),
            None => rows,
        };
        let page = format!("{rows}.map({})", self.printer.text(mapped.callback));
        let (before, page) = if mapped.is_async { ("async ", format!("await Promise.all({page})")) } else { ("", page) };
        format!("{promise}.then({before}({name}) => ({{ ...{name}, page: {page} }}))")
    }

    pub fn shape(&self) -> Shape {
        match (&self.understood.yields, self.mapped) {
            (Yields::Row(_), _) => Shape::Row,
            (Yields::Page(_), _) => Shape::Page,
            (_, Some(mapped)) if mapped.of_page => Shape::Page,
            _ => Shape::Rows,
        }
    }

    pub fn is_async(&self) -> bool {
        self.mapped.is_some_and(|mapped| mapped.is_async)
    }

    pub fn has_operator(&self) -> bool {
        self.mapped.is_none() && self.table.is_none() && matches!(self.printed.taken, Some(Extract::Operator(_)))
            || matches!(&self.printed.taken, Some(Extract::Behind(text)) if text.contains(" as "))
                && self.mapped.is_none()
                && self.table.is_none()
    }

    /// What the value is called in a callback; nothing that the callback within it may mean is hidden.
    pub fn parameter(&self) -> &'static str {
        let name = self.usual_parameter();
        let is_free = |name: &&str| self.printer.module.bindings.iter().all(|binding| &*binding.name != *name);
        if self.mapped.is_none() {
            return name;
        }
        [name, "found", "loaded", "fetched"].into_iter().find(is_free).unwrap_or(name)
    }

    fn usual_parameter(&self) -> &'static str {
        match (&self.understood.ask, self.shape()) {
            (Ask::Insert { .. } | Ask::Update { .. } | Ask::Delete { .. }, _) => "rows",
            (Ask::Related(_), _) | (_, Shape::Row) => "row",
            (_, Shape::Rows) => "rows",
            (_, Shape::Page) => "result",
        }
    }
}

/// Brackets, unless what is around needs none.
pub fn in_brackets(module: &Module, at: ExprId, text: String) -> String {
    let is_free = match module.parent(at) {
        Parent::Stmt { .. } => true,
        Parent::Expr(up) => match module.expr(up) {
            ExprKind::Call(call) | ExprKind::New(call) => call.callee != at,
            ExprKind::Object(_) | ExprKind::Array(_) | ExprKind::Paren(_) | ExprKind::Assign { .. } => true,
            ExprKind::Cond { test, .. } => *test != at,
            _ => false,
        },
    };
    if is_free { text } else { format!("({text})") }
}

/// `name: value`, short where both are the same.
pub fn row_text(name: &str, value: &str) -> String {
    if name == value { name.to_owned() } else { format!("{name}: {value}") }
}
