//! What keeps a change of many files from being made at all: other runs, locked files, links, a full disk. Then nothing changes.

mod support;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use orm_lint::cli::journal::{Change, FOLDER, Kind, Transaction};
use support::journaled::{FILES, State, Tree, changes, old, open};
use support::program::{orm_migrate, skip};
use support::read;

#[test]
fn the_journal_is_out_of_everybodys_way() {
    let tree = Tree::new();
    tree.change();
    assert_eq!(tree.text(".orm-migrate/.gitignore"), "*\n");
    let said = support::program::orm_lint(&tree.path(), &["--list-files", "."]);
    assert!(!said.out.contains(FOLDER), "{}", said.out);
}

#[test]
fn two_runs_at_once_are_refused() {
    let tree = Tree::new();
    let path = tree.path();
    let journal = open(&path);
    let process = std::process::id();
    for args in [&["--undo"][..], &["--from", "ents"]] {
        let said = orm_migrate(&path, args);
        let expected = format!("error: another orm-migrate (process {process}) is changing files in `.`; wait until it is done\n");
        assert_eq!((said.code, said.err), (2, expected));
    }
    drop(journal);
    assert_eq!(orm_migrate(&path, &["--from", "ents"]).code, 0);
}

fn refused(tree: &Tree, changes: Vec<Change>) -> String {
    let path = tree.path();
    let journal = open(&path);
    let outcome = journal.begin(Kind::Migration, changes).and_then(Transaction::run);
    let error = outcome.expect_err("a refusal");
    assert_eq!(tree.state(), State::Old, "{error:#}");
    assert!(tree.litter().is_empty() && !tree.has_next(), "{error:#}");
    format!("{error:#}")
}

#[test]
fn a_file_that_changed_meanwhile_stops_everything() {
    let tree = Tree::new();
    let path = tree.path();
    let mut all = changes(&path);
    all[1].before = Some(b"something else".to_vec());
    assert_eq!(refused(&tree, all), "nothing was changed: `users.ts`: it changed since it was read; run again");

    // Just before it is replaced.
    let journal = open(&path);
    let mut transaction = journal.begin(Kind::Migration, changes(&path)).expect("a change");
    while tree.state() == State::Old {
        transaction.step().expect("a step");
    }
    assert_eq!(tree.state(), State::Mixed);
    tree.write(FILES[2], "// mine\n");
    let error = transaction.run().expect_err("a refusal");
    assert_eq!(format!("{error:#}"), "nothing was changed: `posts.ts<model`: it changed since it was read; run again");
    assert_eq!((tree.text(FILES[0]), tree.text(FILES[1]), &*tree.text(FILES[2])), (old(FILES[0]), old(FILES[1]), "// mine\n"));
    assert!(tree.litter().is_empty() && !tree.has_next());
}

#[test]
fn a_folder_that_vanishes_stops_everything() {
    let tree = Tree::new();
    let path = tree.path();
    let journal = open(&path);
    let mut transaction = journal.begin(Kind::Migration, changes(&path)).expect("a change");
    while !transaction.is_sealed() {
        transaction.step().expect("a step");
    }
    std::fs::remove_dir_all(path.join("convex/model")).expect("remove the folder");
    let error = format!("{:#}", transaction.run().expect_err("a refusal"));
    assert!(error.starts_with("nothing was changed: `posts.ts<model`: it cannot be found any more"), "{error}");
    assert_eq!((tree.text(FILES[0]), tree.text(FILES[1])), (old(FILES[0]), old(FILES[1])));
    assert!(!tree.has_next());
}

#[cfg(unix)]
#[test]
fn read_only_files_and_links_out_of_the_tree_are_refused() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let tree = Tree::new();
    let path = tree.path();
    std::fs::set_permissions(path.join(FILES[1]), PermissionsExt::from_mode(0o444)).expect("set the mode");
    assert_eq!(refused(&tree, changes(&path)), "nothing was changed: `users.ts`: it is read-only");
    std::fs::set_permissions(path.join(FILES[1]), PermissionsExt::from_mode(0o644)).expect("set the mode");

    let elsewhere = tempfile::tempdir().expect("a folder");
    std::fs::write(elsewhere.path().join("far.ts"), "far").expect("write");
    symlink(elsewhere.path().join("far.ts"), path.join("convex/near.ts")).expect("a link");
    symlink(path.join(FILES[0]), path.join("convex/twin.ts")).expect("a link");
    let change = |name: &str, before: &str| Change {
        path: path.join(name),
        before: Some(before.as_bytes().to_vec()),
        after: Some(b"after".to_vec()),
    };
    let said = refused(&tree, [changes(&path), vec![change("convex/near.ts", "far")]].concat());
    assert!(said.starts_with("nothing was changed: `near.ts`: it is a link to ") && said.ends_with(" outside of the project"), "{said}");
    let said = refused(&tree, [changes(&path), vec![change("convex/twin.ts", &old(FILES[0]))]].concat());
    assert_eq!(said, "nothing was changed: `twin.ts`: another file of the run is a link to it");
    assert!(refused(&tree, vec![change("package.json", "{}")]).ends_with("it is no source file"));
}

