use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::effects::is_write;
use crate::model::hir::ImportName;
use crate::model::ty::TableFlavor;
use crate::model::{Callee, PlatformCall};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds writes of `ctx.db` to a table of the ORM.
    ///
    /// ## Why is this bad?
    /// Defaults, unique columns, foreign keys, rules for rows and triggers are the ORM's: the database itself knows nothing of them.
    /// A row that is written past the ORM may break what all others keep.
    ///
    /// ## Example
    /// `convex/schema.ts`:
    /// ```ts
    /// import { convexTable, defineSchema, text } from "kitcn/orm";
    ///
    /// export default defineSchema({
    ///   users: convexTable("users", { name: text().notNull(), role: text().default("member") }),
    /// });
    /// ```
    ///
    /// `convex/users.ts`:
    /// ```ts
    /// import { mutation } from "./_generated/server";
    /// import { v } from "convex/values";
    ///
    /// export const add = mutation({
    ///   args: { name: v.string() },
    ///   returns: v.id("users"),
    ///   handler: async (ctx, args) => await ctx.db.insert("users", { name: args.name }), // error
    /// });
    /// ```
    ///
    /// ## When not to use it
    /// Modules that define migrations are not reported: they rewrite documents as they are stored.
    pub struct OrmRawWrite {} = { id: "orm-raw-write", category: Category::Orm, level: Level::Warn, since: "0.1.0" }
}

impl Rule for OrmRawWrite {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn call(&self, call: &PlatformCall, cx: &mut Cx<'_>) -> Option<()> {
        let Callee::Db(method) = &call.callee else { return None };
        let module = cx.workspace.hir(call.file);
        let table = cx.project.table(call.table(module).filter(|_| is_write(method))?)?;
        if table.definition.flavor != TableFlavor::Orm {
            return None;
        }
        if module.imports.iter().any(|i| matches!(&i.name, ImportName::Named(name) if &**name == "defineMigration")) {
            return None;
        }
        let span = module.property_span(module.bare(module.call(call.call)?.callee));
        let instead = match &**method {
            "insert" => format!("insert({}).values({{ … }})", table.name),
            "delete" => format!("delete({}).where(…)", table.name),
            _ => format!("update({}).set({{ … }}).where(…)", table.name),
        };
        cx.report(
            Diagnostic::new(span, format!("`db.{method}` writes `{}` past the ORM, which keeps its defaults, keys and triggers", table.name))
                .help(format!("write through the ORM: `{instead}`")),
        );
        Some(())
    }
}
