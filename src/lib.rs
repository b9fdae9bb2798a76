//! The library under `orm-lint` and `orm-migrate`.
//!
//! Per file, in parallel: `source::parse` makes a tree, `model::lower` keeps what the code says in a compact form of its own, the tree is dropped.
//! Once: `model::Workspace::link` joins the files into projects with their schema, functions and queries.
//! Then `lint` runs the `rules` over those nouns, or a codemod plans a change.
//! All of that is pure: `cli` alone reads, writes and prints.

#![deny(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::exit,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used
)]

pub mod source;
pub mod nesting;
pub mod style;
pub mod document;
pub mod edit;
pub mod model;
pub mod writing;
pub mod picture;
pub mod diagnostic;
pub mod rule;
pub mod rules;
pub mod preset;
pub mod suppress;
pub mod fixing;
pub mod lint;
pub mod codemod;
pub mod codemods;
pub mod docs;
#[allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "all input and output is here")]
pub mod cli;
