//! `--baseline`: findings that were there before, kept in a file of their own and not shown again.
//!
//! A finding is known by its rule, its file and the declaration that it stands in, not by its line.
//! The file has one line for each, in order, so that two branches merge; it may shrink, and never grows by itself.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::paths::Places;
use crate::diagnostic::Diagnostic;
use crate::model::Workspace;
use crate::model::hir::{BindingKind, Module};
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
    /// The name of the declaration; empty outside of all.
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

impl Baseline {
    /// Reads the file; `None` where there is none.
    pub fn read(path: &Path) -> anyhow::Result<Option<Self>> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read the baseline `{}`", path.display())),
        };
        let document: Document = serde_json::from_str(&text).with_context(|| format!("`{}` is no baseline of orm-lint", path.display()))?;
        if document.version != 1 {
            bail!("`{}` is a baseline of version {}, and this orm-lint knows version 1", path.display(), document.version);
        }
        Ok(Some(Self { findings: document.findings }))
    }

    /// The baseline that knows these findings, and no other.
    pub fn of(places: &Places, workspace: &Workspace, diagnostics: &[Diagnostic]) -> Self {
        let mut counts: BTreeMap<(String, String, String), usize> = BTreeMap::new();
        for diagnostic in diagnostics {
            *counts.entry(key(places, workspace, diagnostic)).or_default() += 1;
        }
        let known = |((file, declaration, rule), count)| Known { file, declaration, rule, count };
        Self { findings: counts.into_iter().map(known).collect() }
    }

    /// Takes out what is known. `is_judged` says of which files all findings are there.
    pub fn compare(
        &self,
        places: &Places,
        workspace: &Workspace,
        diagnostics: Vec<Diagnostic>,
        is_judged: &dyn Fn(&str) -> bool,
    ) -> Compared {
        let mut left: Vec<(Known, usize)> = self.findings.iter().map(|known| (known.clone(), 0)).collect();
        let mut compared = Compared { fresh: Vec::new(), known: 0, gone: 0, still_there: Vec::new() };
        let mut unknown = Vec::new();
        for diagnostic in diagnostics {
            let (file, declaration, rule) = key(places, workspace, &diagnostic);
            let is_same = |(known, used): &&mut (Known, usize)| {
                known.file == file && known.declaration == declaration && known.rule == rule && *used < known.count
            };
            match left.iter_mut().find(is_same) {
                Some((_, used)) => *used += 1,
                None => unknown.push((diagnostic, file, declaration, rule)),
            }
        }
        // A file that is gone may have moved: what was known of it is known where its declarations are now.
        let is_there = |file: &str| workspace.files.iter().any(|f| places.shown(&f.source.path) == file);
        let mut moved: Vec<Known> = Vec::new();
        for (diagnostic, file, declaration, rule) in unknown {
            let is_same = |(known, used): &&mut (Known, usize)| {
                known.declaration == declaration && known.rule == rule && *used < known.count && !is_there(&known.file)
            };
            match left.iter_mut().find(is_same).filter(|_| !declaration.is_empty()) {
                Some((known, _)) => {
                    known.count -= 1;
                    compared.known += 1;
                    match moved.iter_mut().find(|m| m.file == file && m.declaration == declaration && m.rule == rule) {
                        Some(same) => same.count += 1,
                        None => moved.push(Known { file, declaration, rule, count: 1 }),
                    }
                }
                None => compared.fresh.push(diagnostic),
            }
        }
        for (known, used) in left {
            let is_gone = is_judged(&known.file) || !is_there(&known.file);
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

fn key(places: &Places, workspace: &Workspace, diagnostic: &Diagnostic) -> (String, String, String) {
    let file = places.shown(&workspace.source(diagnostic.span.file).path);
    let declaration = declaration(workspace.hir(diagnostic.span.file), diagnostic.span).unwrap_or_default();
    (file, declaration, diagnostic.rule.to_owned())
}

/// The name of the module's own declaration that holds the place, or that the place is.
fn declaration(module: &Module, place: Span) -> Option<String> {
    let holds = |span: Span| span.start <= place.start && place.end <= span.end;
    let of_module = (0..module.bindings.len()).map(|i| crate::model::hir::BindingId(i as u32)).filter(|id| module.is_of_module(*id));
    let mut held = of_module.filter(|id| {
        let whole = match module.binding(*id).kind {
            BindingKind::Const(Some(value)) | BindingKind::Let(Some(value)) => Some(module.span(value)),
            BindingKind::Func(func) => Some(module.at(module.func(func).start, module.func(func).end)),
            _ => None,
        };
        holds(module.binding_span(*id)) || whole.is_some_and(holds)
    });
    held.next().map(|id| module.binding(id).name.to_string())
}
