//! Type annotations, as far as the model asks: references, literals, objects, arrays, unions.

use swc_ecma_ast::{
    Expr, Lit, TsEntityName, TsInterfaceDecl, TsKeywordTypeKind, TsLit, TsType, TsTypeElement, TsTypeParamDecl, TsTypeQueryExpr,
    TsUnionOrIntersectionType,
};

use super::{Lower, Name, TypeId, text_of};
use crate::model::hir::{BindingId, Keyword, TypeField, TypeNode};

impl Lower {
    pub(super) fn ty(&mut self, ty: &TsType) -> TypeId {
        let node = match ty {
            TsType::TsParenthesizedType(inner) => return self.ty(&inner.type_ann),
            TsType::TsOptionalType(inner) => return self.ty(&inner.type_ann),
            TsType::TsKeywordType(keyword) => keyword_of(keyword.kind),
            TsType::TsTypeRef(reference) => {
                if let Some(context) = self.type_parameter(&reference.type_name) {
                    return context;
                }
                let (binding, path) = self.entity(&reference.type_name);
                let args = reference.type_params.as_ref().map(|p| p.params.iter().map(|t| self.ty(t)).collect()).unwrap_or_default();
                TypeNode::Ref { binding, path, args }
            }
            TsType::TsTypeQuery(query) => match &query.expr_name {
                TsTypeQueryExpr::TsEntityName(name) => {
                    let (binding, path) = self.value_entity(name);
                    TypeNode::TypeOf { binding, path }
                }
                TsTypeQueryExpr::Import(_) => TypeNode::Opaque,
            },
            TsType::TsTypeLit(literal) => self.type_fields(&literal.members),
            TsType::TsArrayType(array) => TypeNode::Array(self.ty(&array.elem_type)),
            TsType::TsTupleType(tuple) => {
                if tuple.elem_types.iter().any(|e| matches!(*e.ty, TsType::TsRestType(_))) {
                    TypeNode::Opaque
                } else {
                    TypeNode::Tuple(tuple.elem_types.iter().map(|e| self.ty(&e.ty)).collect())
                }
            }
            TsType::TsUnionOrIntersectionType(TsUnionOrIntersectionType::TsUnionType(union)) => {
                TypeNode::Union(union.types.iter().map(|t| self.ty(t)).collect())
            }
            TsType::TsUnionOrIntersectionType(TsUnionOrIntersectionType::TsIntersectionType(all)) => {
                TypeNode::Intersection(all.types.iter().map(|t| self.ty(t)).collect())
            }
            TsType::TsIndexedAccessType(access) => {
                let (object, index) = (self.ty(&access.obj_type), self.ty(&access.index_type));
                TypeNode::Indexed(object, index)
            }
            // One of both, whichever it is.
            TsType::TsConditionalType(either) => {
                let ends = [self.ty(&either.true_type), self.ty(&either.false_type)];
                TypeNode::Union(ends.into())
            }
            TsType::TsLitType(literal) => match &literal.lit {
                TsLit::Str(text) => TypeNode::Str(text_of(text)),
                TsLit::Number(number) => TypeNode::Num(number.value),
                TsLit::Bool(value) => TypeNode::Bool(value.value),
                _ => TypeNode::Opaque,
            },
            _ => TypeNode::Opaque,
        };
        let span = self.span(ty);
        self.module.push_type(span, node)
    }

    /// Makes type parameters known; what is returned is to be gone back to behind what they belong to.
    pub(super) fn type_params(&mut self, params: Option<&TsTypeParamDecl>) -> usize {
        let around = self.type_params.len();
        for param in params.into_iter().flat_map(|params| &params.params) {
            let bound = param.constraint.as_ref().filter(|bound| is_context(bound)).map(|bound| self.ty(bound));
            self.type_params.push((param.name.sym.clone(), bound));
        }
        around
    }

