//! Types written as Convex validators: `v.object({ … })` for what a function takes or returns.

use crate::model::hir::{BindingKind, Exported, ExprKind, Name};
use crate::model::ty::{Field, Literal, Object, TableFlavor, Ty};
use crate::model::{Project, Table, Workspace};
use crate::source::FileId;
use crate::style::Style;
use crate::writing::code::Code;
use crate::writing::imports::{Imports, specifier};

/// A document with at most this many fields is written out; a larger one is taken from the schema.
const WRITTEN_OUT: usize = 4;

/// Writes validators for one place in one file.
pub struct ValidatorWriter<'a> {
    workspace: &'a Workspace,
    project: &'a Project,
    file: FileId,
    style: &'a Style,
    imports: Imports<'a>,
    v: String,
}

impl<'a> ValidatorWriter<'a> {
    /// `None` where the file uses the name `v` for something else.
    pub fn new(workspace: &'a Workspace, project: &'a Project, file: FileId, style: &'a Style) -> Option<Self> {
        let mut imports = Imports::new(workspace.source(file), workspace.hir(file), style);
        let v = imports.named("convex/values", "v", "v")?;
        Some(Self { workspace, project, file, style, imports, v })
    }

    /// The imports that what was written needs.
    pub fn into_imports(self) -> Vec<crate::edit::Edit> {
        self.imports.into_edits()
    }

    /// The validator of a value; `undefined` by itself is `null`, as Convex makes it. `None` where no validator describes it.
    pub fn validator(&mut self, ty: &Ty) -> Option<Code> {
        let text = |this: &Self, kind: &str| Some(Code::text(format!("{}.{kind}()", this.v)));
        match ty {
            Ty::Any => text(self, "any"),
            Ty::Null | Ty::Undefined => text(self, "null"),
            Ty::String | Ty::Literal(Literal::Str(_), false) => text(self, "string"),
            Ty::Number | Ty::Literal(Literal::Num(_), false) => text(self, "number"),
            Ty::Boolean | Ty::Literal(Literal::Bool(_), false) => text(self, "boolean"),
            Ty::Int64 => text(self, "int64"),
            Ty::Bytes => text(self, "bytes"),
            Ty::Literal(literal, true) => {
                let value = match literal {
                    Literal::Str(value) => self.style.string(value),
                    Literal::Num(value) => value.to_string(),
                    Literal::Bool(value) => value.to_string(),
                };
                Some(Code::text(format!("{}.literal({value})", self.v)))
            }
            Ty::Id(table) => Some(Code::text(format!("{}.id({})", self.v, self.style.string(table)))),
            Ty::Doc(table) => self.document(table),
            Ty::Array(element) if **element == Ty::Never => self.wrapped("array", &Ty::Any),
            Ty::Array(element) => self.wrapped("array", element),
            Ty::Tuple(items) if items.is_empty() => self.wrapped("array", &Ty::Any),
            // `as const`: the compiler does not let a read-only list be what `v.array` describes.
            Ty::Tuple(_) if is_frozen(ty) => None,
            Ty::Tuple(items) => self.wrapped("array", &Ty::union(items.iter().map(Ty::widened))),
            Ty::Object(object) => {
                let fields = self.fields(object)?;
                Some(Code::call(format!("{}.object", self.v), vec![Code::object(fields)]))
            }
            Ty::Record(pair) => {
                let (key, value) = (self.validator(&pair.0)?, self.strict(&pair.1)?);
                matches!(pair.0, Ty::String | Ty::Id(_)).then(|| Code::call(format!("{}.record", self.v), vec![key, value]))
            }
            Ty::Union(members) => self.union(members),
            _ => None,
        }
    }

    /// The fields of an object as `name: validator`.
    pub fn fields(&mut self, object: &Object) -> Option<Vec<Code>> {
        if object.open {
            return None;
        }
        object.fields.iter().map(|f| self.field(f)).collect()
    }

    fn field(&mut self, field: &Field) -> Option<Code> {
        let absent = field.ty.members().contains(&Ty::Undefined);
        let present = field.ty.filtered(|t| *t != Ty::Undefined);
        if !may_be_field(&field.name) {
            return None;
        }
        // Always `undefined`: the field is never there.
        let value = if present == Ty::Never { Code::text(format!("{}.null()", self.v)) } else { self.strict(&present)? };
        let value = if field.optional || absent { Code::call(format!("{}.optional", self.v), vec![value]) } else { value };
        Some(Code::field(&field.name, value, self.style))
    }

    fn wrapped(&mut self, kind: &str, inner: &Ty) -> Option<Code> {
        let inner = self.strict(inner)?;
        Some(Code::call(format!("{}.{kind}", self.v), vec![inner]))
    }

    /// The validator of a value inside another, where `undefined` cannot stand.
    fn strict(&mut self, ty: &Ty) -> Option<Code> {
        if ty.members().contains(&Ty::Undefined) { None } else { self.validator(ty) }
    }

