//! The types of documents, for what goes on asking for them: `Doc`, and all that `ctx.db` reads.
//!
//! To the compiler the ORM's tables have fields of any type. The schema is given back those that its columns say, in its own file, where
//! something is seen to go by them. Changes nothing but types.

use std::collections::BTreeMap;

use super::companions::styled;
use crate::codemod::{Options, Plan, RelationStyle, Status};
use crate::model::calls::Callee;
use crate::model::hir::{ExprId, ExprKind, ImportName, Module, Name, Parent};
use crate::model::ty::Ty;
use crate::model::{Project, Role, Workspace};
use crate::writing::import_list::{Wanted, settled};

/// What the function is called.
const NAME: &str = "withDocuments";

/// Types that it names, and where they are from.
const TYPES: [(&str, &str); 5] = [
    ("convex/server", "GenericSchema"),
    ("convex/server", "SchemaDefinition"),
    ("convex/server", "TableDefinition"),
    ("convex/values", "Validator"),
    ("convex/values", "VObject"),
];

/// Puts the types into the new text of the schema, if something needs them.
pub fn keep_types(workspace: &Workspace, place: usize, options: &Options, plan: &mut Plan) {
    let project = &workspace.projects[place];
    if options.relations != RelationStyle::DefineRelations || !is_needed(workspace, project, options, plan) {
        return;
    }
    let Some(home) = project.schema.as_ref().map(|schema| schema.span.file) else { return };
    let Some(text) = plan.files.get(&home).and_then(|written| typed(workspace, project, options, plan, &written.text)) else { return };
    if let Some(written) = plan.files.get_mut(&home) {
        written.text = text;
        written.edits += 1;
    }
    // They name their fields as before.
    plan.left.retain(|left| left.code != "doc-type-any");
}

/// Whether something is seen that goes by the types of documents once the plan is carried out.
fn is_needed(workspace: &Workspace, project: &Project, options: &Options, plan: &Plan) -> bool {
    if !plan.tables.iter().any(|table| table.status == Status::Migrated) {
        return false;
    }
    let reads = |callee: &Callee| matches!(callee, Callee::Db(method) if &**method != "normalizeId");
    let asks_database = || !project.queries.is_empty() || project.calls.iter().any(|call| reads(&call.callee));
    let is_asked = match (options.only, options.from) {
        (None, crate::codemod::From::Convex) => plan.calls.left > 0,
        _ => asks_database(),
    };
    let names_them = |module: &Module| {
        let is_it = |name: &ImportName| matches!(name, ImportName::Named(name) if matches!(&**name, "Doc" | "DataModel"));
        module.imports.iter().any(|import| import.module.contains("_generated/dataModel") && is_it(&import.name))
    };
    is_asked || workspace.files.iter().any(|file| file.role != Role::Generated && names_them(&file.hir))
}

/// The schema's file with the types in it; `None` where there is no place for them.
fn typed(workspace: &Workspace, project: &Project, options: &Options, plan: &Plan, text: &str) -> Option<String> {
    let home = project.schema.as_ref()?.span.file;
    let source = workspace.source(home);
    let style = workspace.style(home);
    let new = crate::model::read(home, source.path.clone(), text.to_owned());
    let module = &new.hir;
    let call = definition(module, &options.orm)?;
    let is_free = |name: &str, from: Option<&str>| {
        let mut named = module.bindings.iter().filter(|binding| &*binding.name == name);
        named.all(|binding| module.import(binding).is_some_and(|import| Some(&*import.module) == from))
    };
    let own = [NAME, "WithDocument", "Fields", "Nulls", "OptionalNulls"];
    if !own.iter().all(|name| is_free(name, None)) || !TYPES.iter().all(|(from, name)| is_free(name, Some(from))) {
        return None;
    }
    let span = module.span(call);
    let (before, inner, after) = (&text[..span.start as usize], &text[span.start as usize..span.end as usize], &text[span.end as usize..]);
    let nl = style.newline;
    let code = styled(&code(&nulls(project, plan)), style);
    let text = format!("{before}{NAME}({inner}){}{nl}{nl}{code}{nl}", after.trim_end());
    let wanted: Vec<Wanted> = TYPES
        .iter()
        .map(|(module, name)| Wanted { module: (*module).to_owned(), name: (*name).to_owned(), local: (*name).to_owned(), is_type: true })
        .collect();
    let read = crate::model::read(home, source.path.clone(), text);
    Some(settled(&read.source, &read.hir, style, &wanted, &|_| false))
}

