//! Statuses that would be written, against the workflow that leads to them.

use super::Judge;
use crate::describe::StatusInfo;
use crate::finding::Severity;
use crate::model::{NativeValue, ValueTable};
use std::collections::BTreeSet;
use twinline_core::item::field::STATUS;
use twinline_core::names::Side;

/// A status that would be written, but that no transition path leads to.
pub(super) fn transitions(judge: &mut Judge<'_>, side: Side, table: &ValueTable) {
    let statuses = &judge.catalogues.get(side).description().statuses;
    let unknown: Vec<&str> = statuses
        .iter()
        .filter(|info| info.leads_to.is_none())
        .map(|info| info.status.name.as_str())
        .collect();
    if unknown.len() == statuses.len() {
        // No workflow: any status can be set.
        return;
    }
    if !unknown.is_empty() {
        let what = format!(
            "which statuses of {} are reached is not judged: the transitions from \"{}\" are not known",
            judge.node(side),
            unknown.join("\", \"")
        );
        judge.say(
            Severity::Note,
            table.spot,
            what,
            "an account that may read workflows is shown them",
        );
        return;
    }
    let main = mainland(statuses);
    let written = table
        .rows
        .iter()
        .filter(|row| row.direction.leaves(side.other()));
    for row in written {
        let Some(entry) = row.entries.get(side).first() else {
            continue;
        };
        let NativeValue::One(literal) = &entry.value else {
            continue;
        };
        let catalogue = judge.catalogues.get(side);
        let Some(status) = catalogue.option(&STATUS.into(), &literal.text()) else {
            continue;
        };
        let entered = statuses.iter().any(|from| {
            let mut ways = from.leads_to.iter().flatten();
            from.status.id != status.id && ways.any(|to| *to == status.id)
        });
        if !entered || !main.contains(status.id.as_str()) {
            let what = format!(
                "no transition path of {} leads to the status \"{}\"",
                judge.node(side),
                status.name
            );
            judge.say(
                Severity::Warning,
                entry.spot,
                what,
                "write another status first in the row, or add a transition to the workflow",
            );
        }
    }
}

/// The greatest part of the workflow that hangs together, the first of equals: no path leads from it to the others, so
/// what is not in it is not reached by items that begin in it.
fn mainland(statuses: &[StatusInfo]) -> BTreeSet<&str> {
    let mut greatest = BTreeSet::new();
    for start in statuses {
        let mut part = BTreeSet::from([start.status.id.as_str()]);
        loop {
            let before = part.len();
            for from in statuses {
                let ways = from.leads_to.iter().flatten().map(String::as_str);
                let ends: BTreeSet<&str> = ways.chain([from.status.id.as_str()]).collect();
                if ends.iter().any(|end| part.contains(end)) {
                    part.extend(ends);
                }
            }
            if part.len() == before {
                break;
            }
        }
        if part.len() > greatest.len() {
            greatest = part;
        }
    }
    greatest
}
