//! Rewrites schemas: validators to columns, edges to relations.
//!
//! Reads the old schema as the model understands it, decides for each table whether the ORM can have it, and writes only what changes.
//! What it writes is proved by `proof`, which knows nothing of how it was written.

mod columns;
pub mod facts;
mod factories;
mod ids;
mod inverses;
pub mod files;
mod keys;
mod leftovers;
pub mod names;
mod objects;
mod pieces;
mod plain;
mod relations;
mod source;
mod tables;
mod variants;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use factories::Factory;
use facts::{FactReader, Facts, Kept};
use files::FileContext;
use relations::Relations;
use source::{Definition, Home, Maker, Reader, SchemaCall};

use crate::codemod::{From, Left, Options, Plan, Severity, Status, TableOutcome, Target};
use crate::model::hir::Name;
use crate::model::infer::Infer;
use crate::model::ty::{EdgeEnd, Ty};
use crate::model::{Project, Workspace};
use crate::source::{FileId, Span};
use crate::writing::code::Line;
use crate::writing::imports::specifier;

/// Everything that is known while one project's schema is rewritten.
struct Planner<'a> {
    workspace: &'a Workspace,
    infer: &'a Infer<'a>,
    project: &'a Project,
    options: &'a Options,
    schema: &'a SchemaCall,
    /// Of each entry of the schema, in its order.
    facts: &'a [Facts],
    relations: &'a Relations,
    factories: Vec<Factory>,
    contexts: BTreeMap<FileId, FileContext<'a>>,
    /// The constants that hold tables of the ORM: the file, and the name in it; `None` for a default export.
    locals: BTreeMap<Name, (FileId, Option<String>)>,
    left: RefCell<Vec<Left>>,
    /// What is to be said of the line that is being written, where comments were asked for.
    pending: RefCell<Vec<String>>,
}

/// What is to become of the project's schema. Tables in `kept` stay what they are, for the reason given.
pub fn plan(workspace: &Workspace, project: &Project, options: &Options, kept: &BTreeMap<String, Kept>) -> Plan {
    let Some(home) = project.schema.as_ref().map(|schema| schema.span.file) else { return Plan::default() };
    workspace.ask(home, |infer| {
        let reader = Reader { workspace, infer };
        let Some(schema) = reader.schema(project) else { return unreadable(project) };
        if options.from == From::Convex && is_of_ents(&schema) {
            let message = "the tables of this schema are ents, with edges that validators do not show".to_owned();
            let suggestion = Some("migrate with `--from ents`".to_owned());
            let left = Left { code: "ents", severity: Severity::Error, span: schema_span(&schema, workspace), message, suggestion };
            return Plan { left: vec![left], ..Plan::default() };
        }
        // What ents do not make is another codemod's business: the tables of a component, for one.
        if options.from == From::Ents && !is_of_ents(&schema) {
            return Plan::default();
        }
        if options.from == From::Ents
            && let Some(found) = project.schema.as_ref().and_then(inverses::ambiguous)
        {
            return ambiguous(workspace, &found);
        }
        let has_variants = options.target == Target::Since011;
        let mut facts = FactReader { workspace, infer, project, has_variants }.read(&schema);
        for table in &mut facts {
            let is_asked = options.tables.is_empty() || options.tables.iter().any(|name| **name == *table.name);
            let forced = kept.get(&*table.name).cloned();
            let unasked = (!is_asked).then(|| {
                facts::kept(
                    "not-asked",
                    "other tables were asked for",
                    project.schema.as_ref().map_or(schema_span(&schema, workspace), |s| s.span),
                )
            });
            table.kept = table.kept.take().or(forced).or(unasked);
        }
        loop {
            let relations = relations::read(workspace, project, &schema, &facts, options);
            let planner = || Planner::new(workspace, infer, project, options, &schema, &facts, &relations);
            let plan = planner().plan();
            let changes = facts.iter().any(Facts::is_migrated);
            let unwritten = if changes && plan.files.is_empty() { planner().unwritable() } else { Vec::new() };
            if unwritten.is_empty() {
                return plan;
            }
            for at in unwritten {
                let why = "it is written in a way that could not be changed without losing something";
                facts[at].kept = Some(facts::kept("unknown-fields", why, schema.entries[at].property));
            }
        }
    })
}

