//! The three forms of a path: on disk, in the workspace (relative to the base folder of the run, `/` between parts), and as shown.
//!
//! Workspace paths never hold `..`: the base folder lies above everything that a run may read.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail};

use super::pages;

/// Where a run takes place.
#[derive(Clone, Debug)]
pub struct Places {
    /// Absolute, without symlinks. Holds every file of the run: the repository where there is one.
    base: PathBuf,
    /// Absolute, without symlinks.
    working: PathBuf,
    /// The working directory in the base folder, if it lies there.
    working_in_base: Option<Vec<String>>,
    /// The base folder as seen from the working directory, if that is not inside it.
    base_from_working: String,
}

impl Places {
    /// The places of a run on some paths; also these paths, absolute and without symlinks.
    pub fn of(asked: &[PathBuf]) -> anyhow::Result<(Self, Vec<PathBuf>)> {
        let working = std::env::current_dir().context("the working directory cannot be read")?;
        Self::seen_from(&working, asked)
    }

    /// The same for a run in another folder.
    pub fn seen_from(working: &Path, asked: &[PathBuf]) -> anyhow::Result<(Self, Vec<PathBuf>)> {
        let working = dunce::canonicalize(working).with_context(|| format!("cannot read `{}`", working.display()))?;
        let mut targets = Vec::with_capacity(asked.len());
        let mut base: Option<PathBuf> = None;
        let mut last_top: Option<(PathBuf, PathBuf)> = None;
        for path in asked {
            let target = match dunce::canonicalize(working.join(path)) {
                Ok(target) => target,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!("no such file or folder: `{}`", path.display()),
                Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", path.display())),
            };
            let folder = if target.is_dir() { target.clone() } else { target.parent().unwrap_or(&target).to_path_buf() };
            let top = match &last_top {
                Some((known, top)) if *known == folder => top.clone(),
                _ => top_of(&folder, &working),
            };
            last_top = Some((folder, top.clone()));
            base = Some(match base {
                None => top,
                Some(base) => common(&base, &top).with_context(|| format!("`{}` lies on another drive", path.display()))?,
            });
            targets.push(target);
        }
        let base = base.unwrap_or_else(|| top_of(&working, &working));
        Ok((Self::new(base, working), targets))
    }

    fn new(base: PathBuf, working: PathBuf) -> Self {
        let working_in_base = working.strip_prefix(&base).ok().map(|rest| parts(rest).collect());
        let base_from_working = relative(&working, &base);
        Self { base, working, working_in_base, base_from_working }
    }

    pub fn base(&self) -> &Path {
        &self.base
    }

    pub fn working(&self) -> &Path {
        &self.working
    }

    pub fn on_disk(&self, path: &str) -> PathBuf {
        match path {
            "" => self.base.clone(),
            // Paths of Windows that are too long for anything else may have nothing but backslashes between their parts.
            path if cfg!(windows) => self.base.join(path.replace('/', "\\")),
            path => self.base.join(path),
        }
    }

    /// The workspace path of an absolute one; `None` outside of the base folder, and for names that are not Unicode.
    pub fn in_workspace(&self, path: &Path) -> Option<String> {
        if let Some(plain) = self.plainly_inside(path) {
            return Some(plain.to_owned());
        }
        let rest = path.strip_prefix(&self.base).ok()?;
        rest.to_str()?;
        Some(parts(rest).collect::<Vec<_>>().join("/"))
    }

    /// The workspace path where it is the end of the absolute one as it is written, which it is for nearly all.
    fn plainly_inside<'p>(&self, path: &'p Path) -> Option<&'p str> {
        let rest = path.to_str()?.strip_prefix(self.base.to_str()?)?.strip_prefix('/')?;
        let is_plain = |part: &str| !matches!(part, "" | "." | "..") && (cfg!(unix) || !part.contains('\\'));
        rest.split('/').all(is_plain).then_some(rest)
    }

    /// A workspace path as people see it: relative to the working directory.
    pub fn shown(&self, path: &str) -> String {
        let path = pages::shown_path(path);
        let Some(working) = &self.working_in_base else {
            return match (self.base_from_working.as_str(), path) {
                ("", path) => path.to_owned(),
                (base, "") => base.to_owned(),
                (base, path) => format!("{base}/{path}"),
            };
        };
        let mut rest = path;
        let mut shared = 0;
        for part in working {
            match rest.strip_prefix(part.as_str()) {
                Some(after) if after.starts_with('/') => rest = &after[1..],
                Some("") => rest = "",
                _ => break,
            }
            shared += 1;
        }
        let up = "../".repeat(working.len() - shared);
        let shown = format!("{up}{rest}");
        if shown.is_empty() { ".".to_owned() } else { shown }
    }

    /// A workspace path relative to a folder (absolute, without symlinks) that holds it.
    pub fn shown_from(&self, folder: &Path, path: &str) -> Option<String> {
        let whole = self.on_disk(path);
        let rest = whole.strip_prefix(folder).ok()?;
        Some(parts(rest).collect::<Vec<_>>().join("/"))
    }

    /// Any absolute path as people see it.
    pub fn shown_path(&self, path: &Path) -> String {
        self.in_workspace(path).map_or_else(|| relative(&self.working, path), |path| self.shown(&path))
    }
}

