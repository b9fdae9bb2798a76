//! The formats for other programs say what `--format json` says: read back, and compared finding by finding.
//!
//! How they look on a small project is in `tests/cli/formats.md`.

mod support;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::Value;
use support::program::{copy_project, npm_packages, orm_lint, run};
use support::root;

fn project() -> PathBuf {
    root().join("fixtures/projects/taskboard")
}

fn read(format: &str) -> String {
    orm_lint(&project(), &["--format", format]).out
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// Rule, file, line and message of each finding, as the stable format has them.
fn expected() -> Vec<(String, String, u64, String)> {
    let document = json(&read("json"));
    let findings = document["diagnostics"].as_array().expect("findings").iter().map(|finding| {
        let text = |key: &str| finding[key].as_str().expect("a text").to_owned();
        (text("rule"), text("file"), finding["start"]["line"].as_u64().expect("a line"), text("message"))
    });
    let findings: Vec<_> = findings.collect();
    assert!(findings.len() > 10, "the project has findings");
    findings
}

#[test]
fn sarif_holds_every_finding_with_its_rule_and_fix() {
    let document = json(&read("sarif"));
    assert_eq!(document["version"], "2.1.0");
    let run = &document["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let results = run["results"].as_array().expect("results");
    let expected = expected();
    assert_eq!(results.len(), expected.len());
    for (result, (rule, file, line, message)) in results.iter().zip(expected) {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("a place");
        assert_eq!((&result["ruleId"], &rules[index]["id"]), (&Value::from(&*rule), &Value::from(&*rule)));
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!((place["artifactLocation"]["uri"].as_str(), place["region"]["startLine"].as_u64()), (Some(&*file), Some(line)));
        assert!(result["message"]["text"].as_str().expect("a text").starts_with(&message));
    }
    let fixes = results.iter().filter(|result| !result["fixes"].is_null()).count();
    let fixable = json(&read("json"))["diagnostics"].as_array().expect("findings").iter().filter(|f| !f["fix"].is_null()).count();
    assert_eq!(fixes, fixable);
}

/// What the published JSON schema says against some reports; `None` where the validator cannot be had.
fn held_against_the_schema(reports: &[Value]) -> Option<Vec<String>> {
    let packages = npm_packages(&root().join("tests/clients"), "the validator of JSON schemas")?;
    let folder = tempfile::tempdir().expect("a folder");
    let mut node = Command::new("node");
    node.arg(root().join("tests/clients/sarif.mjs")).arg(packages);
    for (i, report) in reports.iter().enumerate() {
        let path = folder.path().join(format!("{i}.sarif"));
        std::fs::write(&path, report.to_string()).expect("write");
        node.arg(path);
    }
    let output = run(&mut node);
    assert_eq!(output.code, 0, "{}", output.err);
    Some(serde_json::from_str(&output.out).unwrap_or_else(|error| panic!("{error}: {}", output.out)))
}

#[test]
fn sarif_is_what_its_schema_asks_for() {
    let projects = std::fs::read_dir(root().join("fixtures/projects")).expect("the projects").map(|entry| entry.expect("an entry").path());
    let reports: Vec<Value> = projects.map(|project| json(&orm_lint(&project, &["--format", "sarif"]).out)).collect();
    let Some(problems) = held_against_the_schema(&reports) else { return };
    assert!(problems.is_empty(), "{problems:#?}");
    let all = |pointer: &str| reports.iter().filter_map(|report| report.pointer(pointer)?.as_array()).flatten().collect::<Vec<_>>();
    // All of what may be in a report was in one of these.
    let (rules, results) = (all("/runs/0/tool/driver/rules"), all("/runs/0/results"));
    for part in ["id", "name", "shortDescription", "help", "helpUri", "defaultConfiguration", "properties"] {
        assert!(!rules.is_empty() && rules.iter().all(|rule| !rule[part].is_null()), "{part}");
    }
    for part in ["relatedLocations", "fixes"] {
        assert!(results.iter().any(|result| !result[part].is_null()), "{part}");
    }
}

#[test]
fn a_wrong_report_is_not_what_the_schema_asks_for() {
    let report = json(&read("sarif"));
    let spoilt = |pointer: &str, value: Value| {
        let mut spoilt = report.clone();
        *spoilt.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
        spoilt
    };
    let reports = [
        spoilt("/version", Value::from("2.0.0")),
        spoilt("/runs/0/results/0/level", Value::from("bad")),
        spoilt("/runs/0/results/0/locations/0/physicalLocation/region/startLine", Value::from(0)),
        spoilt("/runs/0/tool/driver/rules/0/helpUri", Value::from("no address")),
        spoilt("/runs/0/results/0/message", Value::from("text")),
    ];
    let Some(problems) = held_against_the_schema(&reports) else { return };
    for i in 0..reports.len() {
        assert!(problems.iter().any(|problem| problem.contains(&format!("{i}.sarif"))), "{i}: {problems:#?}");
    }
}

/// A task may run in a folder of the checkout; the server that shows findings counts paths from its top.
#[test]
fn servers_get_paths_from_the_top_of_the_checkout() {
    let copy = tempfile::tempdir().expect("a folder");
    let app = copy.path().join("apps/board");
    copy_project(&project(), &app);
    for (format, variable) in [("github", "GITHUB_WORKSPACE"), ("sarif", "GITHUB_WORKSPACE"), ("gitlab", "CI_PROJECT_DIR")] {
        let said = |checkout: Option<&std::path::Path>| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_orm-lint"));
            command.args(["--format", format]).current_dir(&app).env_remove("GITHUB_WORKSPACE").env_remove("CI_PROJECT_DIR");
            let output = command.envs(checkout.map(|checkout| (variable, checkout))).output().expect("start");
            String::from_utf8(output.stdout).expect("UTF-8")
        };
        let (plain, counted, elsewhere) = (said(None), said(Some(copy.path())), said(Some(&app.join("convex"))));
        assert!(plain.contains("convex/tasks.ts") && !plain.contains("apps/board"), "{format}: {plain}");
        let wanted = plain.matches("convex/tasks.ts").count();
        assert_eq!(counted.matches("apps/board/convex/tasks.ts").count(), wanted, "{format}: {counted}");
        assert!(elsewhere.contains("tasks.ts") && !elsewhere.contains("apps/board"), "{format}: {elsewhere}");
    }
}

#[test]
fn fingerprints_are_distinct_and_do_not_depend_on_lines() {
    let fingerprints = |text: &str| -> BTreeSet<String> {
        let report = json(text);
        let all: Vec<&Value> = report.as_array().expect("findings").iter().map(|finding| &finding["fingerprint"]).collect();
        let distinct: BTreeSet<String> = all.iter().map(|value| value.to_string()).collect();
        assert_eq!(all.len(), distinct.len());
        distinct
    };
    let before = fingerprints(&read("gitlab"));
    assert_eq!(before.len(), expected().len());
    let copy = tempfile::tempdir().expect("a folder");
    copy_project(&project(), copy.path());
    for file in ["convex/tasks.ts", "convex/schema.ts"] {
        let path = copy.path().join(file);
        let text = support::read(&path);
        std::fs::write(&path, format!("\n\n{text}")).expect("write");
    }
    assert_eq!(before, fingerprints(&orm_lint(copy.path(), &["--format", "gitlab"]).out));
}

#[test]
fn xml_is_well_formed_and_holds_every_finding() {
    for (format, element, attribute) in [("junit", "failure", "message"), ("checkstyle", "error", "message")] {
        let text = read(format);
        let found = attributes(&text, element, attribute);
        let expected = expected();
        assert_eq!(found.len(), expected.len(), "{format}");
        for (found, (.., message)) in found.iter().zip(&expected) {
            assert!(found.starts_with(&**message), "{format}: {found}");
        }
    }
}

/// The values of an attribute, as a reader of XML sees them.
fn attributes(text: &str, element: &str, attribute: &str) -> Vec<String> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut values = Vec::new();
    let mut add = |start: &BytesStart<'_>| {
        if start.name().as_ref() == element {
            let value = start.try_get_attribute(attribute).expect("attributes").expect("the attribute");
            values.push(value.normalized_value(quick_xml::XmlVersion::default()).expect("a value").into_owned());
        }
    };
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error}")) {
            Event::Start(start) | Event::Empty(start) => add(&start),
            Event::Eof => return values,
            _ => {}
        }
    }
}

#[test]
fn annotations_are_one_line_for_each_finding() {
    let text = read("github");
    let expected = expected();
    assert_eq!(text.lines().count(), expected.len());
    for (line, (rule, file, at, _)) in text.lines().zip(&expected) {
        assert!(line.contains(&format!(" title={rule},file={file},line={at},")), "{line}");
    }
}