fn schema_span(schema: &SchemaCall, workspace: &Workspace) -> Span {
    workspace.hir(schema.file).span(schema.call)
}

/// A schema that is not made by a call of `defineSchema` that can be followed.
fn unreadable(project: &Project) -> Plan {
    let Some(schema) = &project.schema else { return Plan::default() };
    let message = "the tables of this schema are not written where they can be read, so nothing of it was migrated".to_owned();
    let suggestion = Some("list the tables in an object that is given to the call".to_owned());
    Plan {
        left: vec![Left { code: "opaque-schema", severity: Severity::Error, span: schema.span, message, suggestion }],
        ..Plan::default()
    }
}

/// A schema that ents themselves refuse: nothing in it says which edges belong together.
fn ambiguous(workspace: &Workspace, found: &inverses::Ambiguous) -> Plan {
    let names: Vec<String> = found.candidates.iter().map(|name| format!("`{}.{name}`", found.to)).collect();
    let message =
        format!("nothing of this schema is migrated: the edge `{}.{}` may lead back along {}", found.table, found.edge, names.join(" or "));
    let suggestion =
        Some("say which with `ref: \"field\"` and `field`, or with `table` at both ends; convex-ents asks for that, too".to_owned());
    let text = workspace.text(found.span);
    let span = Span { start: found.span.start + (text.len() - text.trim_start().len()) as u32, ..found.span };
    let left = Left { code: "ambiguous-edge", severity: Severity::Error, span, message, suggestion };
    Plan { left: vec![left], ..Plan::default() }
}

