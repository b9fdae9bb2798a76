//! What a condition tells of a name or a member: `if (!user) return null;` leaves a user after it.

use super::Infer;
use crate::model::hir::{Binary, BindingId, BindingKind, ExprId, ExprKind, FuncId, Module, Name, Parent, Unary};
use crate::model::ty::{Literal, Ty};
use crate::source::FileId;

/// A constant name, or a member of one: what conditions can speak of.
type Place = (BindingId, Vec<Name>);

impl Infer<'_> {
    /// The type of an expression where it stands: what is known of it in general, less what the conditions before it exclude.
    pub(super) fn narrowed(&self, file: FileId, id: ExprId, ty: Ty) -> Ty {
        self.narrowed_in(file, id, ty, &|_| false)
    }

    /// The type of an expression in a callback that runs at once, so that what holds around the callback holds in it.
    pub fn at_once(&self, file: FileId, id: ExprId) -> Ty {
        self.narrowed_in(file, id, self.expr(file, id), &|_| true)
    }

    /// The type of an expression if the callback around it were none, and what is in it stood there.
    pub fn without_callback(&self, file: FileId, id: ExprId, callback: FuncId) -> Ty {
        self.narrowed_in(file, id, self.expr(file, id), &|func| func == callback)
    }

    fn narrowed_in(&self, file: FileId, id: ExprId, ty: Ty, is_at_once: &dyn Fn(FuncId) -> bool) -> Ty {
        if !matches!(ty, Ty::Union(_) | Ty::Boolean) {
            return ty;
        }
        let module = self.hir(file);
        let Some(place) = place(module, id) else { return ty };
        let mut ty = ty;
        let mut child = id;
        loop {
            match module.parent(child) {
                Parent::Expr(parent) => {
                    match module.expr(parent) {
                        ExprKind::Cond { test, yes, .. } if *test != child => ty = self.assume(file, ty, &place, *test, *yes == child),
                        ExprKind::Binary { op: Binary::And, left, right } if *right == child => {
                            ty = self.assume(file, ty, &place, *left, true)
                        }
                        ExprKind::Binary { op: Binary::Or, left, right } if *right == child => {
                            ty = self.assume(file, ty, &place, *left, false)
                        }
                        _ => {}
                    }
                    child = parent;
                }
                Parent::Stmt { guard, func, .. } => {
                    let mut at = guard;
                    while let Some(guard) = at.map(|id| module.guard(id)) {
                        ty = self.assume(file, ty, &place, guard.test, guard.holds);
                        at = guard.outer;
                    }
                    // A constant keeps what was known where the function around was made; of its members the compiler forgets it.
                    match func.filter(|func| place.1.is_empty() || is_at_once(*func)).and_then(|f| module.func(f).expr) {
                        Some(outer) => child = outer,
                        None => return ty,
                    }
                }
            }
        }
    }

    fn assume(&self, file: FileId, ty: Ty, place: &Place, test: ExprId, holds: bool) -> Ty {
        let module = self.hir(file);
        match module.expr(test) {
            ExprKind::Paren(inner) | ExprKind::Cast { value: inner, .. } => self.assume(file, ty, place, *inner, holds),
            ExprKind::Unary { op: Unary::Not, operand } => self.assume(file, ty, place, *operand, !holds),
            ExprKind::Binary { op: Binary::And, left, right } if holds => {
                let ty = self.assume(file, ty, place, *left, true);
                self.assume(file, ty, place, *right, true)
            }
            ExprKind::Binary { op: Binary::Or, left, right } if !holds => {
                let ty = self.assume(file, ty, place, *left, false);
                self.assume(file, ty, place, *right, false)
            }
            ExprKind::Binary { op, left, right } => {
                let (equal, loose) = match op {
                    Binary::StrictEq => (holds, false),
                    Binary::StrictNe => (!holds, false),
                    Binary::LooseEq => (holds, true),
                    Binary::LooseNe => (!holds, true),
                    _ => return ty,
                };
                let ty = self.compare(file, ty, place, *left, *right, equal, loose);
                self.compare(file, ty, place, *right, *left, equal, loose)
            }
            _ => match self::place(module, test) {
                Some(tested) if tested == *place => {
                    if holds {
                        ty.truthy()
                    } else {
                        ty.falsy()
                    }
                }
                // `user?.name` is truthy only where `user` is there.
                Some(tested) if holds && tested.0 == place.0 && tested.1.starts_with(&place.1) => ty.non_null(),
                _ => ty,
            },
        }
    }

    /// `subject === value` (or not).
    #[expect(clippy::too_many_arguments, reason = "one comparison, spelled out")]
    fn compare(&self, file: FileId, ty: Ty, place: &Place, subject: ExprId, value: ExprId, equal: bool, loose: bool) -> Ty {
        let module = self.hir(file);
        if let ExprKind::Unary { op: Unary::TypeOf, operand } = module.expr(module.bare(subject))
            && self::place(module, *operand).as_ref() == Some(place)
            && let Some(kind) = module.as_str(value)
        {
            return ty.filtered(|m| has_type(m, kind) != Some(!equal));
        }
        let Some(tested) = self::place(module, subject) else { return ty };
        let other = self.expr(file, value);
        if tested == *place {
            return match (&other, equal) {
                (Ty::Null | Ty::Undefined, true) if loose => ty.filtered(|m| matches!(m, Ty::Null | Ty::Undefined)),
                (Ty::Null | Ty::Undefined, false) if loose => ty.non_null(),
                (Ty::Null | Ty::Undefined, true) => ty.filtered(|m| *m == other),
                (Ty::Null | Ty::Undefined, false) => ty.filtered(|m| *m != other),
                (Ty::Literal(a, _), true) => ty.filtered(|m| may_be(m, a)),
                (Ty::Literal(a, _), false) => ty.filtered(|m| !matches!(m, Ty::Literal(b, _) if a == b)),
                _ => ty,
            };
        }
        // `x.kind === "a"` picks the members of `x` that may have it.
        if let Some((property, object)) = tested.1.split_last()
            && tested.0 == place.0
            && *object == place.1[..]
            && let Ty::Literal(literal, _) = &other
        {
            return ty.filtered(|m| match self.member(file, m, property) {
                Ty::Unknown => true,
                field => {
                    field.members().iter().any(|f| if equal { may_be(f, literal) } else { !matches!(f, Ty::Literal(b, _) if b == literal) })
                }
            });
        }
        // `x?.a === "b"` holds only where `x` is there.
        if equal && tested.0 == place.0 && tested.1.starts_with(&place.1) && matches!(other, Ty::Literal(..)) { ty.non_null() } else { ty }
    }
}

