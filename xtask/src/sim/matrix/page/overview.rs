//! How much crosses, in one table.

use super::super::{PairOutcome, Verdict, site};
use super::add;
use twinline_core::names::Sides;

/// The table's heading.
const HEADING: &str = "## At a glance\n";

pub(super) fn table(names: &[&'static str], outcomes: &[PairOutcome]) -> String {
    let names: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| !site::is_variant(name))
        .collect();
    let mut text = format!(
        "{HEADING}\nOf the cases that both trackers have: how many cross, and how many arrive otherwise than they were meant. Rows: where the item begins. Columns: where its twin is.\n\n| |"
    );
    for name in &names {
        add(&mut text, format_args!(" {} |", site::title(name)));
    }
    add(
        &mut text,
        format_args!("\n|---|{}\n", "---|".repeat(names.len())),
    );
    for left in &names {
        add(&mut text, format_args!("| **{}** |", site::title(left)));
        for right in &names {
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
    format!("{crosses} cross, {degrades} otherwise{failures}")
}

/// What the table says otherwise than a pair's outcome.
pub(super) fn differences(known: &str, outcome: &PairOutcome) -> Vec<String> {
    let Sides { left, right } = outcome.trackers;
    if site::is_variant(left) || site::is_variant(right) {
        return Vec::new();
    }
    let (_, below) = known.split_once(HEADING).unwrap_or_default();
    let table = below.split("\n## ").next().unwrap_or_default();
    let row = |first: &str| -> Vec<&str> {
        let mut lines = table.lines().filter(|line| line.starts_with(first));
        let cells = lines.next().map(|line| line.split('|').map(str::trim));
        cells.into_iter().flatten().collect()
    };
    let (head, cells) = (row("| |"), row(&format!("| **{}** |", site::title(left))));
    let at = head.iter().position(|title| *title == site::title(right));
    let said = at.and_then(|at| cells.get(at)).copied();
    let wanted = counts(outcome);
    match said == Some(wanted.as_str()) {
        true => Vec::new(),
        false => vec![format!("at a glance, {left} and {right}: {wanted}")],
    }
}
