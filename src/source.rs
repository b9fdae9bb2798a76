//! Text in, tree out: files, positions, comments and syntax errors.
//!
//! The only module that names the parser's own positions.
//! swc counts bytes from 1; everything else in this crate counts from 0, in bytes of the file as it is on disk.
//! Reading and writing files is the caller's business.
#![expect(clippy::disallowed_types, reason = "the one place where the parser's positions become ours")]

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once};

use swc_common::comments::{Comment as SwcComment, CommentKind, SingleThreadedComments};
use swc_common::sync::Lrc;
use swc_common::{BytePos, FileName, SourceFile as SwcFile, Spanned};
use swc_ecma_ast::{EsVersion, ModuleDecl, ModuleItem, Program};
use swc_ecma_codegen::to_code;
use swc_ecma_parser::{EsSyntax, Syntax, TsSyntax, parse_file_as_commonjs, parse_file_as_module, parse_file_as_program};

use crate::nesting;

/// The number of a file in its `Workspace`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of bytes in one file, end exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(file: FileId, start: u32, end: u32) -> Self {
        Self { file, start, end }
    }

    /// The empty range where this one starts.
    pub fn before(self) -> Self {
        Self { end: self.start, ..self }
    }

    /// The empty range where this one ends.
    pub fn after(self) -> Self {
        Self { start: self.end, ..self }
    }

    /// From the start of this range to the end of the other, which lies in the same file.
    pub fn to(self, other: Self) -> Self {
        debug_assert_eq!(self.file, other.file);
        Self { end: other.end, ..self }
    }

    pub fn contains(self, other: Self) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }

    pub fn is_empty(self) -> bool {
        self.start >= self.end
    }
}

/// One comment, with its delimiters in the span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    pub start: u32,
    pub end: u32,
    pub is_block: bool,
}

/// Why a file could not be read as TypeScript, at a place in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SyntaxError {
    pub start: u32,
    pub end: u32,
    pub message: String,
}

/// A file's text and what the parser said of it; the tree itself is not kept.
#[derive(Clone, Debug)]
pub struct SourceFile {
    pub id: FileId,
    /// Relative to the base folder of the run, `/` between parts, never with `..`; `cli` shows it relative to the working directory.
    pub path: String,
    pub text: Arc<str>,
    /// In source order. None where there is no tree: the parser hands them over at its end.
    pub comments: Vec<Comment>,
    /// In source order, each once.
    pub errors: Vec<SyntaxError>,
    /// Of a file that is a block of code in a page.
    pub block: Option<Block>,
}

/// Where a block of code stands in a Markdown page. The text of its file is the page, blank outside of the block.
#[derive(Clone, Debug)]
pub struct Block {
    /// Where its first line starts.
    pub start: u32,
    /// How many bytes of the page come after its last line.
    pub after: u32,
    pub language: Language,
    /// Nothing but indents stands before its lines, so that new ones can be written.
    pub is_plain: bool,
    /// What stands before its first line: in a list, the indent of the item.
    pub indent: Box<str>,
    pub page: Arc<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    TypeScript,
    Tsx,
    JavaScript,
}

impl SourceFile {
    /// A file that could not be read as text; `text` is as much of it as could be.
    pub fn unread(id: FileId, path: String, text: String, message: String) -> Self {
        let end = text.len() as u32;
        Self { id, path, text: text.into(), comments: Vec::new(), errors: vec![SyntaxError { start: end, end, message }], block: None }
    }

    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    pub fn comment_text(&self, comment: &Comment) -> &str {
        &self.text[comment.start as usize..comment.end as usize]
    }

    /// The comments that lie inside the range.
    pub fn comments_in(&self, span: Span) -> &[Comment] {
        let from = self.comments.partition_point(|c| c.start < span.start);
        let to = self.comments.partition_point(|c| c.start < span.end);
        self.comments.get(from..to).unwrap_or_default()
    }

    /// The comment that the position is part of.
    pub fn comment_over(&self, at: u32) -> Option<&Comment> {
        let after = self.comments.partition_point(|c| c.start <= at);
        self.comments.get(after.checked_sub(1)?).filter(|c| at < c.end)
    }

    pub fn whole(&self) -> Span {
        Span::new(self.id, 0, self.text.len() as u32)
    }
}

/// Whatever stands somewhere in a tree.
pub trait Node: Spanned {}

