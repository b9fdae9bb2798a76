//! Holds the reference of options in docs/cli.md to the list that the program reads; `UPDATE=1` rewrites it.

mod support;

use orm_lint::cli::reference;
use support::{Failures, expect_file, read, root};

#[test]
fn the_reference_of_options_is_fresh() {
    let mut failures = Failures::default();
    let page = root().join("docs/cli.md");
    let mut text = read(&page);
    for (program, options) in [("orm-lint", reference::lint_options()), ("orm-migrate", reference::migrate_options())] {
        let begin = format!("<!-- begin options of {program} -->\n");
        let from = text.find(&begin).expect("the mark of the beginning") + begin.len();
        let to = from + text[from..].find("<!-- end options -->").expect("the mark of the end");
        text.replace_range(from..to, &format!("\n{options}\n"));
    }
    expect_file(&mut failures, &page, &text);
    failures.report();
}
