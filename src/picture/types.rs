//! Types as TypeScript writes them, whole or cut to fit into a picture.

use std::fmt::Write as _;

use crate::model::ty::{Field, Literal, Ty};

/// The whole of a type, without an end to its length.
pub fn full(ty: &Ty) -> String {
    let mut out = String::new();
    write(&mut out, ty, None);
    out
}

/// A type in at most so many characters, or a little more: what is inside of objects and long unions is left out.
pub(super) fn short(ty: &Ty, width: usize) -> String {
    let whole = full(ty);
    if whole.chars().count() <= width {
        return whole;
    }
    let mut out = String::new();
    write(&mut out, ty, Some(width));
    out
}

/// One word for a type, and whether it says all there is to say.
pub(super) fn word(ty: &Ty) -> (String, bool) {
    match ty {
        Ty::Id(_) => ("Id".to_owned(), true),
        Ty::Array(inner) => {
            let (word, is_all) = word(inner);
            (format!("{word}[]"), is_all)
        }
        Ty::Object(_) => ("object".to_owned(), false),
        Ty::Record(_) => ("Record".to_owned(), false),
        Ty::Tuple(_) => ("tuple".to_owned(), false),
        Ty::Literal(..) => ("literal".to_owned(), false),
        Ty::Union(members) => {
            let rest = ty.filtered(|m| *m != Ty::Null);
            if rest.members().len() < members.len() {
                return (word(&rest).0, false);
            }
            let is_text = |m: &Ty| matches!(m, Ty::Literal(Literal::Str(_), _));
            (if members.iter().all(is_text) { "enum" } else { "union" }.to_owned(), false)
        }
        other => (full(other), true),
    }
}

/// `name`, or `name?` where it may be missing.
pub(super) fn label(field: &Field) -> String {
    format!("{}{}", field.name, if field.optional { "?" } else { "" })
}

fn write(out: &mut String, ty: &Ty, width: Option<usize>) {
    match ty {
        Ty::Any => out.push_str("any"),
        Ty::Never => out.push_str("never"),
        Ty::Null => out.push_str("null"),
        Ty::Undefined => out.push_str("undefined"),
        Ty::String => out.push_str("string"),
        Ty::Number => out.push_str("number"),
        Ty::Boolean => out.push_str("boolean"),
        Ty::Int64 => out.push_str("bigint"),
        Ty::Bytes => out.push_str("ArrayBuffer"),
        Ty::Literal(Literal::Str(text), _) => out.push_str(&serde_json::Value::from(&**text).to_string()),
        Ty::Literal(Literal::Num(number), _) => drop(write!(out, "{number}")),
        Ty::Literal(Literal::Bool(value), _) => drop(write!(out, "{value}")),
        Ty::Id(table) => drop(write!(out, "Id<\"{table}\">")),
        Ty::Doc(table) => drop(write!(out, "Doc<\"{table}\">")),
        Ty::Array(inner) => {
            let is_wide = matches!(&**inner, Ty::Union(_));
            out.push_str(if is_wide { "(" } else { "" });
            write(out, inner, width);
            out.push_str(if is_wide { ")[]" } else { "[]" });
        }
        Ty::Tuple(items) => {
            out.push('[');
            list(out, items, ", ", width);
            out.push(']');
        }
        Ty::Record(pair) => {
            out.push_str("Record<");
            write(out, &pair.0, width);
            out.push_str(", ");
            write(out, &pair.1, width);
            out.push('>');
        }
        Ty::Object(object) if width.is_some() && !object.fields.is_empty() => out.push_str("{…}"),
        Ty::Object(object) => {
            for (i, field) in object.fields.iter().enumerate() {
                let _ = write!(out, "{} {}: ", if i == 0 { "{" } else { ";" }, label(field));
                write(out, &field.ty, width);
            }
            out.push_str(match (object.fields.is_empty(), object.open) {
                (true, false) => "{}",
                (true, true) => "{ … }",
                (false, false) => " }",
                (false, true) => "; … }",
            });
        }
        Ty::Union(members) => {
            let (last, first): (Vec<Ty>, Vec<Ty>) = members.iter().cloned().partition(|m| *m == Ty::Null);
            list(out, &[first, last].concat(), " | ", width);
        }
        _ => out.push_str("unknown"),
    }
}

fn list(out: &mut String, items: &[Ty], between: &str, width: Option<usize>) {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(between);
        }
        if i > 0 && width.is_some_and(|width| out.chars().count() > width / 2) {
            let _ = write!(out, "…{}", items.len() - i);
            return;
        }
        write(out, item, width);
    }
}
