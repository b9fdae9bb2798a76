//! The old schema as it is written: the call that makes it, the objects that list its tables, and the calls that make each table.
//!
//! Follows names to where they stand. What a table comes to is the model's business; here is only where its parts are.

use super::factories::is_used_otherwise;
use super::pieces::{Piece, pieces};
use crate::model::hir::{BindingId, Call, ExprId, ExprKind, Key, Name, PropKind};
use crate::model::infer::{Held, Infer};
use crate::model::ty::Ty;
use crate::model::{Project, Workspace};
use crate::source::{FileId, Span};

/// Which library a call belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    Convex,
    Ents,
    Orm,
}

/// `defineSchema(tables, options)` of one of them.
pub struct SchemaCall {
    pub maker: Maker,
    pub file: FileId,
    pub call: ExprId,
    pub options: Option<ExprId>,
    /// The objects that list tables; the first is the schema's own.
    pub groups: Vec<Group>,
    pub entries: Vec<Entry>,
}

/// An object that lists tables.
pub struct Group {
    pub file: FileId,
    pub object: ExprId,
    /// The constant that holds the object; `None` where it is written into the call.
    pub binding: Option<BindingId>,
    /// The schema call whose argument the object is, where another schema spreads its `tables`.
    pub inner_call: Option<ExprId>,
    /// It is what `defineEntsFromTables` was given.
    pub is_taken: bool,
    pub slots: Vec<Slot>,
}

/// What a property of such an object is.
pub enum Slot {
    /// A table: one of the entries.
    Table(usize),
    /// Another object of tables: one of the groups.
    Group(usize),
    /// Tables of a package, or something that cannot be read.
    Opaque,
}

/// A table, as the schema lists it.
pub struct Entry {
    pub name: Name,
    pub group: usize,
    /// The property that names it.
    pub property: Span,
    pub home: Home,
    /// `None` where it is not made by calls that are understood.
    pub definition: Option<Definition>,
}

/// Where the definition of a table stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// In the object that lists it.
    Inline,
    Const(FileId, BindingId),
    /// It is what the file exports by default.
    Default(FileId),
}

/// `defineEnt({ … }).field(…).index(…)`.
pub struct Definition {
    pub file: FileId,
    pub whole: ExprId,
    pub maker: Maker,
    /// The call of `defineEnt`, `defineTable` or `convexTable`.
    pub call: ExprId,
    pub fields: Option<ExprId>,
    /// The table that ents took from elsewhere: `defineEntFromTable(authTables.users)`.
    pub base: Option<ExprId>,
    /// The definition is a constant's, and ents took it from there.
    pub taken: Option<Taken>,
    pub steps: Vec<Step>,
}

/// `defineEntFromTable(usersTable).edges(…)`, where the constant is the project's own and nothing else needs it.
pub struct Taken {
    pub file: FileId,
    pub whole: ExprId,
    /// The call of `defineEntFromTable`, and what it is given.
    call: ExprId,
    pub argument: ExprId,
    binding: BindingId,
    /// It stands in the object that lists the table, and not in another constant.
    pub is_listed: bool,
}

/// `.method(…)` on a definition.
#[derive(Clone, Copy)]
pub struct Step {
    pub call: ExprId,
    /// From the `.` to the closing bracket.
    pub span: Span,
}

/// How deep objects of tables are spread into each other at most.
const DEPTH: usize = 8;

pub struct Reader<'a> {
    pub workspace: &'a Workspace,
    pub infer: &'a Infer<'a>,
}

