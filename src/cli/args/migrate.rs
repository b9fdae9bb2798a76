//! The arguments of `orm-migrate`, and what they ask of a codemod.

use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Parser, ValueEnum, ValueHint};
use clap_complete::Shell;

use super::{size, threads};
use crate::cli::streams::ColorChoice;
use crate::codemod::{self, ForeignKeys, Nullable, OneToOne, Options, Part, PublicShape, RelationStyle, SchemaFunction, Target};

const AFTER_HELP: &str = "\
Exit codes:
  0  done, or nothing to do
  1  done, and something is left to a person; or --check, and something would change;
     or --interactive, and nothing was wanted
  2  could not run, and nothing was written";

/// Rewrites a Convex project from one way of writing schemas and functions to another.
///
/// All files are written, or none. What cannot be migrated stays as it is, and the report says why.
#[derive(Clone, Debug, Parser)]
#[command(name = "orm-migrate", version, max_term_width = 100, args_override_self = true, after_help = AFTER_HELP)]
pub struct MigrateArgs {
    /// Files and folders of the projects to migrate; each project is migrated as a whole.
    #[arg(value_name = "PATHS", default_value = ".")]
    pub paths: Vec<PathBuf>,

    /// What the project is written for now.
    #[arg(long, value_name = "NAME", value_enum, required_unless_present_any = ["undo", "completions", "man"], help_heading = "What to migrate")]
    pub from: Option<Source>,
    /// Rewrite a part of the project only.
    #[arg(long, value_name = "PART", value_enum, help_heading = "What to migrate")]
    pub only: Option<Part>,
    /// Rewrite this table only; may be repeated.
    #[arg(long = "table", value_name = "NAME", value_delimiter = ',', help_heading = "What to migrate")]
    pub tables: Vec<String>,

    /// Leave the functions in FILE as they are, and what they need to go on working; may be repeated.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "What to migrate")]
    pub keep: Vec<String>,

    /// How relations are written.
    #[arg(long, value_name = "STYLE", value_enum, default_value_t, help_heading = "What to write")]
    pub relations: Relations,
    /// Import the ORM from MODULE; from the installed package if not given.
    #[arg(long, value_name = "MODULE", help_heading = "What to write")]
    pub orm: Option<String>,
    /// What a required value that may be null becomes.
    #[arg(long, value_name = "HOW", value_enum, default_value_t, help_heading = "What to write")]
    pub nullable: Nullable,
    /// The same as --nullable exact.
    #[arg(long, conflicts_with = "nullable", help_heading = "What to write")]
    pub exact: bool,
    /// What the end of a required one-to-one edge becomes that holds no field.
    #[arg(long, value_name = "HOW", value_enum, default_value_t, help_heading = "What to write")]
    pub one_to_one: OneToOne,
    /// What ids of other tables become.
    #[arg(long, value_name = "HOW", value_enum, default_value_t, help_heading = "What to write")]
    pub fk: ForeignKeys,
    /// Whose `defineSchema` the schema calls.
    #[arg(long, value_name = "PACKAGE", value_enum, default_value_t, help_heading = "What to write")]
    pub schema_fn: SchemaFunction,
    /// The version of the ORM that the new code is for. Without it, what all versions understand is written, and the package that is
    /// installed says whether there is more to know.
    #[arg(long, value_name = "VERSION", value_enum, help_heading = "What to write")]
    pub target: Option<Target>,
    /// Write a `// TODO(orm-migrate): …` where something is left to a person.
    #[arg(long, help_heading = "What to write")]
    pub todo: bool,
    /// In which shape public functions yield rows; with `orm`, the report names the places that call them.
    #[arg(long, value_name = "SHAPE", value_enum, default_value_t, help_heading = "What to write")]
    pub public_shape: PublicShape,

