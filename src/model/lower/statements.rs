//! Statements, declarations, imports and exports.

use swc_atoms::Atom;
use swc_ecma_ast::{
    BlockStmt, Decl, DefaultDecl, ExportSpecifier, Expr, ForHead, Ident, ImportSpecifier, Lit, ModuleDecl, ModuleExportName, ModuleItem,
    Stmt as AstStmt, VarDecl, VarDeclKind, VarDeclOrExpr, VarDeclarator,
};

use super::{BindingId, BindingKind, ExprId, ExprKind, Loop, Lower, Name, Place, text_of};
use crate::model::hir::{Case, Export, Exported, Guard, Import, ImportName, Jump, Stmt, exits};
use crate::source::Span;

impl Lower {
    pub(super) fn module_items(&mut self, items: &[ModuleItem]) {
        self.module.use_node = says_use_node(items.first().and_then(|item| item.as_stmt()));
        for item in items {
            match item {
                ModuleItem::Stmt(stmt) => self.hoist(stmt),
                ModuleItem::ModuleDecl(ModuleDecl::Import(import)) => self.import(import),
                ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => self.hoist_decl(&export.decl),
                ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultDecl(export)) => match &export.decl {
                    DefaultDecl::Fn(function) => function.ident.iter().for_each(|i| self.hoist_name(i)),
                    DefaultDecl::Class(class) => class.ident.iter().for_each(|i| self.hoist_name(i)),
                    DefaultDecl::TsInterfaceDecl(_) => {}
                },
                ModuleItem::ModuleDecl(_) => {}
            }
        }
        let mut body = Vec::with_capacity(items.len());
        for item in items {
            match item {
                ModuleItem::Stmt(stmt) => self.stmt(stmt, &mut body),
                ModuleItem::ModuleDecl(decl) => self.module_decl(decl, &mut body),
            }
        }
        self.module.body = body;
    }

    fn module_decl(&mut self, decl: &ModuleDecl, body: &mut Vec<Stmt>) {
        match decl {
            ModuleDecl::ExportDecl(export) => {
                let from = self.module.bindings.len();
                self.decl(&export.decl, body);
                debug_assert!(self.module.bindings.len() >= from);
                self.export_names(&export.decl);
            }
            ModuleDecl::ExportNamed(named) => {
                let source = named.src.as_ref().map(|s| text_of(s));
                if let Some(module) = &source {
                    let span = self.span(named);
                    self.import_of(module.clone(), span);
                }
                for specifier in &named.specifiers {
                    let (name, what, type_only) = match specifier {
                        ExportSpecifier::Named(one) => {
                            let original = exported_name(&one.orig);
                            let name = one.exported.as_ref().map_or_else(|| original.clone(), exported_name);
                            let what = match &source {
                                Some(module) if &*original == "default" => Exported::From(module.clone(), ImportName::Default),
                                Some(module) => Exported::From(module.clone(), ImportName::Named(original)),
                                None => self
                                    .lookup(&original)
                                    .or_else(|| self.types.get(&original).copied())
                                    .map_or(Exported::Unknown, Exported::Binding),
                            };
                            (name, what, one.is_type_only)
                        }
                        ExportSpecifier::Namespace(all) => {
                            let module = source.clone().unwrap_or_default();
                            (exported_name(&all.name), Exported::From(module, ImportName::Namespace), false)
                        }
                        ExportSpecifier::Default(one) => {
                            let module = source.clone().unwrap_or_default();
                            (one.exported.sym.clone(), Exported::From(module, ImportName::Default), false)
                        }
                    };
                    self.module.exports.push(Export { name: Some(name), what, type_only: type_only || named.type_only });
                }
            }
            ModuleDecl::ExportAll(all) => {
                let module = text_of(&all.src);
                let span = self.span(all);
                self.import_of(module.clone(), span);
                self.module.exports.push(Export {
                    name: None,
                    what: Exported::From(module, ImportName::Namespace),
                    type_only: all.type_only,
                });
            }
            ModuleDecl::ExportDefaultExpr(export) => {
                let value = self.placed(&export.expr, Place::Exported);
                body.push(Stmt::Expr(value));
                let what = match self.module.expr(value) {
                    ExprKind::Local(binding) => Exported::Binding(*binding),
                    _ => Exported::Expr(value),
                };
                self.export_default(what);
            }
            ModuleDecl::ExportDefaultDecl(export) => match &export.decl {
                DefaultDecl::Fn(function) => {
                    let func = self.function(&function.function, function.ident.as_ref().map(|i| i.sym.clone()));
                    let value = self.push(function, ExprKind::Func(func));
                    if let Some(binding) = function.ident.as_ref().and_then(|i| self.lookup(&i.sym)) {
                        self.module.bindings[binding.0 as usize].kind = BindingKind::Func(func);
                    }
                    body.push(Stmt::Func(func));
                    self.export_default(Exported::Expr(value));
                }
                DefaultDecl::Class(class) => {
                    let kind = self.class(&class.class);
                    let value = self.push(class, kind);
                    body.push(Stmt::Expr(value));
                    self.export_default(Exported::Unknown);
                }
                DefaultDecl::TsInterfaceDecl(_) => {}
            },
            ModuleDecl::TsExportAssignment(export) => {
                let value = self.placed(&export.expr, Place::Exported);
                body.push(Stmt::Expr(value));
            }
            ModuleDecl::Import(_) | ModuleDecl::TsImportEquals(_) | ModuleDecl::TsNamespaceExport(_) => {}
        }
    }

    fn export_default(&mut self, what: Exported) {
        self.module.exports.push(Export { name: Some(Atom::from("default")), what, type_only: false });
    }

    fn export_names(&mut self, decl: &Decl) {
        let mut names: Vec<(Atom, u32, bool)> = Vec::new();
        match decl {
            Decl::Fn(function) => names.push((function.ident.sym.clone(), 0, false)),
            Decl::Class(class) => names.push((class.ident.sym.clone(), 0, false)),
            Decl::TsEnum(one) => names.push((one.id.sym.clone(), 0, false)),
            Decl::TsTypeAlias(alias) => names.push((alias.id.sym.clone(), 0, true)),
            Decl::TsInterface(interface) => names.push((interface.id.sym.clone(), 0, true)),
            Decl::Var(var) => {
                for one in &var.decls {
                    let mut found = Vec::new();
                    pattern_names(&one.name, &mut found);
                    names.extend(found.into_iter().map(|n| (n, 0, false)));
                }
            }
            Decl::Using(_) | Decl::TsModule(_) => {}
        }
        for (name, _, is_type) in names {
            let binding = if is_type { self.types.get(&name).copied() } else { self.module.top.get(&name).copied() };
            let what = binding.map_or(Exported::Unknown, Exported::Binding);
            self.module.exports.push(Export { name: Some(name), what, type_only: is_type });
        }
    }

    fn import(&mut self, import: &swc_ecma_ast::ImportDecl) {
        let module = text_of(&import.src);
        let whole = self.span(import);
        if import.specifiers.is_empty() {
            self.import_of(module, whole);
            return;
        }
        for specifier in &import.specifiers {
            let (local, name, type_only) = match specifier {
                ImportSpecifier::Named(one) => {
                    let name = one.imported.as_ref().map_or_else(|| one.local.sym.clone(), exported_name);
                    let name = if &*name == "default" { ImportName::Default } else { ImportName::Named(name) };
                    (&one.local, name, one.is_type_only)
                }
                ImportSpecifier::Default(one) => (&one.local, ImportName::Default, false),
                ImportSpecifier::Namespace(one) => (&one.local, ImportName::Namespace, false),
            };
            let span = self.span(specifier);
            let index = self.module.imports.len() as u32;
            self.module.imports.push(Import {
                module: module.clone(),
                name,
                type_only: type_only || import.type_only,
                start: span.start,
                end: span.end,
                decl_start: whole.start,
                decl_end: whole.end,
            });
            self.declare(local, BindingKind::Import(index));
        }
    }

    /// A module that the file loads without binding a name.
    pub(super) fn import_of(&mut self, module: Name, span: Span) {
        let (start, end) = (span.start, span.end);
        self.module.imports.push(Import {
            module,
            name: ImportName::Nothing,
            type_only: false,
            start,
            end,
            decl_start: start,
            decl_end: end,
        });
    }

    /// Makes known what a list of statements declares, before any of them is lowered.
    pub(super) fn declare_all<'s>(&mut self, stmts: impl Iterator<Item = &'s AstStmt>) {
        stmts.for_each(|stmt| self.hoist(stmt));
    }

    fn hoist(&mut self, stmt: &AstStmt) {
        if let AstStmt::Decl(decl) = stmt {
            self.hoist_decl(decl);
        }
    }

    fn hoist_name(&mut self, ident: &Ident) {
        self.declare(ident, BindingKind::Other);
    }

    fn hoist_decl(&mut self, decl: &Decl) {
        match decl {
            Decl::Fn(function) => self.hoist_name(&function.ident),
            Decl::Class(class) => self.hoist_name(&class.ident),
            Decl::Var(var) => var.decls.iter().for_each(|d| self.hoist_pattern(&d.name)),
            Decl::Using(using) => using.decls.iter().for_each(|d| self.hoist_pattern(&d.name)),
            Decl::TsEnum(one) => self.hoist_name(&one.id),
            Decl::TsTypeAlias(alias) => self.hoist_type(&alias.id),
            Decl::TsInterface(interface) => self.hoist_type(&interface.id),
            Decl::TsModule(_) => {}
        }
    }

    /// Types are known in the whole file: two of one name in different scopes are rare, and then the last one wins.
    fn hoist_type(&mut self, ident: &Ident) {
        let before = (self.module.top.get(&ident.sym).copied(), self.locals.len());
        let id = self.declare(ident, BindingKind::Other);
        self.locals.truncate(before.1);
        match before.0 {
            Some(value) => self.module.top.insert(ident.sym.clone(), value),
            None => self.module.top.remove(&ident.sym),
        };
        self.types.insert(ident.sym.clone(), id);
    }

    pub(super) fn stmts(&mut self, stmts: &[AstStmt]) -> Vec<Stmt> {
        let guard = self.guard;
        let mut out = Vec::with_capacity(stmts.len());
        stmts.iter().for_each(|stmt| self.stmt(stmt, &mut out));
        self.guard = guard;
        out
    }

    /// From here to the end of the list of statements, the test has this outcome.
    fn guard(&mut self, test: ExprId, holds: bool) {
        self.guard = Some(self.module.push_guard(Guard { test, holds, outer: self.guard }));
    }

    fn guarded<T>(&mut self, test: ExprId, holds: bool, run: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.guard;
        self.guard(test, holds);
        let result = run(self);
        self.guard = before;
        result
    }

    fn block(&mut self, block: &BlockStmt) -> Vec<Stmt> {
        self.scoped(|this| {
            this.enter_block(block.stmts.iter());
            this.stmts(&block.stmts)
        })
    }

    /// Declares a block's names; at the top of a module they must not become the module's own.
    fn enter_block<'s>(&mut self, stmts: impl Iterator<Item = &'s AstStmt>) {
        if self.func.is_none() && self.locals.is_empty() {
            self.locals.push((Atom::default(), BindingId(u32::MAX)));
        }
        self.declare_all(stmts);
    }

    /// One statement as the body of another.
    fn nested(&mut self, stmt: &AstStmt) -> Vec<Stmt> {
        match stmt {
            AstStmt::Block(block) => self.block(block),
            other => self.scoped(|this| {
                this.enter_block(std::iter::once(other));
                this.stmts(std::slice::from_ref(other))
            }),
        }
    }

    fn stmt(&mut self, stmt: &AstStmt, out: &mut Vec<Stmt>) {
        let lowered = match stmt {
            AstStmt::Expr(expr) => Stmt::Expr(self.placed(&expr.expr, Place::Discarded)),
            AstStmt::Decl(decl) => return self.decl(decl, out),
            AstStmt::Return(ret) => {
                let span = self.span(ret);
                let value = ret.arg.as_ref().map(|e| self.placed(e, Place::Returned));
                Stmt::Return { value, start: span.start, end: span.end }
            }
            AstStmt::If(one) => {
                let test = self.placed(&one.test, Place::Test);
                let yes = self.guarded(test, true, |this| this.nested(&one.cons));
                let no = one.alt.as_ref().map(|s| self.guarded(test, false, |this| this.nested(s))).unwrap_or_default();
                // What follows is reached only by the branch that goes on.
                match (exits(&yes), exits(&no)) {
                    (true, false) => self.guard(test, false),
                    (false, true) => self.guard(test, true),
                    _ => {}
                }
                Stmt::If { test, yes, no }
            }
            AstStmt::Block(block) => Stmt::Block(self.block(block)),
            AstStmt::Throw(throw) => Stmt::Throw(self.placed(&throw.arg, Place::Thrown)),
            AstStmt::Try(one) => {
                let block = self.block(&one.block);
                let handler = one.handler.as_ref().map(|handler| {
                    self.scoped(|this| {
                        this.enter_block(std::iter::empty());
                        if let Some(param) = &handler.param {
                            this.hoist_pattern(param);
                        }
                        this.block(&handler.body)
                    })
                });
                let finalizer = one.finalizer.as_ref().map(|b| self.block(b)).unwrap_or_default();
                Stmt::Try { block, handler, finalizer }
            }
            AstStmt::Switch(switch) => {
                let subject = self.placed(&switch.discriminant, Place::Other);
                let cases = self.scoped(|this| {
                    this.enter_block(switch.cases.iter().flat_map(|c| c.cons.iter()));
                    let lower = |c: &swc_ecma_ast::SwitchCase| {
                        let test = c.test.as_ref().map(|t| this.placed(t, Place::Other));
                        Case { test, body: this.stmts(&c.cons) }
                    };
                    switch.cases.iter().map(lower).collect()
                });
                Stmt::Switch { subject, cases }
            }
            AstStmt::While(one) => self.plain_loop(stmt, &[Some(&one.test)], &one.body, is_true(&one.test)),
            AstStmt::DoWhile(one) => self.plain_loop(stmt, &[Some(&one.test)], &one.body, is_true(&one.test)),
            AstStmt::For(one) => self.scoped(|this| {
                this.enter_block(std::iter::empty());
                let mut before = Vec::new();
                let init = match &one.init {
                    Some(VarDeclOrExpr::VarDecl(var)) => {
                        var.decls.iter().for_each(|d| this.hoist_pattern(&d.name));
                        this.var(var, &mut before);
                        None
                    }
                    Some(VarDeclOrExpr::Expr(expr)) => Some(&**expr),
                    None => None,
                };
                let endless = one.test.as_ref().is_none_or(|t| is_true(t));
                let body = this.plain_loop(stmt, &[init, one.test.as_deref(), one.update.as_deref()], &one.body, endless);
                before.push(body);
                Stmt::Block(before)
            }),
            AstStmt::ForOf(one) => self.each(stmt, &one.left, &one.right, &one.body, Loop::Of { is_await: one.is_await }),
            AstStmt::ForIn(one) => self.each(stmt, &one.left, &one.right, &one.body, Loop::In),
            AstStmt::Labeled(labeled) => return self.stmt(&labeled.body, out),
            AstStmt::Break(one) => Stmt::Jump(if one.label.is_some() { Jump::Labelled } else { Jump::Break }),
            AstStmt::Continue(one) => Stmt::Jump(if one.label.is_some() { Jump::Labelled } else { Jump::Continue }),
            AstStmt::With(with) => {
                let value = self.placed(&with.obj, Place::Other);
                out.push(Stmt::Expr(value));
                Stmt::Block(self.nested(&with.body))
            }
            AstStmt::Empty(_) | AstStmt::Debugger(_) => return,
        };
        out.push(lowered);
    }

    fn plain_loop(&mut self, whole: &AstStmt, heads: &[Option<&Expr>], body: &AstStmt, endless: bool) -> Stmt {
        let span = self.span(whole);
        let heads = heads.iter().flatten().map(|e| self.placed(e, Place::Test)).collect();
        let body = self.nested(body);
        Stmt::Loop { kind: Loop::While { endless }, heads, bindings: (BindingId(0), BindingId(0)), body, start: span.start, end: span.end }
    }

    fn each(&mut self, whole: &AstStmt, left: &ForHead, right: &Expr, body: &AstStmt, kind: Loop) -> Stmt {
        let span = self.span(whole);
        let subject = self.placed(right, Place::Iterated);
        self.scoped(|this| {
            this.enter_block(std::iter::empty());
            let pattern = match left {
                ForHead::VarDecl(var) => var.decls.first().map(|d| &d.name),
                ForHead::UsingDecl(using) => using.decls.first().map(|d| &d.name),
                ForHead::Pat(pattern) => {
                    this.write_pattern(pattern);
                    None
                }
            };
            let bindings = pattern.map_or((BindingId(0), BindingId(0)), |pattern| {
                this.hoist_pattern(pattern);
                let element = if kind == Loop::In { BindingKind::Other } else { BindingKind::Element(subject) };
                this.bind_pattern(pattern, element)
            });
            let body = this.nested(body);
            Stmt::Loop { kind, heads: vec![subject], bindings, body, start: span.start, end: span.end }
        })
    }

    fn decl(&mut self, decl: &Decl, out: &mut Vec<Stmt>) {
        match decl {
            Decl::Var(var) => self.var(var, out),
            Decl::Using(using) => using.decls.iter().for_each(|d| self.declarator(d, VarDeclKind::Const, out)),
            Decl::Fn(function) => {
                let func = self.function(&function.function, Some(function.ident.sym.clone()));
                if let Some(binding) = self.lookup(&function.ident.sym) {
                    let binding = &mut self.module.bindings[binding.0 as usize];
                    // Overloads: the declaration with a body is the one.
                    if function.function.body.is_some() || binding.kind == BindingKind::Other {
                        binding.kind = BindingKind::Func(func);
                    }
                }
                out.push(Stmt::Func(func));
            }
            Decl::Class(class) => {
                let kind = self.class(&class.class);
                let value = self.push(class, kind);
                self.module.place(value, Place::Other, self.func, self.guard);
                out.push(Stmt::Expr(value));
            }
            Decl::TsTypeAlias(alias) => {
                let generic = alias.type_params.is_some();
                let around = self.type_params(alias.type_params.as_deref());
                let ty = self.ty(&alias.type_ann);
                self.type_params.truncate(around);
                self.bind_type(&alias.id.sym, Some(ty));
                if let (true, Some(binding)) = (generic, self.types.get(&alias.id.sym)) {
                    self.module.bindings[binding.0 as usize].kind = BindingKind::GenericAlias(ty);
                }
            }
            Decl::TsInterface(interface) => {
                let generic = interface.type_params.is_some();
                let ty = self.interface(interface);
                self.bind_type(&interface.id.sym, (!generic).then_some(ty));
            }
            Decl::TsEnum(_) | Decl::TsModule(_) => {}
        }
    }

    fn bind_type(&mut self, name: &Atom, ty: Option<crate::model::hir::TypeId>) {
        if let (Some(binding), Some(ty)) = (self.types.get(name), ty) {
            self.module.bindings[binding.0 as usize].kind = BindingKind::TypeAlias(ty);
        }
    }

    fn var(&mut self, var: &VarDecl, out: &mut Vec<Stmt>) {
        var.decls.iter().for_each(|d| self.declarator(d, var.kind, out));
    }

    fn declarator(&mut self, declarator: &VarDeclarator, kind: VarDeclKind, out: &mut Vec<Stmt>) {
        let init = declarator.init.as_ref().map(|e| self.expr(e));
        let kind = if kind == VarDeclKind::Const { BindingKind::Const(init) } else { BindingKind::Let(init) };
        let (first, end) = self.bind_pattern(&declarator.name, kind);
        if let Some(init) = init {
            self.name_func(init, &declarator.name);
            self.module.place(init, Place::Init(first, end), self.func, self.guard);
        }
        out.push(Stmt::Var { first, end, init });
    }

    fn name_func(&mut self, init: ExprId, pattern: &swc_ecma_ast::Pat) {
        if let (Some(func), swc_ecma_ast::Pat::Ident(ident)) = (self.module.as_func(init), pattern) {
            let func = &mut self.module.funcs[func.0 as usize];
            func.name.get_or_insert_with(|| ident.id.sym.clone());
        }
    }
}

