//! Runs the real programs on small projects. Most cases are data, in `tests/cli/*.md`; here are those that Markdown cannot hold.
//!
//! In the Markdown, a heading is a case and blocks with a path are its files.
//! An `sh` block is a run (`sh exit-1` says how it ends); the blocks `text stdout` and `text stderr` after it are what it prints,
//! and a block with a path and the word `after` is what a file holds then.
//! Without a `stdout` block nothing may be printed; standard error is compared where there is a block. `UPDATE=1` rewrites them.

mod support;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use orm_lint::cli::args::Format;
use orm_lint::cli::lines::Lines;
use orm_lint::cli::load::{self, Loaded, Reading};
use orm_lint::cli::output::{self, Report, Summary};
use orm_lint::cli::paths::Places;
use orm_lint::cli::write;
use orm_lint::diagnostic::Diagnostic;
use orm_lint::edit::Fix;
use orm_lint::model::{self, File, Layout, Workspace};
use orm_lint::source::{FileId, Span};
use support::markdown::{self, Block, Case};
use support::{Failures, diff, indented, is_update, read, root};
use tempfile::TempDir;

#[test]
fn cases_print_what_they_say() {
    let mut failures = Failures::default();
    let folder = root().join("tests/cli");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).expect("tests/cli").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let text = read(&file);
        let mut rewritten: Vec<(Range<usize>, String)> = Vec::new();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for case in markdown::cases(&text) {
            run_case(&case, &name, &mut failures, &mut rewritten);
        }
        if is_update() && !rewritten.is_empty() {
            let mut fresh = text.clone();
            for (range, block) in rewritten.into_iter().rev() {
                fresh.replace_range(range, &block);
            }
            std::fs::write(&file, fresh).expect("rewrite the cases");
        }
    }
    failures.report();
}

fn run_case(case: &Case, file: &str, failures: &mut Failures, rewritten: &mut Vec<(Range<usize>, String)>) {
    let project = Project::new();
    let mut ran = None;
    for (i, block) in case.blocks.iter().enumerate() {
        let place = format!("tests/cli/{file}:{} ({})", block.line, case.name);
        if block.language == "sh" {
            let output = project.run(block.text.trim());
            let code = output.status.code().unwrap_or(-1);
            let wanted = block.words.iter().find_map(|word| word.strip_prefix("exit-")).unwrap_or("0");
            let printed = Printed { out: project.tidy(&output.stdout), err: project.tidy(&output.stderr) };
            failures.check(code.to_string() == wanted, || {
                format!("{place}: exit code {code}, not {wanted}\n{}{}", indented(&printed.out), indented(&printed.err))
            });
            let following = case.blocks[i + 1..].iter().take_while(|next| next.language != "sh");
            let has_stdout = following.clone().any(|next| next.has_word("stdout"));
            failures.check(has_stdout || printed.out.is_empty(), || format!("{place}: unexpected output\n{}", indented(&printed.out)));
            ran = Some(printed);
            continue;
        }
        let compared = match (&ran, &block.path) {
            (Some(printed), _) if block.has_word("stdout") => printed.out.clone(),
            (Some(printed), _) if block.has_word("stderr") => printed.err.clone(),
            (Some(_), Some(path)) if block.has_word("after") => {
                let text = std::fs::read_to_string(project.path(path)).unwrap_or_else(|error| format!("cannot be read: {error}\n"));
                project.tidy(text.as_bytes())
            }
            (_, Some(path)) => {
                project.write(path, &block.text);
                continue;
            }
            _ => panic!("{place}: what is this block for?"),
        };
        compare(block, &compared, &place, failures, rewritten);
    }
    assert!(ran.is_some(), "tests/cli/{file}:{}: the case runs nothing", case.line);
}

fn compare(block: &Block, is: &str, place: &str, failures: &mut Failures, rewritten: &mut Vec<(Range<usize>, String)>) {
    if trimmed(&block.text) == is {
        return;
    }
    if is_update() {
        rewritten.push((block.range.clone(), is.to_owned()));
    } else {
        failures.add(format!("{place}\n{}", diff(is, &trimmed(&block.text))));
    }
}

