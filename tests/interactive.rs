//! `orm-migrate --interactive`, on a real terminal: what is asked, what an answer comes to, and that what is written is what was agreed to.
//!
//! Terminals are those that Python makes, which some tests need anyway. That migrated code goes on working whatever files are left as they
//! are is held by `tests/behaviour.rs`.
#![cfg(unix)]

mod support;

use std::path::Path;
use std::process::Command;

use support::program::{Output, copy_project, files_under, git, orm_migrate, run, skip};
use support::root;
use tempfile::TempDir;

/// Answers one question after the other, and prints what the terminal showed. An answer may do something to a file first: `change:PATH:y`.
const TERMINAL: &str = r#"
import os, pty, sys
answers = sys.argv[1].split(",") if sys.argv[1] else []
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
shown = b""
asked = 0
while True:
    try:
        data = os.read(terminal, 65536)
    except OSError:
        break
    if not data:
        break
    shown += data
    if shown.count(b"[y,n,a,d,e,q,?]? ") > asked:
        asked += 1
        if not answers:
            os.write(terminal, b"\x04")
            continue
        answer = answers.pop(0)
        if answer.startswith("change:"):
            _, path, answer = answer.split(":")
            with open(path, "a") as file:
                file.write("// somebody else\n")
        os.write(terminal, answer.encode() + b"\n")
sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;

const ENTS: [&str; 6] = ["--from", "ents", "--relations", "defineRelations", "--orm", "better-convex/orm"];

/// A copy of a backend.
fn project(name: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    copy_project(&root().join("fixtures/backends").join(name).join("convex"), &folder.path().join("convex"));
    folder
}

/// What a terminal shows of a run whose questions get these answers; whoever has none left closes the input.
fn asked(folder: &Path, answers: &str, args: &[&str]) -> Option<Output> {
    if Command::new("python3").arg("--version").output().is_err() {
        skip("python3 is not installed");
        return None;
    }
    let program = env!("CARGO_BIN_EXE_orm-migrate");
    let mut command = Command::new("python3");
    command.args(["-c", TERMINAL, answers, program, "--interactive", "--color", "never"]).args(args).current_dir(folder);
    Some(run(command.env("TERM", "xterm")))
}

/// The sources, without what the journal keeps.
fn sources(folder: &Path) -> Vec<(String, String)> {
    files_under(folder).into_iter().filter(|(path, _)| path.starts_with("convex/")).collect()
}

/// The sources after a run without questions.
fn unasked(name: &str, args: &[&str]) -> Vec<(String, String)> {
    let folder = project(name);
    let output = orm_migrate(folder.path(), &[&ENTS[..], args].concat());
    assert!(output.code < 2, "{}", output.err);
    sources(folder.path())
}

/// What was said between the diffs.
fn dialogue(shown: &str) -> String {
    let is_diff = |line: &&str| line.starts_with(['+', '-', ' ', '@']) || line.trim().is_empty();
    shown.lines().filter(|line| !is_diff(line)).map(|line| line.to_owned() + "\n").collect()
}

#[test]
fn who_agrees_to_all_gets_all() {
    for answers in ["y,y,y,y", "a", "y,,a"] {
        let folder = project("library");
        let before = sources(folder.path());
        let Some(output) = asked(folder.path(), answers, &ENTS) else { return };
        assert!(output.out.contains("files written"), "{output:?}");
        assert_eq!(sources(folder.path()), unasked("library", &[]), "{answers}");
        assert_eq!(orm_migrate(folder.path(), &["--undo"]).code, 0);
        assert_eq!(sources(folder.path()), before);
    }
}

