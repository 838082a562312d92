//! What the driver is told, by its queue.

use super::changes::Asked;
use super::desk::Public;
use super::editor::Edit;
use super::elsewhere::Acknowledged;
use super::journal::Entry;
use super::keep::{Found, Trouble};
use super::record::NOTES_MAX;
use super::reports::Filed;
use super::setup::Setup;
use super::view::{Detail, Overview};
use crate::inbound::signals::Heard;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::oneshot;
use twinline_core::watch::change::{ChangeId, Check, Fingerprint};
use twinline_core::watch::element::Element;
use twinline_core::watch::incident::IncidentId;
use twinline_core::watch::page::{self, MaintenanceId};
use twinline_core::watch::probe::Outcome;
use twinline_core::watch::signal::Signal;

/// One thing that the driver is told.
pub(super) enum Told {
    /// A run of a probe ended so.
    Results {
        probe: Arc<str>,
        run: u64,
        seen: Vec<(Element, Outcome)>,
    },
    /// Somebody's words about subjects.
    Signals(Vec<Signal>),
    /// What other monitoring says, each with since when it is so.
    Inbound(Vec<Heard>),
    /// The states could not be stored, or could again.
    Stored(Option<Trouble>),
    /// What the file has is found late; whether it is gone on from.
    Found(Box<Found>, oneshot::Sender<bool>),
    /// Another configuration holds.
    Setup(Box<Setup>),
    /// A proof of a round of a change ended so; why, when it did not pass.
    Proved {
        of: (ChangeId, u32),
        check: Check,
        failure: Option<String>,
    },
    /// A database was looked at.
    Seen {
        database: Element,
        fingerprint: Fingerprint,
    },
    /// What was acknowledged at another machine's watch.
    Acknowledged {
        machine: String,
        there: Vec<Acknowledged>,
    },
    /// Somebody wants something and waits for the answer.
    Ask(Ask),
}

/// What somebody wants.
pub(super) enum Ask {
    Overview(oneshot::Sender<Overview>),
    Acknowledged(oneshot::Sender<Vec<Acknowledged>>),
    Detail(IncidentId, oneshot::Sender<Option<Detail>>),
    Do(Deed, oneshot::Sender<Result<(), Refusal>>),
    Edit(
        Edit,
        oneshot::Sender<Result<Option<MaintenanceId>, Refusal>>,
    ),
    Reports(oneshot::Sender<Vec<Arc<Filed>>>),
    Decisions(oneshot::Sender<Vec<Entry>>),
    Public(Public),
    Change(Asked),
}

/// What a person does to an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Somebody is on it.
    Acknowledge {
        /// Which.
        incident: IncidentId,
        /// Who.
        by: String,
    },
    /// It is over.
    Resolve {
        /// Which.
        incident: IncidentId,
        /// Who.
        by: String,
        /// What the public is told, where it reads it.
        text: Option<String>,
    },
    /// It is none, though something fails.
    Dismiss {
        /// Which.
        incident: IncidentId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Something to keep with it.
    Note {
        /// Which.
        incident: IncidentId,
        /// Who.
        by: String,
        /// What.
        text: String,
    },
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such incident.
    #[error("incident {0} does not exist: 'twinline incident list' lists them")]
    Unknown(IncidentId),
    /// It is over.
    #[error("incident {0} is over")]
    Over(IncidentId),
    /// Something of it fails.
    #[error(
        "incident {incident} cannot be over while this fails: {}; 'twinline incident dismiss' says that it is none",
        named(.subjects)
    )]
    StillFailing {
        /// Which.
        incident: IncidentId,
        /// What.
        subjects: BTreeSet<Element>,
    },
    /// Nobody of this name can be called when it gets worse.
    #[error("'{by}' is none of [watch.people] ({}): say who you are with --as", .people.join(", "))]
    Nobody {
        /// As was said.
        by: String,
        /// Who there is.
        people: Vec<String>,
    },
    /// The page did not take it.
    #[error("the status page did not take it: {0}")]
    Page(page::Refusal),
    /// A text is too long.
    #[error("{what} has {chars} characters; at most {max} are taken")]
    TooLong {
        /// Which.
        what: &'static str,
        /// How long it is.
        chars: usize,
        /// How long it may be.
        max: usize,
    },
    /// It has as many notes as there may be.
    #[error("incident {0} has {NOTES_MAX} notes, and takes no more")]
    NotesFull(IncidentId),
    /// Watch did not answer in time.
    #[error("watch did not answer in time; what was asked for may have been done")]
    Busy,
}

fn named(subjects: &BTreeSet<Element>) -> String {
    let words: Vec<String> = subjects.iter().map(ToString::to_string).collect();
    words.join(", ")
}
