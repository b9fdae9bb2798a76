//! Follows `extends`: paths, and packages in node_modules.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;

use super::NAMES;
use super::parse::{ConfigFile, Extended};
use crate::cli::paths::Places;

/// A configuration file after all those that it extends. Globs of a package are relative to the folder of the file that names it.
pub fn with_extended(places: &Places, file: &Path, base: &Path) -> anyhow::Result<Vec<Arc<ConfigFile>>> {
    let mut layers = Vec::new();
    collect(places, file, base, &mut Vec::new(), &mut layers)?;
    Ok(layers)
}

/// `open` are the files that are being extended, outermost first.
fn collect(places: &Places, file: &Path, base: &Path, open: &mut Vec<PathBuf>, layers: &mut Vec<Arc<ConfigFile>>) -> anyhow::Result<()> {
    let config = ConfigFile::read(file, base, &places.shown_path(file))?;
    open.push(dunce::canonicalize(file).unwrap_or_else(|_| file.to_path_buf()));
    for extended in &config.extends {
        let (target, base) = located(extended, file, base)?;
        let is_open = dunce::canonicalize(&target).is_ok_and(|target| open.contains(&target));
        if is_open {
            bail!("{}: `{}` extends itself by way of this file", extended.place, places.shown_path(&target));
        }
        collect(places, &target, &base, open, layers)?;
    }
    open.pop();
    layers.push(Arc::new(config));
    Ok(())
}

/// The file that a name in `extends` stands for, and what its globs are relative to.
fn located(extended: &Extended, from: &Path, base: &Path) -> anyhow::Result<(PathBuf, PathBuf)> {
    let Extended { name, place } = extended;
    let folder = from.parent().unwrap_or(from);
    if name.starts_with('.') || Path::new(name).is_absolute() {
        let target = normal(&folder.join(name));
        let file = if target.is_dir() { in_folder(&target) } else { target.is_file().then(|| target.clone()) };
        let Some(file) = file else { bail!("{place}: there is no configuration `{name}`") };
        let base = file.parent().unwrap_or(&target).to_path_buf();
        return Ok((file, base));
    }
    let modules = folder.ancestors().map(|above| above.join("node_modules"));
    let found = modules.into_iter().find_map(|modules| in_package(&modules.join(name)));
    let Some(file) = found else {
        bail!("{place}: no package `{name}` with a configuration is installed; a path starts with `./`");
    };
    Ok((file, base.to_path_buf()))
}

/// A file of a package (`pkg/strict.json`), or the configuration that the package is made for.
fn in_package(path: &Path) -> Option<PathBuf> {
    if path.is_file() {
        return Some(path.to_path_buf());
    }
    let with_ending = ["json", "jsonc"].into_iter().map(|ending| PathBuf::from(format!("{}.{ending}", path.display())));
    with_ending.into_iter().find(|file| file.is_file()).or_else(|| in_folder(path)).or_else(|| main_of(path))
}

fn in_folder(folder: &Path) -> Option<PathBuf> {
    NAMES.iter().map(|name| folder.join(name)).find(|file| file.is_file())
}

fn main_of(package: &Path) -> Option<PathBuf> {
    let manifest: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(package.join("package.json")).ok()?).ok()?;
    let main = manifest.get("main")?.as_str().filter(|main| main.ends_with(".json") || main.ends_with(".jsonc"))?;
    Some(package.join(main)).filter(|file| file.is_file())
}

fn normal(path: &Path) -> PathBuf {
    path.components().collect()
}
