//! Tables and properties of the book of incidents.

mod inbound;
mod properties;
mod reports;
mod signals;
mod storm;

use super::*;
use crate::time::Timestamp;
use crate::watch::element::{Element, Path};
use crate::watch::signal::{Severity, Signal, State};
use std::time::Duration;

pub(super) fn element(text: &str) -> Element {
    text.parse().unwrap()
}

pub(super) fn path(text: &str) -> Path {
    text.split_whitespace().map(element).collect()
}

/// A book and a clock.
pub(super) struct Desk {
    pub(super) book: Book,
    pub(super) settings: Settings,
    pub(super) now: Timestamp,
    /// Whether the book is stored and read before each event.
    pub(super) restarts: bool,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self {
            book: Book::default(),
            settings: Settings::default(),
            now: Timestamp::parse("2026-03-01T12:00:00Z").unwrap(),
            restarts: false,
        }
    }

    pub(super) fn apply(&mut self, event: Event) -> Vec<Effect> {
        if self.restarts {
            let text = serde_json::to_string(&self.book).unwrap();
            self.book = serde_json::from_str(&text).unwrap();
        }
        self.book.apply(event, self.now, &self.settings)
    }

    pub(super) fn fails(&mut self, subject: &str, implicates: &str) -> Vec<Effect> {
        self.says("probe", subject, Some((Severity::Critical, implicates)))
    }

    pub(super) fn warns(&mut self, subject: &str, implicates: &str) -> Vec<Effect> {
        self.says("probe", subject, Some((Severity::Warning, implicates)))
    }

    pub(super) fn passes(&mut self, subject: &str) -> Vec<Effect> {
        self.says("probe", subject, None)
    }

    pub(super) fn says(
        &mut self,
        source: &str,
        subject: &str,
        failing: Option<(Severity, &str)>,
    ) -> Vec<Effect> {
        let state = match failing {
            None => State::Passing,
            Some((severity, implicates)) => State::Failing {
                severity,
                implicates: path(implicates),
                summary: "it does not answer".to_owned(),
            },
        };
        self.apply(Event::Signal(Signal {
            source: source.to_owned(),
            subject: element(subject),
            state,
        }))
    }

    pub(super) fn reports(&mut self, id: &str, tenant: Option<&str>, about: &str) -> Vec<Effect> {
        self.apply(Event::Report(Report {
            id: ReportId(id.to_owned()),
            tenant: tenant.map(str::to_owned),
            elements: path(about),
        }))
    }

    pub(super) fn wait(&mut self, seconds: u64) -> Vec<Effect> {
        self.now = self.now.plus(Duration::from_secs(seconds));
        self.apply(Event::Tick)
    }

    /// Each incident as `number element failing/members`.
    pub(super) fn incidents(&self) -> Vec<String> {
        let shown = self.book.incidents().map(|it| {
            let (failing, members) = (it.failing.len(), it.members.len());
            format!("{} {} {failing}/{members}", it.id, it.element)
        });
        shown.collect()
    }
}

/// One word for each effect, with what matters.
pub(super) fn show(effects: &[Effect]) -> Vec<String> {
    effects.iter().map(show_one).collect()
}

fn show_one(effect: &Effect) -> String {
    match effect {
        Effect::Opened {
            incident,
            element,
            severity,
            subjects,
            ..
        } => format!(
            "opened {incident} {element} {severity:?} {}",
            subjects.len()
        ),
        Effect::Joined { incident, subjects } => format!("joined {incident} {}", subjects.len()),
        Effect::Promoted { incident, from, to } => format!("promoted {incident} {from} {to}"),
        Effect::Merged { incident, into } => format!("merged {incident} {into}"),
        Effect::Raised { incident, severity } => format!("raised {incident} {severity:?}"),
        Effect::Recovered { incident } => format!("recovered {incident}"),
        Effect::Reopened { incident, times } => format!("reopened {incident} {times}"),
        Effect::Resolved { incident, by } => format!("resolved {incident} {by}"),
        Effect::Dismissed { incident, .. } => format!("dismissed {incident}"),
        Effect::Closed { incident } => format!("closed {incident}"),
        Effect::Linked { report, incident } => format!("linked {report} {incident}"),
        Effect::Answer { report, answer } => match answer {
            Answer::Received => format!("answer {report} received"),
            Answer::Known { incident } => format!("answer {report} known {incident}"),
            Answer::Over { incident } => format!("answer {report} over {incident}"),
        },
        Effect::Unrepeated { subject } => format!("unrepeated {subject}"),
        Effect::NotDeclared { reason, .. } => match reason {
            Reason::Passed => "none: passed".to_owned(),
            Reason::Info => "none: info".to_owned(),
            Reason::Vendor { tracker } => format!("none: vendor {tracker}"),
            Reason::Dismissed => "none: dismissed".to_owned(),
            Reason::Anonymous => "none: anonymous".to_owned(),
            Reason::UsualRate { .. } => "none: usual rate".to_owned(),
            Reason::OneTenant => "none: one tenant".to_owned(),
            Reason::StillFailing { subjects } => format!("none: {} still fail", subjects.len()),
            Reason::NoSuchIncident => "none: no such incident".to_owned(),
        },
    }
}

/// Compares effects with a text of lines, separated by `; `.
pub(super) fn check(effects: &[Effect], expected: &str) {
    let expected: Vec<&str> = expected.split("; ").filter(|it| !it.is_empty()).collect();
    assert_eq!(show(effects), expected);
}
