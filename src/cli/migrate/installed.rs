//! Which ORM a project has: `--relations auto`, and the module that new code imports where `--orm` does not say it.
//!
//! Asks the installed package, else the package.json that asks for one. Never asks the network.

use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::codemod::{Part, RelationStyle};

/// Packages that have the ORM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Package {
    BetterConvex,
    /// Its successor.
    Kitcn,
}

impl Package {
    const ALL: [Self; 2] = [Self::BetterConvex, Self::Kitcn];

    pub fn name(self) -> &'static str {
        match self {
            Self::BetterConvex => "better-convex",
            Self::Kitcn => "kitcn",
        }
    }

    fn style(self) -> RelationStyle {
        match self {
            Self::BetterConvex => RelationStyle::DefineRelations,
            Self::Kitcn => RelationStyle::Chain,
        }
    }
}

/// What is known of the ORM of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Orm {
    Installed {
        package: Package,
        version: String,
    },
    /// A package.json asks for it.
    Asked {
        package: Package,
        range: String,
    },
    Unknown,
}

impl Orm {
    /// That of a project, by its functions folder (absolute).
    pub fn of(functions: &Path) -> Self {
        let installed = functions.ancestors().find_map(|folder| {
            let modules = folder.join("node_modules");
            let found: Vec<(Package, String)> =
                Package::ALL.into_iter().filter_map(|package| Some((package, version(&modules.join(package.name()))?))).collect();
            // Where both are there, package.json says which is meant.
            let asked = (found.len() > 1).then(|| asked(functions)).flatten().map(|(package, _)| package);
            found.iter().find(|(package, _)| Some(*package) == asked).or(found.first()).cloned()
        });
        match (installed, asked(functions)) {
            (Some((package, version)), _) => Self::Installed { package, version },
            (None, Some((package, range))) => Self::Asked { package, range },
            (None, None) => Self::Unknown,
        }
    }

    /// What the projects of one run have in common; `shown` names their folders.
    pub fn of_all(functions: &[PathBuf], shown: impl Fn(&Path) -> String) -> anyhow::Result<Self> {
        let mut first: Option<(&PathBuf, Self)> = None;
        for folder in functions {
            let orm = Self::of(folder);
            match &first {
                Some((other, known)) if known.package() != orm.package() => bail!(
                    "{} and {} differ in their ORM ({}, {}); migrate one at a time, or say --relations and --orm",
                    shown(other),
                    shown(folder),
                    known.words(),
                    orm.words()
                ),
                Some(_) => {}
                None => first = Some((folder, orm)),
            }
        }
        Ok(first.map_or(Self::Unknown, |(_, orm)| orm))
    }

    pub fn package(&self) -> Option<Package> {
        match self {
            Self::Installed { package, .. } | Self::Asked { package, .. } => Some(*package),
            Self::Unknown => None,
        }
    }

    pub fn is_installed(&self) -> bool {
        matches!(self, Self::Installed { .. })
    }

    /// Whether it is a version of better-convex before 0.11; a range counts as its lowest.
    pub fn is_before_011(&self) -> bool {
        let (Self::Installed { package: Package::BetterConvex, version: words }
        | Self::Asked { package: Package::BetterConvex, range: words }) = self
        else {
            return false;
        };
        let mut numbers = words.trim_start_matches(|c: char| !c.is_ascii_digit()).split('.').map(str::parse::<u32>);
        matches!((numbers.next(), numbers.next()), (Some(Ok(0)), Some(Ok(minor))) if minor < 11)
    }

    /// How its relations are written. Where there is none yet, functions go by what a published version can be started with.
    pub fn style(&self, part: Option<Part>) -> RelationStyle {
        let unknown = if part == Some(Part::Schema) { RelationStyle::Relations } else { RelationStyle::DefineRelations };
        self.package().map_or(unknown, Package::style)
    }

    /// What new code imports it from.
    pub fn module(&self) -> String {
        format!("{}/orm", self.package().unwrap_or(Package::BetterConvex).name())
    }

    /// `better-convex 0.11.0 is installed`.
    pub fn words(&self) -> String {
        match self {
            Self::Installed { package, version } => format!("{} {version} is installed", package.name()),
            Self::Asked { package, range } => format!("package.json asks for {} {range}", package.name()),
            Self::Unknown => "neither better-convex nor kitcn is installed".to_owned(),
        }
    }
}

/// The version of an installed package.
fn version(folder: &Path) -> Option<String> {
    let manifest = manifest(&folder.join("package.json"))?;
    Some(manifest.get("version").and_then(|version| version.as_str()).unwrap_or("of an unknown version").to_owned())
}

