//! Runs rules over a linked workspace: report, suppress, sort; and fixes to a fixpoint.
//!
//! Says nothing and writes nothing: what it finds and what it would change are returned.

use crate::diagnostic::{Diagnostic, Level};
use crate::model::Workspace;
use crate::rule::Rule;
use crate::source::FileId;

/// Rules with their levels and options, as they hold for some files.
pub struct RuleSet {
    /// Only rules that are on.
    pub rules: Vec<(Box<dyn Rule>, Level)>,
}

/// Which rules hold in which file. Made by `cli::config`.
pub struct Settings {
    pub sets: Vec<RuleSet>,
    /// For each file of the workspace, by its id: its place in `sets`, or `None` where it is not linted.
    pub of_file: Vec<Option<u16>>,
}

impl Settings {
    pub fn of(&self, file: FileId) -> Option<&RuleSet> {
        let set = (*self.of_file.get(file.0 as usize)?)?;
        self.sets.get(set as usize)
    }
}

/// Every finding in the files that the settings name, sorted by place and rule.
pub fn lint(_workspace: &Workspace, _settings: &Settings) -> Vec<Diagnostic> {
    Vec::new()
}
