//! The front end for convex-ents: finds chains on `table` and on ents by what the model knows of their values, and says what each asks for.
//!
//! What cannot be told, or has no equal in the ORM, comes with the reason. Names alone prove nothing here.

mod chain;
mod factories;
mod follow;
mod reads;
mod sites;
mod writes;

use chain::{Base, Chain, Link, chains, held_in, prefix};
pub use factories::is_factory;
pub use sites::read;

use std::sync::Arc;

use super::edges;
use super::reader::{Reader, column};
use super::verdict::{Mapped, Remark, Understood, Why, Yields};
use crate::model::hir::{ExprId, Name};
use crate::model::ty::{EntsTy, Ty};

impl Reader<'_> {
    /// The value of ents that an expression is, whether or not it may be null.
    pub fn ents(&self, id: ExprId) -> Option<Arc<EntsTy>> {
        match self.ty(id).non_null() {
            Ty::Ents(ents) => Some(ents),
            _ => None,
        }
    }

    /// What a chain asks for.
    pub fn understand(&self, chain: &Chain) -> Result<Understood, Why> {
        if let Some(name) = &chain.ents.table_name() {
            self.check_table(name)?;
        }
        if chain.ents.has_rules {
            return Err(Why::new("functions-rules", "reads and writes here go through rules, which the ORM has as policies of tables")
                .or("write the rules as `rlsPolicy(…)` of the tables, then use `orm.db(ctx, { rls: { ctx } })`"));
        }
        reads::understand(self, chain)
    }

    /// Checks the table that an edge leads to as well, and says where the edge is kept.
    pub fn edge(&self, ents: &EntsTy, from: &Name, call: ExprId) -> Result<edges::Followed, Why> {
        let name = self.module.call(call).and_then(|c| c.args.first()).and_then(|a| self.ty(a.value).as_str().cloned());
        let Some(name) = name else { return Err(Why::new("functions-dynamic", "which edge is followed is decided when the code runs")) };
        let followed = edges::follow(&ents.schema, from, &name)
            .ok_or_else(|| Why::new("functions-edge", format!("it cannot be told where the edge `{from}.{name}` is kept")))?;
        self.check_table(&followed.to)?;
        if followed.is_symmetric {
            return Err(Why::new("functions-symmetric", format!("ents keep the edge `{from}.{name}` twice, once for each direction")));
        }
        Ok(followed)
    }
}
