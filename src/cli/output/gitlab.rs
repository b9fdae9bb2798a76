//! `--format gitlab`: a Code Quality report, which GitLab compares between the two sides of a merge request.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Report;
use crate::diagnostic::Level;

pub fn render(report: &Report<'_>) -> anyhow::Result<Vec<u8>> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let findings = report.diagnostics.iter().map(|diagnostic| {
        let path = report.path(diagnostic.span.file);
        let line = |offset| report.lines.position(diagnostic.span.file, offset).line;
        // A finding is the same one wherever its line has moved to; several that are alike are told apart by their order.
        let key = format!("{}\0{path}\0{}", diagnostic.rule, diagnostic.message);
        let count = seen.entry(key.clone()).or_default();
        *count += 1;
        json!({
            "description": diagnostic.message,
            "check_name": diagnostic.rule,
            "fingerprint": fingerprint(&format!("{key}\0{count}")),
            "severity": if diagnostic.level == Level::Error { "major" } else { "minor" },
            "location": { "path": path, "lines": { "begin": line(diagnostic.span.start), "end": line(diagnostic.span.end) } },
        })
    });
    let findings: Vec<Value> = findings.collect();
    let mut out = serde_json::to_vec_pretty(&findings)?;
    out.push(b'\n');
    Ok(out)
}

/// The same on every machine and in every version: FNV-1a with 128 bits, in hexadecimal.
fn fingerprint(text: &str) -> String {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let hash = text.bytes().fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME));
    format!("{hash:032x}")
}
