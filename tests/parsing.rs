//! Text that is hard to read: what the parser chokes on, and what must not make it choke. Each is refused in words or parsed; none ends the process.

use orm_lint::source::{self, FileId, STACK_SIZE, SourceFile};

/// Parses on a thread with the stack that the program uses. Whether there is a tree, and the file.
fn parse(path: &str, text: &str) -> (bool, SourceFile) {
    let (path, text) = (path.to_owned(), text.to_owned());
    let run = move || {
        let (file, tree) = source::parse(FileId(0), path, text);
        (tree.is_some(), file)
    };
    std::thread::Builder::new().stack_size(STACK_SIZE).spawn(run).unwrap().join().unwrap()
}

/// `line:column message` of each error; columns count characters.
fn errors(file: &SourceFile) -> Vec<String> {
    let place = |at: u32| {
        let before = &file.text[..at as usize];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{line}:{column}")
    };
    file.errors.iter().map(|e| format!("{}-{} {}", place(e.start), place(e.end), e.message)).collect()
}

struct Case {
    name: &'static str,
    path: &'static str,
    text: &'static str,
    /// Whether a tree is made.
    parses: bool,
    errors: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case { name: "empty", path: "a.ts", text: "", parses: true, errors: &[] },
    Case { name: "only a byte order mark", path: "a.ts", text: "\u{feff}", parses: true, errors: &[] },
    Case {
        name: "byte order mark twice",
        path: "a.ts",
        text: "\u{feff}\u{feff}let x = ;",
        parses: false,
        errors: &["1:11-1:12 Expression expected"],
    },
    Case {
        name: "byte order mark before an error",
        path: "a.ts",
        text: "\u{feff}let x = ;",
        parses: false,
        errors: &["1:10-1:11 Expression expected"],
    },
    Case {
        name: "hashbang",
        path: "a.ts",
        text: "#!/usr/bin/env node\nlet x = ;",
        parses: false,
        errors: &["2:9-2:10 Expression expected"],
    },
    Case {
        name: "byte order mark and hashbang",
        path: "a.ts",
        text: "\u{feff}#!/usr/bin/env node\nlet x = ;",
        parses: false,
        errors: &["2:9-2:10 Expression expected"],
    },
    Case { name: "only a hashbang", path: "a.ts", text: "#!/usr/bin/env node", parses: true, errors: &[] },
    Case {
        name: "namespaced JSX member",
        path: "a.tsx",
        text: "const x = <a:b.c/>;",
        parses: false,
        errors: &[
            "1:1-1:1 the parser crashed on this file (internal error: entered unreachable code: JSXNamespacedName -> JSXObject): a bug in the parser, please report it; the file is not linted",
        ],
    },
    Case {
        name: "error inside a character",
        path: "a.ts",
        text: "\"\\xé\"",
        parses: false,
        errors: &["1:2-1:4 Bad character escape sequence, expected 2 hex characters"],
    },
    Case {
        name: "error after wide characters",
        path: "a.ts",
        text: "let é = \"😀\" let",
        parses: true,
        errors: &["1:13-1:16 Expected a semicolon", "1:13-1:16 `let` cannot be used as an identifier in strict mode"],
    },
    Case {
        name: "error on a line after CRLF",
        path: "a.ts",
        text: "let a;\r\nlet = ;\r\n",
        parses: false,
        errors: &["2:1-2:4 `let` cannot be used as an identifier in strict mode", "2:7-2:8 Expression expected"],
    },
    Case { name: "NUL", path: "a.ts", text: "let a = 1;\n\0", parses: false, errors: &["2:1-2:1 Unexpected character '\\0'"] },
    Case { name: "NUL in a string", path: "a.ts", text: "let a = '\0';", parses: true, errors: &[] },
    Case {
        name: "lone surrogates",
        path: "a.ts",
        text: r#"let a = "\ud83d", b = `\udc00`, c = { "\ud800": 1 };"#,
        parses: true,
        errors: &[],
    },
    Case { name: "line separator in a string", path: "a.ts", text: "let a = '\u{2028}'; let b;", parses: true, errors: &[] },
    Case {
        name: "line separator ends a comment",
        path: "a.ts",
        text: "// a\u{2028}let = ;",
        parses: false,
        errors: &["1:6-1:9 `let` cannot be used as an identifier in strict mode", "1:12-1:13 Expression expected"],
    },
    Case {
        name: "carriage return alone ends a comment",
        path: "a.ts",
        text: "// a\rlet = ;",
        parses: false,
        errors: &["1:6-1:9 `let` cannot be used as an identifier in strict mode", "1:12-1:13 Expression expected"],
    },
    Case {
        name: "unterminated string",
        path: "a.ts",
        text: "let a = 'x;\nlet b;",
        parses: true,
        errors: &["1:9-1:12 Unterminated string constant"],
    },
    Case {
        name: "unterminated comment",
        path: "a.ts",
        text: "let a;\n/* x",
        parses: true,
        errors: &["2:5-2:5 Unterminated block comment"],
    },
    Case { name: "unterminated template", path: "a.ts", text: "let a = `x", parses: false, errors: &["1:9-1:11 Unterminated template"] },
    Case { name: "unterminated regex", path: "a.ts", text: "let a = /x", parses: false, errors: &["1:9-1:11 Unterminated regexp literal"] },
    Case {
        name: "missing brace",
        path: "a.ts",
        text: "function f() {\n  g();\n",
        parses: true,
        errors: &["3:1-3:1 Expected '}', got '<eof>'"],
    },
    Case {
        name: "merge conflict",
        path: "a.ts",
        text: "<<<<<<< a\nlet a;\n=======\nlet b;\n>>>>>>> b\n",
        parses: true,
        errors: &[
            "1:1-1:8 Merge conflict marker encountered.",
            "3:1-3:8 Merge conflict marker encountered.",
            "5:1-5:8 Merge conflict marker encountered.",
        ],
    },
    Case {
        name: "error found twice",
        path: "a.ts",
        text: "const a = (b: number) => { const c; };",
        parses: true,
        errors: &["1:34-1:35 'const' declarations must be initialized"],
    },
    Case {
        name: "recovered errors before a fatal one",
        path: "a.ts",
        text: "const a;\nbreak;\nlet b = );",
        parses: false,
        errors: &[
            "1:7-1:8 'const' declarations must be initialized",
            "2:1-2:7 A 'break' statement can only be used within an enclosing iteration or switch statement",
            "3:9-3:10 Expression expected",
        ],
    },
    Case {
        name: "return at the top of a module",
        path: "a.ts",
        text: "return 1;",
        parses: true,
        errors: &["1:1-1:10 Return statement is not allowed here"],
    },
    Case { name: "return at the top of CommonJS", path: "a.cjs", text: "return 1;", parses: true, errors: &[] },
    Case { name: "sloppy names in a script", path: "a.js", text: "var package = await + yield; with (a) b;", parses: true, errors: &[] },
    Case {
        name: "sloppy names in a module",
        path: "a.mjs",
        text: "var package = 1;",
        parses: true,
        errors: &["1:5-1:12 `package` cannot be used as an identifier in strict mode"],
    },
    Case { name: "types in JavaScript", path: "a.js", text: "let a: number = 1;", parses: true, errors: &["1:6-1:7 Expected a semicolon"] },
    Case { name: "JSX in JavaScript", path: "a.js", text: "let a = <b c='d'>e</b>;", parses: true, errors: &[] },
    Case {
        name: "JSX in TypeScript",
        path: "a.ts",
        text: "let a = <b c='d'>e</b>;",
        parses: false,
        errors: &["1:12-1:13 Expected '>', got 'ident'"],
    },
    Case { name: "angle cast", path: "a.ts", text: "let a = <any>b;", parses: true, errors: &[] },
    Case {
        name: "angle cast in TSX",
        path: "a.tsx",
        text: "let a = <any>b;",
        parses: false,
        errors: &["1:16-1:16 Expected '</', got '<eof>'"],
    },
    Case {
        name: "declarations",
        path: "a.d.ts",
        text: "declare function f(): void; export const a: 1; class A { b(): void; }",
        parses: true,
        errors: &[],
    },
    Case {
        name: "declarations outside of .d.ts",
        path: "a.ts",
        text: "const a: 1;",
        parses: true,
        errors: &["1:7-1:11 'const' declarations must be initialized"],
    },
    Case { name: "capital ending", path: "A.TSX", text: "let a = <b/>;", parses: true, errors: &[] },
    Case { name: "no ending", path: "é", text: "let a: number;", parses: true, errors: &[] },
    Case { name: "top-level await", path: "a.ts", text: "await a;", parses: true, errors: &[] },
    Case { name: "top-level await in a script", path: "a.js", text: "await a;", parses: true, errors: &[] },
];

