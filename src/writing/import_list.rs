//! The imports of a file that was rewritten: what it needs is added, what it needs no longer goes.
//!
//! Works on the finished text, where it can be seen what is used. Declarations that stay the same are not touched.

use std::collections::BTreeSet;

use crate::edit::{Edit, apply};
use crate::model::hir::{BindingId, BindingKind, ImportName, Module};
use crate::source::{SourceFile, Span};
use crate::style::Style;
use crate::writing::code::{Code, Line};

/// A name to be imported.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    pub module: String,
    /// `default` for the default export.
    pub name: String,
    pub local: String,
    pub is_type: bool,
}

struct Specifier {
    text: String,
    is_kept: bool,
    key: String,
}

struct Declaration<'a> {
    span: Span,
    module: &'a str,
    is_type: bool,
    default: Option<Specifier>,
    named: Vec<Specifier>,
    /// `* as x`, or nothing at all: left as it is.
    is_fixed: bool,
    quoted: &'a str,
}

/// The text with its imports in order. `used_before` says whether the old text used what it imported under the name.
pub fn settled(source: &SourceFile, module: &Module, style: &Style, wanted: &[Wanted], used_before: &dyn Fn(&str) -> bool) -> String {
    let mut wanted: Vec<Wanted> = wanted.to_vec();
    wanted.sort_by_key(|name| (name.module.clone(), name.name.to_lowercase()));
    wanted.dedup();
    let mut declarations = declarations(source, module, &wanted, used_before);
    // Names that are there already.
    let has = |name: &Wanted, declaration: &Declaration<'_>| {
        let key = key_of(&name.name, &name.local);
        declaration.module == name.module
            && (!declaration.is_type || name.is_type)
            && declaration.named.iter().chain(&declaration.default).any(|s| s.is_kept && s.key == key)
    };
    wanted.retain(|name| !declarations.iter().any(|declaration| has(name, declaration)));
    let modules: BTreeSet<String> = wanted.iter().map(|name| name.module.clone()).collect();
    let mut edits: Vec<Edit> = Vec::new();
    let mut fresh: Vec<String> = Vec::new();
    let mut touched: Vec<usize> = Vec::new();
    for target in &modules {
        let names: Vec<&Wanted> = wanted.iter().filter(|name| name.module == *target).collect();
        let default = names.iter().find(|name| name.name == "default");
        let named: Vec<Specifier> = names.iter().filter(|name| name.name != "default").map(|name| new_specifier(name)).collect();
        let home = declarations.iter().position(|d| d.module == *target && !d.is_type && !d.is_fixed);
        match home {
            Some(at) if default.is_none() => {
                declarations[at].named.extend(named);
                touched.push(at);
            }
            _ => {
                let default = default.map(|name| Specifier { text: name.local.clone(), is_kept: true, key: String::new() });
                let only_types = default.is_none() && names.iter().all(|name| name.is_type);
                fresh.push(printed(only_types, default.as_ref(), &named, &style.string(target), style));
            }
        }
    }
    let mut home_of_fresh = None;
    for (at, declaration) in declarations.iter().enumerate() {
        let specifiers = || declaration.named.iter().chain(&declaration.default);
        if declaration.is_fixed || specifiers().all(|s| s.is_kept) && !touched.contains(&at) {
            continue;
        }
        if specifiers().any(|s| s.is_kept) {
            let named: Vec<&Specifier> = declaration.named.iter().filter(|s| s.is_kept).collect();
            let default = declaration.default.as_ref().filter(|s| s.is_kept);
            let line = printed(declaration.is_type, default, named, declaration.quoted, style);
            edits.push(Edit::replace(without_semicolon(source, declaration.span), line.trim_end_matches(';')));
        } else if home_of_fresh.is_none() && !fresh.is_empty() {
            // What takes its place stands in its place.
            home_of_fresh = Some(());
            edits.push(Edit::replace(declaration.span, fresh.join(style.newline)));
        } else {
            edits.push(Edit::delete(whole_line(source, declaration.span)));
        }
    }
    if home_of_fresh.is_none() && !fresh.is_empty() {
        let last = declarations.iter().map(|declaration| declaration.span.end).max();
        let line = fresh.join(style.newline);
        edits.push(match last {
            Some(end) => {
                let line_end = source.text[end as usize..].find(['\n', '\r']).map_or(source.text.len(), |i| end as usize + i) as u32;
                Edit::replace(Span::new(source.id, line_end, line_end), format!("{}{line}", style.newline))
            }
            None => Edit::replace(Span::new(source.id, 0, 0), format!("{line}{0}{0}", style.newline)),
        });
    }
    edits.sort();
    apply(&source.text, &edits)
}

/// Whether anything in the file names what is imported under a name.
pub fn is_used(source: &SourceFile, module: &Module, id: BindingId) -> bool {
    module.is_used(id) || is_mentioned(source, module, &module.binding(id).name)
}

