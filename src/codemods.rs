//! The codemods, and the one way to ask for one: what they plan is proved before anybody sees it.

pub mod codes;
mod functions;
pub mod proof;
mod schema;

use std::collections::BTreeMap;

use crate::codemod::{Calls, Left, Options, Part, Plan, Severity, Status};
use crate::model::hir::{Binding, BindingKind, ExprKind};
use crate::model::{Project, Workspace};
use crate::source::{self, Comment, FileId, SourceFile, Span};
use proof::{Outcome, Wider};
use schema::facts::Kept;

/// How often a plan is made anew without the tables that could not be proved.
const ROUNDS: usize = 8;

/// What the codemod would do with the workspace's projects. Pure; never fails: what cannot be migrated is left, and said.
pub fn plan(workspace: &Workspace, options: &Options) -> Plan {
    let mut all = Plan::default();
    let is_asked = |place: &usize| options.projects.as_ref().is_none_or(|asked| asked.contains(place));
    for place in (0..workspace.projects.len()).filter(is_asked) {
        let schema = proved(workspace, place, options, Run::First);
        let has_functions = options.only != Some(Part::Schema) && !schema.files.is_empty();
        let plan = match (options.only, has_functions) {
            (Some(Part::Functions), true) => functions_alone(workspace, place, options, schema),
            (Some(Part::Functions), false) if has_orm_tables(&schema) => {
                let mut plan = Plan { tables: schema.tables, ..Plan::default() };
                add_functions(workspace, place, options, &mut plan);
                plan
            }
            (Some(Part::Functions), false) => continue,
            (_, true) => {
                let mut plan = schema;
                add_functions(workspace, place, options, &mut plan);
                functions::documents::keep_types(workspace, place, options, &mut plan);
                plan
            }
            (_, false) => {
                let mut plan = schema;
                functions::documents::keep_types(workspace, place, options, &mut plan);
                plan
            }
        };
        all.files.extend(plan.files);
        all.created.extend(plan.created);
        all.tables.extend(plan.tables);
        all.left.extend(plan.left);
        all.calls.rewritten += plan.calls.rewritten;
        all.calls.left += plan.calls.left;
    }
    all.left.sort_by_key(|left| left.span);
    all
}

/// Whether the schema has been migrated before: its functions go by it as it is.
fn has_orm_tables(schema: &Plan) -> bool {
    schema.tables.iter().any(|table| table.status == Status::Already)
}

/// The functions by what the schema is going to be, which a run of its own is to write.
fn functions_alone(workspace: &Workspace, place: usize, options: &Options, schema: Plan) -> Plan {
    let mut plan = Plan { files: schema.files.clone(), ..Plan::default() };
    add_functions(workspace, place, options, &mut plan);
    plan.files.retain(|file, _| !schema.files.contains_key(file));
    plan
}

/// Adds what becomes of the functions, now that it is known what becomes of the schema.
fn add_functions(workspace: &Workspace, place: usize, options: &Options, plan: &mut Plan) {
    let texts = plan.files.iter().map(|(file, rewritten)| (*file, &*rewritten.text)).collect();
    let after = workspace.with_schemas(&texts);
    let mut options = options.clone();
    let mut refused: Vec<Left> = Vec::new();
    // A file that must not be written stays as one does that was to stay, and others are written so that they go on working with it.
    let mut outcome = loop {
        let outcome = with_comments(workspace, place, &after, &options, plan);
        let Some((span, why)) = spoilt(workspace, &outcome) else { break outcome };
        let path = &workspace.source(span.file).path;
        let can_stay = !plan.files.contains_key(&span.file) && !options.kept.contains(path);
        let what = if can_stay { format!("nothing of the functions in {path}") } else { "nothing of the functions".to_owned() };
        let message = format!("{what} is migrated: {why}");
        refused.push(Left { code: "unproved", severity: Severity::Error, span, message, suggestion: None });
        if !can_stay {
            let calls = Calls { rewritten: 0, left: outcome.calls.rewritten + outcome.calls.left };
            break functions::Outcome { calls, ..functions::Outcome::default() };
        }
        options.kept.push(path.clone());
    };
    let is_refused = |left: &Left| left.code == "functions-kept-file" && refused.iter().any(|why| why.span.file == left.span.file);
    outcome.left.retain(|left| !is_refused(left));
    outcome.left.extend(refused);
    // Each call that is left says so itself.
    if !outcome.files.is_empty() {
        let is_made_of_schema = |file: FileId| !outcome.files.contains_key(&file) && functions::makes_definitions(workspace, file);
        plan.left.retain(|left| left.code != "functions-ents" || is_made_of_schema(left.span.file));
    }
    plan.left.extend(outcome.left);
    plan.calls = outcome.calls;
    plan.files.extend(outcome.files);
    plan.created.extend(outcome.created);
}

