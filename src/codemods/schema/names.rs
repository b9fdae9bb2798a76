//! The names that new code uses in a file: those of the ORM, renamed where the file means something else by them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::hir::Module;

/// Hands out names, and remembers which were asked for.
pub struct Names {
    taken: RefCell<BTreeSet<String>>,
    orm: RefCell<BTreeMap<&'static str, String>>,
}

impl Names {
    /// Of a file; names that it imports from these modules will go, or mean the same.
    pub fn of(module: &Module, replaced: impl Fn(&str) -> bool) -> Self {
        let of_module = module.bindings.iter().enumerate().filter(|(i, _)| module.is_of_module(crate::model::hir::BindingId(*i as u32)));
        let stays = of_module.filter(|(_, binding)| module.import(binding).is_none_or(|import| !replaced(&import.module)));
        let taken = stays.map(|(_, binding)| binding.name.to_string()).collect();
        Self { taken: RefCell::new(taken), orm: RefCell::default() }
    }

    /// The name that an export of the ORM goes by in the file.
    pub fn orm(&self, name: &'static str) -> String {
        if let Some(local) = self.orm.borrow().get(name) {
            return local.clone();
        }
        let mut local = name.to_owned();
        if self.taken.borrow().contains(&local) {
            let mut letters = name.chars();
            let first = letters.next().map(|c| c.to_ascii_uppercase()).unwrap_or_default();
            local = self.fresh(&format!("orm{first}{}", letters.as_str()));
        }
        self.orm.borrow_mut().insert(name, local.clone());
        local
    }

    /// A name for something new, as near to the wanted one as can be.
    pub fn fresh(&self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut count = 1;
        while !self.take(&name) {
            count += 1;
            name = format!("{wanted}{count}");
        }
        name
    }

    /// Takes a name; `false` if it is taken or cannot be one.
    pub fn take(&self, name: &str) -> bool {
        !is_reserved(name) && !ORM_NAMES.contains(&name) && self.taken.borrow_mut().insert(name.to_owned())
    }

    /// What was asked for: exports of the ORM with their local names.
    pub fn into_orm(self) -> BTreeMap<&'static str, String> {
        self.orm.into_inner()
    }
}

/// Exports of the ORM that new code may use; nothing else in a file is called like them.
const ORM_NAMES: &[&str] = &[
    "AnyColumn",
    "arrayOf",
    "bigint",
    "boolean",
    "bytes",
    "convexTable",
    "custom",
    "defineRelations",
    "defineSchema",
    "deletion",
    "discriminator",
    "id",
    "index",
    "integer",
    "json",
    "objectOf",
    "searchIndex",
    "text",
    "textEnum",
    "uniqueIndex",
    "vector",
    "vectorIndex",
];

/// Words that no constant can be called.
pub fn is_reserved(name: &str) -> bool {
    const WORDS: &str = " arguments await break case catch class const continue debugger default delete do else enum eval export extends \
        false finally for function if implements import in instanceof interface let new null package private protected public return \
        static super switch this throw true try typeof undefined var void while with yield ";
    WORDS.contains(&format!(" {name} "))
}
