//! Sabotage that makes no other program: where it is done, and why nobody could notice.
//!
//! What is listed here is tried, too: an entry that somebody notices is wrong, and one that nothing is done at is stale.

/// The kind of sabotage, the file and the function, words that stand not far before the place (or none), and the reason.
pub type Harmless = (&'static str, &'static str, &'static str, &'static str, &'static str);

pub const HARMLESS: &[Harmless] = &[
    ("another order", "depot/convex/stock.ts", "total", "", "the rows are added up"),
    ("another order", "depot/convex/stock.ts", "close", "", "the rows are counted"),
    ("another order", "family/convex/homes.ts", "residents", "count:", "the rows are counted"),
    ("another order", "gallery/convex/visits.ts", "leave", "", "the rows are counted"),
    ("another order", "kitchen/convex/cooks.ts", "tally", "", "the rows are counted, each under a name of its own"),
    ("another order", "library/convex/loans.ts", "ofReader", "not(isNotNull(", "the rows are counted"),
    ("another order", "notebook/convex/joins.ts", "allTagsOf", "", "the rows are counted"),
    ("another order", "notebook/convex/notes.ts", "everything", "", "the rows are added up, and one is found where it was put"),
    ("another order", "notebook/convex/notes.ts", "star", "", "every row is changed in the same way"),
    ("another order", "notebook/convex/notes.ts", "remove", "", "every row is deleted"),
    ("another one of several rows", "depot/convex/stock.ts", "open", "", "of the row only the name is looked at, by which it was found"),
    ("another one of several rows", "kitchen/convex/recipes.ts", "remains", "isNotNull(", "it is only asked whether there is one"),
    ("an error where it was null", "depot/convex/stock.ts", "store", "", "the function itself throws where there is no row"),
    ("an error where it was null", "depot/convex/stock.ts", "resize", "", "the function itself throws where there is no row"),
    (
        "an error where it was null",
        "notebook/convex/writers.ts",
        "change",
        "const writer",
        "the function itself throws where there is no row",
    ),
    ("an error where it was null", "notebook/convex/writers.ts", "change", "const now", "the row was found a few lines before"),
    ("a lost await", "notebook/convex/lists.ts", "lastOfEach", "const writers = ", "`asyncMap` waits for a promise of rows as well"),
    ("a lost default", "library/convex/readers.ts", "add", "", "the row was just written, with a value"),
    ("a lost uniqueness", "choir/convex/schema.ts", "folders", "", "no function writes rows of the table"),
    ("a lost uniqueness", "harbour/convex/schema.ts", "logs", "", "a log is written where the ship has none"),
    ("a lost uniqueness", "kitchen/convex/schema.ts", "badges", "", "a badge is written for a cook who is new"),
    ("a pair that is written twice", "library/convex/loans.ts", "addTag", "", "the tag is new, so that no pair has it yet"),
    ("a value that stays", "notebook/convex/notes.ts", "edit", "", "an object that is an argument holds nothing that is undefined"),
    ("rows where there were documents", "depot/convex/stock.ts", "sites", "", SAME_FIELDS),
    ("rows where there were documents", "depot/convex/stock.ts", "batches", "", SAME_FIELDS),
    ("rows where there were documents", "gallery/convex/works.ts", "some", "", SAME_FIELDS),
    ("rows where there were documents", "gallery/convex/works.ts", "change", "", SAME_FIELDS),
    ("rows where there were documents", "kitchen/convex/recipes.ts", "quick", "", SAME_FIELDS),
    ("rows where there were documents", "notebook/convex/joins.ts", "mustHave", "", SAME_FIELDS),
    ("rows where there were documents", "notebook/convex/joins.ts", "allTagsOf", "", "the rows are counted"),
    (
        "rows where there were documents",
        "notebook/convex/joins.ts",
        "feed",
        "limit: args.paginationOpts.numItems",
        "the page itself is given anew behind it",
    ),
    (
        "rows where there were documents",
        "notebook/convex/lists.ts",
        "pages",
        "limit: args.paginationOpts.numItems",
        "the page itself is given anew behind it",
    ),
    ("rows where there were documents", "notebook/convex/notes.ts", "everything", "", SAME_FIELDS),
    ("rows where there were documents", "notebook/convex/notes.ts", "titles", "", "the page itself is given anew behind it"),
    ("rows where there were documents", "notebook/convex/writers.ts", "change", "", SAME_FIELDS),
];

const SAME_FIELDS: &str = "only fields are looked at that rows have by the same names";
