//! What the new schema leaves behind: files that go on speaking of ents, and types that say less than before.
//!
//! They are reported, place by place, and not rewritten: they are functions, which are not the schema's business.

use super::source::{Maker, maker_of};
use super::{Planner, is_of_ents};
use crate::codemod::Severity;
use crate::model::Origin;
use crate::model::hir::{BindingId, BindingKind, Exported, ExprId, ExprKind, Import, ImportName, Module, Name, TypeNode};
use crate::model::ty::Ty;
use crate::source::{FileId, Span};

/// What schemas of ents are made with: all of it goes.
const OF_SCHEMAS: [&str; 5] = ["defineEnt", "defineEntFromTable", "defineEntSchema", "defineEntsFromTables", "getEntDefinitions"];

/// A constant that holds what `getEntDefinitions` makes of a schema.
struct Definitions {
    file: FileId,
    binding: BindingId,
    name: Name,
}

impl Planner<'_> {
    /// What goes on speaking of ents: it no longer compiles, and is to be migrated next.
    pub fn report_functions(&self) {
        if !is_of_ents(self.schema) {
            return;
        }
        let definitions: Vec<Definitions> = self.project.files.iter().flat_map(|file| self.definitions_in(*file)).collect();
        for file in &self.project.files {
            let module = self.workspace.hir(*file);
            match self.contexts.contains_key(file) {
                true => self.report_rest(*file),
                false => {
                    let of_ents = module.imports.iter().find(|import| maker_of(&import.module) == Some(Maker::Ents));
                    let span = of_ents.map(|import| module.at(import.decl_start, import.decl_end));
                    self.report_leftover(span, "this file works with ents, which the schema no longer has".to_owned());
                }
            }
            for known in &definitions {
                if *file == known.file {
                    self.report_own(known);
                    continue;
                }
                for import in &module.imports {
                    self.report_import(*file, import, known);
                }
                self.report_members(*file, known);
            }
        }
    }

    pub fn report_leftover(&self, span: impl Into<Option<Span>>, message: String) {
        if let Some(span) = span.into() {
            self.remark("functions-ents", Severity::Error, span, message, Some("migrate its functions too".to_owned()));
        }
    }

    /// Whether it is `getEntDefinitions(…)`.
    pub fn makes_definitions(&self, file: FileId, id: ExprId) -> bool {
        let Some(call) = self.workspace.hir(file).call(id) else { return false };
        matches!(self.infer.expr(file, call.callee), Ty::External(external) if external.is("convex-ents", &["getEntDefinitions"]))
    }

    fn definitions_in(&self, file: FileId) -> Vec<Definitions> {
        let module = self.workspace.hir(file);
        let all = module.bindings.iter().enumerate();
        let found = all.filter(
            |(_, binding)| matches!(binding.kind, BindingKind::Const(Some(value)) if self.makes_definitions(file, module.bare(value))),
        );
        found.map(|(at, binding)| Definitions { file, binding: BindingId(at as u32), name: binding.name.clone() }).collect()
    }

    /// What a file that is rewritten still says of ents: types such as `GenericEnt`.
    fn report_rest(&self, file: FileId) {
        let module = self.workspace.hir(file);
        let is_rest = |import: &&Import| {
            let is_of_schema = matches!(&import.name, ImportName::Named(name) if OF_SCHEMAS.contains(&&**name));
            maker_of(&import.module) == Some(Maker::Ents) && !is_of_schema
        };
        for import in module.imports.iter().filter(is_rest) {
            let text = self.workspace.text(module.at(import.start, import.end)).trim_start_matches("type ");
            self.report_leftover(module.at(import.start, import.end), format!("`{text}` works with ents, which the schema no longer has"));
        }
    }

    /// The places of its own file that name them: they are gone from a file that is rewritten, and make no sense in another.
    fn report_own(&self, known: &Definitions) {
        let module = self.workspace.hir(known.file);
        for place in places(module, known.binding) {
            self.report_leftover(place, format!("`{}` describes ents, which the schema no longer has", known.name));
        }
    }

    /// `import { entDefinitions } from "./schema"`, and `export { entDefinitions } from "./schema"`.
    fn report_import(&self, file: FileId, import: &Import, known: &Definitions) {
        let module = self.workspace.hir(file);
        let is_known =
            |origin: Origin| matches!(origin, Origin::Here(file, Exported::Binding(id)) if (file, id) == (known.file, known.binding));
        let world = self.infer.world;
        if import.name == ImportName::Nothing {
            let passes_on = |what: &Exported| {
                matches!(what, Exported::From(from, name @ (ImportName::Named(_) | ImportName::Default))
                    if *from == import.module && is_known(world.origin(file, from, name)))
            };
            if module.exports.iter().any(|export| passes_on(&export.what)) {
                let message = format!("`{}` is passed on here, and the schema no longer has it", known.name);
                self.report_leftover(module.at(import.decl_start, import.decl_end), message);
            }
            return;
        }
        if !is_known(world.origin(file, &import.module, &import.name)) {
            return;
        }
        let bound = module.bindings.iter().position(|binding| module.import(binding).is_some_and(|other| other.start == import.start));
        let Some(bound) = bound.map(|at| BindingId(at as u32)) else { return };
        let source = self.workspace.source(file);
        let mut lines: Vec<usize> =
            places(module, bound).map(|place| source.text[..place.start as usize].matches('\n').count() + 1).collect();
        lines.sort_unstable();
        lines.dedup();
        let numbers: Vec<String> = lines.iter().map(ToString::to_string).collect();
        let used = match &numbers[..] {
            [] => String::new(),
            [line] => format!("; it is used in line {line}"),
            [all @ .., last] => format!("; it is used in lines {} and {last}", all.join(", ")),
        };
        let message = format!("`{}` is imported here, and the schema no longer has it{used}", known.name);
        self.report_leftover(module.at(import.start, import.end), message);
    }

    /// `schema.entDefinitions`, where all that a file exports has one name.
    fn report_members(&self, file: FileId, known: &Definitions) {
        let module = self.workspace.hir(file);
        for (id, kind) in module.exprs() {
            let ExprKind::Member { object, property, .. } = kind else { continue };
            if *property == known.name && self.infer.expr(file, *object) == Ty::Namespace(known.file) {
                self.report_leftover(module.span(id), format!("`{}` is named here, and the schema no longer has it", known.name));
            }
        }
    }

    /// `schema.tables.users.validator`, which functions take their arguments from: that of a migrated table is another.
    pub fn report_validators(&self) {
        for file in &self.project.files {
            let module = self.workspace.hir(*file);
            for (id, kind) in module.exprs() {
                let ExprKind::Member { object, property, .. } = kind else { continue };
                if &**property == "validator" && self.is_migrated_table(*file, *object) {
                    let text = self.workspace.text(module.span(id));
                    let message = format!(
                        "`{text}` is the validator of a table of the ORM now: its type names no fields, and optional ones allow null"
                    );
                    let suggestion = "keep the fields as an object of validators of their own, and take them from there".to_owned();
                    self.remark("table-validator", Severity::Warning, module.span(id), message, Some(suggestion));
                }
            }
        }
    }

    /// Whether it is a table of the schema that is migrated; one that is picked while the program runs may be.
    fn is_migrated_table(&self, file: FileId, id: ExprId) -> bool {
        let module = self.workspace.hir(file);
        let id = module.bare(id);
        if let Ty::Table(table) = self.infer.expr(file, id) {
            let mut tables = self.project.schema.iter().flat_map(|schema| &schema.tables);
            let named = tables.find(|known| known.definition.span == table.span);
            return named.is_some_and(|known| self.locals.contains_key(&known.name));
        }
        let ExprKind::Index { object, .. } = module.expr(id) else { return false };
        let ExprKind::Member { object, property, .. } = module.expr(module.bare(*object)) else { return false };
        &**property == "tables" && matches!(self.infer.expr(file, *object), Ty::Schema(_)) && !self.locals.is_empty()
    }

    /// Types of documents that say less than before: the ORM's tables have types of their own.
    pub fn report_documents(&self) {
        for file in &self.workspace.files {
            let module = &file.hir;
            let is_document = |node: &TypeNode| {
                let TypeNode::Ref { binding: Some(binding), args, .. } = node else { return false };
                let import = module.import(module.binding(*binding));
                let is_doc = import.is_some_and(|i| i.module.contains("_generated/dataModel") && i.name == ImportName::Named("Doc".into()));
                let table = args.first().map(|argument| module.ty(*argument));
                is_doc && matches!(table, Some(TypeNode::Str(name)) if self.locals.contains_key(name))
            };
            let mut places = module.type_references().filter(|(node, _)| is_document(node)).map(|(_, span)| span);
            let Some(first) = places.next() else { continue };
            let others = match places.count() {
                0 => String::new(),
                1 => ", here and at one other place of this file".to_owned(),
                more => format!(", here and at {more} other places of this file"),
            };
            let text = self.workspace.text(first);
            let message =
                format!("`{text}` no longer names the fields of the document{others}: the data model cannot see into tables of the ORM");
            let suggestion =
                "use `InferSelectModel<typeof table>` for rows that the ORM reads, and a type of your own for those of `ctx.db`".to_owned();
            self.remark("doc-type-any", Severity::Warning, first, message, Some(suggestion));
        }
    }
}

/// Where a name is used, as a value or in a type.
fn places(module: &Module, id: BindingId) -> impl Iterator<Item = Span> {
    module.binding(id).uses.iter().map(|usage| module.span(*usage)).chain(module.type_uses(id))
}