impl Reader<'_> {
    /// The call that makes the project's schema, with all that it lists. `None` where it makes no sense of it.
    pub fn schema(&self, project: &Project) -> Option<SchemaCall> {
        let span = project.schema.as_ref()?.span;
        let module = self.workspace.hir(span.file);
        let (id, _) = module.exprs().find(|(id, kind)| matches!(kind, ExprKind::Call(_)) && module.span(*id) == span)?;
        let call = module.call(id)?;
        let maker = self.schema_maker(span.file, call)?;
        let argument = call.args.first().filter(|arg| !arg.spread)?.value;
        let options = call.args.get(1).map(|arg| arg.value);
        let mut found = SchemaCall { maker, file: span.file, call: id, options, groups: Vec::new(), entries: Vec::new() };
        let (file, object, binding) = self.object(span.file, argument)?;
        self.add_group(&mut found, Group { file, object, binding, inner_call: None, is_taken: false, slots: Vec::new() }, 0);
        Some(found)
    }

    /// Adds the group and those that it spreads; returns its place.
    fn add_group(&self, found: &mut SchemaCall, group: Group, depth: usize) -> usize {
        let place = found.groups.len();
        let (file, object) = (group.file, group.object);
        found.groups.push(group);
        let module = self.workspace.hir(file);
        let mut slots = Vec::new();
        for prop in module.as_object(object).unwrap_or_default() {
            let property = module.at(prop.start, prop.end);
            let slot = match &prop.key {
                Key::Name(name) if matches!(prop.kind, PropKind::KeyValue | PropKind::Shorthand) => {
                    let (home, definition) = self.definition(file, prop.value);
                    found.entries.push(Entry { name: name.clone(), group: place, property, home, definition });
                    Slot::Table(found.entries.len() - 1)
                }
                Key::Spread => match self.spread_group(file, prop.value).filter(|_| depth < DEPTH) {
                    Some(inner) => Slot::Group(self.add_group(found, inner, depth + 1)),
                    None => Slot::Opaque,
                },
                _ => Slot::Opaque,
            };
            slots.push(slot);
        }
        found.groups[place].slots = slots;
        place
    }

    /// `...tables`, `...ents.tables`, where the object is the project's own and written out.
    fn spread_group(&self, file: FileId, value: ExprId) -> Option<Group> {
        let module = self.workspace.hir(file);
        if let ExprKind::Member { object, property, .. } = module.expr(module.bare(value))
            && &**property == "tables"
        {
            let held = self.infer.held(file, *object)?;
            let module = self.workspace.hir(held.file);
            let id = module.bare(held.value);
            let call = module.call(id)?;
            self.schema_maker(held.file, call)?;
            let (file, object, binding) = self.object(held.file, call.args.first()?.value)?;
            return Some(Group { file, object, binding, inner_call: Some(id), is_taken: false, slots: Vec::new() });
        }
        let taken = self.ents_of(file, value);
        let (file, object, binding) = self.object(file, taken.unwrap_or(value))?;
        Some(Group { file, object, binding, inner_call: None, is_taken: taken.is_some(), slots: Vec::new() })
    }

    /// The argument of `defineEntsFromTables(…)`.
    pub fn ents_of(&self, file: FileId, value: ExprId) -> Option<ExprId> {
        let module = self.workspace.hir(file);
        let call = module.call(module.bare(value))?;
        let Ty::External(external) = self.infer.expr(file, call.callee) else { return None };
        let argument = call.args.first().filter(|arg| !arg.spread).map(|arg| arg.value)?;
        external.is("convex-ents", &["defineEntsFromTables"]).then_some(argument)
    }

    /// The object literal that an expression is or names.
    fn object(&self, file: FileId, id: ExprId) -> Option<(FileId, ExprId, Option<BindingId>)> {
        if self.workspace.hir(file).as_object(id).is_some() {
            return Some((file, self.workspace.hir(file).bare(id), None));
        }
        let Held { file, value, binding } = self.infer.held(file, id)?;
        let module = self.workspace.hir(file);
        module.as_object(value)?;
        Some((file, module.bare(value), Some(binding?)))
    }

    fn definition(&self, file: FileId, value: ExprId) -> (Home, Option<Definition>) {
        let (home, mut definition) = match self.infer.held(file, value) {
            Some(Held { file, value, binding }) => {
                let home = binding.map_or(Home::Default(file), |binding| Home::Const(file, binding));
                (home, self.chain(file, value))
            }
            None => (Home::Inline, self.chain(file, value)),
        };
        let Some(Definition { file, taken: Some(taken), .. }) = &mut definition else { return (home, definition) };
        taken.is_listed = home == Home::Inline;
        (Home::Const(*file, taken.binding), definition)
    }

    /// The definition of a constant that ents took its table from. Nothing else may need it, since edges are going to add to it.
    fn taken(&self, file: FileId, whole: ExprId, call: ExprId, argument: ExprId, steps: &[Step]) -> Option<Definition> {
        let held = self.infer.held(file, argument)?;
        let inner = self.chain(held.file, held.value).filter(|inner| inner.maker == Maker::Convex)?;
        // Validators of a field are written with the names of their file.
        let adds_fields = |step: &Step| step.parts(self.workspace).is_none_or(|(method, _)| method == "field");
        let is_apart = held.file != file && steps.iter().any(adds_fields);
        let place = (held.file, held.binding?);
        if is_apart || is_used_otherwise(self.workspace, self.infer, place, &[(file, self.workspace.hir(file).bare(argument))]) {
            return None;
        }
        let taken = Taken { file, whole, call, argument, binding: held.binding?, is_listed: false };
        let steps = inner.steps.into_iter().chain(steps.iter().copied()).collect();
        Some(Definition { maker: Maker::Ents, taken: Some(taken), steps, ..inner })
    }

    /// The calls that a definition is made of, from the innermost to the outermost.
    fn chain(&self, file: FileId, whole: ExprId) -> Option<Definition> {
        let module = self.workspace.hir(file);
        let mut steps = Vec::new();
        let mut at = module.bare(whole);
        loop {
            let call = module.call(at)?;
            let (maker, path) = match self.infer.expr(file, call.callee) {
                Ty::External(external) => (maker_of(&external.module), external.path.last().cloned()),
                _ => (None, None),
            };
            let name = path.as_deref().unwrap_or_default();
            let fields = |place: usize| call.args.get(place).filter(|arg| !arg.spread).map(|arg| arg.value);
            let (maker, fields) = match (maker, name) {
                (Some(Maker::Ents), "defineEnt") => (Maker::Ents, fields(0)),
                (Some(Maker::Convex), "defineTable") => (Maker::Convex, fields(0)),
                (Some(Maker::Orm), "convexTable") => (Maker::Orm, fields(1)),
                // The same table with more to it.
                (Some(Maker::Ents), "defineEntFromTable") => {
                    steps.reverse();
                    let argument = fields(0)?;
                    let Some(inner) = self.chain(file, argument) else {
                        let whole = module.bare(whole);
                        return self.taken(file, whole, at, argument, &steps).or(Some(Definition {
                            file,
                            whole,
                            maker: Maker::Ents,
                            call: at,
                            fields: None,
                            base: Some(argument),
                            taken: None,
                            steps,
                        }));
                    };
                    let steps = inner.steps.into_iter().chain(steps).collect();
                    return Some(Definition { whole: module.bare(whole), maker: Maker::Ents, steps, ..inner });
                }
                _ => {
                    let (_, object, _) = module.method(at)?;
                    let dot = self.dot_of(file, object, at);
                    steps.push(Step { call: at, span: dot });
                    at = module.bare(object);
                    continue;
                }
            };
            steps.reverse();
            return Some(Definition { file, whole: module.bare(whole), maker, call: at, fields, base: None, taken: None, steps });
        }
    }

    /// From the `.` of a method call to its end; white space and comments before it belong to neither.
    fn dot_of(&self, file: FileId, object: ExprId, call: ExprId) -> Span {
        let module = self.workspace.hir(file);
        let (from, to) = (module.span(object).end, module.span(call).end);
        let source = self.workspace.source(file);
        let between = module.at(from, to);
        let mut at = from;
        for comment in source.comments_in(between) {
            if source.text[at as usize..comment.start as usize].trim().is_empty() {
                at = comment.end;
            }
        }
        let rest = &source.text[at as usize..to as usize];
        let dot = at + (rest.len() - rest.trim_start().len()) as u32;
        module.at(dot, to)
    }

    fn schema_maker(&self, file: FileId, call: &Call) -> Option<Maker> {
        let Ty::External(external) = self.infer.expr(file, call.callee) else { return None };
        let is_schema = external.path.last().is_some_and(|name| matches!(&**name, "defineSchema" | "defineEntSchema"));
        maker_of(&external.module).filter(|_| is_schema)
    }
}

