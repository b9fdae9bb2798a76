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
    let target = Target::of(path, tree, Some(before.as_bytes()))?;
    let temporary = target.stage(after.as_bytes(), tempfile::Builder::new().prefix(".orm-lint-"))?;
    temporary.persist(&target.path).map_err(|error| error.error)?;
    Ok(())
}

/// A file that may be replaced, or made.
#[derive(Debug)]
pub struct Target {
    /// Absolute, without symlinks.
    pub path: PathBuf,
    /// `None` where there is no such file yet.
    permissions: Option<Permissions>,
}

impl Target {
    /// The file at `path`, if it lies (through symlinks, too) inside `tree`, holds `before`, and may be written; or is not there, if
    /// nothing is to be there.
    pub fn of(path: &Path, tree: &Path, before: Option<&[u8]>) -> anyhow::Result<Self> {
        let Some(before) = before else { return Self::to_come(path, tree) };
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
        Ok(Self { path, permissions: Some(permissions) })
    }

    fn to_come(path: &Path, tree: &Path) -> anyhow::Result<Self> {
        let name = path.file_name().context("it has no name")?;
        let folder = dunce::canonicalize(path.parent().unwrap_or(path)).context("its folder cannot be found")?;
        if !folder.starts_with(tree) {
            bail!("its folder is a link to {}, outside of the project", folder.display());
        }
        let path = folder.join(name);
        if path.symlink_metadata().is_ok() {
            bail!("there is such a file now; run again");
        }
        Ok(Self { path, permissions: None })
    }

    /// A temporary file beside it that holds `after` and has its permissions.
    pub fn stage(&self, after: &[u8], temporary: &tempfile::Builder<'_, '_>) -> anyhow::Result<NamedTempFile> {
        let folder = self.path.parent().unwrap_or(&self.path);
        let mut builder = temporary.clone();
        if self.permissions.is_none() {
            for_everyone(&mut builder);
        }
        let mut temporary = builder.tempfile_in(folder).context("its folder cannot be written to")?;
        temporary.write_all(after)?;
        if let Some(permissions) = &self.permissions {
            temporary.as_file().set_permissions(permissions.clone())?;
        }
        Ok(temporary)
    }
}

/// What any program gives a new file, which the user's own settings narrow.
#[cfg(unix)]
fn for_everyone(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt as _;
    builder.permissions(Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn for_everyone(_builder: &mut tempfile::Builder<'_, '_>) {}