    /// Print what would change as a unified diff (with another --format than text, the report of it), and write nothing.
    #[arg(long, help_heading = "Running")]
    pub dry_run: bool,
    /// Write nothing; exit 1 if anything would change.
    #[arg(long, help_heading = "Running")]
    pub check: bool,
    /// Show what would become of each file, and ask; on a terminal only.
    #[arg(short, long, conflicts_with_all = ["dry_run", "check", "undo", "staged"], help_heading = "Running")]
    pub interactive: bool,
    /// Change files that have changes which git does not hold yet.
    #[arg(long, help_heading = "Running")]
    pub allow_dirty: bool,
    /// Restore what the last run replaced.
    #[arg(long, conflicts_with_all = ["from", "dry_run", "check", "format", "report", "staged"], help_heading = "Running")]
    pub undo: bool,

    /// Write the report to FILE, not to standard output.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub report: Option<PathBuf>,
    /// How the report is written; if not given, as the name of --report's FILE ends (`.json`, `.md`, `.html`), else as text.
    #[arg(long, value_name = "FORMAT", value_enum, help_heading = "Output")]
    pub format: Option<ReportFormat>,
    /// Colour the output.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, help_heading = "Output")]
    pub color: ColorChoice,

    /// Check what git has staged, for a hook: all files are read as they are staged, and projects in which nothing is are left out.
    #[arg(long, requires = "check", help_heading = "Files")]
    pub staged: bool,
    /// Migrate also what .gitignore and .ignore leave out.
    #[arg(long, help_heading = "Files")]
    pub no_ignore: bool,
    /// Do not read files larger than SIZE: bytes, or with `kB` or `MB`.
    #[arg(long, value_name = "SIZE", default_value = "10MB", value_parser = size, help_heading = "Files")]
    pub max_file_size: u64,
    /// Use N threads; as many as there are processors if not given.
    #[arg(long, value_name = "N", value_parser = threads, help_heading = "Files")]
    pub threads: Option<u16>,

    /// Print what completes the options of orm-migrate in SHELL.
    #[arg(long, value_name = "SHELL", value_enum, help_heading = "Installation")]
    pub completions: Option<Shell>,
    /// Print the manual page of orm-migrate.
    #[arg(long, help_heading = "Installation")]
    pub man: bool,
}

/// `--from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Source {
    /// A schema and functions for convex-ents.
    Ents,
    /// Plain Convex: a schema of `v.*` validators, and functions that call `ctx.db`.
    Convex,
    /// The same as --from convex --only schema --fk keys.
    Validators,
    #[value(hide = true)]
    Drizzle,
    #[value(hide = true)]
    Relations,
}

impl Source {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ents => "ents",
            Self::Validators => "validators",
            Self::Convex => "convex",
            Self::Drizzle => "drizzle",
            Self::Relations => "relations",
        }
    }

    /// The codemod behind it; the error says that there is none yet.
    pub fn codemod(self) -> anyhow::Result<codemod::From> {
        match self {
            Self::Ents => Ok(codemod::From::Ents),
            Self::Convex | Self::Validators => Ok(codemod::From::Convex),
            Self::Drizzle | Self::Relations => {
                anyhow::bail!("--from {} comes in a later version; there are --from ents and --from convex", self.name())
            }
        }
    }
}

/// `--relations`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Relations {
    /// What the installed package has, or the one that package.json asks for.
    #[default]
    Auto,
    /// `relations(users, ({ one, many }) => …)`.
    Relations,
    /// `defineRelations(tables, (r) => …)`: better-convex.
    #[value(name = "defineRelations")]
    DefineRelations,
    /// `defineSchema(tables).relations((r) => …)`: kitcn.
    Chain,
}

impl Relations {
    /// `None` for `auto`.
    pub fn style(self) -> Option<RelationStyle> {
        match self {
            Self::Auto => None,
            Self::Relations => Some(RelationStyle::Relations),
            Self::DefineRelations => Some(RelationStyle::DefineRelations),
            Self::Chain => Some(RelationStyle::Chain),
        }
    }
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people.
    Text,
    /// For programs; version 1, stable.
    Json,
    /// For the description of a pull request.
    Markdown,
    /// For a browser: one page that stands alone, with each file before and after.
    Html,
}

