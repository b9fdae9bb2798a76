//! Depth of every kind: code nested a hundred thousand levels deep is refused in words or read. The process does not end, and soon is done.

use std::time::{Duration, Instant};

use orm_lint::model;
use orm_lint::source::{FileId, STACK_SIZE, SyntaxError};

/// What can nest, as `start`, what is repeated before and after, what is in the middle, and the path.
/// Each level is counted once or more, so that 3,000 levels at most are read.
const NESTS: &[(&str, &str, &str, &str)] = &[
    ("let x = ", "(", "1", ")"),
    ("let x = ", "[", "1", "]"),
    ("let x = ", "[...", "y", "]"),
    ("let x = ", "{ a: ", "1", " }"),
    ("let x = ", "{ [", "1", "]: 1 }"),
    ("let x = ", "function () { return ", "1", " }"),
    ("let x = ", "{ a() { return ", "1", " } }"),
    ("let x = ", "() => { return ", "1", " }"),
    ("let x = ", "a => ", "1", ""),
    ("let x = ", "async a => ", "1", ""),
    ("let x = ", "(a, b) => ", "1", ""),
    ("let x = ", "<T, U>(a: T, b: U): void => ", "1", ""),
    ("let x = ", "class { a = ", "1", " }"),
    ("let x = ", "class extends ", "Y", " {}"),
    ("let x = ", "f(", "1", ")"),
    ("let x = ", "new F(", "1", ")"),
    ("let x = ", "new ", "F", ""),
    ("let x = ", "a[", "1", "]"),
    ("let x = ", "a?.[", "1", "]"),
    ("let x = ", "`${", "1", "}`"),
    ("let x = ", "!", "y", ""),
    ("let x = ", "~", "y", ""),
    ("let x = ", "- ", "y", ""),
    ("let x = ", "+ ", "y", ""),
    ("let x = ", "-+", "y", ""),
    ("let x = ", "typeof ", "y", ""),
    ("let x = ", "void ", "y", ""),
    ("let x = ", "await ", "y", ""),
    ("let x = ", "a ? 1 : ", "y", ""),
    ("let x = ", "a ? ", "y", " : 1"),
    ("let x = ", "{} ? 1 : ", "y", ""),
    ("let x = ", "a = ", "y", ""),
    ("let x = ", "a ??= ", "y", ""),
    ("let x = ", "a **= ", "y", ""),
    ("let x = ", "a ** ", "y", ""),
    ("let x = ", "(a + ", "y", ")"),
    ("let x = ", "/a(/.test(", "y", ")"),
    ("", "{", "1", "}"),
    ("", "{ f();\n", "1", "}\n"),
    ("", "function f() {\n", "1", "}\n"),
    ("", "export const x = () => {\n", "1", "}\n"),
    ("", "if (a) ", "b", ""),
    ("", "if (a) b; else ", "c", ""),
    ("", "if (a) { b } else ", "c", ""),
    ("", "if (a) {\n  b;\n} else ", "c", ""),
    ("let x = ", "a ? {\n  b,\n} : ", "c", ""),
    ("let x = ", "(\n  a,\n  b,\n) => ", "c", ""),
    ("", "for (;;) ", "a", ""),
    ("", "for (a of b) ", "a", ""),
    ("", "while (a) ", "b", ""),
    ("", "do ", "b", " while (a)"),
    ("", "do ", "b", "; while (a)"),
    ("", "try {", "b", "} finally {}"),
    ("", "switch (a) { case b: ", "c", " }"),
    ("", "label: ", "b", ""),
    ("", "namespace A { ", "1", " }"),
    ("", "class A { static { ", "1", " } }"),
    ("let ", "[", "a", "] = b"),
    ("let ", "{ a: ", "b", " } = c"),
    ("function* f() { ", "yield ", "a", " }"),
    ("function* f() { ", "yield* ", "a", " }"),
    ("type X = ", "(", "1", ")"),
    ("type X = ", "[", "1", "]"),
    ("type X = ", "{ a: ", "1", " }"),
    ("type X = ", "A<", "1", ">"),
    ("type X = ", "() => ", "1", ""),
    ("type X = ", "new () => ", "1", ""),
    ("type X = ", "<T>() => ", "1", ""),
    ("type X = ", "keyof ", "T", ""),
    ("type X = ", "readonly ", "T[]", ""),
    ("type X = ", "a extends b ? c : ", "d", ""),
    ("type X = ", "a extends infer B ? ", "c", " : d"),
    ("type X = ", "`${", "a", "}`"),
    ("type X = ", "A[", "1", "]"),
    ("let x = ", "<any>", "y", ""),
    ("let x = ", "<any>(", "y", ")"),
    ("let x = ", "(<any>", "y", ")"),
    ("let x = ", "a<", "y", ""),
    ("let x = ", "f<A<", "y", ">>()"),
];

