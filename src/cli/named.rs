//! What code that is not parsed names of a backend: `contacts.create` of `useMutation(api.contacts.create)`.
//!
//! Looks for ways that begin with a name that ends in `api`, and knows nothing of scopes, strings and comments:
//! it errs by naming too much, since what is named here is only left alone.

use std::collections::BTreeSet;

use memchr::memmem;

/// How many other names a file gives to what it imports as `api`; the text is gone through for each.
const NAMES: usize = 8;
/// How many characters long the type of a cast may be.
const CAST: usize = 200;

/// The ways that the text names, without the `api` that they begin with.
pub fn ways(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut others = BTreeSet::new();
    for at in memmem::find_iter(text.as_bytes(), b"pi") {
        let rest = &text[at + "pi".len()..];
        if text[..at].ends_with(['a', 'A']) && !rest.starts_with(is_word) {
            found.extend(way_after(rest));
            others.extend(renamed(rest));
        }
    }
    for other in others.into_iter().take(NAMES) {
        for at in memmem::find_iter(text.as_bytes(), other) {
            let rest = &text[at + other.len()..];
            if !text[..at].ends_with(is_word) && !rest.starts_with(is_word) {
                found.extend(way_after(rest));
            }
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

/// The word that the text begins with.
fn word(text: &str) -> &str {
    &text[..text.find(|c| !is_word(c)).unwrap_or(text.len())]
}

/// `posts.list` of ` as any).posts.list, {})`.
fn way_after(mut rest: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    loop {
        rest = rest.trim_start();
        // Of a cast, what counts is where it ends.
        if rest.starts_with("as ") {
            let (end, _) = rest.char_indices().take(CAST).find(|(_, c)| matches!(c, ')' | ';' | ',' | '}'))?;
            rest = &rest[end..];
        }
        rest = rest.trim_start_matches([')', '!', '?']).trim_start();
        if let Some(after) = rest.strip_prefix('.') {
            let after = after.trim_start();
            let name = word(after);
            // `api?.["posts"]`
            if name.is_empty() {
                rest = after;
                continue;
            }
            parts.push(name);
            rest = &after[name.len()..];
        } else if let Some(after) = rest.strip_prefix('[') {
            let after = after.trim_start();
            let Some(quote) = after.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) else { break };
            let Some((name, after)) = after[1..].split_once(quote) else { break };
            parts.extend(name.split('/'));
            rest = after.trim_start().strip_prefix(']')?;
        } else {
            break;
        }
    }
    (!parts.is_empty()).then(|| parts.join("."))
}

/// `backend` of `import { api as backend } from …`.
fn renamed(rest: &str) -> Option<&str> {
    let rest = rest.trim_start().strip_prefix("as ")?.trim_start();
    let name = word(rest);
    (!name.is_empty() && rest[name.len()..].trim_start().starts_with([',', '}'])).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::ways;

    fn of(text: &str) -> Vec<String> {
        ways(text).into_iter().collect()
    }

    #[test]
    fn ways_are_found_however_they_are_written() {
        assert_eq!(of("useQuery(api.posts.list, {})"), ["posts.list"]);
        assert_eq!(of("useQuery(\n  (api as any).shop\n    .cart.get,\n)"), ["shop.cart.get"]);
        assert_eq!(of("call((convexApi.posts as any).list)"), ["posts.list"]);
        assert_eq!(of("api[\"shop/cart\"].get; api?.posts?.['list']"), ["posts.list", "shop.cart.get"]);
        assert_eq!(of("const { list } = api.posts;"), ["posts"]);
    }

    #[test]
    fn names_that_are_given_are_followed() {
        assert_eq!(of("import { api as backend } from \"@x/backend\";\nuseQuery(backend.posts.list)"), ["posts.list"]);
        assert_eq!(of("import * as generated from \"x\";\nuseQuery(generated.api.posts.list)"), ["posts.list"]);
    }

    #[test]
    fn other_words_are_none() {
        assert!(of("rapid.posts.list; apis.posts; fetch(\"/api/posts\"); spi.x; const é = apiary.x").is_empty());
        assert!(of("import { api } from \"./x\"; (api as Api)").is_empty());
    }
}
