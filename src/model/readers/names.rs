//! Which names of indexes and tables an expression may come to, where it is no constant.
//!
//! Follows variables, lists of a file's own, and parameters of functions that nothing but the file calls.
//! What comes from anywhere else may be any name.

use crate::model::hir::{Binary, BindingId, BindingKind, ExprId, ExprKind, FuncId, Key, Module, Name, Parent, Place, PropKind, Step};
use crate::model::infer::Infer;
use crate::model::ty::{Literal, Ty};
use crate::source::FileId;

/// A name, or how it begins and ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    Exactly(Name),
    Between(Name, Name),
}

impl Shape {
    pub fn fits(&self, name: &str) -> bool {
        match self {
            Self::Exactly(exact) => **exact == *name,
            Self::Between(start, end) => name.len() >= start.len() + end.len() && name.starts_with(&**start) && name.ends_with(&**end),
        }
    }
}

/// How many steps from the place where a name is used are followed, and how many names are kept.
const DEPTH: usize = 8;
const MOST: usize = 200;

/// The names that the expression may come to; `None` where it may be any.
pub(super) fn shapes(infer: &Infer<'_>, file: FileId, id: ExprId) -> Option<Vec<Shape>> {
    let mut found = Vec::new();
    let mut search = Search { infer, file, module: infer.hir(file), found: &mut found };
    search.value(id, DEPTH)?;
    (found.len() <= MOST).then_some(found)
}

/// The tables that a chain written here in one piece may be on; `None` where it may be any.
pub(super) fn tables_of_chain(infer: &Infer<'_>, file: FileId, mut at: ExprId) -> Option<Vec<Shape>> {
    let module = infer.hir(file);
    loop {
        let (call, object, method) = module.method(module.bare(at))?;
        if &**method == "query" {
            return shapes(infer, file, call.args.first()?.value);
        }
        at = object;
    }
}

struct Search<'a, 'f> {
    infer: &'a Infer<'a>,
    file: FileId,
    module: &'a Module,
    found: &'f mut Vec<Shape>,
}

impl Search<'_, '_> {
    fn add(&mut self, shape: Shape) -> Option<()> {
        if !self.found.contains(&shape) {
            self.found.push(shape);
        }
        Some(())
    }

