//! The packages: installed once for each lock file, their own TypeScript copied to where it is linted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

/// Ignored by git: nothing of the packages becomes part of the repository.
pub const FOLDER: &str = "corpus";
const LISTED: &str = "tests/corpus";

/// One that ships TypeScript.
pub struct Package {
    pub name: String,
    pub version: String,
    /// The copy of its sources.
    pub folder: PathBuf,
}

/// Installs what tests/corpus/package-lock.json names, unless it is there already.
pub fn install() -> anyhow::Result<()> {
    let lock = fs::read_to_string(Path::new(LISTED).join("package-lock.json")).context("cannot read tests/corpus/package-lock.json")?;
    let folder = Path::new(FOLDER);
    let installed = folder.join("installed.json");
    if fs::read_to_string(&installed).is_ok_and(|text| text == lock) {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    for name in ["package.json", "package-lock.json", ".npmrc"] {
        fs::copy(Path::new(LISTED).join(name), folder.join(name)).with_context(|| format!("cannot copy tests/corpus/{name}"))?;
    }
    eprintln!("installing the packages into {FOLDER}/ …");
    let status =
        Command::new("npm").args(["ci", "--ignore-scripts", "--loglevel=error"]).current_dir(folder).status().context("cannot run npm")?;
    if !status.success() {
        bail!("npm ci failed in {FOLDER}/");
    }
    if folder.join("packages").exists() {
        fs::remove_dir_all(folder.join("packages"))?;
    }
    fs::write(installed, lock)?;
    Ok(())
}

/// All packages that ship TypeScript, by name, copied afresh where they are not there yet.
pub fn copied() -> anyhow::Result<Vec<Package>> {
    let manifest = read_json(&Path::new(LISTED).join("package.json"))?;
    let mut packages = Vec::new();
    for (name, version) in manifest["dependencies"].as_object().into_iter().flatten() {
        let is_subject = name == "convex-helpers" || name.starts_with("@convex-dev/");
        if !is_subject {
            continue;
        }
        let installed = Path::new(FOLDER).join("node_modules").join(name);
        let folder = Path::new(FOLDER).join("packages").join(name);
        if !folder.exists() && copy_sources(&installed, &folder)? == 0 {
            bail!("{name} ships no TypeScript: take it out of tests/corpus/package.json");
        }
        packages.push(Package { name: name.clone(), version: version.as_str().unwrap_or_default().to_owned(), folder });
    }
    Ok(packages)
}

pub fn read_json(path: &Path) -> anyhow::Result<serde_json::Value> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))
}

/// Copies a package's own sources, with the files that say how they are compiled. Returns how many sources there were.
fn copy_sources(from: &Path, to: &Path) -> anyhow::Result<usize> {
    let mut count = 0;
    let mut folders = vec![PathBuf::new()];
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(from.join(&inside)).with_context(|| format!("cannot read {}", from.display()))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = inside.join(&name);
            if entry.file_type()?.is_dir() {
                if !matches!(name.as_str(), "node_modules" | "dist") {
                    folders.push(path);
                }
                continue;
            }
            let is_source =
                [".ts", ".tsx", ".mts"].iter().any(|end| name.ends_with(end)) && !is_built_declaration(&from.join(&path), &name);
            let is_manifest = inside.as_os_str().is_empty() && matches!(name.as_str(), "package.json" | "tsconfig.json" | "convex.json");
            if !is_source && !is_manifest {
                continue;
            }
            count += usize::from(is_source);
            fs::create_dir_all(to.join(&inside))?;
            fs::copy(from.join(&path), to.join(&path))?;
        }
    }
    // Versions of other packages that only this one uses.
    let own = from.join("node_modules");
    if count > 0 && own.exists() {
        link(&own.canonicalize()?, &to.join("node_modules"))?;
    }
    Ok(count)
}

/// Makes `link` lead to `target`, an absolute path; it need not be there yet.
pub fn link(target: &Path, link: &Path) -> anyhow::Result<()> {
    #[cfg(unix)]
    let made = std::os::unix::fs::symlink(target, link);
    #[cfg(windows)]
    let made = std::os::windows::fs::symlink_dir(target, link);
    made.with_context(|| format!("cannot link {} to {}", link.display(), target.display()))
}

/// Whether a declaration file was made from a source beside it, or for a JavaScript file beside it.
fn is_built_declaration(path: &Path, name: &str) -> bool {
    name.strip_suffix(".d.ts")
        .is_some_and(|stem| [".ts", ".tsx", ".js"].iter().any(|end| path.with_file_name(format!("{stem}{end}")).exists()))
}
