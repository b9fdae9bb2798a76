//! A finding: what a rule says, where, and how to repair it. Plain data; formats are `cli::output`'s business.

use crate::edit::{Applicability, Fix};
use crate::model::effects::Chain;
use crate::source::Span;

/// How loud a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Off,
    Warn,
    Error,
}

impl Level {
    /// The word that configuration and output use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// A second place that the finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Id of the rule. Filled in by `Cx::report`.
    pub rule: &'static str,
    /// Filled in by `Cx::report`; never `Off`.
    pub level: Level,
    /// What is wrong, one line.
    pub message: String,
    pub span: Span,
    pub labels: Vec<Label>,
    /// What to do, one line.
    pub help: Option<String>,
    pub fix: Option<Fix>,
}

impl Diagnostic {
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { rule: "", level: Level::Error, message: message.into(), span, labels: Vec::new(), help: None, fix: None }
    }

    #[must_use]
    pub fn label(mut self, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label { span, message: message.into() });
        self
    }

    /// Labels for the calls that lead from the place of the finding to what it is about, which the last label names.
    #[must_use]
    pub fn along(mut self, chain: &Chain, end: &str) -> Self {
        if let [before @ .., last] = &chain.through[..] {
            for span in before {
                self = self.label(*span, "which calls this");
            }
            self = self.label(*last, end);
        }
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub fn fix(mut self, fix: impl Into<Option<Fix>>) -> Self {
        self.fix = fix.into();
        self
    }

    /// Whether a fix exists that `--fix` (or with `allow_unsafe`, `--unsafe-fixes`) would make.
    pub fn is_fixable(&self, allow_unsafe: bool) -> bool {
        let least = if allow_unsafe { Applicability::Unsafe } else { Applicability::Safe };
        self.fix.as_ref().is_some_and(|fix| fix.applicability >= least)
    }
}
