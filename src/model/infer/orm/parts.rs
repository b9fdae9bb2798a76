//! What a table's third argument lists: indexes, foreign keys, how rows are deleted.

use std::sync::Arc;

use super::super::Infer;
use super::super::tables::whole;
use super::columns::{action, column_name};
use super::text_argument;
use crate::model::hir::{Call, ExprId, Name};
use crate::model::ty::{Action, Deletion, DeletionMode, ForeignKey, Index, IndexKind, Literal, TablePart, Ty};
use crate::source::{FileId, Span};

impl Infer<'_> {
    /// What `index("by_name")` and its like make; `None` for a name that makes nothing of the kind.
    pub(super) fn table_part(&self, file: FileId, id: ExprId, call: &Call, name: &str) -> Option<TablePart> {
        let span = self.hir(file).span(id);
        let (kind, unique) = match name {
            "index" => (IndexKind::Db, false),
            "uniqueIndex" | "unique" => (IndexKind::Db, true),
            "searchIndex" => (IndexKind::Search, false),
            "vectorIndex" => (IndexKind::Vector, false),
            "deletion" => return Some(TablePart::Deletion(self.deletion(file, call, span))),
            "foreignKey" => return Some(TablePart::ForeignKey(self.foreign_key(file, call, span))),
            "check" | "rlsPolicy" | "aggregateIndex" | "rankIndex" | "onInsert" | "onUpdate" | "onDelete" | "onChange" => {
                return Some(TablePart::Other);
            }
            _ => return None,
        };
        let (name, name_span) = match text_argument(self, file, call, 0) {
            Some(named) => named,
            None if name == "unique" && call.args.is_empty() => (Name::default(), span),
            None => return None,
        };
        Some(TablePart::Index(Index { kind, name, name_span, fields: None, span, staged: false, unique, dimensions: None }))
    }

    /// `.on(t.name)` and what else is called on a part of a table.
    pub(in super::super) fn part_method(&self, file: FileId, id: ExprId, call: &Call, part: &TablePart, method: &str) -> Ty {
        let span = self.hir(file).span(id);
        let columns = || {
            let name = |a: &crate::model::hir::Arg| column_name(&self.expr(file, a.value)).filter(|_| !a.spread);
            call.args.iter().map(name).collect::<Option<Vec<Name>>>()
        };
        let part = match (part, method) {
            (TablePart::Index(index), "on") => {
                let fields = columns().filter(|fields| !fields.is_empty());
                TablePart::Index(Index { fields, span, ..index.clone() })
            }
            (TablePart::Index(index), "filter") => {
                let searched = index.fields.as_deref().and_then(<[Name]>::first).cloned();
                let fields = searched.zip(columns()).map(|(searched, filters)| std::iter::once(searched).chain(filters).collect());
                TablePart::Index(Index { fields, span, ..index.clone() })
            }
            (TablePart::Index(index), "dimensions") => {
                let dimensions = match call.args.first().map(|a| self.expr(file, a.value)) {
                    Some(Ty::Literal(Literal::Num(number), _)) => whole(number),
                    _ => None,
                };
                TablePart::Index(Index { dimensions, span, ..index.clone() })
            }
            (TablePart::Index(index), "staged") => TablePart::Index(Index { staged: true, span, ..index.clone() }),
            (TablePart::Index(index), "nullsNotDistinct") => TablePart::Index(Index { span, ..index.clone() }),
            (TablePart::ForeignKey(Some(key)), "onDelete" | "onUpdate") => {
                let given = call.args.first().map_or(Action::Unknown, |a| match self.expr(file, a.value) {
                    Ty::Undefined => Action::Unset,
                    ty => ty.as_str().cloned().map_or(Action::Unknown, Action::Named),
                });
                let mut key = key.clone();
                *(if method == "onDelete" { &mut key.on_delete } else { &mut key.on_update }) = given;
                TablePart::ForeignKey(Some(key))
            }
            (TablePart::ForeignKey(None), _) => TablePart::ForeignKey(None),
            (TablePart::Other, _) => TablePart::Other,
            _ => return Ty::Unknown,
        };
        Ty::TablePart(Arc::new(part))
    }

    /// `deletion("scheduled", { delayMs })`, as the ORM and ents write it.
    pub(in super::super) fn deletion(&self, file: FileId, call: &Call, span: Span) -> Deletion {
        let mode = call.args.first().map_or(Ty::Unknown, |a| self.expr(file, a.value));
        let mode = mode.as_str().map_or(DeletionMode::Unknown, |name| DeletionMode::named(name));
        let delay = match call.args.get(1).map(|a| self.expr(file, a.value)) {
            Some(Ty::Object(options)) => options.field("delayMs").and_then(|f| f.span),
            _ => None,
        };
        Deletion { mode, delay, span }
    }

    fn foreign_key(&self, file: FileId, call: &Call, span: Span) -> Option<ForeignKey> {
        let Ty::Object(config) = self.expr(file, call.args.first()?.value) else { return None };
        let list = |key: &str| match &config.field(key)?.ty {
            Ty::Tuple(items) => Some(items.to_vec()),
            _ => None,
        };
        let names = |items: &[Ty]| items.iter().map(column_name).collect::<Option<Vec<Name>>>();
        let foreign = list("foreignColumns")?;
        let table = foreign.first().and_then(|first| match first {
            Ty::ColumnOf(column) => column.table.clone(),
            _ => None,
        });
        let options = Ty::Object(config.clone());
        Some(ForeignKey {
            columns: names(&list("columns")?)?,
            table,
            to: names(&foreign)?,
            on_delete: action(&options, "onDelete"),
            on_update: action(&options, "onUpdate"),
            span,
        })
    }
}
