//! What queries load along with their rows, once it is decided which reads that takes the place of.

use super::{ByHand, MOST};
use crate::codemods::functions::ask::{Ask, End, Read};
use crate::codemods::functions::sites::{FileSites, Site};
use crate::codemods::functions::verdict::{Remark, Understood};
use crate::model::hir::{ExprId, ExprKind, Module, Name};

/// So deep does the ORM follow relations from relations.
const DEEPEST: usize = 3;

/// A relation that is loaded along with rows, and what is loaded along with those.
#[derive(Clone, Debug)]
pub struct Along {
    pub relation: Name,
    /// How the rows are asked for, where it leads to more than one.
    pub rows: Option<Rows>,
    pub with: Vec<Self>,
}

/// The rows that hold the id of another.
#[derive(Clone, Debug)]
pub struct Rows {
    pub limit: Option<ExprId>,
    /// The columns to put them in order by; none where they come in it.
    pub order: Vec<Name>,
    pub is_descending: bool,
}

impl Along {
    pub fn one(relation: Name) -> Self {
        Self { relation, rows: None, with: Vec::new() }
    }

    /// Whether all rows of some relation are read, for which the ORM asks that to be said of the query.
    pub fn reads_all(&self) -> bool {
        self.rows.as_ref().is_some_and(|rows| rows.limit.is_none()) || self.with.iter().any(Self::reads_all)
    }
}

/// Lets queries load what they are joined with, where both are rewritten.
pub fn apply(module: &Module, file: &mut FileSites) {
    let is_live = |top: ExprId| file.sites.iter().any(|site| site.top == top && site.is_live());
    let mut taken: Vec<ByHand> = Vec::new();
    for join in &file.by_hand {
        if is_live(join.query) && is_live(join.read) && fits(module, file, &taken, join) {
            taken.push(join.clone());
        }
    }
    if taken.is_empty() {
        return;
    }
    for site in &mut file.sites {
        site.with = with(&taken, site.top);
        if let Some(join) = taken.iter().find(|join| join.read == site.top) {
            site.joined = Some(join.joined.clone());
        }
        // The ORM was told that all rows are read, and does not mind how many there are.
        let is_unbounded = site.with.iter().any(Along::reads_all);
        let of_site = taken.iter().filter(|join| join.query == site.top && !is_unbounded);
        let unsure = of_site.filter_map(|join| Some((join, join.unsure.as_ref()?)));
        let Ok(Understood { remarks, .. }) = &mut site.verdict else { continue };
        for (join, limit) in unsure {
            let relation = &join.joined.relation;
            let message = match join.rows {
                Some(_) => format!("`{limit}` must be no more than 1000 for the ORM, which loads `{relation}` of so many rows at once"),
                None => format!("`{limit}` must lead to no more than 1000 different rows of `{relation}` for the ORM"),
            };
            if remarks.iter().all(|remark| remark.message != message) {
                remarks.push(Remark { code: "functions-limit", message, suggestion: None });
            }
        }
    }
}

/// What is loaded along with the rows of a query, or of a read that is itself loaded along.
fn with(taken: &[ByHand], query: ExprId) -> Vec<Along> {
    let mut all: Vec<Along> = Vec::new();
    for join in taken.iter().filter(|join| join.query == query) {
        if all.iter().all(|along| along.relation != join.joined.relation) {
            all.push(Along { relation: join.joined.relation.clone(), rows: join.rows.clone(), with: with(taken, join.read) });
        }
    }
    all
}

/// Whether a join goes together with those that were taken before.
fn fits(module: &Module, file: &FileSites, taken: &[ByHand], join: &ByHand) -> bool {
    // Each read has a list of its own, which may be changed.
    let is_same = |other: &ByHand| other.query == join.query && other.joined.relation == join.joined.relation;
    if join.rows.is_some() && taken.iter().any(is_same) {
        return false;
    }
    let mut chain = vec![join.query];
    while let Some(outer) = taken.iter().find(|other| chain.last() == Some(&other.read)) {
        chain.push(outer.query);
    }
    if chain.len() > DEEPEST {
        return false;
    }
    let end = |top: &ExprId| {
        let found = file.sites.iter().find(|site| site.top == *top).and_then(read);
        found.map(|read| &read.end)
    };
    // A page does not let all rows of a relation be read.
    let is_of_page = chain.last().and_then(end).is_some_and(|end| matches!(end, End::Page(_)));
    if is_of_page && join.rows.as_ref().is_some_and(|rows| rows.limit.is_none()) {
        return false;
    }
    // The ORM does not mind how many rows a relation leads to where it was told that all of some are read.
    let is_unbounded = chain.iter().filter_map(end).any(|end| matches!(end, End::Every));
    let count = |top: &ExprId| match end(top) {
        Some(End::Take(count)) => match module.expr(module.bare(*count)) {
            ExprKind::Num(count) => Some(*count),
            _ => None,
        },
        _ => None,
    };
    let most = chain.iter().map(count).try_fold(1.0, |most, count| Some(most * count?));
    chain.len() == 1 || is_unbounded || most.is_some_and(|most| most <= MOST)
}

fn read(site: &Site) -> Option<&Read> {
    match &site.verdict {
        Ok(Understood { ask: Ask::Read(read), .. }) => Some(read),
        _ => None,
    }
}
