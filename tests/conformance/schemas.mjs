// Compares what two schemas say to Convex: which documents they allow, and which indexes they have.
//
// Every answer errs on the side of "no": what is not seen to be allowed is not.

/** What Convex gets to know of a schema, by the names of tables. `ours` are tables that the ORM adds for itself. */
export function exported(schema, ours = []) {
  const { tables, schemaValidation } = JSON.parse(schema.export());
  const described = tables.filter((table) => !ours.includes(table.tableName)).map((table) => [table.tableName, tableOf(table)]);
  return { tables: new Map(described), schemaValidation };
}

function tableOf(table) {
  const indexes = new Map();
  const repeated = [];
  const add = (kind, list, says) => {
    for (const index of list ?? []) {
      const name = `${kind} ${index.indexDescriptor}`;
      if (indexes.has(name)) repeated.push(name);
      indexes.set(name, says(index));
    }
  };
  const fields = (index) => index.fields.join(", ");
  const filters = (index) => `filter ${[...(index.filterFields ?? [])].sort().join(", ")}`;
  const search = (index) => `${index.searchField}; ${filters(index)}`;
  const vector = (index) => `${index.vectorField}; ${index.dimensions}; ${filters(index)}`;
  add("index", table.indexes, fields);
  add("staged index", table.stagedDbIndexes, fields);
  add("search index", table.searchIndexes, search);
  add("staged search index", table.stagedSearchIndexes, search);
  add("vector index", table.vectorIndexes, vector);
  add("staged vector index", table.stagedVectorIndexes, vector);
  return { document: table.documentType ?? { type: "any" }, indexes, repeated };
}

/** What became of each table, and everything that a document or a query of before would notice. */
export function compare(before, after) {
  const problems = [];
  const verdicts = {};
  for (const [name, old] of before.tables) {
    const now = after.tables.get(name);
    if (!now) {
      problems.push(`the table ${name} is gone`);
      continue;
    }
    verdicts[name] = documents(name, old.document, now.document, problems);
    indexes(name, old, now, problems);
  }
  for (const name of after.tables.keys()) {
    if (!before.tables.has(name)) problems.push(`the table ${name} was not there before`);
  }
  if (before.schemaValidation !== after.schemaValidation) {
    problems.push(`schemaValidation was ${before.schemaValidation} and is ${after.schemaValidation}`);
  }
  return { tables: verdicts, problems };
}

function documents(table, old, now, problems) {
  const keepsAll = admits(now, old);
  const addsNone = admits(old, now);
  if (keepsAll) return addsNone ? "equal" : "widened";
  const verdict = addsNone ? "narrowed" : "incompatible";
  problems.push(`${table} is ${verdict}: ${differences(old, now).join("; ")}`);
  return verdict;
}

function differences(old, now) {
  if (old.type !== "object" || now.type !== "object") return [`${print(old)} became ${print(now)}`];
  const names = [...new Set([...Object.keys(old.value), ...Object.keys(now.value)])];
  const changed = names.filter((name) => printField(old.value[name]) !== printField(now.value[name]));
  return changed.map((name) => `${name}: ${printField(old.value[name])} became ${printField(now.value[name])}`);
}

function indexes(table, old, now, problems) {
  for (const [name, says] of old.indexes) {
    if (!now.indexes.has(name)) problems.push(`${table} has lost the ${name} (${says})`);
    else if (now.indexes.get(name) !== says) problems.push(`the ${name} of ${table} was on (${says}) and is on (${now.indexes.get(name)})`);
  }
  for (const [name, says] of now.indexes) {
    if (!old.indexes.has(name)) problems.push(`${table} has a new ${name} (${says})`);
  }
  for (const name of now.repeated) problems.push(`${table} has the ${name} twice`);
}

/** Whether every value that `narrow` allows is allowed by `wide`. */
export function admits(wide, narrow) {
  const choices = alternatives(wide);
  return alternatives(narrow).every((one) => choices.some((choice) => covers(choice, one)));
}

/** A validator as a list of others, none of them a union. */
function alternatives(validator) {
  if (validator.type === "union") return validator.value.flatMap(alternatives);
  if (validator.type === "boolean") return [true, false].map((value) => ({ type: "literal", value }));
  return [validator];
}

function covers(wide, narrow) {
  if (wide.type === "any") return true;
  if (wide.type === "string" && narrow.type === "id") return true;
  if (narrow.type === "literal" && wide.type !== "literal") return wide.type === typeOf(narrow.value);
  if (wide.type === "record" && narrow.type === "object") return coversAsRecord(wide, narrow);
  if (wide.type !== narrow.type) return false;
  switch (wide.type) {
    case "literal":
      return JSON.stringify(wide.value) === JSON.stringify(narrow.value);
    case "id":
      return wide.tableName === narrow.tableName;
    case "array":
      return admits(wide.value, narrow.value);
    case "record":
      return admits(wide.keys, narrow.keys) && admits(wide.values.fieldType, narrow.values.fieldType);
    case "object":
      return coversFields(wide.value, narrow.value);
    default:
      return true;
  }
}

function coversFields(wide, narrow) {
  const isKept = ([name, field]) => {
    const place = wide[name];
    return place !== undefined && (place.optional || !field.optional) && admits(place.fieldType, field.fieldType);
  };
  const isSpare = ([name, place]) => name in narrow || place.optional;
  return Object.entries(narrow).every(isKept) && Object.entries(wide).every(isSpare);
}

function coversAsRecord(wide, narrow) {
  const entries = Object.entries(narrow.value);
  return entries.every(([name, field]) => admits(wide.keys, { type: "literal", value: name }) && admits(wide.values.fieldType, field.fieldType));
}

/** The type of validator that allows a literal. */
function typeOf(value) {
  return typeof value === "object" ? "bigint" : typeof value;
}

function printField(field) {
  if (!field) return "nothing";
  return field.optional ? `optional(${print(field.fieldType)})` : print(field.fieldType);
}

function print(validator) {
  switch (validator.type) {
    case "union":
      return validator.value.map(print).sort().join(" | ");
    case "literal":
      return JSON.stringify(validator.value);
    case "id":
      return `id(${validator.tableName})`;
    case "array":
      return `array(${print(validator.value)})`;
    case "record":
      return `record(${print(validator.keys)}, ${print(validator.values.fieldType)})`;
    case "object":
      return `{ ${Object.entries(validator.value).map(([name, field]) => `${name}: ${printField(field)}`).sort().join(", ")} }`;
    default:
      return validator.type;
  }
}
