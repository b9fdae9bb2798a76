// Stores documents under the schema of before and under the one of after, in the fake of Convex's backend that `convex-test` is, and
// compares what is read, what search and vector indexes find, and what remains when rows are deleted.
import { mock } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { entsTableFactory, getEntDefinitions, scheduledDeleteFactory } from "convex-ents";
import { convexTest } from "convex-test";
import { actionGeneric, makeFunctionReference } from "convex/server";
import { documents, tableOf } from "./documents.mjs";
import { exported } from "./schemas.mjs";

const MODULES = { "/convex/_generated/api.js": async () => ({}) };

/**
 * What the two schemas disagree about: `insertions` where the ORM does not store a document, `deletions` where other rows remain when one
 * is deleted, and all other `problems`.
 * `paged` are the tables whose rows cannot be deleted because the ORM would read page by page more than once.
 * `compared` says how many rows were read under both, through the ORM too, how often something was searched for, how often a row was
 * deleted, and how often more of them later.
 */
export async function compareRows({ before, after, orm, relations }, ours) {
  const says = exported(before, ours).tables;
  const tables = new Map([...says].map(([name, table]) => [name, tableOf(table)]));
  const found = { problems: [], insertions: [], deletions: [], paged: [], compared: { rows: 0, reads: 0, searches: 0, deletions: 0, scheduled: 0 } };
  const rows = documents(tables, await idsOf(documents(tables)));
  const sides = [];
  for (const [name, schema] of [["before", before], ["after", after]]) {
    try {
      sides.push(await filled(schema, rows));
    } catch (error) {
      found.problems.push(`documents cannot be stored ${name}: ${error.message}`);
    }
  }
  if (sides.length < 2) return found;
  const [old, now] = await Promise.all(sides.map((side) => side.run((ctx) => allRows(ctx, says))));
  found.compared.rows = old.flatMap(([, rows]) => rows).length;
  compare("the rows", old, now, found.problems);
  const [ordered, reordered] = await Promise.all(sides.map((side) => side.run((ctx) => throughIndexes(ctx, says, old))));
  compare("what is read through indexes", ordered, reordered, found.problems);
  const [near, nearer] = await Promise.all(sides.map((side) => throughVectors(side, says, old)));
  compare("what is read through vector indexes", near, nearer, found.problems);
  found.compared.searches = [...ordered, ...near].filter(([what]) => what.includes(" for ")).length;
  const tablesOf = new Map(relations.flatMap((made) => Object.entries(made).map(([name, { table }]) => [name, { made, table }])));
  for (const [name, { made, table }] of tablesOf) {
    const place = { name, table, orm, made, schema: after, rows };
    await attempt(found.problems, `reading ${name} through the ORM`, () => readThroughOrm(place, found));
    await attempt(found.insertions, `inserting into ${name} through the ORM`, () => insertThroughOrm(place, found));
    if (isEnts(before)) await compareDeletions({ ...place, before, says }, found);
  }
  return found;
}

function isEnts(schema) {
  return Object.values(schema.tables).some((table) => table.edgeConfigs !== undefined);
}

/** The names that rows will have: a database without a schema gives the same ones. */
async function idsOf(rows) {
  const ids = new Map();
  await convexTest({ modules: MODULES }).run(async (ctx) => {
    for (const { table, row } of rows) ids.set(table, [...(ids.get(table) ?? []), await insert(ctx, table, row, {})]);
  });
  return ids;
}

async function insert(ctx, table, row, document) {
  if (table === "_storage") return await ctx.storage.store(new Blob([`file ${row}`]));
  // To schedule something would have it run.
  return table === "_scheduled_functions" ? `${row}${table}` : await ctx.db.insert(table, document);
}

/** `functions` are what `functions.ts` exports. */
async function filled(schema, rows, functions = {}) {
  const modules = { ...MODULES, "/convex/functions.js": async () => ({ ...functions, near: NEAR }) };
  const database = convexTest({ schema, modules });
  await database.run(async (ctx) => {
    for (const { table, row, document } of rows) {
      await insert(ctx, table, row, document).catch((error) => {
        throw new Error(`${table} ${print(document)}: ${error.message}`);
      });
    }
  });
  return database;
}

async function allRows(ctx, says) {
  const read = async (name) => [name, (await ctx.db.query(name).collect()).map(withoutTime)];
  return await Promise.all([...says.keys()].map(read));
}

