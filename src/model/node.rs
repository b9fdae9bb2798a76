//! What needs Node: its built-in modules, and packages that cannot run without them.

use super::hir::Module;
use super::{Project, Workspace, in_file};
use crate::source::{FileId, Span};

/// Built-in modules whose bare names no package stands in for.
const BUILT_IN: [&str; 22] = [
    "async_hooks",
    "child_process",
    "cluster",
    "crypto",
    "dgram",
    "dns",
    "fs",
    "fs/promises",
    "http",
    "http2",
    "https",
    "inspector",
    "net",
    "os",
    "perf_hooks",
    "readline",
    "repl",
    "tls",
    "v8",
    "vm",
    "worker_threads",
    "zlib",
];

/// Packages that open sockets, files or processes, or bring binaries.
const PACKAGES: [&str; 20] = [
    "@google-cloud/storage",
    "bcrypt",
    "better-sqlite3",
    "canvas",
    "firebase-admin",
    "fluent-ffmpeg",
    "fs-extra",
    "googleapis",
    "ioredis",
    "mongodb",
    "mongoose",
    "mysql2",
    "nodemailer",
    "pg",
    "playwright",
    "playwright-core",
    "puppeteer",
    "puppeteer-core",
    "sharp",
    "ssh2",
];

fn needs_node(specifier: &str) -> bool {
    specifier.starts_with("node:") || BUILT_IN.contains(&specifier) || PACKAGES.contains(&specifier)
}

/// The first import that needs Node, and that something uses as a value: its name and place.
pub fn own_need(module: &Module) -> Option<(&str, Span)> {
    let imports = module.imports.iter().enumerate();
    let found = imports.filter(|(_, i)| !i.type_only && needs_node(&i.module)).find(|(at, _)| module.is_import_used(*at as u32))?.1;
    Some((&found.module, module.at(found.decl_start, found.decl_end)))
}

/// The way to an import that needs Node: imports, from the file's own to that one; and its name.
pub struct Need<'w> {
    pub module: &'w str,
    pub way: Vec<Span>,
}

impl Workspace {
    /// Why the file needs Node, where it does: an import of its own, or of a file that it brings in.
    ///
    /// Of files that register functions themselves nothing is said: they are judged by themselves.
    pub fn need_for_node(&self, project: &Project, file: FileId) -> Option<Need<'_>> {
        let mut seen = vec![file];
        self.need_within(project, file, &mut seen)
    }

    fn need_within<'w>(&'w self, project: &Project, file: FileId, seen: &mut Vec<FileId>) -> Option<Need<'w>> {
        if let Some((module, span)) = own_need(self.hir(file)) {
            return Some(Need { module, way: vec![span] });
        }
        for import in self.imports_of(file).iter().filter(|i| i.is_used) {
            let registers = !in_file(&project.functions, import.file, |f| f.file).is_empty();
            if seen.contains(&import.file) || registers || self.hir(import.file).use_node {
                continue;
            }
            seen.push(import.file);
            if let Some(mut need) = self.need_within(project, import.file, seen) {
                need.way.insert(0, import.span);
                return Some(need);
            }
        }
        None
    }
}
