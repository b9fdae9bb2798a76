//! A union of documents as one table: the columns that all have, and a discriminator with the columns of each.
//!
//! Only where a string says which document it is, and where fields of one name hold the same in all documents that have them.

use std::collections::BTreeMap;

use super::Planner;
use super::columns::validator_call;
use super::facts::Facts;
use super::files::FileContext;
use super::pieces::pieces;
use super::tables::{Lines, line, object_of};
use crate::model::Workspace;
use crate::model::hir::{ExprId, Key, Name, PropKind};
use crate::model::infer::Infer;
use crate::model::ty::Ty;
use crate::source::{FileId, Span};
use crate::writing::code::{Code, Line};

/// A union whose members are told apart by a field.
pub struct Variants {
    /// The field that tells them apart.
    pub discriminant: Name,
    /// The value of the field, as written, and the object of the member.
    members: Vec<(String, ExprId)>,
    /// Fields that all members have, besides the discriminant.
    common: Vec<Name>,
    /// The whole union.
    union: ExprId,
    /// Its members.
    spans: Vec<Span>,
}

/// The variants of a table's documents; `None` where they are not told apart, or not written here.
pub fn read(workspace: &Workspace, infer: &Infer<'_>, file: FileId, fields: ExprId) -> Option<Variants> {
    let module = workspace.hir(file);
    let union = module.bare(fields);
    let (kind, members) = validator_call(workspace, file, union)?;
    let objects: Vec<ExprId> =
        members.iter().map(|member| Some(module.bare(object_of(workspace, file, *member)?))).collect::<Option<_>>()?;
    if kind != "union" || objects.len() < 2 {
        return None;
    }
    // Each member's fields: what they hold, and whether they may be absent.
    let mut fields: Vec<BTreeMap<Name, (Ty, bool)>> = Vec::new();
    for object in &objects {
        let mut own = BTreeMap::new();
        for prop in module.as_object(*object)? {
            let Key::Name(name) = &prop.key else { return None };
            let Ty::Validator(validator) = infer.expr(file, prop.value) else { return None };
            if prop.kind != PropKind::KeyValue || validator.ty.is_unknown() {
                return None;
            }
            own.insert(name.clone(), (validator.ty.clone(), validator.optional));
        }
        fields.push(own);
    }
    let (first, others) = fields.split_first()?;
    for own in others {
        let same = |(name, held): (&Name, &(Ty, bool))| {
            fields.iter().all(|other| other.get(name).is_none_or(|there| there == held || is_literal(&there.0)))
        };
        if !own.iter().all(same) {
            return None;
        }
    }
    let shared: Vec<Name> = first.keys().filter(|name| others.iter().all(|own| own.contains_key(*name))).cloned().collect();
    let values = |name: &Name| {
        let mut values: Vec<Name> = fields.iter().filter_map(|own| own[name].0.as_str().filter(|_| !own[name].1).cloned()).collect();
        values.sort();
        values.dedup();
        values.len() == fields.len()
    };
    let discriminant = shared.iter().find(|name| values(name))?.clone();
    let is_same = |name: &Name| others.iter().all(|own| own[name] == first[name]);
    // The ORM hands the columns of a variant out under this name.
    let details = Name::from("details");
    if fields.iter().any(|own| own.contains_key(&details)) {
        return None;
    }
    let common: Vec<Name> = shared.into_iter().filter(|name| *name != discriminant).collect();
    if !common.iter().all(is_same) {
        return None;
    }
    let value = |object: &ExprId| {
        let prop = module.as_object(*object)?.iter().find(|prop| prop.key == Key::Name(discriminant.clone()))?;
        let (_, args) = validator_call(workspace, file, prop.value)?;
        Some((workspace.text(module.span(*args.first()?)).to_owned(), *object))
    };
    let members = objects.iter().map(value).collect::<Option<_>>()?;
    let spans = validator_call(workspace, file, union)?.1.iter().map(|member| module.span(*member)).collect();
    Some(Variants { discriminant, members, common, union, spans })
}

impl Variants {
    /// Whether all documents have the field.
    pub fn is_common(&self, field: &Name) -> bool {
        self.common.contains(field)
    }
}

fn is_literal(ty: &Ty) -> bool {
    ty.as_str().is_some()
}

impl Planner<'_> {
    /// The columns of the table, with one that tells the variants apart.
    pub fn variant_lines(&self, facts: &Facts, variants: &Variants, file: FileId, cx: &FileContext<'_>) -> Option<Lines> {
        let module = self.workspace.hir(file);
        let source = self.workspace.source(file);
        let (comments, dangling) = pieces(source, module.span(variants.union), &variants.spans);
        if !dangling.is_empty() {
            return None;
        }
        let mut around = comments.into_iter();
        let mut columns = Vec::new();
        let mut choices = Vec::new();
        for (place, (value, object)) in variants.members.iter().enumerate() {
            let props = module.as_object(*object)?;
            let span = module.span(*object);
            let inside = Span { start: span.start + 1, end: span.end.saturating_sub(1), ..span };
            let spans: Vec<Span> = props.iter().map(|prop| module.at(prop.start, prop.end)).collect();
            let (comments, dangling) = pieces(source, inside, &spans);
            if !dangling.is_empty() {
                return None;
            }
            let mut own: Vec<Line> = Vec::new();
            for (prop, piece) in props.iter().zip(comments) {
                let Key::Name(name) = &prop.key else { return None };
                let is_common = variants.common.contains(name);
                if *name == variants.discriminant || is_common && place > 0 {
                    if !piece.leading.is_empty() || piece.trailing.is_some() {
                        return None;
                    }
                    continue;
                }
                let key = Code::text(format!("{}: ", source.slice(module.at(prop.start, prop.key_end))));
                let column = self.column(&[facts], name, file, prop.value, cx).code();
                let column = self.noted(line(piece, Code::Pair(Box::new(key), Box::new(column))));
                if is_common { columns.push(column) } else { own.push(column) }
            }
            let key = value.trim_matches(['"', '\'', '`']);
            let fields = Code::list("{", own, "}", true, false);
            choices.push(line(around.next().unwrap_or_default(), Code::field(key, fields, cx.style)));
        }
        let variants_code = Code::field("variants", Code::list("{", choices, "}", true, true), cx.style);
        let call = Code::call(cx.names.orm("discriminator"), vec![Code::list("{", vec![Line::of(variants_code)], "}", true, true)]);
        columns.push(Line::of(Code::field(&variants.discriminant, call, cx.style)));
        Some(Lines { lines: columns, is_broken: true })
    }
}