/// What becomes of the functions. Calls with comments in them that the new code would have no place for are left.
fn with_comments(workspace: &Workspace, place: usize, after: &Workspace, options: &Options, plan: &Plan) -> functions::Outcome {
    let mut comments: Vec<Span> = Vec::new();
    loop {
        let outcome = functions::plan(workspace, place, after, options, &comments, &plan.files);
        let lost = |(file, rewritten): (&FileId, &crate::codemod::Rewritten)| {
            let source = workspace.source(*file);
            let new = crate::model::read(*file, source.path.clone(), rewritten.text.clone()).source;
            lost_comments(source, &new)
        };
        let found: Vec<Span> = outcome.files.iter().flat_map(lost).filter(|comment| !comments.contains(comment)).collect();
        if found.is_empty() {
            return outcome;
        }
        comments.extend(found);
    }
}

/// Where the new text of a file cannot be read, or lacks a comment of the old one: it must not be written.
fn spoilt(workspace: &Workspace, outcome: &functions::Outcome) -> Option<(Span, String)> {
    outcome.files.iter().find_map(|(file, rewritten)| {
        let source = workspace.source(*file);
        let new = crate::model::read(*file, source.path.clone(), rewritten.text.clone()).source;
        if let Some(error) = new.errors.first() {
            let start = Span { end: 0, ..source.whole() };
            return Some((start, format!("{} would not parse any more: {}", source.path, error.message)));
        }
        lost_comment(source, &new).map(|comment| (comment, "a comment would be lost".to_owned()))
    })
}

/// A plan of which all is proved: tables that fail stay what they are.
fn proved(workspace: &Workspace, place: usize, options: &Options, run: Run) -> Plan {
    let project = &workspace.projects[place];
    let mut kept: BTreeMap<String, Kept> = BTreeMap::new();
    for _ in 0..ROUNDS {
        let plan = schema::plan(workspace, project, options, &kept);
        if plan.files.is_empty() {
            return plan;
        }
        match judge(workspace, place, options, &plan, run) {
            Judgement::Holds(widened) => return with_widened(plan, widened),
            Judgement::Fails(tables) => {
                let before = kept.len();
                let known = |name: &str| plan.tables.iter().find(|table| table.name == name && table.status == Status::Migrated);
                for (name, why) in tables {
                    if let Some(table) = known(&name) {
                        let why = format!("the new table could not be proved to be the old one: {why}");
                        kept.entry(name).or_insert(schema::facts::kept("unproved", &why, table.span));
                    }
                }
                if kept.len() == before {
                    return refused(plan, project, "tables that must stay would have to change with it".to_owned());
                }
            }
            Judgement::Refused(why) => return refused(plan, project, why),
        }
    }
    let plan = schema::plan(workspace, project, options, &kept);
    refused(plan, project, "too many of its tables could not be proved".to_owned())
}

/// Whether what was written is being looked at again, to see that nothing more is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    First,
    Second,
}

