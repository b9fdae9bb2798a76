use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::edit::{Edit, Fix};
use crate::model::layout::join;
use crate::model::File;
use crate::rule::{Category, Cx, FixKind, Rule, RuleMeta};
use crate::writing::imports::{Imports, specifier};

declare_rule! {
    /// Finds `process.env.NAME` where the project declares the variable and its type.
    ///
    /// ## Why is this bad?
    /// `process.env` gives a string or `undefined` for every name, also for one that is misspelt.
    /// `env` of `_generated/server` has just the variables that `convex.config.ts` declares, with their types, and Convex sees to it that they are set.
    ///
    /// ## Example
    /// `convex/convex.config.ts`:
    /// ```ts
    /// import { defineApp } from "convex/server";
    /// import { v } from "convex/values";
    ///
    /// export default defineApp({ env: { MAIL_KEY: v.string() } });
    /// ```
    ///
    /// `convex/mail.ts`:
    /// ```ts
    /// export const hasKey = () => process.env.MAIL_KEY !== ""; // error
    /// export const region = () => process.env.REGION;
    /// ```
    ///
    /// ## When not to use it
    /// Variables that are not declared are not reported, nor are those in `convex.config.ts` and `auth.config.ts`, which are read before there is any `env`.
    pub struct UntypedEnv {} = { id: "untyped-env", category: Category::Functions, level: Level::Off, since: "0.1.0", alias: "no-process-env", fix: FixKind::Safe }
}

impl Rule for UntypedEnv {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn file(&self, file: &File, cx: &mut Cx<'_>) -> Option<()> {
        let id = file.source.id;
        let reads = crate::model::in_file(&cx.project.env_reads, id, |r| r.span.file);
        let functions = cx.workspace.functions_folder(id)?;
        if reads.is_empty() || cx.project.declared_env.is_empty() || file.source.path.contains(".config.") {
            return None;
        }
        for read in reads {
            let Some(declared) = cx.project.declared_env.iter().find(|d| d.name == read.name) else { continue };
            let mut imports = Imports::new(&file.source, &file.hir, file.style());
            let from = specifier(&file.source.path, &join(functions, "_generated/server.ts"));
            let fix = imports.named(&from, "env", "env").filter(|_| file.source.comments_in(read.span).is_empty()).map(|env| {
                let mut edits = vec![Edit::replace(read.span, format!("{env}.{}", read.name))];
                edits.extend(imports.into_edits());
                Fix::safe(format!("Use `env.{}`", read.name), edits)
            });
            cx.report(
                Diagnostic::new(read.span, format!("`{}` is declared with a type, and read without", read.name))
                    .label(declared.span, "declared here")
                    .help(format!("read `env.{}` of `_generated/server`", read.name))
                    .fix(fix),
            );
        }
        Some(())
    }
}
