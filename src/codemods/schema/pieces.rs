//! Takes source text apart without losing a comment: the items between two brackets, each with the comments that belong to it.

use crate::model::Workspace;
use crate::model::hir::{ExprId, ExprKind};
use crate::source::{Comment, FileId, SourceFile, Span};
use crate::style::indent_at;
use crate::writing::code::Code;

/// An item and the comments that go where it goes.
#[derive(Clone, Debug, Default)]
pub struct Piece {
    pub blank_before: bool,
    /// On lines of their own, before it.
    pub leading: Vec<String>,
    /// Behind it, on its last line.
    pub trailing: Option<String>,
}

/// The comments around some items, in order, and those after the last.
pub fn pieces(source: &SourceFile, around: Span, items: &[Span]) -> (Vec<Piece>, Vec<String>) {
    let mut pieces: Vec<Piece> = items.iter().map(|_| Piece::default()).collect();
    let mut dangling = Vec::new();
    let text = &*source.text;
    for comment in source.comments_in(around) {
        if items.iter().any(|item| item.start <= comment.start && comment.end <= item.end) {
            continue;
        }
        let next = items.iter().position(|item| comment.end <= item.start);
        let before = next.unwrap_or(items.len()).checked_sub(1);
        let is_broken = |from: u32, to: u32| text[from as usize..to as usize].contains('\n');
        let follows = before.filter(|at| !is_broken(items[*at].end, comment.start));
        let precedes = next.filter(|at| comment.is_block && !is_broken(comment.start, items[*at].start));
        let said = comment_text(source, comment);
        match (follows, precedes, next) {
            (_, Some(next), _) => pieces[next].leading.push(said),
            (Some(before), ..) if pieces[before].trailing.is_none() => pieces[before].trailing = Some(said),
            (.., Some(next)) => pieces[next].leading.push(said),
            _ => dangling.push(said),
        }
    }
    let starts = items.iter().enumerate().map(|(i, item)| {
        let from = if i == 0 { around.start } else { items[i - 1].end };
        (from, item.start)
    });
    for (piece, (from, to)) in pieces.iter_mut().zip(starts) {
        piece.blank_before = has_blank_line(&text[from as usize..to as usize]);
    }
    (pieces, dangling)
}

/// A comment without the indent of the lines after its first.
pub fn comment_text(source: &SourceFile, comment: &Comment) -> String {
    let lines = source.comment_text(comment).split('\n').map(str::trim_end).enumerate();
    let aligned = lines.map(|(i, line)| match line.trim_start() {
        rest if i > 0 && rest.starts_with('*') => format!(" {rest}"),
        rest if i > 0 => rest.to_owned(),
        _ => line.to_owned(),
    });
    aligned.collect::<Vec<_>>().join("\n")
}

fn has_blank_line(text: &str) -> bool {
    let lines: Vec<&str> = text.split('\n').collect();
    lines.len() > 2 && lines[1..lines.len() - 1].iter().any(|line| line.trim().is_empty())
}

/// The expression as it is written: taken apart where it may have to break, else word for word.
pub fn written(workspace: &Workspace, file: FileId, id: ExprId) -> Code {
    let module = workspace.hir(file);
    let span = module.span(id);
    verbatim_or(workspace, span, || structure(workspace, file, id))
}

/// Text on one line, without comments, may be laid out anew; any other stays as it is.
fn verbatim_or(workspace: &Workspace, span: Span, structure: impl FnOnce() -> Code) -> Code {
    let text = workspace.text(span);
    if !text.contains('\n') && workspace.source(span.file).comments_in(span).is_empty() {
        return structure();
    }
    verbatim(workspace, span)
}

/// The text word for word, to be moved to another indent.
pub fn verbatim(workspace: &Workspace, span: Span) -> Code {
    let source = workspace.source(span.file);
    let text = source.slice(span);
    let has_template = workspace.hir(span.file).exprs().any(|(id, kind)| {
        let inner = workspace.hir(span.file).span(id);
        matches!(kind, ExprKind::Template(_)) && span.contains(inner) && source.slice(inner).contains('\n')
    });
    // Calls of a chain that stand on lines of their own are further in than what they are called on.
    let [first, last] = [span.start, span.end].map(|at| indent_at(&source.text, at));
    let indent = if first.len() < last.len() { first } else { last };
    // The lines of a template are part of its value: then none is moved, since no line starts with this.
    let indent = if has_template { "\0" } else { indent }.to_owned();
    Code::Verbatim { text: text.to_owned(), indent }
}

fn structure(workspace: &Workspace, file: FileId, id: ExprId) -> Code {
    let module = workspace.hir(file);
    let inner = |id: ExprId| structure(workspace, file, id);
    let text = |span: Span| workspace.text(span);
    let whole = || Code::text(text(module.span(id)));
    match module.expr(id) {
        ExprKind::Call(call) if !call.optional && call.type_args.is_empty() && !call.args.is_empty() => {
            if call.args.iter().any(|arg| arg.spread) || matches!(module.expr(call.callee), ExprKind::Func(_)) {
                return whole();
            }
            Code::call(text(module.span(call.callee)), call.args.iter().map(|arg| inner(arg.value)).collect())
        }
        ExprKind::Object(props) if !props.is_empty() => {
            let fields = props.iter().map(|prop| {
                let value = module.span(prop.value);
                if prop.end == value.end && prop.key_end < value.start && prop.start < prop.key_end {
                    Code::Pair(Box::new(Code::text(text(module.at(prop.start, value.start)))), Box::new(inner(prop.value)))
                } else {
                    Code::text(text(module.at(prop.start, prop.end)))
                }
            });
            Code::object(fields.collect())
        }
        ExprKind::Array(items) if !items.is_empty() && items.iter().all(|item| !item.spread) => {
            let items = items.iter().map(|item| inner(item.value)).collect();
            Code::List { open: "[".to_owned(), items, close: "]", braces: false }
        }
        _ => whole(),
    }
}
