//! Writes what was decided into the files: fields, calls, rows that leave, and the setup.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use super::ask::Ask;
use super::by_hand::{Apart, Together};
use super::companions::{Helper, TableNotes};
use super::decide::{Needed, needed_ents};
use super::fields::FieldRead;
use super::finish::{Finish, in_brackets};
use super::joins;
use super::nested::Nested;
use super::notes::{leaving, needs_normalizer, notes};
use super::print::Printer;
use super::setup::HeldNames;
use super::shapes::{Shape, Taken, Use, Way};
use super::sites::{Anew, FileSites, Site, row_table};
use super::target::Target;
use super::verdict::Understood;
use super::wiring::{Home, Wiring};
use crate::codemod::{Options, Rewritten};
use crate::codemods::schema::files::{FileContext, with_line_end};
use crate::model::Workspace;
use crate::model::hir::{BindingId, BindingKind, ExprId, ExprKind, Module, Name, Parent};
use crate::source::{FileId, Span};

pub struct Rewriter<'a> {
    pub workspace: &'a Workspace,
    pub target: &'a Target,
    pub wiring: &'a Wiring,
    pub notes: TableNotes,
    pub helpers: RefCell<BTreeSet<Helper>>,
    /// Whether contexts have to hand out what checks ids.
    pub wants_normalizer: Cell<bool>,
    /// Whether other files start the ORM for contexts of their own.
    pub is_orm_shared: Cell<bool>,
    /// Whether the type of documents is named somewhere.
    pub has_type: Cell<bool>,
    /// Whether calls of ents are left, which need what they had.
    pub keeps_ents: bool,
    /// The file and the name of the definitions of ents that were kept.
    pub kept_definitions: Option<(FileId, String)>,
    /// The tables whose rows go on being ents.
    pub needed: Needed,
    /// The tables whose rows leave the functions that read them, as documents.
    leaving: BTreeSet<Name>,
    /// Whether any call is rewritten.
    pub has_calls: bool,
}

/// What becomes of the files.
#[derive(Debug, Default)]
pub struct Written {
    pub files: BTreeMap<FileId, Rewritten>,
    /// A file that is new: its path, and its text.
    pub created: Option<(String, String)>,
}

pub fn rewrite(
    before: &Workspace,
    target: &Target,
    found: &[FileSites],
    wiring: &Wiring,
    options: &Options,
    (keeps_ents, kept_definitions): (bool, Option<(FileId, String)>),
) -> Written {
    let has_calls = found.iter().flat_map(|file| &file.sites).any(Site::is_live);
    let notes = TableNotes { has_plain_tables: target.has_plain_tables, ..notes(before, found) };
    let rewriter = Rewriter {
        workspace: before,
        target,
        wiring,
        notes,
        helpers: RefCell::default(),
        wants_normalizer: Cell::new(needs_normalizer(found)),
        is_orm_shared: Cell::new(false),
        has_type: Cell::new(false),
        keeps_ents,
        kept_definitions,
        needed: needed_ents(found),
        leaving: leaving(found),
        has_calls,
    };
    let mut files = BTreeMap::new();
    // The helpers that are needed are known once all other files are written.
    let (home, others): (Vec<&FileSites>, Vec<&FileSites>) = found.iter().partition(|file| wiring.home == Home::File(file.file));
    for file in others.into_iter().chain(home) {
        if let Some(new) = rewriter.file(file, options) {
            files.insert(file.file, new);
        }
    }
    Written { files, created: rewriter.new_home(options) }
}

