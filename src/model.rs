//! The nouns that rules and codemods ask: files, projects, tables, functions, queries. They hold no findings.
//!
//! What cannot be told from the source is kept as such (`Ty::Unknown`, `Option::None`), and never guessed.

pub mod absence;
pub mod assignable;
pub mod branches;
pub mod calls;
pub mod effects;
pub mod functions;
pub mod graph;
pub mod hir;
pub mod indexes;
pub mod infer;
pub mod layout;
pub mod node;
pub mod order;
pub mod orm_calls;
pub mod promises;
mod link;
mod lower;
pub mod queries;
pub mod readers;
pub mod relations;
pub mod repetition;
pub mod schema;
mod seen;
pub mod tables;
pub mod ty;
mod world;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::OnceLock;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

pub use calls::{Callee, PlatformCall};
pub use effects::{Effect, Reach};
pub use functions::Function;
pub use graph::{Graph, Reference};
use infer::Infer;
pub use layout::{Layout, PathAliases, Root};
use link::{Kept, Linked};
pub use queries::DbQuery;
pub use readers::Readers;
pub use relations::{Relation, RelationForm};
pub use repetition::Repeat;
pub use schema::{Schema, Table};
pub use tables::TableUse;
use world::Places;
pub use world::{ImportedFile, Origin, World};

use crate::source::{Block, FileId, SourceFile, Span};
use crate::style::Style;

/// One file with its facts.
#[derive(Debug)]
pub struct File {
    pub source: SourceFile,
    pub hir: hir::Module,
    pub role: Role,
    style: OnceLock<Style>,
}

/// What a file is to its project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Code of the backend: rules look here.
    Backend,
    /// A test beside the backend's code; never deployed.
    Test,
    /// Written by `convex codegen`.
    Generated,
    /// Outside of every functions folder; read because backend code imports it, or because it speaks of Convex itself.
    Support,
}

/// Reads one file: parse, keep its facts, drop the tree. Pure; run in parallel.
pub fn read(id: FileId, path: String, text: String) -> File {
    let (source, tree) = crate::source::parse(id, path, text);
    let hir = tree.map_or_else(|| hir::Module::empty(id), |tree| lower::lower(&tree, id));
    File { source, hir, role: Role::Backend, style: OnceLock::new() }
}

/// Reads a block of code in a page. A fragment is read as what it is a part of; one that is nothing of TypeScript's says nothing.
pub fn read_block(id: FileId, path: String, text: &str, block: Block) -> File {
    /// What may be around the lines of an example: nothing, an expression, the members of an object, a function.
    const AROUND: [(&str, &str); 4] = [("", ""), ("(", ")"), ("({", "})"), ("(async _=>{", "})")];
    for (before, after) in AROUND {
        let Some(framed) = framed(text, &block, before, after) else { continue };
        let (source, tree) = crate::source::parse_as(id, path.clone(), framed, Some(block.clone()));
        if let Some(tree) = tree.filter(|_| source.errors.is_empty()) {
            let hir = lower::lower(&tree, id);
            return File { source, hir, role: Role::Support, style: OnceLock::new() };
        }
    }
    File::silent(
        SourceFile { errors: Vec::new(), block: Some(block), ..SourceFile::unread(id, path, String::new(), String::new()) },
        Role::Support,
    )
}

/// The text with something written on the blank lines before and after the block; `None` where there is no room.
fn framed(text: &str, block: &Block, before: &str, after: &str) -> Option<String> {
    if before.is_empty() {
        return Some(text.to_owned());
    }
    let head = text.get(..block.start as usize)?;
    let line = head.trim_end_matches(['\n', '\r']);
    let (end, tail) = (text.len() - block.after as usize, text.get(text.len() - block.after as usize..)?);
    let has_room = line.ends_with(&" ".repeat(before.len())) && tail.starts_with(&" ".repeat(after.len()));
    has_room.then(|| format!("{}{before}{}{after}{}", &line[..line.len() - before.len()], &text[line.len()..end], &tail[after.len()..]))
}

impl File {
    /// The same file with another text.
    fn with_text(&self, text: String) -> Self {
        let SourceFile { id, path, block, .. } = &self.source;
        let (source, tree) = crate::source::parse_as(*id, path.clone(), text, block.clone());
        let hir = tree.map_or_else(|| hir::Module::empty(*id), |tree| lower::lower(&tree, *id));
        Self { source, hir, role: self.role, style: OnceLock::new() }
    }

    /// A file that says nothing: one that could not be read.
    pub fn silent(source: SourceFile, role: Role) -> Self {
        Self { hir: hir::Module::empty(source.id), source, role, style: OnceLock::new() }
    }

    /// How the file is written; told from its text when first asked.
    pub fn style(&self) -> &Style {
        self.style.get_or_init(|| Style::of(&self.source.text))
    }

