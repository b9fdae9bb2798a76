//! Works off what the client says, in order: keeps documents and folders, answers, and publishes what is found.
//!
//! Edits that come in while something else is done are taken together. A panic costs the one request that met it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};

use lsp_server::{ErrorCode, Notification, Request};
use lsp_types::{
    CodeActionOrCommand, CodeActionParams, DidChangeWatchedFilesParams, DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DidSaveTextDocumentParams, FileChangeType, GotoDefinitionParams, HoverParams, PublishDiagnosticsParams,
    ReferenceParams, TextDocumentPositionParams, Uri,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::client::{Client, FIX_ALL, watch_registration};
use super::documents::{Document, Documents, home_of, without_links};
use super::folder::{Folder, Options};
use super::outbox::{Outbox, Refusal};
use super::view::View;
use super::{actions, hover, navigation, uris};
use crate::source::{FileId, guarded};

/// What is to be done.
pub enum Task {
    Request(Request),
    Notification(Notification),
}

pub struct Engine {
    outbox: Arc<Outbox>,
    client: Client,
    options: Options,
    documents: Documents,
    folders: Vec<Folder>,
    /// Something changed since the last time that everything was brought up to date.
    is_dirty: bool,
    /// What went wrong last, so that it is said once.
    complaint: Option<String>,
}

type Answer = Result<Value, Refusal>;

impl Engine {
    pub fn new(outbox: Arc<Outbox>, client: Client, options: Options) -> Self {
        let folders = client.folders.iter().map(|path| Folder::new(without_links(path), true)).collect();
        Self { outbox, client, options, documents: Documents::default(), folders, is_dirty: false, complaint: None }
    }

    /// Works until nobody sends tasks any more.
    pub fn run(&mut self, tasks: &Receiver<Task>) {
        loop {
            let next = match self.is_dirty {
                true => tasks.try_recv(),
                false => tasks.recv().map_err(|_| TryRecvError::Disconnected),
            };
            match next {
                Ok(Task::Request(request)) => self.answer(request),
                Ok(Task::Notification(notification)) => {
                    let method = notification.method.clone();
                    let _ = self.attempt(&method, |engine| engine.take(notification));
                }
                Err(TryRecvError::Empty) => _ = self.attempt("diagnostics", Self::refresh),
                Err(TryRecvError::Disconnected) => return,
            }
        }
    }

    /// Runs a part of the work. After a panic nothing that was known is trusted any more.
    fn attempt<T>(&mut self, what: &str, work: impl FnOnce(&mut Self) -> T) -> Option<T> {
        match guarded(|| work(self)) {
            Ok(done) => Some(done),
            Err(panic) => {
                self.outbox.log(&format!("{what} failed: {panic}; a bug in orm-lint, please report it"));
                self.folders.iter_mut().for_each(Folder::forget);
                // What is broken would be met again at once; the next message tries again.
                self.is_dirty = false;
                None
            }
        }
    }

    fn answer(&mut self, Request { id, method, params }: Request) {
        if !self.outbox.is_open(&id) {
            return;
        }
        let answer = self.attempt(&method, |engine| engine.answer_to(&method, params));
        let answer = answer.unwrap_or_else(|| Err(Refusal::new(ErrorCode::InternalError, format!("{method} failed: a bug in orm-lint"))));
        self.outbox.answer(&id, answer);
    }

    fn answer_to(&mut self, method: &str, params: Value) -> Answer {
        match method {
            "textDocument/codeAction" => self.code_actions(&parsed(params)?),
            "textDocument/hover" => {
                let params: HoverParams = parsed(params)?;
                let is_markdown = self.client.shows_markdown;
                self.at(&params.text_document_position_params, |view, file, offset| hover::hover(view, file, offset, is_markdown))
            }
            "textDocument/definition" => {
                let params: GotoDefinitionParams = parsed(params)?;
                self.at(&params.text_document_position_params, |view, file, offset| Some(navigation::definitions(view, file, offset)))
            }
            "textDocument/references" => {
                let ReferenceParams { text_document_position, context, .. } = parsed(params)?;
                self.at(&text_document_position, |view, file, offset| {
                    Some(navigation::references(view, file, offset, context.include_declaration))
                })
            }
            _ => Err(Refusal::new(ErrorCode::MethodNotFound, format!("orm-lint does not know `{method}`"))),
        }
    }

    fn take(&mut self, Notification { method, params }: Notification) {
        let taken = match method.as_str() {
            "initialized" => {
                if self.client.watches {
                    self.outbox.request("client/registerCapability", watch_registration());
                }
                Ok(())
            }
            "textDocument/didOpen" => parsed(params).map(|params: DidOpenTextDocumentParams| {
                let uri = params.text_document.uri.clone();
                self.documents.open(params.text_document, self.options.args.max_file_size);
                self.assign();
                self.note_save(&uri, false);
            }),
            "textDocument/didChange" => parsed(params).map(|params| self.is_dirty |= self.documents.change(params)),
            "textDocument/didSave" => {
                parsed(params).map(|params: DidSaveTextDocumentParams| self.note_save(&params.text_document.uri, true))
            }
            "textDocument/didClose" => parsed(params).map(|params: DidCloseTextDocumentParams| self.close(&params.text_document.uri)),
            "workspace/didChangeWatchedFiles" => parsed(params).map(|params: DidChangeWatchedFilesParams| {
                for change in params.changes {
                    self.note_file(&change.uri, change.typ == FileChangeType::CHANGED);
                }
            }),
            "workspace/didCreateFiles" | "workspace/didDeleteFiles" | "workspace/didRenameFiles" => {
                self.folders.iter_mut().for_each(Folder::outdate);
                self.is_dirty = true;
                Ok(())
            }
            "workspace/didChangeConfiguration" => {
                self.folders.iter_mut().for_each(Folder::outdate);
                self.is_dirty = true;
                Ok(())
            }
            "workspace/didChangeWorkspaceFolders" => parsed(params).map(|params: DidChangeWorkspaceFoldersParams| {
                let paths = |folders: Vec<lsp_types::WorkspaceFolder>| -> Vec<PathBuf> {
                    folders.iter().filter_map(|folder| Some(without_links(&uris::path_of(folder.uri.as_str())?))).collect()
                };
                let removed = paths(params.event.removed);
                self.folders.retain(|folder| !folder.is_whole || !removed.contains(&folder.root));
                for path in paths(params.event.added) {
                    self.folders.retain(|folder| folder.root != path);
                    self.folders.push(Folder::new(path, true));
                }
                self.assign();
            }),
            // Whatever else there is to know is of no use here.
            _ => Ok(()),
        };
        if let Err(Refusal { message, .. }) = taken {
            self.outbox.log(&format!("{method}: {message}"));
        }
    }

    /// Gives each document the innermost folder that holds it; one of its own where no workspace folder does.
    fn assign(&mut self) {
        for document in self.documents.all_mut() {
            let Some(path) = &document.path else { continue };
            let holding = self.folders.iter().filter(|folder| folder.is_whole && path.starts_with(&folder.root));
            let innermost = holding.max_by_key(|folder| folder.root.components().count());
            document.home = Some(innermost.map_or_else(|| home_of(path), |folder| folder.root.clone()));
        }
        let is_home = |root: &Path| self.documents.all().any(|document| document.home.as_deref() == Some(root));
        self.folders.retain(|folder| folder.is_whole || is_home(&folder.root));
        for home in self.documents.all().filter_map(|document| document.home.as_ref()) {
            if self.folders.iter().all(|folder| folder.root != *home) {
                self.folders.push(Folder::new(home.clone(), false));
            }
        }
        self.is_dirty = true;
    }

    fn close(&mut self, uri: &Uri) {
        let Some(document) = self.documents.close(uri) else { return };
        if document.published.is_some_and(|(_, shown)| !shown.is_empty()) {
            self.publish(uri.clone(), Vec::new(), None);
        }
        self.note_file(uri, true);
        self.assign();
    }

    /// A file was opened or saved: what is on disk counts again where nobody else watches it.
    fn note_save(&mut self, uri: &Uri, is_saved: bool) {
        if self.options.is_unwatched {
            self.folders.iter_mut().for_each(Folder::look_at_disk);
            self.is_dirty = true;
        }
        if is_saved {
            self.note_file(uri, true);
        }
    }

    fn note_file(&mut self, uri: &Uri, is_change_only: bool) {
        let Some(path) = uris::path_of(uri.as_str()).map(|path| without_links(&path)) else { return };
        for folder in &mut self.folders {
            self.is_dirty |= folder.note_change(&path, is_change_only);
        }
    }

    /// Brings all folders up to date that documents are open in, and says what is found.
    fn refresh(&mut self) {
        self.is_dirty = false;
        let mut troubles = Vec::new();
        for folder in &mut self.folders {
            let open = self.documents.in_folder(&folder.root);
            if !open.is_empty()
                && let Err(error) = folder.update(&open, &self.options)
            {
                troubles.push(format!("{error:#}"));
            }
        }
        let trouble = troubles.into_iter().next();
        if let Some(trouble) = trouble.as_ref().filter(|trouble| self.complaint.as_ref() != Some(trouble)) {
            self.outbox.show_error(trouble);
        }
        self.complaint = trouble;
        self.publish_all();
    }

    fn publish_all(&mut self) {
        let mut news = Vec::new();
        for document in self.documents.all() {
            let found = self.view_of(document).map_or_else(Vec::new, |view| view.diagnostics(document));
            let is_new = match &document.published {
                Some((version, shown)) => *version != document.version || *shown != found,
                None => !found.is_empty() || document.home.is_some(),
            };
            if is_new {
                news.push((document.uri.clone(), document.version, found));
            }
        }
        for (uri, version, found) in news {
            self.publish(uri.clone(), found.clone(), Some(version));
            if let Some(document) = self.documents.all_mut().find(|document| document.uri == uri) {
                document.published = Some((version, found));
            }
        }
    }

    fn publish(&self, uri: Uri, diagnostics: Vec<lsp_types::Diagnostic>, version: Option<i32>) {
        self.outbox.notify("textDocument/publishDiagnostics", PublishDiagnosticsParams { uri, diagnostics, version });
    }

    fn view_of(&self, document: &Document) -> Option<View<'_>> {
        let home = document.home.as_ref()?;
        let known = self.folders.iter().find(|folder| folder.root == *home)?.known.as_ref()?;
        Some(View::new(known, &self.documents, &self.client))
    }

    /// What there is to say of a place in a document, as things are now.
    fn at<T: serde::Serialize>(
        &mut self,
        place: &TextDocumentPositionParams,
        say: impl FnOnce(&View<'_>, FileId, u32) -> Option<T>,
    ) -> Answer {
        if self.is_dirty {
            self.refresh();
        }
        let said = self.documents.get(&place.text_document.uri).and_then(|document| {
            let view = self.view_of(document)?;
            let file = view.known.file_at(document.path.as_deref()?)?;
            say(&view, file, document.lines.offset(&document.text, place.position))
        });
        Ok(json!(said))
    }

    fn code_actions(&mut self, params: &CodeActionParams) -> Answer {
        if self.is_dirty {
            self.refresh();
        }
        Ok(self.actions_of(params).unwrap_or_else(|| json!([])))
    }

    fn actions_of(&mut self, params: &CodeActionParams) -> Option<Value> {
        let document = self.documents.get(&params.text_document.uri).filter(|_| self.client.takes_actions)?;
        let only = params.context.only.as_deref();
        let view = self.view_of(document)?;
        let file = view.known.file_at(document.path.as_deref()?)?;
        let mut found: Vec<CodeActionOrCommand> = Vec::new();
        if actions::is_wanted(only, "quickfix") {
            let offset = |position| document.lines.offset(&document.text, position);
            found = actions::for_findings(&view, file, offset(params.range.start), offset(params.range.end));
        }
        // Working all of it out is for those who ask for it: the light bulb does not.
        if only.is_some() && actions::is_wanted(only, FIX_ALL) {
            let home = document.home.clone()?;
            let folder = self.folders.iter_mut().find(|folder| folder.root == home)?;
            let fixed = folder.known.as_mut().and_then(|known| known.fixed(file));
            let document = self.documents.get(&params.text_document.uri)?;
            let view = self.view_of(document)?;
            found.extend(fixed.and_then(|text| actions::fix_all(&view, file, &text)).map(CodeActionOrCommand::CodeAction));
        }
        Some(if self.client.takes_snippets { actions::with_places_to_type(found) } else { json!(found) })
    }
}

fn parsed<T: DeserializeOwned>(params: Value) -> Result<T, Refusal> {
    serde_json::from_value(params).map_err(|error| Refusal::new(ErrorCode::InvalidParams, error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Mutex, mpsc};

    use clap::Parser;

    use super::*;
    use crate::cli::args::LintArgs;
    use crate::cli::config::FromArgs;

    #[derive(Clone, Default)]
    struct Said(Arc<Mutex<Vec<u8>>>);

    impl Write for Said {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("nobody panics with it").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_costs_what_met_it_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = dunce::canonicalize(folder.path()).expect("its path");
        std::fs::create_dir(root.join("convex")).expect("make the folder");
        std::fs::write(root.join("convex/schema.ts"), "").expect("write a file");
        let uri = uris::uri_of(&root.join("convex/a.ts")).expect("a URI");
        let client = Client::of(&json!({ "workspaceFolders": [{ "uri": uris::uri_of(&root) }] }));
        let options = Options { args: LintArgs::parse_from(["orm-lint", "--lsp"]), from_args: FromArgs::default(), is_unwatched: true };
        let said = Said::default();
        let mut engine = Engine::new(Arc::new(Outbox::new(Box::new(said.clone()))), client, options);

        let text = "import { query } from \"./_generated/server\";\nexport const a = query({ handler: () => 1 });\n";
        let document = json!({ "uri": uri, "languageId": "typescript", "version": 1, "text": text });
        let (sender, tasks) = mpsc::channel();
        let open = || Notification { method: "textDocument/didOpen".to_owned(), params: json!({ "textDocument": document }) };
        sender.send(Task::Notification(open())).expect("a receiver");
        drop(sender);
        engine.run(&tasks);
        engine.attempt("a try", Engine::refresh);
        let count = |words: &str| String::from_utf8_lossy(&said.0.lock().expect("no panic")).matches(words).count();
        assert_eq!(count("missing-args\""), 1);

        assert!(engine.attempt("the impossible", |_| -> () { panic!("that was it") }).is_none());
        assert_eq!(count("the impossible failed: that was it; a bug in orm-lint"), 1);
        assert!(!engine.is_dirty, "it would be met again at once");
        assert!(engine.folders.iter().all(|folder| folder.known.is_none()), "what may be half done is not trusted");

        // The next message brings everything back.
        engine.take(open());
        engine.attempt("a try", Engine::refresh);
        assert_eq!(count("missing-args\""), 2);
    }
}
