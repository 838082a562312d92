//! Decisions that something is no incident, each in a sentence.

use twinline_core::watch::element::Path;
use twinline_core::watch::incident::{Reason, Undeclared};

/// The most elements that a sentence names.
const NAMED_MAX: usize = 20;

/// What was judged, and why it is none.
pub(super) fn sentence(what: &Undeclared, reason: &Reason) -> String {
    let judged = match what {
        Undeclared::Subjects { subjects } => format!("{} failed", named(subjects)),
        Undeclared::Report { report } => format!("report {report} came"),
        Undeclared::Request { incident } => {
            return format!("not done to incident {incident}: {}", because(reason));
        }
    };
    format!(
        "{judged}, and no incident was declared: {}",
        because(reason)
    )
}

pub(super) fn because(reason: &Reason) -> String {
    match reason {
        Reason::Passed => "it was well again before the window ended".to_owned(),
        Reason::Info => "nothing of it is worth a person's time".to_owned(),
        Reason::Vendor { tracker } => format!("{tracker} explains it, which is none of ours"),
        Reason::Dismissed => "a person dismissed it, and it has not been well since".to_owned(),
        Reason::Anonymous => "nobody knows who reports; such a report joins an incident".to_owned(),
        Reason::UsualRate { lately, before } => format!(
            "the tenant reports as often as usual ({lately} lately, {before} in the four weeks before)"
        ),
        Reason::OneTenant => "no second tenant says so of the same element".to_owned(),
        Reason::StillFailing { subjects } => {
            format!("this fails: {}", named(subjects))
        }
        Reason::NoSuchIncident => "it is over, or there never was one".to_owned(),
    }
}

fn named(elements: &Path) -> String {
    let words: Vec<String> = elements
        .iter()
        .take(NAMED_MAX)
        .map(ToString::to_string)
        .collect();
    match elements.len().saturating_sub(NAMED_MAX) {
        0 => words.join(", "),
        more => format!("{} and {more} more", words.join(", ")),
    }
}

#[cfg(test)]
#[path = "decision_tests.rs"]
mod tests;
