//! Names that are used before they are there: constants further down in the file, and those of files that run later.
//!
//! Goes through what runs when a file is loaded, and what that calls in the file. Which branch is taken is not asked.

use std::collections::{BTreeSet, HashMap};

use super::{Refused, orm_tables};
use crate::model::hir::{BindingId, BindingKind, Exported, ExprId, ExprKind, FuncId, ImportName, Module, Name, Parent};
use crate::model::infer::Infer;
use crate::model::ty::Ty;
use crate::model::{Origin, Project, Schema, Workspace};
use crate::source::{FileId, Span};

pub(super) fn check(workspace: &Workspace, project: &Project, schema: &Schema, refused: &mut Refused) {
    let mut files: BTreeSet<FileId> = orm_tables(schema).map(|table| table.definition.span.file).collect();
    if files.is_empty() {
        return;
    }
    files.insert(schema.file);
    files.extend(project.relations.iter().map(|relation| relation.span.file));
    workspace.ask(schema.file, |infer| {
        let order = load_order(workspace, infer, schema.file);
        for file in files {
            let mut loading = Loading { infer, module: workspace.hir(file), file, order: &order, called: Vec::new(), early: Vec::new() };
            loading.run(None, None);
            for (at, why) in loading.early {
                let table = orm_tables(schema).find(|t| t.definition.span.contains(at));
                refused.found.push((table.map_or_else(|| Name::from("schema"), |t| t.name.clone()), why));
            }
        }
    });
}

/// The place of each file in the order in which they run when the first one is loaded.
fn load_order(workspace: &Workspace, infer: &Infer<'_>, first: FileId) -> HashMap<FileId, usize> {
    fn visit(workspace: &Workspace, infer: &Infer<'_>, file: FileId, seen: &mut BTreeSet<FileId>, order: &mut HashMap<FileId, usize>) {
        if !seen.insert(file) {
            return;
        }
        let module = workspace.hir(file);
        let unused: BTreeSet<u32> = (0..module.bindings.len() as u32)
            .map(|i| module.binding(BindingId(i)))
            .filter(|b| b.uses.is_empty())
            .filter_map(|b| if let BindingKind::Import(at) = b.kind { Some(at) } else { None })
            .collect();
        // What is imported for its type alone is not loaded.
        for (_, import) in module.imports.iter().enumerate().filter(|(i, import)| !import.type_only && !unused.contains(&(*i as u32))) {
            if let Origin::Namespace(target) = infer.world.origin(file, &import.module, &ImportName::Namespace) {
                visit(workspace, infer, target, seen, order);
            }
        }
        order.insert(file, order.len());
    }
    let mut order = HashMap::new();
    visit(workspace, infer, first, &mut BTreeSet::new(), &mut order);
    order
}

struct Loading<'a> {
    infer: &'a Infer<'a>,
    module: &'a Module,
    file: FileId,
    order: &'a HashMap<FileId, usize>,
    /// Functions that have been called on the way, each with the place of the first call.
    called: Vec<FuncId>,
    early: Vec<(Span, String)>,
}

impl Loading<'_> {
    /// Goes through what runs at once in the function, or in the file itself; of a function as if it stood where it is called.
    fn run(&mut self, within: Option<FuncId>, called_at: Option<Span>) {
        let module = self.module;
        let here: Vec<(ExprId, &ExprKind)> = module.exprs().filter(|(id, _)| self.runs_in(*id, within)).collect();
        for (id, kind) in here {
            let at = called_at.unwrap_or_else(|| module.span(id));
            match kind {
                ExprKind::Local(binding) => self.used(*binding, at),
                ExprKind::Call(call) => {
                    let ExprKind::Local(binding) = module.expr(module.bare(call.callee)) else { continue };
                    let func = match module.binding(*binding).kind {
                        BindingKind::Func(func) => Some(func),
                        BindingKind::Const(Some(init)) => module.as_func(init),
                        _ => None,
                    };
                    if let Some(func) = func.filter(|func| !self.called.contains(func)) {
                        self.called.push(func);
                        self.run(Some(func), Some(at));
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether the expression runs when the function does: no other function stands between, but one that is called at once.
    fn runs_in(&self, id: ExprId, within: Option<FuncId>) -> bool {
        let mut outer = self.module.enclosing_func(id);
        while outer != within {
            let Some(func) = outer.filter(|func| self.is_called_at_once(*func)) else { return false };
            outer = self.module.func(func).outer;
        }
        true
    }

    /// Whether the function is given to something that calls it right away.
    fn is_called_at_once(&self, func: FuncId) -> bool {
        let module = self.module;
        let Some(at) = module.func(func).expr else { return false };
        let (Parent::Expr(parent), child) = module.meaningful_parent(at) else { return false };
        let Some(call) = module.call(parent) else { return false };
        if call.callee == child {
            return true;
        }
        if let Some((_, object, method)) = module.method(parent) {
            let is_list = || matches!(self.infer.expr(self.file, object), Ty::Array(_) | Ty::Tuple(_));
            return &**method == "relations" || matches!(&**method, "map" | "filter" | "flatMap" | "forEach" | "reduce") && is_list();
        }
        match self.infer.expr(self.file, call.callee) {
            Ty::External(external) => external
                .path
                .first()
                .is_some_and(|name| matches!(&**name, "convexTable" | "defineRelations" | "defineRelationsPart" | "relations")),
            _ => false,
        }
    }

    fn used(&mut self, binding: BindingId, at: Span) {
        let module = self.module;
        if !module.is_of_module(binding) {
            return;
        }
        let declared = module.binding(binding);
        let name = &declared.name;
        match declared.kind {
            // A function is there from the start, a constant when its value is.
            BindingKind::Const(Some(init)) | BindingKind::Let(Some(init)) if at.start < module.span(init).end => {
                self.early.push((at, format!("`{name}` is used before it is there")));
            }
            BindingKind::Import(_) => {
                let Some(import) = module.import(declared) else { return };
                let Origin::Here(home, Exported::Binding(other)) = self.infer.world.origin(self.file, &import.module, &import.name) else {
                    return;
                };
                let is_value = matches!(self.infer.hir(home).binding(other).kind, BindingKind::Const(_) | BindingKind::Let(_));
                let is_later = match (self.order.get(&self.file), self.order.get(&home)) {
                    (Some(own), Some(its)) => own < its,
                    _ => false,
                };
                if is_value && is_later {
                    self.early.push((at, format!("`{name}` is used before it is there: the file that makes it imports this one")));
                }
            }
            _ => {}
        }
    }
}
