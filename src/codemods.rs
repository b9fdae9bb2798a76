//! The codemods, and the one way to ask for one.

pub mod proof;
mod schema;

use std::collections::BTreeMap;

use crate::codemod::{Options, Plan};
use crate::model::Workspace;

/// What the codemod would do with the workspace's projects. Pure; never fails: what cannot be migrated is left, and said.
pub fn plan(workspace: &Workspace, options: &Options) -> Plan {
    let mut all = Plan::default();
    for project in &workspace.projects {
        let plan = schema::plan(workspace, project, options, &BTreeMap::new());
        all.files.extend(plan.files);
        all.tables.extend(plan.tables);
        all.left.extend(plan.left);
    }
    all.left.sort_by_key(|left| left.span);
    all
}
