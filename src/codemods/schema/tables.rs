//! A table as the ORM writes it: columns, then indexes and what else it says of itself.

use super::Planner;
use super::columns::{Column, ColumnWriter, Demands, IdColumn};
use super::facts::{Deletion, Facts, FieldIndex, Part, PartKind};
use super::files::FileContext;
use super::pieces::{Piece, comment_text, pieces, written};
use super::relations::{Join, member};
use super::source::{Definition, Maker, Step};
use crate::codemod::{ForeignKeys, Severity};
use crate::model::hir::{ExprId, Key, Name, PropKind};
use crate::model::ty::{EdgeEnd, Index, IndexKind};
use crate::source::{FileId, Span};
use crate::writing::code::{Code, Line};

/// The fields of a table, as lines of an object.
pub struct Lines {
    pub lines: Vec<Line>,
    /// They were written on lines of their own.
    pub is_broken: bool,
}

impl Lines {
    /// Adds a column, or takes the place of the one with its name, as ents did.
    fn put(&mut self, line: Line) {
        match self.lines.iter_mut().find(|old| key_of(old).is_some() && key_of(old) == key_of(&line)) {
            Some(old) => {
                old.code = line.code;
                old.leading.extend(line.leading);
                old.trailing = old.trailing.take().or(line.trailing);
            }
            None => self.lines.push(line),
        }
    }
}

