//! Ways to break migrated code as a codemod might have: what is looked for in a text, and what is put there.
//!
//! They read the code as text, by its brackets, and know nothing of how it was written.

use std::ops::Range;

/// A text, broken in one place.
pub struct Broken {
    pub what: &'static str,
    pub at: Range<usize>,
    pub text: String,
    /// Why the program is the same, if it is.
    pub harmless: Option<&'static str>,
}

/// All the ways in which the text of functions can be broken.
pub fn of_functions(text: &str) -> Vec<Broken> {
    let mut all = Vec::new();
    let mut add = |what, at: Range<usize>, new: &str, harmless: Option<&'static str>| {
        let broken = format!("{}{new}{}", &text[..at.start], &text[at.end..]);
        if broken != text {
            all.push(Broken { what, at, text: broken, harmless });
        }
    };
    for (what, old, new) in WORDS {
        for (at, _) in text.match_indices(old) {
            add(what, at..at + old.len(), new, harmless_words(what, text, at));
        }
    }
    for call in calls(text) {
        let options = properties(text, &call.options);
        let find = |name: &str| options.iter().find(|property| property.name == name);
        let is_first = call.method.starts_with("findFirst");
        let is_page = find("cursor").is_some();
        if let Some(order) = find("orderBy") {
            let value = &text[order.value.clone()];
            let turned = if value.contains("\"desc\"") || value.contains("'desc'") { ("desc", "asc") } else { ("asc", "desc") };
            let what = if is_first { "another one of several rows" } else { "another order" };
            add(what, order.value.clone(), &value.replace(turned.0, turned.1), None);
            let columns = properties(text, &order.value);
            let is_creation = columns.len() == 1 && columns[0].name == "createdAt";
            let is_of_range =
                |column: &Property| find("where").is_some_and(|condition| text[condition.value.clone()].contains(&column.name));
            let why = match (turned.0, is_page) {
                ("asc", false) if is_creation => Some("rows come in the order of their creation where nothing else is asked for"),
                ("asc", false) if columns.iter().all(is_of_range) => Some("rows of a range come in the order of its index"),
                ("desc", true) if is_creation => Some("pages begin with the latest row where nothing else is asked for"),
                _ => None,
            };
            add("a lost order", order.whole.clone(), "", why);
            for column in columns.iter().filter(|column| !matches!(&*column.name, "createdAt" | "id")) {
                let why = is_of_range(column).then_some("rows of a range come in the order of its index, whichever column is asked for");
                add("the order of another index", column.key.clone(), "createdAt", why);
            }
        }
        if let Some(condition) = find("where").filter(|condition| text[condition.value.clone()].starts_with('{')) {
            let columns = properties(text, &condition.value);
            for column in &columns {
                let what = if columns.len() > 1 { "one of several conditions, lost" } else { "a lost condition" };
                add(what, column.whole.clone(), "", None);
            }
        }
        if let Some(search) = find("search") {
            for part in properties(text, &search.value) {
                match &*part.name {
                    "filters" => add("a lost search filter", part.whole.clone(), "", None),
                    "query" => add("another text to search for", part.value.clone(), "\"another\"", None),
                    _ => {}
                }
            }
        }
        if let Some(limit) = find("limit") {
            let value = &text[limit.value.clone()];
            let is_only = text[..call.start].trim_end().ends_with("await") && before_await(text, call.start).contains("onlyRow")
                || text[call.options.end..].starts_with(").then((row) => ") && text[call.options.end..].contains("onlyRow");
            let more = is_only.then_some("where one row is asked for, more than two are an error as well");
            let (grown, shrunk) = (format!("({value}) + 1"), format!("({value}) - 1"));
            if is_page {
                add("another page size", limit.value.clone(), &grown, None);
                add("another page size", limit.value.clone(), &shrunk, None);
                add("a lost cursor", find("cursor").map_or(0..0, |cursor| cursor.value.clone()), "null", None);
            } else {
                add("a limit that is one off", limit.value.clone(), &grown, more);
                add("a limit that is one off", limit.value.clone(), &shrunk, None);
                add("a lost limit", limit.value.clone(), "1000", more);
            }
        }
        for config in loaded_along(text, &options) {
            let options = properties(text, &config);
            let find = |name: &str| options.iter().find(|property| property.name == name);
            if let Some(order) = find("orderBy") {
                let value = &text[order.value.clone()];
                let turned = if value.contains("desc") { value.replace("desc", "asc") } else { value.replace("asc", "desc") };
                add("another order of what is loaded along", order.value.clone(), &turned, None);
                let is_creation = properties(text, &order.value).iter().all(|column| column.name == "createdAt") && !value.contains("desc");
                let why = is_creation.then_some("rows of a relation come in the order of its index, and so in that of their creation");
                add("a lost order of what is loaded along", order.whole.clone(), "", why);
            }
            if let Some(limit) = find("limit") {
                let value = &text[limit.value.clone()];
                for other in [format!("({value}) + 1"), format!("({value}) - 1"), "1000".to_owned()] {
                    add("another limit of what is loaded along", limit.value.clone(), &other, None);
                }
            }
        }
        if let Some(all_rows) = find("allowFullScan").filter(|_| find("with").is_none()) {
            add("a limit where all rows are read", all_rows.whole.clone(), "limit: 1,", None);
        }
    }
    for (at, _) in text.match_indices(".onConflictDoNothing(") {
        if let Some(end) = closing(text, at + ".onConflictDoNothing".len()) {
            add("a pair that is written twice", at..end, "", None);
        }
    }
    for (at, _) in text.match_indices("and(eq(") {
        if let Some(end) = closing(text, at + "and".len()) {
            let parts = list(text, at + "and(".len()..end - 1);
            for part in parts {
                add("one of several conditions of a write, lost", at..end, &text[part], None);
            }
        }
    }
    for name in ["toDocument(", "toDocuments(", "toDocumentPage("] {
        for (at, _) in text.match_indices(name).filter(|(at, _)| text[at + name.len()..].starts_with(['"', '\''])) {
            let Some(comma) = text[at..].find(", ") else { continue };
            add("rows where there were documents", at..at + comma + 2, "(", None);
        }
    }
    all
}

