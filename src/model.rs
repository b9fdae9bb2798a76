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
pub mod promises;
mod lower;
pub mod queries;
pub mod readers;
pub mod relations;
pub mod repetition;
pub mod schema;
pub mod tables;
pub mod ty;
mod world;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

pub use calls::{Callee, PlatformCall};
pub use effects::{Effect, Reach};
pub use functions::Function;
pub use graph::{Graph, Reference};
use infer::Infer;
pub use layout::{Layout, PathAliases, Root};
pub use queries::DbQuery;
pub use readers::Readers;
pub use relations::{Relation, RelationForm};
pub use repetition::Repeat;
pub use schema::{Schema, Table};
pub use tables::TableUse;
pub use world::{ImportedFile, Origin};
use world::{Known, World};

use crate::source::{FileId, SourceFile, Span};
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

impl File {
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
    /// Reads, runs and calls of the project's functions that are made for each of many.
    pub repeats: Vec<Repeat>,
    pub readers: Readers,
    /// Calls between the project's functions, and references to registered ones.
    pub graph: Graph,
    pub is_component: bool,
}

impl Workspace {
    /// Joins the files into projects. `files[i]` has the id `i`.
    pub fn link(mut files: Vec<File>, layout: Layout) -> Self {
        for file in files.iter_mut().filter(|file| file.role == Role::Backend && file.runs_tests()) {
            file.role = Role::Test;
        }
        let (projects, imports) = link(&files, &layout);
        Self { files, layout, projects, imports }
    }

