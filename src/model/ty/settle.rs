//! What a type annotation and the value under it come to together.
//!
//! The compiler goes by the annotation and forgets what else is known of the value; the program goes by the value, which may have more fields
//! than the annotation names. What is concluded from either alone is wrong for the other.

use std::sync::Arc;

use super::{Field, Object, Ty};

impl Ty {
    /// A type that covers both what is declared of a value and what the value is known to be.
    pub fn settled(declared: &Self, actual: &Self) -> Self {
        let actual = actual.filled(declared);
        let opened = declared.opened();
        if actual == opened {
            return opened;
        }
        if declared.admits(&actual) { declared.clone() } else { Self::union([declared.clone(), actual]) }
    }

    /// Whether it is made of data, and of what is not known, alone: nothing that has a meaning of its own to Convex.
    pub fn is_plain(&self) -> bool {
        match self {
            Self::Unknown | Self::Undefined => true,
            Self::Array(inner) | Self::Promise(inner) => inner.is_plain(),
            Self::Tuple(inner) | Self::Union(inner) => inner.iter().all(Self::is_plain),
            Self::Object(object) => object.fields.iter().all(|f| f.ty.is_plain()),
            Self::Record(pair) => pair.1.is_plain(),
            other => other.is_data(),
        }
    }

    /// The type with objects that may have more fields than are named, as any value may that only an annotation speaks of.
    pub fn opened(&self) -> Self {
        match self {
            Self::Object(object) => {
                let fields = object.fields.iter().map(|f| Field { ty: f.ty.opened(), ..f.clone() }).collect();
                Self::Object(Arc::new(Object { fields, open: true }))
            }
            Self::Array(inner) => Self::array(inner.opened()),
            Self::Promise(inner) => Self::promise(inner.opened()),
            Self::Tuple(items) => Self::Tuple(items.iter().map(Self::opened).collect()),
            Self::Union(members) => Self::union(members.iter().map(Self::opened)),
            Self::Record(pair) => Self::Record(Arc::new((pair.0.clone(), pair.1.opened()))),
            other => other.clone(),
        }
    }

    /// Whether it is a constant, or a list of constants.
    pub fn is_constants(&self) -> bool {
        match self {
            Self::Literal(..) => true,
            Self::Tuple(items) => items.iter().all(|item| matches!(item, Self::Literal(..))),
            _ => false,
        }
    }

    /// The constants as the compiler forgets them.
    pub fn loose(&self) -> Self {
        match self {
            Self::Literal(literal, _) => Self::Literal(literal.clone(), false),
            Self::Tuple(items) => Self::Tuple(items.iter().map(Self::loose).collect()),
            other => other.clone(),
        }
    }