impl Planner<'_> {
    /// `convexTable("users", { … }, (t) => [ … ])`; `None` where the fields cannot be rewritten.
    pub fn table_code(&self, facts: &Facts, definition: &Definition, cx: &FileContext<'_>) -> Option<Code> {
        let mut columns = match &facts.variants {
            Some(variants) => self.variant_lines(facts, variants, definition.file, cx)?,
            None => self.field_lines(&[facts], definition.file, definition.fields?, cx)?,
        };
        let mut extras = Vec::new();
        for (part, piece) in facts.parts.iter().zip(definition.step_pieces(self.workspace)) {
            let (column, extra) = self.part_lines(facts, part, piece, cx);
            for line in column {
                columns.is_broken = true;
                columns.put(line);
            }
            extras.extend(extra);
        }
        let fields = match &columns.lines[..] {
            // Nothing but what a factory makes: `users` is what `userColumns()` says.
            [Line { code: Some(Code::Text(text)), .. }]
                if text.starts_with("...") && !columns.is_broken && !columns.lines[0].has_comments() =>
            {
                Code::text(text.trim_start_matches("...").to_owned())
            }
            _ => Code::list("{", columns.lines, "}", true, columns.is_broken),
        };
        let mut arguments = vec![Code::text(cx.style.string(&facts.name)), fields];
        // What an early table of the ORM said beside its columns.
        let own = self
            .workspace
            .hir(definition.file)
            .call(definition.call)
            .filter(|_| definition.maker == Maker::Orm)
            .and_then(|call| call.args.get(2));
        match own {
            Some(_) if !extras.is_empty() => return None,
            Some(own) => arguments.push(written(self.workspace, definition.file, own.value)),
            None if !extras.is_empty() => arguments.push(callback(extras)),
            None => {}
        }
        Some(Code::call(cx.names.orm("convexTable"), arguments))
    }

    /// The table behind a many-to-many edge.
    pub fn join_code(&self, join: &Join, cx: &FileContext<'_>) -> Code {
        let columns = join.columns.iter().map(|(column, target)| {
            let made = self.join_column(join, column, target, cx);
            Line::of(Code::field(column, made.code(), cx.style))
        });
        let [(a, _), (b, _)] = &join.columns;
        let index = |name: &str, fields: &[&Name]| {
            let fields: Vec<String> = fields.iter().map(|field| format!("t{}", member(field, cx.style))).collect();
            Line::of(Code::text(format!("{}({}).on({})", cx.names.orm("index"), cx.style.string(name), fields.join(", "))))
        };
        let mut extras = vec![index(a, &[a]), index(b, &[b]), index(&format!("{a}_{b}"), &[a, b])];
        if join.is_directed {
            extras.push(index(&format!("{b}_{a}"), &[b, a]));
        }
        let columns = Code::list("{", columns.collect(), "}", true, true);
        Code::call(cx.names.orm("convexTable"), vec![Code::text(cx.style.string(&join.name)), columns, callback(extras)])
    }

    /// The properties of an object of validators as columns. Follows `v.object({ … })`, names and spreads.
    pub fn field_lines(&self, holders: &[&Facts], file: FileId, fields: ExprId, cx: &FileContext<'_>) -> Option<Lines> {
        let module = self.workspace.hir(file);
        let fields = module.bare(fields);
        if let Some(inner) = object_of(self.workspace, file, fields) {
            return self.field_lines(holders, file, inner, cx);
        }
        let Some(props) = module.as_object(fields) else {
            let factory = self.factory_call(file, fields, cx)?;
            return Some(Lines { lines: vec![Line::of(Code::text(format!("...{factory}")))], is_broken: false });
        };
        let span = module.span(fields);
        let inside = Span { start: span.start + 1, end: span.end.saturating_sub(1), ..span };
        let spans: Vec<Span> = props.iter().map(|prop| module.at(prop.start, prop.end)).collect();
        let source = self.workspace.source(file);
        let (comments, dangling) = pieces(source, inside, &spans);
        let is_broken = spans.first().is_some_and(|first| source.text[inside.start as usize..first.start as usize].contains('\n'));
        let mut lines = Vec::with_capacity(props.len());
        for (prop, mut piece) in props.iter().zip(comments) {
            let code = match (&prop.key, prop.kind) {
                (Key::Name(name), PropKind::KeyValue) => {
                    let key = source.slice(module.at(prop.start, prop.key_end));
                    // A comment between the name and its validator.
                    let between = module.at(prop.key_end, module.span(prop.value).start);
                    piece.leading.extend(source.comments_in(between).iter().map(|comment| comment_text(source, comment)));
                    Code::Pair(Box::new(Code::text(format!("{key}: "))), Box::new(self.column(holders, name, file, prop.value, cx).code()))
                }
                (Key::Name(name), PropKind::Shorthand) => {
                    Code::field(name, self.column(holders, name, file, prop.value, cx).code(), cx.style)
                }
                // What is spread where it is written stands among the others.
                (Key::Spread, _) if module.as_object(prop.value).is_some() => {
                    let inner = self.field_lines(holders, file, prop.value, cx)?;
                    lines.extend(spread(piece, inner.lines));
                    continue;
                }
                (Key::Spread, _) => Code::text(format!("...{}", self.factory_call(file, prop.value, cx)?)),
                _ => return None,
            };
            lines.push(self.noted(line(piece, code)));
        }
        if !dangling.is_empty() {
            lines.push(Line { blank_before: false, leading: dangling, code: None, trailing: None });
        }
        // Of two columns of one name, the compiler refuses the first.
        let keys: Vec<&Code> = lines.iter().filter_map(key_of).collect();
        let is_twice = |(at, key): (usize, &&Code)| keys[..at].contains(key);
        (!keys.iter().enumerate().any(is_twice)).then_some(Lines { lines, is_broken })
    }

    /// The column for one field of the table, or of several that share it.
    pub fn column(&self, holders: &[&Facts], name: &Name, file: FileId, validator: ExprId, cx: &FileContext<'_>) -> Column {
        let writer = self.column_writer(cx);
        let id = |target: &Name| self.id_column(holders, name, target, file, validator);
        let column = writer.column(file, validator, &demands(self, holders, name), &id);
        holders.iter().for_each(|facts| self.report_column(facts, name));
        if column.is_opaque {
            let message = format!("what `{}{name}` admits cannot be read; the column keeps the validator as it is", prefix(holders));
            let suggestion = "check whether a builder says the same".to_owned();
            self.remark("opaque-validator", Severity::Info, self.workspace.hir(file).span(validator), message, Some(suggestion));
        }
        column
    }

    pub fn column_writer<'c>(&'c self, cx: &'c FileContext<'_>) -> ColumnWriter<'c> {
        ColumnWriter {
            workspace: self.workspace,
            infer: self.infer,
            names: &cx.names,
            style: cx.style,
            nullable: self.options.nullable,
            target: self.options.target,
        }
    }

    /// How an id that is no edge is written.
    fn id_column(&self, holders: &[&Facts], column: &Name, target: &Name, file: FileId, at: ExprId) -> IdColumn {
        // A call further on says what the field is.
        let is_replaced =
            holders.iter().any(|facts| facts.step_of(column).is_some_and(|step| !step.contains(self.workspace.hir(file).span(at))));
        let is_of_variant = |facts: &&Facts| facts.variants.as_ref().is_some_and(|variants| !variants.is_common(column));
        let is_plain = is_replaced
            || holders.iter().any(is_of_variant)
            || !self.options.has_keys_of_ids()
            || !self.is_migrated(target)
            || !holders.iter().all(|facts| facts.leads(column))
            || self.facts_of(target).is_none()
            || self.is_marked_when_deleted(target);
        if is_plain {
            return IdColumn::Plain;
        }
        let message = format!(
            "`{}{column}` is a foreign key now: deleting a row of `{target}` that is named here throws, and so does inserting an id without a row",
            prefix(holders)
        );
        let suggestion = "delete what refers to it first, or migrate with `--fk plain`".to_owned();
        self.remark("fk-restrict", Severity::Warning, self.workspace.hir(file).span(at), message, Some(suggestion));
        if self.options.foreign_keys == ForeignKeys::Text { IdColumn::Text } else { IdColumn::ForeignKey }
    }

    /// What a call on the definition becomes: columns, and entries of the callback.
    fn part_lines(&self, facts: &Facts, part: &Part, piece: Piece, cx: &FileContext<'_>) -> (Vec<Line>, Vec<Line>) {
        let file = part.step.span.file;
        let comments = self.with_inner(&part.step, piece, &part.kept_expressions());
        match &part.kind {
            PartKind::Field { name, validator, default, index } => {
                let mut column = self.column(&[facts], name, file, *validator, cx);
                if let Some(default) = default {
                    column.not_null = false;
                    column.calls.push(format!(".default({})", self.workspace.text(self.workspace.hir(file).span(*default))));
                    let message = format!(
                        "ents filled in the default of `{}.{name}` when a document was read; the ORM does when one is inserted",
                        facts.name
                    );
                    let suggestion = "write the default into the documents that lack it, then add `.notNull()`".to_owned();
                    self.remark("default-on-read", Severity::Warning, part.step.span, message, Some(suggestion));
                }
                if *index == Some(FieldIndex::Unique) && !column.not_null {
                    let message = format!(
                        "ents let one document of `{}` go without `{name}`, as with any other value; the ORM lets any number",
                        facts.name
                    );
                    let new = format!("`unique({0}).on(t.{name}).nullsNotDistinct()`", cx.style.string(name));
                    self.remark("unique-nulls", Severity::Info, part.step.span, message, Some(format!("{new}, in place of the index")));
                }
                let column = self.noted(line(comments, Code::field(name, column.code(), cx.style)));
                let index = index.map(|index| self.field_index(name, index == FieldIndex::Unique, cx));
                (vec![column], index.into_iter().collect())
            }
            PartKind::Edges(edges) => {
                let stored = edges.iter().find_map(|edge| match &edge.edge.end {
                    EdgeEnd::Field(field) => Some((edge, field)),
                    _ => None,
                });
                let Some((edge, field)) = stored else { return (Vec::new(), Vec::new()) };
                let code = Code::field(field, self.edge_column(facts, edge, field, cx).code(), cx.style);
                self.report_column(facts, field);
                let column = self.noted(line(comments, code));
                let is_unique = self.relations.unique.iter().any(|(table, column)| *table == facts.name && column == field);
                (vec![column], vec![self.field_index(field, is_unique, cx)])
            }
            PartKind::Index(at) => {
                let Some(index) = facts.table.indexes.get(*at) else { return (Vec::new(), Vec::new()) };
                (Vec::new(), vec![line(comments, self.index(index, cx))])
            }
            PartKind::Deletion => {
                let Some(deletion) = &facts.deletion else { return (Vec::new(), Vec::new()) };
                let column = Code::field("deletionTime", Code::text(format!("{}()", cx.names.orm("integer"))), cx.style);
                if deletion.is_scheduled {
                    self.report_scheduled(facts, deletion);
                    return (vec![self.noted(line(comments, column))], Vec::new());
                }
                let code = Code::call(cx.names.orm("deletion"), vec![Code::text(cx.style.string("soft"))]);
                (vec![Line::of(column)], vec![self.noted(line(comments, code))])
            }
        }
    }

    /// Comments inside of a call whose words are not kept go before it.
    fn with_inner(&self, step: &Step, mut piece: Piece, kept: &[ExprId]) -> Piece {
        let source = self.workspace.source(step.span.file);
        let module = self.workspace.hir(step.span.file);
        let kept: Vec<Span> = kept.iter().map(|id| module.span(*id)).collect();
        let inner = source.comments_in(step.span).iter().filter(|c| !kept.iter().any(|k| k.start <= c.start && c.end <= k.end));
        piece.leading.extend(inner.map(|comment| comment_text(source, comment)));
        piece
    }

    /// The ORM has a word for it, but what a table that says it has scheduled throws when its time has come, so that rows are only ever
    /// marked. A delete that is scheduled by itself comes to its end, as long as the table says nothing.
    fn report_scheduled(&self, facts: &Facts, deletion: &Deletion) {
        let message = format!(
            "`orm.delete({})` deletes rows at once: `deletion(\"scheduled\")` is not written, since what the ORM schedules for such a table throws",
            facts.name
        );
        let options = deletion.options.map(|(file, options)| self.workspace.text(self.workspace.hir(file).span(options)));
        let options = options.unwrap_or("{ delayMs: 0 }").split_whitespace().collect::<Vec<_>>().join(" ");
        let suggestion = format!(
            "write `.scheduled({options})` where rows are deleted, give `ormFunctions` to `createOrm` and export its `scheduledDelete`, and let the jobs of ents that are waiting finish first"
        );
        self.remark("scheduled-deletion", Severity::Warning, deletion.span, message, Some(suggestion));
    }

    fn field_index(&self, field: &Name, is_unique: bool, cx: &FileContext<'_>) -> Line {
        let function = cx.names.orm(if is_unique { "uniqueIndex" } else { "index" });
        Line::of(Code::text(format!("{function}({}).on(t{})", cx.style.string(field), member(field, cx.style))))
    }

    fn index(&self, index: &Index, cx: &FileContext<'_>) -> Code {
        let column = |field: &Name| match &**field {
            "_creationTime" => "t.createdAt".to_owned(),
            "_id" => "t.id".to_owned(),
            name => format!("t{}", member(name, cx.style)),
        };
        let fields = index.fields.as_deref().unwrap_or_default();
        let list = |fields: &[Name]| fields.iter().map(column).collect::<Vec<_>>().join(", ");
        let function = cx.names.orm(match index.kind {
            IndexKind::Db => "index",
            IndexKind::Search => "searchIndex",
            IndexKind::Vector => "vectorIndex",
        });
        let head = Code::text(format!("{function}({})", self.workspace.text(index.name_span)));
        let (on, filters) = if index.kind == IndexKind::Db { (fields, &[][..]) } else { fields.split_at(fields.len().min(1)) };
        let mut calls = vec![format!(".on({})", list(on))];
        calls.extend(
            self.dimensions(index).filter(|_| index.kind == IndexKind::Vector).map(|dimensions| format!(".dimensions({dimensions})")),
        );
        if !filters.is_empty() {
            calls.push(format!(".filter({})", list(filters)));
        }
        if index.staged {
            calls.push(".staged()".to_owned());
        }
        Code::Chain { head: Box::new(head), calls }
    }

    /// The dimensions of a vector index, as written.
    pub fn dimensions(&self, index: &Index) -> Option<String> {
        let module = self.workspace.hir(index.span.file);
        let (call, _) = module.exprs().find(|(id, _)| module.method_span(*id) == Some(index.span))?;
        let options = module.call(call)?.args.get(1)?.value;
        let props = module.as_object(options)?;
        let prop = props.iter().find(|prop| prop.key == Key::Name(Name::from("dimensions")))?;
        Some(self.workspace.text(module.span(prop.value)).to_owned())
    }
}

