use crate::declare_rule;
use crate::diagnostic::{Diagnostic, Level};
use crate::model::hir::{Key, Module, Prop};
use crate::model::ty::FunctionKind;
use crate::model::{Callee, Function};
use crate::rule::{Category, Cx, Rule, RuleMeta};
use crate::rules::missing_access_control::MissingAccessControl;

declare_rule! {
    /// Finds public mutations that write in the name of whoever an argument says.
    ///
    /// ## Why is this bad?
    /// Anyone can call a public function, and say what they like: also that they are somebody else.
    /// Who calls is what `ctx.auth` says, and nothing that is sent.
    ///
    /// ## Example
    /// ```ts
    /// export const add = mutation({
    ///   args: { userId: v.id("users"), text: v.string() }, // error
    ///   returns: v.null(),
    ///   handler: async (ctx, args) => {
    ///     await ctx.db.insert("tasks", { text: args.text, isDone: false, assigneeId: args.userId });
    ///     return null;
    ///   },
    /// });
    /// ```
    ///
    /// ## When not to use it
    /// Silent where anything in the function, or in what it calls, may look at who calls: `ctx.auth`, a package, a custom builder, a function that is called like a check, a token among the arguments.
    /// Silent too where it says whom something is given to: an `ownerId` that may be left out, and functions that are named like `grantBadge` or `inviteMember`.
    pub struct ClientIdentity {
        /// Names of arguments that say who calls.
        pub names: Vec<String> = ["userId", "currentUserId", "viewerId", "authorId", "ownerId", "senderId", "creatorId", "createdBy"].map(String::from).to_vec(),
    } = { id: "client-identity", category: Category::Functions, level: Level::Warn, since: "0.1.0" }
}

impl Rule for ClientIdentity {
    fn meta(&self) -> &'static RuleMeta {
        &Self::META
    }

    fn function(&self, function: &Function, cx: &mut Cx<'_>) -> Option<()> {
        if function.kind() != FunctionKind::Mutation || !function.is_public() {
            return None;
        }
        let module = cx.workspace.hir(function.file);
        let crate::model::functions::Entry::Present(args) = function.args else { return None };
        let props = module.as_object(args)?;
        let is_said = |prop: &&Prop| matches!(&prop.key, Key::Name(name) if self.names.iter().any(|n| **n == **name));
        let argument = props.iter().find(is_said)?;
        let Key::Name(name) = &argument.key else { return None };
        if props.iter().any(may_prove) || !may_be_person(module, argument) || is_given_away(module, argument) || is_done_to_others(function) {
            return None;
        }
        let write = cx.project.calls_at(module, function.call).iter().find_map(|call| {
            let is_insert = matches!(&call.callee, Callee::Db(method) if &**method == "insert");
            let written = module.as_object(call.written(module).filter(|_| is_insert)?)?;
            written.iter().find(|p| function.argument(module, p.value).as_ref() == Some(name))
        })?;
        if !MissingAccessControl::default().is_open(function, cx)? {
            return None;
        }
        cx.report(
            Diagnostic::new(module.at(argument.start, argument.key_end), format!("`{name}` says who calls, and anyone can say anything"))
                .label(module.at(write.start, write.end), "written as it is sent")
                .help("take the user from `ctx.auth.getUserIdentity()`, and leave the argument out"),
        );
        Some(())
    }
}

/// Whether the argument may name somebody who calls: not where it is an id of a table of other things.
fn may_be_person(module: &Module, argument: &Prop) -> bool {
    let value = module.bare(argument.value);
    let Some(call) = module.call(value).filter(|call| module.validator_method(call).is_some_and(|method| &**method == "id")) else { return true };
    let Some(table) = call.args.first().and_then(|a| module.constant(a.value)) else { return false };
    let table = table.to_ascii_lowercase();
    ["user", "account", "profile", "member", "person", "people", "player"].iter().any(|part| table.contains(part))
}

/// Whether it says whom something is to belong to, and not who calls: an owner that may be left out.
fn is_given_away(module: &Module, argument: &Prop) -> bool {
    let is_optional = module
        .call(module.bare(argument.value))
        .is_some_and(|call| module.validator_method(call).is_some_and(|method| &**method == "optional"));
    is_optional && matches!(&argument.key, Key::Name(name) if &**name == "ownerId")
}

/// Whether the function is named like one that people use on each other.
fn is_done_to_others(function: &Function) -> bool {
    let name = function.name.as_deref().unwrap_or_default();
    ["assign", "award", "ban", "grant", "invite", "notify", "promote"].iter().any(|verb| {
        name.strip_prefix(verb).is_some_and(|rest| rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_uppercase() || c == '_'))
    })
}

/// Whether the argument may prove something by itself, or is not known.
fn may_prove(prop: &Prop) -> bool {
    match &prop.key {
        Key::Name(name) => {
            let name = name.to_ascii_lowercase();
            ["token", "secret", "key", "session", "password", "signature", "code", "hash"].iter().any(|part| name.contains(part))
        }
        Key::Computed(_) | Key::Spread => true,
    }
}
