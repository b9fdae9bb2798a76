//! Writes changed files: each one whole or not at all.
//!
//! A temporary file beside the target takes its place in one step. What changed on disk since it was read is left alone.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, bail};

/// Replaces `before` by `after` in the file at `path`, which lies (through symlinks, too) inside `tree`.
pub fn replace(path: &Path, tree: &Path, before: &str, after: &str) -> anyhow::Result<()> {
    let target = path.canonicalize().context("it cannot be found any more")?;
    if !target.starts_with(tree) {
        bail!("it is a link to {}, outside of the project", target.display());
    }
    let now = std::fs::read(&target).context("it cannot be read any more")?;
    if now != before.as_bytes() {
        bail!("it changed since it was read; run again");
    }
    let permissions = std::fs::metadata(&target)?.permissions();
    if permissions.readonly() {
        bail!("it is read-only");
    }
    let folder = target.parent().unwrap_or(&target);
    let mut temporary = tempfile::Builder::new().prefix(".orm-lint-").tempfile_in(folder).context("its folder cannot be written to")?;
    temporary.write_all(after.as_bytes())?;
    temporary.as_file().set_permissions(permissions)?;
    temporary.persist(&target).map_err(|error| error.error)?;
    Ok(())
}
