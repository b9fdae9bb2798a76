//! `--watch`, and what is different where somebody looks: a screen that is cleared, and a line that says what a long run is at.
//!
//! Terminals are those that Python makes, which some tests need anyway.
#![cfg(unix)]

mod support;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use support::program::{copy_project, run, skip};
use tempfile::TempDir;

const BAD: &str = "import { mutation } from \"./_generated/server\";\nexport const touch = mutation({ handler: async () => {} });\n";
const FINE: &str = "export const nothing = 1;\n";
const CLEAR: &str = "\u{1b}[2J";

/// How long a machine with much to do may take for what should take a moment.
const LONG: Duration = Duration::from_secs(60);

struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    fn new(folder: &Path, args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orm-lint"));
        command.args(["--watch", "-A", "all", "-D", "missing-args", "--format", "concise"]).args(args).current_dir(folder);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("start");
        let (sender, lines) = channel();
        let streams: [Box<dyn Read + Send>; 2] = [Box::new(child.stdout.take().expect("out")), Box::new(child.stderr.take().expect("err"))];
        for stream in streams {
            let sender = sender.clone();
            std::thread::spawn(move || BufReader::new(stream).lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        }
        Self { child, lines }
    }

    /// What is printed until the run is over and the next change is waited for.
    fn next(&self) -> Vec<String> {
        let mut said = Vec::new();
        loop {
            let line = self.lines.recv_timeout(LONG).unwrap_or_else(|error| panic!("{error}: {said:?}"));
            if line.starts_with("watching for changes") {
                break;
            }
            said.push(line);
        }
        // The two streams are two: what was printed first may come last.
        while let Ok(line) = self.lines.recv_timeout(Duration::from_millis(100)) {
            said.push(line);
        }
        said.sort();
        said
    }

    /// The next run that prints the words. A slow machine may see one change as two.
    fn until(&self, words: &str) -> Vec<String> {
        let start = std::time::Instant::now();
        loop {
            let said = self.next();
            if has(&said, words) {
                return said;
            }
            assert!(start.elapsed() < LONG, "{words}: {said:?}");
        }
    }

    fn is_quiet(&self) -> bool {
        self.lines.recv_timeout(Duration::from_millis(700)).is_err()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn project() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("convex/_generated")).expect("make the folder");
    std::fs::create_dir_all(folder.path().join("node_modules/far")).expect("make the folder");
    write(&folder, "convex/_generated/api.d.ts", "export {};");
    write(&folder, "convex/a.ts", FINE);
    folder
}

fn write(folder: &TempDir, name: &str, text: &str) {
    std::fs::write(folder.path().join(name), text).expect("write");
}

fn has(said: &[String], words: &str) -> bool {
    said.iter().any(|line| line.contains(words))
}

#[test]
fn every_change_is_a_new_run() {
    let folder = project();
    let watching = Watching::new(folder.path(), &[]);
    assert_eq!(watching.next(), ["1 file, nothing found"]);
    write(&folder, "convex/a.ts", BAD);
    let said = watching.until("convex/a.ts:2:22: error[missing-args]");
    assert!(!has(&said, CLEAR), "{said:?}");
    // A file in a folder that was not there, and one that goes.
    std::fs::create_dir(folder.path().join("convex/deep")).expect("make the folder");
    write(&folder, "convex/deep/b.ts", &BAD.replace("./_gen", "../_gen"));
    watching.until("convex/deep/b.ts:2:22");
    std::fs::remove_file(folder.path().join("convex/a.ts")).expect("delete");
    let said = watching.until("1 file, 1 error");
    assert!(!has(&said, "convex/a.ts"), "{said:?}");
    // A configuration that cannot be read is said, and mended.
    write(&folder, "orm-lint.json", "{ \"rules\": { \"missing-arg\": \"off\" } }");
    watching.until("error: orm-lint.json:1:14: unknown rule");
    write(&folder, "orm-lint.json", "{ \"ignore\": [\"convex/deep/**\"] }");
    watching.until("nothing to lint");
}

