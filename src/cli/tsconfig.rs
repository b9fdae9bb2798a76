//! Reads `paths` and `baseUrl` of tsconfig.json files, and `imports` of package.json files, so that imports through an alias are followed.
//!
//! Understands `extends` and, where a file only refers to others, `references`. What cannot be read is passed over.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use jsonc_parser::ParseOptions;
use serde_json::Value;

use super::paths::Places;
use crate::model::PathAliases;
use crate::model::layout::parent;

/// The aliases of the folders looked at so far.
#[derive(Debug, Default)]
pub struct TsConfigs {
    looked_at: HashSet<String>,
    found: Vec<PathAliases>,
}

/// `extends` may go in circles.
const MAX_DEPTH: usize = 12;

impl TsConfigs {
    /// Looks for a tsconfig.json, and for a package.json, in the folder and in all that hold it.
    pub fn look_above(&mut self, places: &Places, folder: &str) {
        let mut folder = folder;
        while self.looked_at.insert(folder.to_owned()) {
            let disk = places.on_disk(folder);
            let file = ["tsconfig.json", "jsconfig.json"].iter().map(|name| disk.join(name)).find(|file| file.is_file());
            self.found.extend(file.and_then(|file| aliases_of(places, folder, &file)));
            self.found.extend(imports_of(places, folder, &disk));
            if folder.is_empty() {
                return;
            }
            folder = parent(folder);
        }
    }

    /// Sorted by folder.
    pub fn aliases(&self) -> Vec<PathAliases> {
        let mut aliases = self.found.clone();
        aliases.sort_by(|a, b| (&a.folder, a.of_package).cmp(&(&b.folder, b.of_package)));
        aliases
    }
}

/// Patterns and their targets, as in `PathAliases`.
type Mapping = Vec<(String, Vec<String>)>;

/// What the options of one file and those it extends come to; each with the folder that it is relative to.
#[derive(Default)]
struct Options {
    base_url: Option<PathBuf>,
    paths: Option<(PathBuf, Mapping)>,
}

fn aliases_of(places: &Places, folder: &str, file: &Path) -> Option<PathAliases> {
    let mut options = options_of(file, 0)?;
    if options.paths.is_none() && options.base_url.is_none() {
        options = referred(file).find(|options| options.paths.is_some())?;
    }
    let has_base_url = options.base_url.is_some();
    let (paths_folder, mut paths) = options.paths.unwrap_or_default();
    let base = options.base_url.unwrap_or(paths_folder);
    if paths.is_empty() && !has_base_url {
        return None;
    }
    // The longest beginning holds, as in TypeScript; an exact name before any pattern.
    paths.sort_by_key(|(pattern, _)| (pattern.contains('*'), std::cmp::Reverse(pattern.find('*'))));
    let config_folder = places.on_disk(folder);
    let own = |target: &String| target.replace("${configDir}", &config_folder.to_string_lossy());
    let relative = |target: &String| places.in_workspace(&normal(&base.join(own(target))));
    let paths = paths.iter().map(|(pattern, targets)| (pattern.clone(), targets.iter().filter_map(relative).collect()));
    // The targets are relative to the base folder of the run from here on; so must be what they are joined to.
    let paths: Mapping = paths.collect();
    let base_in_workspace = places.in_workspace(&normal(&base));
    Some(PathAliases {
        folder: folder.to_owned(),
        base_url: has_base_url && base_in_workspace.is_some(),
        paths: below(base_in_workspace.as_deref().unwrap_or_default(), paths),
        base: base_in_workspace.unwrap_or_default(),
        of_package: false,
    })
}