impl Part {
    /// The expressions in the call that are written out again with the comments in them.
    fn kept_expressions(&self) -> Vec<ExprId> {
        match &self.kind {
            PartKind::Field { validator, default, .. } => std::iter::once(*validator).chain(*default).collect(),
            _ => Vec::new(),
        }
    }
}

/// What the indexes of the tables ask of a column.
fn demands(planner: &Planner<'_>, holders: &[&Facts], name: &Name) -> Demands {
    let of_kind = |kind: IndexKind| {
        let mut indexes = holders.iter().flat_map(|facts| &facts.table.indexes).filter(move |index| index.kind == kind);
        indexes.find(|index| index.fields.as_ref().and_then(|f| f.first()) == Some(name))
    };
    let vector = of_kind(IndexKind::Vector).and_then(|index| planner.dimensions(index));
    Demands { vector, is_searched: of_kind(IndexKind::Search).is_some() }
}

/// `users.`, or nothing where the column is of several tables.
fn prefix(holders: &[&Facts]) -> String {
    match holders {
        [only] => format!("{}.", only.name),
        _ => String::new(),
    }
}

/// The `{ … }` of `v.object({ … })`.
pub fn object_of(workspace: &crate::model::Workspace, file: FileId, id: ExprId) -> Option<ExprId> {
    let (kind, args) = super::columns::validator_call(workspace, file, id)?;
    args.first().copied().filter(|_| kind == "object")
}