/** The ids of rows in the order of each index: all of them, and those that share the first fields of a row. */
async function throughIndexes(ctx, says, all) {
  const read = [];
  const rows = new Map(all);
  for (const [name, { indexes }] of says) {
    for (const [title, says] of indexes) {
      const [kind, index] = [title.slice(0, title.lastIndexOf(" ")), title.slice(title.lastIndexOf(" ") + 1)];
      if (kind === "index") read.push(...(await throughIndex(ctx, name, index, says.split(", "), rows.get(name))));
      if (kind === "search index") read.push(...(await throughSearch(ctx, name, index, says.split("; ")[0], rows.get(name))));
    }
  }
  return read;
}

async function throughIndex(ctx, name, index, fields, rows) {
  const own = fields.filter((field) => field !== "_creationTime");
  const read = [[`${name}.${index}`, idsIn(await ctx.db.query(name).withIndex(index).order("desc").collect())]];
  for (const row of rows) {
    for (let many = 1; many <= own.length; many++) {
      const range = (q) => own.slice(0, many).reduce((q, field) => q.eq(field, at(row, field)), q);
      read.push([`${name}.${index} ${own.slice(0, many)} of ${row._id}`, idsIn(await ctx.db.query(name).withIndex(index, range).collect())]);
    }
  }
  return read;
}

async function throughSearch(ctx, name, index, field, rows) {
  const read = [];
  for (const row of rows.filter((row) => typeof at(row, field) === "string")) {
    const found = await ctx.db.query(name).withSearchIndex(index, (q) => q.search(field, at(row, field))).collect();
    read.push([`${name}.${index} for ${at(row, field)}`, idsIn(found)]);
  }
  return read;
}

/** Only actions may ask vector indexes. */
const NEAR = actionGeneric({
  handler: async (ctx, { table, index, vector }) => (await ctx.vectorSearch(table, index, { vector, limit: 16 })).map(({ _id }) => _id),
});

async function throughVectors(database, says, all) {
  const read = [];
  const rows = new Map(all);
  for (const [table, { indexes }] of says) {
    for (const [title, says] of [...indexes].filter(([title]) => title.startsWith("vector index "))) {
      const index = title.slice("vector index ".length);
      for (const row of rows.get(table)) {
        const vector = at(row, says.split("; ")[0]);
        if (!Array.isArray(vector)) continue;
        // Rows without a vector are more than the fake can compare.
        const found = database.action(makeFunctionReference("functions:near"), { table, index, vector });
        read.push([`${table}.${index} for ${row._id}`, await found.catch((error) => error.message)]);
      }
    }
  }
  return read;
}

async function readThroughOrm({ name, table, orm, made, schema, rows }, found) {
  const database = await filled(schema, rows);
  await database.run(async (ctx) => {
    const stored = await ctx.db.query(name).collect();
    const read = await orm.createOrm({ schema: made }).db(ctx).query[name].findMany({ orderBy: { createdAt: "asc" }, limit: 1000 });
    const wanted = stored.map(({ _id, _creationTime, ...fields }) => ({ ...fields, id: _id, createdAt: _creationTime }));
    // It adds what it makes of columns, such as one object of those of a kind of documents.
    const names = ["id", "createdAt", ...Object.keys(orm.getTableConfig(table).columns)];
    const own = (row) => Object.fromEntries(Object.entries(row).filter(([name, value]) => value !== undefined && names.includes(name)));
    compare(`what the ORM reads of ${name}`, wanted.map((row) => [row.id, row]), read.map((row) => [row.id, own(row)]), found.problems);
    found.compared.reads += read.length;
  });
}

/** The last document of a table has nothing that may be missing: it is taken out, and put back through the ORM. */
async function insertThroughOrm({ name, table, orm, made, schema, rows }, found) {
  const database = await filled(schema, rows);
  await database.run(async (ctx) => {
    const [last] = await ctx.db.query(name).order("desc").take(1);
    const { _id: old, _creationTime, ...document } = last;
    await ctx.db.delete(old);
    await orm.createOrm({ schema: made }).db(ctx).insert(table).values(document);
    const [{ _id: id, _creationTime: time, ...stored }] = await ctx.db.query(name).order("desc").take(1);
    const { columns } = orm.getTableConfig(table);
    const hasNoDefault = ([column]) => column in document || columns[column]?.config?.hasDefault !== true;
    const kept = Object.fromEntries(Object.entries(stored).filter(hasNoDefault));
    compare(`what the ORM stores in ${name}`, [[id, document]], [[id, kept]], found.insertions);
  });
}

/**
 * Deletes each row of a table once (where there are many tables, one of them), through ents before and through the ORM after, and compares
 * what remains: at once, and when everything has happened that was scheduled.
 */
