//! Whether a piece of code means the same in two workspaces: it is written the same, and its names lead to the same.
//!
//! Layout and comments do not count. Names that are declared inside of the piece are compared by being written the same.

use std::cell::RefCell;
use std::collections::HashSet;

use crate::model::hir::{Binding, BindingId, BindingKind, Exported, ExprId, ExprKind, FuncId, ImportName, Name};
use crate::model::infer::Infer;
use crate::model::{Origin, Workspace};
use crate::source::{self, FileId, Span};

pub(super) struct Same<'a> {
    before: Side<'a>,
    after: Side<'a>,
    /// What is being compared, or has been found to be the same: what leads back to it is the same if the rest is.
    assumed: RefCell<HashSet<Pair>>,
}

#[derive(Clone, Copy)]
struct Side<'a> {
    workspace: &'a Workspace,
    infer: &'a Infer<'a>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Pair {
    Names((FileId, BindingId), (FileId, BindingId)),
    Spans(Span, Span),
    Files(FileId, FileId),
}

impl<'a> Same<'a> {
    pub fn new(before: &'a Workspace, old: &'a Infer<'a>, after: &'a Workspace, new: &'a Infer<'a>) -> Self {
        let side = |workspace, infer| Side { workspace, infer };
        Self { before: side(before, old), after: side(after, new), assumed: RefCell::default() }
    }

    pub fn expr(&self, old: (FileId, ExprId), new: (FileId, ExprId)) -> bool {
        let (was, is) = (self.before.workspace.hir(old.0), self.after.workspace.hir(new.0));
        self.text(was.span(was.bare(old.1)), is.span(is.bare(new.1)))
    }

    /// Whether the two places say the same.
    pub fn text(&self, old: Span, new: Span) -> bool {
        self.once(Pair::Spans(old, new), || {
            self.is_written_alike(old, new) && {
                let (was, is) = (self.before.names_in(old), self.after.names_in(new));
                was.len() == is.len() && was.iter().zip(&is).all(|(a, b)| self.names(old, a, new, b))
            }
        })
    }

    /// Compares a pair once; where the comparison leads back to it, it decides nothing.
    fn once(&self, pair: Pair, compare: impl FnOnce() -> bool) -> bool {
        if !self.assumed.borrow_mut().insert(pair) {
            return true;
        }
        let is_same = compare();
        if !is_same {
            // What was concluded from it on the way may be wrong as well.
            self.assumed.borrow_mut().clear();
        }
        is_same
    }

    fn is_written_alike(&self, old: Span, new: Span) -> bool {
        let (was, is) = (self.before.workspace.text(old), self.after.workspace.text(new));
        if was == is {
            return true;
        }
        // Without a parser's help it cannot be told where a regular expression or JSX ends.
        let is_simple = !self.before.has_opaque(old) && !self.after.has_opaque(new);
        is_simple && words(was) == words(is)
    }

    fn names(&self, old: Span, was: &Named, new: Span, is: &Named) -> bool {
        match (was, is) {
            (Named::Global(a), Named::Global(b)) => a == b,
            (Named::This, Named::This) => true,
            (Named::Local(a), Named::Local(b)) => {
                let is_inner = |side: &Side<'_>, span: Span, id: BindingId| {
                    let at = side.workspace.hir(span.file).binding_span(id);
                    span.start <= at.start && at.end <= span.end
                };
                match (is_inner(&self.before, old, *a), is_inner(&self.after, new, *b)) {
                    (true, true) => true,
                    (false, false) => self.bindings((old.file, *a), (new.file, *b)),
                    _ => false,
                }
            }
            _ => false,
        }
    }

    fn bindings(&self, old: (FileId, BindingId), new: (FileId, BindingId)) -> bool {
        self.once(Pair::Names(old, new), || match (self.before.origin(old), self.after.origin(new)) {
            (Origin::Package(a, x), Origin::Package(b, y)) => a == b && x == y,
            (Origin::Namespace(a), Origin::Namespace(b)) => self.files(a, b),
            (Origin::Here(a, x), Origin::Here(b, y)) => match (x, y) {
                (Exported::Expr(x), Exported::Expr(y)) => self.expr((a, x), (b, y)),
                (Exported::Binding(x), Exported::Binding(y)) => self.declarations((a, x), (b, y)),
                _ => false,
            },
            _ => false,
        })
    }

    fn declarations(&self, old: (FileId, BindingId), new: (FileId, BindingId)) -> bool {
        let (was, is) = (self.before.binding(old), self.after.binding(new));
        let is_still = |side: &Side<'_>, (file, _): (FileId, BindingId), binding: &Binding| {
            binding.writes.is_empty() && binding.default.is_none() && !side.infer.is_changed(file, binding)
        };
        let is_constant = is_still(&self.before, old, was) && is_still(&self.after, new, is) && was.path == is.path;
        match (was.kind, is.kind) {
            (BindingKind::Const(Some(a)), BindingKind::Const(Some(b))) if is_constant => self.expr((old.0, a), (new.0, b)),
            (BindingKind::Func(a), BindingKind::Func(b)) => self.text(self.before.func(old.0, a), self.after.func(new.0, b)),
            (BindingKind::Other, BindingKind::Other) if self.is_same_enum(old, new) => true,
            _ if !self.before.is_of_module(old) || !self.after.is_of_module(new) => false,
            _ => was.name == is.name && self.files(old.0, new.0),
        }
    }

    /// Whether they are enums of the same constants.
    fn is_same_enum(&self, old: (FileId, BindingId), new: (FileId, BindingId)) -> bool {
        let was = self.before.enumeration(old);
        was.is_some() && was == self.after.enumeration(new)
    }

    /// Whether two files say the same, and import the same.
    fn files(&self, old: FileId, new: FileId) -> bool {
        self.once(Pair::Files(old, new), || {
            let (was, is) = (self.before.workspace.source(old), self.after.workspace.source(new));
            was.path == is.path && was.text == is.text && {
                let imports = |side: &Side<'a>, file: FileId| {
                    let imports = side.workspace.hir(file).imports.iter().filter(|i| !i.type_only);
                    imports.map(|i| side.infer.world.origin(file, &i.module, &ImportName::Namespace)).collect::<Vec<Origin>>()
                };
                let (from, to) = (imports(&self.before, old), imports(&self.after, new));
                from.len() == to.len()
                    && from.into_iter().zip(to).all(|pair| match pair {
                        (Origin::Package(a, _), Origin::Package(b, _)) => a == b,
                        (Origin::Namespace(a), Origin::Namespace(b)) => self.files(a, b),
                        _ => false,
                    })
            }
        })
    }
}

