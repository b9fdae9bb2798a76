//! Writes joins that were made by hand: what takes the place of each read, rows without what was loaded along, and lists that nobody has
//! to await any more.

use std::collections::BTreeMap;

use super::{Along, Joined, Together, has_await, is_put_over, row_binding};
use crate::codemods::functions::print::Printer;
use crate::codemods::functions::rewrite::Rewriter;
use crate::codemods::functions::shapes::{Shape, Use, Way};
use crate::codemods::functions::sites::{FileSites, Site, row_table};
use crate::codemods::functions::verdict::{Understood, Yields};
use crate::codemods::schema::names::is_reserved;
use crate::model::hir::{BindingId, BindingKind, ExprKind, Module, Name};
use crate::model::repetition::Mapping;
use crate::source::Span;
use crate::style::indent_at;
use crate::writing::code::reindented;

/// Rows that are parted from what was loaded along: what that is called beside each.
#[derive(Debug, Default)]
pub struct Apart(BTreeMap<BindingId, Vec<(Name, String)>>);

impl Apart {
    /// Of the rows of a file that leave as a whole.
    pub fn of(file: &FileSites, printer: &Printer<'_, '_>) -> Self {
        let module = printer.module;
        let mut apart = Self::default();
        let mut shared: BTreeMap<Name, String> = BTreeMap::new();
        for site in file.sites.iter().filter(|site| site.is_live() && !site.with.is_empty()) {
            for usage in &site.flow.uses {
                let Use::Escape { value, shape: Shape::Row, way } = usage else { continue };
                let Some(row) = row_binding(module, *value).filter(|row| !apart.0.contains_key(row)) else { continue };
                if *way == Way::Spread && site.with.iter().all(|along| is_put_over(module, *value, &along.relation)) {
                    continue;
                }
                // A loop in another would hide its name.
                let is_param = matches!(module.binding(row).kind, BindingKind::Param(..));
                let mut name = |along: &Along| match shared.get(&along.relation).filter(|_| is_param) {
                    Some(known) => known.clone(),
                    None => {
                        let name = free(printer, row, along);
                        shared.entry(along.relation.clone()).or_insert_with(|| name.clone());
                        name
                    }
                };
                let names = site.with.iter().map(|along| (along.relation.clone(), name(along))).collect();
                apart.0.insert(row, names);
            }
        }
        apart
    }

    fn name(&self, joined: &Joined) -> Option<&str> {
        let names = self.0.get(&joined.binding)?;
        names.iter().find(|(relation, _)| *relation == joined.relation).map(|(_, name)| name.as_str())
    }

    /// `post` → `{ author, ...post }`, where it is declared.
    pub fn write(&self, printer: &Printer<'_, '_>) {
        let module = printer.module;
        let style = printer.context.style;
        for (row, names) in &self.0 {
            let span = module.binding_span(*row);
            let mut parts: Vec<String> = names
                .iter()
                .map(|(relation, name)| if **relation == **name { name.clone() } else { format!("{relation}: {name}") })
                .collect();
            parts.push(format!("...{}", module.binding(*row).name));
            let space = if style.spaced_braces { " " } else { "" };
            let pattern = format!("{{{space}{}{space}}}", parts.join(", "));
            let text = &printer.workspace.source(printer.context.file).text;
            let is_bare =
                matches!(module.binding(*row).kind, BindingKind::Param(..)) && text[span.end as usize..].trim_start().starts_with("=>");
            printer.nested.set(span, if is_bare { format!("({pattern})") } else { pattern });
        }
    }
}

/// A name that is nothing else where the row is in reach, as near to the wanted one as can be.
fn free(printer: &Printer<'_, '_>, row: BindingId, along: &Along) -> String {
    let wanted = &*along.relation;
    let other = format!("{wanted}{}", if along.rows.is_some() { "Rows" } else { "Row" });
    let module = printer.module;
    let at = module.binding(row).start;
    let around = module.funcs.iter().find(|func| func.outer.is_none() && func.start <= at && at < func.end);
    let is_near = |id: BindingId| {
        let start = module.binding(id).start;
        module.is_of_module(id) || around.is_none_or(|func| func.start <= start && start < func.end)
    };
    let is_global = |name: &str| module.exprs().any(|(_, kind)| matches!(kind, ExprKind::Global(global) if **global == *name));
    let is_table = |name: &str| printer.target.tables.values().any(|table| table.local == name);
    let is_taken = |name: &str| {
        let bindings = (0..module.bindings.len() as u32).map(BindingId);
        is_global(name) || is_table(name) || bindings.into_iter().any(|id| *module.binding(id).name == *name && is_near(id))
    };
    let wanted_or = [wanted.to_owned(), other.clone()];
    wanted_or.into_iter().find(|name| !is_reserved(name) && !is_taken(name)).unwrap_or_else(|| printer.context.names.fresh(&other))
}

impl Rewriter<'_> {
    /// `row.owner`, in the shape that is wanted.
    pub fn joined(&self, printer: &Printer<'_, '_>, site: &Site, joined: &Joined, apart: &Apart) -> String {
        let value = match apart.name(joined) {
            Some(name) => name.to_owned(),
            None => format!("{}.{}", printer.text(joined.row), joined.relation),
        };
        let table = site.verdict.as_ref().ok().and_then(row_table).filter(|_| site.is_better_at_once());
        match table {
            Some(table) => {
                let has_many = matches!(&site.verdict, Ok(Understood { yields: Yields::Rows(_), .. }));
                self.document(printer, if has_many { Shape::Rows } else { Shape::Row }, &table, &value)
            }
            None => value,
        }
    }

    /// `await Promise.all(rows.map(async (row) => …))` → `rows.map((row) => …)`, if nothing is left in it to await.
    pub fn without_promises(&self, printer: &Printer<'_, '_>, file: &FileSites, together: Together) {
        let module: &Module = printer.module;
        let source = printer.workspace.source(printer.context.file);
        let func = module.func(together.callback);
        let callback = module.at(func.start, func.end);
        let Mapping { call, list, waits, .. } = together.mapping;
        let whole = module.span(together.whole);
        if has_await(&printer.nested.text(callback)) || !together.comments_stay(module, source.comments_in(whole)) {
            return;
        }
        if func.is_async {
            let rest = source.text[func.start as usize..].strip_prefix("async").map(str::trim_start);
            let Some(rest) = rest else { return };
            let start = source.text.len() - rest.len();
            printer.nested.set(module.at(func.start, start as u32), String::new());
        }
        let at_whole = |span: Span| {
            let (from, to) = (indent_at(&source.text, span.start), indent_at(&source.text, whole.start));
            reindented(&printer.nested.text(span), from, to)
        };
        let text = match waits {
            false => at_whole(module.span(call)),
            true => {
                let rows = at_whole(module.span(module.bare(list)));
                let is_joined =
                    file.sites.iter().filter_map(|site| site.joined.as_ref()).any(|joined| module.bare(joined.place) == module.bare(list));
                let rows = match module.expr(module.bare(list)) {
                    ExprKind::Local(_) | ExprKind::Member { .. } => rows,
                    _ if is_joined => rows,
                    ExprKind::Await(_) => format!("({rows})"),
                    _ => format!("(await {rows})"),
                };
                format!("{rows}.map({})", at_whole(callback))
            }
        };
        printer.nested.set(whole, text);
    }
}
