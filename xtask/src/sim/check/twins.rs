//! No item is missing, none is doubled, none that a person deleted comes back.

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
            let (least, most) = if deleted.contains(place) {
                (0, 0)
            } else if !expected.contains(place) {
                (0, 0)
            } else if deleted.is_empty() || *place == origin {
                (1, 1)
            } else {
                // Whether it had come so far when it was deleted elsewhere is a matter of chance.
                (0, 1)
            };
            if !(least..=most).contains(&found) {
                faults.push(sentence(evidence, number, *place, found, most));
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
