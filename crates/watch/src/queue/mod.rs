//! Tickets of a connected tracker as reports: who writes to the people in support has said that something does not work.
//!
//! Each queue is read by a task of its own, straight from its tracker: hosts, edges and databases may all stand still. A
//! ticket counts once, under an id made of its own; when an incident takes its report, and when that is over, the ticket is
//! answered. What nothing came of is left to the people who read the queue.
//!
//! An answer is written once where the tracker can tell whether it is there. Of a watch that is killed between writing and
//! noting so the next one writes it again, unless the tracker tells.

mod looks;
mod memory;
mod reading;
mod tickets;

#[cfg(test)]
mod tests;

pub use looks::Looks;
pub use reading::Queue;
pub use tickets::{Place, Tickets};

use async_trait::async_trait;
use std::collections::BTreeSet;
use twinline_core::time::Timestamp;
use twinline_core::watch::incident::ReportId;

/// A ticket, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The tracker's id of it.
    pub id: String,
    /// What people call it.
    pub key: String,
    /// When it was made, by the tracker's clock; `None`: the tracker does not say.
    pub made: Option<Timestamp>,
    /// Its subject.
    pub summary: String,
    /// By what its tenant may be known: names, ids and mail domains of whoever it is from.
    pub from: Vec<String>,
}

/// What need not be found again, by the tracker's ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Tickets that are known.
    pub known: BTreeSet<String>,
    /// Those that could not be read so far, in the order in which they are tried again: after all others.
    pub unread: Vec<String>,
}

/// What one look has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Tickets that were made or changed.
    pub tickets: Vec<Ticket>,
    /// Those that were tried and could not be read, by their ids.
    pub unread: BTreeSet<String>,
    /// Those of [`Passed::unread`] that are no changes of the place any more.
    pub gone: BTreeSet<String>,
    /// The one of [`Passed::unread`] that was tried last, and still cannot be read.
    pub tried: Option<String>,
    /// Up to when all are among those that were ever found; `None`: there are more, which the next look finds.
    pub complete_to: Option<Timestamp>,
    /// Why not all could be read, in one sentence.
    pub fault: Option<String>,
}

/// Where tickets come in.
#[async_trait]
pub trait Inbound: Send + Sync {
    /// Those that were made or changed since, but for what is known. Bounded, in time too: what is left is for the next
    /// look, and one ticket that cannot be read keeps no other from being found.
    ///
    /// # Errors
    /// The tracker does not answer, or refuses: in one sentence.
    async fn since(&self, since: Timestamp, passed: &Passed) -> Result<Found, String>;

    /// Writes an answer under a ticket. One that is there already is not written again, as far as the tracker can tell.
    ///
    /// # Errors
    /// It was not written, or nobody knows.
    async fn answer(&self, ticket: &str, answer: &Answer) -> Result<(), String>;
}

/// What a ticket is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The report that was made of it.
    pub report: ReportId,
    /// Which of a report's answers this is, in a word: there is one of each.
    pub word: &'static str,
    /// The text.
    pub text: String,
}
