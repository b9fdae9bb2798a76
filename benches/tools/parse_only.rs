//! The baseline of the benchmarks: reads and parses files as `orm-lint` does, and does nothing with them.
//!
//! `parse_only [--mode walk|read|prefilter|nesting|parse] [--threads N] PATH…`; each mode does what those before it do, and more.
//! Prints what it saw, so that a benchmark can tell that both sides did the same work.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use orm_lint::nesting;
use orm_lint::source::{self, FileId};
use rayon::prelude::*;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mode {
    Walk,
    Read,
    /// Looks for the word that a file outside of a functions folder is read for.
    Prefilter,
    /// Bounds the depth of nesting; without the filter.
    Nesting,
    /// Parses all files; without the filter.
    Parse,
}

#[derive(Default)]
struct Seen {
    bytes: AtomicUsize,
    hits: AtomicUsize,
    refused: AtomicUsize,
    broken: AtomicUsize,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut mode = Mode::Parse;
    let mut threads = 0;
    let mut list = false;
    let mut paths = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--mode" => mode = mode_named(&value()?)?,
            "--threads" => threads = value()?.parse().map_err(|_| "--threads needs a number".to_owned())?,
            "--list" => list = true,
            _ => paths.push(PathBuf::from(arg)),
        }
    }
    let files = walk(&paths);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(source::STACK_SIZE).build();
    let pool = pool.map_err(|error| error.to_string())?;
    let seen = Seen::default();
    pool.install(|| files.par_iter().for_each(|path| visit(path, mode, list, &seen)));
    let count = |n: &AtomicUsize| n.load(Ordering::Relaxed);
    println!("{} files, {} bytes, {} hits", files.len(), count(&seen.bytes), count(&seen.hits));
    println!("{} refused, {} with syntax errors", count(&seen.refused), count(&seen.broken));
    Ok(())
}

fn mode_named(name: &str) -> Result<Mode, String> {
    Ok(match name {
        "walk" => Mode::Walk,
        "read" => Mode::Read,
        "prefilter" => Mode::Prefilter,
        "nesting" => Mode::Nesting,
        "parse" => Mode::Parse,
        _ => return Err(format!("no such mode: {name}")),
    })
}

/// All source files under the paths, sorted.
fn walk(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        let walk = ignore::WalkBuilder::new(path).standard_filters(false).sort_by_file_name(Ord::cmp).build();
        let found = walk.flatten().filter(|entry| entry.file_type().is_some_and(|t| t.is_file()) && is_source(entry.path()));
        files.extend(found.map(ignore::DirEntry::into_path));
    }
    files
}

fn is_source(path: &Path) -> bool {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    matches!(ending, "ts" | "tsx" | "mts" | "cts" | "js" | "jsx" | "mjs" | "cjs")
}

fn visit(path: &Path, mode: Mode, list: bool, seen: &Seen) {
    let add = |count: &AtomicUsize, n: usize| _ = count.fetch_add(n, Ordering::Relaxed);
    if mode == Mode::Walk {
        return;
    }
    let Ok(text) = std::fs::read(path) else { return };
    add(&seen.bytes, text.len());
    if mode == Mode::Prefilter {
        add(&seen.hits, usize::from(memchr::memmem::find(&text, b"convex").is_some()));
    }
    if mode < Mode::Nesting {
        return;
    }
    let Ok(text) = String::from_utf8(text) else { return };
    let name = path.to_string_lossy().into_owned();
    let angle_casts = [".ts", ".mts", ".cts"].iter().any(|e| name.ends_with(e));
    let errors = if mode == Mode::Nesting {
        nesting::hazard(&text, angle_casts).into_iter().collect()
    } else {
        source::parse(FileId(0), name.clone(), text).0.errors
    };
    let is_refused = errors.iter().any(|e| e.message.contains("not linted"));
    add(&seen.refused, usize::from(is_refused));
    add(&seen.broken, usize::from(!errors.is_empty()));
    if list {
        for error in errors {
            println!("{name}: {}..{}: {}", error.start, error.end, error.message);
        }
    }
}
