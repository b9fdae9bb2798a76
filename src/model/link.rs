//! Joins files into projects: schemas first, then what many files share, then the nouns of each file, in parallel.
//!
//! For an editor, what each of these looked at is kept: after an edit, only what looked at something that changed is worked out again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::infer::Infer;
use super::layout::Layout;
use super::schema::Schema;
use super::seen::{NumberSet, Seen, recorded};
use super::ty::Ty;
use super::world::{Finder, ImportedFile, Known, Places, World};
use super::{
    DbQuery, File, Function, Graph, PlatformCall, Project, Relation, Repeat, Role, TableUse, calls, functions, graph, orm_calls, queries,
    readers, relations, repetition, schema, tables,
};
use crate::source::{FileId, Span};

/// Files that are joined.
pub(super) struct Linked {
    pub projects: Vec<Project>,
    /// For each file the files whose values it imports.
    pub imports: Vec<Vec<ImportedFile>>,
    pub places: Places,
    pub kept: Option<Kept>,
}

/// What linking again needs of the last time.
#[derive(Debug, Default)]
pub(super) struct Kept {
    known: Known,
    /// What looked for facts that others use, and what it looked at.
    finders: BTreeMap<Finder, Seen>,
    files: Vec<KeptFile>,
}

#[derive(Debug, Default)]
struct KeptFile {
    seen: Seen,
    counts: Counts,
    readers: readers::FileReaders,
    graph: graph::FileGraph,
}

/// How many nouns of each kind a file has in the lists of its project.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    functions: usize,
    queries: usize,
    calls: usize,
    env_reads: usize,
    declared_env: usize,
    table_uses: usize,
    relations: usize,
    unread_relations: usize,
    orm_reads: usize,
    orm_writes: usize,
    repeats: usize,
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
    relations: Vec<Relation>,
    unread_relations: Vec<Span>,
    orm_reads: Vec<orm_calls::OrmRead>,
    orm_writes: Vec<orm_calls::OrmWrite>,
    readers: readers::FileReaders,
    graph: graph::FileGraph,
    repeats: Vec<Repeat>,
}

/// Joins files. What another `link_again` needs is kept if it is asked for.
pub(super) fn link(files: &[File], layout: &Layout, is_kept: bool) -> Linked {
    let mut world = World::new(files, layout, is_kept);
    let mut kept = Kept::default();
    let schemas: Vec<usize> = (0..layout.roots.len()).collect();
    for (project, (found, seen)) in schemas_of(&world, schemas) {
        let (schema, known) = found.unzip();
        let finder = world.schema_finder(project);
        world.schemas.push(schema);
        world.known.add(known.unwrap_or_default(), finder);
        kept.finders.insert(finder, seen);
    }
    world.schemas.push(None);
    let imports: Vec<Vec<ImportedFile>> = files.iter().map(|f| world.imported_files(f.source.id)).collect();
    for (file, (known, seen)) in exports_of(&world, shared(&world, &imports)) {
        let finder = world.export_finder(file);
        world.known.add(known, finder);
        kept.finders.insert(finder, seen);
    }
    let all = files.iter().map(|file| file.source.id).collect();
    let fresh = nouns_of(&world, all);
    let mut projects: Vec<Project> = (0..world.project_count).map(|_| Project::default()).collect();
    for (file, project) in files.iter().zip(&world.places.project_of) {
        projects[*project].files.push(file.source.id);
    }
    for (project, root) in projects.iter_mut().zip(&layout.roots) {
        project.is_component = root.is_component;
    }
    kept.files.resize_with(files.len(), KeptFile::default);
    finish(world, projects, imports, kept, fresh, is_kept)
}

