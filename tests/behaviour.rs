//! Holds what becomes of functions against what they were: backends are called before and after their migration, in the fake of Convex's
//! backend that `convex-test` is, and have to yield the same and to leave the same rows.
//!
//! A backend is a folder with `convex/` and `steps.json`; what stands in that, and how it is run, is in `tests/conformance/functions.mjs`.
//! The types of both sides are checked, too. `BACKEND=choir cargo test --test behaviour backends` looks at one.

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use orm_lint::codemod::{From, Options, RelationStyle};
use orm_lint::codemods;
use orm_lint::source::FileId;
use serde_json::{Value, json};
use support::program::{copy_project, npm_packages, run, skip};
use support::{Failures, read, root};

#[test]
fn backends_do_what_they_did() {
    let Some(packages) = packages() else { return };
    let folder = tempfile::tempdir_in(&packages).expect("a folder");
    let place = folder.path();
    copy_project(&root().join("tests/conformance"), &place.join("harness"));
    let backends = backends();
    assert!(!backends.is_empty(), "no backend has steps.json");
    let cases: Vec<Value> = backends.iter().map(|backend| laid_out(backend, place, &options(backend), &|text| text)).collect();
    let mut failures = Failures::default();
    for (backend, result) in backends.iter().zip(outcomes(place, &packages, &cases)) {
        let problems: Vec<&str> = result["problems"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        failures.check(problems.is_empty(), || format!("{}\n  {}", backend.display(), problems.join("\n  ")));
        failures.check(result["steps"].as_u64() > Some(0) || !problems.is_empty(), || format!("{}: no step was made", backend.display()));
    }
    failures.report();
}

/// A person may leave files as they are: each of them alone, and all but one. What the others become has to work with them.
#[test]
fn files_may_stay_as_they_are() {
    let Some(packages) = packages() else { return };
    let folder = tempfile::tempdir_in(&packages).expect("a folder");
    let place = folder.path();
    copy_project(&root().join("tests/conformance"), &place.join("harness"));
    let mut failures = Failures::default();
    let (mut titles, mut cases) = (Vec::new(), Vec::new());
    for backend in backends() {
        let files = sources(&backend, &backend.join("convex"));
        let planned = |options: &Options| support::with_deep_stack(|| codemods::plan(&support::workspace(&files, Vec::new()), options));
        let path = |file: &FileId| files[file.0 as usize].0.clone();
        let all: Vec<FileId> = planned(&options(&backend)).files.into_keys().collect();
        // What changes even if no function does.
        let first = planned(&Options { kept: all.iter().map(path).collect(), ..options(&backend) });
        let functions: Vec<FileId> = all.into_iter().filter(|file| !first.files.contains_key(file)).collect();
        let others = |file: &FileId| functions.iter().copied().filter(|other| other != file).collect();
        let choices: BTreeSet<Vec<FileId>> = functions.iter().flat_map(|file| [vec![*file], others(file)]).collect();
        for kept in choices {
            let options = Options { kept: kept.iter().map(path).collect(), ..options(&backend) };
            let plan = planned(&options);
            let title = format!("{}, without {}", backend.display(), options.kept.join(", "));
            failures.check(!kept.iter().any(|file| plan.files.contains_key(file)), || format!("{title}: it is changed all the same"));
            failures.check(!plan.files.is_empty(), || format!("{title}: nothing is changed"));
            let inner = place.join(cases.len().to_string());
            cases.push(laid_out(&backend, &inner, &options, &|text| text));
            titles.push(title);
        }
    }
    assert!(cases.len() > 10 || std::env::var_os("BACKEND").is_some(), "{} choices", cases.len());
    for (title, result) in titles.iter().zip(outcomes(place, &packages, &cases)) {
        let problems: Vec<&str> = result["problems"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        failures.check(problems.is_empty(), || format!("{title}\n  {}", problems.join("\n  ")));
    }
    failures.report();
}

/// Breaks migrated code as a codemod might have, and expects that somebody notices.
#[test]
fn what_is_wrong_is_noticed() {
    let Some(packages) = packages() else { return };
    let folder = tempfile::tempdir_in(&packages).expect("a folder");
    let place = folder.path();
    copy_project(&root().join("tests/conformance"), &place.join("harness"));
    let sabotages: [(&str, &str, &str); 10] = [
        ("projects/choir", "desc", "asc"),
        ("projects/choir", "query: text", "query: composer"),
        ("projects/choir", "{ gt: after }", "{ gte: after }"),
        ("projects/choir", ") !== null", ") === null"),
        ("projects/choir", "toDocumentPage(\"pieces\", ", "("),
        ("projects/choir", "phone, editedAt", "editedAt"),
        ("backends/notebook", "limit: 2,", "limit: 1,"),
        ("backends/notebook", "color: color ?? unsetToken", "color"),
        ("backends/notebook", "state: \"desc\", createdAt: \"desc\"", "createdAt: \"desc\""),
        ("backends/notebook", "toDocument(\"writers\", ", "("),
    ];
    let cases: Vec<Value> = sabotages
        .iter()
        .enumerate()
        .map(|(i, (backend, old, new))| {
            let inner = place.join(i.to_string());
            std::fs::create_dir_all(&inner).expect("a folder");
            let backend = root().join("fixtures").join(backend);
            laid_out(&backend, &inner, &options(&backend), &|text: String| text.replace(old, new))
        })
        .collect();
    for ((_, old, _), result) in sabotages.iter().zip(outcomes(place, &packages, &cases)) {
        let problems = result["problems"].as_array().map_or(0, Vec::len);
        assert!(problems > 0, "nobody notices that `{old}` is another");
    }
}

/// A way to break migrated code: what it is, what is looked for, and what is put there. Knows nothing of how the code was written.
struct Sabotage {
    what: &'static str,
    /// The text to break begins here, and ends where `until` begins; nothing else is touched.
    from: &'static str,
    until: &'static str,
    new: &'static str,
}

const fn sabotage(what: &'static str, from: &'static str, until: &'static str, new: &'static str) -> Sabotage {
    Sabotage { what, from, until, new }
}

const SABOTAGES: [Sabotage; 28] = [
    sabotage("another order", "\"asc\"", "", "\"desc\""),
    sabotage("another order", "\"desc\"", "", "\"asc\""),
    sabotage("a lost order", "orderBy: { createdAt: \"desc\"", " }", "...{"),
    sabotage("a lost limit", "limit: ", ",\n", "limit: 1000"),
    sabotage("a lost limit", "limit: ", " }", "limit: 1000"),
    sabotage("a limit of one", "allowFullScan: true", "", "limit: 1"),
    sabotage("a lost await", "await ctx.orm", "", "ctx.orm"),
    sabotage("a lost await", "await db", "", "db"),
    sabotage("a lost await", "await orm.", "", "orm."),
    sabotage("null where it threw", "findFirstOrThrow(", "", "findFirst("),
    sabotage("an error where it was null", "findFirst(", "", "findFirstOrThrow("),
    sabotage("the first of several", "onlyRow(", "", "((rows: any) => rows[0] ?? null)("),
    sabotage("a bound that is in", "{ gt: ", "", "{ gte: "),
    sabotage("a bound that is out", "{ gte: ", "", "{ gt: "),
    sabotage("a bound that is in", "{ lt: ", "", "{ lte: "),
    sabotage("a bound the other way", "{ gt: ", "", "{ lt: "),
    sabotage("a lost condition", "where: {", "}", "where: {"),
    sabotage("another index", "by: ", "", "by: "),
    sabotage("rows in the place of documents", "toDocuments(\"", "\", ", "(("),
    sabotage("a row in the place of a document", "toDocument(\"", "\", ", "(("),
    sabotage("a page of rows", "toDocumentPage(\"", "\", ", "(("),
    sabotage("a value that stays", "?? unsetToken", "", "?? undefined"),
    sabotage("a value that stays", ": unsetToken", "", ": undefined"),
    sabotage("a value that stays", "unsetting(", "", "("),
    sabotage("a pair that is written twice", ".onConflictDoNothing(", ")", ".returning("),
    sabotage("a lost default", " ?? false", "", ""),
    sabotage("the other way about", ") !== null", "", ") === null"),
    sabotage("another relation", "with: {", ":", "with: { none"),
];

impl Sabotage {
    /// The text, broken in one place after another.
    fn all(&self, text: &str) -> Vec<String> {
        let places = text.match_indices(self.from).filter_map(|(at, _)| {
            let end = match self.until {
                "" => at + self.from.len(),
                until => at + text[at..].find(until)?,
            };
            let broken = format!("{}{}{}", &text[..at], self.new, &text[end..]);
            (broken != text && end - at < 200).then_some(broken)
        });
        places.collect()
    }
}

/// How often a kind of sabotage is tried on one backend.
const TRIES: usize = 2;

/// Breaks what became of every backend in every way that there is, a place at a time: the runs, or the compiler, have to notice.
#[test]
fn sabotage_of_every_kind_is_noticed() {
    let Some(packages) = packages() else { return };
    let folder = tempfile::tempdir_in(&packages).expect("a folder");
    let place = folder.path();
    copy_project(&root().join("tests/conformance"), &place.join("harness"));
    let (mut cases, mut titles) = (Vec::new(), Vec::new());
    for backend in backends() {
        let files = sources(&backend, &backend.join("convex"));
        let plan = support::with_deep_stack(|| codemods::plan(&support::workspace(&files, Vec::new()), &options(&backend)));
        let written: BTreeSet<&str> = plan.files.values().map(|rewritten| rewritten.text.as_str()).collect();
        let mut broken: Vec<(&str, &str, String)> = Vec::new();
        for what in SABOTAGES.iter().map(|sabotage| sabotage.what).collect::<BTreeSet<_>>() {
            let ways = SABOTAGES.iter().filter(|sabotage| sabotage.what == what);
            let functions = written.iter().filter(|text| !text.contains("convexTable("));
            let all = ways.flat_map(|way| functions.clone().flat_map(|text| way.all(text).into_iter().map(|new| (what, *text, new))));
            let mut all: Vec<(&str, &str, String)> = all.collect();
            // Not the first ones alone, which stand close together.
            let step = all.len().div_ceil(TRIES).max(1);
            all = all.into_iter().step_by(step).collect();
            broken.append(&mut all);
        }
        let mut case = Value::Null;
        let mut afters = Vec::new();
        for (what, old, new) in broken {
            let inner = place.join(format!("{}-{}", titles.len(), afters.len()));
            case = laid_out(&backend, &inner, &options(&backend), &|text| if text == old { new.clone() } else { text });
            afters.push(case["after"].clone());
            let line = old.lines().zip(new.lines()).position(|(old, new)| old != new).unwrap_or_default();
            let words = |text: &str| text.lines().nth(line).unwrap_or_default().trim().to_owned();
            titles.push((what, format!("{}: {} → {}", backend.file_name().unwrap_or_default().display(), words(old), words(&new))));
        }
        cases.push(json!({ "before": case["before"], "afters": afters, "steps": case["steps"] }));
    }
    let results = outcomes(place, &packages, &cases);
    let failed: Vec<&str> = results.iter().filter_map(|result| result["failed"].as_str()).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let by = results.iter().flat_map(|result| result["by"].as_array().into_iter().flatten()).filter_map(Value::as_str);
    let (mut counts, mut missed) = (std::collections::BTreeMap::<&str, (usize, usize)>::new(), Vec::new());
    for ((what, title), by) in titles.iter().zip(by) {
        let count = counts.entry(what).or_default();
        count.0 += 1;
        count.1 += usize::from(!by.is_empty());
        if by.is_empty() {
            missed.push(format!("{what}: {title}"));
        }
    }
    let lines: Vec<String> = counts.iter().map(|(what, (made, noticed))| format!("{noticed} of {made}  {what}")).collect();
    let (made, noticed) = counts.values().fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    let said = format!("{}\n{noticed} of {made} are noticed; not these:\n{}", lines.join("\n"), missed.join("\n"));
    println!("{said}");
    // Some places are not reached by any step, and some changes make no difference: two of two rows are all of them.
    assert!(noticed * 4 >= made * 3 && made > 60 || std::env::var_os("BACKEND").is_some(), "{said}");
}

fn packages() -> Option<PathBuf> {
    match npm_packages(&root().join("tests/conformance")) {
        Ok(packages) => Some(packages),
        Err(why) => {
            skip(&format!("the packages to run migrated functions with could not be installed with npm: {why}"));
            None
        }
    }
}

fn backends() -> Vec<PathBuf> {
    let folders = ["fixtures/projects", "fixtures/backends"].map(|folder| root().join(folder));
    let entries = folders.iter().flat_map(|folder| std::fs::read_dir(folder).expect("the fixtures"));
    let mut backends: Vec<PathBuf> =
        entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.join("steps.json").exists()).collect();
    if let Ok(asked) = std::env::var("BACKEND") {
        backends.retain(|path| path.ends_with(&asked));
    }
    backends.sort();
    backends
}

/// The backend before and after, with `broken` done to what the codemod wrote.
fn laid_out(backend: &Path, place: &Path, options: &Options, broken: &dyn Fn(String) -> String) -> Value {
    let files = sources(backend, &backend.join("convex"));
    let plan = support::with_deep_stack(|| codemods::plan(&support::workspace(&files, Vec::new()), options));
    let mut after = files.clone();
    for (file, rewritten) in &plan.files {
        after[file.0 as usize].1 = broken(rewritten.text.clone());
    }
    after.extend(plan.created.iter().map(|(path, text)| (path.clone(), broken(text.clone()))));
    let name = backend.file_name().expect("a name");
    let folder = place.join(name);
    for (side, files) in [("before", &files), ("after", &after)] {
        for (path, text) in files {
            let path = folder.join(side).join(path);
            std::fs::create_dir_all(path.parent().expect("a file in a folder")).expect("make the folder");
            std::fs::write(path, text).expect("write a file");
        }
        copy_project(&root().join("tests/conformance/generated"), &folder.join(side).join("convex/_generated"));
    }
    let steps: Value = serde_json::from_str(&read(&backend.join("steps.json"))).expect("steps.json");
    json!({ "before": folder.join("before"), "after": folder.join("after"), "steps": steps })
}

/// By what the backend is made of.
fn options(backend: &Path) -> Options {
    let is_of_ents = read(&backend.join("convex/schema.ts")).contains("convex-ents");
    Options {
        from: if is_of_ents { From::Ents } else { From::Convex },
        relations: RelationStyle::DefineRelations,
        orm: "better-convex/orm".to_owned(),
        one_to_one: Default::default(),
        foreign_keys: Default::default(),
        nullable: Default::default(),
        schema_function: Default::default(),
        target: Default::default(),
        projects: None,
        only: None,
        tables: Vec::new(),
        kept: Vec::new(),
        todo: false,
        public_shape: Default::default(),
    }
}

fn sources(backend: &Path, folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "_generated") {
            found.extend(sources(backend, &path));
        } else if path.extension().is_some_and(|ending| ending == "ts") {
            let name = path.strip_prefix(backend).expect("a path in the backend").display().to_string();
            found.push((name, read(&path)));
        }
    }
    found.sort();
    found
}

fn outcomes(place: &Path, packages: &Path, cases: &[Value]) -> Vec<Value> {
    let list = place.join("list.json");
    std::fs::write(&list, Value::from(cases.to_vec()).to_string()).expect("write the list");
    let output = run(Command::new("node").arg(place.join("harness/functions.mjs")).arg(&list).current_dir(packages));
    assert!(output.code == 0, "{}\n{}", output.err, output.out);
    serde_json::from_str(&output.out).unwrap_or_else(|error| panic!("{error}: {}", output.out))
}
