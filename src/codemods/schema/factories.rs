//! Fields that several tables share: an object of validators becomes a function that makes columns, since a column belongs to one table.

use super::Planner;
use super::facts::Facts;
use super::files::{FileContext, statement_end};
use super::source::Definition;
use super::tables::object_of;
use crate::model::hir::{BindingId, Exported, ExprId, ExprKind, Import, ImportName, Key, TypeNode};
use crate::model::infer::{Held, Infer};
use crate::model::ty::Ty;
use crate::model::{Origin, Workspace};
use crate::source::FileId;
use crate::writing::code::Code;
use crate::writing::imports::specifier;

/// An object of validators that tables are made of.
#[derive(Debug)]
pub struct Factory {
    pub file: FileId,
    pub binding: BindingId,
    /// What the constant is set to.
    value: ExprId,
    /// The object itself.
    object: ExprId,
    /// The name of the function.
    pub name: String,
    /// Nothing else needs the object: it becomes the function.
    in_place: bool,
    /// The tables, by place.
    pub tables: Vec<usize>,
}

/// A place that takes the fields of an object.
struct Taken {
    file: FileId,
    binding: BindingId,
    value: ExprId,
    object: ExprId,
    /// The expression that names it.
    by: (FileId, ExprId),
    table: usize,
}

/// Finds what the tables that are migrated share.
pub fn find(
    workspace: &Workspace,
    infer: &Infer<'_>,
    tables: &[(usize, &Definition, &Facts)],
    contexts: &dyn Fn(FileId, &str) -> String,
) -> Vec<Factory> {
    let mut taken: Vec<Taken> = Vec::new();
    for (at, definition, _) in tables {
        if let Some(fields) = definition.fields {
            collect(workspace, infer, definition.file, fields, *at, 0, &mut taken);
        }
    }
    let mut factories: Vec<Factory> = Vec::new();
    for place in &taken {
        if let Some(known) = factories.iter_mut().find(|f| (f.file, f.binding) == (place.file, place.binding)) {
            if !known.tables.contains(&place.table) {
                known.tables.push(place.table);
            }
            continue;
        }
        let by: Vec<(FileId, ExprId)> =
            taken.iter().filter(|other| (other.file, other.binding) == (place.file, place.binding)).map(|other| other.by).collect();
        let in_place = !is_used_otherwise(workspace, infer, (place.file, place.binding), &by);
        let own = &*workspace.hir(place.file).binding(place.binding).name;
        let name = if in_place { own.to_owned() } else { contexts(place.file, &columns_name(own)) };
        factories.push(Factory {
            file: place.file,
            binding: place.binding,
            value: place.value,
            object: place.object,
            name,
            in_place,
            tables: vec![place.table],
        });
    }
    factories
}

fn collect(workspace: &Workspace, infer: &Infer<'_>, file: FileId, fields: ExprId, table: usize, depth: usize, taken: &mut Vec<Taken>) {
    let module = workspace.hir(file);
    let fields = module.bare(fields);
    if depth > 8 {
        return;
    }
    if let Some(inner) = object_of(workspace, file, fields) {
        return collect(workspace, infer, file, inner, table, depth + 1, taken);
    }
    if let Some(props) = module.as_object(fields) {
        for prop in props.iter().filter(|prop| prop.key == Key::Spread) {
            collect(workspace, infer, file, prop.value, table, depth + 1, taken);
        }
        return;
    }
    if let Some(place) = shared(workspace, infer, file, fields, table) {
        let (file, object) = (place.file, place.object);
        taken.push(place);
        collect(workspace, infer, file, object, table, depth + 1, taken);
    }
}

/// The constant whose fields an expression takes: `auditFields`, `userValidator`, `userValidator.fields`.
fn shared(workspace: &Workspace, infer: &Infer<'_>, file: FileId, id: ExprId, table: usize) -> Option<Taken> {
    let module = workspace.hir(file);
    let (name, held) = match (infer.held(file, id), module.expr(id)) {
        (Some(held), _) => (id, held),
        (None, ExprKind::Member { object, property, .. }) if &**property == "fields" => {
            let name = module.bare(*object);
            (name, infer.held(file, name)?)
        }
        _ => return None,
    };
    let home = workspace.hir(held.file);
    let value = home.bare(held.value);
    let object = match object_of(workspace, held.file, value) {
        Some(inner) => home.bare(inner),
        None if name == id => value,
        None => return None,
    };
    home.as_object(object)?;
    Some(Taken { file: held.file, binding: held.binding?, value: held.value, object, by: (file, name), table })
}

/// Whether anything but these places names the constant.
pub fn is_used_otherwise(workspace: &Workspace, infer: &Infer<'_>, place: (FileId, BindingId), by: &[(FileId, ExprId)]) -> bool {
    workspace.files.iter().any(|file| {
        let (id, module) = (file.source.id, &file.hir);
        module.bindings.iter().enumerate().any(|(i, binding)| {
            let is_own = (id, BindingId(i as u32)) == place;
            let is_import = || {
                let first = binding.uses.first().filter(|_| module.import(binding).is_some());
                first.and_then(|first| infer.held(id, *first)).is_some_and(|held| (held.file, held.binding) == (place.0, Some(place.1)))
            };
            if !is_own && module.import(binding).is_some_and(|import| import.name == ImportName::Namespace) {
                return is_used_as_member(workspace, infer, place, (id, BindingId(i as u32)), by);
            }
            if !is_own && !is_import() {
                return false;
            }
            let is_type = module.types().any(|node| matches!(node, TypeNode::TypeOf { binding: Some(b), .. } if b.0 as usize == i));
            is_type || binding.uses.iter().any(|usage| !by.contains(&(id, *usage)))
        })
    })
}

