//! Whether each item stands once on each side when all is done.

use super::{live, setup};
use crate::sim::network::Network;
use crate::sim::place::Place;
use std::collections::{BTreeMap, BTreeSet};

/// Faults that are told of in full.
const TOLD_MAX: usize = 10;

/// What is lost, doubled or apart.
pub(super) fn faults(network: &Network, places: [Place; 2], items: u32) -> Vec<String> {
    let mut expected: BTreeMap<String, u32> = BTreeMap::new();
    for number in 1..=items {
        *expected.entry(setup::title(number, items)).or_default() += 1;
    }
    let [left, right] = places.map(|place| titles(network, place));
    let mut wrong = Vec::new();
    for (place, titles) in places.iter().zip([&left, &right]) {
        let mut original: BTreeMap<String, u32> = BTreeMap::new();
        for (title, count) in titles {
            *original
                .entry(live::original(title).to_owned())
                .or_default() += count;
        }
        wrong.extend(miscounted(place.name(), &original, &expected));
    }
    let [left, right]: [BTreeSet<_>; 2] = [left, right].map(|titles| titles.into_keys().collect());
    let apart = left.symmetric_difference(&right);
    wrong.extend(apart.map(|title| format!("{title:?} stands on one side only")));
    let more = wrong.len().saturating_sub(TOLD_MAX);
    wrong.truncate(TOLD_MAX);
    if more > 0 {
        wrong.push(format!("and {more} more"));
    }
    wrong
}

fn titles(network: &Network, place: Place) -> BTreeMap<String, u32> {
    let mut titles = BTreeMap::new();
    for item in network.dump(place).items {
        *titles.entry(item.title).or_default() += 1;
    }
    titles
}

fn miscounted(
    place: &str,
    titles: &BTreeMap<String, u32>,
    expected: &BTreeMap<String, u32>,
) -> Vec<String> {
    let all: BTreeSet<&String> = titles.keys().chain(expected.keys()).collect();
    let count = |of: &BTreeMap<String, u32>, title| of.get(title).copied().unwrap_or(0);
    let wrong = all.into_iter().filter_map(|title| {
        let (stands, wanted) = (count(titles, title), count(expected, title));
        (stands != wanted)
            .then(|| format!("{title:?} stands {stands} times at {place}, not {wanted}"))
    });
    wrong.collect()
}
