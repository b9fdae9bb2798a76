//! What a call does by itself, and where it stands: told once, where the call is read.

use super::conditions::{Condition, condition};
use super::{Effect, is_work, is_write};
use crate::model::calls::Callee;
use crate::model::hir::{ExprId, ExprKind, FuncId, Module};
use crate::model::ty::External;
use crate::source::Span;

/// What a call does by itself, and where: told once, where the call is read, so that nobody has to look at the file again for each effect.
#[derive(Clone, Copy, Debug)]
pub struct Doing {
    effects: u8,
    place: Option<Place>,
}

/// Where in a function something is done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub func: FuncId,
    pub when: Condition,
    /// What to show of it.
    pub shown: Span,
}

impl Doing {
    pub fn of(module: &Module, call: ExprId, callee: &Callee) -> Self {
        let has = |effect: &Effect| is_of(callee, *effect);
        let effects = Effect::ALL.into_iter().filter(has).fold(0, |all, effect| all | 1 << effect as u8);
        let place = if effects == 0 { None } else { Place::of(module, call) };
        Self { effects, place }
    }

    pub(super) fn place(&self, effect: Effect) -> Option<Place> {
        self.place.filter(|_| self.effects & (1 << effect as u8) != 0)
    }
}

impl Place {
    /// `None` outside of functions.
    pub fn of(module: &Module, expr: ExprId) -> Option<Self> {
        let func = module.enclosing_func(expr)?;
        Some(Self { func, when: condition(module, expr, func), shown: shown(module, expr) })
    }
}

/// What to show of a call: the name of what is called.
pub(super) fn shown(module: &Module, call: ExprId) -> Span {
    match module.expr(call) {
        ExprKind::Call(inner) => module.property_span(module.bare(inner.callee)),
        _ => module.span(call),
    }
}

fn is_of(callee: &Callee, effect: Effect) -> bool {
    match (effect, callee) {
        (Effect::Network, Callee::External(external)) => is_network(external),
        (Effect::Write, Callee::Db(method)) => is_write(method),
        (Effect::Write, Callee::Context(part)) => {
            matches!(&**part, "runMutation" | "scheduler.runAfter" | "scheduler.runAt" | "scheduler.cancel")
        }
        (Effect::Work, _) => is_work(callee),
        (Effect::Database, Callee::Db(method)) => &**method == "get" || is_write(method),
        (Effect::Read, Callee::Db(method)) => &**method == "get",
        (Effect::Identity, Callee::Context(part)) => part.starts_with("auth."),
        (Effect::Identity, Callee::External(external)) => external.module.starts_with("@convex-dev/auth"),
        (Effect::Clock, Callee::External(external)) => external.is("global", &["Date", "now"]) || external.is("global", &["Date"]),
        _ => false,
    }
}

/// Packages whose every call is a request; of the rest of the world nothing is said.
fn is_network(external: &External) -> bool {
    let mut room = Default::default();
    let path = external.parts(&mut room);
    match (&*external.module, path) {
        ("global", ["fetch" | "XMLHttpRequest" | "WebSocket" | "EventSource"] | ["globalThis", "fetch"]) => true,
        ("node-fetch" | "cross-fetch" | "got" | "ky", [name]) => !name.ends_with("Error"),
        ("undici", ["fetch" | "request"]) => true,
        ("axios", ["default"] | ["default", "get" | "post" | "put" | "patch" | "delete" | "head" | "request"]) => true,
        ("ai", [name]) => {
            matches!(*name, "generateText" | "streamText" | "generateObject" | "streamObject" | "embed" | "embedMany")
        }
        ("openai" | "@anthropic-ai/sdk" | "groq-sdk" | "replicate" | "resend", path) => path.len() > 2,
        _ => false,
    }
}
