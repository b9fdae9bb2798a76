//! Code actions: the fix of a finding, a comment that ignores it, and all safe fixes of a file at once.
//!
//! Whatever is offered was tried: after it, every file still parses.

use lsp_types::{CodeAction, CodeActionKind, CodeActionOrCommand, Diagnostic as Shown, WorkspaceEdit};
use serde_json::{Value, json};
use similar::{Algorithm, DiffOp};

use super::client::FIX_ALL;
use super::view::View;
use crate::diagnostic::Diagnostic;
use crate::edit::{Applicability, Edit, apply};
use crate::fixing::{can_be_made, edits_of};
use crate::rule::Category;
use crate::rules;
use crate::source::{self, FileId, SourceFile, Span};

/// Whether actions of a kind are wanted; all are if nothing is said.
pub fn is_wanted(only: Option<&[CodeActionKind]>, kind: &str) -> bool {
    let within = |wanted: &str| wanted.is_empty() || kind == wanted || kind.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'));
    only.is_none_or(|only| only.iter().any(|wanted| within(wanted.as_str())))
}

/// What can be done about the findings that touch a range of a file.
pub fn for_findings(view: &View<'_>, file: FileId, start: u32, end: u32) -> Vec<CodeActionOrCommand> {
    let touches = |finding: &&Diagnostic| finding.span.start <= end && start <= finding.span.end;
    let findings: Vec<&Diagnostic> = view.known.findings_in(file).iter().filter(touches).collect();
    let fixes = findings.iter().filter_map(|finding| fix(view, finding));
    let ignores = findings.iter().filter_map(|finding| ignore(view, finding));
    fixes.chain(ignores).map(CodeActionOrCommand::CodeAction).collect()
}

fn fix(view: &View<'_>, finding: &Diagnostic) -> Option<CodeAction> {
    let fix = finding.fix.as_ref().filter(|fix| fix.applicability > Applicability::Display)?;
    if !can_be_made(&view.known.workspace, fix) {
        return None;
    }
    let is_safe = fix.applicability == Applicability::Safe;
    let title = if is_safe { fix.title.clone() } else { format!("{} (unsafe, see {})", fix.title, finding.rule) };
    Some(quick_fix(title, view.diagnostic(finding)?, view.edits(&edits_of(&view.known.workspace, fix))?, is_safe))
}

fn quick_fix(title: String, about: Shown, edit: WorkspaceEdit, is_preferred: bool) -> CodeAction {
    CodeAction {
        title,
        kind: Some(CodeActionKind::QUICKFIX),
        diagnostics: Some(vec![about]),
        edit: Some(edit),
        is_preferred: is_preferred.then_some(true),
        ..CodeAction::default()
    }
}

/// A comment that ignores the finding. Its reason is left to be typed: without one, the comment itself is a finding.
fn ignore(view: &View<'_>, finding: &Diagnostic) -> Option<CodeAction> {
    let rule = rules::find(finding.rule).filter(|entry| entry.meta.category != Category::Meta)?;
    let edit = comment(view.known.workspace.source(finding.span.file), finding.span, rule.meta.id)?;
    let title = format!("Ignore {} here, with a reason", rule.meta.id);
    Some(quick_fix(title, view.diagnostic(finding)?, view.edits(&[edit])?, false))
}

/// Puts a comment on a line of its own above the place, or behind the code where that is no place for one.
fn comment(file: &SourceFile, at: Span, rule: &str) -> Option<Edit> {
    let text = &*file.text;
    let line_start = text.get(..at.start as usize)?.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(line_start..)?.split('\n').next().unwrap_or_default();
    let code_end = line_start + line.trim_end().len();
    let indent: String = line.chars().take_while(|letter| matches!(letter, ' ' | '\t')).collect();
    let newline = if line.ends_with('\r') { "\r\n" } else { "\n" };
    let candidates = [
        (line_start, format!("{indent}// orm-lint-ignore {rule}: {newline}")),
        (line_start, format!("{indent}{{/* orm-lint-ignore {rule}: */}}{newline}")),
        (code_end, format!(" // orm-lint-ignore {rule}: ")),
    ];
    let candidates = candidates.into_iter().map(|(place, text)| {
        let place = place as u32;
        Edit { span: Span::new(file.id, place, place), text }
    });
    candidates.into_iter().find(|edit| is_comment_after(file, edit))
}

/// Whether the file still parses after the edit, and what it adds is a comment.
fn is_comment_after(file: &SourceFile, edit: &Edit) -> bool {
    let (after, _) = source::parse(file.id, file.path.clone(), apply(&file.text, std::slice::from_ref(edit)));
    let added = edit.span.start..edit.span.start + edit.text.len() as u32;
    after.errors.is_empty() && after.comments.iter().any(|comment| added.contains(&comment.start) && comment.end <= added.end)
}

