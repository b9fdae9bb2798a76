//! Whether every value that one validator admits is admitted by another.
//!
//! A type of the model says what may be; where it is not decided that all of it is, a yes about the wider one is worth nothing.

use crate::model::ty::{Literal, Object, Ty};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    Unsure,
}

impl Answer {
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unsure, _) | (_, Self::Unsure) => Self::Unsure,
            _ => Self::Yes,
        }
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::Unsure, _) | (_, Self::Unsure) => Self::Unsure,
            _ => Self::No,
        }
    }

    /// The answer, given whether the wider and the narrower side are decided, or only bounded from above.
    pub fn certain(self, wide: bool, narrow: bool) -> Self {
        match self {
            Self::Yes if !wide => Self::Unsure,
            Self::No if !narrow => Self::Unsure,
            answer => answer,
        }
    }
}

impl From<bool> for Answer {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

/// What is known of a validator.
pub(super) struct Shape<'t> {
    pub ty: &'t Ty,
    /// The source decides it: it is just this type, and not a part of it.
    pub is_decided: bool,
}

impl Shape<'_> {
    pub fn takes(&self, narrow: &Shape<'_>) -> Answer {
        accepts(self.ty, narrow.ty).certain(self.is_decided, narrow.is_decided)
    }
}

impl<'t> Shape<'t> {
    pub fn of(field: &'t crate::model::ty::Field, is_decided: bool) -> Self {
        Self { ty: &field.ty, is_decided }
    }
}

/// Whether the first validator admits all that the second one does.
///
/// A no may be wrong where a union of objects together admits what none of them does alone.
pub(super) fn accepts(wide: &Ty, narrow: &Ty) -> Answer {
    match (wide, narrow) {
        (_, Ty::Never) => Answer::Yes,
        (Ty::Any, _) => Answer::Yes,
        (Ty::Unknown, _) | (_, Ty::Unknown) => Answer::Unsure,
        // Which fields a document has is what is being asked.
        (Ty::Doc(_), _) | (_, Ty::Doc(_)) => Answer::Unsure,
        (_, Ty::Any) => Answer::No,
        (_, Ty::Union(members)) => members.iter().fold(Answer::Yes, |all, m| all.and(accepts(wide, m))),
        (Ty::Union(members), Ty::Boolean) if has_both(members) => Answer::Yes,
        (Ty::Union(members), _) => members.iter().fold(Answer::No, |any, m| any.or(accepts(m, narrow))),
        (Ty::String, Ty::String | Ty::Id(_) | Ty::Literal(Literal::Str(_), _)) => Answer::Yes,
        (Ty::Number, Ty::Number | Ty::Literal(Literal::Num(_), _)) => Answer::Yes,
        (Ty::Boolean, Ty::Boolean | Ty::Literal(Literal::Bool(_), _)) => Answer::Yes,
        (Ty::Null, Ty::Null) | (Ty::Int64, Ty::Int64) | (Ty::Bytes, Ty::Bytes) => Answer::Yes,
        (Ty::Literal(a, _), Ty::Literal(b, _)) => (a == b).into(),
        (Ty::Id(a), Ty::Id(b)) => (a == b).into(),
        (Ty::Array(a), Ty::Array(b)) => accepts(a, b),
        (Ty::Record(a), Ty::Record(b)) => accepts(&a.0, &b.0).and(accepts(&a.1, &b.1)),
        (Ty::Record(a), Ty::Object(b)) => {
            let keys = if b.open { Answer::Unsure } else { (a.0 == Ty::String).into() };
            b.fields.iter().fold(keys, |all, f| all.and(accepts(&a.1, &f.ty)))
        }
        (Ty::Object(a), Ty::Object(b)) => objects(a, b),
        _ if is_validated(wide) && is_validated(narrow) => Answer::No,
        _ => Answer::Unsure,
    }
}

fn objects(wide: &Object, narrow: &Object) -> Answer {
    let closed = if wide.open || narrow.open { Answer::Unsure } else { Answer::Yes };
    let given = narrow.fields.iter().fold(closed, |all, field| {
        all.and(match wide.field(&field.name) {
            Some(other) if field.optional && !other.optional => Answer::No,
            Some(other) => accepts(&other.ty, &field.ty),
            None => {
                if wide.open {
                    Answer::Unsure
                } else {
                    Answer::No
                }
            }
        })
    });
    let needed = wide.fields.iter().filter(|f| !f.optional && narrow.field(&f.name).is_none());
    needed.fold(given, |all, _| all.and(if narrow.open { Answer::Unsure } else { Answer::No }))
}

fn has_both(members: &[Ty]) -> bool {
    let has = |value: bool| members.iter().any(|m| matches!(m, Ty::Literal(Literal::Bool(b), _) if *b == value));
    has(true) && has(false)
}

/// Whether it is a type that validators make.
fn is_validated(ty: &Ty) -> bool {
    matches!(
        ty,
        Ty::Null
            | Ty::String
            | Ty::Number
            | Ty::Boolean
            | Ty::Int64
            | Ty::Bytes
            | Ty::Literal(..)
            | Ty::Id(_)
            | Ty::Array(_)
            | Ty::Object(_)
            | Ty::Record(_)
            | Ty::Never
            | Ty::Union(_)
    )
}
