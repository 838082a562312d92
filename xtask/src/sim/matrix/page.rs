//! The page that says what crosses between which trackers.

use super::{Case, PairOutcome, Told, Verdict, Way};
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
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

fn generated(outcomes: &[PairOutcome]) -> String {
    let mut text = overview(outcomes);
    for outcome in outcomes {
        text.push_str(&section(outcome));
    }
    text
}

/// How much crosses, in one table.
fn overview(outcomes: &[PairOutcome]) -> String {
    let mut names: Vec<&str> = outcomes
        .iter()
        .map(|outcome| outcome.trackers.left)
        .collect();
    names.dedup();
    let mut text = "## At a glance\n\nCases that cross / degrade / are not there, by where the item begins (rows) and where its twin is (columns).\n\n| |".to_owned();
    for name in &names {
        add(&mut text, format_args!(" {} |", registry::label(name)));
    }
    add(
        &mut text,
        format_args!("\n|---|{}\n", "---|".repeat(names.len())),
    );
    for left in &names {
        add(&mut text, format_args!("| **{}** |", registry::label(left)));
        for right in &names {
            let found = outcomes.iter().find(|outcome| {
                outcome.trackers
                    == Sides {
                        left: *left,
                        right: *right,
                    }
            });
            let cell = found.map_or_else(String::new, counts);
            add(&mut text, format_args!(" {cell} |"));
        }
        text.push('\n');
    }
    text
}

fn counts(outcome: &PairOutcome) -> String {
    let (mut crosses, mut degrades, mut absent, mut failed) = (0, 0, 0, 0);
    for told in &outcome.told {
        match told.verdict {
            Verdict::Crosses => crosses += 1,
            Verdict::Degrades(_) => degrades += 1,
            Verdict::Absent(_) => absent += 1,
            Verdict::Failed(_) => failed += 1,
        }
    }
    let failures = match failed {
        0 => String::new(),
        failed => format!(", {failed} failed"),
    };
    format!("{crosses} / {degrades} / {absent}{failures}")
}

/// A pair's part of the page.
pub fn section(outcome: &PairOutcome) -> String {
    let mut text = String::new();
    pair(&mut text, outcome);
    text
}

fn pair(text: &mut String, outcome: &PairOutcome) {
    let labels = Sides {
        left: registry::label(outcome.trackers.left),
        right: registry::label(outcome.trackers.right),
    };
    add(
        text,
        format_args!("\n## {} to {}\n", labels.left, labels.right),
    );
    let mut by_case: BTreeMap<Case, Vec<&Told>> = BTreeMap::new();
    let mut order = Vec::new();
    for told in &outcome.told {
        if !by_case.contains_key(&told.case) {
            order.push(told.case);
        }
        by_case.entry(told.case).or_default().push(told);
    }
    let whole = |case: &Case| {
        by_case[case]
            .iter()
            .all(|told| told.verdict == Verdict::Crosses)
    };
    let crossing: Vec<String> = order
        .iter()
        .filter(|case| whole(case))
        .map(Case::to_string)
        .collect();
    add(text, format_args!("\nCrosses: {}.\n", crossing.join("; ")));
    let rest: Vec<&Case> = order.iter().filter(|case| !whole(case)).collect();
    if rest.is_empty() {
        return;
    }
    add(
        text,
        format_args!(
            "\n| | {left} → {right} | {right} → {left} |\n|---|---|---|\n",
            left = labels.left,
            right = labels.right
        ),
    );
    for case in rest {
        let cell = |way: Way| {
            let told = by_case[case].iter().find(|told| told.way == way);
            told.map_or_else(String::new, |told| shown(&told.verdict))
        };
        add(
            text,
            format_args!("| {case} | {} | {} |\n", cell(Way::Out), cell(Way::Back)),
        );
    }
}

fn shown(verdict: &Verdict) -> String {
    let cell = match verdict {
        Verdict::Crosses => "crosses".to_owned(),
        Verdict::Degrades(how) => format!("degrades: {how}"),
        Verdict::Absent(why) => format!("not there: {why}"),
        Verdict::Failed(why) => format!("**failed**: {why}"),
    };
    cell.replace('|', "\\|").replace('\n', " ")
}

fn add(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("a string takes all");
}
