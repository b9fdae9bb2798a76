use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::orm_calls::named;
use crate::model::ty::Ty;
use crate::model::{File, in_file};
use crate::writing::meant::nearest_name;
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds conditions, orders and choices of columns that name no column of the table.
    ///
    /// ## Why is this bad?
    /// The ORM throws when it runs: behind an `any`, in JavaScript, or after a column was renamed, the compiler does not say so before.
    ///
    /// ## Example
    /// `convex/schema.ts`:
    /// ```ts
    /// import { convexTable, defineSchema, id, index, text } from "kitcn/orm";
    ///
    /// export const users = convexTable("users", { name: text().notNull(), email: text().notNull() });
    /// export const posts = convexTable("posts", { title: text().notNull(), authorId: id("users").notNull() }, (t) => [index("by_author").on(t.authorId)]);
    ///
    /// export default defineSchema({ users, posts }).relations((r) => ({
    ///   users: { posts: r.many.posts({ from: r.users.id, to: r.posts.authorId }) },
    ///   posts: { author: r.one.users({ from: r.posts.authorId, to: r.users.id }) },
    /// }));
    /// ```
    ///
    /// `convex/run.ts`:
    /// ```ts
    /// import { mutation } from "./_generated/server";
    /// import { v } from "convex/values";
    ///
    /// export const run = mutation({
    ///   args: {},
    ///   returns: v.any(),
    ///   handler: async (ctx: any) => {
    ///     const some = await ctx.orm.query.posts.findMany({ where: { titel: "a" }, limit: 20 }); // error: "did you mean `title`?"
    ///     return await ctx.orm.query.posts.findMany({ where: { title: "a" }, limit: 20 });
    ///   },
    /// });
    /// ```
    pub struct OrmUnknownColumn {} = { id: "orm-unknown-column", category: Category::Orm, level: Level::Error, since: "0.1.0" }
}

impl Rule for OrmUnknownColumn {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        let module = &file.hir;
        for read in in_file(&cx.project.orm_reads, file.source.id, |read| read.file) {
            let Some(table) = read.table(cx.project) else { continue };
            let Ty::Object(document) = &table.definition.document else { continue };
            if document.open || table.definition.open || !cx.project.unread_relations.is_empty() {
                continue;
            }
            let relations: Vec<&str> = cx.project.relations.iter().filter(|r| r.table == read.table).map(|r| &*r.name).collect();
            let is_column = |name: &str| matches!(name, "id" | "createdAt" | "_id" | "_creationTime") || document.field(name).is_some();
            for (key, others) in [("where", &relations[..]), ("orderBy", &[][..]), ("columns", &[][..])] {
                let Some(Some(value)) = read.config.entry(module, key) else { continue };
                for (name, prop) in named(module.as_object(value).unwrap_or_default()) {
                    let is_operator = matches!(&**name, "AND" | "OR" | "NOT" | "RAW");
                    if is_operator || is_column(name) || others.contains(&&**name) {
                        continue;
                    }
                    let found = Diagnostic::new(module.at(prop.start, prop.key_end), format!("`{}` has no column `{name}`", read.table));
                    cx.report(found.help(match nearest_name(name, document.fields.iter().map(|f| &f.name)) {
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => "columns are named as in the definition of the table".to_owned(),
                    }));
                }
            }
        }
        Some(())
    }
}
