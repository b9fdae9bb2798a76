//! Imports that edits leave without a use: they go with the last place that named them.
//!
//! Judges what the edits do, not what the file was like: an import that nothing named before stays.
//! Leaves every declaration whose module may do something when it is loaded, and every one with a comment in it.

use std::collections::BTreeSet;

use crate::edit::Edit;
use crate::model::hir::{BindingId, ExprKind, Import, ImportName, Module};
use crate::source::{SourceFile, Span};

/// The edits of one file, sorted and disjoint, with those that take out the imports which they leave unused.
pub fn without_leftover_imports(source: &SourceFile, module: &Module, edits: &[Edit]) -> Vec<Edit> {
    let mut all = edits.to_vec();
    // A line of a quote in a page begins with more than the code.
    if source.block.as_ref().is_some_and(|block| !block.is_plain) {
        return all;
    }
    let unneeded = leftover(source, module, edits);
    let mut done: Vec<u32> = Vec::new();
    for import in &unneeded {
        if done.contains(&import.decl_start) {
            continue;
        }
        done.push(import.decl_start);
        let (mut named, others): (Vec<&Import>, Vec<&Import>) =
            module.imports.iter().filter(|i| i.decl_start == import.decl_start).partition(|i| matches!(i.name, ImportName::Named(_)));
        named.sort_by_key(|i| i.start);
        let stays = |i: &Import| !unneeded.iter().any(|other| std::ptr::eq(*other, i));
        let specifiers = named.into_iter().map(|i| (i, stays(i))).collect();
        let span = module.at(import.decl_start, import.decl_end);
        Declaration { source, module, span, specifiers, has_other: !others.is_empty() }.shorten(&mut all);
    }
    all.sort();
    all
}

/// The named imports that something named before the edits and nothing names after them.
fn leftover<'m>(source: &SourceFile, module: &'m Module, edits: &[Edit]) -> Vec<&'m Import> {
    let replaced = Replaced(edits.iter().map(|edit| edit.span).filter(|span| !span.is_empty()).collect());
    // Only what stands in the text that goes can lose its last use: files have far more names than edits.
    let touched: BTreeSet<BindingId> =
        replaced.0.iter().flat_map(|span| identifiers(source.slice(*span))).filter_map(|word| module.declared(word)).collect();
    let mut found = Vec::new();
    for id in touched {
        let binding = module.binding(id);
        let Some(import) = module.import(binding).filter(|i| matches!(i.name, ImportName::Named(_))) else { continue };
        let is_left = |span: Span| !replaced.holds(span);
        if binding.uses.iter().any(|usage| is_left(module.span(*usage))) || module.is_exported(id) {
            continue;
        }
        let mut in_types = module.type_uses(id).peekable();
        let was_used = !binding.uses.is_empty() || in_types.peek().is_some();
        if was_used && !in_types.any(is_left) && !is_named(source, module, edits, &replaced, &binding.name) {
            found.push(import);
        }
    }
    found
}

/// What edits replace: sorted, and apart from each other.
struct Replaced(Vec<Span>);

impl Replaced {
    fn holds(&self, span: Span) -> bool {
        let after = self.0.partition_point(|replaced| replaced.start <= span.start);
        after.checked_sub(1).is_some_and(|before| self.0[before].contains(span))
    }
}

/// Whether the name stands as a word in what the edits write, or anywhere else but in comments and imports: not all of a file is in its module.
fn is_named(source: &SourceFile, module: &Module, edits: &[Edit], replaced: &Replaced, name: &str) -> bool {
    let is_skipped = |at: u32| {
        replaced.holds(module.at(at, at + 1))
            || source.comment_over(at).is_some()
            || module.imports.iter().any(|import| (import.decl_start..import.decl_end).contains(&at))
    };
    // Whatever a value names is known from the module; of texts, too, it is known where they are.
    let mut texts: Option<Vec<Span>> = None;
    let mut is_text = |at: u32| {
        let is_text = |kind: &ExprKind| matches!(kind, ExprKind::Str(_) | ExprKind::Template(_));
        let texts = texts.get_or_insert_with(|| module.exprs().filter(|(_, kind)| is_text(kind)).map(|(id, _)| module.span(id)).collect());
        texts.iter().any(|span| (span.start..span.end).contains(&at))
    };
    words(&source.text, name).any(|at| !is_skipped(at as u32) && !is_text(at as u32))
        || edits.iter().any(|edit| words(&edit.text, name).next().is_some())
}

/// All that may be a name.
fn identifiers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter| !is_part(letter)).filter(|word| !word.is_empty())
}

fn is_part(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '$')
}

