// The ORM as cases import it: the package itself, which also remembers what relations were made with it.
//
// Forms of relations that no published version has are there in as far as a schema needs them to be loaded.
import * as orm from "the-orm";

export * from "the-orm";

/** Every result of `defineRelations`, in order. */
export const made = [];

/** The package, without what is added here. */
export const original = orm;

export function defineRelations(...args) {
  const relations = orm.defineRelations(...args);
  made.push(relations);
  return relations;
}

/** Before columns had builders, validators stood in their place. */
export function convexTable(name, columns, extra) {
  const isValidator = (column) => column?.isConvexValidator === true;
  const column = ([key, value]) => [key, isValidator(value) ? orm.custom(value).notNull() : value];
  return orm.convexTable(name, Object.fromEntries(Object.entries(columns).map(column)), extra);
}
convexTable.withRLS = orm.convexTable.withRLS;

/** `defineSchema(tables).relations((r) => …)`, as the package's successor has it. */
export function defineSchema(tables, ...rest) {
  const schema = orm.defineSchema(tables, ...rest);
  Object.defineProperty(schema, "relations", {
    enumerable: false,
    value: (build) => {
      made.push(orm.defineRelations(tables, build));
      return schema;
    },
  });
  return schema;
}

/** `relations(table, ({ one, many }) => …)`, the first form; nothing can be started with it. */
export function relations(table, build) {
  const end = (kind) => (target, config) => ({ kind, target, config });
  return { table, relations: build({ one: end("one"), many: end("many") }) };
}
