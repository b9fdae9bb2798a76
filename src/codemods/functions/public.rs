//! `--public-shape orm`: public functions give clients rows as the ORM has them, and every place that calls such a function is named.
//!
//! Only where the row itself is what is returned, and nothing says what is: a validator or a type of the result keeps its shape.

use std::collections::BTreeMap;

use super::companions::TableNotes;
use super::shapes::Use;
use super::sites::{FileSites, Site, row_table};
use crate::codemod::{Left, Severity};
use crate::model::functions::{Entry, Function};
use crate::model::hir::{Binary, Exported, ExprId, ExprKind, FuncId, Module, Name, Parent, Place};
use crate::model::infer::Infer;
use crate::model::layout::lies_in;
use crate::model::promises::is_promise_all;
use crate::model::repetition::Mapping;
use crate::model::ty::Ty;
use crate::model::{Role, Workspace, in_file};
use crate::source::{FileId, Span};

/// Lets rows leave public functions as they are, and says which functions these are and who calls them.
pub fn reshape(workspace: &Workspace, place: usize, found: &mut [FileSites], notes: &TableNotes) -> Vec<Left> {
    let project = &workspace.projects[place];
    let mut changed: BTreeMap<(FileId, u32), &Function> = BTreeMap::new();
    for file in found {
        let module = workspace.hir(file.file);
        let functions: Vec<(&Function, FuncId)> = in_file(&project.functions, file.file, |one| one.file)
            .iter()
            .filter_map(|one| Some((one, open_handler(one, module)?)))
            .collect();
        for site in file.sites.iter_mut().filter(|site| site.is_live()) {
            let table = site.verdict.as_ref().ok().and_then(row_table);
            // A default is filled in where a row becomes a document.
            if table.is_none_or(|table| notes.defaults.contains_key(&table)) {
                continue;
            }
            for (function, _) in functions.iter().filter(|(_, handler)| gives_out(module, site, *handler)) {
                changed.insert((function.file, module.span(function.call).start), function);
            }
        }
    }
    let mut left: Vec<Left> = changed.values().map(|function| said(workspace, function)).collect();
    left.extend(clients(workspace, place, &changed.into_values().collect::<Vec<_>>()));
    left
}

/// The handler of a public function, if nothing says what it returns.
fn open_handler(function: &Function, module: &Module) -> Option<FuncId> {
    let handler = function.handler.filter(|at| at.file == function.file)?;
    let is_open = function.is_public() && function.returns == Entry::Missing && module.func(handler.func).return_type.is_none();
    is_open.then_some(handler.func)
}

/// Takes away the uses that leave through the function; whether there were any, and rows are what leaves now.
fn gives_out(module: &Module, site: &mut Site, handler: FuncId) -> bool {
    let leaving = |usage: &Use| matches!(usage, Use::Escape { value, .. } if leaves(module, *value, handler));
    let before = site.flow.uses.clone();
    site.flow.uses.retain(|usage| !leaving(usage));
    if site.flow.uses.len() == before.len() {
        return false;
    }
    // They become documents for another reason, and leave as what they are.
    if site.is_better_at_once() {
        site.flow.uses = before;
        return false;
    }
    true
}

/// Whether the value is returned by the function, as it is, or in objects and lists that are written there.
fn leaves(module: &Module, value: ExprId, handler: FuncId) -> bool {
    let mut at = value;
    loop {
        match module.parent(at) {
            Parent::Expr(up) => {
                let goes_on = match module.expr(up) {
                    ExprKind::Paren(_) | ExprKind::Await(_) | ExprKind::Object(_) | ExprKind::Array(_) => true,
                    ExprKind::Cond { test, .. } => *test != at,
                    ExprKind::Binary { op: Binary::Coalesce | Binary::Or, .. } => true,
                    ExprKind::Binary { op: Binary::And, right, .. } => *right == at,
                    ExprKind::Call(call) => call.callee != at && is_promise_all(module, up),
                    _ => false,
                };
                if !goes_on {
                    return false;
                }
                at = up;
            }
            Parent::Stmt { place: Place::Returned, func: Some(func), .. } if func == handler => return true,
            // `rows.map(async (row) => ({ ...row, owner }))`, returned in turn.
            Parent::Stmt { place: Place::Returned, func: Some(func), .. } => {
                let Some(mapping) = Mapping::by(module, func) else { return false };
                at = mapping.call;
            }
            Parent::Stmt { .. } => return false,
        }
    }
}

