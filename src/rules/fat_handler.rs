use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::Function;
use crate::model::hir::{Body, Stmt};
use crate::rule::{Category, Cx, Rule, RuleMeta};

declare_rule! {
    /// Finds handlers with many statements.
    ///
    /// ## Why is this bad?
    /// A handler is an entrance: it checks who asks and what for, and hands on to the code that does it.
    /// What is written in a handler cannot be called from another function, and is run anew through `ctx.runQuery` instead, or copied.
    ///
    /// ## Example
    /// `orm-lint.json`:
    /// ```json
    /// { "rules": { "fat-handler": ["warn", { "max-statements": 2 }] } }
    /// ```
    ///
    /// `convex/posts.ts`:
    /// ```ts
    /// import { query } from "./_generated/server";
    /// import { v } from "convex/values";
    ///
    /// export const titles = query({ // error: "3 statements"
    ///   args: {},
    ///   returns: v.array(v.string()),
    ///   handler: async (ctx) => {
    ///     const posts = await ctx.db.query("posts").take(20);
    ///     const titles = posts.map((post) => post.title);
    ///     return titles.sort();
    ///   },
    /// });
    /// ```
    pub struct FatHandler {
        /// How many statements a handler may have, those in blocks and callbacks too.
        pub max_statements: u32 = 40,
    } = { id: "fat-handler", category: Category::Functions, level: Level::Off, since: "0.1.0", strict: Level::Warn }
}

impl Rule for FatHandler {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn function(&self, function: &Function, cx: &mut Cx<'_>) -> Option<()> {
        let handler = function.handler?;
        // One that is written elsewhere has been moved out already.
        let module = cx.workspace.hir(handler.file);
        let inside = module.func(handler.func);
        let is_inline = handler.file == function.file && function.span.contains(module.at(inside.start, inside.end));
        if !is_inline {
            return None;
        }
        let mut count = 0;
        // What stands in a function is lowered right after it.
        let own = module.funcs.get(handler.func.0 as usize..).unwrap_or_default();
        for func in own.iter().take_while(|f| f.end <= inside.end) {
            if let Body::Block { stmts, .. } = &func.body {
                count += statements(stmts);
            }
        }
        if count <= self.max_statements {
            return None;
        }
        cx.report(
            Diagnostic::new(function.callee_span, format!("the handler of {} has {count} statements, and may have {}", function.title(), self.max_statements))
                .help("move what it does into functions that take `ctx`, and leave the checks here"),
        );
        Some(())
    }
}

fn statements(stmts: &[Stmt]) -> u32 {
    stmts.iter().map(|stmt| 1 + inside(stmt)).sum()
}

fn inside(stmt: &Stmt) -> u32 {
    match stmt {
        Stmt::If { yes, no, .. } => statements(yes) + statements(no),
        Stmt::Loop { body, .. } => statements(body),
        Stmt::Switch { cases, .. } => cases.iter().map(|c| statements(&c.body)).sum(),
        Stmt::Try { block, handler, finalizer } => statements(block) + handler.as_ref().map_or(0, |h| statements(h)) + statements(finalizer),
        Stmt::Block(stmts) => statements(stmts),
        Stmt::Expr(_) | Stmt::Var { .. } | Stmt::Return { .. } | Stmt::Throw(_) | Stmt::Jump(_) | Stmt::Func(_) => 0,
    }
}