impl<'a> Planner<'a> {
    fn new(
        workspace: &'a Workspace,
        infer: &'a Infer<'a>,
        project: &'a Project,
        options: &'a Options,
        schema: &'a SchemaCall,
        facts: &'a [Facts],
        relations: &'a Relations,
    ) -> Self {
        let mut files: BTreeSet<FileId> = schema.groups.iter().map(|group| group.file).collect();
        files.insert(schema.file);
        for definition in schema.entries.iter().filter_map(|entry| entry.definition.as_ref()) {
            files.insert(definition.file);
            files.extend(definition.taken.as_ref().map(|taken| taken.file));
        }
        let mut contexts: BTreeMap<FileId, FileContext<'a>> =
            files.into_iter().map(|file| (file, FileContext::new(workspace, file))).collect();
        let migrated: Vec<(usize, &Definition, &Facts)> = schema
            .entries
            .iter()
            .zip(facts)
            .enumerate()
            .filter(|(_, (_, facts))| facts.is_migrated())
            .filter_map(|(at, (entry, facts))| Some((at, entry.definition.as_ref()?, facts)))
            .collect();
        let fresh = RefCell::new(BTreeMap::<FileId, FileContext<'a>>::new());
        let factories = factories::find(workspace, infer, &migrated, &|file, name| match contexts.get(&file) {
            Some(context) => context.names.fresh(name),
            None => fresh.borrow_mut().entry(file).or_insert_with(|| FileContext::new(workspace, file)).names.fresh(name),
        });
        contexts.extend(fresh.into_inner());
        for factory in &factories {
            contexts.entry(factory.file).or_insert_with(|| FileContext::new(workspace, factory.file));
        }
        let locals = locals(workspace, schema, facts, relations, &contexts);
        Self {
            workspace,
            infer,
            project,
            options,
            schema,
            facts,
            relations,
            factories,
            contexts,
            locals,
            left: RefCell::default(),
            pending: RefCell::default(),
        }
    }

    fn plan(self) -> Plan {
        let changes = self.facts.iter().any(Facts::is_migrated);
        let is_written = changes && self.write_factories() && self.write_tables().is_some();
        self.report_remarks(changes);
        if is_written {
            self.report_cascades();
        }
        let mut plan = Plan { tables: self.outcomes(is_written), ..Plan::default() };
        if changes && !is_written {
            let message = "this schema is written in a way that could not be changed without losing something".to_owned();
            self.remark("unknown-fields", Severity::Error, schema_span(self.schema, self.workspace), message, None);
        }
        plan.left = self.left.into_inner();
        if is_written {
            let options = self.options;
            plan.files = self.contexts.into_iter().filter_map(|(file, context)| Some((file, context.finish(options)?))).collect();
        }
        plan
    }

    /// The tables that stand in the way of the others, by place.
    fn unwritable(&self) -> Vec<usize> {
        let is_in_the_way = |at: &usize| {
            let Some(definition) = self.schema.entries[*at].definition.as_ref() else { return false };
            let facts = &self.facts[*at];
            let code = || self.table_code(facts, definition, self.contexts.get(&definition.file)?);
            facts.is_migrated() && code().is_none()
        };
        let shared = self.unwritable_factories().flat_map(|factory| &factory.tables).copied();
        let mut all: Vec<usize> = (0..self.facts.len()).filter(is_in_the_way).chain(shared).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn outcomes(&self, is_written: bool) -> Vec<TableOutcome> {
        let status = |facts: &Facts| match &facts.kept {
            _ if facts.is_orm => Status::Already,
            Some(kept) => Status::Kept { code: kept.code, why: kept.why.clone() },
            None if is_written => Status::Migrated,
            None => Status::Kept { code: "unknown-fields", why: "the schema could not be changed".to_owned() },
        };
        let entries = self.schema.entries.iter().zip(self.facts).filter(|(_, facts)| !facts.is_overridden());
        let tables = entries.map(|(entry, facts)| TableOutcome {
            name: facts.name.to_string(),
            span: entry.property,
            status: status(facts),
            widened: Vec::new(),
        });
        let joins = self.relations.joins.iter().filter(|_| is_written).map(|join| TableOutcome {
            name: join.name.to_string(),
            span: join.span,
            status: Status::Created,
            widened: Vec::new(),
        });
        // Tables that the schema takes over whole: they are of a package, or made by code.
        let listed = |name: &Name| self.facts_of(name).is_some() || self.relations.joins.iter().any(|join| join.name == *name);
        let others = self.project.schema.iter().flat_map(|schema| &schema.tables).filter(|table| !listed(&table.name));
        let others = others.map(|table| TableOutcome {
            name: table.name.to_string(),
            span: table.span,
            status: Status::Kept { code: "unknown-fields", why: "a package defines it, or code that cannot be followed".to_owned() },
            widened: Vec::new(),
        });
        tables.chain(joins).chain(others).collect()
    }

    /// What is to be said whether or not code was written for it.
    fn report_remarks(&self, changes: bool) {
        for (entry, facts) in self.schema.entries.iter().zip(self.facts) {
            if let Some(kept) = facts.kept.as_ref().filter(|kept| !kept.is_nobodys()) {
                self.remark(kept.code, Severity::Error, kept.span, kept.message(&entry.name), kept.suggestion.clone());
            }
        }
        if !changes {
            return;
        }
        for remark in &self.relations.remarks {
            self.remark(remark.code, Severity::Warning, remark.span, remark.message.clone(), Some(remark.suggestion.clone()));
        }
    }

    /// What is to be known of a column, however it is written.
    fn report_column(&self, facts: &Facts, name: &str) {
        let Ty::Object(object) = &facts.table.document else { return };
        if let Some(field) = object.field(name) {
            let span = field.span.or_else(|| facts.step_of(&field.name)).unwrap_or(facts.table.span);
            if &*field.name == "createdAt" {
                let message = format!("the ORM reads `{}.createdAt` as the time of creation, not as what is stored there", facts.name);
                let suggestion =
                    Some("keep the field only if it always equals the time of creation; else rename it with a data migration".to_owned());
                self.remark("created-at-shadowed", Severity::Warning, span, message, suggestion);
            }
            let is_nullable = field.optional || field.ty.members().contains(&Ty::Null);
            if is_nullable && facts.leads(&field.name) {
                let message = format!(
                    "`isNull` on `{}.{}` uses its index, which does not find documents that lack the field",
                    facts.name, field.name
                );
                let suggestion = Some("write null where it is missing, or ask `not(isNotNull(…))`".to_owned());
                self.remark("null-index-scan", Severity::Warning, span, message, suggestion);
            }
        }
    }

    fn remark(&self, code: &'static str, severity: Severity, span: Span, message: String, suggestion: Option<String>) {
        // What is called on a definition begins on a line of its own.
        let text = self.workspace.text(span);
        let span = Span { start: span.start + (text.len() - text.trim_start().len()) as u32, ..span };
        let left = Left { code, severity, span, message, suggestion };
        let mut all = self.left.borrow_mut();
        if !all.contains(&left) {
            if severity > Severity::Info {
                self.pending.borrow_mut().push(format!("// TODO(orm-migrate): {}", left.message));
            }
            all.push(left);
        }
    }

    /// The line with what was remarked while it was written.
    fn noted(&self, mut line: Line) -> Line {
        let said = self.pending.take();
        if self.options.todo {
            line.leading.extend(said);
        }
        line
    }

    fn facts_of(&self, table: &str) -> Option<&Facts> {
        self.facts.iter().find(|facts| &*facts.name == table && !facts.is_overridden())
    }

    /// Whether the table is one of the ORM's in the end.
    fn is_migrated(&self, table: &str) -> bool {
        self.facts_of(table).is_some_and(|facts| facts.kept.is_none()) || self.relations.joins.iter().any(|join| &*join.name == table)
    }

    /// The name of the constant that holds a table, as seen from a file.
    fn local(&self, table: &Name, cx: &FileContext<'_>) -> String {
        let Some((file, name)) = self.locals.get(table) else { return table.to_string() };
        if *file == cx.file {
            return name.clone().unwrap_or_else(|| table.to_string());
        }
        let path = |file: FileId| self.workspace.source(file).path.as_str();
        let module = specifier(path(cx.file), path(*file));
        match name {
            Some(name) => cx.want(&module, name, name),
            None => cx.want(&module, "default", table),
        }
    }

    /// Whether the references of one table lead to another, through others perhaps.
    fn refers_back(&self, from: &Name, to: &Name) -> bool {
        let mut seen = vec![from.clone()];
        let mut at = 0;
        while let Some(table) = seen.get(at).cloned() {
            if table == *to {
                return true;
            }
            at += 1;
            let edges = self.facts_of(&table).into_iter().flat_map(Facts::edges);
            for edge in edges.filter(|part| matches!(part.edge.end, EdgeEnd::Field(_))) {
                if !seen.contains(&edge.edge.to) {
                    seen.push(edge.edge.to.clone());
                }
            }
        }
        false
    }
}

/// Where the constant of each table of the ORM will be, and its name.
fn locals(
    workspace: &Workspace,
    schema: &SchemaCall,
    facts: &[Facts],
    relations: &Relations,
    contexts: &BTreeMap<FileId, FileContext<'_>>,
) -> BTreeMap<Name, (FileId, Option<String>)> {
    let mut locals = BTreeMap::new();
    let named = |file: FileId, table: &Name| {
        let Some(context) = contexts.get(&file) else { return table.to_string() };
        if context.names.take(table) { table.to_string() } else { context.names.fresh(&format!("{table}Table")) }
    };
    for (entry, facts) in schema.entries.iter().zip(facts).filter(|(_, facts)| facts.kept.is_none()) {
        let place = match entry.home {
            Home::Const(file, binding) => (file, Some(workspace.hir(file).binding(binding).name.to_string())),
            Home::Default(file) => (file, None),
            Home::Inline if facts.is_orm => continue,
            Home::Inline => {
                let file = schema.groups[entry.group].file;
                (file, Some(named(file, &facts.name)))
            }
        };
        locals.insert(facts.name.clone(), place);
    }
    for join in &relations.joins {
        locals.insert(join.name.clone(), (schema.file, Some(named(schema.file, &join.name))));
    }
    locals
}

/// Whether the schema is of ents.
fn is_of_ents(schema: &SchemaCall) -> bool {
    schema.maker == Maker::Ents || schema.entries.iter().any(|entry| entry.definition.as_ref().is_some_and(|d| d.maker == Maker::Ents))
}
