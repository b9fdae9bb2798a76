//! Classes, and what else is not modelled as a whole: the expressions and functions inside are lowered all the same.
//!
//! Of a class itself the fields are kept whose types are written down: `private readonly ctx: QueryCtx`.

use swc_ecma_ast::{Class, ClassProp, Constructor, Expr, Function, ParamOrTsParamProp, Pat, PropName, TsParamPropParam, TsType, TsTypeAnn};
use swc_ecma_visit::{Visit, VisitWith};

use super::{ClassId, Code, ExprId, ExprKind, Lower, Name, Signature, TypeId};
use crate::model::hir::TypeField;

impl Lower {
    pub(super) fn class(&mut self, class: &Class) -> ExprKind {
        let mut inner = Vec::new();
        if let Some(parent) = &class.super_class {
            inner.push(self.expr(parent));
        }
        let outer = self.class.replace(ClassId(self.module.classes.len() as u32));
        self.module.classes.push(Vec::new());
        class.body.visit_with(&mut Inside { lower: self, found: &mut inner });
        self.class = outer;
        ExprKind::Opaque(inner.into())
    }

    fn add_class_field(&mut self, name: &Name, ty: Option<TypeId>, optional: bool) {
        let class = self.class.and_then(|class| self.module.classes.get_mut(class.0 as usize));
        if let (Some(fields), Some(ty)) = (class, ty) {
            fields.push(TypeField { name: name.clone(), ty, optional });
        }
    }
}

/// Lowers the outermost expressions and functions inside of something that is not modelled.
pub(super) struct Inside<'l> {
    pub lower: &'l mut Lower,
    pub found: &'l mut Vec<ExprId>,
}

impl Visit for Inside<'_> {
    fn visit_expr(&mut self, expr: &Expr) {
        let id = self.lower.expr(expr);
        self.found.push(id);
    }

    fn visit_function(&mut self, function: &Function) {
        let func = self.lower.method(function, None);
        let id = self.lower.push(function, ExprKind::Func(func));
        self.found.push(id);
    }

    fn visit_class_prop(&mut self, prop: &ClassProp) {
        if let (PropName::Ident(name), Some(ty), false) = (&prop.key, &prop.type_ann, prop.is_static) {
            let ty = self.lower.ty(&ty.type_ann);
            self.lower.add_class_field(&name.sym, Some(ty), prop.is_optional);
        }
        prop.visit_children_with(self);
    }

    fn visit_constructor(&mut self, constructor: &Constructor) {
        let params = constructor.params.iter().map(|p| match p {
            ParamOrTsParamProp::Param(param) => param.pat.clone(),
            ParamOrTsParamProp::TsParamProp(prop) => match &prop.param {
                TsParamPropParam::Ident(ident) => Pat::Ident(ident.clone()),
                TsParamPropParam::Assign(assign) => Pat::Assign(assign.clone()),
            },
        });
        let params: Vec<Pat> = params.collect();
        let whole = self.lower.span(constructor);
        let func = self.lower.code(Signature {
            name: None,
            whole,
            params: params.iter().collect(),
            body: constructor.body.as_ref().map_or(Code::None, Code::Block),
            is_async: false,
            is_generator: false,
            is_arrow: false,
            return_type: None,
            type_params: None,
        });
        for (i, param) in constructor.params.iter().enumerate() {
            let ParamOrTsParamProp::TsParamProp(prop) = param else { continue };
            if let TsParamPropParam::Ident(ident) = &prop.param {
                let ty = self.lower.module.func(func).params.get(i).and_then(|p| p.ty);
                self.lower.add_class_field(&ident.sym, ty, ident.id.optional);
            }
        }
        let id = self.lower.push(constructor, ExprKind::Func(func));
        self.found.push(id);
    }

    fn visit_ts_type(&mut self, _: &TsType) {}
    fn visit_ts_type_ann(&mut self, _: &TsTypeAnn) {}
}