/// Whether the constant may be reached through `import * as all`, but for these places.
fn is_used_as_member(
    workspace: &Workspace,
    infer: &Infer<'_>,
    place: (FileId, BindingId),
    (file, all): (FileId, BindingId),
    by: &[(FileId, ExprId)],
) -> bool {
    let module = workspace.hir(file);
    let is_place = |held: &Held| (held.file, held.binding) == (place.0, Some(place.1));
    let of_all = |object: ExprId| matches!(module.expr(module.bare(object)), ExprKind::Local(binding) if *binding == all);
    let members = || module.exprs().filter(|(_, kind)| matches!(kind, ExprKind::Member { object, .. } if of_all(*object)));
    let is_otherwise = |(id, _): (ExprId, &ExprKind)| !by.contains(&(file, id)) && infer.held(file, id).as_ref().is_some_and(is_place);
    if members().any(is_otherwise) {
        return true;
    }
    // Handed on as a whole, or named in a type: anything may be done with what it has.
    let is_whole = members().count() < module.binding(all).uses.len() || module.type_uses(all).next().is_some();
    let name = ImportName::Named(workspace.hir(place.0).binding(place.1).name.clone());
    let leads_there = |import: &Import| {
        let origin = infer.world.origin(file, &import.module, &name);
        matches!(origin, Origin::Here(home, Exported::Binding(binding)) if (home, binding) == place)
    };
    is_whole && module.import(module.binding(all)).is_some_and(leads_there)
}

/// `auditFields` makes `auditColumns`.
fn columns_name(name: &str) -> String {
    let endings = ["Fields", "Validators", "Validator", "Schema", "Args", "Object", "Columns"];
    let stem = endings.iter().find_map(|ending| name.strip_suffix(ending)).filter(|stem| !stem.is_empty()).unwrap_or(name);
    format!("{}Columns", stem.strip_prefix("v").filter(|rest| rest.starts_with(char::is_uppercase)).map_or(stem.to_owned(), lower_first))
}

fn lower_first(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

impl Planner<'_> {
    /// `auditColumns()`, for the fields that an expression takes over.
    pub fn factory_call(&self, file: FileId, id: ExprId, cx: &FileContext<'_>) -> Option<String> {
        let place = shared(self.workspace, self.infer, file, self.workspace.hir(file).bare(id), 0)?;
        let factory = self.factories.iter().find(|f| (f.file, f.binding) == (place.file, place.binding))?;
        if factory.file == cx.file {
            return Some(format!("{}()", factory.name));
        }
        // As the object was imported.
        let module = self.workspace.hir(file);
        let import = match module.expr(place.by.1) {
            ExprKind::Local(binding) if file == cx.file => {
                module.import(module.binding(*binding)).map(|import| (import.module.to_string(), binding))
            }
            // `members.auditFields` makes `members.auditColumns()`.
            ExprKind::Member { object, .. } if file == cx.file && self.infer.expr(file, *object) == Ty::Namespace(factory.file) => {
                return Some(format!("{}.{}()", self.workspace.text(module.span(*object)), factory.name));
            }
            _ => None,
        };
        if let Some((_, binding)) = import.as_ref().filter(|_| factory.in_place) {
            return Some(format!("{}()", module.binding(**binding).name));
        }
        let path = import.map_or_else(
            || specifier(&self.workspace.source(cx.file).path, &self.workspace.source(factory.file).path),
            |(module, _)| module,
        );
        Some(format!("{}()", cx.want(&path, &factory.name, &factory.name)))
    }

    /// Writes the functions; `false` where one cannot be written.
    pub fn write_factories(&self) -> bool {
        self.unwritable_factories().next().is_none()
    }

    /// Writes them all, and says which cannot be.
    pub fn unwritable_factories(&self) -> impl Iterator<Item = &Factory> {
        self.factories.iter().filter(|factory| self.write_factory(factory).is_none())
    }

    fn write_factory(&self, factory: &Factory) -> Option<()> {
        let cx = self.contexts.get(&factory.file)?;
        let holders: Vec<&Facts> = factory.tables.iter().filter_map(|at| self.facts.get(*at)).collect();
        let columns = self.field_lines(&holders, factory.file, factory.object, cx)?;
        let module = self.workspace.hir(factory.file);
        let code = Code::list("({", columns.lines, "})", true, columns.is_broken);
        let value = module.span(factory.value);
        if factory.in_place {
            let column = 6 + factory.name.len() + 9;
            cx.edit(value, format!("() => {}", code.print(cx.style, "", column, 1)));
            return Some(());
        }
        let source = self.workspace.source(factory.file);
        let end = statement_end(&source.text, value.end);
        let newline = cx.style.newline;
        let head = format!("export const {} = () => ", factory.name);
        let column = head.chars().count();
        let body = code.print(cx.style, "", column, 1);
        cx.edit(module.at(end, end), format!("{newline}{newline}{head}{body}{}", cx.style.semicolon()));
        Some(())
    }
}