/// Says which of the paths cannot be read, before anything is.
pub fn check_readable(targets: &[PathBuf], asked: &[PathBuf]) -> anyhow::Result<()> {
    for (target, path) in targets.iter().zip(asked) {
        let readable = if target.is_dir() { std::fs::read_dir(target).map(drop) } else { std::fs::File::open(target).map(drop) };
        readable.with_context(|| format!("cannot read `{}`", path.display()))?;
    }
    Ok(())
}

/// The folder that a project as a whole lies in: the repository, else the highest folder above with a manifest.
pub fn tree_of(folder: &Path) -> PathBuf {
    if let Some(repository) = folder.ancestors().find(|f| f.join(".git").exists()) {
        return repository.to_path_buf();
    }
    let home = std::env::home_dir();
    let is_manifest_folder = |f: &&Path| ["package.json", "convex.json"].iter().any(|name| f.join(name).is_file());
    let mut below_home = folder.ancestors().take_while(|f| Some(*f) != home.as_deref() && f.parent().is_some());
    let by_manifest = below_home.by_ref().filter(is_manifest_folder).last();
    // Without a manifest, the folder above may still be the one whose `convex` folder this is.
    let by_functions = || folder.ancestors().find(|f| f.file_name().is_some_and(|name| name == "convex")).and_then(Path::parent);
    by_manifest.or_else(by_functions).unwrap_or(folder).to_path_buf()
}

/// The same for a run: never below the working directory, unless a repository is.
fn top_of(folder: &Path, working: &Path) -> PathBuf {
    let top = tree_of(folder);
    if top.starts_with(working) && !top.join(".git").exists() { working.to_path_buf() } else { top }
}

fn common(a: &Path, b: &Path) -> Option<PathBuf> {
    let shared: PathBuf = a.components().zip(b.components()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect();
    (shared.components().next().is_some()).then_some(shared)
}

/// The way from one absolute folder to another path; the path itself where there is none.
pub(super) fn relative(from: &Path, to: &Path) -> String {
    let Some(shared) = common(from, to) else { return to.display().to_string() };
    let up = from.strip_prefix(&shared).map_or(0, |rest| rest.components().count());
    let down = to.strip_prefix(&shared).unwrap_or(to);
    std::iter::repeat_n("..".to_owned(), up).chain(parts(down)).collect::<Vec<_>>().join("/")
}

fn parts(path: &Path) -> impl Iterator<Item = String> {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    })
}

/// The nearest folder above the path that is there.
pub fn existing_folder(path: &Path) -> PathBuf {
    let folder = path.ancestors().skip(1).find(|folder| folder.as_os_str().is_empty() || folder.is_dir());
    folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(windows)]
    #[test]
    fn paths_of_windows_are_shown_with_slashes() {
        let places = |working: &str| Places::new(PathBuf::from(r"C:\r"), PathBuf::from(working));
        let path = PathBuf::from(r"C:\r\convex\a.ts");
        assert_eq!(places(r"C:\r").in_workspace(&path).as_deref(), Some("convex/a.ts"));
        assert_eq!(places(r"C:\r").on_disk("convex/a.ts"), path);
        assert_eq!(places(r"C:\r\convex").shown("convex/a.ts"), "a.ts");
        assert_eq!(places(r"C:\q").shown("convex/a.ts"), "../r/convex/a.ts");
        assert_eq!(places(r"C:\r").shown_from(Path::new(r"C:\"), "convex/a.ts").as_deref(), Some("r/convex/a.ts"));
    }

    fn shown(base: &str, working: &str, path: &str) -> String {
        Places::new(PathBuf::from(base), PathBuf::from(working)).shown(path)
    }

    #[test]
    fn paths_are_shown_from_the_working_directory() {
        assert_eq!(shown("/r", "/r", "convex/a.ts"), "convex/a.ts");
        assert_eq!(shown("/r", "/r/convex", "convex/a.ts"), "a.ts");
        assert_eq!(shown("/r", "/r/convex/x", "convex/a.ts"), "../a.ts");
        assert_eq!(shown("/r", "/r/con", "convex/a.ts"), "../convex/a.ts");
        assert_eq!(shown("/r/p", "/r", "convex/a.ts"), "p/convex/a.ts");
        assert_eq!(shown("/r/p", "/q/s", "convex/a.ts"), "../../r/p/convex/a.ts");
        assert_eq!(shown("/r", "/r", ""), ".");
    }
}
