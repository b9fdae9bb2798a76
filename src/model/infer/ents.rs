//! What convex-ents adds to a table: fields, edges with the fields and indexes they are stored in, the tables behind many-to-many edges.
//!
//! Follows `defineEnt` and `defineEntSchema` of the published package.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Infer;
use super::tables::Tables;
use crate::model::hir::{Call, ExprId, Name};
use crate::model::ty::{AddedField, Edge, EdgeEnd, Field, Index, IndexKind, Literal, Object, TableFlavor, TableTy, Ty};
use crate::source::{FileId, Span};

impl Infer<'_> {
    /// `.field(…)`, `.edge(…)`, `.edges(…)`, `.deletion(…)` on an ent.
    pub(super) fn ent_method(&self, file: FileId, id: ExprId, call: &Call, table: &mut TableTy, method: &str) {
        let module = self.hir(file);
        let arg = |i: usize| call.args.get(i).map_or(Ty::Undefined, |a| self.expr(file, a.value));
        let name_span = call.args.first().map_or_else(|| module.span(id), |a| module.span(a.value));
        let span = module.method_span(id).unwrap_or(name_span);
        let options = Options(arg(if method == "field" { 2 } else { 1 }));
        let name = arg(0).as_str().cloned();
        match (method, name) {
            ("deletion", Some(_)) => {
                expand(table, field("deletionTime", Ty::Number, true));
                table.deletion = Some(self.deletion(file, call, span));
            }
            ("field", Some(name)) => {
                let validator = self.validator_of(&arg(1));
                // A default makes the field optional in the document that is stored.
                let optional = options.has("default") || validator.as_ref().is_some_and(|v| v.optional);
                if !options.is_known() || !validator.as_ref().is_some_and(|v| v.exact) {
                    table.unsure.push(name.clone());
                }
                expand(table, field(&name, validator.map_or(Ty::Unknown, |v| v.ty), optional));
                let unique = options.flag("unique") == Some(true);
                table.added.push(AddedField {
                    name: name.clone(),
                    validator: call.args.get(1).map(|a| (file, a.value)),
                    unique,
                    index: options.flag("index") == Some(true),
                    default: options.span("default"),
                    span,
                });
                match options.flag("index").or_else(|| options.flag("unique")) {
                    _ if options.flag("index") == Some(true) || unique => {
                        table.implied.push(Index { unique, ..made(&name, [name.clone()], name_span, span) });
                    }
                    Some(false) => {}
                    _ => table.open |= !options.is_known(),
                }
            }
            // Without a field, older versions of the package keep an optional edge at the other end.
            ("edge", Some(name)) if options.is_known() && (!options.has("optional") || options.has("field") || options.has("ref")) => {
                let to = options.text("to").unwrap_or_else(|| Name::from(format!("{name}s")));
                let (optional, deletion) = (options.flag("optional") == Some(true), options.text("deletion"));
                let stored = options.text("field").or_else(|| (!options.has("ref")).then(|| Name::from(format!("{name}Id"))));
                if let Some(stored) = &stored {
                    expand(table, field(stored, Ty::Id(to.clone()), optional));
                    table.implied.push(made(stored, [stored.clone()], name_span, span));
                    if options.has("optional") && options.flag("optional").is_none() {
                        table.unsure.push(stored.clone());
                    }
                }
                let end = match stored {
                    Some(stored) => EdgeEnd::Field(stored),
                    None => EdgeEnd::One(options.text("ref")),
                };
                table.edges.push(Edge { name, to, end, inverse_of: None, optional, deletion, span });
            }
            ("edges", Some(name)) if options.is_known() => {
                let to = options.text("to").unwrap_or_else(|| name.clone());
                let many = |field, inverse_field| EdgeEnd::Many { table: options.text("table"), field, inverse_field };
                let end = if options.has("ref") {
                    EdgeEnd::Referenced(options.text("ref"))
                } else {
                    many(options.text("field"), options.text("inverseField"))
                };
                let deletion = options.text("deletion");
                table.edges.push(Edge { name: name.clone(), to: to.clone(), end, inverse_of: None, optional: false, deletion, span });
                if let Some(inverse) = options.text("inverse") {
                    let end = many(None, None);
                    table.edges.push(Edge { name: inverse, to, end, inverse_of: Some(name), optional: false, deletion: None, span });
                }
            }
            // Something that is not known: there may be more fields, indexes and edges.
            _ => {
                table.open = true;
                if let Ty::Object(object) = &table.document {
                    table.document = Ty::Object(Arc::new(Object { fields: object.fields.clone(), open: true }));
                }
            }
        }
    }
}

