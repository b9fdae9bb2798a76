//! Reads and writes through an ORM: `ctx.orm.query.users.findMany({ … })`, `ctx.orm.delete(users).where(…)`.
//!
//! What holds the ORM is not asked: a method of `query.users`, where `users` is one of the ORM's tables, or one that is given such a table, is the ORM's.

use super::hir::{ExprId, ExprKind, Key, Module, Name, Parent, Prop, PropKind};
use super::infer::Infer;
use super::ty::{TableFlavor, Ty};
use super::{Project, Table};
use crate::source::{FileId, Span};

/// One call that reads rows of a table.
#[derive(Debug)]
pub struct OrmRead {
    pub file: FileId,
    pub call: ExprId,
    /// The name of the method.
    pub span: Span,
    /// What the schema calls the table.
    pub table: Name,
    pub method: OrmMethod,
    pub config: OrmConfig,
    /// `.withIndex(…)` stands before it.
    pub with_index: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrmMethod {
    FindMany,
    FindFirst,
}

/// What a call is told, as far as it is written there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrmConfig {
    None,
    Object(ExprId),
    /// Made elsewhere.
    Unknown,
}

/// One call that changes or deletes rows, and what is called on it.
#[derive(Debug)]
pub struct OrmWrite {
    pub file: FileId,
    pub call: ExprId,
    /// The name of the method.
    pub span: Span,
    /// As its definition names it.
    pub table: Name,
    pub is_delete: bool,
    /// The methods that are called on it up to where it is awaited, and their calls.
    pub calls: Vec<(Name, ExprId)>,
}

impl OrmRead {
    pub fn table<'p>(&self, project: &'p Project) -> Option<&'p Table> {
        project.table(&self.table).filter(|table| table.definition.flavor == TableFlavor::Orm)
    }
}

impl OrmConfig {
    /// The value under a key: `Some(None)` where there surely is none, `None` where that is not known.
    pub fn entry(self, module: &Module, key: &str) -> Option<Option<ExprId>> {
        let object = match self {
            Self::None => return Some(None),
            Self::Object(object) => object,
            Self::Unknown => return None,
        };
        entry(module, object, key)
    }

    /// Whether any of the keys is surely or perhaps there.
    pub fn may_have(self, module: &Module, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.entry(module, key) != Some(None))
    }
}

/// The value under a key of an object that is written out: `Some(None)` where there surely is none.
pub fn entry(module: &Module, object: ExprId, key: &str) -> Option<Option<ExprId>> {
    let props = module.as_object(object)?;
    if let Some(prop) = named(props).find(|(name, _)| &***name == key) {
        return Some(Some(prop.1.value));
    }
    let is_open = props.iter().any(|p| p.kind == PropKind::Spread || matches!(p.key, Key::Computed(_)));
    (!is_open).then_some(None)
}

/// The properties that have a name, with it.
pub fn named(props: &[Prop]) -> impl Iterator<Item = (&Name, &Prop)> {
    props.iter().filter_map(|p| match &p.key {
        Key::Name(name) => Some((name, p)),
        Key::Computed(_) | Key::Spread => None,
    })
}

/// Whether the ORM's schema may set a limit for reads that have none.
pub fn may_have_default_limit(workspace: &super::Workspace, project: &Project) -> bool {
    let Some(schema) = &project.schema else { return true };
    let module = workspace.hir(schema.file);
    let sets_limit = |options: ExprId| match module.as_object(options) {
        Some(_) => match entry(module, options, "defaults") {
            Some(Some(defaults)) => entry(module, defaults, "defaultLimit") != Some(None),
            known => known.is_none(),
        },
        None => true,
    };
    module.calls().any(|(_, call)| {
        let is_define = matches!(module.expr(call.callee), ExprKind::Local(b) if &*module.binding(*b).name == "defineSchema");
        is_define && call.args.get(1).is_some_and(|options| sets_limit(options.value))
    })
}

/// The reads and writes of one file, in source order.
pub(super) fn read(infer: &Infer<'_>, file: FileId) -> (Vec<OrmRead>, Vec<OrmWrite>) {
    let module = infer.hir(file);
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    for (id, call) in module.calls() {
        let Some((_, object, method)) = module.method(id) else { continue };
        match &**method {
            "findMany" | "findFirst" | "findFirstOrThrow" => reads.extend(find(module, id, object, method)),
            "update" | "delete" if call.args.len() == 1 && !call.args[0].spread => {
                let is_name = matches!(module.expr(module.bare(call.args[0].value)), ExprKind::Local(_) | ExprKind::Member { .. });
                if let Some(Ty::Table(table)) = is_name.then(|| infer.expr(file, call.args[0].value))
                    && let (TableFlavor::Orm, Some(name)) = (table.flavor, &table.name)
                    && let Some(calls) = awaited_chain(module, id)
                {
                    let span = module.property_span(module.bare(call.callee));
                    writes.push(OrmWrite { file, call: id, span, table: name.clone(), is_delete: &**method == "delete", calls });
                }
            }
            _ => {}
        }
    }
    (reads, writes)
}

fn find(module: &Module, id: ExprId, object: ExprId, method: &Name) -> Option<OrmRead> {
    let call = module.call(id)?;
    let mut object = module.bare(object);
    let mut with_index = false;
    while let Some((_, inner, "withIndex")) = module.method(object).map(|(call, inner, name)| (call, inner, &**name)) {
        with_index = true;
        object = module.bare(inner);
    }
    let ExprKind::Member { object, property: table, .. } = module.expr(object) else { return None };
    let ExprKind::Member { property: query, .. } = module.expr(module.bare(*object)) else { return None };
    if &**query != "query" {
        return None;
    }
    let config = match &*call.args {
        [] => OrmConfig::None,
        [only] if !only.spread && module.as_object(only.value).is_some() => OrmConfig::Object(only.value),
        _ => OrmConfig::Unknown,
    };
    let method = if &**method == "findMany" { OrmMethod::FindMany } else { OrmMethod::FindFirst };
    Some(OrmRead {
        file: module.file,
        call: id,
        span: module.property_span(module.bare(call.callee)),
        table: table.clone(),
        method,
        config,
        with_index,
    })
}

/// What is called on a builder, where all of it is awaited in one piece.
fn awaited_chain(module: &Module, start: ExprId) -> Option<Vec<(Name, ExprId)>> {
    let mut calls = Vec::new();
    let mut at = start;
    loop {
        let Parent::Expr(up) = module.parent(at) else { return None };
        match module.expr(up) {
            ExprKind::Paren(_) | ExprKind::Cast { .. } => at = up,
            ExprKind::Await(_) => return Some(calls),
            ExprKind::Member { object, property, .. } if *object == at => {
                let Parent::Expr(call) = module.parent(up) else { return None };
                if module.call(call).is_none_or(|c| c.callee != up) {
                    return None;
                }
                calls.push((property.clone(), call));
                at = call;
            }
            _ => return None,
        }
    }
}