const MUTATION: &str = "import { mutation } from \"./_generated/server\";\nexport const touch = mutation({ handler: async () => {} });\n";

#[test]
fn what_is_not_text_is_a_finding() {
    let project = Project::with(&[("convex/_generated/api.d.ts", "export {};")]);
    project.write("convex/latin.ts", b"export const a = 1;\nexport const b = \"caf\xe9\";\n");
    project.write("convex/wide.ts", b"\xff\xfee\0x\0");
    let (out, _, code) = project.say("orm-lint --format concise -A all -D syntax-error");
    let expected = "convex/latin.ts:2:22: error[syntax-error] this file is not UTF-8: the byte 0xe9 at offset 41 belongs to no character\n\
                    convex/wide.ts:1:1: error[syntax-error] this file is UTF-16; Convex reads UTF-8, save it as that\n";
    assert_eq!((out.as_str(), code), (expected, 1));
}

#[test]
fn a_megabyte_on_one_line_is_not_printed() {
    let filler = "a".repeat(1_000_000);
    let project = Project::with(&[("convex/users.ts", &MUTATION.replace("export", &format!("const x = \"{filler}\"; export")))]);
    let (out, _, code) = project.say("orm-lint -A all -D missing-args");
    assert_eq!(code, 1);
    assert!(out.len() < 2_000, "{} bytes", out.len());
    assert!(out.contains("convex/users.ts:2:1000036"), "{out}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let project = Project::new();
    project.write("convex/users.ts", format!("{MUTATION}{}", "export const a = mutation({ handler: async () => {} });\n".repeat(400)));
    project.write("convex/schema.ts", "import { defineSchema } from \"convex/server\";\nexport default defineSchema({});\n");
    for line in [
        "orm-lint -A all -D missing-args",
        "orm-lint -A all -D missing-args --format sarif",
        "orm-lint -A all -D missing-args --diff --exit-zero",
        "orm-lint --help",
        "orm-lint --rules",
        "orm-lint --completions bash",
        "orm-lint --man",
        "orm-migrate --help",
        "orm-migrate --man",
        "orm-migrate --from validators --dry-run --format json",
    ] {
        let mut command = project.command(line);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("start");
        drop(child.stdout.take());
        assert_eq!(child.wait().expect("wait").code(), Some(0), "{line}");
    }
}

#[test]
fn all_rules_are_listed_explained_and_configured() {
    let project = Project::with(&[("convex/users.ts", MUTATION), ("orm-lint.json", "{ \"rules\": { \"missing-args\": \"warn\" } }")]);
    let (table, _, _) = project.say("orm-lint --rules");
    let (config, _, code) = project.say("orm-lint --print-config convex/users.ts");
    assert_eq!(code, 0);
    let config: serde_json::Value = serde_json::from_str(&config).expect("JSON");
    assert_eq!(config["path"], "convex/users.ts");
    assert_eq!(config["configurations"], serde_json::json!(["orm-lint.json"]));
    assert_eq!(config["rules"]["missing-args"], "warn");
    for entry in orm_lint::rules::ALL {
        let id = entry.meta.id;
        assert!(table.lines().any(|line| line.trim_start().starts_with(id)), "{id} is not listed");
        assert!(config["rules"][id].is_string(), "{id} has no level");
        let (page, _, code) = project.say(&format!("orm-lint --explain {id}"));
        assert!(code == 0 && page.contains(entry.meta.summary()), "{page}");
    }
    let (config, _, _) = project.say("orm-lint --print-config");
    assert!(config.contains("\"path\": \".\""), "{config}");
}

#[test]
fn timings_name_steps_and_rules() {
    let project = Project::with(&[("convex/users.ts", MUTATION)]);
    let (_, said, _) = project.say("orm-lint -A all -W missing-args --timings --threads 1");
    for name in ["find files", "read and parse", "link", "lint", "missing-args"] {
        assert!(said.lines().any(|line| line.ends_with(&format!(" ms  {name}"))), "{name}: {said}");
    }
}

#[test]
fn help_names_every_option_of_the_design() {
    let project = Project::new();
    let (help, _, code) = project.say("orm-lint --help");
    assert_eq!(code, 0);
    let options = "--fix --unsafe-fixes --diff --format --output-file --allow --warn --deny --preset --config --print-config --init --max-warnings \
                   --quiet --exit-zero --rules --explain --statistics --timings --list-files --threads --no-ignore --color --max-file-size";
    for option in options.split_whitespace() {
        assert!(help.lines().any(|line| line.trim_start().trim_start_matches("-A, ").contains(option)), "{option}");
    }
}

#[cfg(unix)]
#[test]
fn fixes_keep_permissions_and_stay_in_the_tree() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let project = Project::with(&[("convex/users.ts", MUTATION), ("convex/locked.ts", MUTATION), ("elsewhere/far/a.ts", MUTATION)]);
    let mode = |path: &str, mode: u32| std::fs::set_permissions(project.path(path), PermissionsExt::from_mode(mode)).expect("set the mode");
    mode("convex/users.ts", 0o750);
    mode("convex/locked.ts", 0o444);
    symlink(project.path("elsewhere/far"), project.path("convex/linked")).expect("a link");
    let (_, said, code) = project.say("orm-lint -A all -D missing-args --fix convex");
    assert_eq!((said.lines().last(), code), (Some("error: convex/locked.ts was not changed: it is read-only"), 2), "{said}");
    assert!(is_in(&project.path("convex/users.ts"), "args: {}"));
    let kept = std::fs::metadata(project.path("convex/users.ts")).expect("the file").permissions().mode();
    assert_eq!(kept & 0o777, 0o750);
    assert!(!is_in(&project.path("elsewhere/far/a.ts"), "args: {}"), "links are not followed");
    let left: Vec<_> = std::fs::read_dir(project.path("convex")).expect("the folder").map(|e| e.expect("an entry").file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with('.')), "{left:?}");
}