/// Whether the name stands somewhere as a word of its own: not all that types are made of is in the module.
fn is_mentioned(source: &SourceFile, module: &Module, name: &str) -> bool {
    let text = &*source.text;
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
    text.match_indices(name).any(|(start, _)| {
        let (before, after) = (&text[..start], &text[start + name.len()..]);
        // Part of a longer word, a member, or in quotes.
        let is_other = |letter: char| is_part(letter) || matches!(letter, '"' | '\'' | '`');
        if before.ends_with(|letter| is_other(letter) || letter == '.') || after.starts_with(is_other) {
            return false;
        }
        let is_key = after.trim_start().trim_start_matches('?').starts_with(':');
        let is_at = |from: u32, to: u32| (from as usize..to as usize).contains(&start);
        !is_key
            && !source.comments.iter().any(|comment| is_at(comment.start, comment.end))
            && !module.imports.iter().any(|import| is_at(import.decl_start, import.decl_end))
    })
}

fn declarations<'a>(
    source: &'a SourceFile,
    module: &'a Module,
    wanted: &[Wanted],
    used_before: &dyn Fn(&str) -> bool,
) -> Vec<Declaration<'a>> {
    let mut found: Vec<Declaration<'a>> = Vec::new();
    for (i, binding) in module.bindings.iter().enumerate() {
        let BindingKind::Import(_) = binding.kind else { continue };
        let Some(import) = module.import(binding) else { continue };
        let span = module.at(import.decl_start, import.decl_end);
        let text = source.slice(span);
        if !text.starts_with("import") {
            continue;
        }
        let place = found.iter().position(|d| d.span == span).unwrap_or_else(|| {
            let quoted = text.rfind(['"', '\'']).map_or("", |end| {
                let quote = &text[end..=end];
                text[..end].rfind(quote).map_or("", |start| &text[start..=end])
            });
            let is_type =
                text["import".len()..].trim_start().starts_with("type ") && !text["import".len()..].trim_start().starts_with("type from");
            // A comment inside would go with what is written anew.
            let is_fixed = !source.comments_in(span).is_empty();
            found.push(Declaration { span, module: &import.module, is_type, default: None, named: Vec::new(), is_fixed, quoted });
            found.len() - 1
        });
        let local = &*binding.name;
        let is_replaced = wanted.iter().any(|name| name.local == local && name.module != *import.module);
        let is_unused = !is_used(source, module, BindingId(i as u32)) && used_before(local);
        let is_kept = !is_replaced && !is_unused;
        let declaration = &mut found[place];
        match &import.name {
            ImportName::Named(name) => {
                let text = source.slice(module.at(import.start, import.end)).to_owned();
                declaration.named.push(Specifier { text, is_kept, key: key_of(name, local) });
            }
            ImportName::Default => declaration.default = Some(Specifier { text: local.to_owned(), is_kept, key: key_of("default", local) }),
            // It stands where a default would; both at once are left as they are.
            ImportName::Namespace if declaration.default.is_none() => {
                declaration.default = Some(Specifier { text: format!("* as {local}"), is_kept, key: String::new() });
            }
            ImportName::Namespace | ImportName::Nothing => declaration.is_fixed = true,
        }
    }
    found
}

fn key_of(name: &str, local: &str) -> String {
    format!("{name} {local}")
}

fn new_specifier(name: &Wanted) -> Specifier {
    let kind = if name.is_type { "type " } else { "" };
    let text = if name.name == name.local { format!("{kind}{}", name.name) } else { format!("{kind}{} as {}", name.name, name.local) };
    Specifier { text, is_kept: true, key: key_of(&name.name, &name.local) }
}

fn printed<'s>(
    is_type: bool,
    default: Option<&Specifier>,
    named: impl IntoIterator<Item = &'s Specifier>,
    quoted: &str,
    style: &Style,
) -> String {
    let strip = |text: &str| if is_type { text.strip_prefix("type ").unwrap_or(text).to_owned() } else { text.to_owned() };
    let lines: Vec<Line> = named.into_iter().map(|s| Line::of(Code::Text(strip(&s.text)))).collect();
    let mut head = if is_type { "import type ".to_owned() } else { "import ".to_owned() };
    if let Some(default) = default {
        head.push_str(&default.text);
        if !lines.is_empty() {
            head.push_str(", ");
        }
    }
    let tail = format!(" from {quoted}{}", style.semicolon());
    if lines.is_empty() {
        return head + &tail;
    }
    let column = head.chars().count();
    head + &Code::list("{", lines, "}", true, false).print(style, "", column, tail.chars().count()) + &tail
}

/// The declaration without the semicolon that may end it.
fn without_semicolon(source: &SourceFile, span: Span) -> Span {
    let has = source.slice(span).ends_with(';');
    Span { end: span.end - u32::from(has), ..span }
}

/// The declaration and the end of its line.
fn whole_line(source: &SourceFile, span: Span) -> Span {
    let rest = &source.text[span.end as usize..];
    let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let rest = &rest[blank..];
    let newline = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
    if newline == 0 { span } else { Span { end: span.end + (blank + newline) as u32, ..span } }
}