    /// Whether it imports something to run tests with, whatever its name says.
    fn runs_tests(&self) -> bool {
        let is_runner = |module: &str| matches!(module, "vitest" | "convex-test" | "@jest/globals" | "bun:test" | "node:test");
        self.hir.imports.iter().any(|import| !import.type_only && is_runner(&import.module))
    }

    /// Takes the file for a test where its text says that it is one.
    fn find_tests(&mut self) {
        if matches!(self.role, Role::Backend | Role::Support) && self.runs_tests() {
            self.role = Role::Test;
        }
    }

    /// The module specifiers that this file imports or re-exports from, each once.
    pub fn imports(&self) -> impl Iterator<Item = &str> {
        let imports = &self.hir.imports;
        imports
            .iter()
            .enumerate()
            .filter(|(i, import)| *i == 0 || imports[i - 1].module != import.module)
            .map(|(_, import)| &*import.module)
    }
}

/// All files of a run, linked.
#[derive(Debug)]
pub struct Workspace {
    /// By id: `files[i].source.id.0 == i`.
    pub files: Vec<File>,
    pub layout: Layout,
    /// One for each root of the layout, in its order, and one for the files of no root, without a schema.
    pub projects: Vec<Project>,
    /// For each file, by its id, the files whose values it imports.
    imports: Vec<Vec<ImportedFile>>,
    places: Places,
    /// What makes it cheap to link again after an edit, where that was asked for.
    kept: Option<Kept>,
    shared: OnceLock<schema::Shared>,
}

/// One Convex backend: a functions folder and what it imports. Nouns are in order of file and place.
#[derive(Debug, Default)]
pub struct Project {
    pub files: Vec<FileId>,
    /// `None` where there is none, or it cannot be read: then nothing is known of tables and indexes.
    pub schema: Option<Schema>,
    pub functions: Vec<Function>,
    pub queries: Vec<DbQuery>,
    by_origin: FxHashMap<(FileId, hir::ExprId), Vec<u32>>,
    by_table: OnceLock<ByTable>,
    pub calls: Vec<PlatformCall>,
    /// Reads of the environment by name.
    pub env_reads: Vec<calls::EnvName>,
    /// The variables of the environment that the project declares.
    pub declared_env: Vec<calls::EnvName>,
    pub table_uses: Vec<TableUse>,
    /// What an ORM's tables call the rows that they are connected with.
    pub relations: Vec<Relation>,
    /// Calls, or properties in them, that make relations that are not listed.
    pub unread_relations: Vec<Span>,
    /// Reads and writes through an ORM.
    pub orm_reads: Vec<orm_calls::OrmRead>,
    pub orm_writes: Vec<orm_calls::OrmWrite>,
    /// Reads, runs and calls of the project's functions that are made for each of many.
    pub repeats: Vec<Repeat>,
    pub readers: Readers,
    /// Calls between the project's functions, and references to registered ones.
    pub graph: Graph,
    pub is_component: bool,
}

impl Workspace {
    /// Joins the files into projects. `files[i]` has the id `i`.
    pub fn link(files: Vec<File>, layout: Layout) -> Self {
        Self::linked(files, layout, false)
    }

    /// The same, for an editor: takes a little longer, so that replacing a text takes much less.
    pub fn link_for_edits(files: Vec<File>, layout: Layout) -> Self {
        Self::linked(files, layout, true)
    }

    fn linked(mut files: Vec<File>, layout: Layout, is_kept: bool) -> Self {
        files.iter_mut().for_each(File::find_tests);
        let Linked { projects, imports, places, kept } = link::link(&files, &layout, is_kept);
        Self { files, layout, projects, imports, places, kept, shared: OnceLock::new() }
    }

    /// Replaces the text of some files and links again; all others keep their facts.
    pub fn with_texts(mut self, texts: Vec<(FileId, String)>) -> Self {
        let changed: Vec<FileId> = texts.iter().map(|(id, _)| *id).collect();
        for (id, text) in texts {
            let slot = &mut self.files[id.0 as usize];
            let role = match slot.role {
                // That it is a test may have been said by the text.
                Role::Test => self.layout.role_of(&slot.source.path),
                role => role,
            };
            *slot = slot.with_text(text);
            slot.role = role;
            slot.find_tests();
        }
        let Some(kept) = self.kept else { return Self::link(self.files, self.layout) };
        let before = Linked { projects: self.projects, imports: self.imports, places: self.places, kept: Some(kept) };
        let Linked { projects, imports, places, kept } = link::link_again(&self.files, &self.layout, before, &changed);
        Self { files: self.files, layout: self.layout, projects, imports, places, kept, shared: OnceLock::new() }
    }

