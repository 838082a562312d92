//! No item is missing and none is doubled.
//!
//! Items that were deleted somewhere are not judged: with `deleted = "unlink"` what is left of the cluster is free, and
//! where it matches a trigger it enters again when somebody touches it, which makes the deleted one anew.

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
                // What is left of an unlinked cluster may enter the connection again: see the module's words.
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
