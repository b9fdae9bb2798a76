//! What is compared with what, and how it is shown.

#[cfg(unix)]
use std::os::unix::fs::symlink;
#[cfg(windows)]
use std::os::windows::fs::symlink_dir as symlink;
use std::path::{Path, PathBuf};

use crate::edits;
use crate::measure::{Cost, Task, instructions, measure, median};
use crate::trees;

const ONE_THREAD: [&str; 2] = ["--threads", "1"];
const ALL_RULES: [&str; 6] = ["-D", "all", "--format", "concise", "--no-ignore", "--exit-zero"];
/// What a project's own run is: the default rules.
const DEFAULT: [&str; 4] = ["--format", "concise", "--no-ignore", "--exit-zero"];

pub struct Bench {
    programs: PathBuf,
    rounds: usize,
    peers: Option<PathBuf>,
    trees: Vec<PathBuf>,
    /// Of all there is to measure, edits alone.
    is_edits_only: bool,
    place: PathBuf,
}

/// How a ratio is to be read.
struct Row {
    what: String,
    ours: String,
    theirs: String,
    ratio: f64,
    bar: Option<f64>,
}

impl Bench {
    pub fn new(args: &[String]) -> Result<Self, String> {
        let place = std::env::temp_dir().join(format!("orm-lint-bench-{}", std::process::id()));
        let mut bench = Self { programs: PathBuf::new(), rounds: 9, peers: None, trees: Vec::new(), is_edits_only: false, place };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let value = args.next().ok_or(format!("{arg} needs a value"))?;
            let folder = || std::fs::canonicalize(value).map_err(|e| format!("{value}: {e}"));
            match arg.as_str() {
                "--programs" => bench.programs = folder()?,
                "--rounds" => bench.rounds = value.parse().map_err(|_| "--rounds needs a number".to_owned())?,
                "--peers" => bench.peers = Some(folder()?),
                "--tree" => bench.trees.push(folder()?),
                "--only" if value == "edits" => bench.is_edits_only = true,
                _ => return Err(format!("there is no option {arg}")),
            }
        }
        Ok(bench)
    }

    pub fn run(&self) -> Result<(), String> {
        println!("| | orm-lint | against | ratio | bar |\n|---|---|---|---|---|");
        let outcome = self.rows();
        let _ = std::fs::remove_dir_all(&self.place);
        outcome
    }

    fn rows(&self) -> Result<(), String> {
        self.edits()?;
        if self.is_edits_only {
            return Ok(());
        }
        self.backends()?;
        self.applications()?;
        self.extremes()?;
        for tree in &self.trees {
            let name = tree.file_name().unwrap_or_default().to_string_lossy();
            let files = self.said(tree)?;
            self.compare(
                &format!("{name} ({files}), all rules, to parsing alone"),
                &self.lint(&ALL_RULES, tree),
                &self.parse("parse", tree),
                None,
            )?;
        }
        Ok(())
    }

    /// What typing costs in an editor.
    fn edits(&self) -> Result<(), String> {
        let example = self.tree("edited", |example, to| trees::backend(example, to, 40))?;
        for tree in std::iter::once(&example).chain(&self.trees) {
            let Some((functions, schemas)) = edits::measure(&self.programs.join("orm-lint"), tree)? else { return Ok(()) };
            let said = self.said(tree)?;
            let show = |what: String, cpu: f64, bar: Option<f64>| {
                show(&Row { what, ours: milliseconds(cpu), theirs: "20 ms".to_owned(), ratio: cpu / 20.0, bar });
            };
            let count = functions.count();
            show(format!("an edit in {said}, the mean of {count}"), functions.mean(), Some(1.0));
            show("the same, half of all".to_owned(), functions.percentile(50), Some(1.0));
            show("the same, 95 of 100".to_owned(), functions.percentile(95), None);
            show("the same, in the schema".to_owned(), schemas.percentile(50), None);
        }
        Ok(())
    }

    /// Trees in which everything is Convex.
    fn backends(&self) -> Result<(), String> {
        let sizes = [1, 4, 16];
        let mut folders = Vec::new();
        for size in sizes {
            folders.push(self.tree(&format!("backend{size}"), |example, to| trees::backend(example, to, 40 * size))?);
        }
        for folder in &folders {
            let (lint, parse) = (self.lint(&ALL_RULES, folder), self.parse("parse", folder));
            self.compare(&format!("a backend of {}, all rules, to parsing alone", self.said(folder)?), &lint, &parse, Some(1.25))?;
        }
        let [first, .., last] = &folders[..] else { return Ok(()) };
        let per_file = |row: &mut Row| row.ratio /= 16.0;
        self.compare_as(
            "sixteen times the files, for each file",
            &self.lint(&ALL_RULES, last),
            &self.lint(&ALL_RULES, first),
            Some(1.15),
            per_file,
        )?;
        self.instructions(first)?;
        self.oxlint("to oxlint, default rules", first)?;
        self.oxlint("the same, sixteen times the files", last)?;
        self.eslint(first)
    }

    /// Large trees in which little is Convex.
    fn applications(&self) -> Result<(), String> {
        let folder = self.tree("application", |example, to| trees::application(example, to, 10_000, 10_000))?;
        let said = self.said(&folder)?;
        self.compare(
            &format!("{said}, few of them Convex, to walking and reading"),
            &self.lint(&ALL_RULES, &folder),
            &self.parse("prefilter", &folder),
            Some(3.0),
        )?;
        let cost = measure(&self.lint_with(&ALL_RULES, &[], &folder))?;
        show(&Row {
            what: "the same, peak memory".to_owned(),
            ours: format!("{:.0} MB", cost.peak),
            theirs: "100 MB".to_owned(),
            ratio: cost.peak / 100.0,
            bar: Some(1.0),
        });
        self.oxlint("the same files, default rules, to oxlint", &folder)
    }

    fn extremes(&self) -> Result<(), String> {
        let schema = self.tree("schema", |_, to| trees::large_schema(to, 10_000))?;
        self.compare("a schema of 10,000 lines, to parsing alone", &self.lint(&ALL_RULES, &schema), &self.parse("parse", &schema), None)?;
        let file = self.tree("file", |_, to| trees::large_file(to, 1_000_000))?;
        self.compare("one file of 1 MB, to parsing alone", &self.lint(&ALL_RULES, &file), &self.parse("parse", &file), None)?;
        let half = self.tree("half-a-file", |_, to| trees::large_file(to, 500_000))?;
        self.doubled("twice as much in one file: functions, from 0.5 to 1 MB", &file, &half)?;
        let (half, whole) = (
            self.tree("half-a-schema", |_, to| trees::large_schema(to, 15_000))?,
            self.tree("whole-schema", |_, to| trees::large_schema(to, 30_000))?,
        );
        self.doubled("the same, a schema from 15,000 to 30,000 lines", &whole, &half)?;
        let small = self.tree("small", |_, to| trees::small(to))?;
        let task = self.lint_with(&DEFAULT, &["convex/items.ts"], &small).times(50);
        let costs: Vec<f64> = (0..self.rounds).map(|_| measure(&task).map(|cost| cost.cpu)).collect::<Result<_, _>>()?;
        let cpu = median(costs);
        show(&Row {
            what: "one small file".to_owned(),
            ours: milliseconds(cpu),
            theirs: "5 ms".to_owned(),
            ratio: cpu / 5.0,
            bar: Some(1.0),
        });
        Ok(())
    }

    fn instructions(&self, tree: &Path) -> Result<(), String> {
        let (Some(ours), Some(theirs)) = (instructions(&self.lint(&ALL_RULES, tree)), instructions(&self.parse("parse", tree))) else {
            return Ok(());
        };
        let millions = |count: f64| format!("{:.0} M", count / 1e6);
        let what = "instructions, all rules, to parsing alone".to_owned();
        show(&Row { what, ours: millions(ours), theirs: millions(theirs), ratio: ours / theirs, bar: Some(1.25) });
        Ok(())
    }

    /// What twice as much in one file costs: in instructions where they can be counted, as they are the same in each run.
    fn doubled(&self, what: &str, whole: &Path, half: &Path) -> Result<(), String> {
        const LINEAR: f64 = 2.15;
        let (whole, half) = (self.lint(&ALL_RULES, whole), self.lint(&ALL_RULES, half));
        let (Some(ours), Some(theirs)) = (instructions(&whole), instructions(&half)) else {
            return self.compare(what, &whole, &half, Some(LINEAR));
        };
        let millions = |count: f64| format!("{:.0} M", count / 1e6);
        let what = format!("{what}, in instructions");
        show(&Row { what, ours: millions(ours), theirs: millions(theirs), ratio: ours / theirs, bar: Some(LINEAR) });
        Ok(())
    }

    fn oxlint(&self, what: &str, tree: &Path) -> Result<(), String> {
        let Some(peers) = &self.peers else { return Ok(()) };
        let oxlint = Task::new(&peers.join("node_modules/.bin/oxlint"), &["--threads", "1", "."], tree);
        self.compare(what, &self.lint(&DEFAULT, tree), &oxlint, Some(1.0))
    }

    fn eslint(&self, tree: &Path) -> Result<(), String> {
        let Some(peers) = &self.peers else { return Ok(()) };
        let modules = peers.join("node_modules");
        let link = tree.join("node_modules");
        symlink(&modules, &link).map_err(|e| e.to_string())?;
        let config = tree.join("eslint.config.mjs");
        std::fs::copy(peers.join("eslint.config.mjs"), &config).map_err(|e| e.to_string())?;
        std::fs::copy(peers.join("tsconfig.json"), tree.join("tsconfig.json")).map_err(|e| e.to_string())?;
        let eslint = Task::new(&modules.join(".bin/eslint"), &["convex"], tree);
        let few = Self {
            rounds: 3,
            programs: self.programs.clone(),
            peers: None,
            trees: Vec::new(),
            is_edits_only: false,
            place: self.place.clone(),
        };
        few.compare("to ESLint with @convex-dev/eslint-plugin", &self.lint(&DEFAULT, tree), &eslint, Some(1.0))
    }

    fn compare(&self, what: &str, ours: &Task, theirs: &Task, bar: Option<f64>) -> Result<(), String> {
        self.compare_as(what, ours, theirs, bar, |_| ())
    }

    /// Lets the two take turns; the ratio is the median of the rounds' own ratios.
    fn compare_as(&self, what: &str, ours: &Task, theirs: &Task, bar: Option<f64>, adjust: impl Fn(&mut Row)) -> Result<(), String> {
        let mut pairs: Vec<(Cost, Cost)> = Vec::new();
        for _ in 0..self.rounds {
            pairs.push((measure(ours)?, measure(theirs)?));
        }
        let shown = |cost: &dyn Fn(&(Cost, Cost)) -> Cost| {
            let peak = pairs.iter().map(|pair| cost(pair).peak).fold(0.0, f64::max);
            format!("{}, {peak:.0} MB", milliseconds(median(pairs.iter().map(|pair| cost(pair).cpu).collect())))
        };
        let ratio = median(pairs.iter().map(|(a, b)| a.cpu / b.cpu).collect());
        let mut row = Row { what: what.to_owned(), ours: shown(&|pair| pair.0), theirs: shown(&|pair| pair.1), ratio, bar };
        adjust(&mut row);
        show(&row);
        Ok(())
    }

    fn lint(&self, options: &[&str], folder: &Path) -> Task {
        self.lint_with(&[options, &ONE_THREAD].concat(), &["."], folder)
    }

    fn lint_with(&self, options: &[&str], paths: &[&str], folder: &Path) -> Task {
        Task::new(&self.programs.join("orm-lint"), &[options, paths].concat(), folder)
    }

    fn parse(&self, mode: &str, folder: &Path) -> Task {
        Task::new(&self.programs.join("examples/parse_only"), &["--mode", mode, "--threads", "1", "."], folder)
    }

    fn tree(&self, name: &str, make: impl Fn(&Path, &Path) -> std::io::Result<()>) -> Result<PathBuf, String> {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/projects/taskboard");
        let to = self.place.join(name);
        std::fs::create_dir_all(&to).and_then(|()| make(&example, &to)).map_err(|e| format!("{}: {e}", to.display()))?;
        Ok(to)
    }

    /// `1,234 files, 5.6 MB`.
    fn said(&self, folder: &Path) -> Result<String, String> {
        let (mut files, mut bytes) = (0u64, 0u64);
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in std::fs::read_dir(&next).map_err(|e| e.to_string())? {
                let entry = entry.map_err(|e| e.to_string())?;
                let kind = entry.file_type().map_err(|e| e.to_string())?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() && [".ts", ".tsx", ".js", ".jsx"].iter().any(|end| name.ends_with(end)) {
                    files += 1;
                    bytes += entry.metadata().map_err(|e| e.to_string())?.len();
                }
            }
        }
        Ok(format!("{files} files, {:.1} MB", bytes as f64 / 1e6))
    }
}

fn milliseconds(cpu: f64) -> String {
    if cpu < 10.0 { format!("{cpu:.1} ms") } else { format!("{cpu:.0} ms") }
}

fn show(row: &Row) {
    let bar = row.bar.map_or_else(String::new, |bar| format!("{} {bar}", if row.ratio <= bar { "≤" } else { "**missed:**" }));
    println!("| {} | {} | {} | {:.2} | {bar} |", row.what, row.ours, row.theirs, row.ratio);
}
