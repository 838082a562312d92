//! What the book of incidents hears, and what it says.

use super::reports::{Report, ReportId};
use super::state::IncidentId;
use crate::watch::element::{Element, Path};
use crate::watch::signal::{Severity, Signal};
use serde::{Deserialize, Serialize};

/// What the book hears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A source's word about a subject.
    Signal(Signal),
    /// A tenant's or a visitor's report.
    Report(Report),
    /// The subject is no longer there: a node was removed, a host decommissioned.
    Gone {
        /// Which.
        subject: Element,
    },
    /// A person says that the incident is over.
    Resolve {
        /// Which.
        incident: IncidentId,
        /// Who.
        by: String,
    },
    /// A person says that it is none, though something fails. What fails now opens nothing until it has been well.
    Dismiss {
        /// Which.
        incident: IncidentId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Time has passed.
    Tick,
}

/// What made an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Our own probes and what is connected to them.
    Signals,
    /// Independent tenants.
    Reports,
}

/// What is to be done, or written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// An incident begins.
    Opened {
        /// Its number.
        incident: IncidentId,
        /// What explains it.
        element: Element,
        /// How soon a person must look.
        severity: Severity,
        /// What made it.
        cause: Cause,
        /// All that fails.
        subjects: Path,
    },
    /// More fails, for the same reason.
    Joined {
        /// Which.
        incident: IncidentId,
        /// What joined.
        subjects: Path,
    },
    /// It turns out to be wider: another element explains all of it and more.
    Promoted {
        /// Which.
        incident: IncidentId,
        /// What it was named after.
        from: Element,
        /// What it is named after now.
        to: Element,
    },
    /// It is part of another one, and goes on as that.
    Merged {
        /// Which ends.
        incident: IncidentId,
        /// Which takes it in.
        into: IncidentId,
    },
    /// It is worse than it was.
    Raised {
        /// Which.
        incident: IncidentId,
        /// What it is now.
        severity: Severity,
    },
    /// Nothing of it fails any more, and has not for a while. A person resolves it.
    Recovered {
        /// Which.
        incident: IncidentId,
    },
    /// It is back.
    Reopened {
        /// Which.
        incident: IncidentId,
        /// For the how-manieth time.
        times: u32,
    },
    /// A person resolved it.
    Resolved {
        /// Which.
        incident: IncidentId,
        /// Who.
        by: String,
    },
    /// A person dismissed it.
    Dismissed {
        /// Which.
        incident: IncidentId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// From now on the same element is a new incident.
    Closed {
        /// Which.
        incident: IncidentId,
    },
    /// A report belongs to an incident.
    Linked {
        /// Which report.
        report: ReportId,
        /// Which incident.
        incident: IncidentId,
    },
    /// Whoever reported is to be told.
    Answer {
        /// Which report.
        report: ReportId,
        /// What.
        answer: Answer,
    },
    /// Other monitoring has said that it fails, and has not said so again for too long: it counts as over.
    Unrepeated {
        /// What.
        subject: Element,
    },
    /// A decision not to declare an incident, to be kept with its reason.
    NotDeclared {
        /// What was judged.
        what: Undeclared,
        /// Why it is none.
        reason: Reason,
    },
}

/// What whoever reported is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// We have it; nothing else points there yet.
    Received,
    /// It is known, and worked on.
    Known {
        /// As this.
        incident: IncidentId,
    },
    /// It is over.
    Over {
        /// This.
        incident: IncidentId,
    },
}

/// What was judged, and is no incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Undeclared {
    /// These fail.
    Subjects {
        /// Which.
        subjects: Path,
    },
    /// A report.
    Report {
        /// Which.
        report: ReportId,
    },
    /// A request about an incident.
    Request {
        /// Which incident.
        incident: IncidentId,
    },
}

/// Why something is no incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// It was well again before the window ended.
    Passed,
    /// Nothing that fails is worth a person's time.
    Info,
    /// A tracker's vendor explains it: an upstream component, none of ours.
    Vendor {
        /// Which.
        tracker: Element,
    },
    /// A person dismissed it, and it has not been well since.
    Dismissed,
    /// Nobody knows who reports: such a report joins, and opens nothing.
    Anonymous,
    /// The tenant reports no more than it usually does.
    UsualRate {
        /// Its reports lately.
        lately: u32,
        /// Its reports in the four weeks before.
        before: u32,
    },
    /// No second tenant says so of the same element.
    OneTenant,
    /// It cannot be resolved while something of it fails; it can be dismissed.
    StillFailing {
        /// What.
        subjects: Path,
    },
    /// There is no such incident, or no more.
    NoSuchIncident,
}
