//! How far long work is, and when it will honestly be finished.
//!
//! Two things may be slow: the work itself, and the trackers' limits, which let it go quickly for a while and then at a rate
//! that lasts. A pace that is measured while a limit's unused part is used up says nothing about the hours after it. So the
//! pace is measured while no limit holds the work up, what the limits leave is reckoned, and the later of the two is named.
//! While too little is known no time is named, but why.

mod allowance;

pub use allowance::{Allowance, Requests};

use std::fmt;
use std::time::Duration;

/// So many items must be finished before anything is said about those that are left; of less work a tenth of what is left.
const SAMPLE_MIN: u64 = 20;

/// How fast items are finished while no limit holds them up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// So many a second.
    PerSecond(f64),
    /// Too little was measured: the work is young, or limits held it up all the time.
    NotMeasured,
    /// Nothing holds it up, and nothing was finished for as long as is measured.
    Still,
}

/// What one limit of one tracker means to the work.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// What it leaves.
    pub allowance: Allowance,
    /// The points of one item.
    pub per_item: f64,
    /// The points that items which are not finished have used already.
    pub paid: f64,
    /// The points a second of what people's changes need meanwhile.
    pub live_per_second: f64,
    /// The work's share of what is left for work that can wait, above 0 up to 1: other such work uses the rest.
    pub share: f64,
}

/// What is known of work that goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// How many items are still to be worked on, see [`left`]; `None`: nobody knows.
    pub left: Option<u64>,
    /// How many were seen finished: what the pace and the points of an item were measured by.
    pub seen: u64,
    /// Why it cannot go on now.
    pub obstacle: Option<String>,
    /// How fast it goes.
    pub pace: Pace,
    /// What limits it.
    pub limits: Vec<Limit>,
    /// However little there is to spare, an item is finished in so much time.
    pub trickle: Duration,
}

/// When the work will be finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    /// So long from now.
    In(Duration),
    /// It cannot be said yet.
    NotYet(NotYet),
}

/// Why no time is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotYet {
    /// Something stands in the way, for nobody knows how long.
    Stands(String),
    /// The tracker does not tell how many items there are before its last page is read.
    Uncounted,
    /// Too little is finished.
    Measuring,
    /// Nothing was finished for a while, and nobody knows why.
    Still,
}

impl fmt::Display for NotYet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stands(why) => f.write_str(why),
            Self::Uncounted => {
                f.write_str("the tracker tells only with its last page how many items there are")
            }
            Self::Measuring => f.write_str("too few items are finished to tell"),
            Self::Still => f.write_str("no item was finished in the last minutes"),
        }
    }
}

/// When the work will be finished, from now.
pub fn finish(facts: &Facts) -> Finish {
    if let Some(why) = &facts.obstacle {
        return Finish::NotYet(NotYet::Stands(why.clone()));
    }
    let Some(left) = facts.left else {
        return Finish::NotYet(NotYet::Uncounted);
    };
    if left == 0 {
        return Finish::In(Duration::ZERO);
    }
    if facts.seen < SAMPLE_MIN.min(left.div_ceil(10)) {
        return Finish::NotYet(match facts.pace {
            Pace::Still => NotYet::Still,
            Pace::PerSecond(_) | Pace::NotMeasured => NotYet::Measuring,
        });
    }
    let limited = limited(facts, left);
    let paced = match facts.pace {
        Pace::Still => return Finish::NotYet(NotYet::Still),
        Pace::PerSecond(rate) => seconds(count(left) / rate),
        Pace::NotMeasured if limited.is_zero() => return Finish::NotYet(NotYet::Measuring),
        Pace::NotMeasured => Duration::ZERO,
    };
    Finish::In(paced.max(limited))
}

/// How long the limits make of what is left.
fn limited(facts: &Facts, left: u64) -> Duration {
    let waits = facts.limits.iter().map(|limit| {
        let points = (count(left) * limit.per_item - limit.paid).max(0.0) / limit.share;
        limit.allowance.wait_for(points, limit.live_per_second)
    });
    let trickled = facts
        .trickle
        .saturating_mul(u32::try_from(left).unwrap_or(u32::MAX));
    let longest = waits.map(|wait| wait.unwrap_or(trickled)).max();
    longest.unwrap_or_default().min(trickled)
}

/// How many items there are, when `listed` different ones were found. `told`: what the tracker says with this page, `known`:
/// what was known before, `is_last`: whether the page is the last. What was told too low is at least what was found.
pub fn total(listed: u64, told: Option<u64>, known: Option<u64>, is_last: bool) -> Option<u64> {
    if is_last {
        return Some(listed);
    }
    told.or(known).map(|total| total.max(listed))
}

/// How many of `total` items are still to be worked on, when `listed` were found, of which `waiting` are not finished.
/// `twins_to_come`: those that are not listed yet and are in a twin already are passed by.
pub fn left(total: Option<u64>, listed: u64, waiting: u64, twins_to_come: u64) -> Option<u64> {
    let to_list = total?.saturating_sub(listed);
    Some(waiting + to_list.saturating_sub(twins_to_come))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a count of items, far below 2^52"
)]
fn count(items: u64) -> f64 {
    items as f64
}

/// What is no time, or longer than one can be, is the longest.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests;
