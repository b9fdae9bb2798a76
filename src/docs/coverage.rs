//! What the guidelines for Convex backends ask for, and the rules that hold each of it, or why none can.
//!
//! The one source of `docs/rules/coverage.md`. `fixtures/coverage.md` shows for each requirement what is reported and what is not;
//! `tests/coverage.rs` holds the one to the other. Levels are the rules' own business.

use std::fmt::Write as _;

use crate::rules;

/// Something that a backend is asked to do, or not to do.
pub struct Requirement {
    /// `M` for a must, `N` for a must not, `S` for a should, `E` for what is asked for elsewhere, `R` for what an ORM asks for, and a number.
    pub id: &'static str,
    /// What is asked for, in a sentence.
    pub says: &'static str,
    /// The rules that find where it is not done; none where that cannot be seen in the code.
    pub rules: &'static [&'static str],
    /// What the rules do not see, or why there is none. May be empty where a rule sees all of it.
    pub limits: &'static str,
}

/// Requirements that weigh the same.
pub struct Part {
    pub heading: &'static str,
    pub requirements: &'static [Requirement],
}

pub const PARTS: [Part; 5] = [
    Part { heading: "Must", requirements: MUST },
    Part { heading: "Must not", requirements: MUST_NOT },
    Part { heading: "Should", requirements: SHOULD },
    Part { heading: "Elsewhere", requirements: ELSEWHERE },
    Part { heading: "With an ORM", requirements: ORM },
];

/// All requirements, in the order of the page.
pub fn requirements() -> impl Iterator<Item = &'static Requirement> {
    PARTS.iter().flat_map(|part| part.requirements)
}

/// `docs/rules/coverage.md`.
pub fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for part in &PARTS {
        let _ = write!(page, "\n## {}\n\n| | what is asked for | rules | limits |\n|---|---|---|---|\n", part.heading);
        for requirement in part.requirements {
            let Requirement { id, says, limits, .. } = requirement;
            let rules: Vec<String> = requirement.rules.iter().map(|id| rule_cell(id)).collect();
            let rules = if rules.is_empty() { "none".to_owned() } else { rules.join(", ") };
            let _ = writeln!(page, "| {id} | {} | {rules} | {} |", super::cell(says), super::cell(limits));
        }
    }
    page
}

const INTRODUCTION: &str = "# Coverage

What the guidelines for Convex backends ask for, and which rule finds where it is not done.
Where there is no rule, the last column says why; where there is one, it says what the rule cannot see.
A rule that is off in `recommended` is marked with the preset that turns it on.
[The examples](https://github.com/orm-lint/orm-lint/blob/main/fixtures/coverage.md) show for each of them what is reported, and good code in which nothing is.
";

fn rule_cell(id: &str) -> String {
    let link = format!("[`{id}`]({id}.md)");
    match rules::find(id).map(|entry| entry.meta) {
        Some(rule) if rule.level == crate::diagnostic::Level::Off => {
            let is_in_strict = rule.strict != crate::diagnostic::Level::Off;
            format!("{link} ({})", if is_in_strict { "`strict`" } else { "`all`" })
        }
        _ => link,
    }
}

const fn held(id: &'static str, says: &'static str, rules: &'static [&'static str]) -> Requirement {
    Requirement { id, says, rules, limits: "" }
}

const fn partly(id: &'static str, says: &'static str, rules: &'static [&'static str], limits: &'static str) -> Requirement {
    Requirement { id, says, rules, limits }
}

const fn unseen(id: &'static str, says: &'static str, limits: &'static str) -> Requirement {
    Requirement { id, says, rules: &[], limits }
}

const MUST: &[Requirement] = &[
    held("M1", "Every function declares what it returns, if only that it is `null`.", &["missing-returns", "returns-drift"]),
    held("M2", "Documents are found through an index range.", &["filter-scan", "collect-then-filter"]),
    partly(
        "M3",
        "What only the backend calls is an internal function.",
        &["public-reference"],
        "Seen where the backend runs or schedules a public function. Whether some client calls a function is not in the backend's code.",
    ),
    held("M4", "Other services are called by actions.", &["network-in-transaction"]),
    held("M5", "A module that needs Node says so in its first line.", &["missing-use-node", "node-runtime-query", "node-import"]),
    partly(
        "M6",
        "Ids are ids of a table in arguments and in types, and no plain strings.",
        &["untyped-id"],
        "Seen where the string reaches the database. One that is only handed on may be the id of something else.",
    ),
    held("M7", "A handler that has nothing to return returns `null`, and says so.", &["implicit-null-return"]),
    held("M8", "The router of HTTP actions is the default export of `http.ts`.", &["misplaced-http-action"]),
    partly(
        "M9",
        "The name of an index holds all of its fields, in order.",
        &["index-name"],
        "Only `strict` asks for it: another name is another index, which is built anew on deployment.",
    ),
];

const MUST_NOT: &[Requirement] = &[
    held("N1", "Queries on the database are not narrowed with `.filter()`.", &["filter-scan"]),
    held("N2", "Mutations and queries do not reach the network.", &["network-in-transaction"]),
    held("N3", "Actions do not use the database.", &["database-in-action"]),
    held("N4", "No index begins another index of its table.", &["redundant-index", "duplicate-index"]),
    partly(
        "N5",
        "Results that can grow without end are not collected.",
        &["unbounded-collect"],
        "A whole table is always reported. How many rows an index range holds is not in the code: the option `indexed` reports ranges as well.",
    ),
    held("N6", "Validators that Convex has replaced are not used.", &["deprecated-api"]),
    held("N7", "Mutations are not run once for each element of a list.", &["run-in-loop"]),
    held("N8", "What a query can answer is not asked of an action.", &["action-as-query"]),
];