enum Judgement {
    /// What each table allows that it did not before.
    Holds(BTreeMap<String, Vec<Wider>>),
    /// Tables that must not change, and why.
    Fails(Vec<(String, String)>),
    /// Nothing may change.
    Refused(String),
}

/// Looks at the plan's result as if somebody else had written it.
fn judge(workspace: &Workspace, place: usize, options: &Options, plan: &Plan, run: Run) -> Judgement {
    let texts = plan.files.iter().map(|(file, rewritten)| (*file, &*rewritten.text)).collect();
    let after = workspace.with_schemas(&texts);
    let (before, after_project) = (&workspace.projects[place], &after.projects[place]);
    for file in plan.files.keys() {
        let source = after.source(*file);
        if let Some(error) = source.errors.first() {
            return Judgement::Refused(format!("{} would not parse any more: {}", source.path, error.message));
        }
    }
    let lost: Vec<(FileId, Span)> =
        plan.files.keys().filter_map(|file| Some((*file, lost_comment(workspace.source(*file), after.source(*file))?))).collect();
    if let Some((_, comment)) = lost.first() {
        let within =
            |name: &str| before.table(name).is_some_and(|table| table.definition.span.contains(*comment) || table.span.contains(*comment));
        let tables: Vec<String> = plan.tables.iter().map(|table| table.name.clone()).filter(|name| within(name)).collect();
        let why = || "a comment would be lost".to_owned();
        return if tables.is_empty() {
            Judgement::Refused(why())
        } else {
            Judgement::Fails(tables.into_iter().map(|name| (name, why())).collect())
        };
    }
    if let Some(lost) = plan.files.keys().find_map(|file| lost_statement(workspace, before, &after, *file)) {
        return Judgement::Refused(format!("this would be lost or changed along with it: `{lost}`"));
    }
    let verdict = proof::compare(workspace, before, &after, after_project);
    if let Some(why) = verdict.schema.first() {
        return Judgement::Refused(why.clone());
    }
    let mut widened = BTreeMap::new();
    let mut fails = Vec::new();
    for (name, outcome) in verdict.tables {
        match outcome {
            Outcome::Equal => {}
            Outcome::Widened(what) => drop(widened.insert(name.to_string(), what)),
            Outcome::Narrowed(why) | Outcome::Lost(why) | Outcome::Unprovable(why) => fails.push((name.to_string(), why)),
        }
    }
    let refusals =
        proof::refusals(&after, after_project).into_iter().map(|(name, why)| (name.to_string(), format!("the ORM would throw: {why}")));
    fails.extend(refusals);
    if !fails.is_empty() {
        return Judgement::Fails(fails);
    }
    // What cannot be proved now is tried again by the next run, and left again.
    let is_settled = || {
        let again = schema::plan(&after, after_project, options, &BTreeMap::new());
        again.files.is_empty() || run == Run::First && proved(&after, place, options, Run::Second).files.is_empty()
    };
    if is_settled() { Judgement::Holds(widened) } else { Judgement::Refused("a second run would change it again".to_owned()) }
}

/// The first line of a statement that has nothing to do with the schema, and that the new text does not have.
fn lost_statement(workspace: &Workspace, project: &Project, after: &Workspace, file: FileId) -> Option<String> {
    let source = workspace.source(file);
    let mut there: Vec<String> = source::statements(after.source(file)).into_iter().map(|statement| statement.printed).collect();
    let module = workspace.hir(file);
    let is_within = |statement: Span, part: Span| statement.contains(part);
    // What lists tables, defines them, or holds fields that they share.
    let is_of_schema = |statement: Span| {
        let schema = project.schema.iter();
        let mut parts = schema.flat_map(|schema| schema.tables.iter().flat_map(|t| [t.definition.span, t.span]).chain([schema.span]));
        let is_shared = |binding: &Binding| match binding.kind {
            BindingKind::Const(Some(value)) => {
                is_within(statement, module.span(value))
                    && matches!(module.expr(module.bare(value)), ExprKind::Object(_) | ExprKind::Call(_))
            }
            _ => false,
        };
        parts.any(|part| is_within(statement, part)) || module.bindings.iter().any(is_shared)
    };
    // A constant that the schema does without is exported no longer; that it is one of the schema's is seen where it stands.
    let is_gone = |name: &str| module.declared(name).is_some() && after.hir(file).declared(name).is_none();
    let lost = source::statements(source).into_iter().filter(|statement| !statement.is_import).find(|statement| {
        match there.iter().position(|printed| *printed == statement.printed) {
            Some(at) => {
                there.swap_remove(at);
                false
            }
            None => !is_of_schema(statement.span) && !statement.exported_names().is_some_and(|names| names.into_iter().all(is_gone)),
        }
    });
    lost.map(|statement| source.slice(statement.span).lines().next().unwrap_or_default().to_owned())
}