    /// Replaces the text of some files and links again; all others keep their facts.
    pub fn with_texts(mut self, texts: Vec<(FileId, String)>) -> Self {
        for (id, text) in texts {
            let slot = &mut self.files[id.0 as usize];
            let role = slot.role;
            *slot = read(id, std::mem::take(&mut slot.source.path), text);
            slot.role = role;
        }
        Self::link(self.files, self.layout)
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
            let text = texts.get(id).map_or_else(|| text.to_string(), |text| (*text).to_owned());
            File { role: file.role, ..read(*id, path.clone(), text) }
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

    /// The functions folder that holds the file, without a `/` at its end.
    pub fn functions_folder(&self, file: FileId) -> Option<&str> {
        let root = self.layout.root_of(&self.source(file).path)?;
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
        let world = World::new(&self.files, &self.layout);
        questions(&Infer::new(&world, home))
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

    /// Every query that begins with this call of `db.query`: one that is held in a variable may be ended more than once.
    pub fn queries_from(&self, origin: (FileId, hir::ExprId)) -> impl Iterator<Item = &DbQuery> {
        let places = self.by_origin.get(&origin).map_or(&[][..], Vec::as_slice);
        places.iter().map(|at| &self.queries[*at as usize])
    }

    /// Every query that surely or possibly reads the table through the database.
    pub fn queries_on<'p>(&'p self, table: &'p str) -> impl Iterator<Item = &'p DbQuery> {
        self.queries.iter().filter(move |q| q.table.as_deref().is_none_or(|name| name == table))
    }
}

/// The nouns of one file, out of a list in order of files.
pub fn in_file<T>(list: &[T], file: FileId, file_of: impl Fn(&T) -> FileId) -> &[T] {
    let from = list.partition_point(|item| file_of(item) < file);
    let to = list.partition_point(|item| file_of(item) <= file);
    list.get(from..to).unwrap_or_default()
}

/// What one file adds to its project.
#[derive(Default)]
struct Nouns {
    functions: Vec<Function>,
    queries: Vec<DbQuery>,
    calls: Vec<PlatformCall>,
    env_reads: Vec<calls::EnvName>,
    declared_env: Vec<calls::EnvName>,
    table_uses: Vec<TableUse>,
    relations: (Vec<Relation>, Vec<Span>),
    readers: readers::FileReaders,
    graph: graph::FileGraph,
    repeats: Vec<Repeat>,
}

fn link(files: &[File], layout: &Layout) -> (Vec<Project>, Vec<Vec<ImportedFile>>) {
    let mut world = World::new(files, layout);
    let schemas: Vec<Option<(Schema, Known)>> = layout.roots.par_iter().map(|root| schema::read(&world, &root.functions)).collect();
    for found in schemas.into_iter().chain([None]) {
        let (schema, known) = found.unzip();
        world.schemas.push(schema);
        world.known.add(known.unwrap_or_default());
    }
    let imports: Vec<Vec<ImportedFile>> = files.iter().map(|f| world.imported_files(f.source.id)).collect();
    for known in shared(&world, &imports) {
        world.known.add(known);
    }
    let world = world;
    let nouns: Vec<Nouns> = files.par_iter().map(|file| nouns(&world, file)).collect();
    let mut projects: Vec<Project> = (0..world.project_count).map(|_| Project::default()).collect();
    let mut readers: Vec<Vec<readers::FileReaders>> = projects.iter().map(|_| Vec::new()).collect();
    let mut graphs: Vec<Vec<graph::FileGraph>> = projects.iter().map(|_| Vec::new()).collect();
    for (file, nouns) in files.iter().zip(nouns) {
        let project = &mut projects[world.project(file.source.id)];
        project.files.push(file.source.id);
        project.functions.extend(nouns.functions);
        project.queries.extend(nouns.queries);
        project.calls.extend(nouns.calls);
        project.env_reads.extend(nouns.env_reads);
        project.declared_env.extend(nouns.declared_env);
        project.table_uses.extend(nouns.table_uses);
        project.relations.extend(nouns.relations.0);
        project.unread_relations.extend(nouns.relations.1);
        project.repeats.extend(nouns.repeats);
        readers[world.project(file.source.id)].push(nouns.readers);
        graphs[world.project(file.source.id)].push(nouns.graph);
    }
    for (project, (readers, graphs)) in projects.iter_mut().zip(readers.into_iter().zip(graphs)) {
        project.readers = readers::link(files, &project.files, &project.queries, readers);
        project.graph = Graph::link(graphs, &project.functions);
    }
    for ((project, schema), root) in projects.iter_mut().zip(world.schemas).zip(layout.roots.iter().map(Some).chain([None])) {
        project.schema = schema;
        for (at, query) in project.queries.iter().enumerate() {
            project.by_origin.entry(query.origin).or_default().push(at as u32);
        }
        project.is_component = root.is_some_and(|r| r.is_component);
    }
    (projects, imports)
}

/// What the files export that many others import.
fn shared(world: &World<'_>, imports: &[Vec<ImportedFile>]) -> Vec<Known> {
    /// With fewer importers, reading it again for each costs less than reading all of it once more.
    const MANY: u32 = 4;
    let mut importers = vec![0; imports.len()];
    imports.iter().flatten().for_each(|import| importers[import.file.0 as usize] += 1);
    let is_shared = |file: &&File| importers[file.source.id.0 as usize] >= MANY && matches!(file.role, Role::Backend | Role::Support);
    let files: Vec<FileId> = world.files.iter().filter(is_shared).map(|file| file.source.id).collect();
    files.into_par_iter().map(|file| Infer::new(world, file).exports()).collect()
}

fn nouns(world: &World<'_>, file: &File) -> Nouns {
    if file.role == Role::Generated || file.hir.expr_count() == 0 {
        return Nouns::default();
    }
    let id = file.source.id;
    let infer = Infer::new(world, id);
    let mut graph = graph::FileGraph::default();
    let mut env_reads = Vec::new();
    let calls = calls::read(&infer, id, &mut graph, &mut env_reads);
    let declared_env = calls::declared_env(&file.hir, &calls);
    let table_uses = tables::read(&infer, id, &calls);
    let relations = relations::read(&infer, id, &calls);
    let mut functions = functions::read(&infer, id);
    for function in &mut functions {
        if let Some(at) = function.handler.filter(|_| function.args == functions::Entry::Missing) {
            function.arguments = infer.declared_parameter(at.file, at.func, 1);
        }
        if let Some(at) = function.handler.filter(|_| function.returns == functions::Entry::Missing) {
            function.result = infer.returns(at).awaited();
            function.unclear = infer.unclear_return(at);
        }
        if let (Some(at), functions::Entry::Present(returns)) = (function.handler, function.returns) {
            function.declared = infer.validator_of(&infer.expr(id, returns)).map_or(ty::Ty::Unknown, |v| v.ty);
            if !matches!(function.declared, ty::Ty::Unknown | ty::Ty::Any) {
                function.result = infer.returns(at).awaited();
            }
        }
    }
    graph.edges.extend(graph::callbacks(&infer, id));
    graph.edges.sort_by_key(|edge| edge.at);
    graph.references = graph::references(&infer, id);
    let queries = queries::read(&infer, id);
    let repeats = repetition::read(&infer, id, &calls, &queries, &graph.edges);
    Nouns { functions, queries, calls, env_reads, declared_env, table_uses, relations, readers: readers::read(&infer, id), graph, repeats }
}