/// What the nearest package.json that speaks of the ORM asks for.
fn asked(functions: &Path) -> Option<(Package, String)> {
    functions.ancestors().find_map(|folder| {
        let manifest = manifest(&folder.join("package.json"))?;
        let range = |package: Package| {
            let lists = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];
            lists.into_iter().find_map(|list| manifest.get(list)?.get(package.name())?.as_str())
        };
        Package::ALL.into_iter().find_map(|package| Some((package, range(package)?.to_owned())))
    })
}

fn manifest(path: &Path) -> Option<serde_json::Value> {
    let text = std::fs::read_to_string(path).ok()?;
    serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("make the folder");
            std::fs::write(path, text).expect("write");
        }
        folder
    }

    fn orm(files: &[(&str, &str)]) -> Orm {
        Orm::of(&project(files).path().join("apps/a/convex"))
    }

    #[test]
    fn the_nearest_installed_package_decides() {
        let better = ("node_modules/better-convex/package.json", "{ \"version\": \"0.11.0\" }");
        let kitcn = ("apps/a/node_modules/kitcn/package.json", "{ \"version\": \"0.27.3\" }");
        let installed = |package, version: &str| Orm::Installed { package, version: version.to_owned() };
        assert_eq!(orm(&[better]), installed(Package::BetterConvex, "0.11.0"));
        assert_eq!(orm(&[better, kitcn]), installed(Package::Kitcn, "0.27.3"));
        assert_eq!(orm(&[kitcn]).style(None), RelationStyle::Chain);
        assert_eq!(orm(&[kitcn]).module(), "kitcn/orm");
        assert!(!orm(&[better]).is_before_011() && !orm(&[kitcn]).is_before_011() && !Orm::Unknown.is_before_011());
        assert!(orm(&[("node_modules/better-convex/package.json", "{ \"version\": \"0.6.4\" }")]).is_before_011());
    }

    #[test]
    fn of_two_in_one_folder_the_one_that_is_asked_for() {
        let better = ("node_modules/better-convex/package.json", "{ \"version\": \"0.11.0\" }");
        let kitcn = ("node_modules/kitcn/package.json", "{ \"version\": \"0.27.3\" }");
        let manifest = ("apps/a/package.json", "{ \"dependencies\": { \"kitcn\": \"^0.27.0\" } }");
        assert_eq!(orm(&[better, kitcn, manifest]).package(), Some(Package::Kitcn));
        assert_eq!(orm(&[better, kitcn]).package(), Some(Package::BetterConvex));
    }

    #[test]
    fn without_an_installed_package_the_manifest_is_asked() {
        let silent = ("apps/a/package.json", "{ \"dependencies\": {} }");
        let asking = ("package.json", "\u{feff}{ \"devDependencies\": { \"better-convex\": \"^0.6.0\" } }");
        let found = orm(&[silent, asking]);
        assert_eq!(found, Orm::Asked { package: Package::BetterConvex, range: "^0.6.0".to_owned() });
        assert_eq!(found.words(), "package.json asks for better-convex ^0.6.0");
        assert!(found.is_before_011());
        let broken = ("package.json", "{");
        assert_eq!(orm(&[broken]), Orm::Unknown);
        let unknown = orm(&[]);
        assert_eq!((unknown.style(None), unknown.module()), (RelationStyle::DefineRelations, "better-convex/orm".to_owned()));
        assert_eq!(unknown.style(Some(Part::Schema)), RelationStyle::Relations);
    }

    #[test]
    fn projects_of_one_run_agree() {
        let folder = project(&[
            ("a/node_modules/better-convex/package.json", "{ \"version\": \"0.11.0\" }"),
            ("b/node_modules/better-convex/package.json", "{ \"version\": \"0.6.4\" }"),
            ("c/node_modules/kitcn/package.json", "{}"),
        ]);
        let all = |names: &[&str]| {
            let folders: Vec<PathBuf> = names.iter().map(|name| folder.path().join(name).join("convex")).collect();
            Orm::of_all(&folders, |path| path.strip_prefix(folder.path()).unwrap_or(path).display().to_string())
        };
        assert_eq!(all(&["a", "b"]).expect("one").words(), "better-convex 0.11.0 is installed");
        let error = all(&["b", "c"]).expect_err("two").to_string();
        assert_eq!(
            error,
            "b/convex and c/convex differ in their ORM (better-convex 0.6.4 is installed, kitcn of an unknown version is installed); \
             migrate one at a time, or say --relations and --orm"
        );
    }
}
