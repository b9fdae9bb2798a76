//! `cargo run --profile quick --example mutate -- --count 100000`: runs everything over spoiled code, and reports what that broke.
//!
//! A panic, an abort, more than two seconds, or a place outside of the file is a failure; its input is printed.
//! The work is done in a child process, as running out of stack ends it; the parent knows the last input, and goes on after it.

#[path = "../support/markdown.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
mod markdown;
#[path = "../support/mutation.rs"]
mod mutation;

use std::io::{BufRead, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mutation::{Seed, input, run, seeds};
use orm_lint::source::STACK_SIZE;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "usage: mutate [--seed <n>] [--count <n>] [--from <n>] [--only <n>] [PATH…]\n\n  PATH  where code to start from is: fixtures, unless given";

/// More than this for one input is a failure.
const SLOW: Duration = Duration::from_secs(2);

/// After so many failures no more are looked for.
const ENOUGH: usize = 20;

struct Request {
    seed: u64,
    from: u64,
    count: u64,
    /// Print the input with this number, and run it alone.
    is_single: bool,
    is_child: bool,
    paths: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let Some(request) = request() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let seeds = seeds(&request.paths);
    if seeds.is_empty() {
        eprintln!("there is no code to start from");
        return ExitCode::from(2);
    }
    if request.is_child {
        return work(&request, seeds);
    }
    if request.is_single {
        let input = input(&seeds, request.seed, request.from);
        println!("{}\n{}", input.path, input.text);
    }
    watch(&request, &seeds)
}

fn request() -> Option<Request> {
    let mut request = Request { seed: 1, from: 0, count: 100_000, is_single: false, is_child: false, paths: Vec::new() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next()?.parse::<u64>().ok();
        match argument.as_str() {
            "--seed" => request.seed = number()?,
            "--count" => request.count = number()?,
            "--from" => request.from = number()?,
            "--only" => {
                request.from = number()?;
                request.count = 1;
                request.is_single = true;
            }
            "--child" => request.is_child = true,
            _ if argument.starts_with('-') => return None,
            _ => request.paths.push(argument.into()),
        }
    }
    if request.paths.is_empty() {
        request.paths.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"));
    }
    Some(request)
}

/// Starts children until all inputs are done, and tells what they came to.
fn watch(request: &Request, seeds: &[Seed]) -> ExitCode {
    let start = Instant::now();
    let end = request.from + request.count;
    let mut next = request.from;
    let mut readable = 0;
    let mut failures = Vec::new();
    while next < end && failures.len() < ENOUGH {
        let outcome = match child(request, next, end) {
            Ok(outcome) => outcome,
            Err(error) => {
                eprintln!("cannot run a child: {error}");
                return ExitCode::from(2);
            }
        };
        failures.extend(outcome.problems);
        readable += outcome.readable;
        next = outcome.last + 1;
    }
    for (number, problem) in &failures {
        let input = input(seeds, request.seed, *number);
        println!("── {number}: {problem}\n{}", input.path);
        println!("{}", shortened(&input.text));
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{} inputs, {readable} without syntax errors, {} failures, {seconds:.1} s", next.min(end) - request.from, failures.len());
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn shortened(text: &str) -> String {
    const LONG: usize = 4_000;
    if text.len() <= LONG {
        return text.to_owned();
    }
    format!("{}…\n({} bytes; `--only` shows all)", &text[..text.floor_char_boundary(LONG)], text.len())
}

/// What a child came to.
struct Outcome {
    /// The last input that it took.
    last: u64,
    readable: u64,
    problems: Vec<(u64, String)>,
}

/// Runs a child from this number on.
fn child(request: &Request, from: u64, end: u64) -> std::io::Result<Outcome> {
    let numbers = [("--seed", request.seed), ("--from", from), ("--count", end - from)];
    let numbers = numbers.iter().flat_map(|(name, value)| [(*name).to_owned(), value.to_string()]);
    let mut child = Command::new(std::env::current_exe()?);
    let mut child = child.arg("--child").args(numbers).args(&request.paths).stdout(Stdio::piped()).spawn()?;
    let mut outcome = Outcome { last: from, readable: 0, problems: Vec::new() };
    for line in BufReader::new(child.stdout.take().ok_or(std::io::ErrorKind::BrokenPipe)?).lines() {
        let line = line?;
        match line.split_once(' ').unwrap_or((&line, "")) {
            ("run", number) => outcome.last = number.parse().unwrap_or(outcome.last),
            ("problem", problem) => outcome.problems.push((outcome.last, problem.to_owned())),
            ("readable", _) => outcome.readable += 1,
            _ => {}
        }
        if outcome.problems.len() >= ENOUGH {
            child.kill()?;
            child.wait()?;
            return Ok(outcome);
        }
    }
    let status = child.wait()?;
    if !status.success() && status.code() != Some(GAVE_UP) {
        outcome.problems.push((outcome.last, format!("the process ended: {status}")));
    }
    Ok(outcome)
}

/// A child that has said what is wrong and ends early exits with this.
const GAVE_UP: i32 = 3;

/// The child: tells each number before it starts on it.
fn work(request: &Request, seeds: Vec<Seed>) -> ExitCode {
    let clock = Arc::new(Clock { started: Instant::now(), since: AtomicU64::new(0) });
    let watched = Arc::clone(&clock);
    std::thread::spawn(move || watched.watch());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).stack_size(STACK_SIZE).build();
    let Ok(pool) = pool else { return ExitCode::from(2) };
    let numbers = request.from..request.from + request.count;
    pool.install(|| {
        for number in numbers {
            say(&format!("run {number}"));
            let input = input(&seeds, request.seed, number);
            clock.start();
            let outcome = catch_unwind(AssertUnwindSafe(|| run(&input))).unwrap_or_else(|_| Err("it panicked (see above)".to_owned()));
            clock.stop();
            match outcome {
                Ok(true) => say("readable"),
                Ok(false) => {}
                Err(problem) => say(&format!("problem {}", problem.replace('\n', " "))),
            }
        }
    });
    ExitCode::SUCCESS
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Without a parent there is nobody to tell.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

struct Clock {
    started: Instant,
    /// Milliseconds from `started` to the start of the input, plus one; 0 between inputs.
    since: AtomicU64,
}

impl Clock {
    fn now(&self) -> u64 {
        self.started.elapsed().as_millis() as u64 + 1
    }

    fn start(&self) {
        self.since.store(self.now(), Ordering::Relaxed);
    }

    fn stop(&self) {
        self.since.store(0, Ordering::Relaxed);
    }

    /// Ends the process when an input takes too long: a thread cannot be stopped.
    fn watch(&self) {
        loop {
            std::thread::sleep(Duration::from_millis(50));
            let since = self.since.load(Ordering::Relaxed);
            if since != 0 && u128::from(self.now().saturating_sub(since)) > SLOW.as_millis() {
                say(&format!("problem it took more than {} s", SLOW.as_secs()));
                std::process::exit(GAVE_UP);
            }
        }
    }
}