/// Adds the tables that keep many-to-many edges; `false` where it cannot be told which there are.
pub(super) fn join_tables(tables: &mut Tables) -> bool {
    let ents: Tables = tables.iter().filter(|(_, _, table)| table.flavor == TableFlavor::Ent).cloned().collect();
    let by_name: FxHashMap<&Name, &TableTy> = ents.iter().rev().map(|(name, _, table)| (name, &**table)).collect();
    let mut taken: FxHashSet<Name> = tables.iter().map(|(name, ..)| name.clone()).collect();
    for (name, _, table) in tables.iter_mut().filter(|(_, _, table)| table.flavor == TableFlavor::Ent) {
        let alone: Vec<Name> = table.edges.iter().filter_map(|edge| stored_alone(&by_name, name, edge)).collect();
        if !alone.is_empty() {
            let indexes = Arc::make_mut(table).implied.iter_mut();
            indexes.filter(|i| alone.contains(&i.name)).for_each(|i| i.unique = true);
        }
    }
    let mut is_known = ents.iter().all(|(_, _, table)| !table.open);
    let mut done: FxHashSet<(Name, Name)> = FxHashSet::default();
    for (name, _, table) in &ents {
        for edge in table.edges.iter().filter(|e| e.inverse_of.is_none()) {
            if done.contains(&(name.clone(), edge.name.clone())) {
                continue;
            }
            let EdgeEnd::Many { table: named, field, inverse_field } = &edge.end else { continue };
            let Some(other) = by_name.get(&edge.to) else {
                is_known = false;
                continue;
            };
            let is_self = edge.to == *name;
            let inverse = other.edges.iter().find(|candidate| candidate.is_inverse_of(name, edge));
            // The other end stores it: one to many.
            if inverse.is_some_and(|i| matches!(i.end, EdgeEnd::Field(_))) {
                continue;
            }
            if inverse.is_none() && !is_self {
                is_known = false;
                continue;
            }
            done.extend(inverse.map(|i| (edge.to.clone(), i.name.clone())));
            let text = |text: String| Name::from(text);
            let join = named.clone().unwrap_or_else(|| match inverse {
                None => text(format!("{name}_{}", edge.name)),
                Some(i) if i.name != *name => text(format!("{name}_{}_to_{}", i.name, edge.name)),
                Some(i) => text(format!("{}_to_{}", i.name, edge.name)),
            });
            let own = field.clone().unwrap_or_else(|| match inverse {
                None => Name::from("aId"),
                Some(i) if is_self => text(format!("{}Id", i.name)),
                Some(_) => text(format!("{name}Id")),
            });
            let of_inverse = inverse.and_then(|i| match &i.end {
                EdgeEnd::Many { field, .. } => field.clone(),
                _ => None,
            });
            let others = inverse_field.clone().filter(|_| is_self).or(of_inverse).unwrap_or_else(|| match inverse {
                None => Name::from("bId"),
                Some(_) if is_self => text(format!("{}Id", edge.name)),
                Some(_) => text(format!("{}Id", edge.to)),
            });
            if taken.insert(join.clone()) {
                let made = join_table(name, &own, &edge.to, &others, inverse.is_some(), edge.span);
                tables.push((join, edge.span, Arc::new(made)));
            }
        }
    }
    is_known
}

/// The field that stores a one-to-one edge: no two documents may lead to the same one.
fn stored_alone(ents: &FxHashMap<&Name, &TableTy>, table: &Name, edge: &Edge) -> Option<Name> {
    let EdgeEnd::Field(stored) = &edge.end else { return None };
    let other = ents.get(&edge.to)?;
    let leads_here = |back: &Edge| match &back.end {
        EdgeEnd::One(field) => back.to == *table && field.as_ref().is_none_or(|f| f == stored),
        _ => false,
    };
    other.edges.iter().any(leads_here).then(|| stored.clone())
}

fn join_table(from: &Name, own: &Name, to: &Name, others: &Name, is_directed: bool, span: Span) -> TableTy {
    let document = Ty::object([field(own, Ty::Id(from.clone()), false), field(others, Ty::Id(to.clone()), false)]);
    let index = |name: &str, fields: &[&Name]| made(&Name::from(name), fields.iter().map(|f| (*f).clone()), span, span);
    let mut implied = vec![index(own, &[own]), index(others, &[others]), index(&format!("{own}_{others}"), &[own, others])];
    if is_directed {
        implied.push(index(&format!("{others}_{own}"), &[others, own]));
    }
    TableTy { document, implied, open: false, ..TableTy::unknown(TableFlavor::Package, span) }
}

fn made(name: &Name, fields: impl IntoIterator<Item = Name>, name_span: Span, span: Span) -> Index {
    let fields = Some(fields.into_iter().collect());
    Index { kind: IndexKind::Db, name: name.clone(), name_span, fields, span, staged: false, unique: false, dimensions: None }
}

fn field(name: &str, ty: Ty, optional: bool) -> Field {
    Field { name: Name::from(name), ty, optional, span: None }
}

/// Adds a field to the document, or to each member of a union.
fn expand(table: &mut TableTy, field: Field) {
    table.document = expanded(&table.document, &field);
}

fn expanded(document: &Ty, field: &Field) -> Ty {
    match document {
        Ty::Object(object) => {
            let mut object = (**object).clone();
            object.set(field.clone());
            Ty::Object(Arc::new(object))
        }
        Ty::Union(members) => Ty::Union(members.iter().map(|m| expanded(m, field)).collect()),
        _ => Ty::Unknown,
    }
}

/// The last argument of a method: an object, or nothing.
struct Options(Ty);

impl Options {
    fn is_known(&self) -> bool {
        match &self.0 {
            Ty::Undefined => true,
            Ty::Object(object) => !object.open,
            _ => false,
        }
    }

    fn get(&self, key: &str) -> Option<&Ty> {
        match &self.0 {
            Ty::Object(object) => object.field(key).map(|f| &f.ty),
            _ => None,
        }
    }

    fn has(&self, key: &str) -> bool {
        self.get(key).is_some_and(|ty| *ty != Ty::Undefined)
    }

    fn text(&self, key: &str) -> Option<Name> {
        self.get(key)?.as_str().cloned()
    }

    fn span(&self, key: &str) -> Option<Span> {
        match &self.0 {
            Ty::Object(object) => object.field(key).filter(|f| f.ty != Ty::Undefined)?.span,
            _ => None,
        }
    }

    fn flag(&self, key: &str) -> Option<bool> {
        match self.get(key)? {
            Ty::Literal(Literal::Bool(value), _) => Some(*value),
            _ => None,
        }
    }
}