impl<T: Spanned> Node for T {}

/// The tree of one file, alive only while that file is worked on.
pub struct Tree {
    pub program: Program,
    file: FileId,
}

impl Tree {
    /// Where a node stands in its file.
    pub fn span(&self, node: &impl Node) -> Span {
        span_of(self.file, node)
    }
}

/// Where a node of the file's tree stands in it.
#[inline]
pub fn span_of(file: FileId, node: &impl Node) -> Span {
    let span = node.span();
    Span::new(file, span.lo.0.saturating_sub(1), span.hi.0.saturating_sub(1))
}

/// Which grammar a file is written in, by the ending of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grammar {
    Module(Syntax),
    Program(Syntax),
    CommonJs(Syntax),
}

impl Grammar {
    fn of(path: &str, block: Option<&Block>) -> Self {
        // A block is read as what it looks like.
        let path = match block.map(|block| block.language) {
            Some(Language::TypeScript) => ".ts",
            Some(Language::Tsx) => ".tsx",
            Some(Language::JavaScript) => ".js",
            None => path,
        };
        let is = |ending: &str| {
            let tail = path.len().checked_sub(ending.len()).and_then(|start| path.get(start..));
            tail.is_some_and(|tail| tail.eq_ignore_ascii_case(ending))
        };
        let ts = |tsx: bool| {
            Syntax::Typescript(TsSyntax { tsx, decorators: true, dts: is(".d.ts") || is(".d.mts") || is(".d.cts"), ..TsSyntax::default() })
        };
        let es = Syntax::Es(EsSyntax {
            jsx: true,
            decorators: true,
            import_attributes: true,
            auto_accessors: true,
            explicit_resource_management: true,
            export_default_from: true,
            ..EsSyntax::default()
        });
        if is(".tsx") {
            Self::Module(ts(true))
        } else if is(".cts") {
            Self::Program(ts(false))
        } else if is(".cjs") {
            Self::CommonJs(es)
        } else if is(".mjs") {
            Self::Module(es)
        } else if is(".js") || is(".jsx") {
            Self::Program(es)
        } else {
            Self::Module(ts(false))
        }
    }

    fn syntax(self) -> Syntax {
        match self {
            Self::Module(s) | Self::Program(s) | Self::CommonJs(s) => s,
        }
    }
}

/// Parses one file.
///
/// Never fails and never panics: what is wrong with the file is in `errors`, and the tree is absent where none could be made.
/// Deeply nested code needs a large stack; the caller runs this on threads made with [`STACK_SIZE`].
pub fn parse(id: FileId, path: String, text: String) -> (SourceFile, Option<Tree>) {
    parse_as(id, path, text, None)
}

/// [`parse`], for a file that may be a block in a page.
pub fn parse_as(id: FileId, path: String, text: String, block: Option<Block>) -> (SourceFile, Option<Tree>) {
    let text: Arc<str> = text.into();
    let mut file = SourceFile { id, path, text, comments: Vec::new(), errors: Vec::new(), block };
    if file.text.len() > SIZE_LIMIT {
        let message = format!("larger than {} MB; the file is not linted", SIZE_LIMIT >> 20);
        file.errors.push(SyntaxError { start: 0, end: 0, message });
        return (file, None);
    }
    let grammar = Grammar::of(&file.path, file.block.as_ref());
    if let Some(hazard) = nesting::hazard(&file.text, matches!(grammar.syntax(), Syntax::Typescript(ts) if !ts.tsx)) {
        file.errors.push(hazard);
        return (file, None);
    }
    match guarded(|| parse_text(&file.text, grammar)) {
        Ok(Parsed { program, comments, errors }) => {
            file.comments = comments;
            file.errors = errors;
            (file, program.map(|program| Tree { program, file: id }))
        }
        Err(panic) => {
            let message =
                format!("the parser crashed on this file ({panic}): a bug in the parser, please report it; the file is not linted");
            file.errors.push(SyntaxError { start: 0, end: 0, message });
            (file, None)
        }
    }
}

/// The stack that [`parse`] and everything that walks a tree may need, in bytes. Committed by the system only where touched.
pub const STACK_SIZE: usize = 256 << 20;

/// Larger files are nobody's source. A tree takes some 15 times the size of its text.
const SIZE_LIMIT: usize = 64 << 20;

