//! Presets: which rules are on, and how loud, before a project says otherwise.

use crate::diagnostic::Level;
use crate::rule::{Category, RuleMeta};

/// A named set of levels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    #[default]
    Recommended,
    Strict,
    Compat,
    All,
}

impl Preset {
    pub const ALL: [Self; 4] = [Self::Recommended, Self::Strict, Self::Compat, Self::All];

    /// The name that configuration and `--preset` use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recommended => "recommended",
            Self::Strict => "strict",
            Self::Compat => "compat",
            Self::All => "all",
        }
    }

    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// What it is for, in one sentence.
    pub fn summary(self) -> &'static str {
        match self {
            Self::Recommended => "The default: what hurts in production, and what costs little to put right.",
            Self::Strict => "Everything that the Convex guidelines ask for, conventions included.",
            Self::Compat => "The rules of `@convex-dev/eslint-plugin` at its levels and no others, for moving over without surprises.",
            Self::All => "Every rule there is; good for a first look, too loud for every day.",
        }
    }

    /// The level that a rule has in this preset.
    pub fn level(self, rule: &RuleMeta) -> Level {
        match self {
            Self::Recommended => rule.level,
            Self::Strict => rule.strict,
            Self::Compat if rule.category == Category::Meta => rule.level,
            Self::Compat => COMPAT.iter().find(|(id, _)| *id == rule.id).map_or(Level::Off, |(_, level)| *level),
            Self::All if rule.level == Level::Off => Level::Warn,
            Self::All => rule.level,
        }
    }
}

/// The rules of `@convex-dev/eslint-plugin` with the levels of its own `recommended`; `docs/compat.md` says how they differ.
///
/// What it calls `no-duplicate-indexes` is two rules here.
pub const COMPAT: [(&str, Level); 12] = [
    ("legacy-function-syntax", Level::Error),
    ("missing-args", Level::Error),
    ("missing-access-control", Level::Off),
    ("node-import", Level::Off),
    ("missing-table-argument", Level::Error),
    ("filter-scan", Level::Warn),
    ("unbounded-collect", Level::Off),
    ("top-of-hour-cron", Level::Warn),
    ("schema-import-cycle", Level::Error),
    ("redundant-index", Level::Error),
    ("duplicate-index", Level::Error),
    ("untyped-env", Level::Error),
];