    /// The program as it would be with these texts, read as far as the schemas need it: other files say nothing in it.
    pub fn with_schemas(&self, texts: &BTreeMap<FileId, &str>) -> Self {
        let mut needed = vec![false; self.files.len()];
        let mut queue: Vec<FileId> = self.projects.iter().filter_map(|project| Some(project.schema.as_ref()?.file)).collect();
        queue.extend(texts.keys());
        while let Some(file) = queue.pop() {
            if !std::mem::replace(&mut needed[file.0 as usize], true) {
                queue.extend(self.imports[file.0 as usize].iter().map(|i| i.file));
            }
        }
        let files = self.files.par_iter().zip(needed).map(|(file, is_needed)| {
            let SourceFile { id, path, text, .. } = &file.source;
            if !is_needed {
                return File::silent(SourceFile::unread(*id, path.clone(), String::new(), String::new()), file.role);
            }
            file.with_text(texts.get(id).map_or_else(|| text.to_string(), |text| (*text).to_owned()))
        });
        Self::link(files.collect(), self.layout.clone())
    }

    pub fn source(&self, file: FileId) -> &SourceFile {
        &self.files[file.0 as usize].source
    }

    pub fn hir(&self, file: FileId) -> &hir::Module {
        &self.files[file.0 as usize].hir
    }

    /// Whether running the first file runs the other: it imports it, or imports a file that does.
    pub fn reaches(&self, from: FileId, to: FileId) -> bool {
        let mut seen = vec![false; self.files.len()];
        let mut queue = vec![from];
        while let Some(file) = queue.pop() {
            if file == to {
                return true;
            }
            if !std::mem::replace(&mut seen[file.0 as usize], true) {
                queue.extend(self.imports[file.0 as usize].iter().filter(|i| i.is_used).map(|i| i.file));
            }
        }
        false
    }