/// The first comment of the old text that the new one does not have.
fn lost_comment(before: &SourceFile, after: &SourceFile) -> Option<Span> {
    lost_comments(before, after).into_iter().next()
}

/// The comments of the old text that the new one does not have; of those that say the same all, since it may be any of them.
fn lost_comments(before: &SourceFile, after: &SourceFile) -> Vec<Span> {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut there: BTreeMap<String, i64> = BTreeMap::new();
    before.comments.iter().for_each(|comment| *there.entry(words(before.comment_text(comment))).or_default() -= 1);
    after.comments.iter().for_each(|comment| *there.entry(words(after.comment_text(comment))).or_default() += 1);
    let is_lost = |comment: &&Comment| there[&words(before.comment_text(comment))] < 0;
    before.comments.iter().filter(is_lost).map(|comment| Span::new(before.id, comment.start, comment.end)).collect()
}

fn with_widened(mut plan: Plan, mut widened: BTreeMap<String, Vec<Wider>>) -> Plan {
    for table in &mut plan.tables {
        let what = widened.remove(&table.name).unwrap_or_default();
        table.widened = what.iter().map(|wider| wider.of_table(&table.name)).collect();
    }
    plan
}

/// The plan with nothing in it that changes.
fn refused(plan: Plan, project: &Project, why: String) -> Plan {
    let Some(schema) = &project.schema else { return Plan::default() };
    let message = format!("nothing of this schema is migrated: {why}");
    let refusal = Left { code: "unproved", severity: Severity::Error, span: schema.span, message, suggestion: None };
    let tables = plan.tables.into_iter().filter(|table| table.status != Status::Created).map(|mut table| {
        if table.status == Status::Migrated {
            table.status = Status::Kept { code: "unproved", why: why.clone() };
        }
        table
    });
    Plan { tables: tables.collect(), left: vec![refusal], ..Plan::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{self, Layout, Root};

    fn workspace(text: &str) -> Workspace {
        let layout = Layout { roots: vec![Root { functions: "convex".to_owned(), is_component: false }], ..Layout::default() };
        Workspace::link(vec![model::read(FileId(0), "convex/schema.ts".to_owned(), text.to_owned())], layout)
    }

    #[test]
    fn statements_beside_the_schema_are_missed() {
        let rest = "export function area(a: number) {\n  return a * 2; // twice\n}\n";
        let schema =
            "import { defineSchema, defineTable } from \"convex/server\";\nexport default defineSchema({ users: defineTable({}) });\n";
        let before = workspace(&format!("{schema}{rest}"));
        let lost = |text: &str| lost_statement(&before, &before.projects[0], &workspace(text), FileId(0));
        assert_eq!(lost(&format!("export default 1;\n{rest}")), None);
        assert_eq!(lost("export default 1;\nexport function area(a: number) { return a * 2 }\n"), None);
        assert_eq!(lost("export default 1;\n").as_deref(), Some("export function area(a: number) {"));
        assert_eq!(lost(&format!("export default 1;\n{}", rest.replace('2', "3"))).as_deref(), Some("export function area(a: number) {"));
    }
}
