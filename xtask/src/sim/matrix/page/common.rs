//! What is so of one tracker, whatever the other one is: said once, and not again for each two.

use super::super::{Case, PairOutcome, site};
use super::add;
use super::column::{Arrow, Column};
use std::collections::BTreeMap;

/// The table's heading.
const HEADING: &str = "## What is so of one tracker\n";
/// What stands for every tracker.
const ANY: &str = "any";
/// What is said of fewer trackers is said for each two.
const PAIRS_MIN: usize = 3;

/// What is to be expected of a case in a direction.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Expected<T> {
    /// That it crosses as it was meant.
    Meant,
    /// This.
    So(T),
    /// Of the two trackers two different things are said.
    Unclear,
}

impl<T: PartialEq> Expected<T> {
    /// What follows from what is said of the two ends.
    fn of(leaving: Option<T>, arriving: Option<T>) -> Self {
        match (leaving, arriving) {
            (None, None) => Self::Meant,
            (Some(one), Some(other)) if one != other => Self::Unclear,
            (Some(one), _) | (None, Some(one)) => Self::So(one),
        }
    }
}

/// What is so of one tracker.
pub(super) struct Common {
    everywhere: BTreeMap<Case, Column>,
    /// Of changes that are made there.
    leaving: BTreeMap<(&'static str, Case), Column>,
    /// Of changes that arrive there.
    arriving: BTreeMap<(&'static str, Case), Column>,
}

impl Common {
    pub(super) fn of(names: &[&'static str], outcomes: &[PairOutcome]) -> Self {
        let mut common = Self {
            everywhere: BTreeMap::new(),
            leaving: BTreeMap::new(),
            arriving: BTreeMap::new(),
        };
        for case in Case::all() {
            let columns = |ways: Vec<Arrow>| -> Vec<Column> {
                let ways = ways.into_iter().filter(|(from, to)| from != to);
                let columns = ways.map(|way| Column::of(outcomes, case, way));
                columns.filter(|column| !column.is_empty()).collect()
            };
            let ways = names.iter();
            let ways = ways.flat_map(|from| names.iter().map(|to| (*from, *to)));
            let all = columns(ways.collect());
            if let Some(column) = all.first()
                && all.len() >= PAIRS_MIN
                && !column.crosses()
                && all.iter().all(|other| other == column)
            {
                common.everywhere.insert(case, column.clone());
                continue;
            }
            for one in names {
                let leaving = columns(names.iter().map(|to| (*one, *to)).collect());
                let arriving = columns(names.iter().map(|from| (*from, *one)).collect());
                if let Some(column) = usual(&leaving) {
                    common.leaving.insert((one, case), column);
                }
                if let Some(column) = usual(&arriving) {
                    common.arriving.insert((one, case), column);
                }
            }
        }
        common
    }

    pub(super) fn expected(&self, case: Case, (from, to): Arrow) -> Expected<&Column> {
        match self.everywhere.get(&case) {
            Some(column) => Expected::So(column),
            None => {
                let leaving = self.leaving.get(&(from, case));
                let arriving = self.arriving.get(&(to, case));
                match (leaving, arriving) {
                    // In the two rows it is said with other names.
                    (Some(one), Some(_)) if !one.is_uniform() => Expected::Unclear,
                    both => Expected::of(both.0, both.1),
                }
            }
        }
    }

    /// The table.
    pub(super) fn table(&self, names: &[&'static str]) -> String {
        let mut text = format!(
            "\n{HEADING}\nWhatever the other one is, unless the section of the two says something else; it is not listed again there.\n\n| from → to | what | how |\n|---|---|---|\n"
        );
        let everywhere = self.everywhere.iter();
        let everywhere = everywhere.map(|(case, column)| (*case, column));
        rows(&mut text, [ANY, ANY], everywhere);
        for name in names {
            let title = site::title(name);
            let tables = [
                (&self.leaving, [title, ANY]),
                (&self.arriving, [ANY, title]),
            ];
            for (all, ends) in tables {
                let own = all.iter().filter(|((one, _), _)| one == name);
                let own = own.map(|((_, case), column)| (*case, column));
                rows(&mut text, ends, own);
            }
        }
        text
    }
}

/// What most of several columns say, where that is not that all crosses.
fn usual(columns: &[Column]) -> Option<Column> {
    let count = |one: &Column| columns.iter().filter(|other| *other == one).count();
    let most = columns.iter().find(|one| 2 * count(one) > columns.len())?;
    (count(most) >= PAIRS_MIN && !most.crosses()).then(|| most.clone())
}

/// One row for all cases of which the same is said.
fn rows<'a>(text: &mut String, ends: [&str; 2], columns: impl Iterator<Item = (Case, &'a Column)>) {
    let mut rows: Vec<(&Column, Vec<String>)> = Vec::new();
    for (case, column) in columns {
        match rows.iter_mut().find(|(known, _)| *known == column) {
            Some((_, cases)) => cases.push(case.to_string()),
            None => rows.push((column, vec![case.to_string()])),
        }
    }
    let [from, to] = ends;
    let called = ends.map(|end| if end == ANY { "the other" } else { end });
    for (column, cases) in rows {
        let (cases, how) = (cases.join("; "), column.text(called));
        add(text, format_args!("| {from} → {to} | {cases} | {how} |\n"));
    }
}

/// What the page's table says of a case in a direction.
pub(super) fn told<'a>(known: &'a str, case: &str, (from, to): Arrow) -> Expected<&'a str> {
    let (_, below) = known.split_once(HEADING).unwrap_or_default();
    let table = below.split("\n## ").next().unwrap_or_default();
    let of = |from: &str, to: &str| {
        let start = format!("| {from} → {to} | ");
        table.lines().find_map(|line| {
            let row = line.strip_prefix(&start)?.strip_suffix(" |")?;
            let (cases, how) = row.split_once(" | ")?;
            cases.split("; ").any(|known| known == case).then_some(how)
        })
    };
    let (from, to) = (site::title(from), site::title(to));
    match of(ANY, ANY) {
        Some(how) => Expected::So(how),
        None => Expected::of(of(from, ANY), of(ANY, to)),
    }
}
