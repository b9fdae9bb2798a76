//! Relations in each of the three styles that the ORM has had. What they are is decided elsewhere.

use super::{Join, Path, Relation};
use crate::codemods::schema::ids::named_by;
use crate::model::hir::Name;
use crate::style::Style;
use crate::writing::code::{Code, Line, is_identifier};

/// Where relations are printed: their tables in order, and how each goes by in the file.
pub struct Printer<'a> {
    pub style: &'a Style,
    pub tables: &'a [(Name, String)],
    /// Comments that stood with an edge that adds no column.
    pub comments: &'a dyn Fn(&Relation) -> Vec<String>,
}

impl Printer<'_> {
    /// The second argument of `defineRelations`, or the only one of `.relations`; `None` where there is nothing to say.
    pub fn callback(&self, list: &[Relation]) -> Option<Code> {
        let tables = self.tables.iter().filter_map(|(table, _)| {
            let of_table = list.iter().filter(|relation| relation.table == *table);
            let lines: Vec<Line> = of_table.map(|relation| self.line(relation, self.joined(relation))).collect();
            let is_broken = lines.len() > 1;
            (!lines.is_empty()).then(|| Line::of(Code::field(table, Code::list("{", lines, "}", true, is_broken), self.style)))
        });
        let tables: Vec<Line> = tables.collect();
        (!tables.is_empty()).then(|| Code::list("(r) => ({", tables, "})", true, true))
    }

    fn line(&self, relation: &Relation, value: Code) -> Line {
        Line { leading: (self.comments)(relation), ..Line::of(Code::field(&relation.name, value, self.style)) }
    }

    /// `r.one.users({ from: r.posts.userId, to: r.users.id })`.
    pub fn joined(&self, relation: &Relation) -> Code {
        let kind = if relation.is_one { "one" } else { "many" };
        let column = |table: &str, column: &str| format!("r{}{}", member(table, self.style), member(column, self.style));
        let id = |table: &str| column(table, "id");
        let (from, to) = match &relation.path {
            Path::Own(field) => (column(&relation.table, field), id(&relation.target)),
            Path::Other(field) => (id(&relation.table), column(&relation.target, field)),
            Path::Through(join, own, other) => (
                format!("{}.through({})", id(&relation.table), column(join, own)),
                format!("{}.through({})", id(&relation.target), column(join, other)),
            ),
        };
        let mut fields = vec![format!("from: {from}"), format!("to: {to}")];
        if relation.is_one && relation.is_required {
            fields.push("optional: false".to_owned());
        }
        if let Some(alias) = &relation.alias {
            fields.push(format!("alias: {}", self.style.string(alias)));
        }
        Code::call(
            format!("r.{kind}{}", member(&relation.target, self.style)),
            vec![Code::object(fields.into_iter().map(Code::Text).collect())],
        )
    }

    /// `export const usersRelations = relations(users, ({ one, many }) => ({ … }))` for each table that has any.
    pub fn separate(&self, list: &[Relation], joins: &[Join], function: &str) -> Vec<(String, Code)> {
        let local =
            |table: &Name| self.tables.iter().find(|(name, _)| name == table).map_or_else(|| table.to_string(), |(_, local)| local.clone());
        let mut all = Vec::new();
        for (table, own) in self.tables {
            let mut kinds = (false, false);
            let mut lines: Vec<Line> = Vec::new();
            for relation in list.iter().filter(|relation| relation.table == *table) {
                let name = relation.alias.as_ref().map(|alias| format!("relationName: {}", self.style.string(alias)));
                let value = match &relation.path {
                    Path::Own(field) => {
                        kinds.0 = true;
                        let fields = format!("fields: [{own}{}]", member(field, self.style));
                        let references = format!("references: [{}.id]", local(&relation.target));
                        let options = [fields, references].into_iter().chain(name).map(Code::Text).collect();
                        Code::call("one", vec![Code::text(local(&relation.target)), Code::object(options)])
                    }
                    // Through the table in between: it has a `one` to either side.
                    Path::Other(_) | Path::Through(..) => {
                        kinds.1 = true;
                        let to = match &relation.path {
                            Path::Through(join, ..) => join,
                            _ => &relation.target,
                        };
                        let side = match &relation.path {
                            Path::Through(join, column, _) => {
                                Some(format!("relationName: {}", self.style.string(&format!("{join}_{column}"))))
                            }
                            _ => name,
                        };
                        let options = side.map(|side| Code::object(vec![Code::Text(side)]));
                        Code::call("many", std::iter::once(Code::text(local(to))).chain(options).collect())
                    }
                };
                lines.push(self.line(relation, value));
            }
            for join in joins.iter().filter(|join| join.name == *table) {
                kinds.0 = true;
                for (column, target) in &join.columns {
                    let name = named_by(column);
                    let name = if name == **column { format!("{column}Relation") } else { name };
                    let options = [
                        format!("fields: [{own}{}]", member(column, self.style)),
                        format!("references: [{}.id]", local(target)),
                        format!("relationName: {}", self.style.string(&format!("{}_{column}", join.name))),
                    ];
                    let value =
                        Code::call("one", vec![Code::text(local(target)), Code::object(options.into_iter().map(Code::Text).collect())]);
                    lines.push(Line::of(Code::field(&name, value, self.style)));
                }
            }
            if lines.is_empty() {
                continue;
            }
            let taken = match kinds {
                (true, true) => "one, many",
                (true, false) => "one",
                _ => "many",
            };
            let braces = if self.style.spaced_braces { ("{ ", " }") } else { ("{", "}") };
            let open = format!("({}{taken}{}) => ({{", braces.0, braces.1);
            let callback = Code::list(open, lines, "})", true, true);
            all.push((format!("{table}Relations"), Code::call(function, vec![Code::text(own.clone()), callback])));
        }
        all
    }
}

/// `.name`, or `["name"]` where it is no identifier.
pub fn member(name: &str, style: &Style) -> String {
    if is_identifier(name) { format!(".{name}") } else { format!("[{}]", style.string(name)) }
}
