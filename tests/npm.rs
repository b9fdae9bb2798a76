//! The npm packages: laid out, packed, served by a registry on this machine, installed from it by npm, and run.
//!
//! The program in them is the one that cargo built for this test; those for other platforms are stand-ins that are never run.
#![cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]

mod support;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use support::program::{Output, attempt, copy_project, npm_packages, run, skip};
use support::{read, root};
use tempfile::TempDir;

const HERE: &str = "linux-x64-system";

fn platforms() -> Vec<Value> {
    let list: Value = serde_json::from_str(&read(&root().join("npm/platforms.json"))).expect("JSON");
    list.as_array().expect("a list").clone()
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} of {value}"))
}

/// Every package in a folder of its own.
fn lay_out(folder: &Path) {
    let programs = folder.join("programs");
    let mut build = Command::new("node");
    build.arg(root().join("npm/build.mjs")).arg(folder.join("packages"));
    for platform in platforms() {
        let of_platform = programs.join(text(&platform, "name"));
        std::fs::create_dir_all(&of_platform).expect("make the folder");
        for program in [env!("CARGO_BIN_EXE_orm-lint"), env!("CARGO_BIN_EXE_orm-migrate")] {
            let name = Path::new(program).file_name().expect("a name").to_string_lossy();
            let ending = if text(&platform, "os") == "win32" { ".exe" } else { "" };
            let to = of_platform.join(format!("{name}{ending}"));
            if text(&platform, "name") == HERE {
                // What a debugger would read of it would only be packed and unpacked.
                let stripped = Command::new("strip").arg("-o").arg(&to).arg(program).status();
                if !stripped.is_ok_and(|status| status.success()) {
                    std::fs::copy(program, &to).expect("copy");
                }
            } else {
                std::fs::write(&to, "#!/bin/sh\necho for another platform\n").expect("write");
            }
        }
        build.arg(format!("{}={}", text(&platform, "target"), of_platform.display()));
    }
    attempt(&mut build).unwrap_or_else(|error| panic!("{error}"));
}

/// A registry that has the packages, and nothing else.
struct Registry {
    server: Child,
    address: String,
    folder: TempDir,
}

impl Registry {
    /// `None` where there is no npm.
    fn new() -> Option<Self> {
        // Where other packages can be had, so can npm.
        npm_packages(&root().join("tests/clients"), "other packages")?;
        let folder = tempfile::tempdir().expect("a folder");
        lay_out(folder.path());
        let tarballs = folder.path().join("tarballs");
        std::fs::create_dir(&tarballs).expect("make the folder");
        let mut pack = Command::new("npm");
        pack.args(["pack", "--silent", "--ignore-scripts", "--pack-destination"]).arg(&tarballs);
        pack.args(entries(&folder.path().join("packages")));
        attempt(&mut pack).unwrap_or_else(|error| panic!("{error}"));
        let mut server = Command::new("node");
        server.arg(root().join("tests/clients/registry.mjs")).args(entries(&tarballs));
        let mut server = server.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("start the registry");
        let mut port = String::new();
        BufReader::new(server.stdout.take().expect("its output")).read_line(&mut port).expect("its port");
        Some(Self { server, address: format!("http://127.0.0.1:{}/", port.trim()), folder })
    }

    /// npm in a project, with this registry and no other.
    fn npm(&self, project: &Path, args: &[&str]) -> Output {
        let mut npm = Command::new("npm");
        npm.args(["--registry", &self.address, "--cache"]).arg(self.folder.path().join("cache"));
        run(npm.args(["--no-audit", "--no-fund", "--no-update-notifier"]).args(args).current_dir(project))
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(self.server.stdin.take());
        let _ = self.server.wait();
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    entries
}

fn project() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    copy_project(&root().join("fixtures/projects/taskboard"), folder.path());
    std::fs::write(folder.path().join("package.json"), "{ \"private\": true }\n").expect("write");
    let _ = std::fs::remove_file(folder.path().join("package-lock.json"));
    folder
}

