//! Measures `orm-lint` against what it is compared with, and prints a table; `benches/run` builds all that it needs.
//!
//! `bench --programs FOLDER [--rounds N] [--peers FOLDER] [--tree FOLDER]… [--only edits]`
//! Every figure is a ratio of CPU times: the two programs take turns, and the median over the rounds is shown.

#[path = "bench/edits.rs"]
mod edits;
#[path = "bench/measure.rs"]
mod measure;
#[path = "bench/rows.rs"]
mod rows;
#[path = "bench/trees.rs"]
mod trees;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match rows::Bench::new(&args).and_then(|bench| bench.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
