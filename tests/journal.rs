//! A change of many files is killed at each of its steps, and afterwards every file is old or new, and the next run puts things in order.
//!
//! The tests stop a child process, this very program, at each step that the journal makes, and then look at the disk.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use orm_lint::cli::journal::{Kind, Step};
use support::journaled::{FILES, State, Tree, changes, new, old, open};
use support::program::orm_migrate;

/// What a child does, as it stands in its environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    /// Changes the files, waiting before each step.
    Change,
    /// Goes on with what was interrupted.
    Resume,
    /// Takes back what was interrupted.
    Back,
    /// Takes back what was finished.
    Undo,
    /// Changes the files without waiting.
    Race,
}

const TASKS: [Task; 5] = [Task::Change, Task::Resume, Task::Back, Task::Undo, Task::Race];

/// No test, but what the children do that other tests start.
#[test]
fn child() {
    let (Ok(task), Some(tree)) = (std::env::var("JOURNAL_TASK"), std::env::var_os("JOURNAL_TREE")) else { return };
    let task = TASKS.into_iter().find(|known| format!("{known:?}") == task).expect("a task");
    let tree = PathBuf::from(tree);
    let journal = open(&tree);
    let mut transaction = match task {
        Task::Change | Task::Race => journal.begin(Kind::Migration, changes(&tree)).expect("a change"),
        Task::Undo => journal.begin(Kind::Undo, journal.undo().expect("the last change").expect("one").0).expect("a change"),
        Task::Resume | Task::Back => journal.unfinished().expect("the journal").expect("a change"),
    };
    if task == Task::Back {
        transaction.turn_back();
    }
    let mut lines = std::io::stdin().lines();
    // The test harness has printed something before it.
    println!("\nready");
    loop {
        if task != Task::Race {
            lines.next();
        }
        match transaction.step().expect("a step") {
            Some(step) => println!("did {step:?}"),
            None => break,
        }
    }
    println!("done");
}

fn start(task: Task, tree: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "child", "--nocapture", "--test-threads=1"]);
    command.env("JOURNAL_TASK", format!("{task:?}")).env("JOURNAL_TREE", tree);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("start a child")
}

/// Lets a child make some steps, and kills it; the steps that it made.
fn kill_after(steps: usize, task: Task, tree: &Path) -> Vec<String> {
    let mut child = start(task, tree);
    let mut input = child.stdin.take().expect("its input");
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let mut said =
        output.lines().map(|line| line.expect("a line")).filter(|line| line == "ready" || line == "done" || line.starts_with("did "));
    assert_eq!(said.next().as_deref(), Some("ready"), "{task:?}");
    let mut made = Vec::new();
    for _ in 0..steps {
        writeln!(input).expect("tell the child to go on");
        match said.next() {
            Some(line) if line.starts_with("did ") => made.push(line.trim_start_matches("did ").to_owned()),
            other => {
                assert_eq!(other.as_deref(), Some("done"), "{task:?} after {made:?}");
                break;
            }
        }
    }
    child.kill().expect("kill the child");
    child.wait().expect("wait for the child");
    made
}

/// As many steps as a change of the files has.
const STEPS: usize = 3 * FILES.len() + 3;
const SEALED: usize = 2 * FILES.len() + 2;

#[test]
fn a_change_is_made_in_small_steps() {
    let tree = Tree::new();
    let path = tree.path();
    let journal = open(&path);
    let mut transaction = journal.begin(Kind::Migration, changes(&path)).expect("a change");
    let mut steps = Vec::new();
    while let Some(step) = transaction.step().expect("a step") {
        steps.push(step);
        let is_replacing = matches!(step, Step::Replace(_) | Step::Finish);
        assert_eq!(transaction.is_sealed(), is_replacing || step == Step::Seal);
        assert!(is_replacing || tree.state() == State::Old, "{step:?} changed something");
    }
    assert_eq!((steps.len(), steps[SEALED - 1], tree.state()), (STEPS, Step::Seal, State::New));
    assert!(tree.litter().is_empty() && !tree.has_next());
}

#[test]
fn a_kill_at_any_step_leaves_something_to_finish() {
    for steps in 0..=STEPS {
        let tree = Tree::new();
        let made = kill_after(steps, Task::Change, &tree.path());
        assert_eq!(made.len(), steps, "{made:?}");
        let state = tree.state();
        assert_eq!(state == State::Mixed, (SEALED + 1..STEPS - 1).contains(&steps), "{made:?}");
        // The next run finishes, or clears away what is not worth finishing.
        let said = orm_migrate(&tree.path(), &["--from", "validators"]);
        assert_eq!(said.code, 0, "{made:?}: {}", said.err);
        let wanted = if steps >= SEALED { State::New } else { State::Old };
        assert_eq!(tree.state(), wanted, "{made:?}: {}", said.err);
        assert!(tree.litter().is_empty() && !tree.has_next(), "{made:?}: {:?}", tree.litter());
        let is_told = |words: &str| said.err.contains(words);
        assert_eq!(is_told("had changed nothing yet"), (1..SEALED).contains(&steps), "{made:?}: {}", said.err);
        assert_eq!(is_told("finished what an interrupted run had begun"), (SEALED..STEPS).contains(&steps), "{made:?}: {}", said.err);
        // And what was finished can be taken back.
        if wanted == State::New {
            let said = tree.undo(&[]);
            assert_eq!((said.code, tree.state()), (0, State::Old), "{made:?}: {}", said.err);
        }
    }
}

