//! Where the ORM is set up: beside, or in place of, `table: entsTableFactory(ctx, entDefinitions)`; for plain Convex, in a file of its own.

use super::sites::FileSites;
use crate::model::Workspace;
use crate::model::hir::{BindingKind, Exported, ExprId, ExprKind, ImportName, Key, Module, Parent, PropKind};
use crate::model::layout::parent;
use crate::source::{FileId, Span};

/// The setup of a project.
pub struct Wiring {
    /// The file that starts the ORM, and has the helpers.
    pub home: Home,
    pub places: Vec<Place>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    File(FileId),
    /// One that there is not yet, by its path.
    New(String),
}

/// A property that hands out `table`.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub file: FileId,
    /// The property.
    pub span: Span,
    /// The context that the database is taken from.
    pub context: ExprId,
}

impl Wiring {
    /// `None` where some place is written in a way that cannot be changed.
    pub fn of(workspace: &Workspace, found: &[FileSites]) -> Option<Self> {
        let mut places = Vec::new();
        for file in found {
            for (call, context) in &file.factories {
                places.push(place(workspace, file.file, *call, *context)?);
            }
        }
        let home = places.first()?.file;
        Some(Self { home: Home::File(home), places })
    }

    /// A file of its own beside the schema, which has the ORM for everyone.
    pub fn beside(workspace: &Workspace, schema: FileId) -> Option<Self> {
        let path = &workspace.source(schema).path;
        let folder = workspace.functions_folder(schema).unwrap_or_else(|| parent(path));
        if !path.ends_with(".ts") {
            return None;
        }
        let path = |name: &&str| if folder.is_empty() { (*name).to_owned() } else { format!("{folder}/{name}") };
        let home = ["orm.ts", "ormSetup.ts"].iter().map(path).find_map(|path| match workspace.file_at(&path) {
            None => Some(Home::New(path)),
            Some(file) => starts_orm(workspace.hir(file)).then_some(Home::File(file)),
        })?;
        Some(Self { home, places: Vec::new() })
    }
}

/// Whether the file exports an `orm` that it has started.
fn starts_orm(module: &Module) -> bool {
    let is_orm = |export: &crate::model::hir::Export| {
        let Exported::Binding(binding) = export.what else { return false };
        let BindingKind::Const(Some(init)) = module.binding(binding).kind else { return false };
        let callee = module.call(module.bare(init)).map(|call| module.bare(call.callee));
        let import = callee.and_then(|callee| match module.expr(callee) {
            ExprKind::Local(callee) => module.import(module.binding(*callee)),
            _ => None,
        });
        import.is_some_and(|import| import.name == ImportName::Named("createOrm".into())) && export.name.as_deref() == Some("orm")
    };
    module.exports.iter().any(is_orm)
}

fn place(workspace: &Workspace, file: FileId, call: ExprId, context: ExprId) -> Option<Place> {
    let module = workspace.hir(file);
    let Parent::Expr(object) = module.parent(call) else { return None };
    let ExprKind::Object(props) = module.expr(object) else { return None };
    let prop = props.iter().find(|prop| prop.value == call)?;
    // What an earlier run began is not begun again.
    if props.iter().any(|prop| matches!(&prop.key, Key::Name(name) if &**name == "orm")) {
        return None;
    }
    let is_named = matches!(&prop.key, Key::Name(name) if &**name == "table") && prop.kind == PropKind::KeyValue;
    is_named.then(|| Place { file, span: module.at(prop.start, prop.end), context })
}
