//! Titles that are held since people answered our writes within moments, at both places in turn.
//!
//! That is what a tracker's automation does which answers each write without end, and what the engine freezes a field for
//! (`twinline_core::reconcile::pingpong`): by state, whoever the author is. Nobody's word is lost by it, and it crosses when a
//! person has released the field, which is done and judged once all else is in step.

use super::process::Process;
use crate::sim::deeds::{Deeds, What};
use crate::sim::dispute::FIELD;
use crate::sim::place::Place;
use crate::sim::reading;
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use twinline_core::names::{LinkId, Side};
use twinline_core::reconcile::Hold;
use twinline_core::reconcile::pingpong::ANSWER_WINDOW;
use twinline_core::time::Timestamp;
use twinline_sim::Dump;
use twinline_store::host::TwinFilter;

#[cfg(test)]
#[path = "rally_tests.rs"]
mod tests;

/// So many words of people, each an answer to the one before, are one more than a cluster of two items lets cross.
const ANSWERS_MIN: usize = 4;
/// How long a word may be under way to the other place, with what is slow or done again. Then its answer is looked at.
const CROSSES_WITHIN: Duration = Duration::from_secs(20);

/// A title that is held.
pub(super) struct Held {
    pub(super) link: LinkId,
    /// The item's number.
    pub(super) number: u32,
    hold: Hold,
}

/// The titles that the group's owner holds; `left` and `right` are the connection's places.
pub(super) fn held(
    owner: &Process,
    (left, right): (Place, Place),
    dumps: &BTreeMap<Place, Dump>,
) -> Result<Vec<Held>> {
    let twins = owner.ask(async |host| host.twins(TwinFilter::default(), None, u32::MAX).await);
    let mut held = Vec::new();
    for twin in twins.transpose()?.into_iter().flatten() {
        let Some(hold) = twin.held.get(FIELD) else {
            continue;
        };
        let number = [(Side::Left, left), (Side::Right, right)]
            .into_iter()
            .find_map(|(side, place)| {
                let key = &twin.items.get(side).as_ref()?.key;
                let mut items = reading::items(place, &dumps[&place]).into_iter();
                items.find(|item| item.key == *key)?.number
            });
        held.extend(number.map(|number| Held {
            link: twin.link.clone(),
            number,
            hold: hold.clone(),
        }));
    }
    Ok(held)
}

/// The numbers of those items whose titles are rightly held; or which are not.
pub(super) fn judge(held: &[Held], deeds: &Deeds) -> (BTreeSet<u32>, Vec<String>) {
    let rightly = |held: &&Held| {
        matches!(held.hold, Hold::PingPong { .. }) && is_rally(&titles(deeds, held.number))
    };
    let wrong = held.iter().filter(|held| !rightly(held));
    let faults = wrong.map(|held| format!("T{}'s title is held: {}", held.number, held.hold));
    let numbers = held.iter().filter(rightly).map(|held| held.number);
    (numbers.collect(), faults.collect())
}

/// Releases a title, for one side.
pub(super) fn release(owner: &Process, link: &LinkId, side: Side) -> Result<()> {
    let take = BTreeMap::from([(FIELD.into(), side)]);
    let released = owner.ask(async |host| host.release_twin(link, take, "sim").await);
    released.transpose()?;
    Ok(())
}

/// When and where people wrote an item's title.
fn titles(deeds: &Deeds, number: u32) -> Vec<(Timestamp, Place)> {
    let of_item = deeds.0.iter().filter(|deed| deed.item == number);
    let titles = of_item.filter(|deed| matches!(deed.what, What::Title(_) | What::Created { .. }));
    titles.map(|deed| (deed.at, deed.place)).collect()
}

/// Whether there are so many words, at both places in turn, each soon enough after the one before to answer it.
fn is_rally(titles: &[(Timestamp, Place)]) -> bool {
    // The greatest number of answers that ends with each word.
    let mut rallies: Vec<usize> = Vec::with_capacity(titles.len());
    for (at, place) in titles {
        let before = titles.iter().zip(&rallies);
        let answers = before.filter(|((then, other), _)| {
            other != place && at.since(*then) <= ANSWER_WINDOW + CROSSES_WITHIN
        });
        let longest = answers.map(|(_, length)| *length).max().unwrap_or(0);
        rallies.push(longest + 1);
    }
    rallies.into_iter().any(|length| length >= ANSWERS_MIN)
}
