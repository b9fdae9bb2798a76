//! Literals, operators, members: everything that is neither a name nor a call.

use std::sync::Arc;

use super::{Infer, ents_calls, orm, relations, tables};
use crate::model::hir::{Arg, Binary, Cast, ExprId, ExprKind, ImportName, Key, Name, Prop, PropKind, TypeId, Unary};
use crate::model::ty::{Ctx, Field, Literal, Object, Places, TableFlavor, Ty, Validator};
use crate::source::{FileId, Span};

impl Infer<'_> {
    pub(super) fn value(&self, file: FileId, id: ExprId, kind: &ExprKind) -> Ty {
        match kind {
            ExprKind::Str(text) => Ty::Literal(Literal::Str(text.clone()), false),
            ExprKind::Num(number) => Ty::Literal(Literal::Num(*number), false),
            ExprKind::Bool(value) => Ty::Literal(Literal::Bool(*value), false),
            ExprKind::Null => Ty::Null,
            ExprKind::BigInt => Ty::Int64,
            ExprKind::Template(_) => Ty::String,
            ExprKind::Global(name) => match &**name {
                "undefined" => Ty::Undefined,
                "NaN" | "Infinity" => Ty::Number,
                _ => self.external("global", [name.clone()]),
            },
            ExprKind::Object(props) => self.object(file, props),
            ExprKind::Array(items) => self.array(file, items),
            ExprKind::Func(func) => Ty::Function(crate::model::ty::FunctionAt { file, func: *func }),
            ExprKind::Cond { yes, no, .. } => Ty::union([self.expr(file, *yes), self.expr(file, *no)]),
            ExprKind::Binary { op, left, right } => self.binary(file, *op, *left, *right),
            ExprKind::Unary { op, operand } => self.unary(file, *op, *operand),
            ExprKind::Assign { value, plain: true, .. } => self.expr(file, *value),
            // `x += y`, `x ??= y`: of the kinds of both sides.
            ExprKind::Assign { target: Some(target), value, .. } => {
                Ty::union([self.expr(file, *target).widened(), self.expr(file, *value).widened()])
            }
            ExprKind::Await(inner) => self.expr(file, *inner).awaited(),
            ExprKind::Paren(inner) => self.expr(file, *inner),
            ExprKind::Cast { value, kind } => self.cast(file, *value, *kind),
            ExprKind::This(Some(class)) => {
                let fields = self.hir(file).class_fields(*class).iter();
                let fields = fields.map(|f| Field { name: f.name.clone(), ty: self.ty(file, f.ty), optional: f.optional, span: None });
                Ty::Object(Arc::new(Object { fields: fields.collect(), open: true }))
            }
            ExprKind::Import(module) => match self.hir(file).as_str(*module) {
                Some(module) => Ty::promise(self.imported(file, module, &ImportName::Namespace)),
                None => Ty::Unknown,
            },
            ExprKind::Sequence(parts) => parts.last().map_or(Ty::Undefined, |last| self.expr(file, *last)),
            _ => {
                let _ = id;
                Ty::Unknown
            }
        }
    }

    fn cast(&self, file: FileId, value: ExprId, kind: Cast) -> Ty {
        let inner = self.expr(file, value);
        match kind {
            Cast::NonNull => inner.non_null(),
            Cast::Satisfies(_) => inner,
            Cast::Const => fixed(&inner),
            Cast::As(ty) => self.asserted(file, self.without_falsy(file, value).unwrap_or(inner), ty),
        }
    }

    fn asserted(&self, file: FileId, inner: Ty, ty: TypeId) -> Ty {
        let asserted = self.ty(file, ty);
        match (&inner, &asserted) {
            // An assertion proves nothing about data, but says whose database or context this is.
            (Ty::Unknown, Ty::Ctx(_) | Ty::Db) => asserted,
            (Ty::Unknown, _) => Ty::Unknown,
            // `ctx.db as unknown as { query: (table: string) => … }`: what it gives is of types that are not read.
            (Ty::Db, Ty::Object(_)) => Ty::Unknown,
            // `[] as Row[]`, `{} as Record<…>`: what it may hold later on.
            (Ty::Tuple(items), Ty::Array(_)) if items.is_empty() => asserted,
            (Ty::Object(object), Ty::Record(_)) if object.fields.is_empty() => asserted,
            // `{} as Row`: it is not one yet.
            (Ty::Object(object), _) if object.fields.is_empty() && asserted.is_plain() => Ty::Unknown,
            (inner, _) if !inner.is_value() => inner.clone(),
            // The compiler goes by what is asserted, the program by what is there.
            (inner, Ty::Unknown) if self.is_any(file, ty) => inner.clone(),
            _ => Ty::settled(&asserted, &inner),
        }
    }

    pub(super) fn is_any(&self, file: FileId, ty: TypeId) -> bool {
        matches!(self.hir(file).ty(ty), crate::model::hir::TypeNode::Keyword(crate::model::hir::Keyword::Any))
    }

    fn binary(&self, file: FileId, op: Binary, left: ExprId, right: ExprId) -> Ty {
        let side = |id| self.expr(file, id);
        match op {
            // A constant may have been counted up since.
            Binary::And => Ty::union([side(left).widened().falsy(), side(right)]),
            Binary::Or => Ty::union([side(left).widened().truthy(), side(right)]),
            Binary::Coalesce => Ty::union([side(left).non_null(), side(right)]),
            Binary::StrictEq | Binary::StrictNe | Binary::LooseEq | Binary::LooseNe | Binary::Compare => Ty::Boolean,
            Binary::Add => match (scalar(&side(left)), scalar(&side(right))) {
                (Some(Ty::String), _) | (_, Some(Ty::String)) => Ty::String,
                (Some(Ty::Number), Some(Ty::Number)) => Ty::Number,
                _ => Ty::Unknown,
            },
            Binary::Arithmetic => match (scalar(&side(left)), scalar(&side(right))) {
                (Some(Ty::Int64), _) | (_, Some(Ty::Int64)) => Ty::Int64,
                // Both may be integers of 64 bits.
                (None, None) => Ty::Unknown,
                _ => Ty::Number,
            },
        }
    }

    fn unary(&self, file: FileId, op: Unary, operand: ExprId) -> Ty {
        let inner = || self.expr(file, operand);
        match op {
            Unary::Not | Unary::Delete => Ty::Boolean,
            Unary::TypeOf => Ty::String,
            Unary::Void => Ty::Undefined,
            Unary::Minus => match inner() {
                Ty::Literal(Literal::Num(number), fixed) => Ty::Literal(Literal::Num(-number), fixed),
                Ty::Int64 => Ty::Int64,
                _ => Ty::Number,
            },
            Unary::Plus => Ty::Number,
            Unary::BitNot | Unary::Update => match inner() {
                Ty::Int64 => Ty::Int64,
                _ => Ty::Number,
            },
        }
    }

    fn array(&self, file: FileId, items: &[Arg]) -> Ty {
        let values: Vec<(Ty, bool)> = items.iter().map(|item| (self.expr(file, item.value), item.spread)).collect();
        let listed = |(ty, spread): &(Ty, bool)| match ty {
            Ty::Tuple(inner) if *spread => Some(inner.to_vec()),
            ty => (!spread).then(|| vec![ty.clone()]),
        };
        match values.iter().map(listed).collect::<Option<Vec<Vec<Ty>>>>() {
            Some(parts) => Ty::Tuple(parts.concat().into()),
            None => Ty::array(Ty::union(values.iter().map(|(ty, spread)| if *spread { self.element(ty) } else { ty.clone() }))),
        }
    }

    fn object(&self, file: FileId, props: &[Prop]) -> Ty {
        let mut object = Object::default();
        let mut places = Places::default();
        let mut context: Option<Ctx> = None;
        for prop in props {
            match (&prop.key, prop.kind) {
                (Key::Spread, _) => {
                    let spread = self.expr(file, prop.value);
                    if let Some(ctx) = one_of_contexts(&spread) {
                        context = Some(ctx);
                    } else {
                        self.spread(file, &mut object, &spread);
                    }
                }
                (_, PropKind::Accessor) => object.open = true,
                (Key::Computed(key), _) => match self.expr(file, *key).as_str() {
                    Some(name) => {
                        let span = Some(Span::new(file, prop.start, prop.end));
                        places.set(&mut object, Field { name: name.clone(), ty: self.expr(file, prop.value), optional: false, span });
                    }
                    None => object.open = true,
                },
                (Key::Name(name), _) => {
                    let span = Some(Span::new(file, prop.start, prop.end));
                    places.set(&mut object, Field { name: name.clone(), ty: self.expr(file, prop.value), optional: false, span });
                }
            }
        }
        match context {
            Some(mut ctx) => {
                object.fields.into_iter().for_each(|field| ctx.custom.set(field));
                ctx.custom.open |= object.open;
                Ty::Ctx(Arc::new(ctx))
            }
            None => Ty::Object(Arc::new(object)),
        }
    }

    /// `{ ...value }`: what is not known may stand over every field named so far.
    fn spread(&self, file: FileId, object: &mut Object, value: &Ty) {
        let members: Vec<Object> = value.members().iter().map(|m| self.fields_of(file, m)).collect();
        let whole = members.len() == 1;
        for (i, part) in members.iter().enumerate() {
            if part.open {
                object.open = true;
                object.fields.iter_mut().for_each(|f| f.ty = Ty::Unknown);
            }
            for field in &part.fields {
                let everywhere = whole || members.iter().all(|m| m.field(&field.name).is_some_and(|f| !f.optional));
                let before = object.field(&field.name).cloned();
                let ty = match (&before, everywhere && !field.optional) {
                    (Some(old), false) => Ty::union([old.ty.clone(), field.ty.clone()]),
                    (Some(old), true) if i > 0 => Ty::union([old.ty.clone(), field.ty.clone()]),
                    _ => field.ty.clone(),
                };
                let optional = (field.optional || !everywhere) && before.is_none_or(|old| old.optional);
                object.set(Field { name: field.name.clone(), ty, optional, span: field.span });
            }
        }
    }

    /// The fields that a spread of the value brings; open where that cannot be told.
    pub fn fields_of(&self, file: FileId, ty: &Ty) -> Object {
        match ty {
            Ty::Object(object) => (**object).clone(),
            Ty::Doc(table) => match self.document(file, table) {
                Ty::Object(object) => {
                    self.world.note_schema_places(file);
                    (*object).clone()
                }
                _ => Object { fields: Vec::new(), open: true },
            },
            Ty::Ents(ents) if ents.is_row() => ents.document().unwrap_or(Object { fields: Vec::new(), open: true }),
            Ty::Null | Ty::Undefined | Ty::Literal(..) | Ty::Boolean | Ty::Number | Ty::Never => Object::default(),
            _ => Object { fields: Vec::new(), open: true },
        }
    }

    /// A document of the table with its system fields: an object, a union of objects, or unknown.
    /// Who hands on the places that are in it has to note that.
    fn document(&self, file: FileId, table: &Name) -> Ty {
        self.world.schema(file).and_then(|s| s.table(table)).map_or(Ty::Unknown, |t| t.document.clone())
    }

    /// An element of an array, or of what a query yields.
    pub fn element(&self, ty: &Ty) -> Ty {
        match ty {
            Ty::Array(element) => (**element).clone(),
            Ty::Tuple(items) => Ty::union(items.iter().cloned()),
            Ty::Query(chain) => chain.table.clone().map_or(Ty::Unknown, Ty::Doc),
            Ty::Union(members) => Ty::union(members.iter().filter(|m| !matches!(m, Ty::Null | Ty::Undefined)).map(|m| self.element(m))),
            Ty::String | Ty::Literal(Literal::Str(_), _) => Ty::String,
            _ => Ty::Unknown,
        }
    }

    pub(super) fn element_at(&self, file: FileId, base: &Ty, index: &Ty) -> Ty {
        match (base, index) {
            (Ty::Tuple(items), Ty::Literal(Literal::Num(at), _)) if *at >= 0.0 => items.get(*at as usize).cloned().unwrap_or(Ty::Undefined),
            (Ty::Array(_) | Ty::Tuple(_), _) => match self.element(base) {
                Ty::Unknown => Ty::Unknown,
                element => Ty::union([element, Ty::Undefined]),
            },
            (Ty::Record(pair), _) => Ty::union([pair.1.clone(), Ty::Undefined]),
            (_, Ty::Literal(Literal::Str(name), _)) => self.member(file, base, name),
            _ => Ty::Unknown,
        }
    }

    pub(super) fn member_of(&self, file: FileId, id: ExprId, object: ExprId, base: &Ty, name: &Name, optional: bool) -> Ty {
        let ty = self.member(file, &base.non_null(), name);
        let nullish = |t: &Ty| t.members().iter().any(|m| matches!(m, Ty::Null | Ty::Undefined | Ty::Unknown));
        let cut_short = optional && nullish(base) || !optional && self.may_cut_short(file, object);
        let _ = id;
        if cut_short { Ty::union([ty, Ty::Undefined]) } else { ty }
    }

    /// Whether an optional chain inside of the expression may end the whole chain with `undefined`.
    fn may_cut_short(&self, file: FileId, mut id: ExprId) -> bool {
        let module = self.hir(file);
        loop {
            match module.expr(id) {
                ExprKind::Member { optional: true, .. } => return true,
                ExprKind::Member { object, .. } | ExprKind::Index { object, .. } => id = *object,
                ExprKind::Call(call) if call.optional => return true,
                ExprKind::Call(call) => id = call.callee,
                _ => return false,
            }
        }
    }

    /// The member of a value that is not `null`.
    pub fn member(&self, file: FileId, base: &Ty, name: &Name) -> Ty {
        match base {
            Ty::Union(members) => Ty::union(members.iter().map(|m| self.member(file, m, name))),
            Ty::Object(object) => match object.field(name) {
                Some(field) if field.optional => Ty::union([field.ty.clone(), Ty::Undefined]),
                Some(field) => field.ty.clone(),
                None if object.open => Ty::Unknown,
                None => Ty::Undefined,
            },
            Ty::Doc(table) => match &**name {
                "_id" => Ty::Id(table.clone()),
                "_creationTime" => Ty::Number,
                _ => match self.document(file, table) {
                    Ty::Unknown => Ty::Unknown,
                    // A field that the schema does not name: an ORM's, or a mistake of the program.
                    document => match self.member(file, &document, name) {
                        Ty::Undefined => Ty::Unknown,
                        ty => {
                            if ty.has_places() {
                                self.world.note_schema_places(file);
                            }
                            ty
                        }
                    },
                },
            },
            Ty::Ents(ents) => ents_calls::member(ents, name),
            Ty::Array(_) | Ty::Tuple(_) | Ty::String | Ty::Literal(Literal::Str(_), _) if &**name == "length" => Ty::Number,
            Ty::Record(pair) => Ty::union([pair.1.clone(), Ty::Undefined]),
            Ty::Ctx(ctx) => self.ctx_member(ctx, name),
            // Reads the tables that Convex itself keeps.
            Ty::Db if &**name == "system" => Ty::Db,
            Ty::CtxPart(part) => Ty::CtxPart(Name::from(format!("{part}.{name}"))),
            Ty::External(external) if external.is("instance", &["Map"]) || external.is("instance", &["Set"]) => {
                if &**name == "size" {
                    Ty::Number
                } else {
                    self.external("instance", external.path.iter().chain([name]).cloned())
                }
            }
            Ty::External(external) if external.path.len() < 6 => {
                let path = external.path.iter().chain([name]).cloned();
                self.external(&external.module, path)
            }
            Ty::Namespace(target) => self.exported(*target, name),
            Ty::Reference(path) if path.len() < 12 => Ty::Reference(path.iter().chain([name]).cloned().collect()),
            Ty::Validator(validator) => validator_member(validator, name),
            Ty::Table(table) if table.flavor == TableFlavor::Orm => orm::member(table, name),
            Ty::RelationPart(part) => relations::member(part, name),
            Ty::Table(table) if &**name == "validator" => tables::validator(table),
            Ty::Schema(schema) if &**name == "tables" => Ty::Object(Arc::new(Object {
                fields: schema
                    .tables
                    .iter()
                    .map(|(name, _, table)| Field { name: name.clone(), ty: Ty::Table(table.clone()), optional: false, span: None })
                    .collect(),
                open: schema.open,
            })),
            _ => Ty::Unknown,
        }
    }
}

