//! What paging hears, and what it wants done.

use super::attempts::AttemptId;
use super::calls::Brief;
use crate::time::Timestamp;
use crate::watch::change::ChangeId;
use crate::watch::escalation::roster::{Contact, PersonName};
use crate::watch::incident::IncidentId;
use crate::watch::signal::Severity;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What paging hears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// An incident begins, or comes back after it had recovered. One that is under way already goes on.
    Opened(Brief),
    /// It is worse.
    Raised {
        /// Which.
        incident: IncidentId,
        /// How bad it is now.
        severity: Severity,
    },
    /// It goes on as another one.
    Merged {
        /// Which ends.
        incident: IncidentId,
        /// Which goes on.
        into: IncidentId,
    },
    /// Nothing of it fails any more.
    Recovered {
        /// Which.
        incident: IncidentId,
    },
    /// It was resolved, dismissed or closed.
    Ended {
        /// Which.
        incident: IncidentId,
    },
    /// Somebody is on it.
    Acknowledged {
        /// Which incident.
        incident: IncidentId,
        /// Who.
        by: PersonName,
        /// By the link in a page that went there, which proves that contact.
        via: Option<Contact>,
    },
    /// Somebody writes something down.
    Noted {
        /// Which incident.
        incident: IncidentId,
        /// Who.
        by: PersonName,
        /// What.
        text: String,
    },
    /// A channel took a page.
    Sent {
        /// Which.
        attempt: AttemptId,
    },
    /// A channel did not.
    Failed {
        /// Which.
        attempt: AttemptId,
        /// One line, without secrets.
        detail: String,
    },
    /// A person acknowledged a test page that went there.
    TestAcknowledged {
        /// Where.
        contact: Contact,
    },
    /// A person is to be asked whether they are there while a change is made.
    Ask {
        /// Whom.
        person: PersonName,
        /// Which change.
        change: ChangeId,
    },
    /// Time has passed.
    Tick,
}

/// What a page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Please look.
    Incident,
    /// What you acknowledged is worse now.
    Worse,
    /// What you were called for is over.
    Recovered,
    /// Several, since you had too many pages.
    Digest,
    /// Please acknowledge, to prove that this reaches you.
    Test,
    /// Please say that you are there while this change is made.
    Presence(ChangeId),
}

/// Why everybody is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Nobody of the step is on call.
    NobodyOnCall,
    /// Nobody of the step could be reached.
    NobodyReached,
    /// All rounds are over.
    RepeatsOver,
}

/// What is to be done, or written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Send this now, and say `Sent` or `Failed`.
    Page {
        /// Which attempt it is.
        attempt: AttemptId,
        /// To whom; none for a channel with nobody in particular behind it.
        person: Option<PersonName>,
        /// By what.
        contact: Contact,
        /// About what.
        purpose: Purpose,
        /// About which incidents; none for a test.
        incidents: BTreeSet<IncidentId>,
    },
    /// A channel failed; the next, if there is one, is tried at once.
    ChannelFailed {
        /// Which attempt.
        attempt: AttemptId,
        /// By what.
        contact: Contact,
        /// Why.
        detail: String,
    },
    /// A step of the policy begins, counted from 1.
    Stepped {
        /// Which incident.
        incident: IncidentId,
        /// Which round.
        round: u32,
        /// Which step.
        step: usize,
    },
    /// A rotation has nobody now.
    NobodyOnCall {
        /// For which incident it was asked.
        incident: IncidentId,
        /// Which.
        rotation: String,
        /// Why that is meant, if it is.
        deliberate: Option<String>,
    },
    /// Everybody is called.
    EverybodyCalled {
        /// For which incident.
        incident: IncidentId,
        /// Why.
        why: Why,
    },
    /// Every contact of a person failed.
    Unreached {
        /// Who; none for a bare channel.
        person: Option<PersonName>,
        /// About which incidents.
        incidents: BTreeSet<IncidentId>,
    },
    /// There is nobody to call at all. The outside ping is all that is left.
    NobodyAtAll {
        /// For which incident.
        incident: IncidentId,
    },
    /// A person has had too many pages: this one goes into the digest.
    Capped {
        /// Who.
        person: PersonName,
        /// Which incident.
        incident: IncidentId,
    },
    /// Somebody is on it: nobody else is called.
    Acknowledged {
        /// Which incident.
        incident: IncidentId,
        /// Who.
        by: PersonName,
    },
    /// It is worse, and who acknowledged it cannot be told: others are called.
    TakenBack {
        /// Which incident.
        incident: IncidentId,
        /// Who had acknowledged it.
        by: PersonName,
    },
    /// Something to keep with the incident.
    Noted {
        /// Which incident.
        incident: IncidentId,
        /// Who.
        by: PersonName,
        /// What.
        text: String,
    },
    /// Nobody acknowledged, and nobody is called any more. Never of a critical incident.
    GaveUp {
        /// Which incident.
        incident: IncidentId,
    },
    /// The incident is not known, or over.
    Refused {
        /// Which incident.
        incident: IncidentId,
    },
    /// A contact's test page was not acknowledged, or not taken: it goes last until it is.
    Unproven {
        /// Whose.
        person: PersonName,
        /// Which.
        contact: Contact,
    },
    /// A channel took the question whether a person is there.
    Asked {
        /// For which change.
        change: ChangeId,
        /// Whom.
        person: PersonName,
        /// By what.
        contact: Contact,
    },
    /// No channel took that question.
    NotAsked {
        /// For which change.
        change: ChangeId,
        /// Whom.
        person: PersonName,
    },
    /// Nobody will be on call.
    GapAhead {
        /// In which rotation.
        rotation: String,
        /// From when.
        from: Timestamp,
        /// Until when.
        to: Timestamp,
        /// Why that is meant, if it is.
        deliberate: Option<String>,
    },
}
