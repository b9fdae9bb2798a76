use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::hir::{ExprId, ExprKind, Key, Module, Name, PropKind};
use crate::model::ty::{TableFlavor, Ty};
use crate::model::{Callee, PlatformCall, Table};
use crate::rule::{Category, Cx, Rule, RuleMeta};
use crate::source::Span;

declare_rule! {
    /// Finds lists of ids or objects in documents that only ever grow.
    ///
    /// ## Why is this bad?
    /// A list in a document may have 8192 elements, and a document a megabyte; before that, each change writes all of it anew, and each reader reads all of it.
    /// Two calls that add to it at a time wait for each other.
    ///
    /// ## Example
    /// `convex/schema.ts`:
    /// ```ts
    /// import { defineSchema, defineTable } from "convex/server";
    /// import { v } from "convex/values";
    ///
    /// export default defineSchema({
    ///   rooms: defineTable({
    ///     messages: v.array(v.object({ body: v.string() })), // error
    ///   }),
    /// });
    /// ```
    ///
    /// `convex/rooms.ts`:
    /// ```ts
    /// import { mutation } from "./_generated/server";
    /// import { v } from "convex/values";
    ///
    /// export const send = mutation({
    ///   args: { roomId: v.id("rooms"), body: v.string() },
    ///   returns: v.null(),
    ///   handler: async (ctx, args) => {
    ///     const room = await ctx.db.get(args.roomId);
    ///     await ctx.db.patch(args.roomId, { messages: [...room!.messages, { body: args.body }] });
    ///     return null;
    ///   },
    /// });
    /// ```
    ///
    /// ## When not to use it
    /// Lists that anything in the project shortens, sets or counts before it adds to them are not reported.
    pub struct UnboundedArray {} = { id: "unbounded-array", category: Category::Schema, level: Level::Warn, since: "0.1.0", strict: Level::Warn }
}

impl Rule for UnboundedArray {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn call(&self, call: &PlatformCall, cx: &mut Cx<'_>) -> Option<()> {
        let module = cx.workspace.hir(call.file);
        if !is_change(call) {
            return None;
        }
        let table = cx.project.table(call.table(module)?).filter(|t| t.definition.flavor == TableFlavor::Plain)?;
        for prop in module.as_object(call.written(module)?)? {
            let Key::Name(field) = &prop.key else { continue };
            let Some(declared) = declared(table, field) else { continue };
            if !grows(module, prop.value, field) || counts(module, call, field, cx) || !only_grows(table, field, cx) {
                continue;
            }
            cx.report(
                Diagnostic::new(declared, format!("`{field}` of `{}` grows with each call, and nothing makes it shorter", table.name))
                    .label(module.span(prop.value), "something is added here")
                    .help("keep what it holds in a table of its own, with the id of this document and an index on it"),
            );
        }
        Some(())
    }
}

fn is_change(call: &PlatformCall) -> bool {
    matches!(&call.callee, Callee::Db(method) if matches!(&**method, "patch" | "replace"))
}

/// Where the field is declared, if it is a list of ids or objects.
fn declared(table: &Table, field: &Name) -> Option<Span> {
    let Ty::Object(document) = &table.definition.document else { return None };
    let field = document.field(field)?;
    let Ty::Array(element) = field.ty.non_null() else { return None };
    let is_large = element.members().iter().all(|m| matches!(m, Ty::Id(_) | Ty::Object(_)));
    field.span.filter(|_| is_large).map(|span| Span { end: span.start + field.name.len() as u32, ..span })
}

/// `[...row.field, one]`, and nothing done to it.
fn grows(module: &Module, value: ExprId, field: &Name) -> bool {
    let ExprKind::Array(items) = module.expr(module.bare(value)) else { return false };
    let is_old = |value: ExprId| {
        module.within(value).any(|part| matches!(module.expr(part), ExprKind::Member { property, .. } if property == field))
            && !module.within(value).any(|part| module.call(part).is_some())
    };
    items.iter().any(|a| a.spread && is_old(a.value)) && items.iter().any(|a| !a.spread)
}

/// Whether the function looks at how many there are.
fn counts(module: &Module, call: &PlatformCall, field: &Name, cx: &Cx<'_>) -> bool {
    let Some(func) = module.enclosing_func(call.call).map(|func| module.func(func)) else { return true };
    let text = cx.text(module.at(func.start, func.end));
    [".length", "?.length", "!.length", ").length"].iter().any(|length| text.contains(&format!("{field}{length}")))
}

/// Whether every write of the field adds to it. Of writes whose table is not known, those are asked that name the field.
fn only_grows(table: &Table, field: &Name, cx: &Cx<'_>) -> bool {
    cx.project.calls.iter().filter(|call| is_change(call)).all(|call| {
        let module = cx.workspace.hir(call.file);
        let of = call.table(module);
        if of.is_some_and(|name| *name != table.name) {
            return true;
        }
        let Some(props) = call.written(module).and_then(|w| module.as_object(w)) else { return of.is_none() };
        props.iter().all(|prop| match &prop.key {
            Key::Name(name) => name != field || prop.kind != PropKind::Shorthand && grows(module, prop.value, field),
            Key::Computed(_) | Key::Spread => of.is_none(),
        })
    })
}
