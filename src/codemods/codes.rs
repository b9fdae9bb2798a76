//! What can be left to a person: the one list of codes, from which their page is made.

/// Each code, and what it says.
pub const CODES: &[(&str, &str)] = &[
    ("any-root", "The documents of a table may be anything (`v.any()`). The table stays a plain one."),
    ("created-at-index", "An index reads a field `createdAt`, which the ORM takes for the time of creation. The table stays a plain one."),
    (
        "created-at-shadowed",
        "The ORM reads a field `createdAt` as the time of creation, whatever is stored in it. Before 0.11 it does not store one, either.",
    ),
    (
        "default-on-read",
        "Ents fill in a default when a document is read, the ORM when one is inserted. Old documents lack it until they are written.",
    ),
    ("doc-type-any", "`Doc` of a table of the ORM no longer names its fields, and what `ctx.db` reads from it has them as `any`."),
    ("ents", "The schema is made of ents: migrate it with `--from ents`."),
    (
        "fk-restrict",
        "An id has become a foreign key: a row that is referred to cannot be deleted, and an id without a row cannot be stored.",
    ),
    ("functions-ents", "A file works with ents, which the schema no longer has. Its functions are to be migrated."),
    ("internal-column", "A field is called like a property of the ORM's own table objects. The table stays a plain one."),
    ("nested-index", "An index reads a field inside of an object. The table stays a plain one."),
    (
        "no-fk",
        "An edge is no foreign key, because deletions of the rows at its other end only mark them. Deletions no longer reach across it.",
    ),
    (
        "null-index-scan",
        "A column that may be null leads an index. `isNull` finds stored nulls there, but not documents that lack the field.",
    ),
    (
        "one-to-one",
        "An edge that holds one row at both ends has `many` at one of them, or no relation: the ORM refuses `one` twice where the field is required, and `relations()` has it for one end only.",
    ),
    ("opaque-schema", "The tables of a schema are not written where they can be read. Nothing of it is migrated."),
    ("opaque-validator", "What a validator admits cannot be read. The column keeps it word for word."),
    ("relation-dropped", "One end of an edge stays a plain table, which relations cannot lead to."),
    ("relation-renamed", "An edge is called like a column. Its relation has `Relation` behind its name."),
    ("required-cycle", "Required relations form a circle, which the ORM refuses. One of them is dropped."),
    ("reserved-column", "The ORM keeps the name of a table or field for itself. The table stays a plain one."),
    ("reverse-cascade", "Deleting a row also deleted what it refers to. Foreign keys do not; a trigger can."),
    (
        "scheduled-deletion",
        "Ents deleted rows some time after they were marked. A table of the ORM that says so never gets there, so each deletion has to.",
    ),
    ("search-field", "A search index reads a field that is not text. The table stays a plain one."),
    ("several-cascades", "Deleting a row reaches along more than one foreign key, which throws before better-convex 0.11."),
    ("staged-index", "A database index is staged, which the ORM has no word for. The table stays a plain one."),
    ("symmetric", "An edge of a table to itself has no direction. Ents wrote every pair twice; now the functions have to."),
    ("syntax-error", "A file of the project cannot be read, so that nothing in it was migrated."),
    ("system-edge", "Deleting a row also deleted a file or a scheduled function. The ORM does not; a trigger can."),
    ("union-root", "The documents of a table are a union. The table stays a plain one."),
    ("unknown-fields", "The fields or indexes of a table, or its place in the schema, cannot be followed. The table stays what it is."),
    ("unproved", "What would have been written could not be proved to be what was there before. It is not written."),
    ("vector-field", "A vector index reads a field that is no array of numbers. The table stays a plain one."),
];