/// More errors than this in one file are not shown.
const ERROR_LIMIT: usize = 1_000;

struct Parsed {
    program: Option<Program>,
    comments: Vec<Comment>,
    errors: Vec<SyntaxError>,
}

fn parse_text(text: &str, grammar: Grammar) -> Parsed {
    // swc wants the byte order mark gone, and fails on one before a hashbang.
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let name = Lrc::new(FileName::Anon);
    let input = SwcFile::new(name.clone(), false, name, text[mark..].to_owned().into(), BytePos(1 + mark as u32));
    let kept = SingleThreadedComments::default();
    let mut errors = Vec::new();
    let target = EsVersion::EsNext;
    let result = match grammar {
        Grammar::Module(syntax) => parse_file_as_module(&input, syntax, target, Some(&kept), &mut errors).map(Program::Module),
        Grammar::Program(syntax) => parse_file_as_program(&input, syntax, target, Some(&kept), &mut errors),
        Grammar::CommonJs(syntax) => parse_file_as_commonjs(&input, syntax, target, Some(&kept), &mut errors).map(Program::Script),
    };
    let program = match result {
        Ok(program) => Some(program),
        Err(error) => {
            errors.push(error);
            None
        }
    };
    // A label that is declared n times is reported n² times.
    let mut errors: Vec<SyntaxError> = errors.iter().take(ERROR_LIMIT).map(|e| syntax_error(text, e)).collect();
    errors.sort();
    errors.dedup();
    let (leading, trailing) = kept.borrow_all();
    let all = leading.values().chain(trailing.values()).flatten();
    let mut comments: Vec<Comment> = all.map(comment).collect();
    comments.sort_by_key(|c| c.start);
    comments.dedup();
    drop((leading, trailing));
    Parsed { program, comments, errors }
}

fn comment(comment: &SwcComment) -> Comment {
    Comment {
        start: comment.span.lo.0.saturating_sub(1),
        end: comment.span.hi.0.saturating_sub(1),
        is_block: comment.kind == CommentKind::Block,
    }
}

/// swc's error spans may be reversed, or end inside a character.
fn syntax_error(text: &str, error: &swc_ecma_parser::error::Error) -> SyntaxError {
    let span = error.span();
    let (a, b) = (span.lo.0.saturating_sub(1) as usize, span.hi.0.saturating_sub(1) as usize);
    let start = text.floor_char_boundary(a.min(b).min(text.len()));
    let end = text.ceil_char_boundary(a.max(b).min(text.len()));
    SyntaxError { start: start as u32, end: end.max(start) as u32, message: error.kind().msg().into_owned() }
}

/// A statement of a module, printed in one way however it was written: without comments, and without its own layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub span: Span,
    pub printed: String,
    pub is_import: bool,
}

impl Statement {
    /// The names in `export { a, b as c };`, as the module itself has them; `None` for any other statement.
    pub fn exported_names(&self) -> Option<Vec<&str>> {
        let list = self.printed.strip_prefix("export {")?.trim_end().strip_suffix("};")?;
        Some(list.split(',').filter_map(|one| one.split_whitespace().next()).collect())
    }
}

/// The module's own statements; none where the text does not parse.
pub fn statements(source: &SourceFile) -> Vec<Statement> {
    let (_, tree) = parse_as(source.id, source.path.clone(), source.text.to_string(), source.block.clone());
    let Some(Tree { program: Program::Module(module), file }) = tree else { return Vec::new() };
    let statement = |item: &ModuleItem| Statement {
        span: span_of(file, item),
        printed: guarded(|| to_code(item)).unwrap_or_default(),
        is_import: matches!(item, ModuleItem::ModuleDecl(ModuleDecl::Import(_))),
    };
    module.body.iter().map(statement).collect()
}

/// Runs the closure. A panic in it becomes an `Err` with what it said, and prints nothing.
pub fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    thread_local!(static QUIET: Cell<bool> = const { Cell::new(false) });
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                before(info);
            }
        }));
    });
    let was_quiet = QUIET.replace(true);
    let result = catch_unwind(AssertUnwindSafe(run));
    QUIET.set(was_quiet);
    result.map_err(|panic| match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => panic.downcast_ref::<&str>().map_or_else(|| "no message".to_owned(), |message| (*message).to_owned()),
    })
}
