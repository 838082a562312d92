//! `check`: configuration and rules, certificates, and what trackers say about the names in the rules.

mod certificates;

use super::rulebook;
use crate::config::Config;
use crate::exit::{CONFIGURATION, FAILED, OK};
use crate::handles::SystemClock;
use crate::nodes::webhook_url;
use crate::report::Report;
use crate::rulebook::{Rulebook, load};
use anyhow::Result;
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use twinline_core::handles::Clock as _;
use twinline_core::names::{NodeName, Side};
use twinline_rules::check::check_connections;
use twinline_rules::finding::{Finding, Severity};
use twinline_rules::model::RuleSet;
use twinline_trackers::Scope;

pub(super) async fn run(file: &Path, offline: bool) -> Result<Report> {
    let (config, rulebook) = rulebook(file, offline)?;
    let loaded = load(&config.rules, None)?;
    let mut findings = Vec::new();
    let mut sentences = probe(&rulebook).await;
    let places = loaded.iter().filter_map(|one| one.rules.as_ref().ok());
    let places = places.flat_map(|(rules, _)| scopes(rules)).collect();
    sentences.extend(probe_places(&rulebook, &config, places).await);
    let mut sets = Vec::new();
    let connections = loaded.len();
    for one in loaded {
        match one.rules {
            Ok((rules, sources)) => {
                let judged = rulebook.judge(&rules, &sources).await?;
                findings.extend(judged.findings);
                sentences.extend(judged.unasked);
                sets.push(rules);
            }
            Err(errors) => findings.extend(errors),
        }
    }
    findings.extend(check_connections(&sets.iter().collect::<Vec<_>>()));
    sentences.sort();
    sentences.dedup();
    let certificates = certificates::judged(&config, SystemClock.now());
    // Offline no tracker is asked, so there are no sentences of theirs.
    let sound = !findings.iter().any(Finding::is_error)
        && certificates.iter().all(|certificate| certificate.sound);
    let ok = sound && sentences.is_empty();
    let code = match (sound, ok) {
        (false, _) => CONFIGURATION,
        (true, false) => FAILED,
        (true, true) => OK,
    };
    let lines = certificates.iter().map(|certificate| &certificate.text);
    let mut said: String = lines.map(|line| format!("{line}\n")).collect();
    said += &text(&config.rules, &findings, &sentences, connections, offline);
    let certificates: Vec<_> = certificates.into_iter().map(|each| each.json).collect();
    let json = json!({
        "ok": ok,
        "connections": connections,
        "nodes": config.nodes.len(),
        "offline": offline,
        "findings": findings,
        "certificates": certificates,
        "trackers": sentences,
    });
    Ok(Report::done(&json, said)?.with_code(code))
}

/// What is wrong with the nodes themselves: credentials, clocks, unreachable servers.
async fn probe(rulebook: &Rulebook) -> Vec<String> {
    let mut sentences = Vec::new();
    for (node, tracker) in &rulebook.trackers {
        match tracker.probe().await {
            Ok(probe) => sentences.extend(
                probe
                    .faults
                    .iter()
                    .map(|fault| format!("node '{node}': {fault}")),
            ),
            Err(error) => sentences.push(format!("node '{node}': {error}")),
        }
    }
    sentences
}

/// The places of a connection.
fn scopes(rules: &RuleSet) -> impl Iterator<Item = (NodeName, Scope)> + '_ {
    [Side::Left, Side::Right].into_iter().map(|side| {
        let side = rules.sides.get(side);
        let scope = side.scope.iter();
        let scope = scope.map(|(key, value)| (key.clone(), value.value.clone()));
        (side.node.value.clone(), scope.collect())
    })
}

/// What is wrong with the places in the rules: permissions that are lacking there, webhooks that bring nothing. A tracker that
/// does not answer says so itself where it is asked what the place offers.
async fn probe_places(
    rulebook: &Rulebook,
    config: &Config,
    places: BTreeSet<(NodeName, Scope)>,
) -> Vec<String> {
    let mut sentences = Vec::new();
    for (node, scope) in places {
        let Some(tracker) = rulebook.trackers.get(&node) else {
            continue;
        };
        let public_url = config.public_url(node.as_str());
        let webhook = public_url.map(|url| webhook_url(url, &node));
        match tracker.probe_place(&scope, webhook.as_deref()).await {
            Ok(faults) => {
                sentences.extend(faults.iter().map(|fault| format!("node '{node}': {fault}")))
            }
            Err(error) => sentences.push(format!("node '{node}': {error}")),
        }
    }
    sentences
}

fn text(
    folder: &Path,
    findings: &[Finding],
    sentences: &[String],
    connections: usize,
    offline: bool,
) -> String {
    let mut text = String::new();
    for finding in findings {
        // Writing to a string does not fail.
        let _fine = writeln!(text, "{}", folder.join(finding.to_string()).display());
    }
    for sentence in sentences {
        let _fine = writeln!(text, "{sentence}");
    }
    let of = |severity| {
        findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    };
    let asked = match (offline, sentences.is_empty()) {
        (true, _) => "no tracker was asked",
        (false, true) => "the trackers agree",
        (false, false) => "not every tracker agrees or could be asked: see above",
    };
    let _fine = write!(
        text,
        "{connections} connection{}: {} errors, {} warnings; {asked}",
        if connections == 1 { "" } else { "s" },
        of(Severity::Error),
        of(Severity::Warning),
    );
    text
}
