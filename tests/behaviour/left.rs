//! What the codemod leaves as it is, and the fixture that shows that it is left, and said.

/// What is left; the code that says why; the fixture, its file and the name of the case; and words that stand there before and after.
pub type LeftRow = (&'static str, &'static str, &'static str, &'static str);

pub const LEFT: &[LeftRow] = &[
    (
        "unique, with a write",
        "functions-not-unique",
        "ents/functions-left · Writes",
        "ctx.table(\"posts\").getX(\"by_score\", 1).patch({ score: 3 })",
    ),
    ("replace", "functions-replace", "ents/functions-left · Writes", ".replace({ title: \"\", score: 1, userId })"),
    ("rules", "functions-rules", "ents/functions-left · Rules", "(await ctx.table(\"users\")).length"),
    ("table.system", "functions-system-table", "ents/functions-left · Reads", "ctx.table.system(\"_storage\").first()"),
    ("lazy chains", "functions-lazy-chain", "ents/functions-left · Reads", "first.edge(\"user\")"),
    ("edges of what is not known", "functions-unknown-receiver", "ents/functions-left · Ents that are handed on", "user.edge(\"posts\")"),
    ("less of an edge with a table of its own", "functions-edge-table", "ents/functions-left · Reads", ".edge(\"teams\").first()"),
    ("edgeX of what is looked up", "functions-edge-x", "ents/functions-left · Reads", ".edgeX(\"user\")"),
    ("normalizeIdX", "functions-no-equal", "ents/functions-left · Reads", ".normalizeIdX(id)"),
    ("symmetric edges", "functions-symmetric", "ents/functions-left · Reads", ".edge(\"friends\")"),
    ("filters that are more than comparisons", "functions-filter", "ents/functions-left · Reads", "(id === \"\" ? q.eq("),
    ("values that may be missing", "functions-missing-value", "ents/functions-left · Reads", "q.eq(q.field(\"bio\"), bio)"),
    ("less than, where documents may lack the field", "functions-missing-value", "ents/functions-left · Reads", "q.lt(\"place\", place)"),
    ("filters that the ORM reads another index for", "functions-order", "ents/functions-left · Reads", "q.gt(q.field(\"score\"), place)"),
    ("pages of filtered rows", "functions-filtered-pages", "ents/functions-left · Reads", ".paginate({ cursor: null, numItems: 2 })"),
    ("searches without a limit", "functions-search", "ents/functions-left · Reads", "q.search(\"title\", id)"),
    ("documents without their defaults", "functions-raw-document", "ents/functions-left · Reads", ".getX(userId).doc()"),
    ("patches with values that cannot be read", "functions-opaque-value", "ents/functions-left · Writes", ".patch(any)"),
    (
        "deletions that take along what the row refers to",
        "functions-reverse-cascade",
        "ents/functions-left · Writes",
        ".getX(fileId).delete()",
    ),
    ("deletions that only mark", "functions-soft-delete", "ents/functions-left · Writes", ".getX(noteId).delete()"),
    ("replace, of Convex", "functions-replace", "convex/functions-left · What the ORM has no equal for", "ctx.db.replace(id,"),
    (
        "rows one after the other",
        "functions-iterated",
        "convex/functions-left · What the ORM has no equal for",
        "for await (const team of ctx.db.query(\"teams\"))",
    ),
    (
        "the order of another index, of Convex",
        "functions-order",
        "convex/functions-left · What the ORM has no equal for",
        "\"by_name_size\", (q) => q.eq(\"name\", name)).first()",
    ),
    ("limits that may be 0", "functions-limit", "convex/functions-left · What the ORM has no equal for", ".take(rest)"),
    (
        "values that may be missing, of Convex",
        "functions-missing-value",
        "convex/functions-left · What is not known",
        "q.eq(\"name\", args.name)",
    ),
    (
        "tables whose rows others refer to",
        "functions-referenced",
        "convex/functions-writes · Deletions with foreign keys",
        "ctx.db.delete(\"boards\", boardId)",
    ),
    (
        "searches by vectors",
        "functions-vector-search",
        "convex/functions-vectors · Hits whose rows a query reads",
        "ctx.vectorSearch(\"dishes\", \"by_taste\", {",
    ),
    (
        "searches by vectors in tables that stay",
        "functions-vector-search",
        "convex/functions-vectors · A table that stays as it is",
        "ctx.vectorSearch(\"menus\", \"by_taste\"",
    ),
    (
        "ranges that an index does not have",
        "functions-range",
        "convex/functions-left · A range that its index does not have",
        "(q: any) => q.gt(\"name\", name).eq(\"size\", size)).first()",
    ),
];