#[test]
fn a_file_that_changed_is_not_overwritten() {
    let project = Project::with(&[("a.ts", "one"), ("other/b.ts", "one")]);
    let tree = project.path("").canonicalize().expect("the folder");
    let replace = |path: &str, tree: &Path| write::replace(&project.path(path), tree, "one", "two").map_err(|error| error.to_string());
    assert_eq!(replace("a.ts", &tree.join("other")).expect_err("outside").split(',').nth(1), Some(" outside of the project"));
    assert_eq!(replace("a.ts", &tree), Ok(()));
    assert_eq!(replace("a.ts", &tree), Err("it changed since it was read; run again".to_owned()));
    assert_eq!(read(&project.path("a.ts")), "two");
}

/// The files that are read for a run on some paths, each with its role; those asked for are marked.
fn loaded(project: &Project, asked: &[&str]) -> (Vec<String>, Loaded) {
    let asked: Vec<PathBuf> = asked.iter().map(|path| project.path(path)).collect();
    let (places, targets) = Places::of(&asked).expect("places");
    let loaded =
        load::load(&places, &targets, Reading { no_ignore: false, max_file_size: 1_000_000, pages: false, changed: None, clients: false });
    let shown = |(file, asked): (&File, &bool)| format!("{}{} {:?}", if *asked { "*" } else { "" }, file.source.path, file.role);
    let mut files: Vec<String> = loaded.files.iter().zip(&loaded.is_asked).map(shown).collect();
    files.sort_by_key(|file| file.trim_start_matches('*').to_owned());
    (files, loaded)
}

