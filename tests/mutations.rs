//! Spoiled code does not spoil the run: a few of the inputs of `cargo run --example mutate`, which knows many more.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};

use support::mutation::{input, run, seeds};
use support::{Failures, root, with_deep_stack};

const SEED: u64 = 1;
const COUNT: u64 = 2_000;

#[test]
fn spoiled_code_is_linted_or_refused() {
    let seeds = seeds(&[root().join("fixtures")]);
    assert!(seeds.len() > 10, "{} seeds", seeds.len());
    let mut failures = Failures::default();
    with_deep_stack(|| {
        for number in 0..COUNT {
            let input = input(&seeds, SEED, number);
            let outcome = catch_unwind(AssertUnwindSafe(|| run(&input))).unwrap_or_else(|_| Err("it panicked".to_owned()));
            if let Err(problem) = outcome {
                failures.add(format!("{problem}\n`cargo run --example mutate -- --seed {SEED} --only {number}` shows the input"));
            }
        }
    });
    failures.report();
}