    /// Whether the validator of this type admits every value of the other one.
    pub fn admits(&self, other: &Self) -> bool {
        match (self, other) {
            (a, b) if a == b || a.covers(b) => true,
            (_, Self::Union(members)) => members.iter().all(|m| self.admits(m)),
            (Self::Union(members), _) => members.iter().any(|m| m.admits(other)),
            (Self::String, Self::Id(_)) => true,
            (Self::Array(a), Self::Array(b)) | (Self::Promise(a), Self::Promise(b)) => a.admits(b),
            (Self::Array(element), Self::Tuple(items)) => items.iter().all(|item| element.admits(item)),
            (Self::Tuple(a), Self::Tuple(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.admits(b)),
            (Self::Record(a), Self::Record(b)) => a.0.admits(&b.0) && a.1.admits(&b.1),
            (Self::Record(pair), Self::Object(object)) => {
                pair.0 == Self::String && !object.open && object.fields.iter().all(|f| pair.1.admits(&f.ty))
            }
            (Self::Object(a), Self::Object(b)) => a.admits(b),
            _ => false,
        }
    }

    /// The type with what is not known of it taken from a declaration of the same value.
    fn filled(&self, declared: &Self) -> Self {
        match self {
            Self::Unknown => declared.opened(),
            Self::Object(object) => {
                let fill = |f: &Field| declared.declared_field(&f.name).map_or(f.clone(), |d| Field { ty: f.ty.filled(&d), ..f.clone() });
                Self::Object(Arc::new(Object { fields: object.fields.iter().map(fill).collect(), open: object.open }))
            }
            Self::Array(inner) => declared.declared_element().map_or(self.clone(), |d| Self::array(inner.filled(&d))),
            Self::Tuple(items) => match declared.declared_element() {
                Some(element) => Self::Tuple(items.iter().map(|item| item.filled(&element)).collect()),
                None => self.clone(),
            },
            Self::Record(pair) => match declared.members().iter().find_map(|m| if let Self::Record(d) = m { Some(d) } else { None }) {
                Some(d) => Self::Record(Arc::new((pair.0.clone(), pair.1.filled(&d.1)))),
                None => self.clone(),
            },
            Self::Promise(inner) => Self::promise(inner.filled(&declared.awaited())),
            Self::Union(members) => Self::union(members.iter().map(|m| m.filled(declared))),
            other => other.clone(),
        }
    }

    /// What is declared of a field in the objects among the members.
    fn declared_field(&self, name: &str) -> Option<Self> {
        let of = |member: &Self| match member {
            Self::Object(object) => {
                object.field(name).map(|f| if f.optional { Self::union([f.ty.clone(), Self::Undefined]) } else { f.ty.clone() })
            }
            Self::Record(pair) => Some(pair.1.clone()),
            _ => None,
        };
        let found: Vec<Self> = self.members().iter().filter_map(of).collect();
        (!found.is_empty()).then(|| Self::union(found))
    }

    /// What is declared of the elements of the arrays among the members.
    fn declared_element(&self) -> Option<Self> {
        let of = |member: &Self| match member {
            Self::Array(element) => Some((**element).clone()),
            Self::Tuple(items) => Some(Self::union(items.iter().cloned())),
            _ => None,
        };
        let found: Vec<Self> = self.members().iter().filter_map(of).collect();
        (!found.is_empty()).then(|| Self::union(found))
    }
}

impl Object {
    fn admits(&self, other: &Self) -> bool {
        let may_lack = |f: &Field| f.optional || f.ty.members().contains(&Ty::Undefined);
        let takes = |given: &Field| match self.field(&given.name) {
            Some(own) => {
                let given_ty = if may_lack(own) { given.ty.filtered(|t| *t != Ty::Undefined) } else { given.ty.clone() };
                (!given.optional || may_lack(own)) && own.ty.admits(&given_ty)
            }
            None => self.open,
        };
        let has = |own: &Field| may_lack(own) || other.field(&own.name).is_some();
        (!other.open || self.open) && other.fields.iter().all(takes) && self.fields.iter().all(has)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(fields: &[(&str, Ty, bool)]) -> Ty {
        Ty::object(fields.iter().map(|(name, ty, optional)| Field {
            name: (*name).into(),
            ty: ty.clone(),
            optional: *optional,
            span: None,
        }))
    }

    #[test]
    fn what_is_declared_stands_where_it_admits_the_value() {
        let declared = object(&[("name", Ty::String, false), ("size", Ty::Number, true)]);
        let actual = object(&[("name", Ty::literal("x"), false)]);
        assert_eq!(Ty::settled(&declared, &actual), declared);
        assert_eq!(Ty::settled(&Ty::array(declared.clone()), &Ty::Tuple([actual].into())), Ty::array(declared));
    }

    #[test]
    fn a_value_with_more_fields_than_declared_keeps_them() {
        let declared = object(&[("name", Ty::String, false)]);
        let actual = object(&[("name", Ty::String, false), ("secret", Ty::String, false)]);
        assert_eq!(Ty::settled(&declared, &actual), Ty::union([declared, actual]));
    }

    #[test]
    fn a_value_that_is_not_known_may_have_more_fields_than_declared() {
        let declared = Ty::array(object(&[("name", Ty::String, false)]));
        assert_eq!(Ty::settled(&declared, &Ty::Unknown), declared.opened());
        assert_eq!(Ty::settled(&Ty::String, &Ty::Unknown), Ty::String);
        let part = object(&[("name", Ty::Unknown, false)]);
        assert_eq!(Ty::settled(&object(&[("name", Ty::String, false)]), &part), object(&[("name", Ty::String, false)]));
    }
}
