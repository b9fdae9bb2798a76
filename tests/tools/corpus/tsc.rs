//! Runs the TypeScript compiler, and reads what it says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

/// An error, without its place in the file: fixes move it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TypeError {
    /// Relative to the checked folder; empty for errors of the configuration.
    pub file: String,
    pub code: String,
    pub message: String,
}

/// The compiler of the installed packages.
pub const COMPILER: &str = "corpus/node_modules/.bin/tsc";

/// Each error with the lines that it stands on.
pub type TypeErrors = BTreeMap<TypeError, Vec<usize>>;

/// The strict configuration of folders that ship none.
const CONFIGURATION: &str = r#"{
  "compilerOptions": {
    "target": "ESNext",
    "lib": ["ESNext", "DOM", "DOM.Iterable"],
    "module": "ESNext",
    "moduleResolution": "Bundler",
    "jsx": "react-jsx",
    "strict": true,
    "skipLibCheck": true,
    "noEmit": true,
    "types": ["node"]
  },
  "include": ["."],
  "exclude": ["**/node_modules", "**/dist"]
}
"#;

/// The configurations to check with: those named, else those in the folders that hold changed files, or all; else one of our own.
pub fn configurations(folder: &Path, named: &[PathBuf], changed: &[&str], everywhere: bool) -> anyhow::Result<Vec<PathBuf>> {
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    if !named.is_empty() {
        return Ok(named.iter().map(|path| folder.join(path)).collect());
    }
    let mut all = Vec::new();
    find(folder, &mut all)?;
    let holds_changes = |configuration: &PathBuf| {
        let holder = configuration.parent().and_then(|parent| parent.strip_prefix(folder).ok());
        holder.is_some_and(|holder| changed.iter().any(|file| Path::new(file).starts_with(holder)))
    };
    all.retain(|configuration| everywhere || holds_changes(configuration));
    if all.is_empty() {
        let own = folder.join("tsconfig.json");
        std::fs::write(&own, CONFIGURATION)?;
        all.push(own);
    }
    Ok(all)
}

/// All errors of the folder.
pub fn check(compiler: &Path, folder: &Path, configurations: &[PathBuf]) -> anyhow::Result<TypeErrors> {
    let mut errors = TypeErrors::new();
    for configuration in configurations {
        for (error, lines) in check_one(compiler, folder, configuration)? {
            // A file may be part of several configurations.
            let known = errors.entry(error).or_default();
            if known.len() < lines.len() {
                *known = lines;
            }
        }
    }
    Ok(errors)
}

/// Every tsconfig.json and tsconfig.*.json, but those of installed packages.
fn find(folder: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            if !matches!(name.as_str(), "node_modules" | "dist" | ".git" | ".next") {
                find(&entry.path(), found)?;
            }
        } else if name == "tsconfig.json" || name.starts_with("tsconfig.") && name.ends_with(".json") && !name.contains("base") {
            found.push(entry.path());
        }
    }
    Ok(())
}

fn check_one(compiler: &Path, folder: &Path, configuration: &Path) -> anyhow::Result<TypeErrors> {
    let compiler = compiler.canonicalize().with_context(|| format!("there is no compiler at {}", compiler.display()))?;
    let folder = folder.canonicalize()?;
    let project = configuration.canonicalize().with_context(|| format!("cannot read {}", configuration.display()))?;
    let output = Command::new(compiler)
        .args(["--noEmit", "--pretty", "false", "--incremental", "false", "--composite", "false", "--skipLibCheck", "-p"])
        .arg(project)
        .current_dir(&folder)
        .output()
        .context("cannot run the TypeScript compiler")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut errors: Vec<(TypeError, usize)> = Vec::new();
    for line in text.lines() {
        match parse(line) {
            Some(error) => errors.push(error),
            // The lines that explain an error belong to it.
            None if line.starts_with(' ') => {
                if let Some((error, _)) = errors.last_mut() {
                    error.message.push('\n');
                    error.message.push_str(line);
                }
            }
            None => {}
        }
    }
    // Errors of the configuration alone: whether the sources were looked at, nobody knows.
    if let Some((error, _)) =
        errors.first().filter(|_| errors.iter().all(|(error, _)| error.code.starts_with("TS5") || error.code == "TS6053"))
    {
        eprintln!("warning: {} may have checked nothing: {}: {}", configuration.display(), error.code, error.message);
    }
    if errors.is_empty() && !output.status.success() {
        bail!("the TypeScript compiler failed on {}:\n{text}{}", configuration.display(), String::from_utf8_lossy(&output.stderr));
    }
    let mut all = TypeErrors::new();
    for (error, line) in errors {
        all.entry(error).or_default().push(line);
    }
    Ok(all)
}

/// `src/a.ts(3,5): error TS2322: Type …`, or `error TS18003: No inputs …`.
fn parse(line: &str) -> Option<(TypeError, usize)> {
    let (place, rest) = line.split_once("error TS")?;
    let (code, message) = rest.split_once(": ")?;
    if code.is_empty() || !code.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (file, at) = match place.strip_suffix(": ") {
        Some(place) => {
            let (file, position) = place.strip_suffix(')')?.rsplit_once('(')?;
            (file.to_owned(), position.split(',').next()?.parse().ok()?)
        }
        None if place.is_empty() => (String::new(), 0),
        None => return None,
    };
    Some((TypeError { file, code: format!("TS{code}"), message: message.to_owned() }, at))
}
