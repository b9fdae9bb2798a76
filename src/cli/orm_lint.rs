//! The program `orm-lint`.
fn main() {}
