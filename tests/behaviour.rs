//! Holds what becomes of functions against what they were: backends are called before and after their migration, in the fake of Convex's
//! backend that `convex-test` is, and have to yield the same and to leave the same rows.
//!
//! A backend is a folder with `convex/` and `steps.json`; what stands in that, and how it is run, is in `tests/conformance/functions.mjs`.
//! The types of both sides are checked, too. `BACKEND=choir cargo test --test behaviour backends` looks at one.

mod support;

#[path = "behaviour/backends.rs"]
mod backends;
#[path = "behaviour/differences.rs"]
mod differences;
#[path = "behaviour/harmless.rs"]
mod harmless;
#[path = "behaviour/left.rs"]
mod left;
#[path = "behaviour/rows.rs"]
mod rows;
#[path = "behaviour/rows_of_convex.rs"]
mod rows_of_convex;
#[path = "behaviour/sabotage.rs"]
mod sabotage;

use std::collections::{BTreeMap, BTreeSet};

use backends::{Backend, Bench, backends, is_one_asked_for, problems};
use harmless::{HARMLESS, Harmless};
use orm_lint::codemod::{From, Left, Options, Part};
use orm_lint::codemods;
use sabotage::Broken;
use serde_json::Value;
use support::{Failures, codemod_case};

#[test]
fn backends_do_what_they_did() {
    let Some(mut bench) = Bench::new() else { return };
    let backends = backends();
    let cases: Vec<Value> = backends.iter().map(|backend| bench.case(backend, &backend.written)).collect();
    let mut failures = Failures::default();
    for (backend, result) in backends.iter().zip(bench.outcomes(&cases)) {
        let problems = problems(&result);
        failures.check(problems.is_empty(), || format!("{}\n  {}", backend.name, problems.join("\n  ")));
        failures.check(result["steps"].as_u64() > Some(0) || !problems.is_empty(), || format!("{}: no step was made", backend.name));
        let steps = backend.steps.to_string();
        for function in functions(backend) {
            failures.check(steps.contains(&format!("\"call\":\"{function}\"")), || format!("{}: nothing calls {function}", backend.name));
        }
    }
    failures.report();
}

/// Where the schema goes first, functions of plain Convex stay as they are, on tables of the ORM: they have to do what they did there.
#[test]
fn functions_that_stay_do_what_they_did() {
    let Some(mut bench) = Bench::new() else { return };
    let mut failures = Failures::default();
    let (mut titles, mut cases) = (Vec::new(), Vec::new());
    for backend in backends().into_iter().filter(|backend| backend.options.from == From::Convex) {
        let written = backend.migrated(&Options { only: Some(Part::Schema), ..backend.options.clone() }).0;
        failures.check(written.contains_key("convex/schema.ts"), || format!("{}: the schema stays", backend.name));
        cases.push(bench.case(&backend, &written));
        titles.push(backend.name);
    }
    for (title, result) in titles.iter().zip(bench.outcomes(&cases)) {
        let problems = problems(&result);
        failures.check(problems.is_empty(), || format!("{title}\n  {}", problems.join("\n  ")));
    }
    failures.report();
}

/// What is exported and looks like a function that can be called: `notes:add`.
fn functions(backend: &Backend) -> Vec<String> {
    let mut all = Vec::new();
    for (path, text) in &backend.files {
        let module = path.trim_start_matches("convex/").trim_end_matches(".ts");
        for line in text.lines().filter_map(|line| line.strip_prefix("export const ")) {
            let Some((name, made)) = line.split_once(" = ") else { continue };
            let head = made.split(['(', ' ']).next().unwrap_or_default().to_lowercase();
            if ["query", "mutation", "action"].iter().any(|kind| head.ends_with(kind)) && made.contains('(') && made.contains('{') {
                all.push(format!("{module}:{name}"));
            }
        }
    }
    all
}

/// The schema may be migrated alone, and the functions in a run of their own, which sees no more than the tables of the ORM.
#[test]
fn functions_may_follow_later() {
    let Some(mut bench) = Bench::new() else { return };
    let mut failures = Failures::default();
    let (mut titles, mut cases) = (Vec::new(), Vec::new());
    for backend in backends().into_iter().filter(|backend| backend.options.from == From::Convex) {
        let part = |only: Part| Options { only: Some(only), ..backend.options.clone() };
        let (schema, _) = backend.migrated(&part(Part::Schema));
        let later = backend.with(&schema);
        let (functions, _) = later.migrated(&part(Part::Functions));
        let relations = |written: &BTreeMap<String, String>| written.values().map(|text| text.matches("with: {").count()).sum::<usize>();
        let (at_once, alone) = (relations(&backend.written), relations(&functions));
        failures.check(alone >= at_once, || format!("{}: {alone} queries load rows along, and {at_once} at once", backend.name));
        cases.push(bench.case(&backend, &schema.into_iter().chain(functions).collect()));
        titles.push(backend.name);
    }
    for (title, result) in titles.iter().zip(bench.outcomes(&cases)) {
        let problems = problems(&result);
        failures.check(problems.is_empty(), || format!("{title}\n  {}", problems.join("\n  ")));
    }
    failures.report();
}

