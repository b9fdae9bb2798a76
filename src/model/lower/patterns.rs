//! Parameters and destructuring patterns: each name gets the path that leads to it.

use swc_ecma_ast::{ObjectPatProp, Pat, PropName};

use super::{BindingId, BindingKind, ExprId, FuncId, Lower, Name, Param, Place, Step, text_of};

/// Is told each name of a pattern, with the path to it and the default beside it.
type VisitName<'v> = dyn FnMut(&mut Lower, &swc_ecma_ast::Ident, &[Step], Option<ExprId>) + 'v;

impl Lower {
    pub(super) fn param(&mut self, pattern: &Pat, func: FuncId, index: u32) -> Param {
        let whole = self.span(pattern);
        let first = self.next_binding();
        let (inner, default) = match pattern {
            Pat::Assign(assign) => (&*assign.left, Some(&assign.right)),
            other => (other, None),
        };
        let (annotation, is_optional) = match inner {
            Pat::Ident(ident) => (&ident.type_ann, ident.id.optional),
            Pat::Object(object) => (&object.type_ann, object.optional),
            Pat::Array(array) => (&array.type_ann, array.optional),
            Pat::Rest(rest) => (&rest.type_ann, false),
            _ => (&None, false),
        };
        let ty = annotation.as_ref().map(|t| self.ty(&t.type_ann));
        let is_rest = matches!(inner, Pat::Rest(_));
        self.declare_pattern(inner, BindingKind::Param(func, index), &mut Vec::new());
        if let (Some(binding), Pat::Ident(_)) = (self.module.bindings.get_mut(first.0 as usize), inner) {
            binding.ty = ty;
        }
        let default = default.map(|d| self.placed(d, Place::Other));
        Param {
            start: whole.start,
            end: whole.end,
            ty,
            default,
            is_rest,
            is_optional,
            bindings: (first, self.next_binding()),
            is_name: matches!(inner, Pat::Ident(_)),
        }
    }

    /// Declares every name of a pattern that has not been declared before.
    fn declare_pattern(&mut self, pattern: &Pat, kind: BindingKind, path: &mut Vec<Step>) {
        self.each_name(pattern, path, None, &mut |this, ident, path, default| {
            let id = this.declare(ident, kind);
            let binding = &mut this.module.bindings[id.0 as usize];
            binding.path = path.into();
            binding.default = default;
        });
    }

    /// Names of a declaration made known before its statement is reached.
    pub(super) fn hoist_pattern(&mut self, pattern: &Pat) {
        match pattern {
            Pat::Ident(ident) => {
                self.declare(&ident.id, BindingKind::Other);
            }
            Pat::Array(array) => array.elems.iter().flatten().for_each(|p| self.hoist_pattern(p)),
            Pat::Rest(rest) => self.hoist_pattern(&rest.arg),
            Pat::Assign(assign) => self.hoist_pattern(&assign.left),
            Pat::Object(object) => {
                for prop in &object.props {
                    match prop {
                        ObjectPatProp::KeyValue(pair) => self.hoist_pattern(&pair.value),
                        ObjectPatProp::Assign(short) => {
                            self.declare(&short.key.id, BindingKind::Other);
                        }
                        ObjectPatProp::Rest(rest) => self.hoist_pattern(&rest.arg),
                    }
                }
            }
            Pat::Invalid(_) | Pat::Expr(_) => {}
        }
    }

    /// Says what the hoisted names of a pattern are bound to; the range of their ids.
    pub(super) fn bind_pattern(&mut self, pattern: &Pat, kind: BindingKind) -> (BindingId, BindingId) {
        let mut bound: Vec<BindingId> = Vec::new();
        self.each_name(pattern, &mut Vec::new(), None, &mut |this, ident, path, default| {
            let start = this.span(ident).start;
            let Some(id) = this.lookup(&ident.sym) else { return };
            let binding = &mut this.module.bindings[id.0 as usize];
            if binding.start != start {
                return;
            }
            binding.kind = kind;
            binding.path = path.into();
            binding.default = default;
            bound.push(id);
        });
        if let Pat::Ident(ident) = pattern
            && let Some(annotation) = &ident.type_ann
        {
            let ty = self.ty(&annotation.type_ann);
            if let Some(id) = bound.first() {
                self.module.bindings[id.0 as usize].ty = Some(ty);
            }
        }
        match (bound.iter().min(), bound.iter().max()) {
            (Some(first), Some(last)) => (*first, BindingId(last.0 + 1)),
            _ => (BindingId(0), BindingId(0)),
        }
    }

    /// The names of an assignment's pattern are written with something not modelled.
    pub(super) fn write_pattern(&mut self, pattern: &Pat) {
        self.each_name(pattern, &mut Vec::new(), None, &mut |this, ident, _, _| {
            if let Some(id) = this.lookup(&ident.sym) {
                this.module.bindings[id.0 as usize].writes.push(None);
            }
        });
    }

    fn each_name(&mut self, pattern: &Pat, path: &mut Vec<Step>, default: Option<ExprId>, visit: &mut VisitName<'_>) {
        match pattern {
            Pat::Ident(ident) => visit(self, &ident.id, path, default),
            Pat::Array(array) => {
                for (i, element) in array.elems.iter().enumerate() {
                    let Some(element) = element else { continue };
                    path.push(if matches!(element, Pat::Rest(_)) { Step::Unknown } else { Step::Index(i as u32) });
                    self.each_name(element, path, None, visit);
                    path.pop();
                }
            }
            Pat::Rest(rest) => self.each_name(&rest.arg, path, None, visit),
            Pat::Assign(assign) => {
                let default = self.placed(&assign.right, Place::Other);
                self.each_name(&assign.left, path, Some(default), visit);
            }
            Pat::Object(object) => {
                let mut named: Vec<Name> = Vec::new();
                for prop in &object.props {
                    match prop {
                        ObjectPatProp::KeyValue(pair) => {
                            let key = match &pair.key {
                                PropName::Ident(name) => Some(name.sym.clone()),
                                PropName::Str(text) => Some(text_of(text)),
                                PropName::Computed(computed) => {
                                    self.placed(&computed.expr, Place::Other);
                                    None
                                }
                                _ => None,
                            };
                            named.extend(key.clone());
                            path.push(key.map_or(Step::Unknown, Step::Key));
                            self.each_name(&pair.value, path, None, visit);
                            path.pop();
                        }
                        ObjectPatProp::Assign(short) => {
                            named.push(short.key.id.sym.clone());
                            let default = short.value.as_ref().map(|d| self.placed(d, Place::Other));
                            path.push(Step::Key(short.key.id.sym.clone()));
                            visit(self, &short.key.id, path, default);
                            path.pop();
                        }
                        ObjectPatProp::Rest(rest) => {
                            path.push(Step::Rest(named.clone().into()));
                            self.each_name(&rest.arg, path, None, visit);
                            path.pop();
                        }
                    }
                }
            }
            Pat::Expr(target) => {
                self.placed(target, Place::Other);
            }
            Pat::Invalid(_) => {}
        }
    }
}
