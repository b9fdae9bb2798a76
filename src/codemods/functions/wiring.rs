//! Where the ORM is set up: beside, or in place of, `table: entsTableFactory(ctx, entDefinitions)`; for plain Convex, in a file of its own.

use super::sites::{FileSites, Handed, HandedFrom};
use crate::model::Workspace;
use crate::model::hir::{BindingKind, Exported, ExprKind, ImportName, Module};
use crate::model::layout::parent;
use crate::source::FileId;

/// The setup of a project.
pub struct Wiring {
    /// The file that starts the ORM, and has the helpers.
    pub home: Home,
    /// In that file, in front of the statement that stands here.
    pub start: u32,
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
    pub handed: Handed,
}

impl Wiring {
    /// `None` where some place is written in a way that cannot be changed, or has the ORM already.
    pub fn of(workspace: &Workspace, found: &[FileSites]) -> Option<Self> {
        let place = |file: &FileSites| file.handed.iter().map(|handed| Place { file: file.file, handed: *handed }).collect::<Vec<_>>();
        let places: Vec<Place> = found.iter().flat_map(place).collect();
        // What an earlier run began is not begun again.
        let is_open = |place: &Place| !place.handed.has_orm && !matches!(place.handed.from, HandedFrom::Unknown);
        if !places.iter().all(is_open) {
            return None;
        }
        let is_start = |place: &&Place| matches!(place.handed.from, HandedFrom::Context(_));
        let started = places.iter().find(is_start).map(|place| (place.file, place.handed.prop.0));
        let called = |file: &FileSites| file.factories.first().map(|(call, _)| (file.file, workspace.hir(file.file).span(*call).start));
        let (home, start) = started.or_else(|| found.iter().find_map(called))?;
        Some(Self { home: Home::File(home), start, places })
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
        Some(Self { home, start: 0, places: Vec::new() })
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
