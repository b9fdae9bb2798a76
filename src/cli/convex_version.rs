//! For which version of Convex a project is written: the one that is installed, else what its package.json asks for.
//!
//! Never asks the network. What a name stands for (`latest`, `workspace:*`, a catalogue) is not known.

use std::path::Path;

use serde_json::Value;

use crate::model::layout::ConvexVersion;

/// That of a project, by its functions folder (absolute).
pub fn of(functions: &Path, is_component: bool) -> Option<ConvexVersion> {
    let installed = || {
        let manifest = functions.ancestors().find_map(|folder| manifest(&folder.join("node_modules/convex/package.json")))?;
        Some(ConvexVersion { is_installed: true, ..ConvexVersion::lowest(manifest.get("version")?.as_str()?)? })
    };
    let asked = || functions.ancestors().find_map(|folder| asked(&manifest(&folder.join("package.json"))?));
    // A component runs with whatever its users have installed.
    if is_component { asked().or_else(installed) } else { installed().or_else(asked) }
}

/// The lowest version that a package.json allows.
fn asked(manifest: &Value) -> Option<ConvexVersion> {
    let lists = ["dependencies", "devDependencies", "peerDependencies"].into_iter();
    lists.filter_map(|list| ConvexVersion::lowest(manifest.get(list)?.get("convex")?.as_str()?)).min()
}

fn manifest(path: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(path).ok()?;
    serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()
}
