//! Parts of an ORM's tables: a column for a validator, an index beside the columns.
//!
//! Says what stands for one validator; whole schemas, with relations and defaults, are the codemod's.

use crate::edit::Edit;
use crate::model::hir::{Body, ExprId, ExprKind, Module, Name, PropKind};
use crate::model::infer::Infer;
use crate::model::ty::{TableColumn, TableFlavor, Ty};
use crate::model::{Table, Workspace};
use crate::source::{FileId, Span};
use crate::style::indent_at;
use crate::writing::code::is_identifier;
use crate::writing::imports::Imports;

/// How many indexes a table may have.
const MOST: usize = 32;

/// A column builder in place of a validator.
pub struct NewColumn {
    pub edits: Vec<Edit>,
    /// It stores what the validator admits, and nothing else.
    pub exact: bool,
}

/// The builder that stores what a column's validator admits; `orm` is the module that it comes from.
pub fn column(
    workspace: &Workspace,
    infer: &Infer<'_>,
    table: &Table,
    column: &TableColumn,
    orm: &str,
    imports: &mut Imports<'_>,
) -> Option<NewColumn> {
    let (file, fields) = table.definition.fields_at?;
    let module = workspace.hir(file);
    let at = column.span.filter(|span| span.file == file)?.start;
    let prop = module.as_object(fields)?.iter().find(|p| p.start == at)?;
    let known = |id: ExprId| infer.validator_of(&infer.expr(file, id));
    let value = module.bare(prop.value);
    let validator = known(value).filter(|v| v.exact && !v.foreign)?;
    let (inner, is_optional) = match module.call(value).and_then(|call| Some((call, module.validator_method(call)?))) {
        Some((call, method)) if &**method == "optional" => (module.bare(call.args.first()?.value), true),
        _ => (value, false),
    };
    // An optional validator with a name is what the column would lose.
    if validator.optional != is_optional {
        return None;
    }
    let builder = match known(inner)?.ty {
        Ty::String => "text",
        Ty::Number => "integer",
        Ty::Boolean => "boolean",
        Ty::Int64 => "bigint",
        Ty::Bytes => "bytes",
        _ => "custom",
    };
    let is_written_out = module.call(inner).and_then(|call| module.validator_method(call)).is_some();
    let builder = if is_written_out { builder } else { "custom" };
    let local = imports.named(orm, builder, builder)?;
    let argument = if builder == "custom" { workspace.text(module.span(inner)) } else { "" };
    let not_null = if is_optional { "" } else { ".notNull()" };
    let text = format!("{local}({argument}){not_null}");
    let edit = match prop.kind {
        PropKind::Shorthand => Edit::insert_after(module.at(prop.start, prop.end), format!(": {text}")),
        PropKind::KeyValue => Edit::replace(module.span(prop.value), text),
        _ => return None,
    };
    let lost = workspace.source(file).comments_in(edit.span).iter().any(|c| !edit.text.contains(workspace.source(file).comment_text(c)));
    (!lost).then(|| NewColumn { edits: vec![edit], exact: !is_optional })
}

/// The module that the table's own maker is imported from, in the file where the table is made.
pub fn orm_of(workspace: &Workspace, table: &Table) -> Option<Name> {
    let file = table.definition.span.file;
    let module = workspace.hir(file);
    let call = module.call(call_of(module, table)?)?;
    let mut at = module.bare(call.callee);
    while let ExprKind::Member { object, .. } = module.expr(at) {
        at = module.bare(*object);
    }
    let ExprKind::Local(binding) = module.expr(at) else { return None };
    let import = module.import(module.binding(*binding))?;
    import.module.ends_with("/orm").then(|| import.module.clone())
}

/// `index("by_f").on(t.f)` in the third argument of the table; `None` where that is not a list written there.
pub fn add_index(workspace: &Workspace, table: &Table, name: &str, column: &Name) -> Option<Vec<Edit>> {
    let definition = &*table.definition;
    let file = definition.span.file;
    let module = workspace.hir(file);
    let call = call_of(module, table)?;
    let is_free = definition.all_indexes().all(|i| *i.name != *name) && definition.all_indexes().count() < MOST;
    if definition.flavor != TableFlavor::Orm
        || definition.open
        || module.enclosing_func(call).is_some()
        || !is_free
        || !is_identifier(column)
    {
        return None;
    }
    let style = workspace.style(file);
    let source = workspace.source(file);
    let mut imports = Imports::new(source, module, style);
    let index = imports.named(&orm_of(workspace, table)?, "index", "index")?;
    let part = |t: &str| format!("{index}({}).on({t}.{column})", style.string(name));
    let edit = match &*module.call(call)?.args {
        [_, columns] => {
            let (columns, whole) = (module.span(columns.value), module.span(call));
            let list = format!("(t) => [{}]", part("t"));
            // One argument to a line, where the first has one of its own.
            let first = module.span(module.call(call)?.args.first()?.value);
            let is_broken = source.slice(Span { end: first.start, ..whole }).contains('\n');
            let lead = if is_broken { format!("{}{}", style.newline, indent_at(&source.text, first.start)) } else { " ".to_owned() };
            Edit::insert_after(columns, format!(",{lead}{list}"))
        }
        [_, _, parts] => in_list(module, source, parts.value, &part)?,
        _ => return None,
    };
    let mut edits = vec![edit];
    edits.extend(imports.into_edits());
    Some(edits)
}

/// One more at the end of `(t) => [ … ]`.
fn in_list(module: &Module, source: &crate::source::SourceFile, parts: ExprId, part: &dyn Fn(&str) -> String) -> Option<Edit> {
    let func = module.func(module.as_func(parts)?);
    let Body::Expr(body) = func.body else { return None };
    let ExprKind::Array(items) = module.expr(module.bare(body)) else { return None };
    let t = match &func.params[..] {
        [param] if param.is_name => &*module.binding(param.bindings.0).name,
        _ => return None,
    };
    let last = module.span(items.last()?.value);
    let list = module.span(module.bare(body));
    let is_broken = source.slice(Span { end: last.start, ..list }).rsplit(',').next().is_some_and(|gap| gap.contains('\n'));
    let lead = if is_broken { format!("\n{}", indent_at(&source.text, last.start)) } else { " ".to_owned() };
    Some(Edit::insert_after(last, format!(",{lead}{}", part(t))))
}

fn call_of(module: &Module, table: &Table) -> Option<ExprId> {
    let span = table.definition.span;
    module.call_at(span)
}

/// Where a file takes the ORM from, by the imports that it has.
pub fn orm_in(workspace: &Workspace, file: FileId) -> Option<Name> {
    let module = workspace.hir(file);
    module.imports.iter().find(|i| i.module.ends_with("/orm") && !i.type_only).map(|i| i.module.clone())
}
