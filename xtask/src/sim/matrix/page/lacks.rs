//! What trackers do not have, once for each of them.

use super::super::{Case, PairOutcome, Verdict, site};
use super::{add, cell};
use std::collections::{BTreeMap, BTreeSet};

/// What a tracker does not have, by the reason: empty where there is none but that.
type Lacks = BTreeMap<String, BTreeSet<Case>>;

fn of(tracker: &str, outcomes: &[PairOutcome]) -> Lacks {
    let mut lacks = Lacks::new();
    for told in outcomes.iter().flat_map(|outcome| &outcome.told) {
        if let Verdict::Absent { at, why } = &told.verdict
            && *at == tracker
        {
            lacks.entry(why.clone()).or_default().insert(told.case);
        }
    }
    lacks
}

pub(super) fn table(names: &[&'static str], outcomes: &[PairOutcome]) -> String {
    let mut text = "\n## What a tracker does not have\n\nOr lets nobody do. None of it is listed again below.\n\n| tracker | has not |\n|---|---|\n".to_owned();
    for name in names {
        let lacks = of(name, outcomes);
        let groups: Vec<String> = lacks.iter().map(|(why, cases)| group(why, cases)).collect();
        add(
            &mut text,
            format_args!("| {} | {} |\n", site::title(name), groups.join("; ")),
        );
    }
    text
}

fn group(why: &str, cases: &BTreeSet<Case>) -> String {
    let cases: Vec<String> = cases.iter().map(Case::to_string).collect();
    let cases = cases.join(", ");
    match why {
        "" => cases,
        why => format!("{cases} ({})", cell(why)),
    }
}

/// What the table says otherwise than a pair's outcome.
pub(super) fn differences(known: &str, outcome: &PairOutcome) -> Vec<String> {
    let mut missing = Vec::new();
    for told in &outcome.told {
        let Verdict::Absent { at, why } = &told.verdict else {
            continue;
        };
        let row = format!("| {} | ", site::title(at));
        let mut rows = known.lines();
        let row = rows.find(|line| line.starts_with(&row)).unwrap_or_default();
        let case = told.case.to_string();
        if !row.contains(&case) || !row.contains(&cell(why)) {
            let label = site::title(at);
            missing.push(format!("that {label} has not: {case} ({why})"));
        }
    }
    missing
}