/// A person may leave files as they are: each of them alone, and all but one. What the others become has to work with them.
#[test]
fn files_may_stay_as_they_are() {
    let Some(mut bench) = Bench::new() else { return };
    let mut failures = Failures::default();
    let (mut titles, mut cases) = (Vec::new(), Vec::new());
    for backend in backends() {
        let keeping = |kept: &[&str]| {
            let options = Options { kept: kept.iter().map(|path| (*path).to_owned()).collect(), ..backend.options.clone() };
            backend.migrated(&options).0
        };
        let all: Vec<&str> =
            backend.files.iter().map(|(path, _)| path.as_str()).filter(|path| backend.written.contains_key(*path)).collect();
        // What changes even if no function does.
        let first = keeping(&all);
        let functions: Vec<&str> = all.into_iter().filter(|path| !first.contains_key(*path)).collect();
        let others = |path: &&str| functions.iter().copied().filter(|other| other != path).collect();
        let mut choices: BTreeSet<Vec<&str>> = functions.iter().flat_map(|path| [vec![*path], others(path)]).collect();
        // To the compiler, documents of the ORM's tables name no ids that could be followed: `doc-type-any`.
        let follows = |path: &&str| backend.files.iter().any(|(own, text)| own == path && text.contains("getManyVia("));
        choices.retain(|kept| !kept.iter().any(follows));
        for kept in choices {
            let written = keeping(&kept);
            let title = format!("{}, without {}", backend.name, kept.join(", "));
            failures.check(!kept.iter().any(|path| written.contains_key(*path)), || format!("{title}: it is changed all the same"));
            failures.check(!written.is_empty(), || format!("{title}: nothing is changed"));
            cases.push(bench.case(&backend, &written));
            titles.push(title);
        }
    }
    assert!(cases.len() > 10 || is_one_asked_for(), "{} choices", cases.len());
    for (title, result) in titles.iter().zip(bench.outcomes(&cases)) {
        let problems = problems(&result);
        failures.check(problems.is_empty(), || format!("{title}\n  {}", problems.join("\n  ")));
    }
    failures.report();
}

/// Every row of the mapping has a function that shows it, and a run that notices where it is another.
#[test]
fn every_row_of_the_mapping_is_run() {
    let Some(mut bench) = Bench::new() else { return };
    if is_one_asked_for() {
        return;
    }
    let backends = backends();
    let mut failures = Failures::default();
    let (mut names, mut cases, mut titles) = (BTreeSet::new(), Vec::new(), Vec::new());
    for (from, (row, name, function, before, after, (old, new))) in
        rows::ENTS.iter().map(|row| (From::Ents, row)).chain(rows_of_convex::CONVEX.iter().map(|row| (From::Convex, row)))
    {
        let title = format!("{row} ({name}, {function})");
        failures.check(names.insert((from == From::Ents, row)), || format!("two rows are called \"{row}\""));
        let found = backends.iter().find(|backend| backend.name == *name && backend.options.from == from).and_then(|backend| {
            let (module, function) = function.split_once(':')?;
            let path = backend.files.iter().map(|(path, _)| path.as_str()).find(|path| *path == format!("convex/{module}.ts"))?;
            Some((backend, path, function_in(backend.before(path)?, function)?, function_in(backend.after(path)?, function)?))
        });
        let Some((backend, path, was, is)) = found else {
            failures.add(format!("{title}: there is no such function"));
            continue;
        };
        failures.check(plain(was).contains(&plain(before)), || format!("{title}: it does not have `{before}` before:\n{was}"));
        failures.check(plain(is).contains(&plain(after)), || format!("{title}: it does not have `{after}` after:\n{is}"));
        let Some(place) = found_in(is, old) else {
            failures.add(format!("{title}: it does not have `{old}` to break:\n{is}"));
            continue;
        };
        let broken = format!("{}{new}{}", &is[..place.start], &is[place.end..]);
        let text = backend.after(path).unwrap_or_default().replacen(is, &broken, 1);
        cases.push(bench.broken(backend, &[(path, text, false)]));
        titles.push((title, broken));
    }
    for ((title, broken), by) in titles.iter().zip(bench.noticed(&cases)) {
        failures.check(by == ["run"], || format!("{title}: no run notices that this is another:\n{broken}"));
    }
    failures.report();
}

