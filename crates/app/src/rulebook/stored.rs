//! A rule version as the store keeps it: its files by name, and both sides' descriptions beside them.

use std::collections::BTreeMap;
use twinline_core::names::{Side, Sides};
use twinline_rules::finding::Finding;
use twinline_rules::parse::parse;
use twinline_rules::source::{RuleSources, SourceFile};
use twinline_rules::version::Snapshot;

/// The descriptions' name among the sources; no file of the rules folder may begin with a dot.
const DESCRIPTIONS: &str = ".descriptions.json";

/// A snapshot as files by name.
pub fn to_sources(snapshot: &Snapshot) -> BTreeMap<String, String> {
    let descriptions =
        serde_json::to_string(&snapshot.descriptions).expect("a description is JSON");
    let mut sources = BTreeMap::from([(DESCRIPTIONS.to_owned(), descriptions)]);
    let scripts = [
        &snapshot.sources.scripts.left,
        &snapshot.sources.scripts.right,
    ];
    for file in scripts.into_iter().flatten().chain([&snapshot.sources.map]) {
        sources.insert(file.name.clone(), file.text.clone());
    }
    sources
}

/// Takes files by name back.
///
/// # Errors
/// A sentence: a file is missing or cannot be read.
pub fn from_sources(sources: &BTreeMap<String, String>) -> Result<Snapshot, String> {
    let descriptions = match sources.get(DESCRIPTIONS) {
        Some(text) => serde_json::from_str(text)
            .map_err(|error| format!("the descriptions of the version cannot be read: {error}"))?,
        None => Sides::default(),
    };
    let mut maps = sources.iter().filter(|(name, _)| name.ends_with(".toml"));
    let (Some((name, text)), None) = (maps.next(), maps.next()) else {
        return Err("a version has exactly one rules file".to_owned());
    };
    let map = SourceFile::new(name, text);
    let rules = parse(&map).map_err(|findings| sentences(&findings))?;
    let mut missing = None;
    let scripts = Sides::from_fn(|side: Side| {
        let name = &rules.sides.get(side).script.as_ref()?.value;
        let text = sources.get(name);
        if text.is_none() {
            missing = Some(format!(
                "{}: the {side} script '{name}' is missing",
                map.name
            ));
        }
        Some(SourceFile::new(name, text?))
    });
    match missing {
        Some(sentence) => Err(sentence),
        None => Ok(Snapshot {
            sources: RuleSources { map, scripts },
            descriptions,
        }),
    }
}

/// Findings in one text.
pub(super) fn sentences(findings: &[Finding]) -> String {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[cfg(test)]
#[path = "stored_tests.rs"]
mod tests;
