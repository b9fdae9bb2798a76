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

/// What the parser reads twice at each level, so that twenty levels take seconds and forty take years.
const DOUBLING: &[&str] = &[
    "(<any>",
    "<any>(",
    "[<any>",
    "<any>f(",
    "f(<any>",
    "`${<any>",
    "import(<any>",
    "a ? <any>",
    "tag<A>`${",
    "async <A>`${",
    "`${1}${tag<A>",
    "a<{ [",
    "a<({ [",
    "[a<{",
    "<T extends ({ [",
    "{ 0<",
    "({ 0<",
    "({ 'a'<",
    "a < { 'a' < ",
];

#[test]
fn time_does_not_double() {
    for open in DOUBLING {
        for levels in [2, 12, 13, 20, 40, 200, 2_000] {
            for path in ["a.ts", "a.tsx"] {
                for start in ["let x = ", "type X = ", "f(", "class A { a = "] {
                    read_in_time(path, &format!("{start}{}", open.repeat(levels)), open, levels);
                }
            }
        }
    }
}

#[test]
fn what_is_refused_says_where_and_why() {
    let refused = |text: &str| {
        let (errors, _) = errors_of("a.ts", text);
        errors.into_iter().map(|e| (e.start, e.end, e.message)).collect::<Vec<_>>()
    };
    let only = |at: u32, message: &str| vec![(at, at + 1, message.to_owned())];
    let deep = "nested more than 3000 levels deep here; the file is not linted";
    assert_eq!(refused(&format!("é({}", "(".repeat(2_999))).len(), 1, "3,000 are read, and end in a syntax error");
    assert!(!refused(&format!("é({}", "(".repeat(2_999)))[0].2.contains("not linted"));
    assert_eq!(refused(&format!("é({}", "(".repeat(3_500))), only(2 + 3_000, deep));
    assert_eq!(refused(&format!("\u{feff}#!/bin/sh {{\n{}", "(".repeat(3_500))), only(3 + 12 + 3_000, deep));
    let long = "more than 20000 operators, members or calls in one expression; the file is not linted";
    assert_eq!(refused(&format!("a{}", ".b".repeat(30_000))), only(1 + 40_000, long));
    let angles = "more than 300 `<` before a matching `>`; the file is not linted";
    assert_eq!(refused(&"a<".repeat(800)), only(601, angles));
    let doubling = "more than 12 type assertions or type arguments inside each other; the file is not linted. Write `x as T` for `<T>x`";
    assert_eq!(refused(&"(<a>".repeat(20)), only(4 * 12 + 3, doubling));
}

/// Real code does things that must not be taken for nesting, however often.
#[test]
fn long_files_are_not_deep() {
    let lines = [
        "const a = 1\n",
        "let x: Map<string, number>\n",
        "if (a) { b() } else { c() }\n",
        "if (a) b()\nelse c()\n",
        "for (let i = 0; i < n; i++) {}\n",
        "do { a() } while (b)\n;",
        "x = a ? b : c\n",
        "const f = (a) => (b) => a < b\n",
        "f(`a ${b ? `c ${d}` : \"`\"}`)\n",
        "x = /[/\\]`'\"(]/.test(a) / 2\n",
        "x = a / b / c // don't (\n",
        "/* ' \" ` ( { */\n",
        "const s = \"(((\"\n",
        "const s = '\\'((('\n",
        "type F = <T>(a: T) => void\n",
        "class A<T> { private readonly a = 1\n b?: string\n static c(): void {} }\n",
        "export const q = query({ args: { a: v.string() }, handler: async (ctx) => { await ctx.db.get(a) } })\n",
        "export type { A } from './a'\n",
        "switch (a) { case 1: case 2: default: b() }\n",
        "interface I { f: <T>() => void\n g: (a: A) => void\n }\n",
        "@d() class B { @e() f = 1\n @g h() {} }\n",
        "a = <any>b\n",
        "if (a) /x'/.test(b)\n",
        "(function () {}) / 2\n;[1, 2].map((a) => a)\n",
    ];
    for line in lines {
        assert_eq!(errors_of("a.ts", &line.repeat(5_000)).0.first(), None, "{line}");
    }
    let elements = [
        "x = <p>don't <b className='a > b'>(</b> {`it's ${a}`} /* no comment */ // nor this</p>;\n",
        "x = <a b={<c/>} d=\"{\" e>{/* ' */}</a>\n",
        "x = a < b ? <></> : <A.B<C> d />\n",
        "const f = <T,>(a: T) => <div>{a}</div>\n",
        "const f = <T extends A>(a: T) => a\n",
        "type F = { f: <T>(a: T) => void }\n",
    ];
    for line in elements {
        assert_eq!(errors_of("a.tsx", &line.repeat(5_000)).0.first(), None, "{line}");
    }
}

fn errors_of(path: &str, text: &str) -> (Vec<SyntaxError>, usize) {
    let (path, text) = (path.to_owned(), text.to_owned());
    let length = text.len();
    let run = move || model::read(FileId(0), path, text).source.errors;
    (std::thread::Builder::new().stack_size(STACK_SIZE).spawn(run).unwrap().join().unwrap(), length)
}

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
        ("type x = ", "A<B,\n"),
        ("x = ", "a ? b :\n{\n}?"),
    ];
    for (start, open) in nests {
        for size in [100 << 10, 160 << 10, 256 << 10, 500 << 10, 2 << 20] {
            let levels = size / open.len() - 2;
            read_in_time("a.ts", &format!("{start}{}", open.repeat(levels)), open, levels);
        }
    }
}

/// Reads the text for its facts, too: those recurse over the tree.
fn read_in_time(path: &str, text: &str, what: &str, levels: usize) {
    let start = Instant::now();
    let (errors, length) = errors_of(path, text);
    assert!(start.elapsed() < Duration::from_secs(5), "{levels} times {what}: {:?}", start.elapsed());
    let is_right = |e: &SyntaxError| length >= e.end as usize && e.start <= e.end;
    assert!(errors.iter().all(is_right), "{levels} times {what}: {errors:?}");
}
