//! No item is missing and none is doubled.
//!
//! Of items that were deleted somewhere only the number is bounded: with `deleted = "unlink"` what is left of the cluster
//! is free, and where it matches a trigger it enters again when somebody touches it, which makes the deleted one anew.
//! A deletion leaves as many parts as the deleted item had twins, and each part grows to one cluster again.

use super::Evidence;
use crate::sim::place::Place;

pub(super) fn check(evidence: &Evidence<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, origin) in evidence.deeds.origins() {
        let deleted = evidence.deeds.deleted(number);
        let expected = evidence.world.reach(origin);
        for place in &evidence.world.places {
            let found = evidence.items.get(&number).and_then(|at| at.get(place));
            let found = found.map_or(0, Vec::len);
            if !deleted.is_empty() {
                let most = most(evidence, number);
                if found > most {
                    faults.push(sentence(evidence, number, *place, found, most));
                }
                continue;
            }
            let wanted = usize::from(expected.contains(place));
            if found != wanted {
                faults.push(sentence(evidence, number, *place, found, wanted));
            }
        }
    }
    let known = evidence.deeds.origins();
    let strangers = evidence.items.keys().filter(|key| !known.contains_key(key));
    faults.extend(strangers.map(|number| format!("T{number} was created by nobody")));
    faults
}

/// The most copies of a deleted item that may live at one place.
fn most(evidence: &Evidence<'_>, number: u32) -> usize {
    let deletions = evidence.deeds.deletions(number).into_iter();
    let parts = deletions.map(|place| evidence.world.connections_of(place).saturating_sub(1));
    1 + parts.sum::<usize>()
}

fn sentence(
    evidence: &Evidence<'_>,
    number: u32,
    place: Place,
    found: usize,
    wanted: usize,
) -> String {
    let items = evidence.items.get(&number).and_then(|at| at.get(&place));
    let keys: Vec<&str> = items
        .into_iter()
        .flatten()
        .map(|item| item.key.as_str())
        .collect();
    format!(
        "T{number} is {found} times at {} instead of {wanted}: {keys:?}",
        place.name()
    )
}

#[cfg(test)]
#[path = "twins_tests.rs"]
mod tests;
