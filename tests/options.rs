//! Holds the reference of options in docs/cli.md to the list that the program reads; `UPDATE=1` rewrites it.

mod support;

use orm_lint::cli::reference;
use support::{Failures, expect_file, read, root};

#[test]
fn the_reference_of_options_is_fresh() {
    let mut failures = Failures::default();
    let page = root().join("docs/cli.md");
    let text = read(&page);
    let (begin, end) = ("<!-- begin options -->\n", "<!-- end options -->");
    let from = text.find(begin).expect("the mark of the beginning") + begin.len();
    let to = text.find(end).expect("the mark of the end");
    expect_file(&mut failures, &page, &format!("{}\n{}\n{}", &text[..from], reference::lint_options(), &text[to..]));
    failures.report();
}
