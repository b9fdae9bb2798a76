//! What an edit costs the language server: it is started on a tree, and each file of it is edited as an editor would.
//!
//! The CPU time is that of all threads of the server, from the edit to the findings of that version. Linux alone tells it well enough.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// What edits of one kind cost, in milliseconds of CPU time, sorted.
pub struct Costs(Vec<f64>);

impl Costs {
    /// The cost that so many of a hundred edits stay within.
    pub fn percentile(&self, percent: usize) -> f64 {
        self.0.get((self.0.len() * percent / 100).min(self.0.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
    }

    pub fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len() as f64
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// Edits every file in the folders named `convex`; the schemas apart.
/// `None` where the system does not tell what a process costs.
pub fn measure(program: &Path, tree: &Path) -> Result<Option<(Costs, Costs)>, String> {
    if !Path::new("/proc/self/schedstat").exists() {
        return Ok(None);
    }
    let files = sources(tree).map_err(|e| e.to_string())?;
    let (schemas, others): (Vec<PathBuf>, Vec<PathBuf>) = files.into_iter().partition(|path| path.ends_with("schema.ts"));
    let mut server = Server::start(program, tree)?;
    // What an editor has open beside the file that is edited.
    for path in schemas.iter().take(1).chain(others.iter().step_by(others.len() / 5 + 1)) {
        server.open(path)?;
    }
    let costs = |server: &mut Server, files: &[PathBuf]| -> Result<Costs, String> {
        let mut costs = Vec::new();
        for path in files {
            costs.extend(server.edit(path)?);
        }
        costs.sort_by(f64::total_cmp);
        Ok(Costs(costs))
    };
    let of_schemas = costs(&mut server, &schemas)?;
    let of_others = costs(&mut server, &others)?;
    server.process.kill().map_err(|e| e.to_string())?;
    server.process.wait().map_err(|e| e.to_string())?;
    Ok(Some((of_others, of_schemas)))
}

struct Server {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    open: Vec<PathBuf>,
}

impl Server {
    fn start(program: &Path, tree: &Path) -> Result<Self, String> {
        let mut command = Command::new(program);
        command.args(["--lsp", "--threads", "1", "-D", "all", "--no-ignore"]).current_dir(tree);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(|e| e.to_string())?;
        let (input, output) = (process.stdin.take(), process.stdout.take());
        let (Some(input), Some(output)) = (input, output) else { return Err("no pipes".to_owned()) };
        let mut server = Self { process, input, output: BufReader::new(output), open: Vec::new() };
        let capabilities = json!({ "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": true } } });
        let params = json!({ "capabilities": capabilities, "workspaceFolders": [{ "uri": uri(tree), "name": "measured" }] });
        server.send(&json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params }))?;
        server.notify("initialized", json!({}))?;
        Ok(server)
    }

    fn open(&mut self, path: &Path) -> Result<(), String> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let document = json!({ "uri": uri(path), "languageId": "typescript", "version": 0, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }))?;
        self.open.push(path.to_owned());
        self.wait_for(path, 0)
    }

    /// Types a statement into the first function, and takes it out again.
    fn edit(&mut self, path: &Path) -> Result<Vec<f64>, String> {
        let is_open = self.open.iter().any(|open| open == path);
        if !is_open {
            self.open(path)?;
        }
        let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
        let body = text.find("handler").and_then(|at| Some(at + text[at..].find("=> {")? + "=> {".len()));
        let before = &text[..body.unwrap_or(0)];
        let (line, column) = (before.matches('\n').count(), before.rsplit('\n').next().unwrap_or_default().encode_utf16().count());
        let statement = " void \"edited\";";
        let at = |column: usize| json!({ "line": line, "character": column });
        let edits = [
            json!({ "range": { "start": at(column), "end": at(column) }, "text": statement }),
            json!({ "range": { "start": at(column), "end": at(column + statement.len()) }, "text": "" }),
        ];
        let mut costs = Vec::new();
        for (version, edit) in edits.into_iter().enumerate() {
            let version = version as i64 + 1;
            let before = self.spent()?;
            let document = json!({ "uri": uri(path), "version": version });
            self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [edit] }))?;
            self.wait_for(path, version)?;
            costs.push(self.spent()? - before);
        }
        if !is_open {
            self.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri(path) } }))?;
            self.open.pop();
        }
        Ok(costs)
    }

    /// Reads until the findings of this version are there, and those of other files with them: the answer to a question comes after all.
    fn wait_for(&mut self, path: &Path, version: i64) -> Result<(), String> {
        let uri = uri(path);
        loop {
            let message = self.read()?;
            let params = &message["params"];
            if message["method"] == "textDocument/publishDiagnostics" && params["uri"] == *uri && params["version"] == version {
                break;
            }
        }
        let params = json!({ "textDocument": { "uri": uri }, "position": { "line": 0, "character": 0 } });
        self.send(&json!({ "jsonrpc": "2.0", "id": 1, "method": "textDocument/hover", "params": params }))?;
        while self.read()?["id"] != 1 {}
        Ok(())
    }

    fn notify(&mut self, method: &str, params: Value) -> Result<(), String> {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    fn send(&mut self, message: &Value) -> Result<(), String> {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).and_then(|()| self.input.flush()).map_err(|e| e.to_string())
    }

    fn read(&mut self) -> Result<Value, String> {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).map_err(|e| e.to_string())? == 0 {
                return Err("the server has ended".to_owned());
            }
            match line.trim().split_once(": ") {
                Some((_, value)) => length = value.parse().map_err(|_| line.clone())?,
                None => break,
            }
        }
        let mut bytes = vec![0; length];
        self.output.read_exact(&mut bytes).map_err(|e| e.to_string())?;
        serde_json::from_slice(&bytes).map_err(|e| e.to_string())
    }

    /// The CPU time of all threads of the server so far, in milliseconds.
    fn spent(&self) -> Result<f64, String> {
        let mut nanoseconds = 0.0;
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.process.id())).map_err(|e| e.to_string())?;
        for task in tasks {
            let stat = std::fs::read_to_string(task.map_err(|e| e.to_string())?.path().join("schedstat")).unwrap_or_default();
            nanoseconds += stat.split(' ').next().and_then(|number| number.parse::<f64>().ok()).unwrap_or_default();
        }
        Ok(nanoseconds / 1e6)
    }
}

fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// TypeScript that is deployed, tests left out.
fn sources(tree: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![(tree.to_owned(), false)];
    while let Some((folder, is_backend)) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                let is_own = !matches!(&*name, "node_modules" | "_generated" | "dist") && !name.starts_with('.');
                let is_backend = is_backend || name == "convex";
                folders.extend(is_own.then_some((path, is_backend)));
            } else if is_backend && name.ends_with(".ts") && name.matches('.').count() == 1 && !name.contains(' ') {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
