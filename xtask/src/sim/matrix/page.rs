//! The page that says what crosses between which trackers.
//!
//! Three tables and a section for each two trackers: what a tracker does not have is said once, of it, and so is what arrives
//! otherwise whatever the other tracker is; what crosses as it was meant is not listed. So a section holds only what is so of
//! these two.

mod column;
mod common;
mod lacks;
mod overview;
mod section;

#[cfg(test)]
mod tests;

use super::PairOutcome;
use anyhow::{Context as _, Result};
use common::Common;
use std::fmt::Write as _;

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
    let mut all = overview::differences(known, outcome);
    all.extend(section::differences(known, outcome));
    all.extend(lacks::differences(known, outcome));
    all
}

fn generated(outcomes: &[PairOutcome]) -> String {
    let names = names(outcomes);
    let common = Common::of(&names, outcomes);
    let mut text = overview::table(&names, outcomes);
    text.push_str(&lacks::table(&names, outcomes));
    text.push_str(&common.table(&names));
    for (at, one) in names.iter().enumerate() {
        for other in &names[at + 1..] {
            text.push_str(&section::section([*one, *other], &common, outcomes));
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

/// A sentence as it may stand in a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn add(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("a string takes all");
}
