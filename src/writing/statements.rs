//! Statements that fixes add to functions.

use crate::edit::Edit;
use crate::model::hir::{Body, Func, Module, Stmt, exits};
use crate::style::{Style, indent_at};

/// `return null;` at the end of a function that may come to its end; `None` where it does not, or may not say so.
pub fn return_null(module: &Module, func: &Func, text: &str, style: &Style) -> Option<Edit> {
    let Body::Block { stmts, start, end } = &func.body else { return None };
    // An annotation (`Promise<void>`) says that nothing is returned, and would be broken.
    if exits(stmts) || func.return_type.is_some() {
        return None;
    }
    let close = *end - 1;
    let inner = &text[*start as usize + 1..close as usize];
    let bare = inner.trim_end();
    let last = close - (inner.len() - bare.len()) as u32;
    let statement = format!("return null{}", style.semicolon());
    if !inner.contains('\n') {
        // On one line, nothing but a semicolon keeps two statements apart.
        let is_apart = match stmts.last() {
            None => true,
            Some(Stmt::Expr(_) | Stmt::Var { .. }) => bare.ends_with(';'),
            Some(_) => bare.ends_with([';', '}']),
        };
        let (before, after) = (if is_apart { "" } else { ";" }, if inner.is_empty() { " " } else { "" });
        return Some(Edit::insert_before(module.at(last, last), format!("{before} {statement}{after}")));
    }
    let indent = indent_at(text, close);
    let is_own_line = text[..close as usize].ends_with(indent) && text[..close as usize - indent.len()].ends_with('\n');
    if is_own_line {
        let at = close - indent.len() as u32;
        return Some(Edit::insert_before(module.at(at, at), format!("{}{statement}{}", style.deeper(indent), style.newline)));
    }
    // The bracket gets a line of its own, too.
    let (indent, newline) = (indent_at(text, *start), style.newline);
    Some(Edit::replace(module.at(last, close), format!("{newline}{}{statement}{newline}{indent}", style.deeper(indent))))
}
