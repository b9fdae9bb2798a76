//! The mapping of `orm-migrate`, row by row, and the fixture that shows each: what is there before, and what after.
//!
//! `what_codemods_write_is_right_for_the_packages_that_read_it` holds all of these fixtures against the real packages.

mod support;

use std::collections::BTreeSet;

use support::{Failures, codemod_case};

/// What is mapped, the fixture (its file and the name of the case), and words of it before and after.
type Row = (&'static str, &'static str, &'static str, &'static str);

const VALIDATORS: &[Row] = &[
    ("text", "validators/columns · Every kind of validator", "label: v.string(),", "label: text().notNull(),"),
    ("number", "validators/columns · Every kind of validator", "weight: v.number(),", "weight: integer().notNull(),"),
    ("float64", "validators/columns · Every kind of validator", "volume: v.float64(),", "volume: integer().notNull(),"),
    ("boolean", "validators/columns · Every kind of validator", "fragile: v.boolean(),", "fragile: boolean().notNull(),"),
    ("int64", "validators/columns · Every kind of validator", "serial: v.int64(),", "serial: bigint().notNull(),"),
    ("bigint", "validators/columns · Every kind of validator", "oldSerial: v.bigint(),", "oldSerial: bigint().notNull(),"),
    ("bytes", "validators/columns · Every kind of validator", "photo: v.bytes(),", "photo: bytes().notNull(),"),
    ("any", "validators/columns · Every kind of validator", "payload: v.any(),", "payload: json<any>().notNull(),"),
    ("null", "validators/columns · Every kind of validator", "nothing: v.null(),", "nothing: custom(v.null()).notNull(),"),
    ("literal", "validators/columns · Every kind of validator", "kind: v.literal(\"parcel\"),", "kind: textEnum([\"parcel\"]).notNull(),"),
    (
        "literals",
        "validators/columns · Every kind of validator",
        "state: v.union(v.literal(",
        "state: textEnum([\"waiting\", \"sent\", \"lost\"]).notNull(),",
    ),
    ("other literals", "validators/columns · Every kind of validator", "size: v.union(v.literal(1)", "size: custom(v.union(v.literal(1)"),
    ("mixed unions", "validators/columns · Every kind of validator", "mixed: v.union(", "mixed: custom(v.union("),
    ("arrays", "validators/columns · Every kind of validator", "stops: v.array(", "stops: custom(v.array(v.string())).notNull(),"),
    ("objects", "validators/columns · Every kind of validator", "box: v.object(", "box: custom(v.object({"),
    ("records", "validators/columns · Every kind of validator", "prices: v.record(", "prices: custom(v.record("),
    ("arrays of columns", "validators/since-0.11 · Lists and objects", "v.array(", "arrayOf("),
    ("objects of columns", "validators/since-0.11 · Lists and objects", "v.object(", "objectOf("),
    ("vectors", "validators/columns · Indexes", "vector: v.array(v.float64()),", "vector: vector(DIMENSIONS).notNull(),"),
    ("foreign keys", "validators/columns · Ids", "sender: v.id(\"people\"),", "sender: id(\"people\").notNull(),"),
    ("ids without an index", "validators/columns · Ids", "receiver: v.id(\"people\"),", "receiver: custom(v.id(\"people\")).notNull(),"),
    ("ids of plain tables", "validators/columns · Ids", "van: v.id(\"vans\"),", "van: custom(v.id(\"vans\")).notNull(),"),
    (
        "ids of files",
        "validators/columns · Every kind of validator",
        "file: v.id(\"_storage\"),",
        "file: custom(v.id(\"_storage\")).notNull(),",
    ),
    ("ids, plain", "validators/columns · Ids without new checks", "sender: v.id(\"people\")", "sender: custom(v.id(\"people\")).notNull()"),
    ("optional", "validators/columns · What may be absent, or null", "note: v.optional(v.string()),", "note: text(),"),
    ("null or", "validators/columns · What may be absent, or null", "door: v.union(v.string(), v.null()),", "door: text(),"),
    (
        "null or, exactly",
        "validators/columns · Null alone, exactly",
        "door: v.union(v.string(), v.null()),",
        "door: custom(v.union(v.string(), v.null())).notNull(),",
    ),
    (
        "optional null or",
        "validators/columns · What may be absent, or null",
        "floor: v.optional(v.union(v.null(), v.number())),",
        "floor: integer(),",
    ),
    ("optional any", "validators/columns · What may be absent, or null", "extra: v.optional(v.any()),", "extra: json<any>(),"),
    ("names", "validators/columns · Validators with names", "state, colour,", "colour: custom(colour).notNull(),"),
    ("names that cannot be read", "validators/kept · A validator that cannot be read", "v.", "custom("),
    ("shared fields", "validators/shared-fields · Fields that only tables use become a function", "...", "() => ({"),
    (
        "shared fields of functions",
        "validators/shared-fields · Fields that functions use as well stay, and get a twin",
        "args:",
        "Columns = () => ({",
    ),
    ("tables of packages", "ents/forms · Ents beside tables of a package", "...authTables,", "...authTables,"),
    (
        "index",
        "validators/columns · Indexes",
        ".index(\"by_list\", [\"list\", \"_creationTime\"])",
        "index(\"by_list\").on(t.list, t.createdAt),",
    ),
    (
        "index, as an object",
        "validators/columns · Indexes",
        ".index(\"by_done\", { fields: [\"done\", \"list\"] })",
        "index(\"by_done\").on(t.done, t.list),",
    ),
    (
        "search index",
        "validators/columns · Indexes",
        ".searchIndex(\"search_text\"",
        "searchIndex(\"search_text\").on(t.text).filter(t.list, t.done),",
    ),
    (
        "vector index",
        "validators/columns · Indexes",
        ".vectorIndex(\"near\"",
        "vectorIndex(\"near\").on(t.vector).dimensions(DIMENSIONS).filter(t.done),",
    ),
    ("early tables", "validators/early · Validators in a table of the ORM", "v.string()", "text().notNull()"),
];

