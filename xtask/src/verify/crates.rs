//! Which crate may depend on which: the boundaries of ARCHITECTURE.md, read from cargo's own metadata.

use crate::run;
use anyhow::{Context, Result};
use serde_json::Value;

/// Our crates and which of our crates each may use.
const EDGES: &[(&str, &[&str])] = &[
    ("twinline-core", &[]),
    ("twinline-rules", &["twinline-core"]),
    ("twinline-store", &["twinline-core"]),
    ("twinline-trackers", &["twinline-core"]),
    ("twinline-sim", &["twinline-core"]),
    (
        "twinline-engine",
        &[
            "twinline-core",
            "twinline-rules",
            "twinline-store",
            "twinline-trackers",
        ],
    ),
    (
        "twinline-edge",
        &["twinline-core", "twinline-store", "twinline-trackers"],
    ),
    (
        "twinline-watch",
        &["twinline-core", "twinline-store", "twinline-trackers"],
    ),
];

/// Crates that know everything.
const FREE: &[&str] = &["twinline", "xtask"];

/// All that the pure core may use: nothing that reaches a clock, a file, a socket or randomness.
const CORE: &[&str] = &[
    "hex",
    "jiff",
    "pulldown-cmark",
    "serde",
    "serde_json",
    "sha2",
    "thiserror",
];

/// Cargo's description of the workspace and everything it depends on.
pub(super) fn metadata() -> Result<Value> {
    let mut command = run::cargo();
    command.args(["metadata", "--format-version", "1", "--locked"]);
    serde_json::from_str(&run::quietly(&mut command)?).context("reading cargo metadata")
}

/// Every edge that is not allowed.
pub(super) fn check(metadata: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for package in packages(metadata).filter(|package| package["source"].is_null()) {
        let name = text(package, "name");
        if FREE.contains(&name) {
            continue;
        }
        let Some((_, allowed)) = EDGES.iter().find(|(krate, _)| *krate == name) else {
            found.push(format!("{name}: a new crate needs a decision record and a row in xtask/src/verify/crates.rs"));
            continue;
        };
        let uses = package["dependencies"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|used| used["kind"].is_null());
        for used in uses.map(|used| text(used, "name")) {
            if used.starts_with("twinline") && !allowed.contains(&used) {
                found.push(format!("{name} must not depend on {used}"));
            }
            if name == "twinline-core" && !CORE.contains(&used) {
                found.push(format!("{name} is pure and must not depend on {used}"));
            }
        }
    }
    found
}

/// All packages of the metadata.
pub(super) fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().into_iter().flatten()
}

/// A text member, or the empty text.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
