//! What one edit in peace may cost: one write of what was edited at each other place, and nothing else. An echo that comes
//! once with every change is over before anybody listens for silence.

use super::people::{Field, LastWord};
use super::place::Place;
use super::reading;
use std::collections::BTreeMap;
use twinline_sim::{Dump, What, Write};

/// Everything that was written without a cause. `writes` is by each tracker's first place.
pub(super) fn check(
    writes: &BTreeMap<Place, Vec<Write>>,
    dumps: &BTreeMap<Place, Dump>,
    word: &LastWord,
) -> Vec<String> {
    let mut faults = Vec::new();
    for (home, writes) in writes {
        let numbers = numbers(*home, dumps);
        let mut times: BTreeMap<(&str, String), usize> = BTreeMap::new();
        for write in writes {
            if write.is_idle() {
                let (method, path) = (&write.method, &write.path);
                faults.push(format!("{}: {method} {path} changed nothing", home.name()));
            }
            for (key, what) in &write.changes {
                let of_item = numbers.get(key.as_str()) == Some(&word.item);
                let at_source = word.place.home() == *home && word.key == *key;
                if !of_item || at_source || !is_caused(word.field, what) {
                    faults.push(format!(
                        "{what:?} of {key} at {} was written for an edit of {:?} of {} at {}",
                        home.name(),
                        word.field,
                        word.key,
                        word.place.name()
                    ));
                }
                *times.entry((key.as_str(), kind(what))).or_default() += 1;
            }
        }
        let more = times.into_iter().filter(|(_, times)| *times > 1);
        faults.extend(more.map(|((key, what), times)| {
            let name = home.name();
            format!("{what} of {key} at {name} was written {times} times for one edit")
        }));
    }
    faults
}

/// The number in each item's title, by what people call it, at all places of a tracker.
fn numbers(home: Place, dumps: &BTreeMap<Place, Dump>) -> BTreeMap<String, u32> {
    let of_home = dumps.iter().filter(|(place, _)| place.home() == home);
    let items = of_home.flat_map(|(place, dump)| reading::items(*place, dump));
    items
        .filter_map(|item| Some((item.key, item.number?)))
        .collect()
}

/// Comments are counted by their item; the steps of a workflow one by one.
fn kind(what: &What) -> String {
    match what {
        What::CommentAdded(_) => "a comment".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Whether an edit of this field elsewhere is a cause for that change.
fn is_caused(field: Field, what: &What) -> bool {
    match field {
        Field::Title => *what == What::Title,
        Field::Body => *what == What::Body,
        Field::Labels => *what == What::Labels,
        // A resolution goes with a status.
        Field::Status => matches!(what, What::Status(_) | What::Field(_)),
        Field::Comments => matches!(what, What::CommentAdded(_)),
    }
}

#[cfg(test)]
#[path = "tally_tests.rs"]
mod tests;