#[cfg(unix)]
#[test]
fn permissions_and_links_are_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let tree = Tree::new();
    let path = tree.path();
    tree.write("shared/real.ts", "before");
    symlink(path.join("shared/real.ts"), path.join("convex/linked.ts")).expect("a link");
    std::fs::set_permissions(path.join("shared/real.ts"), PermissionsExt::from_mode(0o750)).expect("set the mode");
    let change = Change { path: path.join("convex/linked.ts"), before: Some(b"before".to_vec()), after: Some(b"after".to_vec()) };
    {
        let journal = open(&path);
        journal.begin(Kind::Migration, vec![change]).expect("a change").run().expect("the change");
    }
    assert!(path.join("convex/linked.ts").is_symlink());
    let mode = || std::fs::metadata(path.join("shared/real.ts")).expect("the file").permissions().mode() & 0o777;
    assert_eq!((&*tree.text("shared/real.ts"), mode()), ("after", 0o750));
    assert_eq!(tree.undo(&[]).code, 0);
    assert_eq!((&*tree.text("shared/real.ts"), mode()), ("before", 0o750));
}

#[test]
fn a_list_from_elsewhere_is_not_obeyed() {
    for path in ["../far.ts", "/tmp/far.ts", ".git/far.ts", "convex/../../far.ts", "package.json", "convex\\far.ts"] {
        let tree = Tree::new();
        let list = serde_json::json!({ "version": 1, "kind": "migration", "files": [{ "path": path, "temporary": ".orm-migrate-0-0" }] });
        tree.write(".orm-migrate/next/list.json", &list.to_string());
        for (name, text) in [("sealed", ""), ("0.old", "{}"), ("0.new", "evil")] {
            tree.write(&format!(".orm-migrate/next/{name}"), text);
        }
        let said = orm_migrate(&tree.path(), &["--from", "ents"]);
        let expected = "error: `.orm-migrate/next/list.json` was not written by this version of orm-migrate\n";
        assert_eq!((said.code, &*said.err, &*tree.text("package.json")), (2, expected, "{}"), "{path}");
    }
}

/// No test, but what the child does that the next one starts: it makes the change with ever more room on the disk, until there is enough.
#[test]
fn child() {
    let Some(disk) = std::env::var_os("FULL_DISK") else { return };
    let disk = Path::new(&disk);
    let (mut refused, mut room) = (0, 0_usize);
    loop {
        let folder = tempfile::tempdir_in(disk).expect("a folder");
        let tree = folder.path().canonicalize().expect("the folder");
        let big = |letter: &str| letter.repeat(20_000);
        for path in FILES {
            std::fs::create_dir_all(tree.join(path).parent().expect("a folder")).expect("make the folder");
            std::fs::write(tree.join(path), big("o")).expect("write a file");
        }
        let change = |path: &str| Change { path: tree.join(path), before: Some(big("o").into_bytes()), after: Some(big("n").into_bytes()) };
        let journal = open(&tree);
        let filler = disk.join("filler");
        let mut out = std::fs::File::create(&filler).expect("the filler");
        while out.write_all(&[0; 4096]).is_ok() {}
        let size = out.metadata().expect("the filler").len();
        out.set_len(size.saturating_sub(room as u64)).expect("make room");
        let outcome = journal.begin(Kind::Migration, FILES.map(change).into()).and_then(Transaction::run);
        let wanted = if outcome.is_ok() { "n" } else { "o" };
        for path in FILES {
            assert!(read(&tree.join(path)) == big(wanted), "{path} with {room} bytes of room: {outcome:?}");
        }
        assert!(!tree.join(FOLDER).join("next").exists(), "{room}: {outcome:?}");
        std::fs::remove_file(filler).expect("remove the filler");
        match outcome {
            Ok(_) => break,
            Err(error) => {
                let said = format!("{error:#}");
                assert!(said.starts_with("nothing was changed: ") && said.contains("No space left on device"), "{said}");
                refused += 1;
            }
        }
        room += 4096;
    }
    assert!(refused > 20, "only {refused} refusals");
}

/// A small disk of one's own needs a mount, and that a user namespace or root.
#[test]
fn a_full_disk_changes_nothing() {
    let disk = tempfile::tempdir().expect("a folder");
    let script = "mount -t tmpfs -o size=512k none \"$FULL_DISK\" || exit 99; exec \"$0\" --exact child --nocapture";
    let this = std::env::current_exe().expect("this program");
    for wrapper in
        [&["unshare", "--user", "--map-root-user", "--mount"][..], &["unshare", "--mount"], &["sudo", "-n", "-E", "unshare", "--mount"]]
    {
        let mut command = Command::new(wrapper[0]);
        command.args(&wrapper[1..]).args(["sh", "-c", script]).arg(&this);
        command.env("FULL_DISK", disk.path()).stdin(Stdio::null());
        let Ok(output) = command.output() else { continue };
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            assert!(said.contains("1 passed"), "{said}");
            return;
        }
        assert!(!said.contains("panicked"), "{said}");
    }
    skip("no small disk can be mounted here");
}
