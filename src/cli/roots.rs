//! Finds the projects in a tree: the functions folders of Convex backends.
//!
//! A folder is one where something on disk says so; its name alone says nothing.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use jsonc_parser::ParseOptions;

use super::paths::Places;
use super::prefilter;
use super::walk::Walked;
use crate::model::layout::{join, lies_in, parent};
use crate::model::{Layout, PathAliases, Root};

/// Whether a file of this name may say where a project lies.
pub fn is_marker(name: &str) -> bool {
    name == "convex.json" || is_config(name) || is_schema(name)
}

fn is_config(name: &str) -> bool {
    matches!(name, "convex.config.ts" | "convex.config.js")
}

fn is_schema(name: &str) -> bool {
    matches!(name, "schema.ts" | "schema.js")
}

/// Whether the folder is a functions folder by its looks, as far as that is to be had without reading files.
pub fn looks_like_functions(folder: &Path) -> bool {
    has_generated(folder) || folder.join("convex.config.ts").is_file() || (folder.ends_with("convex") && folder.join("schema.ts").is_file())
}

/// What `convex codegen` writes; other tools have folders of that name too.
const GENERATED: [&str; 8] = ["api.d.ts", "server.d.ts", "dataModel.d.ts", "api.ts", "server.ts", "dataModel.ts", "component.ts", "api.js"];

fn has_generated(folder: &Path) -> bool {
    let generated = folder.join("_generated");
    generated.is_dir() && GENERATED.iter().any(|name| generated.join(name).is_file())
}

/// The functions folders found so far.
#[derive(Debug, Default)]
pub struct Roots {
    found: BTreeMap<String, Root>,
    /// Folders that have a schema, and nothing else that makes them functions folders.
    by_schema: HashSet<String>,
    /// `schema.ts` files that are not decided yet.
    schemas: Vec<String>,
    /// By-schema folders that turned out to be a part of another project.
    refuted: HashSet<String>,
    looked_at: HashSet<String>,
}

impl Roots {
    pub fn note_walked(&mut self, places: &Places, walked: &Walked) {
        for folder in &walked.folders {
            if has_generated(&places.on_disk(folder)) {
                self.add(folder, None);
            }
        }
        for marker in &walked.markers {
            self.note_marker(places, marker);
        }
    }

    /// Looks at a folder and at all that hold it, up to the base folder.
    pub fn look_above(&mut self, places: &Places, folder: &str) {
        let mut folder = folder;
        while self.looked_at.insert(folder.to_owned()) {
            let disk = places.on_disk(folder);
            if has_generated(&disk) {
                self.add(folder, None);
            }
            for name in ["convex.json", "convex.config.ts", "convex.config.js", "schema.ts", "schema.js"] {
                if disk.join(name).is_file() {
                    self.note_marker(places, &join(folder, name));
                }
            }
            if folder.is_empty() {
                return;
            }
            folder = parent(folder);
        }
    }

    fn note_marker(&mut self, places: &Places, path: &str) {
        let (folder, name) = (parent(path), path.rsplit('/').next().unwrap_or(path));
        if name == "convex.json" {
            let functions = join(folder, &functions_setting(&places.on_disk(path)));
            if !functions.starts_with("..") && places.on_disk(&functions).is_dir() {
                self.add(&functions, None);
            }
        } else if is_config(name) {
            let text = std::fs::read_to_string(places.on_disk(path)).unwrap_or_default();
            self.add(folder, Some(text.contains("defineComponent")));
        } else if is_schema(name) && !self.refuted.contains(folder) {
            self.schemas.push(path.to_owned());
        }
    }

    /// An import of `./_generated/server` says where the functions folder is, even if that file is yet to be generated.
    pub fn note_generated_import(&mut self, places: &Places, from: &str, specifier: &str) {
        let Some((folder, _)) = specifier.rsplit_once("_generated/") else { return };
        let folder = join(parent(from), folder);
        if !folder.starts_with("..") && !self.found.contains_key(&folder) && places.on_disk(&folder).is_dir() {
            self.add(&folder, None);
        }
    }

    /// The folder `convex` beside a package.json is where functions lie unless something says otherwise; code in it that speaks of Convex is enough.
    pub fn note_backend_file(&mut self, places: &Places, path: &str) {
        let mut folder = parent(path);
        while !folder.is_empty() {
            let is_usual = folder == "convex" || folder.ends_with("/convex");
            let around = places.on_disk(parent(folder));
            // A convex.json names the folder itself.
            let is_open = !self.found.contains_key(folder) && !around.join("convex.json").is_file();
            if is_usual && is_open && around.join("package.json").is_file() {
                self.add(folder, None);
            }
            folder = parent(folder);
        }
    }

    /// Decides on folders that only have a schema, once the others are known. A schema below a functions folder is a part of that one.
    pub fn settle(&mut self, places: &Places) {
        let mut schemas = std::mem::take(&mut self.schemas);
        schemas.sort_by_key(|path| path.matches('/').count());
        for path in schemas {
            let folder = parent(&path);
            if self.found.keys().any(|root| root == folder || lies_in(&path, root)) {
                continue;
            }
            if std::fs::read(places.on_disk(&path)).is_ok_and(|text| prefilter::is_schema(&text)) {
                self.by_schema.insert(folder.to_owned());
                self.found.insert(folder.to_owned(), Root { functions: folder.to_owned(), is_component: false });
            }
        }
    }

    /// A schema that another project imports belongs to that project, and does not make one of its folder.
    pub fn note_import(&mut self, from: &str, to: &str, layout: &Layout) -> bool {
        let (Some(of_from), Some(of_to)) = (layout.root_of(from), layout.root_of(to)) else { return false };
        let folder = &layout.roots[of_to].functions;
        if of_from == of_to || !self.by_schema.remove(folder) {
            return false;
        }
        self.found.remove(folder);
        self.refuted.insert(folder.clone());
        true
    }

    pub fn layout(&self, aliases: Vec<PathAliases>) -> Layout {
        Layout { roots: self.found.values().cloned().collect(), aliases, ..Layout::default() }
    }

    pub fn folders(&self) -> impl Iterator<Item = &str> {
        self.found.keys().map(String::as_str)
    }

    pub fn len(&self) -> usize {
        self.found.len()
    }

    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    fn add(&mut self, folder: &str, is_component: Option<bool>) {
        self.by_schema.remove(folder);
        let root = self.found.entry(folder.to_owned()).or_insert_with(|| Root { functions: folder.to_owned(), is_component: false });
        root.is_component |= is_component.unwrap_or(false);
    }
}

/// `functions` of a convex.json; its default where the file does not say or cannot be read.
fn functions_setting(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let value = jsonc_parser::parse_to_serde_value::<serde_json::Value>(&text, &ParseOptions::default());
    let functions = value.ok().and_then(|value| Some(value.get("functions")?.as_str()?.to_owned()));
    functions.unwrap_or_else(|| "convex".to_owned())
}
