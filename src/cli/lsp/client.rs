//! What the client can do, as it says when it starts. Whatever it does not speak of, it cannot.

use std::path::PathBuf;

use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, HoverProviderCapability, OneOf, SaveOptions, ServerCapabilities,
    TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions,
    WorkspaceFoldersServerCapabilities, WorkspaceServerCapabilities,
};
use serde_json::{Value, json};

use super::uris;

/// The kind of the action that makes all safe fixes of a file.
pub const FIX_ALL: &str = "source.fixAll.orm-lint";

#[derive(Debug, Default)]
pub struct Client {
    /// It can be asked to say which files change.
    pub watches: bool,
    /// It takes edits for a version of a document.
    pub takes_versions: bool,
    /// It takes code actions, and not only commands.
    pub takes_actions: bool,
    /// It takes edits with places to type in.
    pub takes_snippets: bool,
    pub shows_related: bool,
    pub shows_links: bool,
    pub shows_markdown: bool,
    /// The folders that are open at first.
    pub folders: Vec<PathBuf>,
}

impl Client {
    /// Reads what can be read; nothing in it is worth not starting for.
    pub fn of(params: &Value) -> Self {
        let at = |pointer: &str| params.pointer(&format!("/capabilities{pointer}"));
        let can = |pointer: &str| at(pointer).and_then(Value::as_bool).unwrap_or(false);
        let formats = at("/textDocument/hover/contentFormat").and_then(Value::as_array);
        Self {
            watches: can("/workspace/didChangeWatchedFiles/dynamicRegistration"),
            takes_versions: can("/workspace/workspaceEdit/documentChanges"),
            takes_actions: at("/textDocument/codeAction/codeActionLiteralSupport").is_some(),
            takes_snippets: can("/workspace/workspaceEdit/snippetEditSupport") && can("/workspace/workspaceEdit/documentChanges"),
            shows_related: can("/textDocument/publishDiagnostics/relatedInformation"),
            shows_links: can("/textDocument/publishDiagnostics/codeDescriptionSupport"),
            shows_markdown: formats.is_some_and(|formats| formats.iter().any(|format| format == "markdown")),
            folders: folders(params),
        }
    }
}

/// The workspace's folders, or the one folder of clients that know of no more.
fn folders(params: &Value) -> Vec<PathBuf> {
    if let Some(folders) = params.get("workspaceFolders").and_then(Value::as_array) {
        return folders.iter().filter_map(|folder| uris::path_of(folder.get("uri")?.as_str()?)).collect();
    }
    let by_uri = params.get("rootUri").and_then(Value::as_str).and_then(uris::path_of);
    let by_path = || params.get("rootPath").and_then(Value::as_str).map(PathBuf::from).filter(|path| path.is_absolute());
    by_uri.or_else(by_path).into_iter().collect()
}

/// What this server can do.
pub fn capabilities() -> Value {
    let files = json!({ "filters": [
        { "scheme": "file", "pattern": { "glob": "**/*.{ts,tsx,mts,cts,js,jsx,mjs,cjs}", "matches": "file" } },
        { "scheme": "file", "pattern": { "glob": "**", "matches": "folder" } },
    ] });
    let capabilities = ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions { include_text: Some(false) })),
            ..TextDocumentSyncOptions::default()
        })),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX, CodeActionKind::new(FIX_ALL)]),
            ..CodeActionOptions::default()
        })),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            file_operations: serde_json::from_value(json!({ "didCreate": files, "didRename": files, "didDelete": files })).ok(),
        }),
        ..ServerCapabilities::default()
    };
    serde_json::to_value(capabilities).unwrap_or_default()
}

/// Asks to be told when files change that matter.
pub fn watch_registration() -> Value {
    let globs = [
        "**/*.{ts,tsx,mts,cts,js,jsx,mjs,cjs}",
        "**/{orm-lint,orm-lint-baseline,convex,package}.json",
        "**/orm-lint*.{json,jsonc}",
        "**/{tsconfig,jsconfig}*.json",
        "**/{.gitignore,.ignore}",
    ];
    let watchers: Vec<Value> = globs.iter().map(|glob| json!({ "globPattern": glob })).collect();
    json!({ "registrations": [
        { "id": "orm-lint-files", "method": "workspace/didChangeWatchedFiles", "registerOptions": { "watchers": watchers } },
    ] })
}
