//! The unified diff of `--diff`, in a form that `patch -p0` and `git apply -p0` take.

use anstyle::{AnsiColor, Style};
use similar::TextDiff;

pub fn render(path: &str, before: &str, after: &str, colors: bool) -> String {
    let diff = TextDiff::from_lines(before, after).unified_diff().context_radius(3).header(path, path).to_string();
    if !colors {
        return diff;
    }
    diff.split_inclusive('\n').map(painted).collect()
}

fn painted(line: &str) -> String {
    let style = match line.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => Style::new().bold(),
        [b'+', ..] => AnsiColor::Green.on_default(),
        [b'-', ..] => AnsiColor::Red.on_default(),
        [b'@', ..] => AnsiColor::Cyan.on_default(),
        _ => return line.to_owned(),
    };
    let (text, end) = line.strip_suffix('\n').map_or((line, ""), |text| (text, "\n"));
    format!("{style}{text}{style:#}{end}")
}
