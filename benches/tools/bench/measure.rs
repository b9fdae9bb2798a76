//! Runs programs and tells what they cost: CPU time and peak memory, as the system counts them for one child.
//!
//! Rust's own library does not say what a child cost, so Python starts it and asks.
//! The system adds all children of a process up; each measurement has a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program with its arguments, and the folder that it runs in.
#[derive(Clone, Debug)]
pub struct Task {
    pub program: PathBuf,
    pub args: Vec<String>,
    pub folder: PathBuf,
    /// How often it is run for one measurement; what takes a millisecond is run many times.
    pub times: usize,
}

impl Task {
    pub fn new(program: &Path, args: &[&str], folder: &Path) -> Self {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        Self { program: program.to_owned(), args, folder: folder.to_owned(), times: 1 }
    }

    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// User and system time of one run, in milliseconds.
    pub cpu: f64,
    /// In megabytes.
    pub peak: f64,
}

/// Runs the program so many times; prints microseconds of CPU time and kilobytes of memory. Findings (exit 1) are no failure.
/// What was spent before is left out: `python3` may be a script that starts other programs on its way.
const WAITER: &str = "
import resource, subprocess, sys
def spent():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
before = spent()
for _ in range(int(sys.argv[1])):
    nothing = subprocess.DEVNULL
    code = subprocess.run(sys.argv[2:], stdin=nothing, stdout=nothing, stderr=nothing).returncode
    if code not in (0, 1):
        sys.exit(f'exit code {code}')
print(int((spent() - before) * 1e6), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
";

pub fn measure(task: &Task) -> Result<Cost, String> {
    let mut command = Command::new("python3");
    command.args(["-c", WAITER]).arg(task.times.to_string()).arg(&task.program).args(&task.args).current_dir(&task.folder);
    let output = command.stdin(Stdio::null()).output().map_err(|e| format!("python3: {e}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match numbers[..] {
        [microseconds, kilobytes] if output.status.success() => {
            Ok(Cost { cpu: microseconds / 1000.0 / task.times as f64, peak: kilobytes / 1024.0 })
        }
        _ => Err(format!("{task:?}: {}", String::from_utf8_lossy(&output.stderr))),
    }
}

/// Instructions that a run takes, counted by callgrind; none where valgrind is not installed.
pub fn instructions(task: &Task) -> Option<f64> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(&task.program).args(&task.args);
    let output = command.current_dir(&task.folder).stdin(Stdio::null()).output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(' ').next()?.parse().ok()
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