/// Joins files again, some of which have other texts now.
pub(super) fn link_again(files: &[File], layout: &Layout, before: Linked, changed: &[FileId]) -> Linked {
    let Linked { mut projects, mut imports, places, kept } = before;
    let Some(mut kept) = kept else { return link(files, layout, false) };
    let mut world = World::again(files, layout, places.targets, changed);
    if world.places.project_of != places.project_of {
        return link(files, layout, true);
    }
    let is_changed = |file: FileId| changed.contains(&file);
    let mut stale = NumberSet::default();
    changed.iter().for_each(|file| stale.add(file.0));

    // As they were read first: schemas with nothing known of others, and exports with what is known of schemas.
    let is_of_schemas = |finder: Finder| (finder.0 as usize) < layout.roots.len();
    let mut of_exports = kept.known.take(|finder| !is_of_schemas(finder));
    let mut of_schemas = std::mem::take(&mut kept.known);
    let read_again: Vec<usize> = (0..layout.roots.len()).filter(|p| kept.is_stale(world.schema_finder(*p), &stale)).collect();
    let before = of_schemas.take(|finder| read_again.contains(&(finder.0 as usize)));
    let mut fresh: BTreeMap<usize, _> = schemas_of(&world, read_again).into_iter().collect();
    let mut read = Known::default();
    for (at, project) in projects.iter_mut().enumerate() {
        let mut schema = project.schema.take();
        if let Some((found, seen)) = fresh.remove(&at) {
            let (now, known) = found.unzip();
            let finder = world.schema_finder(at);
            read.add(known.unwrap_or_default(), finder);
            kept.finders.insert(finder, seen);
            stale.add(world.number_of_places(at));
            let is_same = match (&schema, &now) {
                (Some(before), Some(now)) => before.tells_the_same(now),
                (before, now) => before.is_none() && now.is_none(),
            };
            if !is_same {
                stale.add(world.number_of(finder));
            }
            schema = now;
        }
        world.schemas.push(schema);
    }
    of_schemas.settle(before, read, is_changed).into_iter().for_each(|finder| stale.add(world.number_of(finder)));
    world.known = of_schemas;

    for file in changed {
        imports[file.0 as usize] = world.imported_files(*file);
    }
    let found_again: Vec<FileId> =
        files.iter().map(|file| file.source.id).filter(|file| kept.is_stale(world.export_finder(*file), &stale)).collect();
    let finders: BTreeSet<Finder> = found_again.iter().map(|file| world.export_finder(*file)).collect();
    let before = of_exports.take(|finder| finders.contains(&finder));
    let mut found = Known::default();
    for (file, (known, seen)) in exports_of(&world, found_again) {
        let finder = world.export_finder(file);
        found.add(known, finder);
        kept.finders.insert(finder, seen);
    }
    of_exports.settle(before, found, is_changed).into_iter().for_each(|finder| stale.add(world.number_of(finder)));
    world.known.add_found(of_exports);

    let is_stale = |file: &FileId| stale.has(file.0) || kept.files[file.0 as usize].seen.meets(&stale);
    let fresh = nouns_of(&world, files.iter().map(|file| file.source.id).filter(is_stale).collect());
    finish(world, projects, imports, kept, fresh, true)
}

impl Kept {
    /// Whether what was found there is to be found again.
    fn is_stale(&self, finder: Finder, stale: &NumberSet) -> bool {
        self.finders.get(&finder).is_some_and(|seen| seen.meets(stale))
    }
}

type Read<T> = (T, Seen);
type ReadSchema = Read<Option<(Schema, Known)>>;

fn schemas_of(world: &World<'_>, projects: Vec<usize>) -> Vec<(usize, ReadSchema)> {
    let read = |project: usize| (project, recorded(|| schema::read(world, &world.layout.roots[project].functions)));
    projects.into_par_iter().map(read).collect()
}

fn exports_of(world: &World<'_>, files: Vec<FileId>) -> Vec<(FileId, Read<Known>)> {
    files.into_par_iter().map(|file| (file, recorded(|| Infer::new(world, file).exports()))).collect()
}

fn nouns_of(world: &World<'_>, files: Vec<FileId>) -> FxHashMap<FileId, Read<Nouns>> {
    files.into_par_iter().map(|file| (file, recorded(|| nouns(world, world.file(file))))).collect()
}