#[test]
fn the_project_around_a_file_is_read() {
    let project = Project::with(&[
        ("package.json", "{}"),
        ("convex/_generated/api.d.ts", "export {};"),
        ("convex/schema.ts", "export const a = 1;"),
        ("convex/users.ts", "import { a } from \"../lib/a\"; import { d } from \"#shared/d.js\";"),
        ("convex/users.test.ts", "import { x } from \"../lib/only-tested\";"),
        ("lib/a.ts", "export { b as a } from \"@/lib/b\";"),
        ("lib/b.ts", "export const b = 1;"),
        ("lib/c.ts", "import { v } from \"convex/values\";"),
        ("lib/only-tested.ts", "export const x = 1;"),
        ("shared/d.ts", "export const d = 1;"),
        (
            "tsconfig.base.json",
            "{ // comment\n \"compilerOptions\": { \"paths\": { \"@/*\": [\"./*\"], \"#shared/*\": [\"./shared/*\"], }, } }",
        ),
        ("tsconfig.json", "{ \"extends\": \"./tsconfig.base.json\" }"),
        ("convex/tsconfig.json", "{ \"compilerOptions\": {} }"),
    ]);
    let (files, loaded) = loaded(&project, &["convex/users.ts"]);
    let expected = [
        "convex/schema.ts Backend",
        "convex/users.test.ts Test",
        "*convex/users.ts Backend",
        "lib/a.ts Support",
        "lib/b.ts Support",
        "shared/d.ts Support",
    ];
    assert_eq!(files, expected);
    assert_eq!(loaded.layout.roots.iter().map(|root| root.functions.as_str()).collect::<Vec<_>>(), ["convex"]);
}

#[test]
fn projects_in_one_tree_are_told_apart() {
    let schema = "import { defineSchema } from \"convex/server\"; export default defineSchema({});";
    let project = Project::with(&[
        ("package.json", "{}"),
        ("apps/a/convex.json", "{ \"functions\": \"src/backend\" }"),
        ("apps/a/src/backend/x.ts", "import s from \"../../../../db/schema\";"),
        ("apps/b/convex/convex.config.ts", "export default defineApp();"),
        ("apps/b/convex/parts/stats/convex.config.ts", "export default defineComponent(\"stats\");"),
        ("apps/b/convex/parts/stats/schema.ts", schema),
        ("apps/b/convex/model/schema.ts", schema),
        ("apps/c/functions/y.ts", "import { query } from \"./_generated/server\";"),
        ("apps/c/functions/z.ts", "export const z = 1;"),
        ("db/schema.ts", schema),
        ("plain/schema.ts", "export default {};"),
        ("server/schema.ts", schema),
    ]);
    let (_, loaded) = loaded(&project, &["."]);
    let roots: Vec<(&str, bool)> = loaded.layout.roots.iter().map(|root| (root.functions.as_str(), root.is_component)).collect();
    let expected = [
        ("apps/a/src/backend", false),
        ("apps/b/convex", false),
        ("apps/b/convex/parts/stats", true),
        ("apps/c/functions", false),
        ("server", false),
    ];
    assert_eq!(roots, expected);
    assert!(loaded.files.iter().any(|file| file.source.path == "apps/c/functions/z.ts"));
}

