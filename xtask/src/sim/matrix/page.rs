//! The page that says what crosses between which trackers.
//!
//! Two tables and a section for each two trackers: what a tracker does not have is said once, of it, and what crosses as it
//! was meant is not listed. So a section holds only what arrives otherwise, or not at all.

mod lacks;
mod section;

#[cfg(test)]
mod tests;

use super::{PairOutcome, Verdict};
use anyhow::{Context as _, Result};
use std::fmt::Write as _;
use twinline_core::names::Sides;
use twinline_trackers::registry;

/// The page, in the workspace.
pub const PAGE: &str = "docs/trackers.md";

/// What stands below this line is written by the matrix.
const MARK: &str = "<!-- Below this line: written by `cargo xtask matrix --write`. -->\n";

/// The page as it must be, given the one that is there: its hand-written head, and what came of the cases.
///
/// # Errors
/// The page has no line below which is written.
fn page(known: &str, outcomes: &[PairOutcome]) -> Result<String> {
    let (head, _) = known
        .split_once(MARK)
        .with_context(|| format!("{PAGE} has no line {MARK:?}"))?;
    Ok(format!("{head}{MARK}\n{}", generated(outcomes)))
}

/// Writes the page.
pub(super) fn write(outcomes: &[PairOutcome]) -> Result<()> {
    let file = crate::root().join(PAGE);
    let known = std::fs::read_to_string(&file).with_context(|| format!("reading {PAGE}"))?;
    std::fs::write(&file, page(&known, outcomes)?).with_context(|| format!("writing {PAGE}"))
}

/// What a page says otherwise than a pair's outcome, each in a sentence.
pub fn differences(known: &str, outcome: &PairOutcome) -> Vec<String> {
    let mut all = section::differences(known, outcome);
    all.extend(lacks::differences(known, outcome));
    all
}

fn generated(outcomes: &[PairOutcome]) -> String {
    let names = names(outcomes);
    let mut text = overview(&names, outcomes);
    text.push_str(&lacks::table(&names, outcomes));
    for (at, one) in names.iter().enumerate() {
        for other in &names[at + 1..] {
            text.push_str(&section::section([*one, *other], outcomes));
        }
    }
    text
}

/// The trackers, in the order in which they begin pairs.
fn names(outcomes: &[PairOutcome]) -> Vec<&'static str> {
    let lefts = outcomes.iter().map(|outcome| outcome.trackers.left);
    let mut names: Vec<&str> = lefts.collect();
    names.dedup();
    names
}

/// How much crosses, in one table.
fn overview(names: &[&'static str], outcomes: &[PairOutcome]) -> String {
    let mut text = "## At a glance\n\nOf the cases that both trackers have: how many cross, and how many arrive otherwise than they were meant. Rows: where the item begins. Columns: where its twin is.\n\n| |".to_owned();
    for name in names {
        add(&mut text, format_args!(" {} |", registry::label(name)));
    }
    add(
        &mut text,
        format_args!("\n|---|{}\n", "---|".repeat(names.len())),
    );
    for left in names {
        add(&mut text, format_args!("| **{}** |", registry::label(left)));
        for right in names {
            let trackers = Sides {
                left: *left,
                right: *right,
            };
            let mut outcomes = outcomes.iter();
            let found = outcomes.find(|outcome| outcome.trackers == trackers);
            let cell = found.map_or_else(String::new, counts);
            add(&mut text, format_args!(" {cell} |"));
        }
        text.push('\n');
    }
    text
}

fn counts(outcome: &PairOutcome) -> String {
    let (mut crosses, mut degrades, mut failed) = (0, 0, 0);
    for told in &outcome.told {
        match told.verdict {
            Verdict::Crosses => crosses += 1,
            Verdict::Degrades(_) => degrades += 1,
            Verdict::Absent { .. } => {}
            Verdict::Failed(_) => failed += 1,
        }
    }
    let failures = match failed {
        0 => String::new(),
        failed => format!(", {failed} failed"),
    };
    format!("{crosses}, {degrades}{failures}")
}

/// A sentence as it may stand in a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn add(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("a string takes all");
}