/// The type with all its constants kept as they are, as `as const` does.
fn fixed(ty: &Ty) -> Ty {
    match ty {
        Ty::Literal(literal, _) => Ty::Literal(literal.clone(), true),
        Ty::Tuple(items) => Ty::Tuple(items.iter().map(fixed).collect()),
        Ty::Object(object) => {
            let fields = object.fields.iter().map(|f| Field { ty: fixed(&f.ty), ..f.clone() }).collect();
            Ty::Object(Arc::new(Object { fields, open: object.open }))
        }
        other => other.clone(),
    }
}

/// The document as it is read: with `_id` and `_creationTime`.
pub fn with_system_fields(document: &Ty, table: &Name) -> Ty {
    match document {
        Ty::Object(object) => {
            let system = |name: &str, ty| Field { name: Name::from(name), ty, optional: false, span: None };
            let mut fields = vec![system("_id", Ty::Id(table.clone())), system("_creationTime", Ty::Number)];
            fields.extend(object.fields.iter().filter(|f| &*f.name != "_id" && &*f.name != "_creationTime").cloned());
            Ty::Object(Arc::new(Object { fields, open: object.open }))
        }
        Ty::Union(members) => Ty::union(members.iter().map(|m| with_system_fields(m, table))),
        _ => Ty::Unknown,
    }
}