const SHOULD: &[Requirement] = &[
    held(
        "S1",
        "Data that is shown together is stored together, so that no document is read for each row.",
        &["read-per-row", "unbounded-array"],
    ),
    partly(
        "S2",
        "Writes that compete for a document go through a queue, shards, or a component that counts.",
        &["hot-document"],
        "Seen where every call writes the one document. Whether calls really compete depends on how often they run, which is not in the code.",
    ),
    held("S3", "What belongs together is written by one mutation that takes a list.", &["run-in-loop"]),
    held("S4", "What an action needs to know at once is read by one query.", &["sequential-run"]),
    partly(
        "S5",
        "Queries read a limited number of rows.",
        &["unbounded-collect", "collect-to-count"],
        "Which limit is reasonable is a decision about the product.",
    ),
    held("S6", "An index serves as many queries as it can.", &["redundant-index", "unused-index", "unindexed-reference"]),
    partly(
        "S7",
        "Logic stands in plain functions that handlers call.",
        &["fat-handler", "run-in-transaction", "needless-run-action"],
        "Seen where a handler is long, and where a function is run by reference that could have been called.",
    ),
    unseen(
        "S8",
        "Triggers, row-level security and relations come from the helper library.",
        "Code that does without them is not wrong. Handlers that are built with them are understood like any other.",
    ),
    partly(
        "S9",
        "Operations that must not happen twice carry a key by which they are recognised.",
        &["missing-idempotency-key"],
        "Only `strict` asks for it, and of tables whose names say that money or orders are in them: what must not happen twice is known to people.",
    ),
    partly(
        "S10",
        "Retries wait for a time that is partly random.",
        &["retry-without-jitter"],
        "Only `strict` asks for it. A delay that a library or a client waits for is not seen.",
    ),
];

const ELSEWHERE: &[Requirement] = &[
    partly(
        "E1",
        "A public function finds out who calls before it does anything.",
        &["missing-access-control"],
        "Only `strict` asks for it: some functions are for everyone.",
    ),
    held("E2", "Every function declares its arguments.", &["missing-args", "legacy-function-syntax"]),
    held("E3", "Queries read, and do nothing else.", &["write-in-query"]),
    held("E4", "Rows are not read to count them.", &["collect-to-count"]),
    held("E5", "Functions are run by reference, not called.", &["direct-function-reference"]),
    held("E6", "Tables and indexes that are named are there.", &["unknown-table", "unknown-index"]),
    partly(
        "E7",
        "A counter that everyone writes is split into several documents.",
        &["hot-document"],
        "As for S2: how often it is written is not in the code.",
    ),
    unseen(
        "E8",
        "A webhook checks who sent it.",
        "Each service signs in its own way, and the check may stand anywhere behind the handler.",
    ),
    unseen(
        "E9",
        "A mutation schedules what follows from its writes, so that both happen or neither.",
        "Which work follows from which write is not in the code.",
    ),
];

const ORM: &[Requirement] = &[
    held("R1", "Reads of many rows, and of rows along with others, say how many.", &["orm-unsized-find", "orm-unsized-relation"]),
    held("R2", "An index begins with the columns of each relation, and of each foreign key that acts.", &["orm-unindexed-relation"]),
    partly(
        "R3",
        "Rows are updated, deleted and paged through by an index.",
        &["orm-unindexed-where"],
        "Seen for comparisons with one value or a list. Other reads without an index are made with a warning, and not reported.",
    ),
    partly(
        "R4",
        "Conditions that no index serves are checked within a bound.",
        &["orm-post-filter"],
        "Conditions beside others that an index may serve are not reported.",
    ),
    held("R5", "Where a whole table is read, a comment says why.", &["orm-full-scan"]),
    held("R6", "Updates and deletions say which rows they mean.", &["orm-write-without-where"]),
    partly("R7", "Pages go on from a cursor.", &["orm-offset"], "Seen for numbers that are written down."),
    held("R8", "Columns are builders of the ORM, by the names that it has now.", &["orm-validator-column", "orm-legacy-import"]),
    held("R9", "Rows of the ORM's tables are written through the ORM.", &["orm-raw-write"]),
    held("R10", "Several relations between two tables are told apart.", &["orm-ambiguous-relation"]),
    held("R11", "Relations to one row that must be there do not lead in a circle.", &["orm-circular-one"]),
    held(
        "R12",
        "Tables and columns have names that are free, and tables the same name everywhere.",
        &["orm-reserved-column", "orm-table-key", "invalid-table-name"],
    ),
    held("R13", "Columns that reads name are there.", &["orm-unknown-column"]),
    held("R14", "Searches are asked for what a search can do.", &["orm-search-misuse"]),
    held("R15", "Columns and fields are validators or builders, and nothing else.", &["invalid-validator"]),
    unseen(
        "R16",
        "Rows are ordered by an index.",
        "Whether the ORM orders by an index or sorts what it has read depends on its version and on all of the read.",
    ),
    unseen("R17", "What SQL has and Convex has not is not asked for.", "The ORM has no such methods, so that the compiler refuses them."),
    unseen(
        "R18",
        "Rows that lack a column are found where rows without a value are asked for.",
        "Whether rows lack the field, or hold `null`, is in the data.",
    ),
    unseen("R19", "What a foreign key names is an id, or is there once.", "A column may hold each value once without saying so."),
];
