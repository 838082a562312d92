//! What is known of a queue's tickets: which became reports, and what each was answered. A document that is replaced as a
//! whole.

use super::{Found, Passed, Ticket};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::time::Timestamp;
use twinline_core::watch::incident;

/// A ticket that was made longer ago than this says nothing of now: watch was away.
const FRESH: Duration = Duration::from_secs(1800);
/// Looks overlap by this much: a tracker's feed may show a change late.
const OVERLAP: Duration = Duration::from_secs(300);
/// A ticket whose report nothing came of is forgotten after this.
const WAITS: Duration = Duration::from_secs(7 * 86_400);
/// One that became no report, after this: later than looks overlap.
const PASSED: Duration = Duration::from_secs(3600);
/// The most tickets that are remembered; the oldest go.
const KNOWN_MAX: usize = 5000;

/// All that is remembered of a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    /// When the queue was looked at first: what is older was there before.
    began: Option<Timestamp>,
    /// Up to when its changes were read, by the tracker's clock.
    read_to: Option<Timestamp>,
    known: BTreeMap<String, Known>,
    /// Those that cannot be read, each with when that was found first.
    unread: BTreeMap<String, Timestamp>,
    /// The one of them that was tried last: the next look begins behind it, so that one at which it ends keeps no other
    /// from being tried.
    tried: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    /// When it was found.
    at: Timestamp,
    /// Whether it became a report.
    reported: bool,
    /// What it was answered last.
    answered: Option<Said>,
}

/// What a ticket was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Said {
    /// That an incident is known.
    Known,
    /// That it is over.
    Over,
}

impl Said {
    /// What is to be said of a report; nothing, while nothing came of it.
    pub(super) const fn of(answer: &incident::Answer) -> Option<Self> {
        match answer {
            incident::Answer::Received => None,
            incident::Answer::Known { .. } => Some(Self::Known),
            incident::Answer::Over { .. } => Some(Self::Over),
        }
    }

    /// In a word.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Over => "over",
        }
    }
}

impl Memory {
    /// From when on to look. What was made so long ago that it is no news is not looked for, however long watch was away.
    pub(super) fn since(&mut self, now: Timestamp) -> Timestamp {
        self.began.get_or_insert(now);
        let to = self.read_to.unwrap_or(now);
        to.max(now.minus(FRESH)).minus(OVERLAP)
    }

    /// What need not be found again.
    pub(super) fn passed(&self) -> Passed {
        let tried = self.tried.as_ref();
        let (behind, before): (Vec<_>, Vec<_>) = (self.unread.keys().cloned())
            .partition(|ticket| tried.is_none_or(|tried| ticket > tried));
        Passed {
            known: self.known.keys().cloned().collect(),
            unread: [behind, before].concat(),
        }
    }

    /// Whether a ticket that was found becomes a report: it was made lately, and since the queue is looked at. Trackers tell
    /// in which second a ticket was made, no more: one of the second in which that began may be of after it.
    pub(super) fn is_news(&self, ticket: &Ticket, now: Timestamp) -> bool {
        let since = self.began.unwrap_or(now).floor_to_second();
        let lately = |made: &Timestamp| *made >= since && now.since(*made) <= FRESH;
        ticket.made.as_ref().is_some_and(lately) && !self.known.contains_key(&ticket.id)
    }

    /// A ticket was found, and has become a report, or is none.
    pub(super) fn note(&mut self, ticket: &Ticket, reported: bool, now: Timestamp) {
        let known = Known {
            at: now,
            reported,
            answered: None,
        };
        self.unread.remove(&ticket.id);
        self.known.entry(ticket.id.clone()).or_insert(known);
    }

    /// What a look could not read. One that it did not come to keeps its place, and since when it is unread. Answers with those
    /// that have been so for too long to be news: they are left.
    pub(super) fn unread(&mut self, found: &Found, now: Timestamp) -> Vec<String> {
        self.unread.retain(|ticket, since| {
            *since = (*since).min(now);
            !found.gone.contains(ticket)
        });
        for ticket in &found.unread {
            self.unread.entry(ticket.clone()).or_insert(now);
        }
        if let Some(tried) = &found.tried {
            self.tried = Some(tried.clone());
        }
        let unread = self.unread.iter();
        let old = unread.filter(|(_, since)| now.since(**since) > FRESH);
        let left: Vec<String> = old.map(|(ticket, _)| ticket.clone()).collect();
        for ticket in &left {
            self.unread.remove(ticket);
            let known = Known {
                at: now,
                reported: false,
                answered: None,
            };
            self.known.entry(ticket.clone()).or_insert(known);
        }
        left
    }

    /// All up to then were found.
    pub(super) fn read_to(&mut self, to: Timestamp) {
        self.read_to = self.read_to.max(Some(to));
    }

    /// The tickets that may have to be answered, with what each was answered last; those behind `after` come first, so that
    /// some that are never answered keep no others from it.
    pub(super) fn open(&self, after: Option<&str>) -> Vec<(String, Option<Said>)> {
        let reported = self.known.iter().filter(|(_, it)| it.reported);
        let open = |it: &Known| it.answered != Some(Said::Over);
        let all = reported.filter(|(_, it)| open(it));
        let (behind, before): (Vec<_>, Vec<_>) = all
            .map(|(ticket, it)| (ticket.clone(), it.answered))
            .partition(|(ticket, _)| after.is_none_or(|after| ticket.as_str() > after));
        [behind, before].concat()
    }

    /// A ticket was answered.
    pub(super) fn answered(&mut self, ticket: &str, said: Said) {
        if let Some(known) = self.known.get_mut(ticket) {
            known.answered = Some(said);
        }
    }

    /// Forgets what nothing more comes of.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.known.retain(|_, it| {
            // The time of a clock that has been put back since is now.
            it.at = it.at.min(now);
            let kept = if it.reported && it.answered != Some(Said::Over) {
                WAITS
            } else {
                PASSED
            };
            now.since(it.at) <= kept
        });
        while self.unread.len() > KNOWN_MAX {
            self.unread.pop_first();
        }
        while self.known.len() > KNOWN_MAX {
            let oldest = self.known.iter().min_by_key(|(_, it)| it.at);
            let Some(oldest) = oldest.map(|(ticket, _)| ticket.clone()) else {
                return;
            };
            self.known.remove(&oldest);
        }
    }
}