/// Where the name stands and is no part of a longer word, no member and no key.
fn words<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = usize> {
    text.match_indices(name).map(|(at, _)| at).filter(move |at| {
        let (before, after) = (&text[..*at], &text[at + name.len()..]);
        let is_member = before.ends_with('.') && !before.ends_with("...");
        let is_key = after.trim_start().trim_start_matches('?').starts_with(':');
        !is_member && !is_key && !before.ends_with(is_part) && !after.starts_with(is_part)
    })
}

/// A declaration of imports, and for each named one, in source order, whether it stays.
struct Declaration<'a> {
    source: &'a SourceFile,
    module: &'a Module,
    span: Span,
    specifiers: Vec<(&'a Import, bool)>,
    /// It has a default import or the like, too.
    has_other: bool,
}

impl Declaration<'_> {
    /// Adds what takes the imports out, unless something else is done to the declaration.
    fn shorten(&self, edits: &mut Vec<Edit>) {
        let is_inside = |edit: &Edit| edit.span.start > self.span.start && edit.span.end < self.span.end;
        let is_rewritten =
            edits.iter().any(|edit| !edit.span.is_empty() && edit.span.start < self.span.end && self.span.start < edit.span.end);
        if is_rewritten || !self.source.comments_in(self.span).is_empty() {
            return;
        }
        if self.specifiers.iter().all(|(_, stays)| !stays) && !edits.iter().any(is_inside) {
            if self.does_nothing() && !self.has_other {
                self.remove(edits);
            }
            return;
        }
        // What is added in front of one takes its place.
        let place_of = |at: usize, edits: &[Edit]| edits.iter().position(|edit| edit.span == self.own(at).before());
        let is_kept: Vec<bool> =
            self.specifiers.iter().enumerate().map(|(at, (_, stays))| *stays || place_of(at, edits).is_some()).collect();
        let last = is_kept.iter().rposition(|kept| *kept);
        for (at, (import, stays)) in self.specifiers.iter().enumerate() {
            match (place_of(at, edits), last) {
                _ if *stays => {}
                (Some(added), _) => {
                    let text = edits[added].text.trim_end().trim_end_matches(',').to_owned();
                    edits[added] = Edit::replace(self.own(at), text);
                }
                (None, Some(last)) if at < last => edits.push(Edit::delete(self.module.at(import.start, self.specifiers[at + 1].0.start))),
                (None, Some(last)) if at == last + 1 => {
                    let end = self.specifiers.last().map_or(import.end, |(import, _)| import.end);
                    edits.push(Edit::delete(self.module.at(self.specifiers[last].0.end, end)));
                }
                (None, _) => {}
            }
        }
    }

    fn own(&self, at: usize) -> Span {
        let import = self.specifiers[at].0;
        self.module.at(import.start, import.end)
    }

    /// Whether nothing is missed where the module is not loaded: nothing happens when it is.
    fn does_nothing(&self) -> bool {
        let Some((first, _)) = self.specifiers.first() else { return false };
        let module = &*first.module;
        let is_type = self.source.slice(self.span)["import".len()..].trim_start().starts_with("type ");
        is_type || module.starts_with("convex/") || module.starts_with("convex-helpers") || module.contains("_generated/")
    }

    /// Takes the whole declaration out, with the end of its line.
    fn remove(&self, edits: &mut Vec<Edit>) {
        let text = &*self.source.text;
        let length = |text: &str| (text.len() - text.trim_start_matches([' ', '\t']).len()) as u32;
        let end = self.span.end + length(&text[self.span.end as usize..]);
        // A line that is added behind it takes its place.
        if let Some(added) = edits.iter_mut().find(|edit| edit.span.is_empty() && (self.span.end..=end).contains(&edit.span.start)) {
            let line = added.text.trim_start_matches(['\r', '\n']).to_owned();
            *added = Edit::replace(Span { end: added.span.start, ..self.span }, line);
            return;
        }
        let before = text[..self.span.start as usize].trim_end_matches([' ', '\t']);
        let has_own_line = before.is_empty() || before.ends_with('\n');
        let mut line_end = end + newline(&text[end as usize..]);
        if !has_own_line || line_end == end {
            edits.push(Edit::delete(self.span));
            return;
        }
        let start = before.len() as u32;
        if start == 0 {
            line_end += newline(&text[line_end as usize..]);
        }
        edits.push(Edit::delete(Span { start, end: line_end, ..self.span }));
    }
}

/// How long the line break is that the text starts with.
fn newline(text: &str) -> u32 {
    match text.as_bytes() {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        _ => 0,
    }
}