#[test]
fn what_is_left_as_it_is_goes_on_working() {
    let folder = project("library");
    let before = sources(folder.path());
    let Some(output) = asked(folder.path(), "y,y,e,n,y,y", &ENTS) else { return };
    let wanted = "\
5 files would change; nothing is written before all is answered
1 of 4: convex/schema.ts, convex/types.ts
the schema, in files that change together; without them nothing of the project changes
apply this [y,n,a,d,e,q,?]? y
2 of 4: convex/functions.ts
imported by convex/loans.ts and convex/readers.ts, which would change, too
apply this [y,n,a,d,e,q,?]? y
3 of 4: convex/loans.ts
apply this [y,n,a,d,e,q,?]? e
";
    assert!(dialogue(&output.out).starts_with(wanted), "{}", support::diff(&dialogue(&output.out), wanted));
    let consequences = "\
if it stays as it is:
  so that it goes on working, this changes in another way: convex/functions.ts
  23 more calls go through what is used now
apply this [y,n,a,d,e,q,?]? n
convex/loans.ts stays as it is
  so that it goes on working, this changes in another way: convex/functions.ts
  23 more calls go through what is used now

4 of 5: convex/functions.ts
another change than before, now that something else stays as it is
";
    assert!(output.out.contains(consequences), "{}", output.out);
    assert!(output.out.contains("the same without questions: --keep convex/loans.ts"), "{}", output.out);
    let after = sources(folder.path());
    assert_eq!(after, unasked("library", &["--keep", "convex/loans.ts"]));
    let changed: Vec<&str> = before.iter().zip(&after).filter(|(old, new)| old != new).map(|(old, _)| &*old.0).collect();
    assert_eq!(changed, ["convex/functions.ts", "convex/readers.ts", "convex/schema.ts", "convex/types.ts"]);
    // What is taken back is what was written.
    assert_eq!(orm_migrate(folder.path(), &["--undo"]).err, "4 files restored\n");
    assert_eq!(sources(folder.path()), before);
}

#[test]
fn what_needs_the_file_that_is_left_stays_with_it() {
    let folder = project("library");
    let Some(output) = asked(folder.path(), "y,n,y,y,y,y", &ENTS) else { return };
    assert!(output.out.contains("  what needs it stays, too: convex/loans.ts and convex/readers.ts\n"), "{}", output.out);
    assert_eq!(sources(folder.path()), unasked("library", &["--keep", "convex/functions.ts"]));
    // The schema was agreed to without what ents still need.
    assert!(output.out.contains("another change than before"), "{}", output.out);
}

#[test]
fn the_rest_can_be_left_at_once() {
    let folder = project("library");
    let Some(output) = asked(folder.path(), "y,y,d,y,y", &ENTS) else { return };
    assert!(output.out.contains("convex/loans.ts and convex/readers.ts stay as they are"), "{}", output.out);
    assert_eq!(sources(folder.path()), unasked("library", &["--keep", "convex/loans.ts", "--keep", "convex/readers.ts"]));
}

#[test]
fn nothing_is_written_where_nothing_is_agreed_to() {
    // Quits, goes away, leaves the schema, leaves all; and does not agree to what became of the schema.
    for answers in ["q", "y,y,q", "", "y", "n", "d", "y,y,?,d,n"] {
        let folder = project("library");
        let before = files_under(folder.path());
        let Some(output) = asked(folder.path(), answers, &ENTS) else { return };
        assert_eq!(files_under(folder.path()), before, "{answers}");
        assert_eq!(output.code, 1, "{answers}: {}", output.out);
        assert!(output.out.ends_with("nothing was changed\n"), "{answers}: {}", output.out);
    }
}

#[test]
fn a_schema_alone_is_one_question() {
    let folder = tempfile::tempdir().expect("a folder");
    copy_project(&root().join("fixtures/projects/taskboard/convex"), &folder.path().join("convex"));
    let args = ["--from", "validators", "--relations", "defineRelations", "--report", "report.md"];
    let Some(output) = asked(folder.path(), "y", &args) else { return };
    assert_eq!(output.out.matches("apply this").count(), 1, "{}", output.out);
    let report = support::read(&folder.path().join("report.md"));
    assert!(report.contains("written"), "{report}");
}

