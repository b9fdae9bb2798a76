//! Taking an index out of a schema, and letting its readers read another.

use crate::edit::Edit;
use crate::model::Workspace;
use crate::model::hir::ExprKind;
use crate::model::readers::IndexReader;
use crate::model::ty::Index;
use crate::source::{SourceFile, Span};

/// What a removal comes to.
pub struct Removal {
    pub edits: Vec<Edit>,
    /// Comments that speak of the index go with it.
    pub drops_comments: bool,
}

/// Takes the call that adds an index out of its chain, with its line, and with the comments on it and right above it.
pub fn removal(source: &SourceFile, index: &Index) -> Removal {
    let whole = index.span;
    let comments = || source.comments_in(source.whole()).iter();
    let text = |start: u32, end: u32| source.slice(Span::new(whole.file, start, end));
    let name_at = index.name_span.start;

    // The comments between the call before and this one: those on the line of the former belong to it.
    let before = || comments().filter(|c| c.start >= whole.start && c.end <= name_at);
    let kept_to = before().filter(|c| !text(whole.start, c.start).contains('\n')).map(|c| c.end).max().unwrap_or(whole.start);
    // A heading that is set apart by an empty line speaks of more than the index below it.
    let kept_to = before().filter(|c| is_set_apart(text(c.end, name_at))).map(|c| c.end).max().unwrap_or(kept_to).max(kept_to);

    let after = text(whole.end, source.text.len() as u32);
    let mark = after.trim_start_matches([' ', '\t']).chars().next().filter(|c| matches!(c, ',' | ';'));
    let mark_end = mark.map_or(whole.end, |c| whole.end + after.find(c).unwrap_or_default() as u32 + 1);
    let trailing = comments().find(|c| c.start >= mark_end && !text(mark_end, c.start).contains(|c: char| c != ' ' && c != '\t'));
    let drops_comments = trailing.is_some() || comments().any(|c| c.start >= kept_to && c.end <= whole.end);

    let end = trailing.map_or(whole.end, |c| c.end);
    let edits = match mark {
        // What ends the chain must not end up behind a comment.
        Some(mark) if kept_to > whole.start => {
            let kept = format!("{mark}{}", text(whole.start, kept_to));
            vec![Edit::replace(Span::new(whole.file, whole.start, end.max(mark_end)), kept)]
        }
        Some(_) if trailing.is_some() => {
            vec![Edit::delete(whole), Edit::delete(Span::new(whole.file, mark_end, end))]
        }
        _ => vec![Edit::delete(Span::new(whole.file, kept_to, end))],
    };
    Removal { edits, drops_comments }
}

fn is_set_apart(between: &str) -> bool {
    between.lines().skip(1).any(|line| line.trim().is_empty()) && between.lines().count() > 2
}

/// Lets the reader name another index, whose first field is `field`.
pub fn renamed(workspace: &Workspace, reader: &IndexReader, to: &str, field: &str) -> Vec<Edit> {
    let module = workspace.hir(reader.file);
    let source = workspace.source(reader.file);
    let name = module.bare(reader.name);
    let span = module.span(name);
    let quoted = match module.expr(name) {
        ExprKind::Str(_) => source.slice(span).chars().next().map(|quote| format!("{quote}{to}{quote}")),
        _ => None,
    };
    let style = workspace.style(reader.file);
    let mut edits = vec![Edit::replace(span, quoted.unwrap_or_else(|| style.string(to)))];
    edits.extend(reader.field_after.map(|value| Edit::insert_after(value, format!(", {}", style.string(field)))));
    edits
}