impl MigrateArgs {
    /// What is asked of the codemod, with what `--relations auto` and a missing `--orm` stand for.
    pub fn options(&self, from: codemod::From, relations: RelationStyle, orm: &str) -> Options {
        Options {
            from,
            relations,
            orm: self.orm.clone().unwrap_or_else(|| orm.to_owned()),
            one_to_one: self.one_to_one,
            foreign_keys: match (self.fk, self.from) {
                (ForeignKeys::Auto, Some(Source::Validators)) => ForeignKeys::Keys,
                (asked, _) => asked,
            },
            nullable: if self.exact { Nullable::Exact } else { self.nullable },
            schema_function: self.schema_fn,
            target: self.target.unwrap_or_default(),
            projects: None,
            only: self.part(),
            tables: self.tables.clone(),
            kept: self.keep.clone(),
            todo: self.todo,
            public_shape: self.public_shape,
        }
    }

    /// The part of the project that is asked for, if not the whole.
    pub fn part(&self) -> Option<Part> {
        if self.from == Some(Source::Validators) { Some(Part::Schema) } else { self.only }
    }

    /// How the report is written.
    pub fn report_format(&self) -> ReportFormat {
        let by_name = || match self.report.as_ref()?.extension()?.to_str()? {
            "json" => Some(ReportFormat::Json),
            "md" | "markdown" => Some(ReportFormat::Markdown),
            "html" | "htm" => Some(ReportFormat::Html),
            _ => None,
        };
        self.format.or_else(by_name).unwrap_or(ReportFormat::Text)
    }
}

fn value(name: &'static str, help: &'static str) -> Option<PossibleValue> {
    Some(PossibleValue::new(name).help(help))
}

impl ValueEnum for Part {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Schema, Self::Functions]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Schema => "schema",
            Self::Functions => "functions",
        }))
    }
}

impl ValueEnum for Nullable {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Idiomatic, Self::Exact]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Idiomatic => value("idiomatic", "a column without `.notNull()`; documents may then lack it, too"),
            Self::Exact => value("exact", "`custom(…)` of the old validator"),
        }
    }
}

impl ValueEnum for OneToOne {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Many, Self::InverseOnly, Self::Nullable]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Many => value("many", "`many` under the same name; read its first row"),
            Self::InverseOnly => value("inverse-only", "no relation"),
            Self::Nullable => value("nullable", "`one`, and the field of the other end may hold null"),
        }
    }
}

impl ValueEnum for ForeignKeys {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Auto, Self::Keys, Self::Plain, Self::Text]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Auto => value("auto", "like `keys` for edges and for a schema of validators, like `plain` for other ids"),
            Self::Keys => value("keys", "a foreign key where an index leads with it and deletes keep their meaning"),
            Self::Plain => value("plain", "never a foreign key"),
            Self::Text => value("text", "`text().references(…)`; the stored validator becomes a string"),
        }
    }
}

impl ValueEnum for PublicShape {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Keep, Self::Orm]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Keep => value("keep", "that of documents, with `_id` and `_creationTime`"),
            Self::Orm => value("orm", "that of the ORM, with `id` and `createdAt`, where no validator or type says otherwise"),
        }
    }
}

impl ValueEnum for SchemaFunction {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Orm, Self::Convex]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Orm => value("better-convex", "the ORM's own; since better-convex 0.11 it adds eight tables"),
            Self::Convex => value("convex", "that of convex/server, which adds none"),
        }
    }
}

impl ValueEnum for Target {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Before011, Self::Since011]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Any => None,
            Self::Before011 => value("0.6", "what all versions have, and a word on what earlier ones cannot do"),
            Self::Since011 => value("0.11", "also `arrayOf`, `objectOf`, and `discriminator` for unions"),
        }
    }
}