/// A name in a piece of code.
enum Named {
    Local(BindingId),
    Global(Name),
    This,
}

impl Side<'_> {
    /// The names in a piece of code, in the order in which they stand there.
    fn names_in(&self, span: Span) -> Vec<Named> {
        let module = self.workspace.hir(span.file);
        let inside =
            module.exprs().map(|(id, kind)| (module.span(id), kind)).filter(|(at, _)| span.start <= at.start && at.end <= span.end);
        let mut names: Vec<(u32, Named)> = inside
            .filter_map(|(at, kind)| {
                let named = match kind {
                    ExprKind::Local(binding) => Named::Local(*binding),
                    ExprKind::Global(name) => Named::Global(name.clone()),
                    ExprKind::This(_) => Named::This,
                    _ => return None,
                };
                Some((at.start, named))
            })
            .collect();
        names.sort_by_key(|(at, _)| *at);
        names.into_iter().map(|(_, name)| name).collect()
    }

    fn has_opaque(&self, span: Span) -> bool {
        let module = self.workspace.hir(span.file);
        let is_inside = |id: ExprId| {
            let at = module.span(id);
            span.start <= at.start && at.end <= span.end
        };
        module.exprs().any(|(id, kind)| matches!(kind, ExprKind::Opaque(_) | ExprKind::Regex) && is_inside(id))
    }

    /// The enum that declares a name; `None` where it is none, or its members are more than constants.
    fn enumeration(&self, (file, id): (FileId, BindingId)) -> Option<String> {
        let place = self.workspace.hir(file).binding_span(id);
        let source = self.workspace.source(file);
        let statement = source::statements(source).into_iter().find(|statement| statement.span.contains(place))?;
        let words = words(&statement.printed);
        let at = words.iter().position(|word| *word == "enum")?;
        let is_head = words[..at].iter().all(|word| matches!(*word, "export" | "declare" | "const"));
        let is_constant = |value: &[&str]| match value {
            ["=", "-", only, "," | "}"] | ["=", only, "," | "}", ..] => {
                only.starts_with(['"', '\'']) || only.starts_with(|c: char| c.is_ascii_digit())
            }
            _ => false,
        };
        let mut values = words.iter().enumerate().filter(|(_, word)| **word == "=").map(|(at, _)| &words[at..words.len().min(at + 4)]);
        (is_head && values.all(is_constant)).then(|| statement.printed.clone())
    }

    fn binding(&self, (file, id): (FileId, BindingId)) -> &Binding {
        self.workspace.hir(file).binding(id)
    }

    fn is_of_module(&self, (file, id): (FileId, BindingId)) -> bool {
        self.workspace.hir(file).is_of_module(id)
    }

    fn func(&self, file: FileId, func: FuncId) -> Span {
        let func = self.workspace.hir(file).func(func);
        Span::new(file, func.start, func.end)
    }

    fn origin(&self, (file, id): (FileId, BindingId)) -> Origin {
        let module = self.workspace.hir(file);
        match module.import(module.binding(id)) {
            Some(import) => self.infer.world.origin(file, &import.module, &import.name),
            None => Origin::Here(file, Exported::Binding(id)),
        }
    }
}

/// The text without layout and comments: words, signs, and strings as they are written.
fn words(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if first.is_whitespace() => {
                rest = &rest[first.len_utf8()..];
                continue;
            }
            '/' if rest.starts_with("//") => {
                rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
                continue;
            }
            '/' if rest.starts_with("/*") => {
                rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
                continue;
            }
            '"' | '\'' | '`' => string_end(rest, first),
            _ if is_word(first) => rest.find(|c: char| !is_word(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (word, after) = rest.split_at(length);
        // A comma before a closing bracket is layout.
        if matches!(word, ")" | "]" | "}") && found.last() == Some(&",") {
            found.pop();
        }
        found.push(word);
        rest = after;
    }
    found
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || letter == '$'
}

/// Where a string ends that the text begins with; a template is taken whole, with what stands in it.
fn string_end(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if letter == quote => return at + letter.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn layout_and_comments_do_not_count() {
        assert_eq!(words("v.array( // list\n  v.string(),\n)"), words("v.array(v.string())"));
        assert_eq!(words("f(`a ${x} \\``, 'it\\'s')"), ["f", "(", "`a ${x} \\``", ",", "'it\\'s'", ")"]);
        assert_ne!(words("v.literal('a b')"), words("v.literal('ab')"));
        assert_ne!(words("a b"), words("ab"));
        assert_ne!(words("[, ]"), words("[, ,]"));
    }
}
