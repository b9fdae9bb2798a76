//! Puts the new code in its places: tables as constants of their own, the object that lists them, the schema, the relations.

use super::Planner;
use super::facts::Facts;
use super::files::{FileContext, statement_end, statement_start, with_leading_comments, with_line_end};
use super::pieces::{Piece, pieces, verbatim, written};
use super::relations::{Printer, Relation};
use super::source::{Home, Reader, Slot};
use super::tables::{line, spread};
use crate::codemod::{RelationStyle, SchemaFunction, Severity};
use crate::model::hir::{BindingKind, ExprId, ExprKind, Name, PropKind};
use crate::source::{FileId, Span, statements};
use crate::style::{column_at, indent_at};
use crate::writing::code::{Code, Line};

/// A table that leaves the object that listed it.
struct Hoisted {
    text: String,
}

/// An object of tables, as it will be.
struct Listed {
    lines: Vec<Line>,
    hoisted: Vec<Hoisted>,
    is_changed: bool,
}

impl Planner<'_> {
    /// Writes tables, schema and relations; `None` where something stands in the way.
    pub fn write_tables(&self) -> Option<()> {
        self.write_constants()?;
        for place in (1..self.schema.groups.len()).rev() {
            self.write_group(place)?;
        }
        self.write_schema()
    }

    /// Tables that are constants of their own already change where they stand.
    fn write_constants(&self) -> Option<()> {
        for (entry, facts) in self.schema.entries.iter().zip(self.facts) {
            let Some(definition) = entry.definition.as_ref().filter(|_| entry.home != Home::Inline && !facts.is_orm) else { continue };
            let cx = self.contexts.get(&definition.file)?;
            let code = if facts.is_migrated() {
                self.table_code(facts, definition, cx)?
            } else {
                match self.plain_code(facts, definition, cx) {
                    Some(code) => code?,
                    None => continue,
                }
            };
            let span = self.workspace.hir(definition.file).span(definition.whole);
            let text = &self.workspace.source(definition.file).text;
            let column = column_at(text, span.start);
            cx.edit(span, code.print(cx.style, indent_at(text, span.start), column, 1));
            if let Some(taken) = definition.taken.as_ref().filter(|taken| !taken.is_listed) {
                let module = self.workspace.hir(taken.file);
                let name = self.workspace.text(module.span(taken.argument));
                self.contexts.get(&taken.file)?.edit(module.span(taken.whole), name);
            }
        }
        Some(())
    }

    /// An object of tables that another one spreads.
    fn write_group(&self, place: usize) -> Option<()> {
        let group = &self.schema.groups[place];
        if group.inner_call.is_none() && group.binding.is_none() {
            // It is written with the one that spreads it.
            return Some(());
        }
        let cx = self.contexts.get(&group.file)?;
        let Some(changed) = self.object(place, cx)? else { return Some(()) };
        let replaced = group.inner_call.filter(|_| group.binding.is_none()).unwrap_or(group.object);
        self.put_object(cx, self.workspace.hir(group.file).span(replaced), changed);
        Some(())
    }

    /// Writes an object where it stood, and the tables that leave it before its statement.
    fn put_object(&self, cx: &FileContext<'_>, replaced: Span, (object, hoisted): (Code, Vec<Hoisted>)) {
        let text = &self.workspace.source(cx.file).text;
        self.insert_hoisted(cx, statement_start(text, replaced.start), hoisted, None);
        cx.edit(replaced, object.print(cx.style, indent_at(text, replaced.start), column_at(text, replaced.start), 1));
    }

    fn write_schema(&self) -> Option<()> {
        let schema = self.schema;
        let group = schema.groups.first()?;
        let cx = self.contexts.get(&schema.file)?;
        let module = self.workspace.hir(schema.file);
        let source = self.workspace.source(schema.file);
        let call = module.span(schema.call);
        let home = self.contexts.get(&group.file)?;
        let tables = match (group.binding, self.object(0, home)?) {
            (Some(binding), object) => {
                if let Some(changed) = object {
                    self.put_object(home, self.workspace.hir(group.file).span(group.object), changed);
                }
                if group.file == schema.file {
                    module.binding(binding).name.to_string()
                } else {
                    // It is named here by what is given to the call.
                    let argument = module.call(schema.call)?.args.first()?.value;
                    self.workspace.text(module.span(argument)).to_owned()
                }
            }
            (None, object) => {
                let name = if cx.names.take("tables") { "tables".to_owned() } else { cx.names.fresh("schemaTables") };
                let (object, hoisted) = match object {
                    Some(found) => found,
                    None => (verbatim(self.workspace, module.span(group.object)), Vec::new()),
                };
                let head = format!("export const {name} = ");
                let code = object.print(cx.style, "", head.len(), 1);
                let list = format!("{head}{code}{}", cx.style.semicolon());
                self.insert_hoisted(cx, statement_start(&source.text, call.start), hoisted, Some(list));
                name
            }
        };
        self.write_call(cx, &tables)?;
        self.write_relations(cx, &tables);
        self.report_functions();
        self.report_documents();
        self.report_validators();
        Some(())
    }

    /// The object with its tables hoisted; `None` where nothing in it changes.
    fn object(&self, place: usize, cx: &FileContext<'_>) -> Option<Option<(Code, Vec<Hoisted>)>> {
        let listed = self.listed_tables(place, cx)?;
        Some(listed.is_changed.then(|| (Code::list("{", listed.lines, "}", true, false), listed.hoisted)))
    }

    fn listed_tables(&self, place: usize, cx: &FileContext<'_>) -> Option<Listed> {
        let group = &self.schema.groups[place];
        let module = self.workspace.hir(group.file);
        let source = self.workspace.source(group.file);
        let props = module.as_object(group.object)?;
        let span = module.span(group.object);
        let inside = Span { start: span.start + 1, end: span.end.saturating_sub(1), ..span };
        let spans: Vec<Span> = props.iter().map(|prop| module.at(prop.start, prop.end)).collect();
        let (comments, dangling) = pieces(source, inside, &spans);
        let mut lines = Vec::new();
        let mut hoisted = Vec::new();
        let mut is_changed = false;
        for (((prop, slot), span), piece) in props.iter().zip(&group.slots).zip(spans).zip(comments) {
            let as_it_is = || verbatim(self.workspace, span);
            let code = match slot {
                Slot::Table(at) => {
                    let (entry, facts) = (self.schema.entries.get(*at)?, self.facts.get(*at)?);
                    let taken = entry.definition.as_ref().and_then(|definition| definition.taken.as_ref());
                    if let Some(taken) = taken.filter(|taken| taken.is_listed) {
                        is_changed = true;
                        let name = self.workspace.text(self.workspace.hir(taken.file).span(taken.argument));
                        lines.push(line(piece, listed(&facts.name, name, cx)));
                        continue;
                    }
                    let inline = entry.definition.as_ref().filter(|_| entry.home == Home::Inline && !facts.is_orm);
                    match inline {
                        Some(definition) if facts.is_migrated() => {
                            is_changed = true;
                            let (_, local) = self.locals.get(&facts.name)?;
                            let local = local.as_ref()?;
                            let code = self.table_code(facts, definition, cx)?;
                            hoisted.push(hoist(local, &code, piece, cx));
                            lines.push(Line::of(listed(&facts.name, local, cx)));
                            continue;
                        }
                        Some(definition) => match self.plain_code(facts, definition, cx) {
                            Some(code) => {
                                is_changed = true;
                                let key = Code::text(source.slice(module.at(prop.start, prop.key_end)));
                                Code::Pair(Box::new(key), Box::new(Code::Pair(Box::new(Code::text(": ")), Box::new(code?))))
                            }
                            None => as_it_is(),
                        },
                        None => as_it_is(),
                    }
                }
                Slot::Group(at) if self.schema.groups.get(*at)?.inner_call.is_some() => {
                    is_changed = true;
                    let ExprKind::Member { object, .. } = module.expr(module.bare(prop.value)) else { return None };
                    Code::text(format!("...{}", self.workspace.text(module.span(*object))))
                }
                // Tables that ents took as they were, or that are spread where they are written: they stand among the others.
                Slot::Group(at) if self.schema.groups.get(*at)?.binding.is_none() => {
                    let inner = self.listed_tables(*at, cx)?;
                    if !inner.is_changed && !self.schema.groups[*at].is_taken {
                        lines.push(line(piece, as_it_is()));
                        continue;
                    }
                    is_changed = true;
                    lines.extend(spread(piece, inner.lines));
                    hoisted.extend(inner.hoisted);
                    continue;
                }
                // The same by a name: a package's, or the project's own.
                _ if prop.kind == PropKind::Spread && self.ents_of(group.file, prop.value).is_some() => {
                    is_changed = true;
                    let tables = self.ents_of(group.file, prop.value)?;
                    Code::text(format!("...{}", self.workspace.text(module.span(tables))))
                }
                _ => as_it_is(),
            };
            let mut line = line(piece, code);
            if let Slot::Table(at) = slot
                && let Some(facts) = self.facts.get(*at).filter(|_| self.options.todo)
            {
                line.leading.extend(facts.kept.as_ref().and_then(|kept| kept.todo(&facts.name)));
            }
            lines.push(line);
        }
        if place == 0 {
            for join in &self.relations.joins {
                is_changed = true;
                let (_, local) = self.locals.get(&join.name)?;
                let local = local.as_ref()?;
                hoisted.push(hoist(local, &self.join_code(join, cx), Piece::default(), cx));
                lines.push(Line::of(listed(&join.name, local, cx)));
            }
        }
        if !dangling.is_empty() {
            lines.push(Line { blank_before: false, leading: dangling, code: None, trailing: None });
        }
        Some(Listed { lines, hoisted, is_changed })
    }

    /// The argument of `defineEntsFromTables(…)`.
    fn ents_of(&self, file: FileId, value: ExprId) -> Option<ExprId> {
        Reader { workspace: self.workspace, infer: self.infer }.ents_of(file, value)
    }

    /// Tables go before the statement that listed them, and before the comments that belong to it.
    fn insert_hoisted(&self, cx: &FileContext<'_>, statement: u32, hoisted: Vec<Hoisted>, last: Option<String>) {
        let newline = cx.style.newline;
        let parts: Vec<String> = hoisted.into_iter().map(|table| table.text).chain(last).collect();
        if parts.is_empty() {
            return;
        }
        let source = self.workspace.source(cx.file);
        let at = with_leading_comments(&source.text, statement);
        let between = format!("{newline}{newline}");
        cx.edit(Span::new(cx.file, at, at), parts.join(&between) + &between);
    }

    /// `defineSchema(tables, options)`.
    fn write_call(&self, cx: &FileContext<'_>, tables: &str) -> Option<()> {
        let module = self.workspace.hir(self.schema.file);
        let source = self.workspace.source(self.schema.file);
        let span = module.span(self.schema.call);
        let call = module.call(self.schema.call)?;
        let function = match self.options.schema_function {
            SchemaFunction::Orm => cx.names.orm("defineSchema"),
            SchemaFunction::Convex => cx.want("convex/server", "defineSchema", "defineSchema"),
        };
        let is_chained = self.options.relations == RelationStyle::Chain && self.relations.said.is_none();
        let relations = if is_chained { self.callback(cx) } else { None };
        let kept: Vec<Span> = call.args.iter().map(|arg| module.span(arg.value)).collect();
        let has_comments = source.comments_in(span).iter().any(|c| !kept.iter().any(|k| k.start <= c.start && c.end <= k.end));
        if has_comments {
            cx.edit(module.span(call.callee), function);
            let argument = module.span(call.args.first()?.value);
            if source.slice(argument) != tables {
                cx.edit(argument, tables);
            }
            if let Some(relations) = relations {
                let chained = Code::call(".relations", vec![relations]).print(cx.style, indent_at(&source.text, span.start), 0, 1);
                cx.edit(Span { start: span.end, ..span }, chained);
            }
            return Some(());
        }
        let options = self.schema.options.map(|options| written(self.workspace, self.schema.file, options));
        let mut code = Code::call(function, std::iter::once(Code::text(tables)).chain(options).collect());
        if let Some(relations) = relations {
            code = Code::Pair(Box::new(code), Box::new(Code::call(".relations", vec![relations])));
        }
        let column = column_at(&source.text, span.start);
        cx.edit(span, code.print(cx.style, indent_at(&source.text, span.start), column, 1));
        Some(())
    }

    fn callback(&self, cx: &FileContext<'_>) -> Option<Code> {
        let tables = self.orm_tables();
        let comments = |relation: &Relation| self.edge_comments(relation);
        Printer { style: cx.style, tables: &tables, comments: &comments }.callback(&self.relations.list)
    }

    /// The tables of the ORM with their constants, in the order of the schema.
    fn orm_tables(&self) -> Vec<(Name, String)> {
        let entries = self.facts.iter().map(|facts| &facts.name);
        let joins = self.relations.joins.iter().map(|join| &join.name);
        let local = |name: &Name| self.locals.get(name).map(|(_, local)| (name.clone(), local.clone().unwrap_or_else(|| name.to_string())));
        entries.chain(joins).filter_map(local).collect()
    }

    /// The comments of an edge that adds no column to its table; those of others stand with the column.
    fn edge_comments(&self, relation: &Relation) -> Vec<String> {
        if matches!(relation.path, super::relations::Path::Own(_)) {
            return Vec::new();
        }
        let definition = self.schema.entries.iter().filter_map(|entry| entry.definition.as_ref()).find(|definition| {
            definition.steps.iter().any(|step| (step.span.file, step.span.end) == (relation.span.file, relation.span.end))
        });
        let Some(definition) = definition else { return Vec::new() };
        let spans = definition.steps.iter().map(|step| step.span);
        let found = spans.zip(definition.step_pieces(self.workspace)).find(|(span, _)| span.end == relation.span.end);
        // Two ends of one edge: the comment stands with the first.
        let is_first =
            self.relations.list.iter().find(|other| other.span == relation.span).is_some_and(|first| first.name == relation.name);
        let Some((span, piece)) = found.filter(|_| is_first) else { return Vec::new() };
        let source = self.workspace.source(span.file);
        let inner = source.comments_in(span).iter().map(|comment| super::pieces::comment_text(source, comment));
        let todo = self.relations.remarks.iter().filter(|remark| self.options.todo && remark.span == relation.span);
        let todo = todo.map(|remark| format!("// TODO(orm-migrate): {}", remark.message));
        piece.leading.into_iter().chain(inner).chain(piece.trailing).chain(todo).collect()
    }

    fn write_relations(&self, cx: &FileContext<'_>, tables: &str) {
        if let Some(said) = self.relations.said {
            return self.report_relations(said, cx);
        }
        let semicolon = cx.style.semicolon();
        let newline = cx.style.newline;
        let source = self.workspace.source(self.schema.file);
        let parts: Vec<String> = match self.options.relations {
            RelationStyle::Chain => Vec::new(),
            RelationStyle::DefineRelations => {
                let name = if cx.names.take("relations") { "relations".to_owned() } else { cx.names.fresh("schemaRelations") };
                let head = format!("export const {name} = ");
                let function = cx.names.orm("defineRelations");
                let code = Code::call(function, std::iter::once(Code::text(tables)).chain(self.callback(cx)).collect());
                vec![format!("{head}{}{semicolon}", code.print(cx.style, "", head.len(), 1))]
            }
            RelationStyle::Relations => {
                // Constants of other files are imported where relations name them.
                let is_named = |name: &Name| self.relations.list.iter().any(|r| r.table == *name || r.target == *name);
                let seen =
                    |(name, local): (Name, String)| if is_named(&name) { (name.clone(), self.local(&name, cx)) } else { (name, local) };
                let orm: Vec<(Name, String)> = self.orm_tables().into_iter().map(seen).collect();
                let comments = |relation: &Relation| self.edge_comments(relation);
                let printer = Printer { style: cx.style, tables: &orm, comments: &comments };
                let function = if self.relations.list.is_empty() { String::new() } else { cx.names.orm("relations") };
                let all = printer.separate(&self.relations.list, &self.relations.joins, &function);
                let one = |(name, code): (String, Code)| {
                    let head = format!("export const {} = ", cx.names.fresh(&name));
                    format!("{head}{}{semicolon}", code.print(cx.style, "", head.len(), 1))
                };
                all.into_iter().map(one).collect()
            }
        };
        let text = parts.join(&format!("{newline}{newline}"));
        let schema_end = self.schema_end();
        let at_end = || cx.edit(Span::new(cx.file, schema_end, schema_end), format!("{newline}{newline}{text}"));
        let definitions = self.ent_definitions();
        if let Some((_, name)) = &definitions {
            self.remove_exports(cx, name);
        }
        match definitions.map(|(span, _)| span) {
            // What speaks of the tables comes after them.
            Some(span) if span.start > schema_end && !text.is_empty() => cx.edit(span, text),
            found => {
                if let Some(span) = found {
                    cx.edit(with_line_end(&source.text, span), "");
                }
                if !text.is_empty() {
                    at_end();
                }
            }
        }
    }

    /// The project says its relations itself: those of tables that are new to the ORM are for a person to add there.
    fn report_relations(&self, said: Span, cx: &FileContext<'_>) {
        let is_new = |relation: &&Relation| {
            [&relation.table, &relation.target].into_iter().any(|t| self.facts_of(t).is_some_and(Facts::is_migrated))
        };
        let missing: Vec<Relation> = self.relations.list.iter().filter(is_new).cloned().collect();
        let tables = self.orm_tables();
        let printer = Printer { style: cx.style, tables: &tables, comments: &|_| Vec::new() };
        let Some(code) = printer.callback(&missing) else { return };
        let count = missing.len();
        let message = format!("the project says its relations here, so {count} of tables that are new to the ORM are not written");
        let one_line = code.print(cx.style, "", 0, 0).split_whitespace().collect::<Vec<_>>().join(" ").replace(", }", " }");
        self.remark("relations-kept", Severity::Warning, said, message, Some(format!("add what functions need of `{one_line}`")));
    }

    /// The end of the schema's statement, and of the one that exports it, if it stands right behind.
    fn schema_end(&self) -> u32 {
        let module = self.workspace.hir(self.schema.file);
        let text = &self.workspace.source(self.schema.file).text;
        let end = statement_end(text, module.span(self.schema.call).end);
        let holds = |kind: &BindingKind| matches!(kind, BindingKind::Const(Some(init)) if module.bare(*init) == self.schema.call);
        let Some(binding) = module.bindings.iter().find(|b| holds(&b.kind)) else { return end };
        let export = format!("export default {}", binding.name);
        let rest = &text[end as usize..];
        let blank = rest.len() - rest.trim_start().len();
        if !rest[blank..].starts_with(&export) || rest[blank + export.len()..].starts_with(|c: char| c.is_alphanumeric()) {
            return end;
        }
        statement_end(text, end + (blank + export.len()) as u32)
    }

    /// `export const entDefinitions = getEntDefinitions(schema);` beside the schema.
    fn ent_definitions(&self) -> Option<(Span, Name)> {
        let module = self.workspace.hir(self.schema.file);
        let source = self.workspace.source(self.schema.file);
        let call = module.exprs().map(|(id, _)| id).find(|id| self.makes_definitions(self.schema.file, *id))?;
        let constant = module.bindings.iter().find(|b| matches!(b.kind, BindingKind::Const(Some(init)) if module.bare(init) == call))?;
        let span = module.span(call);
        let end = statement_end(&source.text, span.end);
        // A comment behind it stays, and is then behind what comes in its place.
        let behind = source.comments_in(Span::new(span.file, span.end, end)).first().map(|comment| comment.start);
        let end = behind.map_or(end, |start| source.text[..start as usize].trim_end().len() as u32);
        Some((Span::new(span.file, statement_start(&source.text, span.start), end), constant.name.clone()))
    }

    /// `export { entDefinitions };`, where it exports nothing else.
    fn remove_exports(&self, cx: &FileContext<'_>, name: &str) {
        let source = self.workspace.source(cx.file);
        for statement in statements(source) {
            let Some(exported) = statement.exported_names() else { continue };
            if exported == [name] && source.comments_in(statement.span).is_empty() {
                cx.edit(with_line_end(&source.text, statement.span), "");
            } else if exported.contains(&name) {
                self.report_leftover(statement.span, format!("`{name}` is exported here, and the schema no longer has it"));
            }
        }
    }
}

fn hoist(local: &str, code: &Code, piece: Piece, cx: &FileContext<'_>) -> Hoisted {
    let newline = cx.style.newline;
    let head = format!("export const {local} = ");
    let mut text: String = piece.leading.iter().map(|comment| comment.replace('\n', newline) + newline).collect();
    text.push_str(&head);
    text.push_str(&code.print(cx.style, "", head.chars().count(), 1));
    text.push_str(cx.style.semicolon());
    if let Some(comment) = piece.trailing {
        text.push(' ');
        text.push_str(&comment);
    }
    Hoisted { text }
}

/// `users`, or `users: usersTable`.
fn listed(table: &str, local: &str, cx: &FileContext<'_>) -> Code {
    if table == local { Code::text(local) } else { Code::field(table, Code::text(local), cx.style) }
}