fn may_be(ty: &Ty, literal: &Literal) -> bool {
    match ty {
        Ty::Literal(other, _) => other == literal,
        Ty::Null | Ty::Undefined | Ty::Doc(_) | Ty::Object(_) | Ty::Array(_) | Ty::Tuple(_) => false,
        Ty::String | Ty::Id(_) => matches!(literal, Literal::Str(_)),
        Ty::Number => matches!(literal, Literal::Num(_)),
        Ty::Boolean => matches!(literal, Literal::Bool(_)),
        _ => true,
    }
}

/// Whether `typeof` surely gives (or surely does not give) the name.
fn has_type(ty: &Ty, kind: &str) -> Option<bool> {
    let own = match ty {
        Ty::String | Ty::Id(_) | Ty::Literal(Literal::Str(_), _) => "string",
        Ty::Number | Ty::Literal(Literal::Num(_), _) => "number",
        Ty::Boolean | Ty::Literal(Literal::Bool(_), _) => "boolean",
        Ty::Int64 => "bigint",
        Ty::Undefined => "undefined",
        Ty::Null | Ty::Object(_) | Ty::Doc(_) | Ty::Array(_) | Ty::Tuple(_) | Ty::Record(_) => "object",
        _ => return None,
    };
    Some(own == kind)
}

/// The name or member that the expression reads, if it reads one that cannot change.
fn place(module: &Module, id: ExprId) -> Option<Place> {
    match module.expr(module.bare(id)) {
        ExprKind::Local(binding) => {
            let declared = module.binding(*binding);
            let constant = match declared.kind {
                BindingKind::Const(_) | BindingKind::Element(_) => true,
                BindingKind::Let(_) | BindingKind::Param(..) => declared.writes.is_empty(),
                _ => false,
            };
            constant.then(|| (*binding, Vec::new()))
        }
        ExprKind::Member { object, property, .. } => {
            let (binding, mut path) = place(module, *object)?;
            path.push(property.clone());
            Some((binding, path))
        }
        _ => None,
    }
}