const ENTS: &[Row] = &[
    ("hoisted", "ents/edges · One to many, required and optional", "pilots: defineEnt(", "export const pilots = convexTable("),
    (
        "names that are taken",
        "validators/columns · Names that are no identifiers, or mean something else",
        "delete: defineTable(",
        "export const deleteTable = convexTable(",
    ),
    (".field", "ents/fields · Fields with options", ".field(\"name\", v.string())", "name: text().notNull(),"),
    (".field, index", "ents/fields · Fields with options", "index: true", "index(\"level\").on(t.level),"),
    (".field, unique", "ents/fields · Fields with options", "{ unique: true }", "uniqueIndex(\"badge\").on(t.badge),"),
    (
        ".field, default",
        "ents/fields · Fields with options",
        "{ default: \"second\" }",
        "rank: textEnum([\"first\", \"second\"]).default(\"second\"),",
    ),
    ("required edge", "ents/edges · One to many, required and optional", ".edge(\"pilot\")", "optional: false,"),
    ("many", "ents/edges · One to many, required and optional", ".edges(\"flights\", { ref: \"pilotId\" })", "flights: r.many.flights({"),
    (
        "optional edge",
        "ents/edges · One to many, required and optional",
        "optional: true }",
        "checkerId: id(\"pilots\").references(() => pilots.id",
    ),
    ("one to one, optional", "ents/edges · One to one", ".edge(\"locker\", { ref: \"keeperId\" })", "locker: r.one.lockers("),
    ("one to one, required", "ents/edges · One to one", ".edge(\"licence\", { ref: true })", "licence: r.many.licences("),
    (
        "one to one, from one end",
        "ents/edges · One to one, only from the end that holds the field",
        "{ ref: true }",
        "pilot: r.one.pilots({",
    ),
    ("one to one, nullable", "ents/edges · One to one, with a field that may be null", "{ ref: true }", "licence: r.one.licences("),
    (
        "circles",
        "ents/edges · A circle of required fields",
        ".edge(\"tower\")",
        "towerId: id(\"towers\").notNull().references((): AnyColumn",
    ),
    (
        "two edges between two tables",
        "ents/edges · One to many, required and optional",
        ".edges(\"checks\"",
        "alias: \"flights_checkerId\",",
    ),
    ("many to many", "ents/edges · Many to many", ".edges(\"planes\")", "from: r.pilots.id.through(r.pilots_to_planes.pilotsId),"),
    ("many to many, named", "ents/edges · Many to many", "table: \"crew_members\", field: \"memberId\"", "index(\"memberId_crewId\")"),
    ("self, symmetric", "ents/edges · Within one table", ".edges(\"friends\", { to: \"pilots\" })", "index(\"aId_bId\").on(t.aId, t.bId)]"),
    (
        "self, symmetric, named",
        "ents/edges · Within one table",
        "inverseField: \"rightId\"",
        "index(\"leftId_rightId\").on(t.leftId, t.rightId),",
    ),
    ("self, asymmetric", "ents/edges · Within one table", "inverse: \"teachers\"", "index(\"studentsId_teachersId\")"),
    ("an edge called like its field", "ents/edges · An edge called like its field", "field: \"pilot\"", "pilotRelation: r.one.pilots({"),
    ("files", "ents/fields · Deletion", "to: \"_storage\", deletion: \"hard\"", "fileId: custom(v.id(\"_storage\")).notNull(),"),
    ("jobs", "ents/fields · Deletion", "to: \"_scheduled_functions\"", "jobId: custom(v.id(\"_scheduled_functions\")),"),
    (
        "deletion of the other end",
        "ents/fields · Deletion",
        ".edge(\"crew\", { deletion: \"soft\" })",
        "crewId: custom(v.id(\"crews\")).notNull(),",
    ),
    ("soft", "ents/fields · Deletion", ".deletion(\"soft\")", "deletion(\"soft\")]"),
    (
        "scheduled",
        "ents/deletions · Rows that are deleted later, and what goes with them",
        ".deletion(\"scheduled\"",
        "deletionTime: integer(),",
    ),
    (
        "soft, along an edge",
        "ents/deletions · Rows that are deleted later, and what goes with them",
        "deletion: \"soft\" }",
        ".references(() => crews.id, { onDelete: \"cascade\" }),",
    ),
    ("soft, beside an edge", "ents/fields · Deletion", "letters: defineEnt(", "crewId: custom(v.id(\"crews\")).notNull(),"),
    (
        "soft, many to many",
        "ents/deletions · Marked rows with many-to-many edges",
        ".edges(\"planes\")",
        "pilotsId: custom(v.id(\"pilots\")).notNull(),",
    ),
    ("documents of several kinds", "validators/since-0.11 · Documents of several kinds", "v.union(", "discriminator("),
    ("other unions", "validators/kept · What the ORM cannot have stays as it is", "v.union(", "defineTable(v.union("),
    ("getEntDefinitions", "ents/forms · A file for each table", "getEntDefinitions(schema)", "export const relations = defineRelations("),
    ("options of the schema", "ents/fields · Deletion", "{ schemaValidation: false }", "defineSchema(tables, { schemaValidation: false })"),
    ("defineEntFromTable", "ents/forms · Ents made from tables", "defineEntFromTable(defineTable(", "export const pilots = convexTable("),
    (
        "defineEntFromTable, by name",
        "ents/from-tables · Constants of the project's own",
        "defineEntFromTable(pilotsTable)",
        "const pilotsTable = convexTable(",
    ),
    ("defineEntsFromTables", "ents/from-tables · An object of them", "...defineEntsFromTables({", "export const planes = convexTable("),
    ("defineEntsFromTables, by name", "ents/from-tables · An object of them", "...defineEntsFromTables(logTables)", "...logTables,"),
    ("defineEntsFromTables, of a package", "ents/from-tables · An object of them", "...defineEntsFromTables(authTables)", "...authTables,"),
];

