//! The page of a rule, where it found something or where a comment names it.

use lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind};

use super::view::View;
use crate::docs;
use crate::rule::RuleEntry;
use crate::rules;
use crate::source::{FileId, Span};

pub fn hover(view: &View<'_>, file: FileId, offset: u32, is_markdown: bool) -> Option<Hover> {
    let mut found: Vec<(&RuleEntry, Span)> = named(view, file, offset).into_iter().collect();
    for finding in view.known.findings_in(file).iter().filter(|f| f.span.contains(Span::new(file, offset, offset))) {
        let entry = rules::find(finding.rule).filter(|entry| found.iter().all(|(known, _)| known.meta.id != entry.meta.id));
        found.extend(entry.map(|entry| (entry, finding.span)));
    }
    // The narrowest first, and its range.
    found.sort_by_key(|(_, span)| span.end - span.start);
    let range = view.range(found.first()?.1);
    let pages: Vec<String> = found.iter().map(|(entry, _)| page(entry)).collect();
    let kind = if is_markdown { MarkupKind::Markdown } else { MarkupKind::PlainText };
    Some(Hover { contents: HoverContents::Markup(MarkupContent { kind, value: pages.join("\n\n---\n\n") }), range })
}

fn page(entry: &RuleEntry) -> String {
    let rule = entry.meta;
    // Headings are large in editors.
    let text = docs::text(rule).replace("\n## ", "\n#### ");
    format!("**{}** ([{}](<{}>))\n\n{}", rule.id, "documentation", docs::url(rule), text.trim())
}

/// The rule that an ignore comment names at the place.
fn named(view: &View<'_>, file: FileId, offset: u32) -> Option<(&'static RuleEntry, Span)> {
    let source = view.known.workspace.source(file);
    let comment = source.comments.iter().find(|comment| comment.start <= offset && offset <= comment.end)?;
    if !source.comment_text(comment).contains("orm-lint-ignore") {
        return None;
    }
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let (before, after) = source.text.split_at_checked(offset as usize)?;
    let start = offset - before.chars().rev().take_while(|letter| is_part(*letter)).count() as u32;
    let end = offset + after.chars().take_while(|letter| is_part(*letter)).count() as u32;
    let span = Span::new(file, start, end);
    Some((rules::find(source.slice(span))?, span))
}