/// What a package calls its own modules by: `"#src/*": "./src/*"`, or such paths for each condition. Those of other packages are none.
fn imports_of(places: &Places, folder: &str, disk: &Path) -> Option<PathAliases> {
    let manifest = read(&disk.join("package.json"))?;
    let own = |target: &String| places.in_workspace(&normal(&disk.join(target.strip_prefix("./")?)));
    let imports = manifest.get("imports")?.as_object()?.iter().map(|(pattern, to)| {
        let mut targets = Vec::new();
        add_targets(to, &mut targets);
        (pattern.clone(), targets.iter().filter_map(own).collect())
    });
    let mut paths: Mapping = imports.collect();
    paths.sort_by_key(|(pattern, _)| (pattern.contains('*'), std::cmp::Reverse(pattern.find('*'))));
    Some(PathAliases { folder: folder.to_owned(), base: folder.to_owned(), base_url: false, paths: below(folder, paths), of_package: true })
}

/// The paths in the order in which they are tried, whatever the conditions.
fn add_targets(value: &Value, targets: &mut Vec<String>) {
    match value {
        Value::String(target) => targets.push(target.clone()),
        Value::Array(all) => all.iter().for_each(|value| add_targets(value, targets)),
        Value::Object(conditions) => conditions.values().for_each(|value| add_targets(value, targets)),
        _ => {}
    }
}

/// Targets as seen from the folder that they are joined to.
fn below(base: &str, paths: Mapping) -> Mapping {
    let up = if base.is_empty() { 0 } else { base.split('/').count() };
    let seen = |target: String| format!("{}{target}", "../".repeat(up));
    paths.into_iter().map(|(pattern, targets)| (pattern, targets.into_iter().map(seen).collect())).collect()
}

fn options_of(file: &Path, depth: usize) -> Option<Options> {
    if depth > MAX_DEPTH {
        return None;
    }
    let value = read(file)?;
    let folder = file.parent()?;
    let mut options = Options::default();
    let bases: Vec<&str> = match value.get("extends") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    for base in bases {
        let Some(inherited) = extended(folder, base).and_then(|file| options_of(&file, depth + 1)) else { continue };
        options.base_url = inherited.base_url.or(options.base_url);
        options.paths = inherited.paths.or(options.paths);
    }
    let Some(own) = value.get("compilerOptions") else { return Some(options) };
    if let Some(base_url) = own.get("baseUrl").and_then(Value::as_str) {
        options.base_url = Some(folder.join(base_url));
    }
    if let Some(paths) = own.get("paths").and_then(Value::as_object) {
        let targets = |value: &Value| value.as_array().into_iter().flatten().filter_map(|v| Some(v.as_str()?.to_owned())).collect();
        options.paths = Some((folder.to_path_buf(), paths.iter().map(|(pattern, value)| (pattern.clone(), targets(value))).collect()));
    }
    Some(options)
}

fn referred(file: &Path) -> impl Iterator<Item = Options> {
    let references = read(file).and_then(|value| Some(value.get("references")?.as_array()?.clone())).unwrap_or_default();
    let folder = file.parent().map(Path::to_path_buf).unwrap_or_default();
    references.into_iter().filter_map(move |reference| {
        let path = folder.join(reference.get("path")?.as_str()?);
        let file = if path.is_dir() { path.join("tsconfig.json") } else { path };
        // A project elsewhere speaks of its own files.
        (file.parent() == Some(folder.as_path()) || normal(&file).parent() == Some(folder.as_path())).then(|| options_of(&file, 0))?
    })
}

/// The file that `extends` names: a path, or a package in the nearest node_modules.
fn extended(folder: &Path, name: &str) -> Option<PathBuf> {
    let candidates = |path: PathBuf| {
        let with_ending = PathBuf::from(format!("{}.json", path.display()));
        [path.clone(), with_ending, path.join("tsconfig.json")].into_iter().find(|file| file.is_file())
    };
    if name.starts_with('.') || Path::new(name).is_absolute() {
        return candidates(folder.join(name));
    }
    folder.ancestors().find_map(|above| candidates(above.join("node_modules").join(name)))
}

fn read(file: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(file).ok()?;
    jsonc_parser::parse_to_serde_value(&text, &ParseOptions::default()).ok()
}

/// Without `.` and `..`, by the look of the path alone.
fn normal(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts
}