/// All the ways in which the text of a schema can be broken. `deleted` says of which tables rows are deleted.
pub fn of_schema(text: &str, deleted: &dyn Fn(&str) -> bool) -> Vec<Broken> {
    let mut all = Vec::new();
    let mut add = |what, at: Range<usize>, new: &str, harmless: Option<&'static str>| {
        let broken = format!("{}{new}{}", &text[..at.start], &text[at.end..]);
        all.push(Broken { what, at, text: broken, harmless });
    };
    let cascade = ", { onDelete: \"cascade\" }";
    for (at, _) in text.match_indices(cascade) {
        let table = text[..at].rfind("=> ").map_or("", |start| text[start + 3..at].trim_end_matches(".id"));
        let why = (!deleted(table)).then_some("no function deletes rows of the table that is referred to");
        add("a lost cascade", at..at + cascade.len(), "", why);
    }
    for (at, word) in text.match_indices("uniqueIndex(\"") {
        add("a lost uniqueness", at..at + word.len(), "index(\"", None);
    }
    all
}

/// What is looked for as it stands.
const WORDS: &[(&str, &str, &str)] = &[
    ("a lost await", "await ctx.orm", "ctx.orm"),
    ("a lost await", "await orm.", "orm."),
    ("a lost await", "await db.", "db."),
    ("null where it threw", "findFirstOrThrow(", "findFirst("),
    ("an error where it was null", "findFirst(", "findFirstOrThrow("),
    ("null where there is no only one", "onlyRowOrThrow(", "onlyRow("),
    ("the first of several", "onlyRow(", "((rows: any) => rows[0] ?? null)("),
    ("another bound", "{ gt: ", "{ gte: "),
    ("another bound", "{ gte: ", "{ gt: "),
    ("another bound", "{ lt: ", "{ lte: "),
    ("another bound", "{ lte: ", "{ lt: "),
    ("another bound", "{ gt: ", "{ lt: "),
    ("another bound", ", lt: ", ", lte: "),
    ("another bound", ", lte: ", ", lt: "),
    ("another comparison", "{ ne: ", "{ eq: "),
    ("a value that stays", "?? unsetToken", "?? undefined"),
    ("a value that stays", ": unsetToken", ": undefined"),
    ("a value that stays", "unsetting(", "("),
    ("null in the place of nothing", "?? unsetToken", "?? null"),
    ("null in the place of nothing", ": unsetToken", ": null"),
    ("missing is not null", "not(isNotNull(t.", "(isNotNull(t."),
    ("missing is not null", "not(isNotNull(t.", "(isNull(t."),
    ("missing is not null", "(t, { isNotNull }) => isNotNull(t.", "(t, { isNull }) => isNull(t."),
    ("a lost default", " ?? false", ""),
    ("a lost default", " ?? \"light\"", ""),
    ("a lost default", " ?? \"afloat\"", ""),
    ("a lost default", " ?? true", ""),
    ("the other way about", ") !== null", ") === null"),
    ("another relation", "with: { ", "with: { no"),
];

