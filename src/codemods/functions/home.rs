//! The file that starts the ORM, and has the small functions that migrated code calls: one that there is, or one of its own.

use super::companions::{self, Helper, Source};
use super::print::Printer;
use super::rewrite::Rewriter;
use super::wiring::Home;
use crate::codemod::Options;
use crate::codemods::schema::files::with_leading_comments;
use crate::source::{self, FileId};
use crate::style::Style;
use crate::writing::import_list::{Wanted, settled};
use crate::writing::imports::specifier;

impl Rewriter<'_> {
    /// Whether the file starts the ORM.
    pub fn is_home(&self, file: FileId) -> bool {
        self.wiring.home == Home::File(file)
    }

    /// `const orm = createOrm({ schema: relations });`, and the helpers that are used somewhere.
    pub fn write_home(&self, printer: &Printer<'_, '_>, options: &Options) {
        let module = printer.module;
        let file = printer.context.file;
        let text = &self.workspace.source(file).text;
        let style = printer.context.style;
        let Some((relations_file, relations)) = &self.target.relations else { return };
        let statements = source::statements(self.workspace.source(file));
        let at = self.wiring.start;
        let Some(statement) = statements.iter().find(|one| one.span.start <= at && at < one.span.end) else { return };
        let start = with_leading_comments(text, statement.span.start);
        let create = printer.context.names.orm("createOrm");
        let relations = match *relations_file == file {
            true => relations.clone(),
            false => printer.context.want(&self.module_of(file, *relations_file), relations, relations),
        };
        let line = starting(&create, &relations, self.is_orm_shared.get(), style);
        printer.nested.set(module.at(start, start), format!("{line}{0}{0}", style.newline));
        let wanted: Vec<Helper> = self.helpers.borrow().iter().copied().collect();
        let unset = if wanted.contains(&Helper::Unsetting) { printer.context.names.orm("unsetToken") } else { String::new() };
        let helpers = companions::text(&wanted, self.has_type.get(), &self.notes, style, &unset);
        for (from, name, is_type) in helpers.imports {
            match (from, is_type) {
                (Source::Orm, true) => printer.context.want_type(name, options),
                (Source::Orm, false) => {}
                (Source::Schema, _) => printer.context.want_type_of(&self.module_of(file, *relations_file), name),
                (Source::DataModel, _) => _ = self.id_type(printer.context),
            }
        }
        if !helpers.code.is_empty() {
            let end = text.trim_end().len() as u32;
            let last = module.at(end, text.len() as u32);
            printer.nested.set(last, format!("{0}{0}{1}{0}", style.newline, helpers.code));
        }
    }

    /// The text of a new file, if there is to be one.
    pub fn new_home(&self, options: &Options) -> Option<(String, String)> {
        let Home::New(path) = &self.wiring.home else { return None };
        let (relations_file, relations) = self.target.relations.as_ref().filter(|_| self.has_calls)?;
        let style = self.workspace.style(*relations_file);
        let schema = specifier(path, &self.workspace.source(*relations_file).path);
        let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let data_model = specifier(path, &format!("{folder}_generated/dataModel"));
        let wanted: Vec<Helper> = self.helpers.borrow().iter().copied().collect();
        let helpers = companions::text(&wanted, self.has_type.get(), &self.notes, style, "unsetToken");
        let import = |module: &str, name: &str, is_type: bool| Wanted {
            module: module.to_owned(),
            name: name.to_owned(),
            local: name.to_owned(),
            is_type,
        };
        let mut imports = vec![import(&options.orm, "createOrm", false), import(&schema, relations, false)];
        imports.extend(helpers.imports.iter().map(|(from, name, is_type)| match from {
            Source::Orm => import(&options.orm, name, *is_type),
            Source::Schema => import(&schema, name, true),
            Source::DataModel => import(&data_model, name, true),
        }));
        let nl = style.newline;
        let start = starting("createOrm", relations, true, style) + nl;
        let rest = if helpers.code.is_empty() { String::new() } else { format!("{nl}{}{nl}", helpers.code) };
        let read = crate::model::read(FileId(0), path.clone(), format!("{start}{rest}"));
        Some((path.clone(), settled(&read.source, &read.hir, style, &imports, &|_| false)))
    }
}

/// The statement that starts the ORM.
fn starting(create: &str, relations: &str, is_exported: bool, style: &Style) -> String {
    let export = if is_exported { "export " } else { "" };
    let schema = if relations == "schema" { "schema".to_owned() } else { format!("schema: {relations}") };
    format!("{export}const orm = {create}({{ {schema} }}){}", style.semicolon())
}
