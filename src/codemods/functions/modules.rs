//! How files name one another in what is written: the home of the ORM, the schema, the generated data model.

use super::rewrite::Rewriter;
use super::wiring::Home;
use crate::codemods::schema::files::FileContext;
use crate::model::Workspace;
use crate::model::hir::Name;
use crate::source::FileId;
use crate::writing::imports::specifier;

impl Rewriter<'_> {
    /// How a file names the one that has the helpers.
    pub fn home_module(&self, from: FileId) -> String {
        match &self.wiring.home {
            Home::File(home) => self.module_of(from, *home),
            Home::New(path) => specifier(&self.workspace.source(from).path, path),
        }
    }

    /// How a file names another.
    pub fn module_of(&self, from: FileId, to: FileId) -> String {
        module_of(self.workspace, from, to)
    }

    /// The type `Id` of the generated data model.
    pub fn id_type(&self, context: &FileContext<'_>) -> String {
        let hir = self.workspace.hir(context.file);
        let is_id = |module: &str| module.contains("_generated/dataModel");
        let there = hir.bindings.iter().find(|binding| {
            hir.import(binding)
                .is_some_and(|import| is_id(&import.module) && import.name == crate::model::hir::ImportName::Named(Name::from("Id")))
        });
        if let Some(binding) = there {
            return binding.name.to_string();
        }
        context.want_type_of(&self.data_model(context.file), "Id");
        "Id".to_owned()
    }

    pub fn data_model(&self, file: FileId) -> String {
        let folder = self.workspace.functions_folder(file).unwrap_or("convex").to_owned();
        let hir = self.workspace.hir(file);
        // As the file names its neighbour.
        let near = hir.imports.iter().find_map(|import| import.module.split_once("_generated/").map(|(before, _)| before.to_owned()));
        match near {
            Some(before) => format!("{before}_generated/dataModel"),
            None => specifier(&self.workspace.source(file).path, &format!("{folder}/_generated/dataModel")),
        }
    }
}

/// How a file names another: as it does already, else by its place.
pub fn module_of(workspace: &Workspace, from: FileId, to: FileId) -> String {
    let hir = workspace.hir(from);
    let known = workspace.imports_of(from).iter().find(|import| import.file == to);
    let named = known
        .and_then(|known| hir.imports.iter().find(|import| known.span.start >= import.decl_start && known.span.start <= import.decl_end));
    let path = |file: FileId| workspace.source(file).path.as_str();
    named.map_or_else(|| specifier(path(from), path(to)), |import| import.module.to_string())
}
