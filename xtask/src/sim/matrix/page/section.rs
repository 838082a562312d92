//! What arrives otherwise than it was meant, for each two trackers.

use super::super::{Case, PairOutcome, site};
use super::add;
use super::column::{self, Column, arrow, says, shown};
use super::common::{self, Common, Expected};
use twinline_core::names::Sides;

fn heading([one, other]: [&'static str; 2]) -> String {
    format!("## {} and {}\n", site::title(one), site::title(other))
}

/// The part of the page about two trackers.
pub(super) fn section(
    names: [&'static str; 2],
    common: &Common,
    outcomes: &[PairOutcome],
) -> String {
    let [one, other] = names;
    // Cases of which the same is said stand in one row.
    let mut rows: Vec<([String; 2], Vec<Case>)> = Vec::new();
    for case in Case::all() {
        let ways = [(one, other), (other, one)];
        let columns = ways.map(|way| (way, Column::of(outcomes, case, way)));
        let goes_without_saying = |(way, column): &_| {
            column == &Column::default()
                || match common.expected(case, *way) {
                    Expected::Meant => Column::crosses(column),
                    Expected::So(expected) => expected == column,
                    Expected::Unclear => false,
                }
        };
        if columns.iter().all(goes_without_saying) {
            continue;
        }
        let texts = columns.map(|((from, to), column)| {
            let ends = [from, to].map(site::title);
            column.text(ends)
        });
        match rows.iter_mut().find(|(known, _)| *known == texts) {
            Some((_, cases)) => cases.push(case),
            None => rows.push((texts, vec![case])),
        }
    }
    let mut text = format!("\n{}", heading(names));
    if rows.is_empty() {
        text.push_str("\nNothing more than what is so of each of them.\n");
        return text;
    }
    let [one, other] = names.map(site::title);
    add(
        &mut text,
        format_args!("\n| | {one} → {other} | {other} → {one} |\n|---|---|---|\n"),
    );
    for ([there, back], cases) in rows {
        let cases: Vec<String> = cases.iter().map(Case::to_string).collect();
        add(
            &mut text,
            format_args!("| {} | {there} | {back} |\n", cases.join("; ")),
        );
    }
    text
}

/// What the page says of a pair otherwise than its outcome: in its section, or where that is silent, of each tracker.
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
        let (case, way) = (told.case.to_string(), arrow(&outcome.trackers, told));
        let wanted = shown(&told.verdict)?;
        let holds = match row(section, &case) {
            Some([there, back]) => says(if way.0 == names[0] { there } else { back }, &wanted),
            None => match common::told(known, &case, way) {
                Expected::Meant => column::is_meant(&wanted),
                Expected::So(how) => says(how, &wanted),
                Expected::Unclear => false,
            },
        };
        (!holds).then(|| format!("{} -> {}: {case}: {wanted}", way.0, way.1))
    })
    .collect()
}

/// The two columns of a case's row.
fn row<'a>(section: &'a str, case: &str) -> Option<[&'a str; 2]> {
    section.lines().find_map(|line| {
        let row = line.strip_prefix("| ")?.strip_suffix(" |")?;
        let (cases, columns) = row.split_once(" | ")?;
        let is_told = cases.split("; ").any(|known| known == case);
        let (there, back) = columns.split_once(" | ").filter(|_| is_told)?;
        Some([there, back])
    })
}
