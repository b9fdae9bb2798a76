//! Adds what new code needs to a file's imports.

use crate::edit::Edit;
use crate::model::hir::{Binding, BindingKind, Import, ImportName, Module};
use crate::model::layout::{join, parent};
use crate::source::{SourceFile, Span};
use crate::style::{Style, indent_at};

/// Imports that a fix needs in one file: the names it may use, and the edits that bring them in.
pub struct Imports<'a> {
    source: &'a SourceFile,
    module: &'a Module,
    style: &'a Style,
    edits: Vec<Edit>,
    /// What the edits bring: the module and the export.
    brought: Vec<(String, String)>,
}

impl<'a> Imports<'a> {
    pub fn new(source: &'a SourceFile, module: &'a Module, style: &'a Style) -> Self {
        Self { source, module, style, edits: Vec::new(), brought: Vec::new() }
    }

    /// The local name of an export of a module (`default` for its default export), imported where it is not yet.
    ///
    /// `None` where the file already means something else by the name.
    pub fn named(&mut self, from: &str, name: &str, local: &str) -> Option<String> {
        let wanted = if name == "default" { ImportName::Default } else { ImportName::Named(name.into()) };
        if let Some((binding, _)) = self.module.imported_from(from).find(|(_, i)| i.name == wanted && !i.type_only) {
            return Some(self.module.binding(binding).name.to_string());
        }
        if self.module.declared(local).is_some() {
            return None;
        }
        if !self.bring(from, name) {
            return Some(local.to_owned());
        }
        let braces = if self.style.spaced_braces { ("{ ", " }") } else { ("{", "}") };
        let clause = match wanted {
            ImportName::Default => local.to_owned(),
            _ if name == local => format!("{}{name}{}", braces.0, braces.1),
            _ => format!("{}{name} as {local}{}", braces.0, braces.1),
        };
        let is_sibling = |i: &Import| matches!(i.name, ImportName::Named(_)) && !self.is_type_import(i);
        let sibling = self.module.imported_from(from).find(|(_, i)| is_sibling(i));
        let edit = match sibling {
            Some((_, import)) if wanted != ImportName::Default => {
                let at = self.module.at(import.start, import.start);
                let specifier = if name == local { name.to_owned() } else { format!("{name} as {local}") };
                Edit::insert_before(at, format!("{specifier},{}", self.gap_before(import.start)))
            }
            Some((_, import)) if let Some(brace) = self.lone_brace(import) => Edit::insert_before(brace, format!("{local}, ")),
            _ => self.new_line(&format!("import {clause} from {}{}", self.style.string(from), self.style.semicolon())),
        };
        self.push(edit);
        Some(local.to_owned())
    }

    /// The local name of a type, imported as one where it is not yet; `None` where the file means something else by its name.
    pub fn of_type(&mut self, from: &str, name: &str) -> Option<String> {
        let wanted = ImportName::Named(name.into());
        let same = |module: &str| {
            module == from || module.rsplit_once("_generated/").is_some_and(|(_, file)| from.ends_with(&format!("_generated/{file}")))
        };
        if let Some((binding, _)) = self.imports().find(|(_, i)| i.name == wanted && same(&i.module)) {
            return Some(binding.name.to_string());
        }
        if self.module.declared(name).is_some() {
            return None;
        }
        if !self.bring(from, name) {
            return Some(name.to_owned());
        }
        let braces = if self.style.spaced_braces { ("{ ", " }") } else { ("{", "}") };
        let line = format!("import type {}{name}{} from {}{}", braces.0, braces.1, self.style.string(from), self.style.semicolon());
        let edit = self.new_line(&line);
        self.push(edit);
        Some(name.to_owned())
    }

    /// The names of the exports that the edits bring, in order.
    pub fn brought(&self) -> impl Iterator<Item = &str> {
        self.brought.iter().map(|(_, export)| &**export)
    }

    pub fn into_edits(self) -> Vec<Edit> {
        self.edits
    }

