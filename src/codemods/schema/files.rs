//! What happens to each file: its edits, the names in it, the imports that it needs in the end.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::names::Names;
use super::source::maker_of;
use crate::codemod::{Options, Rewritten};
use crate::edit::{Edit, apply};
use crate::model::Workspace;
use crate::model::hir::{BindingId, ImportName};
use crate::source::{FileId, Span};
use crate::style::Style;
use crate::writing::import_list::{Wanted, is_used, settled};

pub struct FileContext<'a> {
    pub file: FileId,
    pub style: &'a Style,
    pub names: Names,
    workspace: &'a Workspace,
    edits: RefCell<Vec<Edit>>,
    wanted: RefCell<BTreeSet<Wanted>>,
}

impl<'a> FileContext<'a> {
    pub fn new(workspace: &'a Workspace, file: FileId) -> Self {
        let names = Names::of(workspace.hir(file), |module| maker_of(module).is_some());
        Self { file, style: workspace.style(file), names, workspace, edits: RefCell::default(), wanted: RefCell::default() }
    }

    pub fn edit(&self, span: Span, text: impl Into<String>) {
        self.edits.borrow_mut().push(Edit::replace(span, text));
    }

    /// The name under which another module's export can be used here.
    pub fn want(&self, module: &str, name: &str, local: &str) -> String {
        let hir = self.workspace.hir(self.file);
        let wanted = if name == "default" { ImportName::Default } else { ImportName::Named(name.into()) };
        let there = hir.bindings.iter().find(|b| hir.import(b).is_some_and(|i| &*i.module == module && i.name == wanted && !i.type_only));
        if let Some(binding) = there {
            return binding.name.to_string();
        }
        let known = self.wanted.borrow().iter().find(|w| w.module == module && w.name == name && !w.is_type).map(|w| w.local.clone());
        known.unwrap_or_else(|| {
            let local = if self.names.take(local) { local.to_owned() } else { self.names.fresh(&format!("{local}Table")) };
            let wanted = Wanted { module: module.to_owned(), name: name.to_owned(), local: local.clone(), is_type: false };
            self.wanted.borrow_mut().insert(wanted);
            local
        })
    }

    /// A type of another module, or a value that is only used as one.
    pub fn want_type_of(&self, module: &str, name: &str) {
        let hir = self.workspace.hir(self.file);
        let is_there =
            hir.bindings.iter().any(|b| hir.import(b).is_some_and(|i| &*i.module == module && i.name == ImportName::Named(name.into())));
        if !is_there {
            let wanted = Wanted { module: module.to_owned(), name: name.to_owned(), local: name.to_owned(), is_type: true };
            self.wanted.borrow_mut().insert(wanted);
        }
    }

    /// A name that the file imports, and that goes on being used where it is not seen: in a type that is not read.
    pub fn keep(&self, local: &str) {
        let hir = self.workspace.hir(self.file);
        let there = hir.bindings.iter().find_map(|b| Some((b, hir.import(b)?)).filter(|(b, _)| &*b.name == local));
        if let Some((_, import)) = there
            && let ImportName::Named(name) = &import.name
        {
            let module = import.module.to_string();
            self.wanted.borrow_mut().insert(Wanted { module, name: name.to_string(), local: local.to_owned(), is_type: true });
        }
    }

    pub fn want_type(&self, name: &str, options: &Options) {
        let wanted = Wanted { module: options.orm.clone(), name: name.to_owned(), local: name.to_owned(), is_type: true };
        self.wanted.borrow_mut().insert(wanted);
    }

    /// The name of Convex's validators here.
    pub fn v(&self) -> String {
        let hir = self.workspace.hir(self.file);
        let wanted = ImportName::Named("v".into());
        let there = hir.bindings.iter().find(|b| hir.import(b).is_some_and(|i| &*i.module == "convex/values" && i.name == wanted));
        match there {
            Some(binding) => binding.name.to_string(),
            None => {
                let wanted = Wanted { module: "convex/values".to_owned(), name: "v".to_owned(), local: "v".to_owned(), is_type: false };
                self.wanted.borrow_mut().insert(wanted);
                "v".to_owned()
            }
        }
    }