async function compareDeletions({ name, table, orm, made, schema, before, says, rows }, found) {
  const definitions = getEntDefinitions(before);
  const { deletionConfig } = definitions[name] ?? {};
  const count = says.size > 10 ? 1 : rows.filter((row) => row.table === name).length;
  const ormFunctions = Object.fromEntries(LATER.map((name) => [name, makeFunctionReference(`functions:${name}`)]));
  const started = orm.createOrm({ schema: made, ormFunctions });
  const sides = {
    before: {
      schema: before,
      functions: { scheduledDelete: scheduledDeleteFactory(definitions) },
      remove: (ctx, id) => entsTableFactory(ctx, definitions)(name).getX(id).delete(),
    },
    after: {
      schema,
      functions: started.api(),
      // What a table of the ORM may say of scheduled deletions does not come to its end: the deletion says it.
      remove: (ctx, id) => {
        const deletion = started.db(ctx).delete(table).where(orm.eq(table.id, id));
        return deletionConfig?.type === "scheduled" ? deletion.scheduled({ delayMs: deletionConfig.delayMs ?? 0 }) : deletion;
      },
    },
  };
  for (let i = 0; i < count; i++) {
    const what = `deleting the row ${i} of ${name}`;
    const old = await removed(sides.before, name, i, says, rows);
    const now = await removed(sides.after, name, i, says, rows);
    // Versions before 0.11 page through the rows at the other end of each foreign key, and Convex lets a function do so only once.
    if (/single paginated query/.test(now.failure)) {
      if (!found.paged.includes(name)) found.paged.push(name);
      continue;
    }
    const failed = [["before", old], ["after", now]].filter(([, { failure }]) => failure !== undefined);
    for (const [when, { failure }] of failed) found.deletions.push(`${what} fails ${when}: ${failure}`);
    if (failed.length === 0) {
      compare(`what remains after ${what}`, old.first, now.first, found.deletions);
      compare(`what remains long after ${what}`, old.last, now.last, found.deletions);
    }
    found.compared.deletions += 1;
    if (old.first?.length !== old.last?.length) found.compared.scheduled += 1;
  }
}

/** What the ORM schedules. */
const LATER = ["scheduledDelete", "scheduledMutationBatch"];

/** The rows that remain when one is deleted, `first` at once, and `last` when nothing is scheduled any more. */
async function removed({ schema, functions, remove }, name, at, says, rows) {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const database = await filled(schema, rows, functions);
    const remaining = async () =>
      (await database.run((ctx) => allRows(ctx, says))).flatMap(([, rows]) => rows.map((row) => [row._id, marked(row)]));
    await database.run(async (ctx) => await remove(ctx, (await ctx.db.query(name).collect())[at]._id));
    const first = await remaining();
    await database.finishAllScheduledFunctions(() => mock.timers.runAll());
    const jobs = await database.run((ctx) => ctx.db.system.query("_scheduled_functions").collect());
    const failed = jobs.find(({ state }) => state.kind === "failed");
    return failed ? { failure: `${failed.name} throws` } : { first, last: await remaining() };
  } catch (error) {
    return { failure: error.message };
  } finally {
    mock.timers.reset();
  }
}

async function attempt(problems, what, run) {
  try {
    await run();
  } catch (error) {
    problems.push(`${what} fails: ${error.message}`);
  }
}

/** Says the first difference between two lists of keys and values. */
function compare(what, old, now, problems) {
  if (isDeepStrictEqual(old, now)) return;
  const [before, after] = [new Map(old), new Map(now)];
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  const key = keys.find((key) => !isDeepStrictEqual(before.get(key), after.get(key)));
  const order = `${[...before.keys()]} became ${[...after.keys()]}`;
  problems.push(`${what}: ${key === undefined ? order : `${key}: ${print(before.get(key))} became ${print(after.get(key))}`}`);
}

function withoutTime({ _creationTime, ...row }) {
  return row;
}

/** When a row was marked as deleted is not the same twice. */
function marked(row) {
  return row.deletionTime === undefined ? row : { ...row, deletionTime: "some time" };
}

function idsIn(rows) {
  return rows.map((row) => row._id);
}

function at(row, path) {
  return path.split(".").reduce((value, name) => value?.[name], row);
}

function print(value) {
  const shown = (_, value) => (typeof value === "bigint" ? `${value}n` : value instanceof ArrayBuffer ? [...new Uint8Array(value)] : value);
  return value === undefined ? "nothing" : JSON.stringify(value, shown);
}
