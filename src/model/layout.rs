//! Where projects lie in the tree of files, what each file is to its project, and which file an import names. Knows paths, reads none.

use std::collections::{BTreeMap, BTreeSet};

use super::Role;

/// A project's functions folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Path of the folder in the form of `SourceFile::path`, without a `/` at its end; empty for the working directory.
    pub functions: String,
    /// Whether the folder is a component (`convex.config.ts`): its functions and tables may be used from outside.
    pub is_component: bool,
}

/// The `paths` of one tsconfig.json, or the `imports` of one package.json.
#[derive(Clone, Debug, Default)]
pub struct PathAliases {
    /// Folder that holds the file, in the form of `SourceFile::path`.
    pub folder: String,
    /// Folder that targets are relative to (`baseUrl`, else `folder`), and whether bare names are looked up there.
    pub base: String,
    pub base_url: bool,
    /// Pattern with at most one `*` → targets, in the order of the file.
    pub paths: Vec<(String, Vec<String>)>,
    /// They are those of a package.json, for names that begin with `#`.
    pub of_package: bool,
}

/// A version of Convex, or the lowest of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConvexVersion {
    pub major: u32,
    pub minor: u32,
    /// It is the one that is installed, and not just the lowest that may be.
    pub is_installed: bool,
}

impl ConvexVersion {
    /// The version, or the lowest of the range; `None` for what only a package manager can tell.
    pub fn lowest(range: &str) -> Option<Self> {
        let first = range.trim_start_matches(['^', '~', '>', '=', 'v', ' ']);
        let mut numbers = first.split(['.', '-', ' ']).map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Some(Self { major, minor, is_installed: false }),
            _ => None,
        }
    }

    pub fn is_before(self, major: u32, minor: u32) -> bool {
        (self.major, self.minor) < (major, minor)
    }
}

/// Everything about paths that linking needs.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// Sorted by path; nested roots are allowed, the innermost holds.
    pub roots: Vec<Root>,
    pub aliases: Vec<PathAliases>,
    /// What code that was not read as such names of backends, `posts.list` for `api.posts.list`: a client's, for the most part.
    pub named_outside: BTreeSet<String>,
    /// For which version of Convex a project is written, by its functions folder, where that is known.
    pub convex: BTreeMap<String, ConvexVersion>,
}

impl Layout {
    /// The innermost root whose functions folder holds the path.
    pub fn root_of(&self, path: &str) -> Option<usize> {
        let holds = |root: &Root| lies_in(path, &root.functions);
        (0..self.roots.len()).filter(|&i| holds(&self.roots[i])).max_by_key(|&i| self.roots[i].functions.len())
    }

    /// For which version of Convex the file is written, where that is known.
    pub fn convex_at(&self, path: &str) -> Option<ConvexVersion> {
        self.convex.get(&self.roots[self.root_of(path)?].functions).copied()
    }

    /// What a file is, by its path.
    pub fn role_of(&self, path: &str) -> Role {
        let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
        if folders.split('/').any(|folder| folder == "_generated") {
            Role::Generated
        } else if is_test(folders, name) {
            Role::Test
        } else if self.root_of(path).is_some() {
            Role::Backend
        } else {
            Role::Support
        }
    }

    /// The file that `specifier` names when imported in `from`, if `exists` knows one.
    pub fn resolve(&self, from: &str, specifier: &str, exists: &dyn Fn(&str) -> bool) -> Option<String> {
        if specifier.starts_with('.') {
            return existing(&join(parent(from), specifier), exists);
        }
        let nearest = |of_package: bool| {
            let holding = self.aliases.iter().filter(|a| a.of_package == of_package && lies_in(from, &a.folder));
            holding.max_by_key(|a| a.folder.len())
        };
        // The paths of a tsconfig.json hold first, as in TypeScript.
        let of_package = || specifier.starts_with('#').then(|| nearest(true)?.resolve(specifier, exists)).flatten();
        nearest(false).and_then(|aliases| aliases.resolve(specifier, exists)).or_else(of_package)
    }
}

impl PathAliases {
    fn resolve(&self, specifier: &str, exists: &dyn Fn(&str) -> bool) -> Option<String> {
        for (pattern, targets) in &self.paths {
            let Some(middle) = matched(pattern, specifier) else { continue };
            for target in targets {
                let path = join(&self.base, &target.replacen('*', middle, 1));
                if let Some(found) = existing(&path, exists) {
                    return Some(found);
                }
            }
        }
        if self.base_url { existing(&join(&self.base, specifier), exists) } else { None }
    }
}

/// `users.test.ts`, `users.spec.ts`, `setup.testing.ts` (the suffix that Convex's own test setup has), anything in `__tests__`.
fn is_test(folders: &str, name: &str) -> bool {
    folders.split('/').any(|folder| folder == "__tests__")
        || name.split('.').skip(1).any(|part| matches!(part, "test" | "spec" | "testing"))
}