    /// `Ctx` of `<Ctx extends QueryCtx | MutationCtx>`: as much as is known of it.
    fn type_parameter(&self, name: &TsEntityName) -> Option<TypeId> {
        let TsEntityName::Ident(name) = name else { return None };
        self.type_params.iter().rev().find(|(param, _)| *param == name.sym)?.1
    }

    pub(super) fn interface(&mut self, interface: &TsInterfaceDecl) -> TypeId {
        let node = if interface.extends.is_empty() { self.type_fields(&interface.body.body) } else { TypeNode::Opaque };
        let span = self.span(interface);
        self.module.push_type(span, node)
    }

    fn type_fields(&mut self, members: &[TsTypeElement]) -> TypeNode {
        let mut fields = Vec::with_capacity(members.len());
        for member in members {
            let TsTypeElement::TsPropertySignature(field) = member else { return TypeNode::Opaque };
            let name = match &*field.key {
                Expr::Ident(name) if !field.computed => name.sym.clone(),
                Expr::Lit(Lit::Str(text)) => text_of(text),
                _ => return TypeNode::Opaque,
            };
            let Some(annotation) = &field.type_ann else { return TypeNode::Opaque };
            fields.push(TypeField { name, ty: self.ty(&annotation.type_ann), optional: field.optional });
        }
        TypeNode::Object(fields.into())
    }

    /// `A.B.C`: what `A` names as a type, and all the names.
    fn entity(&mut self, name: &TsEntityName) -> (Option<BindingId>, Box<[Name]>) {
        let path = path_of(name);
        let first = path.first();
        let binding = first.and_then(|n| self.types.get(n).copied().or_else(|| self.lookup(n)));
        (binding, path.into())
    }

    fn value_entity(&mut self, name: &TsEntityName) -> (Option<BindingId>, Box<[Name]>) {
        let path = path_of(name);
        let binding = path.first().and_then(|n| self.lookup(n));
        (binding, path.into())
    }
}

/// A context by its name, or one of several.
fn is_context(ty: &TsType) -> bool {
    match ty {
        TsType::TsParenthesizedType(inner) => is_context(&inner.type_ann),
        TsType::TsTypeRef(reference) => path_of(&reference.type_name).last().is_some_and(|name| name.ends_with("Ctx")),
        TsType::TsUnionOrIntersectionType(TsUnionOrIntersectionType::TsUnionType(union)) => union.types.iter().all(|ty| is_context(ty)),
        _ => false,
    }
}

fn path_of(name: &TsEntityName) -> Vec<Name> {
    match name {
        TsEntityName::Ident(ident) => vec![ident.sym.clone()],
        TsEntityName::TsQualifiedName(qualified) => {
            let mut path = path_of(&qualified.left);
            path.push(qualified.right.sym.clone());
            path
        }
    }
}

fn keyword_of(kind: TsKeywordTypeKind) -> TypeNode {
    TypeNode::Keyword(match kind {
        TsKeywordTypeKind::TsAnyKeyword => Keyword::Any,
        TsKeywordTypeKind::TsUnknownKeyword => Keyword::Unknown,
        TsKeywordTypeKind::TsNumberKeyword => Keyword::Number,
        TsKeywordTypeKind::TsObjectKeyword => Keyword::Object,
        TsKeywordTypeKind::TsBooleanKeyword => Keyword::Boolean,
        TsKeywordTypeKind::TsBigIntKeyword => Keyword::BigInt,
        TsKeywordTypeKind::TsStringKeyword => Keyword::String,
        TsKeywordTypeKind::TsSymbolKeyword => Keyword::Symbol,
        TsKeywordTypeKind::TsVoidKeyword => Keyword::Void,
        TsKeywordTypeKind::TsUndefinedKeyword => Keyword::Undefined,
        TsKeywordTypeKind::TsNullKeyword => Keyword::Null,
        TsKeywordTypeKind::TsNeverKeyword => Keyword::Never,
        _ => return TypeNode::Opaque,
    })
}
