//! What arrives otherwise than it was meant, for each two trackers.

use super::super::{Case, PairOutcome, Told, Verdict};
use super::{add, cell};
use twinline_core::names::Sides;
use twinline_trackers::registry;

/// One direction: from a tracker to another.
type Arrow = (&'static str, &'static str);

fn arrow(trackers: &Sides<&'static str>, told: &Told) -> Arrow {
    let from = told.way.from();
    (*trackers.get(from), *trackers.get(from.other()))
}

/// What became of a case in a direction, by where its item began.
fn verdicts(outcomes: &[PairOutcome], case: Case, way: Arrow) -> Vec<(&'static str, &Verdict)> {
    let told = outcomes.iter().flat_map(|outcome| {
        let told = outcome.told.iter();
        told.map(move |told| (outcome.trackers.left, arrow(&outcome.trackers, told), told))
    });
    told.filter(|(_, is, told)| told.case == case && *is == way)
        .map(|(began, _, told)| (began, &told.verdict))
        .collect()
}

fn shown(verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Crosses => Some("crosses".to_owned()),
        Verdict::Degrades(how) => Some(cell(how)),
        Verdict::Absent { .. } => None,
        Verdict::Failed(why) => Some(format!("**failed**: {}", cell(why))),
    }
}

fn column(verdicts: &[(&'static str, &Verdict)]) -> String {
    let told = verdicts.iter();
    let told: Vec<(&str, String)> = told
        .filter_map(|(began, verdict)| Some((*began, shown(verdict)?)))
        .collect();
    match told.as_slice() {
        [] => String::new(),
        [(_, first), rest @ ..] if rest.iter().all(|(_, text)| text == first) => first.clone(),
        several => {
            let each = several.iter();
            let each =
                each.map(|(began, text)| format!("item of {}: {text}", registry::label(began)));
            each.collect::<Vec<_>>().join("<br>")
        }
    }
}

fn heading([one, other]: [&str; 2]) -> String {
    format!(
        "## {} and {}\n",
        registry::label(one),
        registry::label(other)
    )
}

/// The part of the page about two trackers.
pub(super) fn section(names: [&'static str; 2], outcomes: &[PairOutcome]) -> String {
    let [one, other] = names;
    let mut rows = String::new();
    for case in Case::all() {
        let ways = [(one, other), (other, one)];
        let ways = ways.map(|way| verdicts(outcomes, case, way));
        let mut all = ways.iter().flatten();
        if all.all(|(_, verdict)| matches!(verdict, Verdict::Crosses | Verdict::Absent { .. })) {
            continue;
        }
        let [there, back] = ways.map(|way| column(&way));
        add(&mut rows, format_args!("| {case} | {there} | {back} |\n"));
    }
    let mut text = format!("\n{}", heading(names));
    if rows.is_empty() {
        text.push_str("\nWhatever both have crosses.\n");
        return text;
    }
    let (one, other) = (registry::label(one), registry::label(other));
    add(
        &mut text,
        format_args!("\n| | {one} → {other} | {other} → {one} |\n|---|---|---|\n{rows}"),
    );
    text
}

/// What the page's section says otherwise than a pair's outcome.
pub(super) fn differences(known: &str, outcome: &PairOutcome) -> Vec<String> {
    let Sides { left, right } = outcome.trackers;
    let found = [[left, right], [right, left]]
        .into_iter()
        .find_map(|names| {
            let (_, below) = known.split_once(&heading(names))?;
            Some((names, below.split("\n## ").next().unwrap_or_default()))
        });
    let Some((names, section)) = found else {
        return vec![format!("it has no section of {left} and {right}")];
    };
    let told = outcome.told.iter();
    told.filter_map(|told| {
        let row = format!("| {} | ", told.case);
        let mut lines = section.lines();
        let row = lines.find_map(|line| line.strip_prefix(&row)?.strip_suffix(" |"));
        let columns = row.and_then(|row| row.split_once(" | "));
        let (from, to) = arrow(&outcome.trackers, told);
        let column = columns.map(|(there, back)| if from == names[0] { there } else { back });
        let wanted = shown(&told.verdict)?;
        let holds = match (&told.verdict, column) {
            (Verdict::Crosses, None) => true,
            (_, Some(column)) => column.contains(&wanted),
            (_, None) => false,
        };
        (!holds).then(|| format!("{from} -> {to}: {}: {wanted}", told.case))
    })
    .collect()
}
