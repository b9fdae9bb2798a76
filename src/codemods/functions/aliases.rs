//! The project's own names for the types of ents, `Ent<"users">`: rows are documents where nothing needs them to be ents.

use super::print::Printer;
use super::rewrite::Rewriter;
use super::wiring::Home;
use crate::codemods::schema::files::FileContext;
use crate::model::hir::{BindingId, TypeId, TypeNode};

impl Rewriter<'_> {
    /// The project's own name for the type of ents: what goes by it is a document now, or still an ent.
    pub fn write_alias(&self, printer: &Printer<'_, '_>, binding: BindingId, ty: TypeId) {
        let module = printer.module;
        let (name, whole) = (module.binding(binding), module.type_span(ty));
        let between = module.at(name.end, whole.start);
        let text = self.workspace.text(between);
        let TypeNode::Ref { args, .. } = module.ty(ty) else { return };
        let [definitions, table] = &**args else { return };
        let constraint = text.find(" extends ").map(|at| at + " extends ".len());
        let end = text.rfind('>');
        // Where calls are left that need ents, their types stay; rows of other tables are documents everywhere.
        let stays_whole = self.keeps_ents && (self.needed.any || !self.has_calls);
        let of = match self.keeps_ents {
            true => format!("keyof {}", self.workspace.text(module.type_span(*definitions))),
            false => "keyof typeof tables".to_owned(),
        };
        if self.keeps_ents {
            of.split(|letter: char| !letter.is_alphanumeric() && letter != '_').for_each(|word| printer.context.keep(word));
        }
        if let (Some(start), Some(end)) = (constraint, end) {
            let old = &text[start..end];
            let new = if !self.keeps_ents {
                of
            } else if old.contains(&of) {
                old.to_owned()
            } else {
                format!("{old} & {of}")
            };
            printer.nested.set(module.at(between.start + start as u32, between.start + end as u32), new);
        }
        if !stays_whole {
            let document = self.companion_type(printer.context, "Document");
            if let Some((file, _)) = self.target.relations.as_ref().filter(|_| !self.keeps_ents) {
                printer.context.want_type_of(&self.module_of(printer.context.file, *file), "tables");
            }
            let parameter = self.workspace.text(module.type_span(*table));
            let ents: Vec<String> = self.needed.tables.iter().map(|name| printer.context.style.string(name)).collect();
            let new = match ents.is_empty() || !self.keeps_ents {
                true => format!("{document}<{parameter}>"),
                false => {
                    let (old, ents) = (self.workspace.text(whole), ents.join(" | "));
                    let words = old.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '$');
                    words.for_each(|word| printer.context.keep(word));
                    format!("{parameter} extends {ents} ? {old} : {document}<{parameter}>")
                }
            };
            printer.nested.set(whole, new);
        }
    }

    /// A type of the file that sets up the ORM.
    fn companion_type(&self, context: &FileContext<'_>, name: &str) -> String {
        self.has_type.set(true);
        if self.wiring.home != Home::File(context.file) {
            context.want_type_of(&self.home_module(context.file), name);
        }
        name.to_owned()
    }
}
