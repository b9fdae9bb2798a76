//! Statements that fixes add to functions.

use crate::edit::Edit;
use crate::model::hir::{Body, Func, Module, exits};
use crate::style::{Style, indent_at};

/// `return null;` at the end of a function that may come to its end; `None` where it does not, or may not say so.
pub fn return_null(module: &Module, func: &Func, text: &str, style: &Style) -> Option<Edit> {
    let Body::Block { stmts, start, end } = &func.body else { return None };
    // An annotation (`Promise<void>`) says that nothing is returned, and would be broken.
    if exits(stmts) || func.return_type.is_some() {
        return None;
    }
    let line = text[*start as usize..*end as usize].contains('\n');
    let close = *end - 1;
    if !line {
        return Some(Edit::insert_before(module.at(close, close), format!("return null{} ", style.semicolon())));
    }
    let indent = indent_at(text, close);
    // The bracket stands on a line of its own, or the statement is put before it.
    let own_line = text[..close as usize].ends_with(indent) && text[..close as usize - indent.len()].ends_with('\n');
    let at = if own_line { close - indent.len() as u32 } else { close };
    let before = if own_line { String::new() } else { style.newline.to_owned() };
    Some(Edit::insert_before(
        module.at(at, at),
        format!("{before}{indent}{}return null{}{}", style.indent, style.semicolon(), style.newline),
    ))
}
