//! What is asked of a module again and again, put in order when it is first asked for: exports, imports, calls by their places.
//!
//! Says nothing that going through the lists would not say.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::{BindingId, BindingKind, Export, Exported, ExprId, ExprKind, Import, ImportName, Module, Name};
use crate::source::Span;

#[derive(Debug, Default)]
pub(super) struct Lookups {
    exported: OnceLock<ExportedNames>,
    imports: OnceLock<ImportedNames>,
    calls: OnceLock<FxHashMap<(u32, u32), ExprId>>,
    import_end: OnceLock<Option<u32>>,
}

#[derive(Debug, Default)]
struct ExportedNames {
    /// For each name the place of its first export.
    by_name: FxHashMap<Name, u32>,
    /// What is exported, and whether as a value.
    bindings: FxHashMap<BindingId, bool>,
}

#[derive(Debug, Default)]
struct ImportedNames {
    /// For each import the first name that it is bound to.
    of_import: Vec<Option<BindingId>>,
    /// For each module what is imported from it, in order.
    by_module: FxHashMap<Name, Vec<BindingId>>,
}

impl Module {
    /// Whether the module exports what is bound to the name, under whatever name.
    pub fn is_exported(&self, id: BindingId) -> bool {
        self.exported().bindings.contains_key(&id)
    }

    /// Whether the module exports it, and not just as a type.
    pub fn is_exported_value(&self, id: BindingId) -> bool {
        self.exported().bindings.get(&id).is_some_and(|is_value| *is_value)
    }

    /// The export of the name, where it is named in the module.
    pub fn export(&self, name: &str) -> Option<&Export> {
        /// So few are gone through as fast.
        const FEW: usize = 8;
        if self.exports.len() <= FEW {
            return self.exports.iter().find(|export| export.name.as_deref() == Some(name));
        }
        self.exports.get(*self.exported().by_name.get(&Name::from(name))? as usize)
    }

    /// What an import is bound to.
    pub fn binding_of_import(&self, at: u32) -> Option<BindingId> {
        *self.imported().of_import.get(at as usize)?
    }

    /// The names that are imported from a module, in order.
    pub fn imported_from(&self, module: &str) -> impl Iterator<Item = (BindingId, &Import)> {
        let names = self.imported().by_module.get(&Name::from(module)).map_or(&[][..], Vec::as_slice);
        names.iter().filter_map(|id| Some((*id, self.import(self.binding(*id))?)))
    }

    /// Whether the expression is what a package exports under the name: imported by whatever name, or a member of all that it exports.
    pub fn is_of_package(&self, id: ExprId, package: &str, name: &str) -> bool {
        let import = |id: ExprId| match self.expr(self.bare(id)) {
            ExprKind::Local(binding) => self.import(self.binding(*binding)).filter(|import| &*import.module == package),
            _ => None,
        };
        match self.expr(self.bare(id)) {
            ExprKind::Member { object, property, .. } => {
                &**property == name && import(*object).is_some_and(|import| import.name == ImportName::Namespace)
            }
            _ => import(id).is_some_and(|import| matches!(&import.name, ImportName::Named(named) if &**named == name)),
        }
    }

    /// The call that stands there.
    pub fn call_at(&self, span: Span) -> Option<ExprId> {
        let calls = self.lookups.calls.get_or_init(|| {
            let mut calls = FxHashMap::default();
            for (id, _) in self.calls() {
                let span = self.span(id);
                calls.entry((span.start, span.end)).or_insert(id);
            }
            calls
        });
        calls.get(&(span.start, span.end)).copied().filter(|_| span.file == self.file)
    }

    /// Where the last declaration of an import ends; `text` is that of the module.
    pub fn import_end(&self, text: &str) -> Option<u32> {
        let is_declaration =
            |i: &&Import| text[i.decl_start as usize..].strip_prefix("import").is_some_and(|rest| !rest.trim_start().starts_with('('));
        *self.lookups.import_end.get_or_init(|| self.imports.iter().filter(is_declaration).map(|i| i.decl_end).max())
    }

    fn exported(&self) -> &ExportedNames {
        self.lookups.exported.get_or_init(|| {
            let mut exported = ExportedNames::default();
            for (at, export) in self.exports.iter().enumerate() {
                if let Some(name) = &export.name {
                    exported.by_name.entry(name.clone()).or_insert(at as u32);
                }
                if let Exported::Binding(binding) = export.what {
                    *exported.bindings.entry(binding).or_default() |= !export.type_only;
                }
            }
            exported
        })
    }

    fn imported(&self) -> &ImportedNames {
        self.lookups.imports.get_or_init(|| {
            let mut imported = ImportedNames { of_import: vec![None; self.imports.len()], ..ImportedNames::default() };
            for (at, binding) in self.bindings.iter().enumerate() {
                let BindingKind::Import(import) = binding.kind else { continue };
                let id = BindingId(at as u32);
                imported.of_import[import as usize].get_or_insert(id);
                imported.by_module.entry(self.imports[import as usize].module.clone()).or_default().push(id);
            }
            imported
        })
    }
}