#[test]
fn what_no_run_depends_on_is_no_change() {
    let folder = project();
    let watching = Watching::new(folder.path(), &["-o", "out.json"]);
    assert_eq!(watching.next(), ["1 file, nothing found"]);
    for name in ["out.json", "notes.txt", "node_modules/far/index.ts", "convex/_generated/api.d.ts"] {
        write(&folder, name, FINE);
    }
    assert!(watching.is_quiet());
    // Many changes at once are one.
    for name in ["b", "c", "d", "e", "f"] {
        write(&folder, &format!("convex/{name}.ts"), FINE);
    }
    watching.until("6 files, nothing found");
}

/// What a terminal gets to see of a program that ends, or that is stopped after some seconds.
fn on_a_terminal(folder: &Path, seconds: u32, args: &[&str]) -> Option<String> {
    const TERMINAL: &str = "import pty, sys\nsys.exit(pty.spawn(sys.argv[1:]) >> 8)";
    if Command::new("python3").arg("--version").output().is_err() {
        skip("python3 is not installed");
        return None;
    }
    let program = env!("CARGO_BIN_EXE_orm-lint");
    let seconds = seconds.to_string();
    let output = run(Command::new("python3")
        .args(["-c", TERMINAL, "timeout", &seconds, program])
        .args(args)
        .current_dir(folder)
        .env("TERM", "xterm")
        .env_remove("NO_COLOR"));
    Some(output.out)
}

#[test]
fn a_screen_is_cleared_for_each_run() {
    let folder = project();
    let Some(said) = on_a_terminal(folder.path(), 5, &["--watch"]) else { return };
    assert!(said.starts_with(CLEAR) && said.contains("watching for changes"), "{said:?}");
    let said = run(Command::new("timeout").args(["3", env!("CARGO_BIN_EXE_orm-lint"), "--watch"]).current_dir(folder.path()));
    assert!(!said.out.contains('\u{1b}') && said.err.contains("watching for changes"), "{said:?}");
}

#[test]
fn a_long_run_says_what_it_is_at_where_somebody_looks() {
    let folder = tempfile::tempdir().expect("a folder");
    for i in 0..200 {
        copy_project(&support::root().join("fixtures/projects/taskboard/convex"), &folder.path().join(format!("{i}/convex")));
    }
    let Some(said) = on_a_terminal(folder.path(), 300, &["--threads", "1", "--format", "concise"]) else { return };
    assert!(said.contains(" files read …") || said.contains("linting "), "{:?}", &said[..said.len().min(500)]);
    assert!(said.contains("…\r\u{1b}[K"), "and takes it away");
    let piped = run(Command::new(env!("CARGO_BIN_EXE_orm-lint")).args(["--format", "concise", "--exit-zero"]).current_dir(folder.path()));
    assert!(!piped.err.contains('…') && !piped.out.contains('\u{1b}'), "{}", piped.err);
}

#[test]
fn colours_are_as_the_environment_says() {
    let folder = project();
    write(&folder, "convex/a.ts", BAD);
    let args = ["-A", "all", "-D", "missing-args"];
    let Some(plain) = on_a_terminal(folder.path(), 60, &args) else { return };
    assert!(plain.contains("\u{1b}["), "{plain:?}");
    let never = on_a_terminal(folder.path(), 60, &[&args[..], &["--color", "never"]].concat()).unwrap_or_default();
    assert!(!never.contains("\u{1b}[") && never.contains("missing-args"), "{never:?}");
    let mut piped = Command::new(env!("CARGO_BIN_EXE_orm-lint"));
    let piped = |name: &str, value: &str| {
        let output = piped.args(args).current_dir(folder.path()).env_remove("NO_COLOR").env(name, value).output().expect("start");
        String::from_utf8(output.stdout).expect("text")
    };
    let mut piped = piped;
    assert!(piped("CLICOLOR_FORCE", "1").contains("\u{1b}["));
    assert!(!piped("NO_COLOR", "1").contains("\u{1b}["), "it wins");
}
