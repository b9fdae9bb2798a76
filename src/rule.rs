//! What a rule is: metadata, options, and hooks that see the nouns of the model.
//!
//! Which rules run where, and what becomes of their findings, is decided in `lint`.

use crate::diagnostic::{Diagnostic, Level};
use crate::model::infer::Infer;
use crate::model::{Answers, DbQuery, Effect, File, Function, PlatformCall, Project, Reach, Table, TableUse, Workspace};
use crate::source::{FileId, SourceFile, Span};

/// The section of the catalogue that a rule belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// The file cannot be read, or a comment to the linter is wrong.
    Meta,
    Queries,
    Functions,
    Schema,
    Orm,
}

impl Category {
    pub const ALL: [Self; 5] = [Self::Queries, Self::Functions, Self::Schema, Self::Orm, Self::Meta];

    /// The name that configuration and `-A/-W/-D` use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Queries => "queries",
            Self::Functions => "functions",
            Self::Schema => "schema",
            Self::Orm => "orm",
        }
    }

    /// What its rules are about, in one sentence.
    pub fn summary(self) -> &'static str {
        match self {
            Self::Meta => "Files that cannot be read, and comments to the linter that are wrong.",
            Self::Queries => "How the database is read: scans, unbounded results, indexes that are not used.",
            Self::Functions => "Queries, mutations and actions: validators, runtimes, and what each kind may do.",
            Self::Schema => "Tables, indexes and validators.",
            Self::Orm => "Tables and relations of `better-convex/orm` and `kitcn/orm`; silent everywhere else.",
        }
    }
}

/// What is known of a rule without running it. Pages, schema, tables and `--explain` are made from it.
#[derive(Clone, Copy, Debug)]
pub struct RuleMeta {
    /// Names the problem, in kebab-case.
    pub id: &'static str,
    pub category: Category,
    /// The level in the preset `recommended`.
    pub level: Level,
    /// The level in the preset `strict`.
    pub strict: Level,
    /// Version that brought the rule.
    pub since: &'static str,
    /// Id of the same rule in `@convex-dev/eslint-plugin`, without its prefix.
    pub alias: Option<&'static str>,
    /// The strongest fix that the rule may offer.
    pub fix: FixKind,
    /// The doc comment, as written.
    pub docs: &'static str,
}

/// Whether a rule repairs what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixKind {
    None,
    Unsafe,
    /// Safe where proved, else unsafe or none.
    Safe,
}

impl RuleMeta {
    /// The first line of the documentation: what the rule finds, in one sentence.
    pub fn summary(&self) -> &'static str {
        self.docs.trim_start().lines().next().unwrap_or_default().trim()
    }
}

/// Where a rule's page is published.
pub const DOCS_URL: &str = "https://github.com/orm-lint/orm-lint/blob/main/docs/rules/";

/// One check. A rule overrides the hook whose noun it judges; each returns an `Option` only so that guards can be `?`.
pub trait Rule: Send + Sync {
    fn meta(&self) -> &'static RuleMeta;

    /// Once for every file that is linted.
    fn file(&self, _file: &File, _cx: &mut Cx<'_>) -> Option<()> {
        None
    }

    /// Once for every table of a schema that could be read.
    fn table(&self, _table: &Table, cx: &mut Cx<'_>) -> Option<()> {
        cx.is_idle = true;
        None
    }

    /// Once for every registered function.
    fn function(&self, _function: &Function, cx: &mut Cx<'_>) -> Option<()> {
        cx.is_idle = true;
        None
    }

    /// Once for every query on the database.
    fn db_query(&self, _query: &DbQuery, cx: &mut Cx<'_>) -> Option<()> {
        cx.is_idle = true;
        None
    }

    /// Once for every call of what Convex or another package offers.
    fn call(&self, _call: &PlatformCall, cx: &mut Cx<'_>) -> Option<()> {
        cx.is_idle = true;
        None
    }

    /// Once for every place that names a table.
    fn table_use(&self, _usage: &TableUse, cx: &mut Cx<'_>) -> Option<()> {
        cx.is_idle = true;
        None
    }
}

/// What a hook may ask, and where it reports.
pub struct Cx<'a> {
    pub workspace: &'a Workspace,
    pub project: &'a Project,
    answers: &'a dyn Answers,
    rule: &'static str,
    level: Level,
    found: &'a mut Vec<Diagnostic>,
    /// The rule does not judge nouns of this kind.
    is_idle: bool,
}

