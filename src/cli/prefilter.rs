//! Decides without parsing whether a file may have to do with Convex.
//!
//! Not parsing is what makes a large tree fast. What it passes over may still be read because backend code imports it.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// Module names of code that runs in a backend or builds one; `convex/react` is a client's.
const NEEDLES: [&str; 9] = [
    "convex/server",
    "convex/values",
    "_generated/server",
    "_generated/dataModel",
    "convex-helpers/server",
    "convex-ents",
    // Tests read indexes too.
    "convex-test",
    "convex/orm",
    "kitcn/orm",
];

static SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(NEEDLES).ok());

pub fn is_wanted(text: &[u8]) -> bool {
    // Every needle has one of these in it, and looking for one word is many times faster than looking for eight.
    let may_be = ["convex", "_generated/", "kitcn"].iter().any(|word| memchr::memmem::find(text, word.as_bytes()).is_some());
    may_be && SEARCH.as_ref().is_none_or(|search| search.is_match(text))
}

/// Whether the text may call functions of a backend: it imports what is generated to name them by.
pub fn is_client(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"_generated/api").is_some()
}

/// Whether a `schema.ts` is a Convex schema: it builds on Convex or an ORM over it, and exports by default.
pub fn is_schema(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let builds = ["convex/server", "convex-ents", "convex/orm", "kitcn/orm"].iter().any(|module| text.contains(module));
    builds && (text.contains("export default") || text.contains("as default"))
}

/// The relative module names in a text that lead to what is generated for a backend's own use.
pub fn generated_imports(text: &str) -> impl Iterator<Item = &str> {
    memchr::memmem::find_iter(text.as_bytes(), "_generated/").filter_map(|at| {
        let name = ["_generated/server", "_generated/dataModel"].into_iter().find(|name| text[at..].starts_with(name))?;
        let end = at + name.len();
        let quote = text[end..].trim_start_matches(".js").chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let start = text[..at].rfind(['"', '\'', '\n'])?;
        let specifier = &text[start + 1..end];
        (text[start..].starts_with(quote) && specifier.starts_with('.')).then_some(specifier)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_imports_are_found_with_their_way() {
        let text = "import { query } from \"./_generated/server\";\nimport x from '../../convex/_generated/dataModel.js'\nimport y from \"@/convex/_generated/server\"\n";
        let found: Vec<&str> = generated_imports(text).collect();
        assert_eq!(found, ["./_generated/server", "../../convex/_generated/dataModel"]);
    }
}