fn installed(project: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(project.join("node_modules/@orm-lint")) else { return Vec::new() };
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn npm_installs_the_program_of_this_platform_and_links_it() {
    let Some(registry) = Registry::new() else { return };
    let folder = project();
    let project = folder.path();
    let done = registry.npm(project, &["install", "orm-lint"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(installed(project), [HERE]);
    let expected = run(Command::new(env!("CARGO_BIN_EXE_orm-lint")).args([".", "--format", "concise"]).current_dir(project));
    assert!(expected.code == 1 && expected.out.lines().count() > 10, "{expected:?}");

    // What is linked is the program itself, and runs where there is no Node.
    for (name, args, wanted) in
        [("orm-lint", &[".", "--format", "concise"][..], Some(&expected)), ("orm-migrate", &["--version"][..], None)]
    {
        let link = project.join("node_modules/.bin").join(name);
        let linked = link.canonicalize().expect("what is linked");
        assert!(linked.ends_with(format!("@orm-lint/{HERE}/bin/{name}")), "{}", linked.display());
        let done = run(Command::new(&link).args(args).current_dir(project).env("PATH", ""));
        assert!(wanted.map_or(done.code == 0, |wanted| done.out == wanted.out && done.code == wanted.code), "{done:?}");
    }
    // As it is called by people.
    let done = registry.npm(project, &["exec", "--offline", "--", "orm-lint", ".", "--format", "concise"]);
    assert_eq!((done.code, &done.out), (1, &expected.out), "{done:?}");

    // The launcher, which package managers link that look at direct dependencies only.
    let launcher = |name: &str, args: &[&str]| {
        run(Command::new("node").arg(project.join(format!("node_modules/orm-lint/bin/{name}.js"))).args(args).current_dir(project))
    };
    let done = launcher("orm-lint", &[".", "--format", "concise"]);
    assert_eq!((done.code, &done.out), (1, &expected.out), "{done:?}");
    assert_eq!(launcher("orm-lint", &["nowhere"]).code, 2);
    assert!(launcher("orm-migrate", &["--version"]).out.starts_with("orm-migrate "));
    let schema = project.join("node_modules/orm-lint/schema.json");
    assert_eq!(read(&schema), read(&root().join("docs/schema.json")));

    // A lock file brings the same back.
    std::fs::remove_dir_all(project.join("node_modules")).expect("delete");
    let done = registry.npm(project, &["ci"]);
    assert_eq!((done.code, installed(project)), (0, vec![HERE.to_owned()]), "{done:?}");
}

#[test]
fn other_platforms_get_their_own_and_none_is_said_in_one_line() {
    let Some(registry) = Registry::new() else { return };
    for (os, cpu, libc, wanted) in [
        ("linux", "x64", "musl", "linux-x64-musl"),
        ("linux", "arm64", "glibc", "linux-arm64-system"),
        ("darwin", "arm64", "", "darwin-arm64"),
        ("win32", "x64", "", "win32-x64"),
    ] {
        let folder = project();
        let (os, cpu, libc) = (format!("--os={os}"), format!("--cpu={cpu}"), format!("--libc={libc}"));
        let mut args = vec!["install", "orm-lint", &os, &cpu];
        if libc != "--libc=" {
            args.push(&libc);
        }
        let done = registry.npm(folder.path(), &args);
        assert_eq!((done.code, installed(folder.path())), (0, vec![wanted.to_owned()]), "{done:?}");
    }
    // An npm that knows nothing of libc leaves both, and then links the one that runs everywhere.
    let folder = project();
    let done = registry.npm(folder.path(), &["install", "--force", "orm-lint", "@orm-lint/linux-x64-musl"]);
    assert_eq!((done.code, installed(folder.path()).len()), (0, 2), "{done:?}");
    let linked = folder.path().join("node_modules/.bin/orm-lint").canonicalize().expect("what is linked");
    assert!(linked.ends_with("@orm-lint/linux-x64-musl/bin/orm-lint"), "{}", linked.display());

    let folder = project();
    let done = registry.npm(folder.path(), &["install", "orm-lint", "--omit=optional"]);
    assert_eq!((done.code, installed(folder.path()).len()), (0, 0), "{done:?}");
    let done = run(Command::new(folder.path().join("node_modules/.bin/orm-lint")).current_dir(folder.path()));
    let wanted = "error: @orm-lint/linux-x64-musl or @orm-lint/linux-x64-system is not installed; \
                  install again on this machine, without --omit=optional\n";
    assert_eq!((done.code, &*done.err), (2, wanted));
}

#[test]
fn packages_say_what_they_are_for_and_run_nothing_at_installation() {
    if Command::new("node").arg("--version").output().is_err() {
        return skip("node is not installed");
    }
    let folder = tempfile::tempdir().expect("a folder");
    lay_out(folder.path());
    let packages = folder.path().join("packages");
    let manifest = |name: &str| -> Value { serde_json::from_str(&read(&packages.join(name).join("package.json"))).expect("JSON") };
    let all = platforms();
    let wrapper = manifest("orm-lint");
    assert_eq!(wrapper["optionalDependencies"].as_object().map(serde_json::Map::len), Some(all.len()));
    let mut manifests = vec![wrapper.clone()];
    for platform in &all {
        let name = text(platform, "name");
        let manifest = manifest(name);
        assert_eq!(wrapper["optionalDependencies"][format!("@orm-lint/{name}")], env!("CARGO_PKG_VERSION"));
        for key in ["os", "cpu", "libc"].into_iter().filter(|key| !platform[key].is_null()) {
            assert_eq!(manifest[key][0], platform[key], "{name}");
        }
        for program in ["orm-lint", "orm-migrate"] {
            assert!(packages.join(name).join(text(&manifest["bin"], program)).is_file(), "{name}");
        }
        manifests.push(manifest);
    }
    for manifest in manifests {
        assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"), "{manifest}");
        assert!(manifest["scripts"].is_null(), "{manifest}");
    }
    // npm links the package that comes first: the one that runs everywhere.
    for cpu in ["x64", "arm64"] {
        let of_cpu = |platform: &&Value| platform["os"] == "linux" && platform["cpu"] == cpu;
        let first = all.iter().filter(of_cpu).min_by_key(|platform| text(platform, "name").to_owned()).expect("a package");
        assert_eq!(first["libc"], "musl");
    }
    // Every target has a package, and a machine that builds it.
    let workflow = read(&root().join(".github/workflows/release.yml"));
    for platform in &all {
        assert!(workflow.contains(text(platform, "target")), "{platform}");
    }
}

#[test]
fn the_action_installs_lints_and_annotates() {
    let Some(registry) = Registry::new() else { return };
    let packages = npm_packages(&root().join("tests/clients"), "the toolkit of actions").expect("the registry has them");
    let folder = project();
    let act = |inputs: Value| {
        let temporary = tempfile::tempdir().expect("a folder");
        let mut node = Command::new("node");
        node.arg(root().join("tests/clients/action.mjs")).arg(&packages).arg(root().join("action.yml")).arg(inputs.to_string());
        node.current_dir(folder.path()).env("RUNNER_TEMP", temporary.path());
        let cache = registry.folder.path().join("cache");
        run(node.env("npm_config_registry", &registry.address).env("npm_config_cache", cache).env("npm_config_update_notifier", "false"))
    };
    let done = act(serde_json::json!({ "working-directory": "convex", "sarif-file": "../out.sarif" }));
    assert!(done.code == 1 && done.out.contains("::error title=filter-scan,file=convex/tasks.ts,line=30,"), "{done:?}");
    let report: Value = serde_json::from_str(&read(&folder.path().join("out.sarif"))).expect("JSON");
    assert_eq!(report["runs"][0]["results"].as_array().map(Vec::len), Some(done.out.lines().filter(|line| line.starts_with("::")).count()));
    let done = act(
        serde_json::json!({ "paths": "convex/tasks.ts\nconvex/files.ts\n", "args": "-A all -W missing-returns --quiet", "max-warnings": "0" }),
    );
    assert!(done.code == 1 && done.err.contains("too many warnings") && !done.out.contains("filter-scan"), "{done:?}");
    let done = act(serde_json::json!({ "args": "-A all", "version": env!("CARGO_PKG_VERSION") }));
    assert_eq!(done.code, 0, "{done:?}");
}
