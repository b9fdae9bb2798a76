//! Conditions on rows, as the ORM takes them: an object, or a callback where an object cannot say it.

use super::ask::{Op, Predicate, Value};
use super::print::Printer;
use crate::model::hir::Name;
use crate::writing::code::Code;

impl Printer<'_, '_> {
    /// `where: { … }`, or a callback where an object cannot say it.
    pub fn where_object(&self, conditions: &[Predicate]) -> Code {
        let style = self.context.style;
        if conditions.iter().any(Predicate::needs_callback) {
            return self.where_callback(conditions);
        }
        Code::field("where", self.condition_object(conditions), style)
    }

    fn condition_object(&self, conditions: &[Predicate]) -> Code {
        let style = self.context.style;
        let alone = |condition: &Predicate| self.condition_object(std::slice::from_ref(condition));
        let list =
            |name: &str, items: Vec<Code>| Code::field(name, Code::List { open: "[".to_owned(), items, close: "]", braces: false }, style);
        let mut fields: Vec<(Name, Vec<(Op, String)>)> = Vec::new();
        let mut any: Option<Code> = None;
        // An object has each key once: what is asked a second time has an object of its own.
        let mut all: Vec<Code> = Vec::new();
        for condition in conditions {
            match condition {
                Predicate::Compare(name, op, value) => {
                    let value = self.value(value, &**name == "id");
                    match fields.iter_mut().find(|(field, _)| field == name) {
                        Some((_, ops)) if ops.iter().any(|(other, _)| other == op) => all.push(alone(condition)),
                        Some((_, ops)) => ops.push((*op, value)),
                        None => fields.push((name.clone(), vec![(*op, value)])),
                    }
                }
                Predicate::Any(_) if any.is_some() => all.push(alone(condition)),
                Predicate::Any(parts) => any = Some(list("OR", parts.iter().map(alone).collect())),
                Predicate::All(parts) => all.extend(parts.iter().map(alone)),
                Predicate::Missing(_) | Predicate::Present(_) => {}
            }
        }
        let all = (!all.is_empty()).then(|| list("AND", all));
        let field = |(name, ops): (Name, Vec<(Op, String)>)| match &ops[..] {
            [(Op::Eq, value)] => self.field(&name, value),
            ops => {
                let ops = ops.iter().map(|(op, value)| Code::text(format!("{}: {value}", op.name()))).collect();
                Code::field(&name, Code::object(ops), style)
            }
        };
        Code::object(fields.into_iter().map(field).chain(any).chain(all).collect())
    }

    fn where_callback(&self, conditions: &[Predicate]) -> Code {
        let t = ["t", "row", "columns"].into_iter().find(|name| self.module.bindings.iter().all(|b| &*b.name != *name)).unwrap_or("t");
        let mut ops: Vec<&'static str> = Vec::new();
        let body = match conditions {
            [one] => self.callback_term(one, t, &mut ops),
            many => {
                ops.push("and");
                Code::call("and", many.iter().map(|one| self.callback_term(one, t, &mut ops)).collect())
            }
        };
        ops.sort_unstable();
        ops.dedup();
        let space = if self.context.style.spaced_braces { " " } else { "" };
        let head = format!("where: ({t}, {{{space}{}{space}}}) => ", ops.join(", "));
        Code::Pair(Box::new(Code::Text(head)), Box::new(body))
    }

    fn callback_term(&self, condition: &Predicate, t: &str, ops: &mut Vec<&'static str>) -> Code {
        match condition {
            Predicate::Compare(name, op, value) => {
                ops.push(op.name());
                let is_forgotten = matches!(value, Value::Sure(_));
                let value = self.value(value, &**name == "id");
                let value = if is_forgotten && !value.contains(" as ") { format!("{value}!") } else { value };
                Code::call(op.name(), vec![Code::text(format!("{t}.{name}")), Code::text(value)])
            }
            Predicate::Missing(name) => {
                ops.extend(["not", "isNotNull"]);
                Code::text(format!("not(isNotNull({t}.{name}))"))
            }
            Predicate::Present(name) => {
                ops.push("isNotNull");
                Code::text(format!("isNotNull({t}.{name})"))
            }
            Predicate::All(parts) => {
                ops.push("and");
                Code::call("and", parts.iter().map(|part| self.callback_term(part, t, ops)).collect())
            }
            Predicate::Any(parts) => {
                ops.push("or");
                Code::call("or", parts.iter().map(|part| self.callback_term(part, t, ops)).collect())
            }
        }
    }
}