    fn value(&mut self, id: ExprId, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1).filter(|_| self.found.len() <= MOST)?;
        let ty = self.infer.expr(self.file, id);
        let literals = ty.members().iter().map(|member| match member {
            Ty::Literal(Literal::Str(text), _) => Some(Some(text.clone())),
            Ty::Null | Ty::Undefined => Some(None),
            _ => None,
        });
        if let Some(literals) = literals.collect::<Option<Vec<Option<Name>>>>() {
            return literals.into_iter().flatten().try_for_each(|text| self.add(Shape::Exactly(text)));
        }
        match self.module.expr(self.module.bare(id)) {
            ExprKind::Str(text) => self.add(Shape::Exactly(text.clone())),
            ExprKind::Null => Some(()),
            ExprKind::Template(_) => self.template(self.module.bare(id)),
            ExprKind::Cond { yes, no, .. } => [*yes, *no].into_iter().try_for_each(|side| self.value(side, depth)),
            ExprKind::Binary { op: Binary::Or | Binary::Coalesce, left, right } => {
                [*left, *right].into_iter().try_for_each(|side| self.value(side, depth))
            }
            ExprKind::Local(binding) => self.binding(*binding, &[], depth),
            ExprKind::Member { object, property, .. } => match self.module.expr(self.module.bare(*object)) {
                ExprKind::Local(binding) => self.binding(*binding, &[Step::Key(property.clone())], depth),
                _ => None,
            },
            _ => None,
        }
    }

    /// What the name holds, or what stands at the path in that.
    fn binding(&mut self, id: BindingId, further: &[Step], depth: usize) -> Option<()> {
        let binding = self.module.binding(id);
        let path: Vec<Step> = binding.path.iter().chain(further).cloned().collect();
        if let Some(default) = binding.default {
            self.value(default, depth)?;
        }
        match binding.kind {
            BindingKind::Const(Some(init)) | BindingKind::Let(Some(init)) => {
                self.part(init, &path, depth)?;
                binding.writes.iter().try_for_each(|write| self.part((*write)?, &path, depth))
            }
            BindingKind::Let(None) => binding.writes.iter().try_for_each(|write| self.part((*write)?, &path, depth)),
            BindingKind::Element(list) => self.element(list, &path, depth),
            BindingKind::Param(func, place) if binding.writes.is_empty() => {
                let arguments = arguments(self.module, func, place as usize)?;
                arguments.into_iter().try_for_each(|argument| self.part(argument, &path, depth))
            }
            _ => None,
        }
    }

    /// What stands at the path in a value.
    fn part(&mut self, value: ExprId, path: &[Step], depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        let Some((step, rest)) = path.split_first() else { return self.value(value, depth) };
        match (self.module.expr(self.module.bare(value)), step) {
            (ExprKind::Object(props), Step::Key(name)) => {
                let is_plain = props
                    .iter()
                    .all(|prop| matches!(prop.kind, PropKind::KeyValue | PropKind::Shorthand) && matches!(prop.key, Key::Name(_)));
                let of_key = props.iter().filter(|prop| matches!(&prop.key, Key::Name(key) if key == name));
                is_plain.then_some(())?;
                of_key.map(|prop| prop.value).collect::<Vec<ExprId>>().into_iter().try_for_each(|value| self.part(value, rest, depth))
            }
            (ExprKind::Array(items), Step::Index(at)) => {
                let items: Vec<ExprId> = items.iter().map(|item| (!item.spread).then_some(item.value)).collect::<Option<_>>()?;
                items.get(*at as usize).map_or(Some(()), |item| self.part(*item, rest, depth))
            }
            (ExprKind::Local(binding), _) if self.is_constant(*binding) => self.binding(*binding, path, depth),
            _ => None,
        }
    }

    /// What stands at the path in each element of a list.
    fn element(&mut self, list: ExprId, path: &[Step], depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match self.module.expr(self.module.bare(list)) {
            ExprKind::Array(items) => items.iter().try_for_each(|item| match item.spread {
                true => self.element(item.value, path, depth),
                false => self.part(item.value, path, depth),
            }),
            ExprKind::Local(binding) if self.is_constant(*binding) && self.module.binding(*binding).path.is_empty() => {
                match self.module.binding(*binding).kind {
                    BindingKind::Const(Some(init)) => self.element(init, path, depth),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether the name is written once, and what it holds is only read: nothing is called on it, put into it or done with it as a whole.
    fn is_constant(&self, id: BindingId) -> bool {
        let binding = self.module.binding(id);
        let is_read = |usage: &ExprId| match self.module.meaningful_parent(*usage) {
            (Parent::Stmt { place, .. }, _) => matches!(place, Place::Iterated | Place::Test | Place::Discarded),
            (Parent::Expr(up), child) => match self.module.expr(up) {
                ExprKind::Member { object, .. } | ExprKind::Index { object, .. } if *object == child => {
                    !matches!(self.module.meaningful_parent(up), (Parent::Expr(use_of), member) if match self.module.expr(use_of) {
                        ExprKind::Call(call) => call.callee == member && !is_reading(self.module, up),
                        ExprKind::Assign { target, .. } => *target == Some(member),
                        _ => false,
                    })
                }
                ExprKind::Array(_) | ExprKind::Index { .. } => true,
                _ => false,
            },
        };
        binding.writes.is_empty() && !self.module.is_exported(id) && binding.uses.iter().all(is_read)
    }

    /// How a text with values in it begins and ends.
    fn template(&mut self, id: ExprId) -> Option<()> {
        let text = self.infer.world.file(self.file).source.slice(self.module.span(id));
        let inner = text.strip_prefix('`')?.strip_suffix('`').filter(|inner| !inner.contains('\\'))?;
        let start = inner.split("${").next().unwrap_or_default();
        let end = inner.rsplit('}').next().unwrap_or_default();
        (!start.is_empty() || !end.is_empty()).then_some(())?;
        self.add(Shape::Between(start.into(), end.into()))
    }
}

/// Methods of lists that change nothing.
fn is_reading(module: &Module, member: ExprId) -> bool {
    const READING: &[&str] = &[
        "map", "filter", "find", "some", "every", "forEach", "flatMap", "reduce", "includes", "indexOf", "slice", "entries", "keys",
        "values",
    ];
    matches!(module.expr(member), ExprKind::Member { property, .. } if READING.contains(&&**property))
}

/// What a function of the file is given at a place, wherever it is called; `None` where it may be called in other ways.
fn arguments(module: &Module, func: FuncId, place: usize) -> Option<Vec<ExprId>> {
    let is_it = |kind: BindingKind| match kind {
        BindingKind::Func(own) => own == func,
        BindingKind::Const(Some(init)) => module.as_func(init) == Some(func),
        _ => false,
    };
    let at = module.bindings.iter().position(|binding| binding.path.is_empty() && is_it(binding.kind))?;
    let id = BindingId(at as u32);
    let binding = module.binding(id);
    if module.is_exported(id) || !binding.writes.is_empty() || module.func(func).params.len() <= place {
        return None;
    }
    let mut found = Vec::new();
    for usage in &binding.uses {
        let (Parent::Expr(up), child) = module.meaningful_parent(*usage) else { return None };
        let call = module.call(up).filter(|call| call.callee == child)?;
        if call.args.iter().take(place + 1).any(|argument| argument.spread) {
            return None;
        }
        found.extend(call.args.get(place).map(|argument| argument.value));
    }
    Some(found)
}
