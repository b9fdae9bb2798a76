use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::Fix;
use crate::model::hir::Name;
use crate::model::order::Sight;
use crate::model::readers::{DynamicReader, IndexReader};
use crate::model::ty::{Index, TableFlavor};
use crate::model::{Readers, Table};
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::source::Span;
use crate::writing::indexes::{removal, renamed};

declare_rule! {
    /// Finds a database index whose fields another index of the table begins with.
    ///
    /// ## Why is this bad?
    /// Every index is written again with each insert and each update of its fields, takes storage, and counts toward the number that a table may have.
    /// An index on `author` and `status` finds the rows of an author just as fast as one on `author` alone.
    ///
    /// ## Example
    /// `convex/schema.ts`:
    /// ```ts
    /// import { defineSchema, defineTable } from "convex/server";
    /// import { v } from "convex/values";
    ///
    /// export default defineSchema({
    ///   posts: defineTable({ author: v.string(), status: v.string() })
    ///     .index("by_author", ["author"]) // error: "`by_author_and_status` begins with the same fields"
    ///     .index("by_author_and_status", ["author", "status"]),
    /// });
    /// ```
    ///
    /// ## When not to use it
    /// Rows that are equal in all fields of an index come in the order of their creation.
    /// Through the longer index they come in the order of its next field, so the shorter one is needed wherever rows are wanted by age.
    /// The rule therefore looks at every reader of the index.
    /// Where one asks for the order (`.order()`, `.first()`, `.take()`, `.paginate()`, `rows[0]`, a range of `_creationTime`), it says nothing.
    /// Where rows are only let through in the order in which they came, it reports the index and names those readers: whether anyone minds is for you to say.
    ///
    /// ## Fix safety
    /// Safe where no reader can tell the two orders apart: `.unique()`, rows that are counted, added up, all deleted, or sorted by their creation time.
    /// Unsafe where rows may come in another order, where nothing in the project reads the index, or where a comment goes with it.
    /// None where its name also stands in a string of unknown use, or where a name is chosen when the code runs.
    pub struct RedundantIndex {
        /// What becomes of an index with a reader that asks for its order: `ignore` says nothing, `report` reports it too and names the reader.
        pub order_dependent: OrderDependent = OrderDependent::Ignore,
    } = { id: "redundant-index", category: Category::Schema, level: Level::Error, since: "0.1.0", alias: "no-duplicate-indexes", fix: FixKind::Safe }
}

/// What to do about an index with a reader that asks for the order of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OrderDependent {
    Ignore,
    Report,
}

/// How many readers are named.
const NAMED: usize = 5;

impl Rule for RedundantIndex {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn table(&self, table: &Table, cx: &mut Cx<'_>) -> Option<()> {
        let is_own = matches!(table.definition.flavor, TableFlavor::Plain | TableFlavor::Ent);
        for index in table.db_indexes().filter(|_| is_own) {
            self.judge(table, index, cx);
        }
        Some(())
    }
}

impl RedundantIndex {
    fn judge(&self, table: &Table, index: &Index, cx: &mut Cx<'_>) -> Option<()> {
        let fields = index.own_fields().filter(|f| !f.is_empty() && !index.staged && table.original_of(index).is_none())?;
        let longer = covering(table, fields)?;
        let next = longer.own_fields()?.get(fields.len())?;
        let readers = Reading::of(table, index, &cx.project.readers);
        let ignores_order = self.order_dependent == OrderDependent::Ignore;
        if readers.need_it
            || table.shares(index, cx.workspace)
            || ignores_order && readers.seeing.iter().any(|(_, how)| how.is_deliberate())
        {
            return None;
        }
        let (short, long) = (&index.name, &longer.name);
        let message = match (readers.seeing.is_empty(), readers.all.is_empty(), readers.possible) {
            (false, ..) => {
                format!(
                    "index `{short}` is redundant unless its order matters: `{long}` begins with the same fields, but gives rows by `{next}`, not by age"
                )
            }
            (true, false, _) => {
                format!("index `{short}` is redundant: `{long}` begins with the same fields, and no reader can tell them apart")
            }
            (true, true, None) => {
                format!("index `{short}` is redundant: `{long}` begins with the same fields, and nothing in the project reads `{short}`")
            }
            (true, true, Some(_)) => format!("index `{short}` is redundant: `{long}` begins with the same fields"),
        };
        let mut report = Diagnostic::new(index.name_span, message).label(longer.name_span, "finds the same rows".to_owned());
        for (reader, how) in readers.seeing.iter().take(NAMED) {
            report = report.label(reader.name_span, describe(*how));
        }
        if let Some(possible) = readers.possible.filter(|_| readers.seeing.is_empty()) {
            report = report.label(possible, format!("`{short}` may be read here"));
        }
        let is_longer_read = !Reading::of(table, longer, &cx.project.readers).is_empty();
        cx.report(report.help(help(index, longer, &readers, is_longer_read)).fix(fix(table, index, longer, fields, &readers, cx)));
        Some(())
    }
}