    /// The file as it will be; `None` where nothing changes in it.
    pub fn finish(self, options: &Options) -> Option<Rewritten> {
        let mut edits = self.edits.into_inner();
        if edits.is_empty() {
            return None;
        }
        edits.sort();
        let source = self.workspace.source(self.file);
        let text = apply(&source.text, &edits);
        let hir = self.workspace.hir(self.file);
        let used_before = |local: &str| {
            let mut bindings = hir.bindings.iter().enumerate();
            bindings.any(|(i, b)| &*b.name == local && hir.import(b).is_some() && is_used(source, hir, BindingId(i as u32)))
        };
        let orm = self.names.into_orm().into_iter().map(|(name, local)| Wanted {
            module: options.orm.clone(),
            name: name.to_owned(),
            local,
            is_type: false,
        });
        let wanted: Vec<Wanted> = orm.chain(self.wanted.into_inner()).collect();
        let new = crate::model::read(self.file, source.path.clone(), text);
        let text = settled(&new.source, &new.hir, self.style, &wanted, &used_before);
        Some(Rewritten { text, edits: edits.len() })
    }
}

/// Where the statement begins that this place of a module's own code is in: at its `export`, or its `const`.
pub fn statement_start(text: &str, at: u32) -> u32 {
    let mut line = line_start(text, at);
    loop {
        let words = text[line..].trim_start();
        let begins = ["export ", "const ", "let ", "var "].iter().any(|word| words.starts_with(word));
        if begins || line == 0 {
            return (line + (text[line..].len() - words.len())) as u32;
        }
        line = line_start(text, line as u32 - 1);
    }
}

/// Where the comments begin that stand right before the statement, else the statement itself.
pub fn with_leading_comments(text: &str, statement: u32) -> u32 {
    let mut start = line_start(text, statement);
    let mut in_block = false;
    while start > 0 {
        let above = line_start(text, start as u32 - 1);
        let line = text[above..start].trim();
        in_block = if in_block { !line.starts_with("/*") } else { line.ends_with("*/") && !line.starts_with("/*") };
        let is_comment = in_block || line.starts_with("//") || line.starts_with("/*");
        if !is_comment {
            break;
        }
        start = above;
    }
    start as u32
}

/// The end of the statement that this expression is nearly the end of: behind casts, its semicolon, and a comment on the same line.
pub fn statement_end(text: &str, expression_end: u32) -> u32 {
    let rest = &text[expression_end as usize..];
    let mut depth = 0_i32;
    let mut end = rest.len();
    for (at, letter) in rest.char_indices() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ';' if depth <= 0 => {
                end = at + 1;
                break;
            }
            '\n' | '\r' if depth <= 0 => {
                end = at;
                break;
            }
            '/' if depth <= 0 && (rest[at..].starts_with("//") || rest[at..].starts_with("/*")) => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    let line = &rest[end..][..rest[end..].find(['\n', '\r']).unwrap_or(rest.len() - end)];
    let is_comment = line.trim_start().starts_with("//") || line.trim().is_empty();
    let taken = if is_comment { line.trim_end().len() } else { 0 };
    expression_end + (end + taken) as u32
}

/// The statement, the end of its line, and an empty line after it.
pub fn with_line_end(text: &str, statement: Span) -> Span {
    let rest = &text[statement.end as usize..];
    let blank = |text: &str| text.len() - text.trim_start_matches([' ', '\t']).len();
    let newline = |text: &str| if text.starts_with("\r\n") { 2 } else { usize::from(text.starts_with('\n')) };
    let mut taken = 0;
    for _ in 0..2 {
        let space = blank(&rest[taken..]);
        match newline(&rest[taken + space..]) {
            0 => break,
            length => taken += space + length,
        }
    }
    Span { end: statement.end + taken as u32, ..statement }
}

fn line_start(text: &str, at: u32) -> usize {
    text[..at as usize].rfind('\n').map_or(0, |i| i + 1)
}