impl<'a> Cx<'a> {
    pub fn new(
        workspace: &'a Workspace,
        project: &'a Project,
        answers: &'a dyn Answers,
        meta: &RuleMeta,
        level: Level,
        found: &'a mut Vec<Diagnostic>,
    ) -> Self {
        Self { workspace, project, answers, rule: meta.id, level, found, is_idle: false }
    }

    /// Shows the nouns to the rule, if it judges such at all.
    pub fn each<'n, N: 'n>(&mut self, nouns: impl IntoIterator<Item = &'n N>, hook: impl Fn(&'n N, &mut Self) -> Option<()>) {
        self.is_idle = false;
        for noun in nouns {
            hook(noun, self);
            if self.is_idle {
                return;
            }
        }
    }

    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.found.push(Diagnostic { rule: self.rule, level: self.level, ..diagnostic });
    }

    /// Tells what expressions are, those of the file above all.
    pub fn ask<T>(&self, home: FileId, mut question: impl FnMut(&Infer<'_>) -> Option<T>) -> Option<T> {
        let mut answer = None;
        self.answers.of(home, &mut |infer| answer = question(infer));
        answer
    }

    /// What functions of the project come to do of this kind, themselves or through what they call.
    pub fn reach(&self, effect: Effect) -> Reach<'a> {
        self.workspace.reach(self.project, effect)
    }

    pub fn source(&self, span: Span) -> &'a SourceFile {
        self.workspace.source(span.file)
    }

    /// The text of a range, as written.
    pub fn text(&self, span: Span) -> &'a str {
        self.source(span).slice(span)
    }
}

/// Declares a rule: its documentation, its options with their defaults, and its metadata.
///
/// Yields the options as a struct (`Default`, `Deserialize`, `JsonSchema`; unknown keys are denied) and a `META`.
/// The doc comment is the rule's page; `tests/generated.rs` says which headings it may have.
#[macro_export]
macro_rules! declare_rule {
    (
        $(#[doc = $doc:literal])+
        pub struct $name:ident {
            $( $(#[doc = $option_doc:literal])+ pub $option:ident: $type:ty = $default:expr, )*
        } = {
            id: $id:literal, category: $category:expr, level: $level:expr, since: $since:literal
            $(, strict: $strict:expr)? $(, alias: $alias:literal)? $(, fix: $fix:expr)? $(,)?
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
        pub struct $name {
            $( $(#[doc = $option_doc])+ pub $option: $type, )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $option: $default, )* }
            }
        }

        impl $name {
            pub const META: $crate::rule::RuleMeta = {
                #[allow(unused_mut, unused_assignments, reason = "only some rules give the optional parts")]
                let mut strict = match $level { $crate::diagnostic::Level::Off => $crate::diagnostic::Level::Off, _ => $crate::diagnostic::Level::Error };
                $( strict = $strict; )?
                #[allow(unused_mut, unused_assignments, reason = "only some rules give the optional parts")]
                let mut alias: Option<&'static str> = None;
                $( alias = Some($alias); )?
                #[allow(unused_mut, unused_assignments, reason = "only some rules give the optional parts")]
                let mut fix = $crate::rule::FixKind::None;
                $( fix = $fix; )?
                $crate::rule::RuleMeta {
                    id: $id, category: $category, level: $level, strict, since: $since, alias, fix,
                    docs: concat!($($doc, "\n"),+),
                }
            };
        }
    };
}

/// A rule in the list of all rules: how to make one from its options.
#[derive(Clone, Copy)]
pub struct RuleEntry {
    pub meta: &'static RuleMeta,
    /// Makes the rule from its options as JSON; `Err` says what is wrong with them.
    pub build: fn(serde_json::Value) -> Result<Box<dyn Rule>, String>,
    /// JSON schema of the options.
    pub schema: fn() -> schemars::Schema,
}

/// The JSON schema of a rule's options, in the dialect that editors read, with nothing defined elsewhere.
pub fn options_schema<T: schemars::JsonSchema>() -> schemars::Schema {
    let settings = schemars::generate::SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>()
}

/// Lists the rules: each line is the module and the registration in one.
#[macro_export]
macro_rules! rules {
    ($($module:ident: $rule:ident,)+) => {
        $(pub mod $module;)+

        /// Every rule, in the order of the catalogue.
        pub const ALL: &[$crate::rule::RuleEntry] = &[
            $($crate::rule::RuleEntry {
                meta: &$module::$rule::META,
                build: |options| match serde_json::from_value::<$module::$rule>(options) {
                    Ok(rule) => Ok(Box::new(rule)),
                    Err(error) => Err(error.to_string()),
                },
                schema: $crate::rule::options_schema::<$module::$rule>,
            },)+
        ];
    };
}