    fn imports(&self) -> impl Iterator<Item = (&'a Binding, &'a Import)> {
        let module = self.module;
        let of = move |b: &'a Binding| match b.kind {
            BindingKind::Import(_) => Some((b, module.import(b)?)),
            _ => None,
        };
        module.bindings.iter().filter_map(of)
    }

    /// `import type { … }`, whose braces take no values.
    fn is_type_import(&self, import: &Import) -> bool {
        let text = self.source.slice(self.module.at(import.decl_start, import.decl_end));
        text["import".len().min(text.len())..].trim_start().starts_with("type ") || import.type_only
    }

    /// The `{` of a declaration that imports nothing but names.
    fn lone_brace(&self, import: &Import) -> Option<Span> {
        let text = self.source.slice(self.module.at(import.decl_start, import.decl_end)).strip_prefix("import")?;
        let at = import.decl_start + ("import".len() + text.len() - text.trim_start().len()) as u32;
        text.trim_start().starts_with('{').then(|| self.module.at(at, at))
    }

    /// What stands between two names of a list where this one stands: a line break, where it begins a line, else a space.
    fn gap_before(&self, start: u32) -> String {
        let text = &*self.source.text;
        let indent = indent_at(text, start);
        let begins_line = text[..start as usize].strip_suffix(indent).is_some_and(|before| before.ends_with('\n'));
        if begins_line { format!("{}{indent}", self.style.newline) } else { " ".to_owned() }
    }

    /// A line of its own after the last import, else where code begins.
    fn new_line(&self, line: &str) -> Edit {
        let text = &*self.source.text;
        let (at, before, after) = match self.module.import_end(text) {
            // To the end of the line, behind a comment that stands there.
            Some(end) => (text[end as usize..].find('\n').map_or(text.len(), |i| end as usize + i), self.style.newline, ""),
            None => (first_line(text), "", self.style.newline),
        };
        let at = if before.is_empty() || !text[..at].ends_with('\r') { at } else { at - 1 };
        Edit::insert_before(self.module.at(at as u32, at as u32), format!("{before}{line}{after}"))
    }

    /// Whether the export is not brought yet.
    fn bring(&mut self, from: &str, name: &str) -> bool {
        let is_new = !self.brought.iter().any(|(module, export)| module == from && export == name);
        if is_new {
            self.brought.push((from.to_owned(), name.to_owned()));
        }
        is_new
    }

    /// Two new lines at one place become one edit: edits of a fix may not touch.
    fn push(&mut self, edit: Edit) {
        match self.edits.iter_mut().find(|e| e.span == edit.span) {
            Some(same) => same.text.push_str(&edit.text),
            None => self.edits.push(edit),
        }
    }
}

/// Where an import may stand in a file that has none: after a byte order mark, a hashbang, and `"use node"`.
fn first_line(text: &str) -> usize {
    let mut at = if text.starts_with('\u{feff}') { 3 } else { 0 };
    for line in text[at..].split_inclusive('\n') {
        let body = line.trim();
        if body.starts_with("#!") || matches!(body.trim_end_matches(';'), "\"use node\"" | "'use node'") {
            at += line.len();
        } else {
            break;
        }
    }
    at
}

/// How a file imports another: relative, without an ending.
pub fn specifier(from: &str, to: &str) -> String {
    let target = [".d.ts", ".ts", ".tsx", ".mts", ".js", ".jsx", ".mjs"].iter().find_map(|e| to.strip_suffix(e)).unwrap_or(to);
    let from: Vec<&str> = parent(from).split('/').filter(|p| !p.is_empty()).collect();
    let target = join("", target);
    let parts: Vec<&str> = target.split('/').collect();
    let shared = from.iter().zip(&parts).take_while(|(a, b)| a == b).count();
    let up = from.len() - shared;
    let down = parts[shared..].join("/");
    if up == 0 { format!("./{down}") } else { format!("{}{down}", "../".repeat(up)) }
}
