//! Presets: which rules are on, and how loud, before a project says otherwise.

use crate::diagnostic::Level;
use crate::rule::RuleMeta;

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
            Self::Compat => "The rules of `@convex-dev/eslint-plugin` and no others, for moving over without surprises.",
            Self::All => "Every rule there is; good for a first look, too loud for every day.",
        }
    }

    /// The level that a rule has in this preset.
    pub fn level(self, rule: &RuleMeta) -> Level {
        let on = |level: Level, least: Level| if level == Level::Off { least } else { level };
        match self {
            Self::Recommended => rule.level,
            Self::Strict => rule.strict,
            Self::Compat if rule.alias.is_some() => on(rule.level, Level::Warn),
            Self::Compat if rule.category == crate::rule::Category::Meta => rule.level,
            Self::Compat => Level::Off,
            Self::All => on(rule.level, Level::Warn),
        }
    }
}
