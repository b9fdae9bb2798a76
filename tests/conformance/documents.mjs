// Makes up documents that a schema allows: every member of its unions, fields that may be missing there and not there, ids of rows
// that are there too. It makes none that a schema refuses.
import { jsonToConvex } from "convex/values";

/** Tables of Convex's own, in which rows are only referred to. */
const SYSTEM = ["_storage", "_scheduled_functions"];

/**
 * Rows for all tables, in the order in which they are to be inserted: `{ table, row, document }`. Document `row` of a table refers to
 * the document `row` of other tables, so that what is said to be unique is. `ids` is what the database will call them, by table.
 */
export function documents(tables, ids = new Map()) {
  const count = rowsOf(tables);
  const ofTable = ([table, says]) => range(count).map((row) => ({ table, row, document: documentOf(says, row, count, ids) }));
  const referred = SYSTEM.flatMap((table) => range(count).map((row) => ({ table, row, document: {} })));
  return [...referred, ...[...tables].flatMap(ofTable)];
}

/** What is to be known of a table of `exported` to make documents for it. */
export function tableOf({ document, indexes }) {
  const fields = (kind) => [...indexes].filter(([name]) => name.startsWith(kind)).map(([, says]) => says.split("; "));
  const alone = fields("index ").map(([fields]) => fields).filter((fields) => !fields.includes(", "));
  const dimensions = fields("vector index ").map(([field, dimensions]) => [field, Number(dimensions)]);
  return { document, alone: new Set(alone), dimensions: new Map(dimensions) };
}

/** As many as it takes to see each member of each union, two with some of the fields, and two with none that may be missing. */
function rowsOf(tables) {
  const most = Math.max(2, ...[...tables.values()].map(({ document }) => widest(document)));
  return most + 4;
}

function widest(validator) {
  switch (validator.type) {
    case "union":
      return Math.max(members(validator).length, ...members(validator).map(widest));
    case "any":
      return ANYTHING.length;
    case "array":
      return widest(validator.value);
    case "record":
      return widest(validator.values.fieldType);
    case "object":
      return Math.max(0, ...Object.values(validator.value).map(({ fieldType }) => widest(fieldType)));
    default:
      return 1;
  }
}

function documentOf({ document, alone, dimensions }, row, count, ids) {
  const wanted = row >= count - 2 ? "none" : row >= count - 4 ? "some" : "all";
  if (document.type === "any") return { anything: ANYTHING[row % ANYTHING.length] };
  return valueOf(document, { row, wanted, ids, alone, dimensions, path: [] });
}

const ANYTHING = ["words", 1.5, { a: [null] }, [], null, true];

function valueOf(validator, place) {
  const { row, ids, path } = place;
  // Values repeat, so that later fields of an index count, and are in another order than rows are.
  const number = place.alone.has(path.join(".")) ? (row * 7) % 101 : (row * 7) % 3;
  switch (validator.type) {
    case "null":
      return null;
    case "number":
      return number - 0.5;
    case "bigint":
      return BigInt(number);
    case "boolean":
      return row % 2 === 0;
    case "string":
      return `${path.at(-1)} ${number}`;
    case "bytes":
      return new Uint8Array([number, row]).buffer;
    case "any":
      return ANYTHING[row % ANYTHING.length];
    case "literal":
      return jsonToConvex(validator.value);
    case "id":
      return idOf(ids.get(validator.tableName) ?? [], row);
    case "union":
      return valueOf(members(validator)[row % members(validator).length], place);
    case "array": {
      const length = place.dimensions.get(path.join(".")) ?? row % 3;
      return range(length).map((i) => valueOf(validator.value, { ...place, row: row + i, path: [...path, i] }));
    }
    case "record":
      return { [keyOf(validator.keys, place)]: valueOf(validator.values.fieldType, place) };
    case "object":
      return objectOf(validator, place);
    default:
      throw new Error(`a validator of type ${validator.type}`);
  }
}

function objectOf(validator, place) {
  const isThere = ([, { optional }], i) => !optional || place.wanted === "all" || (place.wanted === "some" && (i + place.row) % 2 === 0);
  const fields = Object.entries(validator.value).filter(isThere);
  return Object.fromEntries(fields.map(([name, { fieldType }]) => [name, valueOf(fieldType, { ...place, path: [...place.path, name] })]));
}

/** Some table may have nothing but a name in a validator. */
function idOf(ids, row) {
  return ids[row % Math.max(1, ids.length)] ?? "nowhere";
}

function keyOf(validator, place) {
  return validator.type === "string" ? `key${place.row}` : valueOf(validator, place);
}

function members(validator) {
  return validator.type === "union" ? validator.value.flatMap(members) : [validator];
}

export function range(length) {
  return Array.from({ length }, (_, i) => i);
}
