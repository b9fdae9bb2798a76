// Starts the ORM with the relations of a schema, and looks for what only fails once it is used.

/** A database that holds nothing and is asked nothing. */
const database = new Proxy({}, { get: () => () => undefined });

/** What keeps the ORM from working with these relations. */
export function start(orm, relations) {
  const problems = [];
  try {
    const started = orm.createOrm({ schema: relations }).db({ db: database });
    for (const name of Object.keys(relations)) {
      if (!started.query[name]) problems.push(`the ORM has no table ${name}`);
    }
  } catch (error) {
    return [`the ORM does not start: ${error.message}`];
  }
  for (const [key, { table, name }] of Object.entries(relations)) {
    if (!table || key !== name) problems.push(`the table ${key} is called ${name}`);
    let config;
    try {
      config = orm.getTableConfig(table);
    } catch (error) {
      problems.push(`the table ${key} cannot be read: ${error.message}`);
      continue;
    }
    for (const { columns, foreignTableName } of config.foreignKeys) {
      const isLead = (index) => columns.every((column, i) => index.fields[i] === column);
      if (!config.indexes.some(isLead)) {
        problems.push(`no index of ${key} begins with ${columns.join(", ")}: deleting a row of ${foreignTableName} would throw`);
      }
    }
    for (const [column, builder] of Object.entries(config.columns)) {
      // A builder belongs to the last table that it was given to.
      const owner = builder.config?.tableName;
      if (owner !== undefined && owner !== key) problems.push(`the column ${key}.${column} belongs to the table ${owner}, too`);
    }
  }
  return problems;
}