/// `(t) => [ … ]`, without the parameter where nothing names a column.
fn callback(extras: Vec<Line>) -> Code {
    let names_columns = |line: &Line| match &line.code {
        Some(Code::Text(text)) => text.contains(".on("),
        Some(Code::Chain { .. }) => true,
        _ => false,
    };
    let open = if extras.iter().any(names_columns) { "(t) => [" } else { "() => [" };
    Code::list(open, extras, "]", false, false)
}

/// The name of the column, as it is written.
fn key_of(line: &Line) -> Option<&Code> {
    match &line.code {
        Some(Code::Pair(key, _)) => Some(key),
        _ => None,
    }
}

/// The lines of an object that was spread, with the comments that stood around it.
pub fn spread(piece: Piece, mut inner: Vec<Line>) -> Vec<Line> {
    match inner.first_mut() {
        Some(first) => {
            first.leading.splice(0..0, piece.leading);
            first.blank_before = piece.blank_before;
        }
        None => inner.push(Line { blank_before: piece.blank_before, leading: piece.leading, code: None, trailing: None }),
    }
    if let Some(last) = inner.last_mut() {
        match last.trailing {
            None if last.code.is_some() => last.trailing = piece.trailing,
            _ => last.leading.extend(piece.trailing),
        }
    }
    inner
}

pub fn line(piece: Piece, code: Code) -> Line {
    Line { blank_before: piece.blank_before, leading: piece.leading, code: Some(code), trailing: piece.trailing }
}
