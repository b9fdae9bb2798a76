//! Edges: from a row, or from what would find one, to the rows that it is connected with.

use super::reads::{EdgeRef, RowRef, State, Walk, done, dynamic, not_unique};
use super::{Link, Why, Yields};
use crate::codemods::functions::ask::{Ask, Bound, End, Key, Op, Read, Related, Source, Value};
use crate::codemods::functions::edges::Followed;
use crate::codemods::functions::target::Path;
use crate::model::hir::{ExprId, Name};

impl Walk<'_, '_> {
    pub fn edge(&mut self, row: RowRef, link: &Link) -> Result<State, Why> {
        let followed = self.reader.edge(self.ents, &row.table, link.call)?;
        let throws = &*link.name == "edgeX";
        if row.may_lack_id {
            return Err(Why::new("functions-lazy-chain", "an edge is followed on from an edge that may lead nowhere"));
        }
        let id = match &row.key {
            Key::Id(id) => Some(id.clone()),
            Key::Columns(_) => None,
        };
        match (&followed.path, id, row.held) {
            // The column that holds the id of the other row is at hand.
            (Path::Own(column), _, Some(held)) => {
                let key = Key::Id(Value::FieldOf(held, column.clone()));
                Ok(State::One(RowRef {
                    table: followed.to.clone(),
                    key,
                    throws: throws || !followed.is_optional,
                    held: None,
                    may_lack_id: followed.is_optional,
                    is_unique: true,
                    may_dangle: followed.is_optional && !throws,
                }))
            }
            (Path::Own(_), _, None) => {
                if throws {
                    return Err(Why::new("functions-edge-x", "the ORM does not complain of an edge that leads nowhere"));
                }
                self.related(&row, &followed, false)
            }
            (Path::Other(column), Some(id), _) if followed.is_one => {
                let key = Key::Columns(vec![(column.clone(), id)]);
                let to = followed.to.clone();
                Ok(State::One(RowRef { table: to, key, throws, held: None, may_lack_id: false, is_unique: true, may_dangle: false }))
            }
            (Path::Other(column), Some(id), _) => {
                let bounds = vec![Bound { field: column.clone(), op: Op::Eq, value: id }];
                let source = Source::Index { name: column.clone(), bounds };
                Ok(State::Query(Read {
                    table: followed.to.clone(),
                    source,
                    filters: Vec::new(),
                    descending: false,
                    end: End::Every,
                    is_unique: false,
                }))
            }
            (Path::Other(_), None, _) if !followed.is_one => self.related(&row, &followed, true),
            (Path::Through(..), _, _) => Ok(State::Edge(EdgeRef { name: self.edge_name(link)?, from: row, followed })),
            _ => Err(Why::new("functions-lazy-chain", "the edge is followed from a row that is looked up by other columns than its id")
                .or("await the row first, then ask for what belongs to it")),
        }
    }

    fn edge_name(&self, link: &Link) -> Result<Name, Why> {
        let call = self.reader.module.call(link.call).ok_or_else(dynamic)?;
        call.args.first().and_then(|a| self.reader.ty(a.value).as_str().cloned()).ok_or_else(dynamic)
    }

    /// What a relation of the ORM leads to.
    fn related(&mut self, row: &RowRef, followed: &Followed, many: bool) -> Result<State, Why> {
        if !row.is_unique {
            return Err(not_unique(row));
        }
        let relation = self.reader.target.relation(&row.table, &followed.path).filter(|relation| relation.is_many == many);
        let relation = relation.ok_or_else(|| Why::new("functions-edge", "the new schema has no relation along this edge"))?;
        let is_through = matches!(followed.path, Path::Through(..));
        // An edge on a row by its id is followed whether or not there is such a row.
        let by_id = matches!(row.key, Key::Id(_));
        let or_none = many && by_id;
        let throws = row.throws && !or_none || !many;
        if many && !or_none && !row.throws {
            return Err(Why::new("functions-lazy-chain", "there may be no row that the edge could be followed from")
                .or("await the row first, then ask for what belongs to it"));
        }
        if !many && !row.throws {
            return Err(Why::new("functions-lazy-chain", "there may be no row that the edge could be followed from"));
        }
        let related = Related {
            table: row.table.clone(),
            row: row.key.clone(),
            throws,
            relation: relation.name.clone(),
            many,
            or_none,
            ordered: many && !is_through,
        };
        let yields = if many { Yields::Rows(followed.to.clone()) } else { Yields::Row(followed.to.clone()) };
        Ok(done(Ask::Related(related), yields))
    }

    pub fn on_edge(&mut self, edge: EdgeRef, link: &Link, args: &[ExprId]) -> Result<State, Why> {
        match (&*link.name, args) {
            ("has", [other]) => {
                let (Path::Through(table, own, others), Key::Id(id)) = (&edge.followed.path, &edge.from.key) else {
                    return Err(Why::new(
                        "functions-lazy-chain",
                        "the edge is asked for from a row that is looked up by other columns than its id",
                    )
                    .or("await the row first, then ask for what belongs to it"));
                };
                self.reader.check_table(table)?;
                let columns = vec![(own.clone(), id.clone()), (others.clone(), Value::Expr(*other))];
                Ok(done(Ask::Exists { table: table.clone(), columns }, Yields::Data))
            }
            ("map", _) => {
                let done = self.edge_rows(&edge)?;
                self.step(done, link, true, None)
            }
            ("docs", []) => {
                self.check_raw(&edge.followed.to)?;
                self.edge_rows(&edge)
            }
            _ => Err(Why::new(
                "functions-edge-table",
                format!("`.{}` on the edge `{}` goes through a table of its own", link.name, edge.name),
            )
            .or("ask for the relation with `with`, and take from it what is needed")),
        }
    }

    pub fn edge_rows(&mut self, edge: &EdgeRef) -> Result<State, Why> {
        self.related(&edge.from, &edge.followed, true)
    }
}