/// Puts the nouns of files into the lists of their projects, where those of other files are already.
fn finish(
    world: World<'_>,
    mut projects: Vec<Project>,
    imports: Vec<Vec<ImportedFile>>,
    mut kept: Kept,
    mut fresh: FxHashMap<FileId, Read<Nouns>>,
    is_kept: bool,
) -> Linked {
    let files = world.all_files();
    for project in &mut projects {
        merge(project, &mut kept.files, &mut fresh);
        let mut readers = Vec::with_capacity(project.files.len());
        let mut graphs = Vec::with_capacity(project.files.len());
        for file in &project.files {
            let file = &mut kept.files[file.0 as usize];
            readers.push(if is_kept { file.readers.clone() } else { std::mem::take(&mut file.readers) });
            graphs.push(if is_kept { file.graph.clone() } else { std::mem::take(&mut file.graph) });
        }
        project.readers = readers::link(files, &project.files, &project.queries, readers);
        project.graph = Graph::link(graphs, &project.functions);
        project.by_table = OnceLock::new();
        project.by_origin.clear();
        for (at, query) in project.queries.iter().enumerate() {
            project.by_origin.entry(query.origin).or_default().push(at as u32);
        }
    }
    for (project, schema) in projects.iter_mut().zip(world.schemas) {
        project.schema = schema;
    }
    let kept = is_kept.then(|| Kept { known: world.known, ..kept });
    Linked { projects, imports, places: world.places.into_owned(), kept }
}

fn merge(project: &mut Project, kept: &mut [KeptFile], fresh: &mut FxHashMap<FileId, Read<Nouns>>) {
    macro_rules! merge_list {
        ($list:ident) => {
            let old = std::mem::take(&mut project.$list);
            let mut merged = Vec::with_capacity(old.len());
            let mut old = old.into_iter();
            for file in &project.files {
                let count = kept[file.0 as usize].counts.$list;
                match fresh.get_mut(file) {
                    Some((nouns, _)) => {
                        old.by_ref().take(count).for_each(drop);
                        kept[file.0 as usize].counts.$list = nouns.$list.len();
                        merged.append(&mut nouns.$list);
                    }
                    None => merged.extend(old.by_ref().take(count)),
                }
            }
            project.$list = merged;
        };
    }
    merge_list!(functions);
    merge_list!(queries);
    merge_list!(calls);
    merge_list!(env_reads);
    merge_list!(declared_env);
    merge_list!(table_uses);
    merge_list!(relations);
    merge_list!(unread_relations);
    merge_list!(orm_reads);
    merge_list!(orm_writes);
    merge_list!(repeats);
    for file in &project.files {
        if let Some((nouns, seen)) = fresh.remove(file) {
            let slot = &mut kept[file.0 as usize];
            (slot.readers, slot.graph, slot.seen) = (nouns.readers, nouns.graph, seen);
        }
    }
}

/// The files of which many others import something.
fn shared(world: &World<'_>, imports: &[Vec<ImportedFile>]) -> Vec<FileId> {
    /// With fewer importers, reading it again for each costs less than reading all of it once more.
    const MANY: u32 = 4;
    let mut importers = vec![0; imports.len()];
    imports.iter().flatten().for_each(|import| importers[import.file.0 as usize] += 1);
    let is_shared = |file: &&File| importers[file.source.id.0 as usize] >= MANY && matches!(file.role, Role::Backend | Role::Support);
    world.all_files().iter().filter(is_shared).map(|file| file.source.id).collect()
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
    let (relations, unread_relations) = relations::read(&infer, id, &calls);
    let (orm_reads, orm_writes) = orm_calls::read(&infer, id);
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
            function.declared = infer.validator_of(&infer.expr(id, returns)).map_or(Ty::Unknown, |v| v.ty);
            if !matches!(function.declared, Ty::Unknown | Ty::Any) {
                function.result = infer.returns(at).awaited();
            }
        }
    }
    graph.edges.extend(graph::callbacks(&infer, id));
    graph.edges.sort_by_key(|edge| edge.at);
    graph.references = graph::references(&infer, id);
    let queries = queries::read(&infer, id);
    let repeats = repetition::read(&infer, id, &calls, &queries, &graph.edges);
    let readers = readers::read(&infer, id);
    Nouns {
        functions,
        queries,
        calls,
        env_reads,
        declared_env,
        table_uses,
        relations,
        unread_relations,
        orm_reads,
        orm_writes,
        readers,
        graph,
        repeats,
    }
}