fn validator_member(validator: &Validator, name: &str) -> Ty {
    let of = |ty: &Ty| Ty::validator(ty.clone());
    match (name, &validator.ty) {
        ("fields", Ty::Object(object)) => {
            let wrap = |f: &Field| {
                let inner = Validator { ty: f.ty.clone(), optional: f.optional, ..validator.clone() };
                Field { ty: Ty::Validator(Arc::new(inner)), optional: false, ..f.clone() }
            };
            Ty::Object(Arc::new(Object { fields: object.fields.iter().map(wrap).collect(), open: object.open }))
        }
        ("element", Ty::Array(element)) => of(element),
        ("members", Ty::Union(members)) => Ty::Tuple(members.iter().map(of).collect()),
        ("key", Ty::Record(pair)) => of(&pair.0),
        ("value", Ty::Record(pair)) => of(&pair.1),
        ("value", Ty::Literal(literal, _)) => Ty::Literal(literal.clone(), true),
        _ => Ty::Unknown,
    }
}

/// The plain type that all members of the type share, if they do.
fn scalar(ty: &Ty) -> Option<Ty> {
    let one = |t: &Ty| match t {
        Ty::String | Ty::Id(_) | Ty::Literal(Literal::Str(_), _) => Some(Ty::String),
        Ty::Number | Ty::Literal(Literal::Num(_), _) => Some(Ty::Number),
        Ty::Int64 => Some(Ty::Int64),
        _ => None,
    };
    let mut members = ty.members().iter().map(one);
    let first = members.next()??;
    members.all(|m| m.as_ref() == Some(&first)).then_some(first)
}

/// A context, or one of several that have the same in them.
fn one_of_contexts(ty: &Ty) -> Option<Ctx> {
    let mut members = ty.members().iter().map(|member| match member {
        Ty::Ctx(ctx) => Some((**ctx).clone()),
        _ => None,
    });
    let first = members.next()??;
    members.try_fold(first, |one, other| {
        let other = other.filter(|other| other.custom == one.custom)?;
        Some(Ctx { kind: one.kind.filter(|kind| other.kind == Some(*kind)), custom: one.custom })
    })
}