/// What has no row is left as it was, and said.
#[test]
fn what_has_no_row_is_left() {
    let mut failures = Failures::default();
    let cases = codemod_case::all(&mut failures);
    for (row, code, place, words) in left::LEFT {
        let Some((_, case)) = cases.iter().find(|(shown, _)| shown == place) else {
            failures.add(format!("{row}: there is no fixture \"{place}\""));
            continue;
        };
        let holds = |files: &[(String, String)]| files.iter().any(|(_, text)| plain(text).contains(&plain(words)));
        failures.check(holds(&case.before()), || format!("{row}: \"{place}\" does not have `{words}` before"));
        failures.check(holds(&case.after()), || format!("{row}: \"{place}\" does not have `{words}` after"));
        failures.check(case.is_left(code, words), || format!("{row}: \"{place}\" does not say {code} of `{words}`"));
    }
    failures.report();
}

/// What migrated functions do otherwise is reported with the place of the call, or the call is left.
#[test]
fn every_difference_is_reported() {
    let mut failures = Failures::default();
    let cases = codemod_case::all(&mut failures);
    for (what, code, words, place, line) in differences::DIFFERENCES {
        let Some((_, case)) = cases.iter().find(|(shown, _)| shown == place) else {
            failures.add(format!("{what}: there is no fixture \"{place}\""));
            continue;
        };
        let workspace = support::workspace(&case.before(), case.aliases.clone());
        let plan = support::with_deep_stack(|| codemods::plan(&workspace, &case.options));
        let lines = |left: &Left| {
            let text = &workspace.source(left.span.file).text;
            let (start, end) = (left.span.start as usize, left.span.end as usize);
            let from = text[..start].rfind('\n').map_or(0, |at| at + 1);
            text[from..end + text[end..].find('\n').unwrap_or(0)].to_owned()
        };
        let of_code: Vec<&Left> = plan.left.iter().filter(|left| left.code == *code).collect();
        let is_said = of_code.iter().any(|left| left.message.contains(words) && lines(left).contains(line));
        failures.check(is_said, || {
            let said: Vec<String> = of_code.iter().map(|left| format!("  {}\n    {}", lines(left).trim(), left.message)).collect();
            format!("{what}: \"{place}\" does not say {code}, `{words}`, of `{line}`:\n{}", said.join("\n"))
        });
    }
    failures.report();
}

/// A declaration at the outside of a text, up to the end of what it is made with.
fn function_in<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let heads = [format!("export const {name} = "), format!("async function {name}("), format!("const {name} = ")];
    let start = heads.iter().find_map(|head| text.find(&format!("\n{head}")))? + 1;
    let end = text[start..].match_indices('\n').map(|(at, _)| start + at).find(|at| {
        let next = &text[at + 1..];
        !next.starts_with([' ', '}', ')']) || next.is_empty()
    });
    Some(&text[start..end.unwrap_or(text.len())])
}

/// However lines are broken, and whether or not a comma stands at the end of one.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<String>().replace(",}", "}").replace(",)", ")").trim_end_matches([',', ';']).to_owned()
}

/// Where words stand in a text, however lines are broken and past comments.
fn found_in(text: &str, words: &str) -> Option<std::ops::Range<usize>> {
    let wanted: Vec<char> = words.chars().filter(|c| !c.is_whitespace()).collect();
    let mut letters: Vec<(usize, char)> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if !line.trim_start().starts_with("//") {
            letters.extend(line.char_indices().filter(|(_, c)| !c.is_whitespace()).map(|(i, c)| (at + i, c)));
        }
        at += line.len();
    }
    let found = letters.windows(wanted.len()).find(|window| window.iter().map(|(_, c)| c).eq(&wanted))?;
    let (last, c) = found[found.len() - 1];
    Some(found[0].0..last + c.len_utf8())
}