/// The same comment as a snippet: the reason is the place to type in. The protocol has that since 3.18, and the crate does not.
pub fn with_places_to_type(actions: Vec<CodeActionOrCommand>) -> Value {
    let mut actions = serde_json::to_value(actions).unwrap_or_default();
    for action in actions.as_array_mut().into_iter().flatten() {
        let edits = action.pointer_mut("/edit/documentChanges/0/edits").and_then(Value::as_array_mut);
        for edit in edits.into_iter().flatten() {
            let Some(text) = edit.get("newText").and_then(Value::as_str).filter(|text| text.contains("// orm-lint-ignore ")) else {
                continue;
            };
            let kept = text.trim_end_matches(['\r', '\n']);
            let escaped = |text: &str| text.replace('\\', "\\\\").replace('$', "\\$").replace('}', "\\}");
            let snippet = format!("{}${{1:reason}}{}", escaped(kept), &text[kept.len()..]);
            *edit = json!({ "range": edit["range"], "snippet": { "kind": "snippet", "value": snippet } });
        }
    }
    actions
}

/// The action that turns a text into another, line by line.
pub fn fix_all(view: &View<'_>, file: FileId, after: &str) -> Option<CodeAction> {
    let before = &view.known.workspace.source(file).text;
    let edit = view.edits(&differences(file, before, after))?;
    Some(CodeAction {
        title: "Fix all that orm-lint can fix safely".to_owned(),
        kind: Some(CodeActionKind::new(FIX_ALL)),
        edit: Some(edit),
        ..CodeAction::default()
    })
}

/// Edits of whole lines, so that cursors and folds elsewhere stay where they are.
fn differences(file: FileId, before: &str, after: &str) -> Vec<Edit> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let starts: Vec<u32> = std::iter::once(0)
        .chain(old.iter().scan(0, |at, line| {
            *at += line.len() as u32;
            Some(*at)
        }))
        .collect();
    let ops = similar::capture_diff_slices(Algorithm::Myers, &old, &new);
    let changed = ops.iter().filter(|op| !matches!(op, DiffOp::Equal { .. }));
    changed
        .map(|op| {
            let (lines, now) = (op.old_range(), op.new_range());
            Edit { span: Span::new(file, starts[lines.start], starts[lines.end]), text: new[now].concat() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commented(path: &str, text: &str, at: &str) -> Option<String> {
        let (file, _) = source::parse(FileId(0), path.to_owned(), text.to_owned());
        let start = text.find(at).expect("the place") as u32;
        let edit = comment(&file, Span::new(FileId(0), start, start + 1), "a-rule")?;
        Some(apply(text, &[edit]))
    }

    #[test]
    fn comments_stand_where_they_are_comments() {
        let cases = [
            ("a.ts", "if (a) {\n  b();\n}", "b()", Some("if (a) {\n  // orm-lint-ignore a-rule: \n  b();\n}")),
            ("a.ts", "a();\r\n\tb();\r\n", "b()", Some("a();\r\n\t// orm-lint-ignore a-rule: \r\n\tb();\r\n")),
            ("a.ts", "x = `\n${b()}`;", "b()", Some("x = `\n${b()}`; // orm-lint-ignore a-rule: ")),
            ("a.ts", "x = `\n${b()}\n`;", "b()", None),
            ("a.tsx", "x = <p>\n  {b()}\n</p>;", "b()", Some("x = <p>\n  {/* orm-lint-ignore a-rule: */}\n  {b()}\n</p>;")),
            ("a.ts", "x = (", "(", None),
        ];
        for (path, text, at, wanted) in cases {
            assert_eq!(commented(path, text, at).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn differences_are_whole_lines_and_come_to_the_new_text() {
        let cases = [("a\nb\nc\n", "a\nx\nc\n", 1), ("a\nb", "a\nb\n", 1), ("", "a", 1), ("a\nb\nc\nd\n", "b\nc\n", 2), ("a", "a", 0)];
        for (before, after, count) in cases {
            let edits = differences(FileId(0), before, after);
            assert_eq!((edits.len(), apply(before, &edits).as_str()), (count, after));
        }
    }

    #[test]
    fn kinds_hold_those_below_them() {
        let kinds = |kinds: &[&'static str]| kinds.iter().map(|kind| CodeActionKind::new(kind)).collect::<Vec<_>>();
        assert!(is_wanted(None, FIX_ALL));
        assert!(is_wanted(Some(&kinds(&["source"])), FIX_ALL) && is_wanted(Some(&kinds(&["source.fixAll"])), FIX_ALL));
        assert!(!is_wanted(Some(&kinds(&["source.fixAll.eslint", "quickfix", "sour"])), FIX_ALL));
    }
}
