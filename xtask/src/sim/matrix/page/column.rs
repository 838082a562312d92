//! What became of a case in one direction between two trackers.

use super::super::{Case, PairOutcome, Told, Verdict};
use super::cell;
use twinline_core::names::Sides;

/// What stands for a case that crosses as it was meant.
const CROSSES: &str = "crosses";

/// One direction: from a tracker to another.
pub(super) type Arrow = (&'static str, &'static str);

/// The direction in which a case of a pair went.
pub(super) fn arrow(trackers: &Sides<&'static str>, told: &Told) -> Arrow {
    let from = told.way.from();
    (*trackers.get(from), *trackers.get(from.other()))
}

/// What is said of a verdict; `None`: one of the two has no such thing.
pub(super) fn shown(verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Crosses => Some(CROSSES.to_owned()),
        Verdict::Degrades(how) => Some(cell(how)),
        Verdict::Absent { .. } => None,
        Verdict::Failed(why) => Some(format!("**failed**: {}", cell(why))),
    }
}

/// What became of a case in a direction, by where its item began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Column {
    /// Of an item that began where the change was made.
    from: Option<String>,
    /// Of one that began where it is to arrive.
    to: Option<String>,
}

impl Column {
    pub(super) fn of(outcomes: &[PairOutcome], case: Case, way: Arrow) -> Self {
        let mut column = Self::default();
        for outcome in outcomes {
            for told in outcome.told.iter().filter(|told| told.case == case) {
                if arrow(&outcome.trackers, told) != way {
                    continue;
                }
                let began = match outcome.trackers.left == way.0 {
                    true => &mut column.from,
                    false => &mut column.to,
                };
                *began = shown(&told.verdict);
            }
        }
        column
    }

    /// One of the two trackers has no such thing.
    pub(super) const fn is_empty(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// Everything crosses as it was meant.
    pub(super) fn crosses(&self) -> bool {
        let mut all = [&self.from, &self.to].into_iter().flatten();
        all.all(|text| text == CROSSES)
    }

    /// Whether where the item began makes no difference.
    pub(super) fn is_uniform(&self) -> bool {
        self.from.is_none() || self.to.is_none() || self.from == self.to
    }

    /// In words, with the names of the two ends.
    pub(super) fn text(&self, [from, to]: [&str; 2]) -> String {
        match (&self.from, &self.to) {
            (None, None) => String::new(),
            (Some(here), Some(there)) if here != there => {
                format!("item of {from}: {here}<br>item of {to}: {there}")
            }
            (Some(text), _) | (None, Some(text)) => text.clone(),
        }
    }
}

/// Whether a column of the page says this, of one of the two ends or of both.
pub(super) fn says(column: &str, wanted: &str) -> bool {
    column.split("<br>").any(|part| {
        let of_one = part.strip_prefix("item of ");
        let of_one = of_one.and_then(|part| part.split_once(": "));
        part == wanted || of_one.is_some_and(|(_, text)| text == wanted)
    })
}

/// Whether a verdict is that all is as it was meant.
pub(super) fn is_meant(text: &str) -> bool {
    text == CROSSES
}
