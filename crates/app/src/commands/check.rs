//! `check`: configuration and rules, and what trackers say about the names in them.

use super::rulebook;
use crate::exit::{CONFIGURATION, FAILED, OK};
use crate::report::Report;
use crate::rulebook::{Rulebook, load};
use anyhow::Result;
use serde_json::json;
use std::fmt::Write as _;
use std::path::Path;
use twinline_rules::check::check_connections;
use twinline_rules::finding::{Finding, Severity};

pub(super) async fn run(file: &Path, offline: bool) -> Result<Report> {
    let (config, rulebook) = rulebook(file, offline)?;
    let loaded = load(&config.rules, None)?;
    let mut findings = Vec::new();
    let mut sentences = probe(&rulebook).await;
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
    // Offline no tracker is asked, so there are no sentences of theirs.
    let sound = !findings.iter().any(Finding::is_error);
    let ok = sound && sentences.is_empty();
    let code = match (sound, ok) {
        (false, _) => CONFIGURATION,
        (true, false) => FAILED,
        (true, true) => OK,
    };
    let text = text(&config.rules, &findings, &sentences, connections, offline);
    let json = json!({
        "ok": ok,
        "connections": connections,
        "nodes": config.nodes.len(),
        "offline": offline,
        "findings": findings,
        "trackers": sentences,
    });
    Ok(Report::done(&json, text)?.with_code(code))
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
