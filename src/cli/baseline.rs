//! `--baseline`: findings that were there before, kept in a file of their own and not shown again.
//!
//! A finding is known by its rule, its file and the declaration that it stands in, not by its line.
//! The file has one line for each, in order, so that two branches merge; it may shrink, and never grows by itself.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::paths::{self, Places};
use crate::diagnostic::Diagnostic;
use crate::model::hir::{BindingKind, Export, Exported, Module};
use crate::model::{File, Workspace};
use crate::source::Span;

/// Its name, if none is given.
pub const NAME: &str = "orm-lint-baseline.json";

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    findings: Vec<Known>,
}

/// Findings of one rule in one declaration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Known {
    /// From the folder of the baseline, `/` between parts.
    file: String,
    /// The name of the declaration, or of the table in a schema; empty outside of all.
    declaration: String,
    rule: String,
    count: usize,
}

/// What was found, and what of it was known.
pub struct Compared {
    /// What is new.
    pub fresh: Vec<Diagnostic>,
    pub known: usize,
    /// Known findings that are gone.
    pub gone: usize,
    still_there: Vec<Known>,
}

/// Known findings of a folder.
pub struct Baseline {
    findings: Vec<Known>,
}

/// What findings are known by.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    file: String,
    declaration: String,
    rule: String,
}

/// A run, as seen from where its baseline lies.
pub struct Judged<'a> {
    pub places: &'a Places,
    pub workspace: &'a Workspace,
    /// The folder of the baseline, so that it says the same wherever it is used from.
    folder: PathBuf,
    /// Whether all findings of a file are there.
    is_judged: &'a dyn Fn(&File) -> bool,
}

impl Baseline {
    /// Reads the file; `None` where there is none.
    pub fn read(path: &Path) -> anyhow::Result<Option<Self>> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read the baseline `{}`", path.display())),
        };
        let Ok(document) = serde_json::from_str::<Document>(&text) else {
            bail!("`{}` is no baseline of orm-lint; restore it, or delete it and make a new one with --update-baseline", path.display());
        };
        if document.version != 1 {
            bail!("`{}` is a baseline of version {}, and this orm-lint knows version 1; update orm-lint", path.display(), document.version);
        }
        Ok(Some(Self { findings: document.findings }))
    }

    /// The baseline that knows these findings, and no other.
    pub fn of(run: &Judged<'_>, diagnostics: &[Diagnostic]) -> Self {
        let mut counts: BTreeMap<Key, usize> = BTreeMap::new();
        for diagnostic in diagnostics {
            *counts.entry(run.key(diagnostic)).or_default() += 1;
        }
        let known = |(Key { file, declaration, rule }, count)| Known { file, declaration, rule, count };
        Self { findings: counts.into_iter().map(known).collect() }
    }

    /// Takes out what is known.
    pub fn compare(&self, run: &Judged<'_>, diagnostics: Vec<Diagnostic>) -> Compared {
        let mut left: Vec<(Known, usize)> = self.findings.iter().map(|known| (known.clone(), 0)).collect();
        let mut compared = Compared { fresh: Vec::new(), known: 0, gone: 0, still_there: Vec::new() };
        let mut unknown = Vec::new();
        for diagnostic in diagnostics {
            let key = run.key(&diagnostic);
            let is_same = |(known, used): &&mut (Known, usize)| key.is_of(known) && known.file == key.file && *used < known.count;
            match left.iter_mut().find(is_same) {
                Some((_, used)) => *used += 1,
                None => unknown.push((diagnostic, key)),
            }
        }
        // A file that is gone may have moved: what was known of it is known where its declarations are now.
        let files: BTreeMap<String, &File> = run.workspace.files.iter().map(|file| (run.shown(file), file)).collect();
        let mut moved: Vec<Known> = Vec::new();
        for (diagnostic, key) in unknown {
            let is_same = |(known, used): &&mut (Known, usize)| {
                key.is_of(known) && *used < known.count && !files.contains_key(&known.file) && key.may_come_from(&known.file)
            };
            let Some((known, _)) = left.iter_mut().find(is_same) else {
                compared.fresh.push(diagnostic);
                continue;
            };
            known.count -= 1;
            compared.known += 1;
            match moved.iter_mut().find(|known| key.is_of(known) && known.file == key.file) {
                Some(same) => same.count += 1,
                None => moved.push(Known { file: key.file, declaration: key.declaration, rule: key.rule, count: 1 }),
            }
        }
        for (known, used) in left {
            let is_gone = files.get(&known.file).is_none_or(|file| (run.is_judged)(file));
            let count = if is_gone { used } else { known.count };
            compared.known += used;
            compared.gone += known.count - count;
            if count > 0 {
                compared.still_there.push(Known { count, ..known });
            }
        }
        compared.still_there.extend(moved);
        compared
    }

    /// Writes the file whole, or not at all.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        write(path, &self.findings)
    }

    pub fn count(&self) -> usize {
        self.findings.iter().map(|known| known.count).sum()
    }
}