/// Who reads an index, as far as the rule asks.
struct Reading<'p> {
    all: Vec<&'p IndexReader>,
    /// Those that can tell in which order rows come, each once, tests left out.
    seeing: Vec<(&'p IndexReader, Sight)>,
    /// A place that may read it, or not.
    possible: Option<Span>,
    /// Something reads it that no other index can serve, or that is not known well enough.
    need_it: bool,
}

impl<'p> Reading<'p> {
    fn of(table: &'p Table, index: &'p Index, readers: &'p Readers) -> Self {
        let all: Vec<&IndexReader> = readers.of(&table.name, &index.name).collect();
        let mut seeing: Vec<(&IndexReader, Sight)> =
            all.iter().filter(|r| !r.is_test).filter_map(|r| Some((*r, r.order_seen?.how))).collect();
        seeing.sort_by_key(|(r, how)| (r.name_span, std::cmp::Reverse(*how)));
        seeing.dedup_by_key(|(r, _)| r.name_span);
        let dynamic = || readers.dynamic(&table.name, &index.name);
        let is_likely = |r: &DynamicReader| r.by_schema || r.tables.is_some() || r.among.is_some();
        let need_it = all.iter().any(|r| r.asks_time) || dynamic().any(is_likely) || readers.is_read_by_package(&table.name, &index.name);
        let mentions = readers.mentions(&index.name);
        let possible = dynamic().map(|r| r.span).chain(mentions.iter().filter(|m| !m.is_test).map(|m| m.span)).next();
        Self { all, seeing, possible, need_it }
    }

    fn is_empty(&self) -> bool {
        self.all.is_empty() && self.possible.is_none() && !self.need_it
    }

    /// Whether there are readers, and each of them reads the same through another index on these fields.
    fn is_proved(&self) -> bool {
        !self.all.is_empty() && self.all.iter().all(|r| r.order_seen.is_none())
    }
}

/// The index to read instead: one that is no prefix itself, the shortest of them.
fn covering<'t>(table: &'t Table, fields: &[Name]) -> Option<&'t Index> {
    let longer =
        |than: &[Name], index: &Index| !index.staged && index.own_fields().is_some_and(|f| f.len() > than.len() && f.starts_with(than));
    table
        .db_indexes()
        .filter(|i| longer(fields, i) && table.original_of(i).is_none())
        .filter(|i| i.own_fields().is_some_and(|f| !table.db_indexes().any(|other| longer(f, other))))
        .min_by_key(|i| (i.own_fields().map(<[_]>::len), i.span))
}

fn describe(how: Sight) -> &'static str {
    match how {
        Sight::Tied => "here rows that compare equal stay in this order",
        Sight::HandedOn => "here rows go on in this order",
        Sight::Written => "here the last row wins",
        Sight::Searched => "here the first row that matches is used",
        Sight::Picked => "here rows are picked by this order",
        Sight::Paged => "here rows are paged through in this order",
        Sight::Ordered => "here this order is asked for",
    }
}

fn help(index: &Index, longer: &Index, readers: &Reading<'_>, is_longer_read: bool) -> String {
    let (short, long) = (&index.name, &longer.name);
    let rest = match readers.seeing.len().saturating_sub(NAMED) {
        0 => String::new(),
        1 => " (one more reader is not shown)".to_owned(),
        more => format!(" ({more} more readers are not shown)"),
    };
    match (readers.is_empty(), is_longer_read) {
        (true, _) => format!("drop `{short}`"),
        (false, false) => format!("nothing reads `{long}`: drop that one, or read it in place of `{short}`{rest}"),
        (false, true) => format!("read `{long}` instead and drop `{short}`{rest}"),
    }
}

fn fix(table: &Table, index: &Index, longer: &Index, fields: &[Name], readers: &Reading<'_>, cx: &Cx<'_>) -> Option<Fix> {
    // A reader of several tables cannot be given another name for one of them.
    if readers.all.iter().any(|r| r.table.is_none()) {
        return None;
    }
    // Code that may go on naming it would find nothing under the name.
    if !cx.project.readers.are_all_known(&table.name, &index.name) {
        return None;
    }
    let removal = removal(cx.source(index.span), index);
    let mut edits = removal.edits;
    for reader in &readers.all {
        edits.extend(renamed(cx.workspace, reader, &longer.name, fields.first()?));
    }
    edits.sort();
    edits.dedup();
    let (short, long) = (&index.name, &longer.name);
    let title = if readers.all.is_empty() { format!("Drop `{short}`") } else { format!("Read `{long}` instead, and drop `{short}`") };
    let is_safe = readers.is_proved() && !removal.touches_comments;
    let fix = if is_safe { Fix::safe(title, edits) } else { Fix::r#unsafe(title, edits) };
    Some(fix.relying_on([longer.span]))
}