#[test]
fn a_kill_at_any_step_leaves_something_to_take_back() {
    for steps in 1..=STEPS {
        let tree = Tree::new();
        let made = kill_after(steps, Task::Change, &tree.path());
        let said = tree.undo(&[]);
        assert_eq!((said.code, tree.state()), (0, State::Old), "{made:?}: {}", said.err);
        assert!(tree.litter().is_empty() && !tree.has_next(), "{made:?}: {:?}", tree.litter());
        let again = tree.undo(&[]);
        assert_eq!(again.code, 2, "{}", again.err);
        assert!(again.err.starts_with("error: nothing to undo"), "{}", again.err);
    }
}

#[test]
fn what_puts_things_in_order_may_be_killed_too() {
    for first in SEALED..STEPS {
        for (task, wanted) in [(Task::Resume, State::New), (Task::Back, State::Old)] {
            for second in 0..=2 * FILES.len() + 1 {
                let tree = Tree::new();
                kill_after(first, Task::Change, &tree.path());
                let made = kill_after(second, task, &tree.path());
                // A run goes on in the direction in which somebody went before.
                let has_turned = task == Task::Back && second > 0;
                let said = orm_migrate(&tree.path(), &["--from", "validators"]);
                let wanted = if task == Task::Back && !has_turned { State::New } else { wanted };
                assert_eq!((said.code, tree.state()), (0, wanted), "{first}, {task:?} {made:?}: {}", said.err);
                assert!(tree.litter().is_empty() && !tree.has_next(), "{first}, {task:?} {made:?}");
            }
        }
    }
}

#[test]
fn an_undo_that_is_killed_is_finished() {
    for steps in 0..=STEPS {
        let tree = Tree::new();
        tree.change();
        let made = kill_after(steps, Task::Undo, &tree.path());
        let said = orm_migrate(&tree.path(), &["--from", "validators"]);
        let wanted = if steps >= SEALED { State::Old } else { State::New };
        assert_eq!((said.code, tree.state()), (0, wanted), "{made:?}: {}", said.err);
        assert!(tree.litter().is_empty() && !tree.has_next(), "{made:?}");
    }
}

#[test]
fn a_kill_in_the_middle_of_a_step_is_no_different() {
    for round in 0..60 {
        let tree = Tree::new();
        let mut child = start(Task::Race, &tree.path());
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        assert!(lines.any(|line| line.expect("a line") == "ready"));
        std::thread::sleep(std::time::Duration::from_micros(round * 150));
        child.kill().expect("kill the child");
        child.wait().expect("wait for the child");
        tree.state();
        let said = orm_migrate(&tree.path(), &["--from", "validators"]);
        assert_eq!(said.code, 0, "{}", said.err);
        assert_ne!(tree.state(), State::Mixed, "{}", said.err);
        assert!(tree.litter().is_empty() && !tree.has_next(), "{:?}", tree.litter());
    }
}

#[test]
fn edits_after_an_interruption_are_not_lost() {
    let tree = Tree::new();
    kill_after(SEALED + 1, Task::Change, &tree.path());
    tree.write(FILES[1], "// mine\n");
    let said = orm_migrate(&tree.path(), &["--from", "validators"]);
    let expected = "error: an interrupted run cannot be finished, for `convex/users.ts` changed since; \
                    orm-migrate --undo --allow-dirty restores the other files\n";
    assert_eq!((said.code, &*said.err), (2, expected));
    let said = orm_migrate(&tree.path(), &["--from", "validators", "--check"]);
    assert_eq!(said.err, "error: a run of orm-migrate in `.` was interrupted; run it without --dry-run and --check, or with --undo\n");
    let said = tree.undo(&[]);
    assert!(said.code == 2 && said.err.contains("cannot be taken back, for `convex/users.ts` changed since"), "{}", said.err);
    let said = tree.undo(&["--allow-dirty"]);
    assert_eq!((said.code, &*said.err), (0, "1 file restored; `convex/users.ts` changed since and stayed\n"));
    assert_eq!((tree.text(FILES[0]), &*tree.text(FILES[1]), tree.text(FILES[2])), (old(FILES[0]), "// mine\n", old(FILES[2])));
    assert!(tree.litter().is_empty() && !tree.has_next());
}

#[test]
fn an_undo_leaves_later_work_alone() {
    let tree = Tree::new();
    tree.change();
    tree.write(FILES[1], "// mine\n");
    let said = tree.undo(&[]);
    let expected = "error: nothing was restored, for `convex/users.ts` changed since the migration; \
                    with --allow-dirty only the other files are restored\n";
    assert_eq!((said.code, &*said.err, tree.text(FILES[0])), (2, expected, new(FILES[0])));
    let said = tree.undo(&["--allow-dirty"]);
    assert_eq!((said.code, &*said.err), (0, "3 files restored; `convex/users.ts` changed since and stayed\n"));
    assert_eq!((tree.text(FILES[0]), &*tree.text(FILES[1])), (old(FILES[0]), "// mine\n"));
}
