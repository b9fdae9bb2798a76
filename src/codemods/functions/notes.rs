//! What holds for the functions of a project as a whole, before any of them is rewritten.

use std::collections::BTreeSet;

use super::ask::Ask;
use super::companions::TableNotes;
use super::shapes::Use;
use super::sites::{FileSites, Site};
use crate::model::Workspace;
use crate::model::hir::Name;
use crate::model::ty::Ty;

/// The tables whose rows leave the functions that read them, as documents.
pub fn leaving(found: &[FileSites]) -> BTreeSet<Name> {
    let live = found.iter().flat_map(|file| &file.sites).filter(|site| site.is_live());
    let leaves = |site: &&Site| site.flow.uses.iter().any(|usage| matches!(usage, Use::Escape { .. }));
    live.filter(leaves).filter_map(|site| site.table().cloned()).collect()
}

/// Whether ids are checked where the database is kept from functions.
pub fn needs_normalizer(found: &[FileSites]) -> bool {
    let live = found.iter().flat_map(|file| &file.sites).filter_map(|site| site.verdict.as_ref().ok());
    live.into_iter().any(|understood| matches!(understood.ask, Ask::NormalizeId { is_handed_out: true, .. }))
}

/// What the helpers have to know of the old schema.
pub fn notes(workspace: &Workspace, found: &[FileSites]) -> TableNotes {
    let mut notes = TableNotes::default();
    let Some(schema) = found.iter().find_map(|file| file.schema.as_ref()) else { return notes };
    for (name, _, table) in &schema.tables {
        let Ty::Object(document) = &table.document else { continue };
        let holds_null = |ty: &Ty| ty.members().contains(&Ty::Null);
        let nulls: Vec<Name> = document.fields.iter().filter(|f| !f.optional && holds_null(&f.ty)).map(|f| f.name.clone()).collect();
        if !nulls.is_empty() {
            notes.nulls.insert(name.clone(), nulls);
        }
        let defaults: Vec<(Name, String)> = table
            .added
            .iter()
            .filter_map(|added| {
                let text = workspace.text(added.default?);
                let value = text.split_once(':').map_or(text, |(_, value)| value).trim();
                Some((added.name.clone(), value.to_owned()))
            })
            .collect();
        if !defaults.is_empty() {
            notes.defaults.insert(name.clone(), defaults);
        }
    }
    notes
}
