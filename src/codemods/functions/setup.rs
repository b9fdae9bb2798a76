//! Writes the setup: where the ORM is started, handed on, and held beside what held `table`.

use std::collections::BTreeMap;

use super::ask::Value;
use super::definitions;
use super::print::Printer;
use super::rewrite::Rewriter;
use super::sites::{Anew, FileSites, HandedFrom, Handle, Held, HeldBy, Site};
use crate::codemod::Options;
use crate::model::hir::{BindingId, ExprId};
use crate::source::Span;
use crate::style::indent_at;

/// What the ORM is called beside each constant or parameter that holds `table`.
pub type HeldNames = BTreeMap<BindingId, String>;

impl Rewriter<'_> {
    /// Names for those that calls go by that are rewritten.
    pub fn held_names(&self, printer: &Printer<'_, '_>, file: &FileSites) -> HeldNames {
        let is_used = |held: &&Held| file.sites.iter().any(|site| site.is_live() && is_held(site, held.binding));
        let used: Vec<&Held> = file.held.iter().filter(is_used).collect();
        let module = printer.module;
        let scope = |held: &Held| {
            let span = module.binding_span(held.binding);
            module.funcs.iter().filter(|func| func.start <= span.start && span.end <= func.end).map(|func| func.start).max()
        };
        // One name will do where no function has two of them.
        let scopes: Vec<Option<u32>> = used.iter().map(|held| scope(held)).collect();
        let is_apart = scopes.iter().enumerate().all(|(i, scope)| !scopes[..i].contains(scope));
        let mut names = HeldNames::new();
        let mut shared: BTreeMap<bool, String> = BTreeMap::new();
        for held in used {
            let is_pattern = matches!(held.by, HeldBy::Pattern);
            let wanted = if is_pattern { "orm" } else { "db" };
            let fresh = || match self.is_home(file.file) && is_pattern {
                true => printer.context.names.fresh("database"),
                false => printer.context.names.fresh(wanted),
            };
            let name = match shared.get(&is_pattern).filter(|_| is_apart) {
                Some(name) => name.clone(),
                None => fresh(),
            };
            shared.insert(is_pattern, name.clone());
            names.insert(held.binding, name);
        }
        names
    }

    /// What is in front of `.query`, `.insert` and the like.
    pub fn orm_of(&self, printer: &Printer<'_, '_>, handle: &Handle, names: &HeldNames) -> Option<String> {
        Some(match handle {
            Handle::Object(object) => format!("{}.orm", printer.text(*object)),
            Handle::Name(name) => format!("{name}.orm"),
            Handle::Held(binding) => names.get(binding)?.clone(),
            Handle::Source(context) => self.started(printer, *context),
            Handle::Given(name) => self.started_for(printer, name),
        })
    }

    /// The object that has `normalizeId`.
    pub fn normalizer_of(&self, printer: &Printer<'_, '_>, file: &FileSites, handle: &Handle, is_handed_out: bool) -> Option<String> {
        let held = |binding: &BindingId| file.held.iter().find(|held| held.binding == *binding);
        Some(match handle {
            Handle::Object(object) if is_handed_out => {
                self.wants_normalizer.set(true);
                printer.text(*object)
            }
            Handle::Object(object) | Handle::Source(object) => format!("{}.db", printer.text(*object)),
            Handle::Held(binding) => match held(binding)?.by {
                HeldBy::Value { context, .. } => format!("{}.db", printer.text(context)),
                HeldBy::Pattern => return None,
            },
            Handle::Name(_) | Handle::Given(_) => return None,
        })
    }

    /// Definitions that are made of the schema elsewhere than beside it.
    pub fn take_definitions(&self, printer: &Printer<'_, '_>, file: &FileSites) {
        let Some((home, name)) = self.kept_definitions.as_ref().filter(|_| !file.is_kept) else { return };
        for (span, taken) in definitions::taken(self.workspace, printer.context, *home, name) {
            printer.nested.set(span, taken);
        }
    }

    /// `ctx.table("users").getX(row.id)`, for a call on the row that is left.
    pub fn begun_anew(&self, printer: &Printer<'_, '_>, site: &Site, row: ExprId, anew: &Anew) -> Option<String> {
        let table = match site.handle.as_ref()? {
            Handle::Object(object) => format!("{}.table", printer.text(*object)),
            Handle::Name(name) => format!("{name}.table"),
            Handle::Held(binding) => printer.module.binding(*binding).name.to_string(),
            Handle::Source(_) | Handle::Given(_) => return None,
        };
        let (to, id) = match anew {
            Anew::Row { table } => (table, printer.value(&Value::IdOf(row, table.clone()), false)),
            Anew::Field { to, column, .. } => (to, format!("{}.{column}", printer.text(row))),
        };
        Some(format!("{table}({}).getX({id})", printer.context.style.string(to)))
    }

    /// `orm.db(ctx)`.
    fn started(&self, printer: &Printer<'_, '_>, context: ExprId) -> String {
        self.started_for(printer, &printer.text(context))
    }

    fn started_for(&self, printer: &Printer<'_, '_>, context: &str) -> String {
        let here = printer.context.file;
        let orm = match self.is_home(here) {
            true => "orm".to_owned(),
            false => {
                self.is_orm_shared.set(true);
                printer.context.want(&self.home_module(here), "orm", "orm")
            }
        };
        format!("{orm}.db({context})")
    }

    /// Puts the ORM beside what holds `table`, or in its place where nothing needs that any more.
    pub fn write_held(&self, printer: &Printer<'_, '_>, file: &FileSites, names: &HeldNames) {
        let module = printer.module;
        let style = printer.context.style;
        let text = &self.workspace.source(file.file).text;
        for held in &file.held {
            let binding = module.binding(held.binding);
            let is_rewritten = |usage: &ExprId| {
                file.sites
                    .iter()
                    .any(|site| site.is_live() && is_held(site, held.binding) && module.span(site.top).contains(module.span(*usage)))
            };
            let is_wanted = |site: &Site| !site.is_live() && site.anew.is_some() && is_held(site, held.binding);
            let is_free = binding.uses.iter().all(is_rewritten) && !file.sites.iter().any(is_wanted);
            let own = module.binding_span(held.binding);
            match (held.by, names.get(&held.binding)) {
                (HeldBy::Value { init, context }, Some(name)) if is_free => {
                    printer.nested.set(own, name.clone());
                    printer.nested.set(module.span(init), self.started(printer, context));
                }
                (HeldBy::Value { context, .. }, Some(name)) => {
                    let Some(start) = text[..own.start as usize].rfind("const").map(|at| at as u32) else { continue };
                    let line = format!("const {name} = {}{}", self.started(printer, context), style.semicolon());
                    printer.nested.set(module.at(start, start), format!("{line}{}{}", style.newline, indent_at(text, start)));
                }
                (HeldBy::Pattern, Some(name)) => {
                    let beside = if name == "orm" { name.clone() } else { format!("orm: {name}") };
                    let is_short = !text[..own.start as usize].trim_end().ends_with(':');
                    let new = if is_free && is_short { beside } else { format!("{}, {beside}", self.workspace.text(own)) };
                    printer.nested.set(own, new);
                }
                // Nobody uses it, and what it was made of is gone.
                (HeldBy::Value { init, context }, None) if !self.keeps_ents && self.has_calls => {
                    printer.nested.set(module.span(init), self.started(printer, context));
                }
                _ => {}
            }
        }
    }

    /// What hands `table` on hands on the ORM, and what starts it starts the ORM.
    pub fn set_up(&self, printer: &Printer<'_, '_>, file: &FileSites, options: &Options) {
        if !self.has_calls {
            return;
        }
        let module = printer.module;
        let text = &self.workspace.source(file.file).text;
        let style = printer.context.style;
        let places = || self.wiring.places.iter().filter(|place| place.file == file.file);
        for place in places() {
            let (start, end) = place.handed.prop;
            let span = module.at(start, end);
            let orm = match place.handed.from {
                HandedFrom::Context(context) => self.started(printer, context),
                HandedFrom::Object(object) => format!("{}.orm", printer.text(object)),
                HandedFrom::Unknown => continue,
            };
            let mut new = vec![format!("orm: {orm}")];
            if self.wants_normalizer.get() && !place.handed.has_normalizer {
                new.push(match place.handed.from {
                    HandedFrom::Object(object) => format!("normalizeId: {}.normalizeId", printer.text(object)),
                    HandedFrom::Context(context) => {
                        printer.context.want_type_of(&self.data_model(file.file), "TableNames");
                        let context = printer.text(context);
                        format!("normalizeId: <Table extends TableNames>(table: Table, id: string) => {context}.db.normalizeId(table, id)")
                    }
                    HandedFrom::Unknown => continue,
                });
            }
            if self.keeps_ents {
                new.push(self.workspace.text(span).to_owned());
            }
            let indent = indent_at(text, start);
            let is_alone = text[..start as usize].ends_with(indent) && text[..start as usize - indent.len()].ends_with('\n');
            let between = if is_alone { format!(",{}{indent}", style.newline) } else { ", ".to_owned() };
            printer.nested.set(span, new.join(&between));
        }
        // What gives back `table`, or does anything else with it, gives back the ORM.
        let is_handed = |call: Span| places().any(|place| module.at(place.handed.prop.0, place.handed.prop.1).contains(call));
        let is_value =
            |call: ExprId| file.held.iter().any(|held| matches!(held.by, HeldBy::Value { init, .. } if module.bare(init) == call));
        for (call, context) in file.factories.iter().filter(|(call, _)| !is_value(*call) && !is_handed(module.span(*call))) {
            if !self.keeps_ents {
                printer.nested.set(module.span(*call), self.started(printer, *context));
            }
        }
        if self.is_home(file.file) {
            self.write_home(printer, options);
        }
    }
}

fn is_held(site: &Site, binding: BindingId) -> bool {
    matches!(site.handle, Some(Handle::Held(held)) if held == binding)
}