/// Whether the first statement is the directive `"use node"`.
pub(super) fn says_use_node(first: Option<&AstStmt>) -> bool {
    matches!(first, Some(AstStmt::Expr(expr)) if matches!(&*expr.expr, Expr::Lit(Lit::Str(text)) if text.value.as_str() == Some("use node")))
}

fn is_true(expr: &Expr) -> bool {
    matches!(expr, Expr::Lit(Lit::Bool(value)) if value.value)
}

fn exported_name(name: &ModuleExportName) -> Name {
    name.atom().into_owned()
}

fn pattern_names(pattern: &swc_ecma_ast::Pat, out: &mut Vec<Atom>) {
    use swc_ecma_ast::{ObjectPatProp, Pat};
    match pattern {
        Pat::Ident(ident) => out.push(ident.id.sym.clone()),
        Pat::Array(array) => array.elems.iter().flatten().for_each(|p| pattern_names(p, out)),
        Pat::Rest(rest) => pattern_names(&rest.arg, out),
        Pat::Assign(assign) => pattern_names(&assign.left, out),
        Pat::Object(object) => {
            for prop in &object.props {
                match prop {
                    ObjectPatProp::KeyValue(pair) => pattern_names(&pair.value, out),
                    ObjectPatProp::Assign(short) => out.push(short.key.id.sym.clone()),
                    ObjectPatProp::Rest(rest) => pattern_names(&rest.arg, out),
                }
            }
        }
        Pat::Invalid(_) | Pat::Expr(_) => {}
    }
}
