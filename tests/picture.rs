//! Draws the picture of the README from what the program really prints; `UPDATE=1 cargo test --test picture` draws it anew.

mod support;

use anstyle::{Color, RgbColor};
use anstyle_svg::{Palette, Term};
use support::program::orm_lint;
use support::{Failures, expect_file, root};

/// Each picture with the arguments that it is of: short enough for a page.
const PICTURES: [(&str, &[&str]); 2] = [("orm-lint", &["convex/members.ts"]), ("diff", &["--diff", "convex/users.ts"])];

#[test]
fn pictures_show_what_the_program_prints() {
    let mut failures = Failures::default();
    let project = root().join("fixtures/projects/taskboard");
    for (name, command) in PICTURES {
        let args: Vec<&str> = ["--color", "always"].iter().chain(command).copied().collect();
        let shown = orm_lint(&project, &args);
        failures.check(shown.code == 1, || format!("there is nothing to show of {command:?}: {}", shown.err));
        let prompt = format!("\x1b[32m$\x1b[0m \x1b[1morm-lint {}\x1b[0m", command.join(" "));
        let screen = format!("{prompt}\n\n{}\n\n{}", shown.out.trim_end(), shown.err.trim_end());
        expect_file(&mut failures, &root().join(format!("docs/images/{name}.svg")), &draw(&screen));
    }
    failures.report();
}

fn draw(screen: &str) -> String {
    let term = Term::new().palette(palette()).fg_color(rgb(0xd6deeb)).bg_color(rgb(0x0f141e)).min_width_px(780);
    term.render_svg(screen)
}

/// Colours that read well on dark ground, in the order of the ANSI codes: eight, and the same brighter.
fn palette() -> Palette {
    let colors = [
        0x1b2230, 0xf07178, 0x7fd88f, 0xe6c07b, 0x7aa2f7, 0xbb9af7, 0x5fb3d4, 0xc8d3f5, //
        0x5b657a, 0xff6b7a, 0x9ee6a8, 0xffd479, 0x8fb8ff, 0xcbb2ff, 0x7fd1ef, 0xffffff,
    ];
    Palette(colors.map(|color| {
        let [_, red, green, blue] = u32::to_be_bytes(color);
        RgbColor(red, green, blue)
    }))
}

fn rgb(color: u32) -> Color {
    let [_, red, green, blue] = color.to_be_bytes();
    RgbColor(red, green, blue).into()
}
