use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::hir::ExprKind;
use crate::model::orm_calls::{OrmConfig, named};
use crate::model::{File, in_file};
use crate::source::{SourceFile, Span};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds `allowFullScan` that nobody has given a reason for.
    ///
    /// ## Why is this bad?
    /// It reads the whole table, or all that match a condition: today, a few.
    /// A comment that says why that is right here lets the next reader see whether it still is.
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
    ///     const posts = await ctx.orm.query.posts.findMany({ allowFullScan: true }); // error
    ///     return await ctx.orm.query.users.findMany({
    ///       // Ten users, all of them staff.
    ///       allowFullScan: true,
    ///     });
    ///   },
    /// });
    /// ```
    pub struct OrmFullScan {} = { id: "orm-full-scan", category: Category::Orm, level: Level::Warn, since: "0.1.0" }
}

impl Rule for OrmFullScan {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        let module = &file.hir;
        let mut places = Vec::new();
        for read in in_file(&cx.project.orm_reads, file.source.id, |read| read.file).iter().filter(|read| read.table(cx.project).is_some()) {
            let OrmConfig::Object(config) = read.config else { continue };
            let props = module.as_object(config).unwrap_or_default();
            let flags = named(props).filter(|(name, prop)| &***name == "allowFullScan" && matches!(module.expr(prop.value), ExprKind::Bool(true)));
            // It is asked for beside a condition that an index serves, too, where no limit is.
            let read = if named(props).any(|(name, _)| &**name == "where") { "all rows that match are" } else { "the whole table is" };
            places.extend(flags.map(|(_, prop)| (module.at(prop.start, prop.end), read)));
        }
        for write in in_file(&cx.project.orm_writes, file.source.id, |write| write.file) {
            let scans = write.calls.iter().filter(|(name, _)| &**name == "allowFullScan");
            places.extend(scans.filter_map(|(_, call)| Some((module.property_span(module.bare(module.call(*call)?.callee)), "the whole table is"))));
        }
        for (place, read) in places.into_iter().filter(|(place, _)| !is_explained(&file.source, *place)) {
            cx.report(
                Diagnostic::new(place, format!("{read} read, and nothing says why that is right"))
                    .help("say why in a comment on this line or above it, or ask for fewer: with an index, or a limit"),
            );
        }
        Some(())
    }
}

/// Whether a comment stands on the line, or on the one above.
fn is_explained(source: &SourceFile, place: Span) -> bool {
    let text = &*source.text;
    let line = text[..place.start as usize].rfind('\n').map_or(0, |at| at + 1);
    let above = text[..line.saturating_sub(1)].rfind('\n').map_or(0, |at| at + 1);
    let end = text[place.end as usize..].find('\n').map_or(text.len(), |at| place.end as usize + at);
    let begins_line = |at: u32| text[above..at as usize].trim().is_empty();
    source.comments.iter().any(|c| {
        let on_line = c.start as usize >= line && c.start as usize <= end;
        on_line || c.start as usize >= above && (c.end as usize) <= line && begins_line(c.start)
    })
}
