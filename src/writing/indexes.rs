//! Taking an index out of a schema, and letting its readers read another.

use crate::edit::Edit;
use crate::model::Workspace;
use crate::model::hir::ExprKind;
use crate::model::readers::IndexReader;
use crate::model::ty::Index;
use crate::source::{Comment, SourceFile, Span};

/// What a removal comes to.
pub struct Removal {
    pub edits: Vec<Edit>,
    /// Comments that speak of the index go with it, or stay above another.
    pub touches_comments: bool,
}

/// Takes the call that adds an index out of its chain, with its line, and with the comments on it and right above it.
///
/// What stands on the line before stays, and so does a comment that heads a group of indexes.
pub fn removal(source: &SourceFile, index: &Index) -> Removal {
    let whole = index.span;
    let text = |start: u32, end: u32| source.slice(Span::new(whole.file, start, end));
    let in_gap: Vec<&Comment> = source.comments_in(Span::new(whole.file, whole.start, index.name_span.start)).iter().collect();

    // Those on the line of the call before belong to that one.
    let on_line = in_gap.iter().take_while(|c| !text(whole.start, c.start).contains('\n')).count();
    let (before, above) = in_gap.split_at(on_line);
    let line_end = before.last().map_or(whole.start, |c| c.end);
    let call = above.last().map_or(line_end, |c| c.end);
    let call = call + text(call, index.name_span.start).find('.').unwrap_or_default() as u32;

    let after = text(whole.end, source.text.len() as u32);
    let mark = after.trim_start_matches([' ', '\t']).chars().next().filter(|c| matches!(c, ',' | ';'));
    let mark_end = mark.map_or(whole.end, |c| whole.end + after.find(c).unwrap_or_default() as u32 + 1);
    let behind = source.comments_in(Span { start: mark_end, ..source.whole() }).first().filter(|c| is_blank(text(mark_end, c.start)));
    let end = behind.map_or(whole.end, |c| c.end);

    let heads_group = above.first().is_some_and(|first| {
        let stands_apart = text(line_end, first.start).matches('\n').count() > 1 || !is_index(text(0, whole.start));
        stands_apart
            && text(end, source.text.len() as u32).trim_start_matches([' ', '\t', '\r']).strip_prefix('\n').is_some_and(|next| {
                let next = next.trim_start_matches([' ', '\t']);
                next.starts_with('.')
            })
    });
    let set_apart = above.iter().rposition(|c| text(c.end, call).matches('\n').count() > 1).map(|at| at + 1);
    let kept = if heads_group { above.len() } else { set_apart.unwrap_or_default() };
    let kept_end = above[..kept].last().map_or(line_end, |c| c.end);
    let first_own = above.get(kept).map_or(call, |c| c.start);
    let touches_comments =
        kept > 0 || kept < above.len() || behind.is_some() || !source.comments_in(Span { start: call, ..whole }).is_empty();

    // An empty line before stays, unless there is one after as well, or nothing.
    let is_followed = mark.is_none()
        && text(end, source.text.len() as u32)
            .trim_start_matches([' ', '\t', '\r'])
            .strip_prefix('\n')
            .is_some_and(|rest| !is_blank(rest.lines().next().unwrap_or_default()));
    let gap = text(kept_end, first_own);
    let start = if is_followed { kept_end + gap.rfind('\n').unwrap_or_default() as u32 } else { kept_end };
    let start = if gap[..(start - kept_end) as usize].ends_with('\r') { start - 1 } else { start };
    let edits = match mark {
        // What ends the chain must not end up behind a comment.
        Some(mark) if kept_end > whole.start => {
            let kept = format!("{mark}{}", text(whole.start, kept_end));
            vec![Edit::replace(Span::new(whole.file, whole.start, end.max(mark_end)), kept)]
        }
        Some(_) if behind.is_some() => {
            vec![Edit::delete(Span::new(whole.file, start, whole.end)), Edit::delete(Span::new(whole.file, mark_end, end))]
        }
        _ => vec![Edit::delete(Span::new(whole.file, start, end))],
    };
    Removal { edits, touches_comments }
}

fn is_blank(text: &str) -> bool {
    text.chars().all(|c| matches!(c, ' ' | '\t' | '\r'))
}

/// Whether the text ends with a call that adds an index.
fn is_index(before: &str) -> bool {
    let line = before.rsplit('\n').find(|line| !is_blank(line)).unwrap_or_default().trim_start();
    [".index(", ".searchIndex(", ".vectorIndex("].iter().any(|call| line.contains(call)) || line.starts_with("]")
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
