//! Every comment stands once under each twin, in its author's last words; one that its author deleted stands nowhere.

use super::Evidence;
use crate::sim::reading::ShownComment;

pub(super) fn check(evidence: &Evidence<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, origin) in evidence.deeds.origins() {
        let wanted = evidence.deeds.comments(number);
        for place in evidence.in_step(number, origin) {
            let Some(item) = evidence.one(number, place) else {
                continue;
            };
            let name = place.name();
            for (comment, words) in &wanted {
                let found: Vec<&ShownComment> = item
                    .comments
                    .iter()
                    .filter(|shown| shown.number == Some(*comment))
                    .collect();
                match (words, found.as_slice()) {
                    (None, []) => {}
                    (Some(words), [one]) if one.text == *words => {}
                    (Some(words), [one]) => faults.push(format!(
                        "C{comment} of T{number} says {:?} at {name}, not {words:?}",
                        one.text
                    )),
                    (words, found) => faults.push(format!(
                        "C{comment} of T{number} stands {} times at {name} instead of {}",
                        found.len(),
                        u8::from(words.is_some())
                    )),
                }
            }
            let strangers = item.comments.iter().filter(|shown| {
                !shown
                    .number
                    .is_some_and(|number| wanted.contains_key(&number))
            });
            faults.extend(strangers.map(|shown| {
                format!(
                    "T{number} has a comment at {name} that nobody wrote: {:?}",
                    shown.text
                )
            }));
        }
    }
    faults
}