/// Each kind of edge, in each of the styles.
const STYLES: &[(&str, &[(&str, &str)])] = &[
    (
        "defineRelations",
        &[
            (
                "captain",
                "captain: r.one.pilots({ from: r.flights.captainId, to: r.pilots.id, optional: false, alias: \"flights_captainId\" })",
            ),
            ("flights", "flights: r.many.flights({ from: r.pilots.id, to: r.flights.captainId, alias: \"flights_captainId\" })"),
            ("checker", "checker: r.one.pilots({ from: r.flights.checkerId, to: r.pilots.id, alias: \"flights_checkerId\" })"),
            ("licence", "licence: r.many.licences({ from: r.pilots.id, to: r.licences.pilotId })"),
            ("locker", "locker: r.one.lockers({ from: r.pilots.id, to: r.lockers.keeperId })"),
            ("planes", "from: r.pilots.id.through(r.pilots_to_planes.pilotsId), to: r.planes.id.through(r.pilots_to_planes.planesId)"),
            ("friends", "from: r.pilots.id.through(r.pilots_friends.aId), to: r.pilots.id.through(r.pilots_friends.bId)"),
            ("students", "from: r.pilots.id.through(r.pilots_teachers_to_students.teachersId)"),
            ("plane", "planeRelation: r.one.planes({ from: r.shifts.plane, to: r.planes.id, optional: false })"),
        ],
    ),
    (
        "relations",
        &[
            (
                "captain",
                "captain: one(pilots, { fields: [flights.captainId], references: [pilots.id], relationName: \"flights_captainId\" })",
            ),
            ("flights", "flights: many(flights, { relationName: \"flights_captainId\" })"),
            (
                "checker",
                "checker: one(pilots, { fields: [flights.checkerId], references: [pilots.id], relationName: \"flights_checkerId\" })",
            ),
            ("licence", "licence: many(licences)"),
            ("locker", "locker: many(lockers)"),
            ("planes", "planes: many(pilots_to_planes, { relationName: \"pilots_to_planes_pilotsId\" })"),
            ("friends", "friends: many(pilots_friends, { relationName: \"pilots_friends_aId\" })"),
            ("students", "students: many(pilots_teachers_to_students, { relationName: \"pilots_teachers_to_students_teachersId\" })"),
            ("plane", "planeRelation: one(planes, { fields: [shifts.plane], references: [planes.id] })"),
        ],
    ),
    (
        "chain",
        &[
            (
                "captain",
                "captain: r.one.pilots({ from: r.flights.captainId, to: r.pilots.id, optional: false, alias: \"flights_captainId\" })",
            ),
            ("planes", "from: r.pilots.id.through(r.pilots_to_planes.pilotsId), to: r.planes.id.through(r.pilots_to_planes.planesId)"),
            ("locker", "locker: r.one.lockers({ from: r.pilots.id, to: r.lockers.keeperId })"),
        ],
    ),
];