#[test]
fn hard_text_is_refused_or_parsed_with_exact_places() {
    for case in CASES {
        let (parses, file) = parse(case.path, case.text);
        assert_eq!((parses, errors(&file).as_slice()), (case.parses, owned(case.errors).as_slice()), "{}", case.name);
        assert_eq!(&*file.text, case.text, "{}: the text is kept as it was", case.name);
    }
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|&line| line.to_owned()).collect()
}

#[test]
fn no_comment_is_lost() {
    let texts = [
        "// only",
        "\u{feff}// after a mark\nlet a;",
        "#!/bin/sh\n// after a hashbang",
        "let a; // last",
        "let a;\n/* last */",
        "let a = (/* in */ b: /* type */ number /* end */) => { /* empty */ } // arrow\n",
        "f(<any>(/* twice */ a)); // casts are read twice",
        "f</* argument */ T>(/* none */)",
        "if (a) /* b */ { } // c\nelse // d\n e()",
        "/** docs */ export default /* x */ class /* y */ { /* z */ }\n// end\n// after the end",
        "`${/* in a template */ a}` // after",
        "// bad\nlet a = '\n// after an error that is recovered from",
    ];
    for text in texts {
        let (_, file) = parse("a.ts", text);
        let found: Vec<&str> = file.comments.iter().map(|c| file.comment_text(c)).collect();
        assert_eq!(found, comments_by_eye(text), "{text}");
    }
}

/// In texts without strings that look like comments.
fn comments_by_eye(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("//").into_iter().chain(rest.find("/*")).min() {
        if rest[..start].ends_with("#!") || rest[..start].ends_with("#!/") {
            rest = &rest[start + 2..];
            continue;
        }
        let end = if rest[start..].starts_with("//") { rest[start..].find('\n') } else { rest[start..].find("*/").map(|n| n + 2) };
        let end = end.map_or(rest.len(), |n| start + n);
        found.push(&rest[start..end]);
        rest = &rest[end..];
    }
    found
}

#[test]
fn a_line_of_a_megabyte_is_read() {
    let text = format!("const rows = [{}];", "{ a: 1, b: \"x\" }, ".repeat(60_000));
    let (parses, file) = parse("a.ts", &text);
    assert!(parses && file.errors.is_empty(), "{:?}", file.errors);
}

#[test]
fn what_is_too_large_is_not_read() {
    let (parses, file) = parse("a.ts", &" ".repeat((64 << 20) + 1));
    assert_eq!((parses, errors(&file)), (false, owned(&["1:1-1:1 larger than 64 MB; the file is not linted"])));
}
