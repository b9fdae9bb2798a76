//! What a person would write, for each reason that a call is left or remarked on, where nothing nearer to it has been said.
//!
//! It is text for people: with the names of the table, and an ellipsis for what only they know. Nothing here is ever written into code.

/// The code for a reason, about a table of the ORM.
pub fn of(code: &str, table: &str) -> Option<String> {
    let query = format!("ctx.orm.query.{table}");
    Some(match code {
        "functions-created-at" => {
            format!("call the field something else, with a migration of the data; then `await {query}.findMany({{ … }})`")
        }
        "functions-dangling" => "where that may happen: `if (row === null) throw new Error(…)`".to_owned(),
        "functions-dynamic" => format!(
            "make one call for each thing that it may be about, and choose between them: `await {query}.findMany({{ where: {{ … }} }})`"
        ),
        "functions-edge" => "read the rows by the column that keeps the edge: `where: { …Id: row.id }`".to_owned(),
        "functions-edge-table" => {
            format!("`const row = await {query}.findFirst({{ where: {{ id }}, with: {{ … }} }})`, and take from the rows what is needed")
        }
        "functions-edge-write" => {
            "write the rows of the table in between in statements of their own: `await ctx.orm.insert(…).values({ … })`".to_owned()
        }
        "functions-edge-x" => {
            format!(
                "`const row = await {query}.findFirstOrThrow({{ where: {{ id }}, with: {{ … }} }})`, and throw where what it leads to is null"
            )
        }
        "functions-error" => "where a text is looked for, or shown: `error instanceof OrmNotFoundError`, of the same module".to_owned(),
        "functions-foreign-key" => {
            "where the other row may be gone: look for it before, or migrate with `--fk plain` for a schema without foreign keys".to_owned()
        }
        "functions-missing-edge" => format!("where it may lead nowhere: `await {query}.findFirst({{ where: {{ id }} }})`"),
        "functions-unbounded" => "where there may be many: `limit`, or pages with `cursor`, in the place of `allowFullScan`".to_owned(),
        "functions-unchecked-id" => format!("where it may come from elsewhere: `ctx.db.normalizeId(\"{table}\", id)` before"),
        "functions-filter" => {
            format!("`(await {query}.findMany({{ where: {{ … }} }})).filter((row) => …)`, with as much as can be in `where`")
        }
        "functions-filtered-pages" => format!("`{query}.select().orderBy(…).filter(…).paginate({{ cursor, limit }})`"),
        "functions-index" => {
            format!(
                "where these are many: `(await {query}.findMany({{ where: {{ … }} }})).filter((row) => …)`, with nothing but the range in `where`"
            )
        }
        "functions-kept-file" => {
            "write it by hand, as the other files became; or take the run back with --undo, and have this file written, too".to_owned()
        }
        "functions-kept-table" => format!("read it from the database of Convex: `ctx.db.query(\"{table}\")`"),
        "functions-lazy-chain" => {
            format!("`const row = await {query}.findFirst({{ where: {{ id }} }})` first, then ask for what belongs to it")
        }
        "functions-limit" => format!("where it may be less than 1: `n < 1 ? [] : await {query}.findMany({{ limit: n, … }})`"),
        "functions-missing-or-null" => "where null is stored as well: `.filter((row) => row.… === undefined)`".to_owned(),
        "functions-missing-row" => format!("where it may be gone: `await {query}.findFirstOrThrow({{ where: {{ id }} }})` before"),
        "functions-missing-value" => format!("`value === undefined ? … : await {query}.findMany({{ where: {{ …: value }} }})`"),
        "functions-no-equal" => format!("load the rows with `await {query}.findMany({{ … }})`, and do it with them"),
        "functions-not-unique" => {
            format!(
                "`const [row, other] = await {query}.findMany({{ where: {{ … }}, limit: 2 }})`; throw where there is an `other`, and write `row`"
            )
        }
        "functions-opaque-value" => "name the fields one by one, `{ title, … }`, and write edges in statements of their own".to_owned(),
        "functions-order" => format!("`await {query}.findMany({{ where: {{ … }} }})`, and sort the rows"),
        "functions-range" => format!(
            "one call for each range that it may be: `await {query}.findMany({{ where: {{ …: {{ gte: … }} }}, orderBy: {{ … }} }})`"
        ),
        "functions-raw-document" => format!("`await {query}.findMany({{ … }})`: the ORM fills in no defaults when it reads"),
        "functions-replace" => {
            format!(
                "`await ctx.orm.update({table}).set({{ … }}).where(eq({table}.id, id))`, with every column, and `unsetToken` for those that go"
            )
        }
        "functions-reverse-cascade" => {
            format!("`await ctx.orm.delete({table}).where(eq({table}.id, id))`, then delete what it referred to in a statement of its own")
        }
        "functions-table-file" => {
            "move the functions into a file of their own before, which the codemod then writes as any other".to_owned()
        }
        "functions-search" => format!("`await {query}.findMany({{ search: {{ index: …, query: … }}, limit: … }})`"),
        "functions-setup" => "`const orm = createOrm({ schema: relations })`, and `orm: orm.db(ctx)` where the context is made".to_owned(),
        "functions-soft-delete" => {
            format!("`await ctx.orm.delete({table}).where(eq({table}.id, id))`, once it is clear what goes with it")
        }
        "functions-symmetric" => {
            "write two rows of the table in between, one for each direction: `await ctx.orm.insert(…).values([{ … }, { … }])`".to_owned()
        }
        "functions-used-as-ent" => {
            format!("see to the call that is left first; then this one is `await {query}.findFirst({{ where: {{ id }} }})`, or `findMany`")
        }
        "functions-write-result" => {
            format!("load the row first, `await ctx.orm.delete({table}).where(eq({table}.id, row.id))`, and go on with its `id`")
        }
        _ => return None,
    })
}