#[test]
fn every_row_of_the_mapping_is_shown() {
    let mut failures = Failures::default();
    let cases = codemod_case::all(&mut failures);
    let mut names = BTreeSet::new();
    for (row, place, before, after) in VALIDATORS.iter().chain(ENTS) {
        failures.check(names.insert(row), || format!("two rows are called \"{row}\""));
        let Some((_, case)) = cases.iter().find(|(shown, _)| shown == place) else {
            failures.add(format!("{row}: there is no fixture \"{place}\""));
            continue;
        };
        failures.check(holds(&case.before(), before), || format!("{row}: \"{place}\" does not have `{before}` before"));
        failures.check(holds(&case.after(), after), || format!("{row}: \"{place}\" does not have `{after}` after"));
        // What a row is shown by is tried with the real packages, too; what cannot be read cannot be loaded.
        let is_tried = row.contains("cannot be read") || case.exception.as_ref().is_none_or(|exception| !exception.starts_with("none"));
        failures.check(is_tried, || format!("{row}: \"{place}\" is not held against the packages"));
    }
    failures.report();
}

#[test]
fn every_kind_of_edge_is_shown_in_every_style() {
    let mut failures = Failures::default();
    let cases = codemod_case::all(&mut failures);
    for (style, rows) in STYLES {
        let place = format!("ents/every-edge · {style}");
        let Some((_, case)) = cases.iter().find(|(shown, _)| *shown == place) else {
            failures.add(format!("there is no fixture \"{place}\""));
            continue;
        };
        for (edge, after) in *rows {
            let declared = [format!(".edge(\"{edge}\""), format!(".edges(\"{edge}\"")];
            failures.check(declared.iter().any(|edge| holds(&case.before(), edge)), || format!("{style}: there is no edge `{edge}`"));
            failures.check(holds(&case.after(), after), || format!("{style}: `{edge}` is not `{after}`"));
        }
    }
    failures.report();
}

/// However lines are broken.
fn holds(files: &[(String, String)], words: &str) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<String>().replace(",}", "}").replace(",)", ")");
    files.iter().any(|(_, text)| plain(text).contains(plain(words).trim_end_matches(',')))
}