/// What makes long chains, and deep trees with it.
const CHAINS: &[(&str, &str)] = &[
    ("let x = a", ".b"),
    ("let x = a", ".b()"),
    ("let x = a", "?.b"),
    ("let x = a", "[0]"),
    ("let x = a", "()"),
    ("let x = a", "!"),
    ("let x = a", "``"),
    ("let x = a", " + 1"),
    ("let x = a", " && 1"),
    ("let x = a", " ?? 1"),
    ("let x = a", " < 1"),
    ("let x = a", " as B"),
    ("let x = a", " satisfies B"),
    ("let x = a", " in b"),
    ("let x = (a", ", 1"),
    ("type X = a", " | 1"),
    ("type X = a", ".b"),
    ("type X = a", "[0]"),
    ("type X = a", "[]"),
    ("namespace a", ".b"),
];

#[test]
fn depth_is_read_or_refused() {
    for &(start, open, middle, close) in NESTS {
        for levels in [12, 200, 2_000, 10_000, 100_000] {
            read_in_time("a.ts", &format!("{start}{}{middle}{}", open.repeat(levels), close.repeat(levels)), open, levels);
        }
        read_in_time("a.ts", &format!("{start}{}", open.repeat(100_000)), open, 100_000);
    }
    for open in ["<a>", "<a b={", "<a>{", "<><a.b>", "<A<B> c='\\'>"] {
        for levels in [12, 200, 1_000, 10_000, 100_000] {
            read_in_time("a.tsx", &format!("let x = {}", open.repeat(levels)), open, levels);
        }
    }
}

#[test]
fn chains_are_read_or_refused() {
    for &(start, link) in CHAINS {
        for levels in [200, 2_000, 10_000, 100_000] {
            read_in_time("a.ts", &format!("{start}{}", link.repeat(levels)), link, levels);
        }
    }
}

/// Closing brackets in strings and whole blocks between operators hide depth from the first look. That holds for small files only.
#[test]
fn hidden_depth_is_read_or_refused() {
    let nests = [
        ("x = ", "(\")\",\n"),
        ("x = ", "{\n}?b:"),
        ("x = ", "a={\n}?b:"),
        ("x = ", "function(){\"}\",\n"),
        ("x = ", "(function(){f(\"})}))\",\n"),
        ("", "if(a){\n}else "),
        ("type x = ", "{\"}\":{\n}|"),
        ("type x = ", "{\"}\":"),
    ];
    for (start, open) in nests {
        for size in [100 << 10, 256 << 10, 1 << 20] {
            let levels = size / open.len() - 2;
            read_in_time("a.ts", &format!("{start}{}", open.repeat(levels)), open, levels);
        }
    }
}

/// Reads the text for its facts, too: those recurse over the tree.
fn read_in_time(path: &str, text: &str, what: &str, levels: usize) {
    let (path, text) = (path.to_owned(), text.to_owned());
    let text_length = text.len();
    let start = Instant::now();
    let run = move || model::read(FileId(0), path, text).source.errors;
    let errors = std::thread::Builder::new().stack_size(STACK_SIZE).spawn(run).unwrap().join().unwrap();
    assert!(start.elapsed() < Duration::from_secs(5), "{levels} times {what}: {:?}", start.elapsed());
    let is_right = |e: &SyntaxError| text_length >= e.end as usize && e.start <= e.end;
    assert!(errors.iter().all(is_right), "{levels} times {what}: {errors:?}");
}
