//! What the ORM does otherwise than ents and Convex, as far as a function could see it: each is reported, or the call is left.
//!
//! What could be otherwise and is not, because of what is written, is shown by running, in `rows` and `rows_of_convex`: two rows where one is
//! asked for, the order of rows, `undefined` in a patch, defaults that documents lack.

/// What is otherwise; the code, and words of what is said; the fixture; and words of the line that it is said of.
pub type Difference = (&'static str, &'static str, &'static str, &'static str, &'static str);

const READS: &str = "ents/functions-differences · Reads";
const EDGES: &str = "ents/functions-differences · Edges";
const WRITES: &str = "ents/functions-differences · Writes";
const LEFT_READS: &str = "ents/functions-left · Reads";
const CONVEX_READS: &str = "convex/functions-differences · Reads";
const CONVEX_WRITES: &str = "convex/functions-differences · Writes";
const CONVEX_LEFT: &str = "convex/functions-left · What the ORM has no equal for";

pub const DIFFERENCES: &[Difference] = &[
    ("errors are others", "functions-error", "2 calls of this file throw another error", READS, ".getX(id)).name"),
    ("an id of another table", "functions-unchecked-id", "the ORM takes that table's row", READS, "text as Id<\"keepers\">"),
    ("an id of another table, in a write", "functions-unchecked-id", "`id` is an id of `hives`", WRITES, ".delete()"),
    ("a whole table", "functions-unbounded", "all rows that there are", READS, "await ctx.table(\"keepers\"))"),
    ("all rows of an edge", "functions-unbounded", "all rows that there are", EDGES, ".edge(\"plants\")"),
    ("a limit of 0", "functions-limit", "0 was no row before", READS, ".take(count)"),
    ("missing is null, too", "functions-missing-or-null", "holds for null as well", READS, "q.field(\"nick\"), undefined"),
    ("cursors", "functions-pagination", "cannot be used for each other", READS, ".paginate(paginationOpts)"),
    ("a row that is gone at the end of an edge", "functions-dangling", "the ORM finds null", EDGES, ".edge(\"helper\")"),
    ("edgeX of an edge that leads nowhere", "functions-missing-edge", "the ORM throws an error", EDGES, ".edgeX(\"helper\")"),
    ("a change of a row that is missing", "functions-missing-row", "the ORM changes none", WRITES, ".patch({ frames })"),
    ("an id without a row", "functions-foreign-key", "a row of `keepers` that is gone is refused", WRITES, ".insert({ keeperId"),
    ("a pair without a row", "functions-foreign-key", "`hives` or `plants`", WRITES, "plants: { add: [plantId] }"),
    ("another order", "functions-order", "give the rows in another order", LEFT_READS, "q.gt(q.field(\"score\"), place)"),
    ("missing is less than all", "functions-missing-value", "less than any value only for Convex", LEFT_READS, "q.lt(\"place\", place)"),
    ("undefined is no condition", "functions-missing-value", "no condition at all", LEFT_READS, "q.field(\"bio\"), bio"),
    ("pages of filtered rows", "functions-filtered-pages", "lose their order", LEFT_READS, ".paginate({ cursor: null"),
    ("defaults when rows are read", "functions-raw-document", "without the defaults", LEFT_READS, ".getX(userId).doc()"),
    ("two rows, in a write", "functions-not-unique", "takes the first", "ents/functions-left · Writes", ".patch({ score: 3 })"),
    (
        "deletions that only mark",
        "functions-soft-delete",
        "are marked as deleted",
        "ents/functions-left · Writes",
        ".getX(noteId).delete()",
    ),
    ("a whole table, of Convex", "functions-unbounded", "all rows that there are", CONVEX_READS, "query(\"keepers\").collect()"),
    ("an id of another table, of Convex", "functions-missing-value", "always an id of", CONVEX_READS, "text as Id<\"keepers\">"),
    (
        "an id out of anything, of Convex",
        "functions-unchecked-id",
        "takes that table's row",
        CONVEX_READS,
        "link.keeper as Id<\"keepers\">",
    ),
    ("a limit of 0, of Convex", "functions-limit", "0 was no row before", CONVEX_READS, ".take(count)"),
    (
        "missing is null, too, of Convex",
        "functions-missing-or-null",
        "holds for null as well",
        CONVEX_READS,
        "q.field(\"nick\"), undefined",
    ),
    ("cursors, of Convex", "functions-pagination", "cannot be used for each other", CONVEX_READS, ".paginate(paginationOpts)"),
    (
        "a change of a row that is missing, of Convex",
        "functions-missing-row",
        "the ORM changes none",
        CONVEX_WRITES,
        "patch(id, { label })",
    ),
    ("a deletion of a row that is missing, of Convex", "functions-missing-row", "the ORM changes none", CONVEX_WRITES, "db.delete(id)"),
    ("an id without a row, of Convex", "functions-foreign-key", "`keepers` that is gone is refused", CONVEX_WRITES, "insert(\"hives\""),
    (
        "rows that are referred to",
        "functions-referenced",
        "refer to `boards`",
        "convex/functions-writes · Deletions with foreign keys",
        "db.delete(\"boards\", boardId)",
    ),
    ("another order, of Convex", "functions-order", "in another order", CONVEX_LEFT, "\"by_name_size\""),
    ("rows one after the other", "functions-iterated", "reads them all at once", CONVEX_LEFT, "for await (const team"),
    ("sessions", "functions-session", "`id` and `createdAt` in the place of", "ents/functions-differences · Sessions", "getSession(ctx);"),
    (
        "another index, of Convex",
        "functions-index",
        "the ORM reads the index `by_state` here, and not `by_house`",
        "convex/functions-differences · Another index",
        "withIndex(\"by_house\"",
    ),
];