impl Definition {
    /// The comments around each call on it.
    pub fn step_pieces(&self, workspace: &Workspace) -> Vec<Piece> {
        let own = workspace.hir(self.file);
        let whole = own.span(self.whole);
        let (inner, outer): (Vec<Span>, Vec<Span>) = self.steps.iter().map(|step| step.span).partition(|span| whole.contains(*span));
        let around = Span { start: own.span(self.call).end, ..whole };
        let (mut found, _) = pieces(workspace.source(self.file), around, &inner);
        if let Some(taken) = &self.taken {
            let module = workspace.hir(taken.file);
            let around = Span { start: module.span(taken.call).end, ..module.span(taken.whole) };
            found.extend(pieces(workspace.source(taken.file), around, &outer).0);
        }
        found
    }
}

impl Step {
    /// The name of the method and its arguments.
    pub fn parts<'w>(&self, workspace: &'w Workspace) -> Option<(&'w str, &'w Call)> {
        let (call, _, name) = workspace.hir(self.span.file).method(self.call)?;
        Some((name, call))
    }
}

/// Whose module it is.
pub fn maker_of(module: &str) -> Option<Maker> {
    match module {
        "convex/server" => Some(Maker::Convex),
        "convex-ents" => Some(Maker::Ents),
        "better-convex/orm" | "better-convex/server" | "kitcn/orm" => Some(Maker::Orm),
        _ => None,
    }
}