impl Compared {
    /// Writes what is still there of the baseline.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        write(path, &self.still_there)
    }
}

fn write(path: &Path, findings: &[Known]) -> anyhow::Result<()> {
    let mut findings = findings.to_vec();
    findings.sort();
    let lines: Vec<String> =
        findings.iter().map(|known| Ok(format!("    {}", serde_json::to_string(known)?))).collect::<anyhow::Result<_>>()?;
    let list = if lines.is_empty() { "[]".to_owned() } else { format!("[\n{}\n  ]", lines.join(",\n")) };
    let text = format!("{{\n  \"version\": 1,\n  \"findings\": {list}\n}}\n");
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let explain = || format!("cannot write the baseline `{}`", path.display());
    let mut temporary = tempfile::NamedTempFile::new_in(folder).with_context(explain)?;
    temporary.write_all(text.as_bytes()).with_context(explain)?;
    temporary.persist(path).map_err(|error| error.error).with_context(explain)?;
    Ok(())
}

impl Key {
    fn is_of(&self, known: &Known) -> bool {
        known.declaration == self.declaration && known.rule == self.rule
    }

    /// Whether what is found here may be what was found in a file that is gone. Where no name says so, the file's own name must.
    fn may_come_from(&self, file: &str) -> bool {
        let name = |path: &str| path.rsplit('/').next().map(str::to_owned);
        !matches!(&*self.declaration, "" | DEFAULT) || name(file) == name(&self.file)
    }
}

impl<'a> Judged<'a> {
    pub fn new(places: &'a Places, workspace: &'a Workspace, baseline: &Path, is_judged: &'a dyn Fn(&File) -> bool) -> Self {
        let folder = places.working().join(baseline).parent().map(Path::to_path_buf).unwrap_or_default();
        Self { places, workspace, folder: dunce::canonicalize(&folder).unwrap_or(folder), is_judged }
    }

    fn shown(&self, file: &File) -> String {
        paths::relative(&self.folder, &self.places.on_disk(&file.source.path))
    }

    fn key(&self, diagnostic: &Diagnostic) -> Key {
        let span = diagnostic.span;
        let file = self.shown(&self.workspace.files[span.file.0 as usize]);
        let declaration = self.table(span).or_else(|| declaration(self.workspace.hir(span.file), span)).unwrap_or_default();
        Key { file, declaration, rule: diagnostic.rule.to_owned() }
    }

    /// The table of a schema that holds the place: a schema is one declaration, and its tables have findings of their own.
    fn table(&self, place: Span) -> Option<String> {
        let tables = self.workspace.projects.iter().filter_map(|project| project.schema.as_ref()).flat_map(|schema| &schema.tables);
        let holding = tables.into_iter().find(|table| table.span.file == place.file && holds(table.span, place));
        holding.map(|table| table.name.to_string())
    }
}

/// The name of `export default` among declarations.
const DEFAULT: &str = "default";

/// The name of the module's own declaration that holds the place, or that the place is.
fn declaration(module: &Module, place: Span) -> Option<String> {
    let of_module = (0..module.bindings.len()).map(|i| crate::model::hir::BindingId(i as u32)).filter(|id| module.is_of_module(*id));
    let mut held = of_module.filter(|id| {
        let whole = match module.binding(*id).kind {
            BindingKind::Const(Some(value)) | BindingKind::Let(Some(value)) => Some(module.span(value)),
            BindingKind::Func(func) => Some(module.at(module.func(func).start, module.func(func).end)),
            _ => None,
        };
        holds(module.binding_span(*id), place) || whole.is_some_and(|whole| holds(whole, place))
    });
    let by_name = held.next().map(|id| module.binding(id).name.to_string());
    let is_default = |export: &Export| matches!(export.what, Exported::Expr(value) if holds(module.span(value), place));
    by_name.or_else(|| module.exports.iter().any(is_default).then(|| DEFAULT.to_owned()))
}

fn holds(span: Span, place: Span) -> bool {
    span.start <= place.start && place.end <= span.end
}
