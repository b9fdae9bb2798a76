use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::hir::{ExprId, ExprKind, Module, Name};
use crate::model::infer::Infer;
use crate::model::orm_calls::named;
use crate::model::ty::{Index, IndexKind, TableFlavor, Ty};
use crate::model::{File, Table, in_file};
use crate::source::Span;
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds updates, deletions and pages whose conditions no index serves.
    ///
    /// ## Why is this bad?
    /// To find the rows, the ORM would have to read the whole table, and throws.
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
    /// import { eq } from "kitcn/orm";
    /// import { users } from "./schema";
    ///
    /// export const run = mutation({
    ///   args: {},
    ///   returns: v.any(),
    ///   handler: async (ctx: any) => {
    ///     await ctx.orm.delete(users).where(eq(users.name, "Ada")); // error: "no index of `users` begins with `name`"
    ///     await ctx.orm.delete(users).where(eq(users.id, "u1"));
    ///   },
    /// });
    /// ```
    ///
    /// ## When not to use it
    /// Reads with a limit and no cursor are not reported: the ORM makes them, and warns when they run.
    pub struct OrmUnindexedWhere {} = { id: "orm-unindexed-where", category: Category::Orm, level: Level::Error, since: "0.1.0" }
}

impl Rule for OrmUnindexedWhere {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        let module = &file.hir;
        for write in in_file(&cx.project.orm_writes, file.source.id, |write| write.file) {
            let of = |method: &str| write.calls.iter().find(|(name, _)| &**name == method);
            let Some(condition) = of("where").and_then(|(_, call)| module.call(*call)?.args.first()).filter(|a| !a.spread) else { continue };
            if of("allowFullScan").is_some() {
                continue;
            }
            let table = cx.project.schema.as_ref().and_then(|s| s.defined_as(&write.table));
            let columns = cx.ask(module.file, |infer| compared(infer, module, condition.value));
            if let (Some(table), Some(columns)) = (table, columns) {
                judge(table, &columns, module.span(condition.value), cx);
            }
        }
        for read in in_file(&cx.project.orm_reads, file.source.id, |read| read.file) {
            let Some(table) = read.table(cx.project) else { continue };
            let is_page = matches!(read.config.entry(module, "cursor"), Some(Some(_)));
            if !is_page || read.with_index || read.config.may_have(module, &["maxScan", "search", "orderBy"]) {
                continue;
            }
            let Some(Some(condition)) = read.config.entry(module, "where") else { continue };
            if let Some(columns) = plain(module, condition) {
                judge(table, &columns, module.span(condition), cx);
            }
        }
        Some(())
    }
}

fn judge(table: &Table, columns: &[Name], span: Span, cx: &mut Cx<'_>) {
    let leads = |column: &Name| {
        let by = |index: &Index| index.kind == IndexKind::Db && index.own_fields().is_none_or(|fields| fields.first() == Some(column));
        matches!(&**column, "_id" | "id" | "_creationTime" | "createdAt") || table.definition.all_indexes().any(by)
    };
    let Some(first) = columns.first() else { return };
    if table.definition.flavor != TableFlavor::Orm || table.definition.open || columns.iter().any(leads) {
        return;
    }
    let later = table.definition.all_indexes().find(|index| index.own_fields().is_some_and(|fields| fields.contains(first)));
    let mut found = Diagnostic::new(span, format!("no index of `{}` begins with `{first}`, and the ORM throws", table.name))
        .help(format!("add `index(\"by_{first}\").on(t.{first})`, or say that the whole table may be read"));
    if let Some(index) = later {
        let leading = index.own_fields().and_then(<[Name]>::first).map_or("", |name| name);
        found = found.label(index.span, format!("this one begins with `{leading}`"));
    }
    cx.report(found);
}

/// The columns of `eq(users.name, x)`, `inArray(users.name, xs)`, and of those that `and(…)` holds together; `None` where anything else is asked.
fn compared(infer: &Infer<'_>, module: &Module, condition: ExprId) -> Option<Vec<Name>> {
    let call = module.call(module.bare(condition))?;
    let Ty::External(external) = infer.expr(module.file, call.callee) else { return None };
    match external.path.last().map(|name| &**name)? {
        "eq" | "inArray" => match infer.expr(module.file, call.args.first()?.value) {
            Ty::ColumnOf(column) => Some(vec![column.column.clone()]),
            _ => None,
        },
        "and" => {
            let each = call.args.iter().map(|a| compared(infer, module, a.value).filter(|_| !a.spread));
            Some(each.collect::<Option<Vec<_>>>()?.concat())
        }
        _ => None,
    }
}

/// The columns of `{ name: x, age: { eq: y } }`.
fn plain(module: &Module, condition: ExprId) -> Option<Vec<Name>> {
    let props = module.as_object(condition)?;
    let mut columns = Vec::new();
    for (name, prop) in named(props) {
        let is_value = match module.expr(module.bare(prop.value)) {
            ExprKind::Object(asked) => asked.len() == 1 && named(asked).all(|(operator, _)| matches!(&**operator, "eq" | "in")),
            ExprKind::Func(_) => false,
            _ => true,
        };
        if !is_value || matches!(&**name, "AND" | "OR" | "NOT" | "RAW") {
            return None;
        }
        columns.push(name.clone());
    }
    (columns.len() == props.len()).then_some(columns)
}