#[test]
fn projects_are_asked_about_one_after_the_other() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["kitchen", "library"] {
        copy_project(&root().join("fixtures/backends").join(name).join("convex"), &folder.path().join(name).join("convex"));
    }
    std::fs::write(folder.path().join("package.json"), "{}").expect("write");
    let before = files_under(&folder.path().join("kitchen"));
    let Some(output) = asked(folder.path(), "n,a", &ENTS) else { return };
    assert!(output.out.contains("kitchen/convex/schema.ts stays as it is, and all of its project with it"), "{}", output.out);
    assert_eq!(files_under(&folder.path().join("kitchen")), before);
    assert_eq!(sources(&folder.path().join("library")), unasked("library", &[]));
}

#[test]
fn who_changes_a_file_meanwhile_keeps_it() {
    let folder = project("library");
    let before = sources(folder.path());
    let Some(output) = asked(folder.path(), "y,y,change:convex/loans.ts:y,y", &ENTS) else { return };
    assert_eq!(output.code, 2, "{}", output.out);
    assert!(output.out.contains("nothing was changed: `convex/loans.ts`"), "{}", output.out);
    for ((path, old), (_, new)) in before.iter().zip(sources(folder.path())) {
        let wanted = if path == "convex/loans.ts" { format!("{old}// somebody else\n") } else { old.clone() };
        assert_eq!(new, wanted, "{path}");
    }
}

#[test]
fn what_git_could_not_restore_is_refused_before_anything_is_asked() {
    let folder = project("library");
    git(folder.path(), &["init", "--quiet"]);
    let Some(output) = asked(folder.path(), "y,y,y,y", &ENTS) else { return };
    assert_eq!(output.code, 2);
    assert!(output.out.contains("commit first") && !output.out.contains("apply this"), "{}", output.out);
}

#[test]
fn a_file_cannot_speak_to_the_terminal() {
    let folder = project("library");
    let schema = folder.path().join("convex/schema.ts");
    let text = support::read(&schema);
    std::fs::write(&schema, format!("// \u{1b}[2Jgone \u{9b}31m\n{text}")).expect("write");
    let Some(output) = asked(folder.path(), "q", &ENTS) else { return };
    assert!(output.out.contains("gone") && !output.out.contains(['\u{1b}', '\u{9b}']), "{:?}", output.out);
}

#[test]
fn there_has_to_be_a_terminal() {
    let folder = project("library");
    let output = orm_migrate(folder.path(), &[&ENTS[..], &["--interactive"]].concat());
    let wanted =
        "error: --interactive asks about each file, and standard input is no terminal to answer on; --dry-run shows what would change\n";
    assert_eq!((output.code, &*output.err), (2, wanted));
}

/// Functions of plain Convex need a file that there is not yet.
#[test]
fn a_new_file_goes_with_what_needs_it() {
    const CONVEX: [&str; 6] = ["--from", "convex", "--relations", "defineRelations", "--orm", "better-convex/orm"];
    let new = || {
        let folder = tempfile::tempdir().expect("a folder");
        copy_project(&root().join("fixtures/projects/taskboard/convex"), &folder.path().join("convex"));
        folder
    };
    let (at_once, asked_all) = (new(), new());
    let before = sources(at_once.path());
    assert!(orm_migrate(at_once.path(), &CONVEX).code < 2);
    let Some(output) = asked(asked_all.path(), &"y,".repeat(40), &CONVEX) else { return };
    assert!(output.out.contains("a new file, which what is rewritten in functions needs"), "{}", output.out);
    assert_eq!(sources(asked_all.path()), sources(at_once.path()));
    assert!(asked_all.path().join("convex/orm.ts").exists());
    assert_eq!(orm_migrate(asked_all.path(), &["--undo"]).code, 0);
    assert_eq!(sources(asked_all.path()), before);

    let (schema_alone, not_made) = (new(), new());
    assert!(orm_migrate(schema_alone.path(), &[&CONVEX[..], &["--only", "schema"]].concat()).code < 2);
    let questions = output.out.matches("apply this").count();
    let answers = "y,".repeat(questions - 1) + "n";
    let Some(output) = asked(not_made.path(), &answers, &CONVEX) else { return };
    assert!(output.out.contains("convex/orm.ts is not made\n  what needs it stays, too: "), "{}", output.out);
    assert_eq!(sources(not_made.path()), sources(schema_alone.path()));
}