#[test]
fn labels_may_lie_in_other_files() {
    let text = "one\ntwo\n\u{1b}[31mthree\n";
    let files = ["convex/a.ts", "convex/b.ts"].into_iter().zip(0..);
    let files = files.map(|(path, id)| model::read(FileId(id), path.to_owned(), text.to_owned())).collect();
    let workspace = Workspace::link(files, Layout::default());
    let span = |file, start, end| Span::new(FileId(file), start, end);
    let mut diagnostic =
        Diagnostic::new(span(0, 4, 7), "message\nin two").label(span(1, 0, 3), "there").label(span(1, 8, 18), "and there").help("help");
    diagnostic.fix = Some(Fix::r#unsafe("Do it", Vec::new()));
    let (places, _) = Places::of(&[PathBuf::from(".")]).expect("places");
    let lines = Lines::new(&workspace);
    let report =
        Report { places: &places, lines: &lines, diagnostics: &[&diagnostic], summary: Summary::default(), colors: false, checkout: None };
    let out = String::from_utf8(output::render(Format::Text, &report).expect("text")).expect("UTF-8");
    let expected = "\
error: message in two
  ┌─ convex/a.ts:2:1
  │
2 │ two
  │ ^^^
  │
  ┌─ convex/b.ts:1:1
  │
1 │ one
  │ --- there
2 │ two
3 │ ?[31mthree
  │ ---------- and there
  │
  = help: help
  = fix: Do it (unsafe)
";
    assert_eq!(trimmed(&out), expected);
}

struct Printed {
    out: String,
    err: String,
}

/// A folder for one test.
struct Project {
    folder: TempDir,
}

impl Project {
    fn new() -> Self {
        Self { folder: TempDir::new().expect("a temporary folder") }
    }

    fn with(files: &[(&str, &str)]) -> Self {
        let project = Self::new();
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("project").join(path)
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("a file in a folder")).expect("make the folder");
        std::fs::write(path, text).expect("write a file");
    }

    /// `cd folder && NAME=value orm-lint 'an argument'`.
    fn command(&self, line: &str) -> Command {
        let (folder, line) = line.strip_prefix("cd ").and_then(|rest| rest.split_once(" && ")).unwrap_or(("", line));
        let mut words = words(line).into_iter().peekable();
        let mut variables = Vec::new();
        while let Some((name, value)) = words.peek().and_then(|word| word.split_once('=')) {
            variables.push((name.to_owned(), value.to_owned()));
            words.next();
        }
        let program = match words.next().as_deref() {
            Some("orm-lint") => env!("CARGO_BIN_EXE_orm-lint"),
            Some("orm-migrate") => env!("CARGO_BIN_EXE_orm-migrate"),
            other => panic!("what is {other:?}?"),
        };
        let mut command = Command::new(program);
        std::fs::create_dir_all(self.path(folder)).expect("make the folder");
        // Settings of the person who runs the tests must not matter.
        let home = self.folder.path().join("home");
        command.current_dir(self.path(folder)).args(words).stdin(Stdio::null());
        for name in ["NO_COLOR", "CLICOLOR_FORCE", "GITHUB_WORKSPACE", "CI_PROJECT_DIR"] {
            command.env_remove(name);
        }
        command.env("HOME", &home).env("XDG_CONFIG_HOME", &home);
        command.envs(variables);
        command
    }

    fn run(&self, line: &str) -> Output {
        self.command(line).output().expect("run the program")
    }

    /// Standard output, standard error, exit code.
    fn say(&self, line: &str) -> (String, String, i32) {
        let output = self.run(line);
        (self.tidy(&output.stdout), self.tidy(&output.stderr), output.status.code().unwrap_or(-1))
    }

    /// Without what differs from run to run.
    fn tidy(&self, bytes: &[u8]) -> String {
        let folder = self.folder.path().canonicalize().expect("the folder");
        let text = String::from_utf8_lossy(bytes).replace(&*folder.to_string_lossy(), "[folder]");
        let text = text.replace(env!("CARGO_PKG_VERSION"), "[version]").replace('\u{1b}', "␛");
        let without_time = |line: &str| match line.split_once("\"duration_ms\": ") {
            Some((before, _)) => format!("{before}\"duration_ms\": 0"),
            None => line.to_owned(),
        };
        trimmed(&text.lines().map(without_time).fold(String::new(), |all, line| all + &line + "\n"))
    }
}

/// Without blanks at the ends of lines, which editors and Markdown do not keep.
fn trimmed(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let text = lines.join("\n").trim_end().to_owned();
    if text.is_empty() { text } else { text + "\n" }
}

fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for letter in line.chars() {
        match (quote, letter) {
            (None, ' ') => words.push(String::new()),
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            _ => words.last_mut().expect("a word").push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn is_in(path: &Path, text: &str) -> bool {
    std::fs::read_to_string(path).is_ok_and(|is| is.contains(text))
}
