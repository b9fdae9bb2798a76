//! The JSON schema of a configuration file, made from the rules and their options.
//!
//! What configuration means is `cli::config`'s business; a test there may hold it against this.

use serde_json::{Map, Value, json};

use crate::diagnostic::Level;
use crate::preset::Preset;
use crate::rule::RuleEntry;
use crate::rules;

/// Draft 7: the newest that every editor reads.
const DIALECT: &str = "http://json-schema.org/draft-07/schema#";

/// The schema, as published in `docs/schema.json`.
pub fn config_schema() -> String {
    let properties: Map<String, Value> = config_properties().into_iter().collect();
    let schema = json!({
        "$schema": DIALECT,
        "title": "orm-lint configuration",
        "description": "orm-lint.json or orm-lint.jsonc",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "definitions": { "level": level(), "rules": rules_schema() },
    });
    format!("{schema:#}\n")
}

/// The keys of a configuration file with their schemas, in the order of the documentation.
pub fn config_properties() -> Vec<(String, Value)> {
    let presets: Vec<&str> = Preset::ALL.into_iter().map(Preset::name).collect();
    let strings = || json!({ "type": "array", "items": { "type": "string" } });
    let with = |mut schema: Value, description: &str| {
        schema["description"] = description.into();
        schema
    };
    let properties = [
        ("$schema", with(json!({ "type": "string" }), "Where this schema is, for editors.")),
        (
            "extends",
            with(
                json!({ "anyOf": [{ "type": "string" }, strings()] }),
                "Configurations to start from: paths relative to this file, or npm packages. Later ones win.",
            ),
        ),
        ("preset", with(json!({ "enum": presets, "default": Preset::default().name() }), "The levels to start from.")),
        (
            "rules",
            with(
                json!({ "allOf": [{ "$ref": "#/definitions/rules" }], "type": "object" }),
                "Rules by id: a level, or a list of a level and the rule's options.",
            ),
        ),
        ("ignore", with(strings(), "Globs of files that are not linted, relative to this file.")),
        (
            "overrides",
            with(
                json!({
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "files": with(strings(), "Globs of the files that it holds for, relative to this file."),
                            "rules": { "$ref": "#/definitions/rules" },
                        },
                        "required": ["files", "rules"],
                        "additionalProperties": false,
                    },
                }),
                "Rules for some files; later ones win.",
            ),
        ),
        ("root", with(json!({ "type": "boolean", "default": false }), "Whether configurations in folders above are left out.")),
    ];
    properties.into_iter().map(|(key, schema)| (key.to_owned(), schema)).collect()
}

fn level() -> Value {
    let names = [Level::Off, Level::Warn, Level::Error].map(Level::name);
    json!({ "enum": names })
}

fn rules_schema() -> Value {
    let mut properties = Map::new();
    for entry in rules::ALL {
        properties.insert(entry.meta.id.to_owned(), rule_schema(entry));
    }
    for entry in rules::ALL {
        if let Some(alias) = entry.meta.alias {
            properties
                .insert(format!("@convex-dev/{alias}"), json!({ "$ref": format!("#/definitions/rules/properties/{}", entry.meta.id) }));
        }
    }
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn rule_schema(entry: &RuleEntry) -> Value {
    let mut options = (entry.schema)().to_value();
    if let Some(fields) = options.as_object_mut() {
        // Those of the rule stand beside it, and the dialect is that of the whole.
        for key in ["$schema", "title", "description"] {
            fields.remove(key);
        }
    }
    let level = json!({ "$ref": "#/definitions/level" });
    json!({
        "description": format!("{}\n\n{}", entry.meta.summary(), super::url(entry.meta)),
        "anyOf": [
            level,
            { "type": "array", "items": [level, options], "minItems": 1, "maxItems": 2 },
        ],
    })
}