fn said(workspace: &Workspace, function: &Function) -> Left {
    let message =
        format!("{} returns rows of the ORM now, which have `id` and `createdAt` in place of `_id` and `_creationTime`", function.title());
    let span = workspace.hir(function.file).span(function.call);
    let span = Span { end: span.start + first_line(workspace, span), ..span };
    let suggestion = Some("say what it returns with `returns` or a type, and its rows keep the shape of documents".to_owned());
    Left { code: "functions-public-shape", severity: Severity::Info, span, message, suggestion }
}

fn first_line(workspace: &Workspace, span: Span) -> u32 {
    workspace.text(span).lines().next().unwrap_or_default().len() as u32
}

/// The places that call one of the functions by `api.…`.
fn clients(workspace: &Workspace, place: usize, changed: &[&Function]) -> Vec<Left> {
    let module_of = |file: FileId| {
        let (path, folder) = (&workspace.source(file).path, workspace.functions_folder(file)?);
        let inner = path.strip_prefix(folder).map(|rest| rest.trim_start_matches('/')).filter(|_| lies_in(path, folder))?;
        let stem = inner.rsplit_once('.').map_or(inner, |(stem, _)| stem);
        Some(stem.split('/').map(Name::from).collect::<Vec<Name>>())
    };
    let named: BTreeMap<Vec<Name>, &Function> = changed
        .iter()
        .flat_map(|function| {
            let names = exported_names(workspace.hir(function.file), function);
            names.into_iter().filter_map(|name| {
                let path = [Name::from("api")].into_iter().chain(module_of(function.file)?).chain([name]);
                Some((path.collect(), *function))
            })
        })
        .collect();
    if named.is_empty() {
        return Vec::new();
    }
    let project = &workspace.projects[place];
    let is_theirs = |file: FileId| project.files.binary_search(&file).is_ok() || workspace.functions_folder(file).is_none();
    let files = workspace.files.iter().filter(|file| file.role != Role::Generated && is_theirs(file.source.id));
    let files: Vec<FileId> = files.map(|file| file.source.id).collect();
    workspace.ask_each(&files, |file, infer| calls_in(workspace, file, infer, &named)).into_iter().flatten().collect()
}

fn calls_in(workspace: &Workspace, file: FileId, infer: &Infer<'_>, named: &BTreeMap<Vec<Name>, &Function>) -> Vec<Left> {
    let module = workspace.hir(file);
    let members = module.exprs().filter(|(_, kind)| matches!(kind, ExprKind::Member { .. }));
    let left = |(id, _): (ExprId, &ExprKind)| {
        let Ty::Reference(path) = infer.expr(file, id) else { return None };
        let function = named.get(&path[..])?;
        let written = path.iter().map(|name| &**name).collect::<Vec<_>>().join(".");
        Some(Left {
            code: "functions-client",
            severity: Severity::Warning,
            span: module.span(id),
            message: format!("`{written}` now yields rows with `id` and `createdAt` in place of `_id` and `_creationTime`"),
            suggestion: Some(format!(
                "read `.id` and `.createdAt` of what it yields; it is {} in {}",
                function.kind_and_name(),
                workspace.source(function.file).path
            )),
        })
    };
    members.filter_map(left).collect()
}

fn exported_names(module: &Module, function: &Function) -> Vec<Name> {
    let is_it = |what: &Exported| match what {
        Exported::Binding(binding) => match module.binding(*binding).kind {
            crate::model::hir::BindingKind::Const(Some(value)) => module.bare(value) == function.call,
            _ => false,
        },
        Exported::Expr(value) => module.bare(*value) == function.call,
        Exported::From(..) | Exported::Unknown => false,
    };
    module.exports.iter().filter(|export| is_it(&export.what)).filter_map(|export| export.name.clone()).collect()
}