impl Rewriter<'_> {
    fn file(&self, file: &FileSites, options: &Options) -> Option<Rewritten> {
        let module = self.workspace.hir(file.file);
        let source = self.workspace.source(file.file);
        let context = FileContext::new(self.workspace, file.file);
        // New names must not be hidden by those of functions.
        for (at, binding) in module.bindings.iter().enumerate() {
            if !module.is_of_module(BindingId(at as u32)) {
                context.names.take(&binding.name);
            }
        }
        let nested = Nested::new(source);
        let rows: BTreeSet<ExprId> = file
            .sites
            .iter()
            .filter(|site| site.is_live() && !site.is_better_at_once())
            .flat_map(|site| &site.flow.uses)
            .filter_map(|usage| match usage {
                Use::Receiver(row) => Some(*row),
                _ => None,
            })
            .collect();
        let traced: BTreeSet<ExprId> = file
            .sites
            .iter()
            .filter(|site| site.is_live())
            .flat_map(|site| &site.flow.uses)
            .filter_map(|usage| match usage {
                Use::Field(member) => Some(*member),
                _ => None,
            })
            .collect();
        let untyped = |id: ExprId| {
            let found = file.untyped.iter().find(|(value, field, _)| *value == id && !traced.contains(field));
            found.map(|(.., ty)| ty.clone())
        };
        let printer = Printer {
            workspace: self.workspace,
            module,
            target: self.target,
            nested: &nested,
            context: &context,
            is_row: &|row| rows.contains(&row),
            helper: &|helper| self.helper(&context, helper),
            untyped: &untyped,
            id_type: &|| self.id_type(&context),
        };
        let names = self.held_names(&printer, file);
        let live: Vec<&Site> = file.sites.iter().filter(|site| site.is_live()).collect();
        // What says which row is meant need not be an id to the compiler.
        let keys: BTreeSet<ExprId> = live.iter().filter_map(|site| Some(module.bare(site.verdict.as_ref().ok()?.ask.key()?))).collect();
        let mut jobs: Vec<(Span, u8, Job<'_>)> = Vec::new();
        let apart = Apart::of(file, &printer);
        apart.write(&printer);
        for together in live.iter().filter_map(|site| site.joined.as_ref()?.together) {
            let span = module.span(together.whole);
            if jobs.iter().all(|(known, ..)| *known != span) {
                jobs.push((span, 3, Job::Together(together)));
            }
        }
        for site in live.iter().filter(|site| !site.is_better_at_once()) {
            let table = site.verdict.as_ref().ok().and_then(row_table);
            if let Some(table) = table {
                for field in &site.fields {
                    rename(&printer, field);
                    if !keys.contains(&field.member) {
                        jobs.push((module.span(field.member), 1, Job::Field(field, table.clone(), field.instead_of_null(module, &live))));
                    }
                }
            }
        }
        for site in &live {
            if site.held_in.is_some() {
                continue;
            }
            jobs.push((module.span(target_of(site)), 0, Job::Call(site)));
            let Some(table) = site.verdict.as_ref().ok().and_then(row_table).filter(|_| !site.is_better_at_once()) else { continue };
            for usage in &site.flow.uses {
                if let Use::Escape { value, shape, way } = usage {
                    jobs.push((module.span(*value), 2, Job::Leave(*shape, *way, table.clone())));
                }
            }
        }
        let receivers = |is_live: bool| {
            let sites = file.sites.iter().filter(move |site| !is_live || site.is_live());
            sites.flat_map(|site| &site.flow.uses).filter_map(|usage| match usage {
                Use::Receiver(row) => Some(*row),
                _ => None,
            })
        };
        let (ours, known): (BTreeSet<ExprId>, BTreeSet<ExprId>) = (receivers(true).collect(), receivers(false).collect());
        // What is left goes on with rows that are none of ents any more.
        for site in file.sites.iter().filter(|site| !site.is_live()) {
            let (Some(row), Some(anew)) = (site.receiver, &site.anew) else { continue };
            if ours.contains(&row) || !known.contains(&row) && self.may_be_document(module, site, row) {
                let place = match anew {
                    Anew::Row { .. } => row,
                    Anew::Field { call, .. } => *call,
                };
                jobs.push((module.span(place), 1, Job::Anew(site, row, anew)));
            }
        }
        jobs.sort_by_key(|(span, kind, _)| (span.end - span.start, *kind, span.start));
        for (span, _, job) in &jobs {
            match job {
                Job::Together(together) => self.without_promises(&printer, file, *together),
                Job::Call(site) => {
                    if let Some(joined) = &site.joined {
                        nested.set(*span, self.joined(&printer, site, joined, &apart));
                        continue;
                    }
                    if let Ok(understood) = &site.verdict {
                        let code = self.call(&printer, (file, &names), site, understood)?;
                        // A loop takes the place of a statement with its semicolon.
                        let is_loop = code.ends_with('}') && source.text[span.end as usize..].starts_with(';');
                        let whole = Span { end: span.end + u32::from(is_loop), ..*span };
                        nested.set(whole, code);
                    }
                }
                Job::Field(field, table, instead_of_null) => self.write_field(&printer, table, field, *instead_of_null),
                Job::Anew(site, row, anew) => {
                    if let Some(code) = self.begun_anew(&printer, site, *row, anew) {
                        nested.set(*span, code);
                    }
                }
                Job::Leave(shape, way, table) => {
                    let text = nested.text(*span);
                    let wrapped = self.document(&printer, *shape, table, &text);
                    nested.set(*span, if *way == Way::Shorthand { format!("{text}: {wrapped}") } else { wrapped });
                }
            }
        }
        if !file.is_kept {
            self.drop_held(&printer, file);
        }
        self.take_definitions(&printer, file);
        file.aliases.iter().for_each(|(binding, ty)| self.write_alias(&printer, *binding, *ty));
        self.write_held(&printer, file, &names);
        self.set_up(&printer, file, options);
        for (span, text) in nested.into_edits() {
            context.edit(span, text);
        }
        context.finish(options)
    }

    /// What a field is called now is written; here is what goes with its value.
    fn write_field(&self, printer: &Printer<'_, '_>, table: &Name, field: &FieldRead, instead_of_null: Option<&str>) {
        let module = printer.module;
        let ExprKind::Member { optional, .. } = module.expr(field.member) else { return };
        let whole = module.span(field.member);
        let text = printer.nested.text(whole);
        let default = self.notes.defaults.get(table).and_then(|all| all.iter().find(|(name, _)| *name == field.name));
        let changed = if field.is_written {
            return;
        } else if field.wants_id && !is_member_of(module, field.member) {
            let or = if *optional { " | undefined" } else { "" };
            format!("{text} as {}<{}>{or}", (printer.id_type)(), printer.context.style.string(table))
        } else if let Some((_, default)) = default {
            format!("{text} ?? {default}")
        } else if let Some(instead) = instead_of_null {
            format!("{text}{instead}")
        } else {
            return;
        };
        printer.nested.set(whole, in_brackets(module, field.member, changed));
    }

    /// The code that takes the place of a call, of the `await` in front of it too.
    fn call(
        &self,
        printer: &Printer<'_, '_>,
        (file, names): (&FileSites, &HeldNames),
        site: &Site,
        understood: &Understood,
    ) -> Option<String> {
        let at = target_of(site);
        let is_awaited = matches!(site.flow.taken, Taken::Awaited(_));
        if let Ask::Document { table, row, is_optional } = &understood.ask {
            return Some(self.held_document(printer, at, (table, *row, *is_optional)));
        }
        let handle = site.handle.as_ref()?;
        if let Ask::NormalizeId { table, value, is_handed_out } = &understood.ask {
            let object = self.normalizer_of(printer, file, handle, *is_handed_out)?;
            let before = if is_awaited { "await " } else { "" };
            return Some(format!("{before}{object}.normalizeId({}, {})", printer.context.style.string(table), printer.text(*value)));
        }
        let orm = self.orm_of(printer, handle, names)?;
        let printed = printer.print(&understood.ask, &site.with, &orm)?;
        let table = row_table(understood).filter(|_| site.is_better_at_once());
        let finish = Finish { rewriter: self, printer, printed: &printed, table, mapped: understood.mapped, understood };
        let is_plain = printed.taken.is_none() && finish.table.is_none() && understood.mapped.is_none();
        let is_page = understood.mapped.is_some_and(|mapped| mapped.of_page);
        let code = match site.flow.taken {
            Taken::Awaited(_) if is_page => format!("await {}", finish.page(&printer.layout(&printed.promise, at, "await ".len()))),
            _ if is_page => finish.page(&printer.layout(&printed.promise, at, 0)),
            _ if is_plain => match site.flow.taken {
                Taken::Awaited(_) => format!("await {}", printer.layout(&printed.promise, at, "await ".len())),
                _ => printer.layout(&printed.promise, at, 0),
            },
            Taken::Awaited(_) => {
                let value = finish.of(&format!("await {}", printer.layout(&printed.promise, at, "await ".len())), true);
                let value = if finish.is_async() { format!("await {value}") } else { value };
                if finish.has_operator() { in_brackets(printer.module, at, value) } else { value }
            }
            Taken::Returned | Taken::Discarded => {
                finish.of(&format!("await {}", printer.layout(&printed.promise, at, "await ".len())), true)
            }
            Taken::Together | Taken::Chosen(_) | Taken::Collected | Taken::Then(_) | Taken::Mapped(_) | Taken::Lazy => {
                let promise = printer.layout(&printed.promise, at, 0);
                let name = finish.parameter();
                format!("{promise}.then(({name}) => {})", finish.of(name, false))
            }
        };
        let code = joins::written(printer, site, &understood.ask, &orm, code.clone()).unwrap_or(code);
        Some(match site.guard {
            Some(row) => format!("{} && ({code})", printer.text(printer.module.bare(row))),
            None => code,
        })
    }

    /// Whether a row that comes from elsewhere may be a document now: rows of its table leave as such, or its type says so.
    fn may_be_document(&self, module: &Module, site: &Site, row: ExprId) -> bool {
        let is_typed = match module.expr(module.bare(row)) {
            ExprKind::Local(binding) => match module.binding(*binding).kind {
                BindingKind::Param(func, index) => module.func(func).params.get(index as usize).is_some_and(|param| param.ty.is_some()),
                _ => true,
            },
            _ => true,
        };
        is_typed || site.about.as_ref().is_some_and(|table| self.leaving.contains(table))
    }

    /// `row.doc()`: the row itself, if that has the shape of a document already.
    fn held_document(&self, printer: &Printer<'_, '_>, at: ExprId, (table, row, is_optional): (&Name, ExprId, bool)) -> String {
        let text = match (printer.is_row)(row) {
            true => self.document(printer, Shape::Row, table, &printer.text(printer.module.bare(row))),
            false => printer.text(row),
        };
        if is_optional { in_brackets(printer.module, at, format!("{text} ?? undefined")) } else { text }
    }

    /// A row, or rows, in the shape of documents.
    pub fn document(&self, printer: &Printer<'_, '_>, shape: Shape, table: &Name, text: &str) -> String {
        let helper = match shape {
            Shape::Row => Helper::Document,
            Shape::Rows => Helper::Documents,
            Shape::Page => Helper::DocumentPage,
        };
        format!("{}({}, {text})", (printer.helper)(helper), printer.context.style.string(table))
    }

    /// The local name of a helper.
    fn helper(&self, context: &FileContext<'_>, helper: Helper) -> String {
        self.helpers.borrow_mut().insert(helper);
        if self.wiring.home == Home::File(context.file) {
            return helper.name().to_owned();
        }
        context.want(&self.home_module(context.file), helper.name(), helper.name())
    }

    /// Constants that hold something lazy go when nothing uses them any more.
    fn drop_held(&self, printer: &Printer<'_, '_>, file: &FileSites) {
        let module = printer.module;
        let source = self.workspace.source(file.file);
        for held in file.sites.iter().filter_map(|site| site.held_in) {
            let used: Vec<ExprId> =
                file.sites.iter().filter(|site| site.is_live() && site.held_in.is_none()).filter_map(|site| site.via).collect();
            let binding = module.binding(held);
            let BindingKind::Const(Some(init)) = binding.kind else { continue };
            if !binding.uses.iter().all(|usage| used.contains(usage)) {
                continue;
            }
            let before = source.text[..binding.start as usize].trim_end();
            let after = &source.text[module.span(init).end as usize..];
            let rest = after.strip_prefix(';').unwrap_or(after);
            let ends = rest.trim_start_matches([' ', '\t']).starts_with(['\n', '\r']);
            let Some(start) = before.ends_with("const").then(|| before.len() - "const".len()) else { continue };
            let line = source.text[..start].rfind('\n').map_or(0, |at| at + 1);
            let span = module.at(line as u32, module.span(init).end + (after.len() - rest.len()) as u32);
            if ends && source.text[line..start].trim().is_empty() && source.comments_in(span).is_empty() {
                printer.nested.set(with_line_end(&source.text, span), String::new());
            }
        }
    }
}

/// `row._id` → `row.id`.
fn rename(printer: &Printer<'_, '_>, field: &FieldRead) {
    let new = match &*field.name {
        "_id" => "id",
        "_creationTime" => "createdAt",
        _ => return,
    };
    printer.nested.set(printer.module.property_span(field.member), new.to_owned());
}

enum Job<'a> {
    Call(&'a Site),
    Together(Together),
    /// And what goes behind it where null must not be read.
    Field(&'a FieldRead, Name, Option<&'static str>),
    Leave(Shape, Way, Name),
    Anew(&'a Site, ExprId, &'a Anew),
}

/// The expression that a call's place is taken of: with its `await`.
fn target_of(site: &Site) -> ExprId {
    if let Some(joined) = &site.joined {
        return joined.place;
    }
    match site.flow.taken {
        Taken::Awaited(at) => at,
        _ => site.top,
    }
}

fn is_member_of(module: &Module, at: ExprId) -> bool {
    matches!(module.parent(at), Parent::Expr(up) if matches!(module.expr(up), ExprKind::Member { .. } | ExprKind::Index { .. }))
}