/// Why nothing changes where these words are others, if nothing does.
fn harmless_words(what: &str, text: &str, at: usize) -> Option<&'static str> {
    let is_returned = text[..at].ends_with("return ") || text[..at].ends_with("=> ");
    match what {
        "a lost await" if is_returned => Some("the promise is returned in the place of what it yields, and awaited there"),
        "an error where it was null" => {
            let condition =
                text[at..].split_once("where: { id: ").map_or("", |(_, rest)| rest.split([' ', ',']).next().unwrap_or_default());
            let is_of_call = text[at..].find("where: { id: ").is_some_and(|place| place < 40);
            (is_of_call && condition.ends_with(".id") && condition != "args.id").then_some("the row was found before")
        }
        _ => None,
    }
}

/// A call of the ORM's that finds rows.
struct Call<'t> {
    /// Where the chain begins that it is made on.
    start: usize,
    method: &'t str,
    /// The braces of what it is given.
    options: Range<usize>,
}

fn calls(text: &str) -> Vec<Call<'_>> {
    let mut all = Vec::new();
    for method in ["findMany", "findFirst", "findFirstOrThrow"] {
        for (at, found) in text.match_indices(&format!(".{method}({{")) {
            let open = at + found.len() - 1;
            let Some(end) = closing(text, open) else { continue };
            let query = text[..at].rfind(".query.").unwrap_or(at);
            let is_word = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '(' | ')');
            let start = text[..query].rfind(|c: char| !is_word(c)).map_or(0, |space| space + 1);
            all.push(Call { start, method, options: open..end });
        }
    }
    all
}

/// What stands in front of the `await` in front of a place.
fn before_await(text: &str, at: usize) -> &str {
    let front = text[..at].trim_end().trim_end_matches("await");
    &front[front.len().saturating_sub(40)..]
}

/// A property of an object: `where: { id },`, with its comma.
struct Property {
    name: String,
    key: Range<usize>,
    value: Range<usize>,
    whole: Range<usize>,
}

fn properties(text: &str, braces: &Range<usize>) -> Vec<Property> {
    let parts = list(text, braces.start + 1..braces.end - 1);
    let property = |part: Range<usize>| {
        let mut start = part.start;
        // Behind comments.
        while text[start..part.end].starts_with("//") {
            start += text[start..].find('\n').map_or(0, |line| line + 1);
            start += text[start..part.end].len() - text[start..part.end].trim_start().len();
        }
        let name: String = text[start..part.end].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let key = start..start + name.len();
        let value = match text[key.end..part.end].strip_prefix(": ") {
            Some(_) => key.end + 2..part.end,
            None => key.clone(),
        };
        let comma = text[part.end..braces.end].starts_with(',');
        Property { name, key, value, whole: start..part.end + usize::from(comma) }
    };
    parts.into_iter().map(property).collect()
}

/// The braces in which it stands how each relation is loaded along, however deep.
fn loaded_along(text: &str, options: &[Property]) -> Vec<Range<usize>> {
    let Some(with) = options.iter().find(|property| property.name == "with") else { return Vec::new() };
    let relations = properties(text, &with.value).into_iter().map(|relation| relation.value);
    let configs = relations.filter(|value| text[value.clone()].starts_with('{'));
    configs.flat_map(|config| [vec![config.clone()], loaded_along(text, &properties(text, &config))].concat()).collect()
}

/// The parts of a list between commas, without the space around them.
fn list(text: &str, within: Range<usize>) -> Vec<Range<usize>> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, within.start);
    let mut end_part = |start: usize, end: usize| {
        let part = &text[start..end];
        let lead = part.len() - part.trim_start().len();
        let trimmed = part.trim();
        if !trimmed.is_empty() {
            parts.push(start + lead..start + lead + trimmed.len());
        }
    };
    let mut comment_until = 0;
    for (i, c) in text[within.clone()].char_indices().map(|(i, c)| (within.start + i, c)) {
        if i < comment_until {
            continue;
        }
        match c {
            '/' if text[i..].starts_with("//") => comment_until = i + text[i..].find('\n').unwrap_or(0),
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => depth -= 1,
            ',' if depth == 0 => {
                end_part(start, i);
                start = i + 1;
            }
            _ => {}
        }
    }
    end_part(start, within.end);
    parts
}

/// Behind the bracket that closes the one at a place.
fn closing(text: &str, open: usize) -> Option<usize> {
    let mut depth = 0;
    for (i, c) in text[open..].char_indices() {
        match c {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(open + i + 1);
                }
            }
            _ => {}
        }
    }
    None
}
