//! Completions for shells and manual pages, as those would use them who install them.

mod support;

use std::process::Command;

use support::program::{Output, orm_lint, orm_migrate, run};
use support::root;

type Program = fn(&[&str]) -> Output;

fn programs() -> [(&'static str, Program); 2] {
    [("orm-lint", |args| orm_lint(root(), args)), ("orm-migrate", |args| orm_migrate(root(), args))]
}

#[test]
fn every_shell_gets_a_script() {
    for (name, program) in programs() {
        for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
            let script = program(&["--completions", shell]);
            assert!(script.code == 0 && script.err.is_empty(), "{script:?}");
            for word in [name, "threads", "no-ignore"] {
                assert!(script.out.contains(word), "{name} in {shell}: no {word}");
            }
        }
    }
}

/// What bash offers after some words.
#[cfg(unix)]
#[test]
fn bash_completes_options_and_values() {
    let offered = |name: &str, words: &str| {
        let script = programs().into_iter().find(|(program, _)| *program == name).expect("the program").1(&["--completions", "bash"]).out;
        let ask = [
            &format!("COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))"),
            &format!("complete=($(complete -p {name})); while [ \"${{complete[0]}}\" != -F ]; do complete=(\"${{complete[@]:1}}\"); done"),
            &format!("\"${{complete[1]}}\" {name} \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\""),
        ];
        let ask = ask.map(String::as_str).join("\n");
        let output = run(Command::new("bash").args(["--norc", "-c", &format!("{script}\n{ask}\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"")]));
        assert!(output.code == 0 && output.err.is_empty(), "{output:?}");
        output.out.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(offered("orm-lint", "orm-lint --unsafe"), ["--unsafe-fixes"]);
    assert_eq!(offered("orm-lint", "orm-lint --format s"), ["sarif"]);
    assert_eq!(offered("orm-migrate", "orm-migrate --from e"), ["ents"]);
}

#[test]
fn manual_pages_say_what_help_says() {
    for (name, program) in programs() {
        let page = program(&["--man"]);
        assert!(page.code == 0 && page.out.contains(&format!(".TH {name} 1 ")), "{page:?}");
        let help = program(&["--help"]).out;
        let options =
            help.split_whitespace().filter(|word| word.starts_with("--") && word[2..].chars().all(|c| c.is_ascii_lowercase() || c == '-'));
        let options: Vec<&str> = options.filter(|word| word.len() > 2).collect();
        assert!(options.len() > 15, "{options:?}");
        for option in options {
            assert!(page.out.contains(&option.replace('-', "\\-")), "{name}: {option}");
        }
    }
}
