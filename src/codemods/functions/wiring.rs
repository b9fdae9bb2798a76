//! Where the ORM is set up: beside, or in place of, `table: entsTableFactory(ctx, entDefinitions)`.

use super::sites::FileSites;
use crate::model::Workspace;
use crate::model::hir::{ExprId, ExprKind, Key, Parent, PropKind};
use crate::source::{FileId, Span};

/// The setup of a project.
pub struct Wiring {
    /// The file that starts the ORM, and has the helpers.
    pub home: FileId,
    pub places: Vec<Place>,
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
        Some(Self { home, places })
    }
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
