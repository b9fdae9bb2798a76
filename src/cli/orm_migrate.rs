//! The program `orm-migrate`.
fn main() {}