    /// The files whose values this one imports, each once.
    pub fn imports_of(&self, file: FileId) -> &[ImportedFile] {
        self.imports.get(file.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// The file of this path.
    pub fn file_at(&self, path: &str) -> Option<FileId> {
        self.files.iter().find(|file| file.source.path == path).map(|file| file.source.id)
    }

    /// The functions folder that holds the file, without a `/` at its end.
    pub fn functions_folder(&self, file: FileId) -> Option<&str> {
        let root = self.layout.root_of(&self.source(file).path).filter(|_| self.source(file).block.is_none())?;
        Some(&self.layout.roots.get(root)?.functions)
    }

    /// Whether Convex takes the file for a module of functions: it lies in the functions folder, and its name has one dot.
    pub fn is_entry(&self, file: FileId) -> bool {
        let name = self.source(file).path.rsplit('/').next().unwrap_or_default();
        self.files[file.0 as usize].role == Role::Backend && self.functions_folder(file).is_some() && name.matches('.').count() == 1
    }

    pub fn style(&self, file: FileId) -> &Style {
        self.files[file.0 as usize].style()
    }

    /// Asks what expressions are, those of the file above all.
    ///
    /// What is said of documents goes by the fields written in the answer, not by a schema: `Ty::Doc` stays a name.
    pub fn ask<T>(&self, home: FileId, questions: impl FnOnce(&Infer<'_>) -> T) -> T {
        questions(&Infer::new(&self.world(), home))
    }

    /// The program, to be asked about.
    pub fn world(&self) -> World<'_> {
        World::of(&self.files, &self.layout, &self.places)
    }

    /// Asks the same about many files, in their order; here a `Ty::Doc` has the fields that the project's schema gives it.
    pub fn ask_each<T: Send>(&self, files: &[FileId], question: impl Fn(FileId, &Infer<'_>) -> T + Sync) -> Vec<T> {
        let mut world = World::new(&self.files, &self.layout, false);
        world.schemas = self.projects.iter().map(|project| project.schema.clone()).collect();
        files.par_iter().map(|file| question(*file, &Infer::new(&world, *file))).collect()
    }

    /// The text of a range, as written.
    pub fn text(&self, span: Span) -> &str {
        self.source(span.file).slice(span)
    }
}

impl Project {
    /// The tables whose definition stands in the file; where it is imported, the file that defines it, not the schema's.
    pub fn tables_in(&self, file: FileId) -> impl Iterator<Item = &Table> {
        self.schema.iter().flat_map(|s| &s.tables).filter(move |t| t.definition.span.file == file)
    }

    pub fn table(&self, name: &str) -> Option<&Table> {
        self.schema.as_ref()?.table(name)
    }

    /// The queries that end in the function, or in one that stands in it, in source order.
    pub fn queries_in(&self, module: &hir::Module, func: hir::FuncId) -> &[DbQuery] {
        in_func(in_file(&self.queries, module.file, |q| q.file), module, func, |q| q.call)
    }

    /// The query that ends with the call, the first where that may be several.
    pub fn query_at(&self, file: FileId, call: hir::ExprId) -> Option<&DbQuery> {
        let at = self.queries.partition_point(|q| (q.file, q.call) < (file, call));
        self.queries.get(at).filter(|q| (q.file, q.call) == (file, call))
    }

    /// The calls of Convex that stand in the expression, or are it, in source order.
    pub fn calls_at(&self, module: &hir::Module, expr: hir::ExprId) -> &[PlatformCall] {
        let calls = in_file(&self.calls, module.file, |c| c.file);
        let to = calls.partition_point(|c| c.call <= expr);
        let span = module.span(expr);
        let count = calls[..to].iter().rev().take_while(|c| span.contains(module.span(c.call))).count();
        &calls[to - count..to]
    }

    /// The calls of Convex in the function, or in one that stands in it, in source order.
    pub fn calls_in(&self, module: &hir::Module, func: hir::FuncId) -> &[PlatformCall] {
        in_func(in_file(&self.calls, module.file, |c| c.file), module, func, |c| c.call)
    }

    /// Every query that begins with this call of `db.query`: one that is held in a variable may be ended more than once.
    pub fn queries_from(&self, origin: (FileId, hir::ExprId)) -> impl Iterator<Item = &DbQuery> {
        let places = self.by_origin.get(&origin).map_or(&[][..], Vec::as_slice);
        places.iter().map(|at| &self.queries[*at as usize])
    }

    /// Every query that surely or possibly reads the table through the database, in order.
    pub fn queries_on(&self, table: &hir::Name) -> impl Iterator<Item = &DbQuery> {
        let by_table = self.by_table.get_or_init(|| ByTable::of(self.queries.iter().map(|q| &q.table)));
        by_table.on(table).map(|at| &self.queries[at])
    }
}

/// Tells what expressions are, as [`Workspace::ask`] does.
pub trait Answers {
    /// Hands on who knows of the expressions of the file above all.
    fn of(&self, home: FileId, question: &mut dyn FnMut(&Infer<'_>));
}

/// Interpreters for one piece of work on one thread: each is made when it is first asked, and keeps what it found.
pub struct Interpreters<'w> {
    world: &'w World<'w>,
    homes: RefCell<FxHashMap<FileId, Rc<Infer<'w>>>>,
}

impl<'w> Interpreters<'w> {
    pub fn new(world: &'w World<'w>) -> Self {
        Self { world, homes: RefCell::default() }
    }
}

impl Answers for Interpreters<'_> {
    fn of(&self, home: FileId, question: &mut dyn FnMut(&Infer<'_>)) {
        let infer = self.homes.borrow_mut().entry(home).or_insert_with(|| Rc::new(Infer::new(self.world, home))).clone();
        question(&infer);
    }
}

/// The places in a list whose items name a table, or do not say which.
#[derive(Debug, Default)]
struct ByTable(FxHashMap<Option<hir::Name>, Vec<u32>>);

impl ByTable {
    fn of<'t>(tables: impl Iterator<Item = &'t Option<hir::Name>>) -> Self {
        let mut by_table = Self::default();
        tables.enumerate().for_each(|(at, table)| by_table.0.entry(table.clone()).or_default().push(at as u32));
        by_table
    }

    /// The items that surely or possibly mean the table, in the order of the list.
    fn on(&self, table: &hir::Name) -> impl Iterator<Item = usize> {
        let places = |table: Option<hir::Name>| self.0.get(&table).map_or(&[][..], Vec::as_slice).iter().copied().peekable();
        let (mut surely, mut possibly) = (places(Some(table.clone())), places(None));
        let next = move || match (surely.peek(), possibly.peek()) {
            (Some(sure), Some(possible)) if sure < possible => surely.next(),
            (Some(_), None) => surely.next(),
            _ => possibly.next(),
        };
        std::iter::from_fn(next).map(|at| at as usize)
    }
}

/// What stands in the function, out of a list of its file in order of place.
pub fn in_func<'a, T>(list: &'a [T], module: &hir::Module, func: hir::FuncId, at: impl Fn(&T) -> hir::ExprId) -> &'a [T] {
    let (first, end) = module.func(func).holds.exprs;
    let from = list.partition_point(|item| at(item) < first);
    let to = list.partition_point(|item| at(item) < end);
    list.get(from..to).unwrap_or_default()
}

/// The nouns of one file, out of a list in order of files.
pub fn in_file<T>(list: &[T], file: FileId, file_of: impl Fn(&T) -> FileId) -> &[T] {
    let from = list.partition_point(|item| file_of(item) < file);
    let to = list.partition_point(|item| file_of(item) <= file);
    list.get(from..to).unwrap_or_default()
}
