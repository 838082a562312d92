//! Tables and properties of escalation.

mod calls;
mod channels;
mod properties;
mod schedule;
mod year;

use super::*;
use crate::time::Timestamp;
use crate::watch::incident::IncidentId;
use crate::watch::signal::Severity;
use serde_json::json;
use std::time::Duration;

pub(super) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Ada and Bo take weekly turns, Ada first; Cy is in no rotation.
pub(super) fn roster() -> Roster {
    let roster = json!({
        "people": {
            "ada": { "zone": "Europe/Brussels", "reach": ["sms:1", "mail:ada"] },
            "bo": { "zone": "America/Montreal", "reach": ["sms:2", "mail:bo"] },
            "cy": { "zone": "Asia/Kolkata", "reach": ["mail:cy"] },
        },
        "rotations": {
            "primary": { "layers": [{
                "people": ["ada", "bo"],
                "every": "week",
                "handover": "Mon 09:00 Europe/Brussels",
                "since": "2026-01-05",
            }] },
        },
        "policies": [
            { "severity": "critical", "repeat": 2, "steps": [
                { "to": ["primary"], "wait_s": 180 },
                { "to": ["primary", "cy"], "wait_s": 300 },
                { "to": ["everyone"], "wait_s": 600 },
            ] },
            { "severity": "warning", "steps": [{ "to": ["chat:ops"], "wait_s": 0 }] },
        ],
    });
    serde_json::from_value(roster).unwrap()
}

/// Paging, a roster and a clock.
pub(super) struct Desk {
    pub(super) paging: Paging,
    pub(super) roster: Roster,
    pub(super) now: Timestamp,
    /// Whether the state is stored and read before each event.
    pub(super) restarts: bool,
}

impl Desk {
    /// On a Wednesday at noon, with Ada on call.
    pub(super) fn new() -> Self {
        let mut desk = Self {
            paging: Paging::default(),
            roster: roster(),
            now: at("2026-01-07T12:00:00Z"),
            restarts: false,
        };
        desk.apply(Event::Tick);
        desk
    }

    pub(super) fn apply(&mut self, event: Event) -> Vec<Effect> {
        if self.restarts {
            let text = serde_json::to_string(&self.paging).unwrap();
            self.paging = serde_json::from_str(&text).unwrap();
        }
        self.paging.apply(event, self.now, &self.roster)
    }

    pub(super) fn opens(&mut self, incident: u64, severity: Severity) -> Vec<Effect> {
        self.apply(Event::Opened(Brief {
            incident: IncidentId(incident),
            severity,
            element: "database:central".parse().unwrap(),
        }))
    }

    pub(super) fn critical(&mut self, incident: u64) -> Vec<Effect> {
        self.opens(incident, Severity::Critical)
    }

    pub(super) fn wait(&mut self, seconds: u64) -> Vec<Effect> {
        self.now = self.now.plus(Duration::from_secs(seconds));
        self.apply(Event::Tick)
    }

    pub(super) fn sent(&mut self, attempt: u64) -> Vec<Effect> {
        self.apply(Event::Sent {
            attempt: AttemptId(attempt),
        })
    }

    /// Every page of these effects is taken by its channel.
    pub(super) fn all_sent(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let Effect::Page { attempt, .. } = effect {
                self.sent(attempt.0);
            }
        }
    }

    pub(super) fn fails(&mut self, attempt: u64) -> Vec<Effect> {
        self.apply(Event::Failed {
            attempt: AttemptId(attempt),
            detail: "refused".to_owned(),
        })
    }

    pub(super) fn acknowledges(&mut self, incident: u64, by: &str) -> Vec<Effect> {
        self.apply(Event::Acknowledged {
            incident: IncidentId(incident),
            by: by.into(),
            via: None,
        })
    }
}

/// One line for each effect, with what matters.
pub(super) fn show(effect: &Effect) -> String {
    match effect {
        Effect::Page {
            attempt,
            contact,
            purpose,
            incidents,
            ..
        } => {
            let about: Vec<String> = incidents.iter().map(ToString::to_string).collect();
            format!("{} {contact} {purpose:?} {}", attempt.0, about.join("+"))
                .trim_end()
                .to_owned()
        }
        Effect::ChannelFailed { contact, .. } => format!("failed {contact}"),
        Effect::Stepped {
            incident,
            round,
            step,
        } => format!("step {incident} {round}.{step}"),
        Effect::NobodyOnCall { rotation, .. } => format!("nobody in {rotation}"),
        Effect::EverybodyCalled { incident, why } => format!("everybody {incident} {why:?}"),
        Effect::Unreached { person, .. } => format!(
            "unreached {}",
            person.as_ref().map_or("channel", |it| it.0.as_str())
        ),
        Effect::NobodyAtAll { incident } => format!("nobody at all {incident}"),
        Effect::Capped { person, incident } => format!("capped {person} {incident}"),
        Effect::Acknowledged { incident, by } => format!("acknowledged {incident} {by}"),
        Effect::TakenBack { incident, by } => format!("taken back {incident} {by}"),
        Effect::Noted { incident, by, text } => format!("noted {incident} {by} {text}"),
        Effect::GaveUp { incident } => format!("gave up {incident}"),
        Effect::Refused { incident } => format!("refused {incident}"),
        Effect::Unproven { contact, .. } => format!("unproven {contact}"),
        Effect::Asked {
            change,
            person,
            contact,
        } => format!("asked {change} {person} {contact}"),
        Effect::NotAsked { change, person } => format!("not asked {change} {person}"),
        Effect::GapAhead {
            rotation,
            from,
            to,
            deliberate,
        } => format!(
            "gap {rotation} {from} {to} {}",
            deliberate.as_deref().unwrap_or("unmeant")
        ),
    }
}

/// Compares effects with a text of lines, separated by `; `.
pub(super) fn check(effects: &[Effect], expected: &str) {
    let shown: Vec<String> = effects.iter().map(show).collect();
    let expected: Vec<&str> = expected.split("; ").filter(|it| !it.is_empty()).collect();
    assert_eq!(shown, expected);
}
