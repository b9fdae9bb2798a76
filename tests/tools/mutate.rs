use orm_lint::{model, source};
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let n: usize = a[2].parse().unwrap();
    let t = match a[1].as_str() {
        "paren" => format!("x = {}y{}", "(".repeat(n), ")".repeat(n)),
        "bracket" => format!("x = {}y{}", "[".repeat(n), "]".repeat(n)),
        "object" => format!("x = {}y{}", "{a:".repeat(n), "}".repeat(n)),
        "function" => format!("x = {}y{}", "function(){return ".repeat(n), "}".repeat(n)),
        "arrow" => format!("x = {}y", "a=>".repeat(n)),
        "arrowb" => format!("x = {}y{}", "()=>{return ".repeat(n), "}".repeat(n)),
        "call" => format!("x = {}y{}", "f(".repeat(n), ")".repeat(n)),
        "block" => format!("{}y{}", "{".repeat(n), "}".repeat(n)),
        "not" => format!("x = {}y", "!".repeat(n)),
        "cond" => format!("x = {}y", "a?b:".repeat(n)),
        "assign" => format!("{}y", "a=".repeat(n)),
        "new" => format!("x = {}y", "new ".repeat(n)),
        "label" => format!("{}y", "a:".repeat(n)),
        "for" => format!("{}y", "for(;;)".repeat(n)),
        "if" => format!("{}y", "if(a)".repeat(n)),
        "elseif" => format!("{}y", "if(a)b;else ".repeat(n)),
        "typefn" => format!("type x = {}y", "()=>".repeat(n)),
        "typecond" => format!("type x = {}y", "a extends b?c:".repeat(n)),
        "typeargs" => format!("type x = {}y{}", "a<".repeat(n), ">".repeat(n)),
        "typeobj" => format!("type x = {}y{}", "{a:".repeat(n), "}".repeat(n)),
        "ns" => format!("namespace {}y{{}}", "a.".repeat(n)),
        "plus" => format!("x = {}y", "a+".repeat(n)),
        "and" => format!("x = {}y", "a&&".repeat(n)),
        "pow" => format!("x = {}y", "a**".repeat(n)),
        "member" => format!("x = a{}", ".a".repeat(n)),
        "calls" => format!("x = a{}", ".a()".repeat(n)),
        "union" => format!("type x = {}y", "a|".repeat(n)),
        "as" => format!("x = a{}", " as b".repeat(n)),
        "template" => format!("x = {}y{}", "`${".repeat(n), "}`".repeat(n)),
        "class" => format!("x = {}y{}", "class{a=".repeat(n), "}".repeat(n)),
        "method" => format!("x = {}y{}", "{a(){return ".repeat(n), "}}".repeat(n)),
        "try" => format!("{}y{}", "try{".repeat(n), "}finally{}".repeat(n)),
        "switch" => format!("{}y{}", "switch(a){case b:".repeat(n), "}".repeat(n)),
        "await" => format!("x = {}y", "await ".repeat(n)),
        "jsx" => format!("x = {}y{}", "<a>".repeat(n), "</a>".repeat(n)),
        "pattern" => format!("let {}y{} = z", "[".repeat(n), "]".repeat(n)),
        "patobj" => format!("let {}y{} = z", "{a:".repeat(n), "}".repeat(n)),
        _ => panic!(),
    };
    let path = if a[1] == "jsx" { "a.tsx" } else { "a.ts" };
    let t0 = std::time::Instant::now();
    let full = a.get(3).is_some();
    let e = std::thread::Builder::new()
        .stack_size(source::STACK_SIZE)
        .spawn(move || {
            if full {
                let f = model::read(source::FileId(0), path.into(), t);
                format!("{:?}", f.source.errors.first())
            } else {
                let (f, tree) = source::parse(source::FileId(0), path.into(), t);
                drop(tree);
                format!("{:?}", f.errors.first())
            }
        })
        .unwrap()
        .join()
        .unwrap();
    println!("{} {} {:?} {}", a[1], n, t0.elapsed(), e);
}
