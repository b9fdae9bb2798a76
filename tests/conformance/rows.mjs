// Stores documents under the schema of before and under the one of after, in the fake of Convex's backend that `convex-test` is, and
// compares what is read. Vector indexes can only be asked from actions, and are not.
import { isDeepStrictEqual } from "node:util";
import { entsTableFactory, getEntDefinitions } from "convex-ents";
import { convexTest } from "convex-test";
import { documents, tableOf } from "./documents.mjs";
import { exported } from "./schemas.mjs";

const MODULES = { "/convex/_generated/api.js": async () => ({}) };

/**
 * What the two schemas disagree about: `insertions` where the ORM does not store a document, `deletions` where other rows remain when one
 * is deleted, and all other `problems`.
 * `compared` says how many rows were read under both, through the ORM too, and how often a row was deleted.
 */
export async function compareRows({ before, after, orm, relations }, ours) {
  const says = exported(before, ours).tables;
  const tables = new Map([...says].map(([name, table]) => [name, tableOf(table)]));
  const found = { problems: [], insertions: [], deletions: [], compared: { rows: 0, reads: 0, deletions: 0 } };
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

async function filled(schema, rows) {
  const database = convexTest({ schema, modules: MODULES });
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

/** Deletes each row of a table once (where there are many tables, one of them), through ents before and through the ORM after, and compares what remains. */
async function compareDeletions({ name, table, orm, made, schema, before, says, rows }, found) {
  const definitions = getEntDefinitions(before);
  const count = says.size > 10 ? 1 : rows.filter((row) => row.table === name).length;
  for (let i = 0; i < count; i++) {
    const remaining = async (schema, remove) => {
      const database = await filled(schema, rows);
      try {
        await database.run(async (ctx) => await remove(ctx, (await ctx.db.query(name).collect())[i]._id));
        return (await database.run((ctx) => allRows(ctx, says))).flatMap(([, rows]) => rows.map((row) => [row._id, marked(row)]));
      } catch (error) {
        return error.message;
      }
    };
    const old = await remaining(before, (ctx, id) => entsTableFactory(ctx, definitions)(name).getX(id).delete());
    const now = await remaining(schema, (ctx, id) => orm.createOrm({ schema: made }).db(ctx).delete(table).where(orm.eq(table.id, id)));
    // Versions before 0.11 page through the rows at the other end of each foreign key, and Convex lets a function do so only once.
    if (/single paginated query/.test(now)) continue;
    const what = `deleting the row ${i} of ${name}`;
    const failed = [["before", old], ["after", now]].filter(([, rows]) => typeof rows === "string");
    for (const [when, why] of failed) found.deletions.push(`${what} fails ${when}: ${why}`);
    if (failed.length === 0) compare(`what remains after ${what}`, old, now, found.deletions);
    found.compared.deletions += 1;
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
