//! Twins are in step on every mapped field, and what stands there at last is what a person wrote last at some place.

use super::Evidence;
use crate::sim::deeds::What;
use crate::sim::place::Place;
use crate::sim::reading::Shown;
use std::collections::BTreeMap;
use std::fmt::Debug;

pub(super) fn check(evidence: &Evidence<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, origin) in evidence.deeds.origins() {
        let places = evidence.in_step(number, origin);
        let at: BTreeMap<Place, &Shown> = places
            .into_iter()
            .filter_map(|place| Some((place, evidence.one(number, place)?)))
            .collect();
        scalars(evidence, number, &at, &mut faults);
        labels(evidence, number, &at, &mut faults);
    }
    faults
}

fn scalars(
    evidence: &Evidence<'_>,
    number: u32,
    at: &BTreeMap<Place, &Shown>,
    faults: &mut Vec<String>,
) {
    let title = |what: &What| match what {
        What::Title(title) | What::Created { title, .. } => Some(title.clone()),
        _ => None,
    };
    let body = |what: &What| match what {
        What::Body(body) | What::Created { body, .. } => Some(body.clone()),
        _ => None,
    };
    let done = |what: &What| match what {
        What::Status { done } | What::Created { done, .. } => Some(Some(*done)),
        _ => None,
    };
    let deeds = evidence.deeds;
    let admitted = |words: &String| evidence.overruling.contains(words);
    let mut one = |fault: Option<String>| faults.extend(fault);
    let titles = deeds.last_words(number, title);
    if evidence.held.contains(&number) {
        // The values may differ; that one of them was overwritten is a loss all the same.
        let lost = at.iter().find(|(_, item)| {
            !titles.values().any(|title| *title == item.title) && !admitted(&item.title)
        });
        one(lost.map(|(place, item)| {
            let (name, title) = (place.name(), &item.title);
            format!("T{number}'s title is held, and {title:?} at {name} is nobody's last word: {titles:?}")
        }));
    } else {
        let read = |item: &Shown| item.title.clone();
        one(judge(number, "title", at, read, &titles, admitted));
    }
    let bodies = deeds.last_words(number, body);
    let read = |item: &Shown| item.body.clone();
    one(judge(number, "body", at, read, &bodies, admitted));
    let statuses = deeds.last_words(number, done);
    let nothing = |_: &_| false;
    one(judge(
        number,
        "status",
        at,
        |item| item.done,
        &statuses,
        nothing,
    ));
}

/// Elements are judged one by one: two people who each add a label both see theirs.
fn labels(
    evidence: &Evidence<'_>,
    number: u32,
    at: &BTreeMap<Place, &Shown>,
    faults: &mut Vec<String>,
) {
    let labelled = evidence.world.labelled();
    let at: BTreeMap<Place, &Shown> = at
        .iter()
        .filter(|(place, _)| labelled.contains(place))
        .map(|(place, item)| (*place, *item))
        .collect();
    let mut names = evidence.deeds.labels(number);
    names.extend(at.values().flat_map(|item| item.labels.iter().cloned()));
    for name in names {
        let on = |what: &What| match what {
            What::Label { name: touched, on } if *touched == name => Some(*on),
            What::Created { labels, .. } => Some(labels.contains(&name)),
            _ => None,
        };
        let mut last = evidence.deeds.last_words(number, on);
        last.retain(|place, _| at.contains_key(place));
        // An item that came from elsewhere came without labels.
        if last.is_empty() {
            last.extend(at.keys().map(|place| (*place, false)));
        }
        let what = format!("label {name}");
        let has = |item: &Shown| item.labels.contains(&name);
        faults.extend(judge(number, &what, &at, has, &last, |_| false));
    }
}

fn judge<T: PartialEq + Debug>(
    number: u32,
    what: &str,
    at: &BTreeMap<Place, &Shown>,
    read: impl Fn(&Shown) -> T,
    last_words: &BTreeMap<Place, T>,
    admitted: impl Fn(&T) -> bool,
) -> Option<String> {
    let values: BTreeMap<Place, T> = at
        .iter()
        .map(|(place, item)| (*place, read(item)))
        .collect();
    let first = values.values().next()?;
    if values.values().any(|value| value != first) {
        return Some(format!("T{number}'s {what} is not in step: {values:?}"));
    }
    let written = last_words.values().any(|value| value == first) || admitted(first);
    (!written).then(|| {
        format!("T{number}'s {what} is {first:?}, which nobody wrote last: {last_words:?}")
    })
}