    fn union(&mut self, members: &[Ty]) -> Option<Code> {
        let mut written: Vec<Code> = Vec::new();
        let mut nullish = false;
        for member in members {
            if matches!(member, Ty::Null | Ty::Undefined) {
                nullish = true;
                continue;
            }
            let code = self.validator(member)?;
            if !written.contains(&code) {
                written.push(code);
            }
        }
        let flags = |value: bool| Code::text(format!("{}.literal({value})", self.v));
        if let (Some(yes), Some(no)) = (written.iter().position(|c| *c == flags(true)), written.iter().position(|c| *c == flags(false))) {
            written[yes.min(no)] = Code::text(format!("{}.boolean()", self.v));
            written.remove(yes.max(no));
        }
        if nullish {
            written.push(Code::text(format!("{}.null()", self.v)));
        }
        if written.len() == 1 { written.pop() } else { Some(Code::call(format!("{}.union", self.v), written)) }
    }

    /// The validator of a document as it is read: the table's own fields and the system's.
    fn document(&mut self, table: &Name) -> Option<Code> {
        let table = self.project.table(table)?;
        let system = [
            Field { name: "_id".into(), ty: Ty::Id(table.name.clone()), optional: false, span: None },
            Field { name: "_creationTime".into(), ty: Ty::Number, optional: false, span: None },
        ];
        let object = match &table.definition.document {
            Ty::Object(object) => object.clone(),
            Ty::Union(members) => {
                let members: Vec<Ty> = members.iter().map(|m| crate::model::infer::with_system_fields(m, &table.name)).collect();
                return self.union(&members);
            }
            _ => return None,
        };
        let mut fields: Vec<Code> = system.iter().filter_map(|f| self.field(f)).collect();
        let known = !object.open && object.fields.iter().all(|f| f.ty.is_data());
        let own = match self.reused_fields(table) {
            Some(spread) => vec![spread],
            None if known && object.fields.len() <= WRITTEN_OUT => self.fields(&object)?,
            None => match self.schema_fields(table) {
                Some(spread) => vec![spread],
                None => self.fields(&object)?,
            },
        };
        fields.extend(own);
        Some(Code::call(format!("{}.object", self.v), vec![Code::object(fields)]))
    }

    /// `...userFields`, where the table is defined by an exported constant.
    fn reused_fields(&mut self, table: &Table) -> Option<Code> {
        // The fields and edges that are added to an ent later on are not among these.
        let (at, expr) = table.definition.fields_at.filter(|_| table.definition.flavor == TableFlavor::Plain)?;
        let module = self.workspace.hir(at);
        let ExprKind::Local(binding) = module.expr(module.bare(expr)) else { return None };
        let declared = module.binding(*binding);
        let (home, name) = match declared.kind {
            BindingKind::Const(_) => (at, declared.name.clone()),
            // Imported into the schema: from there it can be imported here.
            BindingKind::Import(_) => return None,
            _ => return None,
        };
        let exported = self
            .workspace
            .hir(home)
            .exports
            .iter()
            .any(|e| matches!(&e.what, Exported::Binding(b) if *b == *binding) && e.name.as_ref() == Some(&name));
        if home == self.file {
            return Some(Code::text(format!("...{name}{}", self.fields_of_validator(home, *binding)?)));
        }
        if !exported || self.would_cycle(home) {
            return None;
        }
        let path = specifier(&self.workspace.source(self.file).path, &self.workspace.source(home).path);
        let suffix = self.fields_of_validator(home, *binding)?;
        let local = self.imports.named(&path, &name, &name)?;
        Some(Code::text(format!("...{local}{suffix}")))
    }

    /// `.fields` for a `v.object(…)`, nothing for a plain object of validators.
    fn fields_of_validator(&self, file: FileId, binding: crate::model::hir::BindingId) -> Option<&'static str> {
        let module = self.workspace.hir(file);
        let BindingKind::Const(Some(init)) = module.binding(binding).kind else { return None };
        match module.expr(module.bare(init)) {
            ExprKind::Object(_) => Some(""),
            ExprKind::Call(_) if module.method(module.bare(init)).is_some_and(|(_, _, name)| &**name == "object") => Some(".fields"),
            _ => None,
        }
    }

    /// `...schema.tables.users.validator.fields`.
    fn schema_fields(&mut self, table: &Table) -> Option<Code> {
        let schema = self.project.schema.as_ref()?;
        if table.definition.flavor != TableFlavor::Plain || schema.file == self.file || self.would_cycle(schema.file) {
            return None;
        }
        let path = specifier(&self.workspace.source(self.file).path, &self.workspace.source(schema.file).path);
        let local = self.imports.named(&path, "default", "schema")?;
        let access = if crate::writing::code::is_identifier(&table.name) {
            format!(".{}", table.name)
        } else {
            format!("[{}]", self.style.string(&table.name))
        };
        Some(Code::text(format!("...{local}.tables{access}.validator.fields")))
    }

    /// Whether the other file imports this one, so that its values might not be there yet when this one runs.
    fn would_cycle(&self, other: FileId) -> bool {
        self.workspace.reaches(other, self.file)
    }
}

/// Whether all of it is constants that are kept as they are written.
fn is_frozen(ty: &Ty) -> bool {
    match ty {
        Ty::Literal(_, fixed) => *fixed,
        Ty::Null | Ty::Undefined => true,
        Ty::Tuple(items) => items.iter().all(is_frozen),
        Ty::Object(object) => object.fields.iter().all(|f| is_frozen(&f.ty)),
        _ => false,
    }
}

/// Names that Convex admits as fields.
fn may_be_field(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('$') && name.is_ascii()
}