/// The part of the specifier that the pattern's `*` stands for; empty where the pattern has none.
fn matched<'s>(pattern: &str, specifier: &'s str) -> Option<&'s str> {
    match pattern.split_once('*') {
        Some((before, after)) => specifier.strip_prefix(before)?.strip_suffix(after),
        None => (pattern == specifier).then_some(""),
    }
}

const ENDINGS: [&str; 8] = [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"];

/// What stands in the source of an import that is written as the file that it is compiled to.
const COMPILED: [(&str, &[&str]); 4] = [(".js", &[".ts", ".tsx"]), (".mjs", &[".mts"]), (".cjs", &[".cts"]), (".jsx", &[".tsx"])];

/// The file that an import of this path loads: itself, with an ending, its TypeScript source, or its index.
fn existing(path: &str, exists: &dyn Fn(&str) -> bool) -> Option<String> {
    let has_ending = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    if has_ending && ENDINGS.iter().any(|e| path.ends_with(e)) && exists(path) {
        return Some(path.to_owned());
    }
    let mut tried = String::with_capacity(path.len() + "/index.tsx".len());
    let mut with = |stem: &str, between: &str, endings: &[&str]| {
        endings
            .iter()
            .any(|ending| {
                tried.clear();
                tried.extend([stem, between, ending]);
                exists(&tried)
            })
            .then(|| tried.clone())
    };
    for (js, sources) in COMPILED.into_iter().filter(|_| has_ending) {
        let Some(stem) = path.strip_suffix(js) else { continue };
        if let Some(found) = with(stem, "", sources) {
            return Some(found);
        }
    }
    let index = if path.is_empty() { "index" } else { "/index" };
    with(path, "", &ENDINGS).or_else(|| with(path, index, &ENDINGS))
}

/// The module of a path that is written without its ending.
pub fn module_at<T>(stem: &str, find: impl Fn(&str) -> Option<T>) -> Option<T> {
    let mut path = String::with_capacity(stem.len() + ".tsx".len());
    ENDINGS.iter().find_map(|ending| {
        path.clear();
        path.extend([stem, ending]);
        find(&path)
    })
}

/// Whether the path lies in the folder (any depth). The empty folder holds every path that does not leave it.
pub fn lies_in(path: &str, folder: &str) -> bool {
    if folder.is_empty() {
        return !path.starts_with("../") && !path.starts_with('/');
    }
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// The folder of a path; empty for a bare name.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Joins and normalises: no `.`, `..` only at the front.
pub fn join(folder: &str, path: &str) -> String {
    let absolute = path.starts_with('/') || folder.starts_with('/');
    let folder = if path.starts_with('/') { "" } else { folder };
    let mut joined = String::with_capacity(folder.len() + path.len() + 1);
    if absolute {
        joined.push('/');
    }
    let root = joined.len();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if !matches!(&joined[root..], "" | "..") && !joined.ends_with("/..") => {
                let end = joined[root..].rfind('/').map_or(root, |at| root + at);
                joined.truncate(end);
            }
            part => {
                if joined.len() > root {
                    joined.push('/');
                }
                joined.push_str(part);
            }
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_and_normalised() {
        let cases = [
            ("convex/a", "./b", "convex/a/b"),
            ("convex/a", "../b", "convex/b"),
            ("convex", "../../b", "../b"),
            ("", "../../b", "../../b"),
            ("..", "../b", "../../b"),
            ("a", "..", ""),
            ("a", "/b/./c/", "/b/c"),
            ("/a", "../../b", "/../b"),
            ("a..", "../b", "b"),
            ("a", ".//b", "a/b"),
        ];
        for (folder, path, joined) in cases {
            assert_eq!(join(folder, path), joined, "{folder} and {path}");
        }
    }

    #[test]
    fn versions_are_the_lowest_of_a_range() {
        let cases = [
            ("1.31.0", Some((1, 31))),
            ("^1.25.4", Some((1, 25))),
            ("~1.3", Some((1, 3))),
            (">=1.16.1 <2", Some((1, 16))),
            (">= 1.29", Some((1, 29))),
            ("1.17.0-alpha.1", Some((1, 17))),
            ("^1.17 || ^2.0", Some((1, 17))),
            ("latest", None),
            ("workspace:*", None),
            ("*", None),
            ("1.x", None),
        ];
        for (range, version) in cases {
            assert_eq!(ConvexVersion::lowest(range).map(|v| (v.major, v.minor)), version, "{range}");
        }
    }

    #[test]
    fn roles_come_from_paths() {
        let layout = Layout { roots: vec![Root { functions: "convex".to_owned(), is_component: false }], ..Layout::default() };
        let cases = [
            ("convex/users.ts", Role::Backend),
            ("convex/a/b.ts", Role::Backend),
            ("convex/users.test.ts", Role::Test),
            ("convex/setup.testing.ts", Role::Test),
            ("convex/__tests__/users.ts", Role::Test),
            ("convex/test.ts", Role::Backend),
            ("convex/_generated/api.d.ts", Role::Generated),
            ("src/convex.ts", Role::Support),
        ];
        for (path, role) in cases {
            assert_eq!(layout.role_of(path), role, "{path}");
        }
    }
}
