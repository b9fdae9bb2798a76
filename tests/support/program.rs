//! Runs programs: the built `orm-lint`, and tools that tests install once under `target`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a program printed, and how it ended.
#[derive(Debug)]
pub struct Output {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// `orm-lint` as cargo built it for this test.
pub fn orm_lint(folder: &Path, args: &[&str]) -> Output {
    run(Command::new(env!("CARGO_BIN_EXE_orm-lint")).args(args).current_dir(folder))
}

/// `orm-migrate` as cargo built it for this test.
pub fn orm_migrate(folder: &Path, args: &[&str]) -> Output {
    run(Command::new(env!("CARGO_BIN_EXE_orm-migrate")).args(args).current_dir(folder))
}

/// Runs to the end, with nothing on standard input and no colours but those asked for.
pub fn run(command: &mut Command) -> Output {
    let quiet = command
        .stdin(Stdio::null())
        .env_remove("CLICOLOR_FORCE")
        .env_remove("FORCE_COLOR")
        .env_remove("GITHUB_WORKSPACE")
        .env_remove("CI_PROJECT_DIR")
        .env("COLUMNS", "100");
    let done = quiet.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap_or_else(|error| panic!("{error}"));
    Output { code: done.status.code().unwrap_or(-1), out: text(done.stdout), err: text(done.stderr) }
}

/// Git, with nobody's own settings.
pub fn git(folder: &Path, args: &[&str]) -> Output {
    let who = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.com", "-c", "commit.gpgsign=false"];
    let mut command = Command::new("git");
    run(command.args(who).args(args).current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1"))
}

/// Copies the files of a project, without what is installed into it.
pub fn copy_project(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("make the folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_name() == "node_modules" {
            continue;
        }
        if entry.file_type().expect("a type").is_dir() {
            copy_project(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copy a file");
        }
    }
}

/// All files of a project with their texts, by path with `/` between parts, sorted; without what is installed into it.
pub fn files_under(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.ends_with("node_modules") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).expect("a path under the folder").to_string_lossy().replace('\\', "/");
            files.push((name, super::read(&path)));
        }
    }
    files.sort();
    files
}

/// What a test does without that it cannot install: nothing on a developer's machine, fail where `CI` is set.
pub fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{why}");
    eprintln!("SKIPPED: {why}");
}

/// A folder under `target` that `install` fills; once, whatever number of tests ask for it at the same time.
pub fn installed(name: &str, install: impl FnOnce(&Path) -> Result<(), String>) -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    let lock = std::fs::File::create(folder.with_extension("lock")).map_err(|e| e.to_string())?;
    lock.lock().map_err(|e| e.to_string())?;
    let done = folder.join("installed");
    if !done.exists() {
        install(&folder)?;
        std::fs::write(&done, "").map_err(|e| e.to_string())?;
    }
    Ok(folder)
}

/// Runs a step of an installation; what it said is the reason where it fails.
pub fn attempt(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    let said = || format!("{command:?}:\n{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(()) } else { Err(said()) }
}

/// The npm packages that the project's lock file names; `node_modules` is in the folder that is returned.
/// Where they cannot be had, the test is skipped, which says what `they` are.
pub fn npm_packages(project: &Path, they: &str) -> Option<PathBuf> {
    install_npm(project).map_err(|why| skip(&format!("{they} could not be installed with npm: {why}"))).ok()
}

fn install_npm(project: &Path) -> Result<PathBuf, String> {
    let lock = super::read(&project.join("package-lock.json"));
    let name = format!("npm-{}-{:08x}", project.file_name().unwrap_or_default().to_string_lossy(), fingerprint(&lock));
    installed(&name, |folder| {
        for file in ["package.json", "package-lock.json", ".npmrc"].into_iter().filter(|file| project.join(file).exists()) {
            std::fs::copy(project.join(file), folder.join(file)).map_err(|e| e.to_string())?;
        }
        attempt(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder))
    })
}

/// Tells versions of a text apart (FNV-1a).
fn fingerprint(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
