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
        let mut fields: Vec<(Name, Vec<(Op, String)>)> = Vec::new();
        let mut rest: Vec<Code> = Vec::new();
        for condition in conditions {
            match condition {
                Predicate::Compare(name, op, value) => {
                    let value = self.value(value, &**name == "id");
                    match fields.iter_mut().find(|(field, _)| field == name) {
                        Some((_, ops)) => ops.push((*op, value)),
                        None => fields.push((name.clone(), vec![(*op, value)])),
                    }
                }
                Predicate::Any(parts) => {
                    let parts = parts.iter().map(|part| self.condition_object(std::slice::from_ref(part))).collect();
                    let list = Code::List { open: "[".to_owned(), items: parts, close: "]", braces: false };
                    rest.push(Code::field("OR", list, style));
                }
                Predicate::All(parts) => {
                    let parts = parts.iter().map(|part| self.condition_object(std::slice::from_ref(part))).collect();
                    let list = Code::List { open: "[".to_owned(), items: parts, close: "]", braces: false };
                    rest.push(Code::field("AND", list, style));
                }
                Predicate::Missing(_) | Predicate::Present(_) => {}
            }
        }
        let field = |(name, ops): (Name, Vec<(Op, String)>)| match &ops[..] {
            [(Op::Eq, value)] => self.field(&name, value),
            ops => {
                let ops = ops.iter().map(|(op, value)| Code::text(format!("{}: {value}", op.name()))).collect();
                Code::field(&name, Code::object(ops), style)
            }
        };
        Code::object(fields.into_iter().map(field).chain(rest).collect())
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
