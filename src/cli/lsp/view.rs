//! What was found, in the terms of the protocol: locations, diagnostics, edits.

use std::cell::RefCell;
use std::rc::Rc;
use std::str::FromStr;

use lsp_types::{
    CodeDescription, Diagnostic as Shown, DiagnosticRelatedInformation, DiagnosticSeverity, DocumentChanges, Location, NumberOrString,
    OneOf, OptionalVersionedTextDocumentIdentifier, Range, TextDocumentEdit, TextEdit, Uri, WorkspaceEdit,
};
use rustc_hash::FxHashMap;

use super::client::Client;
use super::documents::{Document, Documents};
use super::folder::{Known, by_file};
use super::positions::LineIndex;
use super::uris;
use crate::diagnostic::{Diagnostic, Level};
use crate::docs;
use crate::edit::Edit;
use crate::rules;
use crate::source::{FileId, Span};

/// The name that stands before each finding in an editor.
pub const SOURCE: &str = "orm-lint";

/// A folder and the documents that are open, seen together.
pub struct View<'a> {
    pub known: &'a Known,
    documents: &'a Documents,
    client: &'a Client,
    places: RefCell<FxHashMap<FileId, Option<Rc<Place>>>>,
}

/// A file as the client knows it.
struct Place {
    uri: Uri,
    version: Option<i32>,
    lines: LineIndex,
}

impl<'a> View<'a> {
    pub fn new(known: &'a Known, documents: &'a Documents, client: &'a Client) -> Self {
        Self { known, documents, client, places: RefCell::default() }
    }

    /// What is shown in a document.
    pub fn diagnostics(&self, document: &Document) -> Vec<Shown> {
        let Some(file) = document.path.as_deref().and_then(|path| self.known.file_at(path)) else { return Vec::new() };
        self.known.findings_in(file).iter().filter_map(|finding| self.diagnostic(finding)).collect()
    }

    pub fn diagnostic(&self, finding: &Diagnostic) -> Option<Shown> {
        let related = |label: &crate::diagnostic::Label| {
            Some(DiagnosticRelatedInformation { location: self.location(label.span)?, message: label.message.clone() })
        };
        let related: Vec<_> = finding.labels.iter().filter_map(related).collect();
        let href = rules::find(finding.rule).and_then(|entry| Uri::from_str(&docs::url(entry.meta)).ok());
        let help = finding.help.iter().map(|help| format!("\n{help}"));
        Some(Shown {
            range: self.range(finding.span)?,
            severity: Some(if finding.level == Level::Error { DiagnosticSeverity::ERROR } else { DiagnosticSeverity::WARNING }),
            code: Some(NumberOrString::String(finding.rule.to_owned())),
            code_description: href.filter(|_| self.client.shows_links).map(|href| CodeDescription { href }),
            source: Some(SOURCE.to_owned()),
            message: std::iter::once(finding.message.clone()).chain(help).collect(),
            related_information: (self.client.shows_related && !related.is_empty()).then_some(related),
            tags: None,
            data: None,
        })
    }

    pub fn location(&self, span: Span) -> Option<Location> {
        Some(Location { uri: self.place(span.file)?.uri.clone(), range: self.range(span)? })
    }

    pub fn range(&self, span: Span) -> Option<Range> {
        let text = &self.known.workspace.source(span.file).text;
        Some(self.place(span.file)?.lines.range(text, span.start, span.end))
    }

    pub fn edits(&self, edits: &[Edit]) -> Option<WorkspaceEdit> {
        let files = by_file(edits.iter().map(|edit| (edit.span.file, edit)));
        let mut changes = Vec::new();
        for (file, edits) in files {
            let place = self.place(file)?;
            let edit = |edit: &&Edit| Some(TextEdit { range: self.range(edit.span)?, new_text: edit.text.clone() });
            changes.push((place, edits.iter().map(edit).collect::<Option<Vec<TextEdit>>>()?));
        }
        if !self.client.takes_versions {
            #[expect(clippy::mutable_key_type, reason = "the protocol's own type; the key is never changed")]
            let changes = changes.into_iter().map(|(place, edits)| (place.uri.clone(), edits)).collect();
            return Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() });
        }
        let change = |(place, edits): (Rc<Place>, Vec<TextEdit>)| TextDocumentEdit {
            text_document: OptionalVersionedTextDocumentIdentifier { uri: place.uri.clone(), version: place.version },
            edits: edits.into_iter().map(OneOf::Left).collect(),
        };
        let changes = DocumentChanges::Edits(changes.into_iter().map(change).collect());
        Some(WorkspaceEdit { document_changes: Some(changes), ..WorkspaceEdit::default() })
    }

    fn place(&self, file: FileId) -> Option<Rc<Place>> {
        let make = || {
            let source = self.known.workspace.source(file);
            let path = self.known.places.on_disk(&source.path);
            Some(Rc::new(match self.documents.at(&path) {
                Some(document) => Place { uri: document.uri.clone(), version: Some(document.version), lines: document.lines.clone() },
                None => Place { uri: uris::uri_of(&path)?, version: None, lines: LineIndex::of_file(&source.text) },
            }))
        };
        self.places.borrow_mut().entry(file).or_insert_with(make).clone()
    }
}
