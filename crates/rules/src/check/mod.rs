//! The static check: what is wrong or doubtful in a connection's rules, judged against both sides' descriptions.

mod fields;
mod graph;
mod screens;
mod scripts;
mod sections;
mod values;
mod workflow;

#[cfg(test)]
mod tests;

pub use graph::check_connections;

use crate::catalogue::Catalogue;
use crate::describe::SideDescription;
use crate::finding::{Finding, Severity, Spot};
use crate::model::{FieldRules, RuleSet, ValueTable};
use crate::script::ScriptRunner;
use crate::source::RuleSources;
use std::collections::BTreeMap;
use twinline_core::capability::Capabilities;
use twinline_core::names::{NodeName, Side, Sides};

/// What is known about the two sides.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// What each side's scope offers; an empty description is not judged against.
    pub descriptions: &'a Sides<SideDescription>,
    /// What each side's tracker can do, where its connector is known.
    pub capabilities: &'a Sides<Option<Capabilities>>,
    /// The nodes of the configuration with their trackers' names; `None`: not judged against.
    pub nodes: Option<&'a BTreeMap<NodeName, String>>,
}

/// Checks one connection. Its scripts are loaded by `runner`, not run. Findings come in the order of the files.
pub fn check(
    rules: &RuleSet,
    sources: &RuleSources,
    around: Surroundings<'_>,
    runner: &dyn ScriptRunner,
) -> Vec<Finding> {
    let catalogues = Sides::from_fn(|side| Catalogue::new(around.descriptions.get(side).clone()));
    let mut judge = Judge {
        rules,
        sources,
        catalogues: &catalogues,
        capabilities: around.capabilities,
        findings: Vec::new(),
    };
    sections::sides(&mut judge, around.nodes);
    fields::fields(&mut judge);
    values::tables(&mut judge);
    sections::deletions(&mut judge);
    sections::comments(&mut judge);
    sections::attachments(&mut judge);
    scripts::scripts(&mut judge, runner);
    let mut findings = judge.findings;
    findings.sort_by(|a, b| (&a.file, a.spot, &a.what).cmp(&(&b.file, b.spot, &b.what)));
    findings.dedup();
    findings
}

/// One check at work.
struct Judge<'a> {
    rules: &'a RuleSet,
    sources: &'a RuleSources,
    catalogues: &'a Sides<Catalogue>,
    capabilities: &'a Sides<Option<Capabilities>>,
    findings: Vec<Finding>,
}

impl<'a> Judge<'a> {
    fn say(
        &mut self,
        severity: Severity,
        spot: Spot,
        what: impl Into<String>,
        way_out: impl Into<String>,
    ) {
        self.findings.push(Finding {
            severity,
            file: self.rules.file.clone(),
            spot,
            what: what.into(),
            way_out: way_out.into(),
        });
    }

    fn error(&mut self, spot: Spot, what: impl Into<String>, way_out: impl Into<String>) {
        self.say(Severity::Error, spot, what, way_out);
    }

    fn warn(&mut self, spot: Spot, what: impl Into<String>, way_out: impl Into<String>) {
        self.say(Severity::Warning, spot, what, way_out);
    }

    fn node(&self, side: Side) -> &'a str {
        self.rules.sides.get(side).node.value.as_str()
    }

    /// The value table that a side applies to a field.
    fn table(&self, field: &FieldRules, side: Side) -> Option<&'a ValueTable> {
        if field.via.get(side).is_some() {
            return None;
        }
        self.rules.values.get(&field.values.as_ref()?.value)
    }

    /// Whether the side's script has this word anywhere.
    fn script_mentions(&self, side: Side, word: &str) -> bool {
        let script = self.sources.scripts.get(side).as_ref();
        script.is_some_and(|script| has_word(&script.text, word))
    }
}

/// Whether a text has a word by itself.
fn has_word(text: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(inside) && !after.is_some_and(inside)
    })
}