/// Breaks what became of every backend in every way that there is, a place at a time: the runs, or the compiler, have to notice.
#[test]
fn sabotage_of_every_kind_is_noticed() {
    let Some(mut bench) = Bench::new() else { return };
    let (mut cases, mut tried) = (Vec::new(), Vec::new());
    let mut used = BTreeSet::new();
    for backend in backends() {
        let mut changes = Vec::new();
        for (path, mut broken) in all_broken(&backend) {
            let text = backend.after(path).unwrap_or_default();
            let place = format!("{}/{path}", backend.name);
            let entry = HARMLESS.iter().position(|entry| is_about(entry, &place, text, &broken));
            used.extend(entry);
            broken.harmless = broken.harmless.or(entry.map(|entry| HARMLESS[entry].4));
            tried.push((broken.what, format!("{place}: {}", shown(text, &broken)), broken.harmless));
            changes.push((path, broken.text, broken.harmless.is_none()));
        }
        cases.push(bench.broken(&backend, &changes));
    }
    let (mut counts, mut missed, mut wrong) = (BTreeMap::<&str, [usize; 3]>::new(), Vec::new(), Vec::new());
    for ((what, title, harmless), by) in tried.iter().zip(bench.noticed(&cases).into_iter().flatten()) {
        let count = counts.entry(what).or_default();
        match (harmless, by.is_empty()) {
            (Some(_), true) => count[2] += 1,
            (Some(why), false) => wrong.push(format!("{what}: {title}: noticed, although {why}")),
            (None, is_missed) => {
                count[0] += 1;
                count[1] += usize::from(!is_missed);
                missed.extend(is_missed.then(|| format!("{what}: {title}")));
            }
        }
    }
    let line =
        |(what, [made, noticed, same]): (&&str, &[usize; 3])| format!("{noticed} of {made}  {what} ({same} more make no difference)");
    let lines: Vec<String> = counts.iter().map(line).collect();
    let [made, noticed, same] = counts.values().fold([0; 3], |all, one| [all[0] + one[0], all[1] + one[1], all[2] + one[2]]);
    let said = format!(
        "{}\n{noticed} of {made} are noticed, and {same} make no difference; not these:\n{}",
        lines.join("\n").replace(" (0 more make no difference)", ""),
        missed.join("\n")
    );
    println!("{said}");
    wrong.extend(
        HARMLESS.iter().enumerate().filter(|(i, _)| !used.contains(i) && !is_one_asked_for()).map(|(_, entry)| format!("stale: {entry:?}")),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let is_weak = |[made, noticed, _]: &[usize; 3]| noticed * 10 < made * 9;
    let is_strong = noticed * 100 >= made * 98 && !counts.values().any(is_weak);
    assert!(is_strong && made > 700 || is_one_asked_for(), "{said}");
}

/// What is broken in one backend, by the path of the file.
fn all_broken(backend: &Backend) -> Vec<(&str, Broken)> {
    let deleted = deleted(backend);
    let of_file = |(path, text): (&'_ String, &'_ String)| match text.contains("convexTable(") {
        true => sabotage::of_schema(text, &|table| deleted.contains(table)).into_iter().map(|one| (path.clone(), one)).collect::<Vec<_>>(),
        false => sabotage::of_functions(text).into_iter().map(|one| (path.clone(), one)).collect(),
    };
    let name = |path: &str| backend.written.keys().map(String::as_str).find(|name| *name == path).unwrap_or_default();
    backend.written.iter().flat_map(of_file).map(|(path, broken)| (name(&path), broken)).collect()
}

/// Whether an entry is about what is broken in a file.
fn is_about((what, file, function, words, _): &Harmless, place: &str, text: &str, broken: &Broken) -> bool {
    let before = &text[..broken.at.start];
    let near: String = before.chars().rev().take(150).collect::<Vec<_>>().into_iter().rev().collect();
    let declared = ["\nexport const ", "\nconst ", "\nasync function ", "\nexport async function "];
    let last = declared.iter().filter_map(|word| before.rfind(word).map(|at| at + word.len())).max().unwrap_or_default();
    let is_in = before[last..].strip_prefix(function).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
    *what == broken.what && *file == place && is_in && near.contains(words)
}

/// The tables whose rows go: those that are deleted, and those that refer to them.
fn deleted(backend: &Backend) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = BTreeSet::new();
    for text in backend.written.values().filter(|text| !text.contains("convexTable(")) {
        for (at, found) in text.match_indices(".delete(") {
            let name: String = text[at + found.len()..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            all.insert(name.trim_end_matches("Table").to_owned());
        }
    }
    let schema = backend.written.values().find(|text| text.contains("convexTable(")).map_or("", String::as_str);
    let tables: Vec<&str> = schema.split("export const ").collect();
    loop {
        let refers = |text: &str| all.iter().any(|table| text.contains(&format!("=> {table}.id, {{ onDelete")));
        let more: Vec<String> =
            tables.iter().filter(|text| refers(text)).filter_map(|text| Some(text.split_once(" =")?.0.to_owned())).collect();
        let count = all.len();
        all.extend(more);
        if all.len() == count {
            return all;
        }
    }
}

/// The line that is broken, before and after.
fn shown(text: &str, broken: &Broken) -> String {
    let line = text[..broken.at.start].matches('\n').count();
    let words = |text: &str| text.lines().nth(line).unwrap_or_default().trim().to_owned();
    format!("{}: {} → {}", line + 1, words(text), words(&broken.text))
}