/// The only call of `defineSchema`, if nothing is made of it yet.
fn definition(module: &Module, orm: &str) -> Option<ExprId> {
    let is_maker = |callee: ExprId| {
        let ExprKind::Local(binding) = module.expr(module.bare(callee)) else { return false };
        let import = module.import(module.binding(*binding));
        import.is_some_and(|import| {
            import.name == ImportName::Named("defineSchema".into()) && (&*import.module == orm || &*import.module == "convex/server")
        })
    };
    let mut calls = module.exprs().filter(|(_, kind)| matches!(kind, ExprKind::Call(call) if is_maker(call.callee)));
    let (call, _) = calls.next()?;
    let is_plain = matches!(module.parent(call), Parent::Stmt { .. });
    (calls.next().is_none() && is_plain).then_some(call)
}

/// Fields that may hold null by what the old schema says, of each table: those that are always there, and those that need not be.
#[derive(Default)]
struct Nulls {
    required: BTreeMap<Name, Vec<Name>>,
    optional: BTreeMap<Name, Vec<Name>>,
}

fn nulls(project: &Project, plan: &Plan) -> Nulls {
    let mut nulls = Nulls::default();
    let is_migrated = |name: &str| plan.tables.iter().any(|table| table.name == *name && table.status == Status::Migrated);
    for table in project.schema.iter().flat_map(|schema| &schema.tables).filter(|table| is_migrated(&table.name)) {
        let Ty::Object(document) = &table.definition.document else { continue };
        for field in document.fields.iter().filter(|field| field.ty.members().contains(&Ty::Null)) {
            let of = if field.optional { &mut nulls.optional } else { &mut nulls.required };
            of.entry(table.name.clone()).or_default().push(field.name.clone());
        }
    }
    nulls
}

fn code(nulls: &Nulls) -> String {
    let listed = |of: &BTreeMap<Name, Vec<Name>>| {
        let of_table = |(table, fields): (&Name, &Vec<Name>)| {
            let fields: Vec<String> = fields.iter().map(|field| format!("\"{field}\"")).collect();
            format!("  {table}: {};", fields.join(" | "))
        };
        of.iter().map(of_table).collect::<Vec<_>>().join("\n")
    };
    let mut types = String::new();
    let mut of_table = |what: &str, name: &str, of: &BTreeMap<Name, Vec<Name>>| {
        if of.is_empty() {
            return "never".to_owned();
        }
        types.push_str(&format!("\n/** {what} */\ntype {name} = {{\n{}\n}};\n", listed(of)));
        format!("Name extends keyof {name} ? {name}[Name] : never")
    };
    let required = of_table("Fields that are always there and may hold null.", "Nulls", &nulls.required);
    let (always, sometimes) = match &*required {
        "never" => ("never".to_owned(), "Field".to_owned()),
        required => (format!("Field & ({required})"), format!("Exclude<Field, {required}>")),
    };
    let kept = match &*of_table("Fields that may hold null, and may be missing.", "OptionalNulls", &nulls.optional) {
        "never" => "Exclude<Row[Field], null>".to_owned(),
        optional => format!("Field extends ({optional}) ? Row[Field] : Exclude<Row[Field], null>"),
    };
    // The name of the table is of use where some table is told apart.
    let is_told = always != "never" || kept.contains("Name");
    let (name, given) = if is_told { ("Name, ", "Name, ") } else { ("", "") };
    let (entry, of) =
        if is_told { ("WithDocument<Name, Tables[Name]>", "<Name, Table>") } else { ("WithDocument<Tables[Name]>", "<Table>") };
    format!(
        "\
/** The same schema, with the types of its documents: of the ORM's tables, `Doc` and `ctx.db` would have fields of any type. */
function {NAME}<Tables extends GenericSchema, Strict extends boolean>(schema: SchemaDefinition<Tables, Strict>) {{
  return schema as unknown as SchemaDefinition<{{ [Name in keyof Tables]: {entry} }}, Strict>;
}}

type WithDocument{of} = Table extends {{ $inferSelect: infer Row; _: {{ columns: infer Columns }} }}
  ? Table extends TableDefinition<any, infer Indexes, infer SearchIndexes, infer VectorIndexes>
    ? TableDefinition<
        VObject<
          Fields<{given}Pick<Row, keyof Row & keyof Columns>>,
          {{ [Field in keyof Row & keyof Columns & string]: Validator<Row[Field], \"required\", any> }}
        >,
        Indexes,
        SearchIndexes,
        VectorIndexes
      >
    : never
  : Table;
{types}
type Fields<{name}Row> = {{
  [Field in keyof Row as null extends Row[Field] ? {always} : Field]: Row[Field];
}} & {{
  [Field in keyof Row as null extends Row[Field] ? {sometimes} : never]?: {kept};
}};"
    )
}
