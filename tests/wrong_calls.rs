//! What people are told who call the programs in a way that cannot be: the table in `tests/wrong_calls.md`.

mod support;

use std::path::Path;
use std::process::Command;

use support::program::run;
use support::{Failures, expect_file, markdown, read, root};

#[test]
fn wrong_calls_get_one_line_each() {
    let mut failures = Failures::default();
    let path = root().join("tests/wrong_calls.md");
    let text = read(&path);
    let case = markdown::cases(&text).into_iter().next().expect("the files");
    let mut fresh = String::new();
    let mut count = 0;
    for line in text.lines() {
        let call = line.strip_prefix("| `").and_then(|rest| rest.split_once("` |"));
        let Some((call, _)) = call else {
            fresh += &format!("{line}\n");
            continue;
        };
        let folder = tempfile::tempdir().expect("a folder");
        for block in &case.blocks {
            let file = folder.path().join("project").join(block.path.as_deref().expect("a file"));
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("make the folder");
            std::fs::write(file, &block.text).expect("write");
        }
        let said = answer(&mut failures, folder.path(), call);
        fresh += &format!("| `{call}` | `{}` |\n", said.replace('|', "\\|"));
        count += 1;
    }
    assert!(count >= 40, "{count} calls");
    expect_file(&mut failures, &path, &fresh);
    failures.report();
}

fn answer(failures: &mut Failures, folder: &Path, call: &str) -> String {
    let mut words = call.split(' ').map(|word| word.trim_matches('\''));
    let program = match words.next() {
        Some("orm-lint") => env!("CARGO_BIN_EXE_orm-lint"),
        Some("orm-migrate") => env!("CARGO_BIN_EXE_orm-migrate"),
        other => panic!("what is {other:?}?"),
    };
    let mut command = Command::new(program);
    command.args(words).current_dir(folder.join("project")).env("HOME", folder).env("GIT_CEILING_DIRECTORIES", folder);
    let output = run(&mut command);
    failures.check(output.code == 2, || format!("`{call}`: exit code {}, not 2\n{}{}", output.code, output.out, output.err));
    failures.check(output.out.is_empty(), || format!("`{call}`: on standard output:\n{}", output.out));
    failures.check(output.err.lines().count() == 1, || format!("`{call}`: {} lines:\n{}", output.err.lines().count(), output.err));
    failures.check(output.err.starts_with("error: "), || format!("`{call}`: {}", output.err));
    let place = folder.canonicalize().expect("the folder").to_string_lossy().into_owned();
    output.err.trim_end().replace('\n', " ⏎ ").replace(&place, "[folder]")
}
