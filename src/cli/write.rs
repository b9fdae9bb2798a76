//! Writes changed files: each one whole or not at all.
//!
//! A temporary file beside the target takes its place in one step. What changed on disk since it was read is left alone.
//! That several files change together, or none, is the business of `journal`.

use std::fs::Permissions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tempfile::NamedTempFile;

/// Replaces `before` by `after` in the file at `path`, which lies (through symlinks, too) inside `tree`.
pub fn replace(path: &Path, tree: &Path, before: &str, after: &str) -> anyhow::Result<()> {
    let target = Target::of(path, tree, before.as_bytes())?;
    let temporary = target.stage(after.as_bytes(), tempfile::Builder::new().prefix(".orm-lint-"))?;
    temporary.persist(&target.path).map_err(|error| error.error)?;
    Ok(())
}

/// A file that may be replaced.
#[derive(Debug)]
pub struct Target {
    /// Absolute, without symlinks.
    pub path: PathBuf,
    permissions: Permissions,
}

impl Target {
    /// The file at `path`, if it lies (through symlinks, too) inside `tree`, holds `before`, and may be written.
    pub fn of(path: &Path, tree: &Path, before: &[u8]) -> anyhow::Result<Self> {
        let path = dunce::canonicalize(path).context("it cannot be found any more")?;
        if !path.starts_with(tree) {
            bail!("it is a link to {}, outside of the project", path.display());
        }
        let now = std::fs::read(&path).context("it cannot be read any more")?;
        if now != before {
            bail!("it changed since it was read; run again");
        }
        let permissions = std::fs::metadata(&path)?.permissions();
        if permissions.readonly() {
            bail!("it is read-only");
        }
        Ok(Self { path, permissions })
    }

    /// A temporary file beside it that holds `after` and has its permissions.
    pub fn stage(&self, after: &[u8], temporary: &tempfile::Builder<'_, '_>) -> anyhow::Result<NamedTempFile> {
        let folder = self.path.parent().unwrap_or(&self.path);
        let mut temporary = temporary.tempfile_in(folder).context("its folder cannot be written to")?;
        temporary.write_all(after)?;
        temporary.as_file().set_permissions(self.permissions.clone())?;
        Ok(temporary)
    }
}
