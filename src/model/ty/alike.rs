//! Whether data is the same wherever it is written: positions move with every edit, and few ask for them.
//!
//! Looks into data alone; what else a value may be is the same where all of it is.

use super::{Object, Ty};

impl Ty {
    /// Whether the types say the same, apart from the places of fields.
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Array(a), Self::Array(b)) | (Self::Promise(a), Self::Promise(b)) => a.is_like(b),
            (Self::Tuple(a), Self::Tuple(b)) | (Self::Union(a), Self::Union(b)) => {
                a.len() == b.len() && a.iter().zip(&**b).all(|(a, b)| a.is_like(b))
            }
            (Self::Record(a), Self::Record(b)) => a.0.is_like(&b.0) && a.1.is_like(&b.1),
            (Self::Object(a), Self::Object(b)) => a.is_like(b),
            (a, b) => a == b,
        }
    }

    /// Whether the type may say where something is written.
    pub fn has_places(&self) -> bool {
        match self {
            Self::Array(inner) | Self::Promise(inner) => inner.has_places(),
            Self::Tuple(members) | Self::Union(members) => members.iter().any(Self::has_places),
            Self::Record(pair) => pair.0.has_places() || pair.1.has_places(),
            Self::Unknown | Self::Any | Self::Never | Self::Null | Self::Undefined => false,
            Self::String | Self::Number | Self::Boolean | Self::Int64 | Self::Bytes => false,
            Self::Literal(..) | Self::Id(_) | Self::Doc(_) => false,
            _ => true,
        }
    }
}

impl Object {
    fn is_like(&self, other: &Self) -> bool {
        let mut pairs = self.fields.iter().zip(&other.fields);
        let is_whole = self.open == other.open && self.fields.len() == other.fields.len();
        is_whole && pairs.all(|(a, b)| a.name == b.name && a.optional == b.optional && a.ty.is_like(&b.ty))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Field;
    use super::*;
    use crate::source::{FileId, Span};

    #[test]
    fn a_field_that_moved_is_the_same_field() {
        let object = |at: u32, ty: Ty| {
            Ty::array(Ty::object([Field { name: "a".into(), ty, optional: false, span: Some(Span::new(FileId(0), at, at + 1)) }]))
        };
        assert!(object(1, Ty::String).is_like(&object(2, Ty::String)) && object(1, Ty::String) != object(2, Ty::String));
        assert!(!object(1, Ty::String).is_like(&object(1, Ty::Number)));
        assert!(object(1, Ty::String).has_places() && !Ty::array(Ty::String).has_places());
    }
}
