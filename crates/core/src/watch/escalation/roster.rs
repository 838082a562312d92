//! People, how they are reached, and who is called when: the configuration, as watch keeps it on its own disk.

use super::schedule::{OnCall, Schedule};
use super::zone::{Day, LocalTime, Weekday, Zone};
use crate::time::Timestamp;
use crate::watch::element::{Element, Selector};
use crate::watch::signal::Severity;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A person's name: `[watch.people.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonName(pub String);

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for PersonName {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// A way to somebody: a channel's name and an address in it, `sms:+3225550101`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Contact {
    /// `[watch.channels.NAME]`.
    pub channel: String,
    /// As the channel understands it.
    pub address: String,
}

/// A text that is no contact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no contact: write it as channel:address, such as mail:ada@acme.example")]
pub struct NotAContact(pub String);

impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.channel, self.address)
    }
}

impl FromStr for Contact {
    type Err = NotAContact;

    fn from_str(text: &str) -> Result<Self, NotAContact> {
        match text.split_once(':') {
            Some((channel, address)) if !channel.is_empty() && !address.is_empty() => Ok(Self {
                channel: channel.to_owned(),
                address: address.to_owned(),
            }),
            _ => Err(NotAContact(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Contact {
    type Error = NotAContact;

    fn try_from(text: String) -> Result<Self, NotAContact> {
        text.parse()
    }
}

impl From<Contact> for String {
    fn from(contact: Contact) -> Self {
        contact.to_string()
    }
}

/// Somebody who can be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Where they live.
    pub zone: Zone,
    /// How they are reached, the best first.
    pub reach: Vec<Contact>,
}

/// Whom a step calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Target {
    /// `everyone`.
    Everyone,
    /// A rotation or a person, by name.
    Named(String),
    /// A channel's address, with nobody in particular behind it: `chat:ops`.
    Contact(Contact),
}

impl From<String> for Target {
    fn from(text: String) -> Self {
        match text.parse() {
            Ok(contact) => Self::Contact(contact),
            Err(_) if text == "everyone" => Self::Everyone,
            Err(_) => Self::Named(text),
        }
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        match target {
            Target::Everyone => "everyone".to_owned(),
            Target::Named(name) => name,
            Target::Contact(contact) => contact.to_string(),
        }
    }
}

/// Whom to call, and how long to wait for an acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// All are called at once.
    pub to: Vec<Target>,
    /// Then the next step.
    pub wait_s: u64,
}

/// What is done for the incidents that it fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Only those of this severity.
    #[serde(default)]
    pub severity: Option<Severity>,
    /// Only those of these elements.
    #[serde(default)]
    pub element: Option<Selector>,
    /// In order.
    pub steps: Vec<Step>,
    /// How often all steps are repeated.
    #[serde(default)]
    pub repeat: u32,
}

impl Policy {
    fn fits(&self, severity: Severity, element: &Element) -> bool {
        self.severity.is_none_or(|it| it == severity)
            && (self.element.as_ref()).is_none_or(|it| it.selects(element))
    }
}

/// An hour of the week, by the clock of whoever it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeeklyHour {
    /// The day.
    pub weekday: Weekday,
    /// The time.
    pub time: LocalTime,
}

impl WeeklyHour {
    /// The next one after an instant.
    pub(super) fn next(self, zone: &Zone, after: Timestamp) -> Timestamp {
        let (day, _) = zone.local(after);
        let mut number =
            day.number() + (self.weekday.index() - day.weekday().index()).rem_euclid(7) - 7;
        loop {
            let at = zone.instant(Day::of(number), self.time);
            if at > after {
                return at;
            }
            number += 7;
        }
    }
}

/// The numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// More pages to one person within ten minutes become one digest.
    pub pages_per_person_10min: usize,
    /// What is gathered for a digest before it goes.
    pub digest_after_s: u64,
    /// A channel that has not said by then whether it took a page has failed.
    pub channel_deadline_s: u64,
    /// Where nobody was reached, the next step comes at the latest after this.
    pub unreached_retry_s: u64,
    /// The least time from one round of steps to the next.
    pub round_min_s: u64,
    /// When all rounds are over, everybody is called again and again this long after.
    pub after_repeats_s: u64,
    /// When the weekly test page goes.
    pub test_at: WeeklyHour,
    /// A test page that nobody has acknowledged after this long is told of.
    pub test_answer_s: u64,
    /// A channel is proven by an acknowledgement for this long.
    pub proof_lasts_s: u64,
    /// Gaps in the schedule are told so far ahead.
    pub gaps_ahead_s: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pages_per_person_10min: 6,
            digest_after_s: 60,
            channel_deadline_s: 10,
            unreached_retry_s: 60,
            round_min_s: 60,
            after_repeats_s: 900,
            test_at: WeeklyHour {
                weekday: Weekday::Tue,
                time: LocalTime(600),
            },
            test_answer_s: 86_400,
            proof_lasts_s: 9 * 86_400,
            gaps_ahead_s: 14 * 86_400,
        }
    }
}

/// Pages to one person are counted within this.
pub(super) const CAP_WINDOW: Duration = Duration::from_secs(600);

/// Everything about people. Passed to the machine each time; no part of its state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// All of them.
    pub people: BTreeMap<PersonName, Person>,
    /// Rotations by name.
    pub rotations: BTreeMap<String, Schedule>,
    /// The first that fits counts.
    pub policies: Vec<Policy>,
    /// The numbers.
    #[serde(default)]
    pub limits: Limits,
}

/// What is wrong in a roster.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RosterFault {
    /// A step or rotation names somebody who is not there.
    #[error("'{0}' is neither a person nor a rotation")]
    Unknown(String),
    /// A name could be meant in two ways.
    #[error("'{0}' is both a person and a rotation")]
    Ambiguous(String),
    /// A person without a contact.
    #[error("{0} cannot be reached: 'reach' is empty")]
    Unreachable(PersonName),
    /// A policy without steps, or a step without a target.
    #[error("escalation {0} calls nobody")]
    CallsNobody(usize),
    /// Nothing fits a critical incident whatever its element.
    #[error("no escalation fits every critical incident: everybody would be called for it")]
    NothingForCritical,
}

impl Roster {
    /// What is wrong. The machine works with a roster that has faults; a configuration with faults is refused.
    pub fn faults(&self) -> Vec<RosterFault> {
        let mut faults = Vec::new();
        for (name, person) in &self.people {
            if person.reach.is_empty() {
                faults.push(RosterFault::Unreachable(name.clone()));
            }
            if self.rotations.contains_key(&name.0) {
                faults.push(RosterFault::Ambiguous(name.0.clone()));
            }
        }
        for schedule in self.rotations.values() {
            let taking_turns = schedule.layers.iter().flat_map(|layer| &layer.people);
            let named = taking_turns.chain(schedule.overrides.iter().map(|it| &it.person));
            for person in named.filter(|person| !self.people.contains_key(*person)) {
                faults.push(RosterFault::Unknown(person.0.clone()));
            }
        }
        for (index, policy) in self.policies.iter().enumerate() {
            if policy.steps.is_empty() || policy.steps.iter().any(|step| step.to.is_empty()) {
                faults.push(RosterFault::CallsNobody(index + 1));
            }
            for target in policy.steps.iter().flat_map(|step| &step.to) {
                if let Target::Named(name) = target
                    && !self.rotations.contains_key(name)
                    && !self.people.contains_key(&PersonName(name.clone()))
                {
                    faults.push(RosterFault::Unknown(name.clone()));
                }
            }
        }
        let any_critical = |it: &Policy| {
            it.element.is_none() && it.severity.is_none_or(|it| it == Severity::Critical)
        };
        if !self.policies.iter().any(any_critical) {
            faults.push(RosterFault::NothingForCritical);
        }
        faults
    }

    /// What is done for an incident. A critical one that nothing fits is everybody's.
    pub(super) fn policy(&self, severity: Severity, element: &Element) -> Option<Policy> {
        let fitting = (self.policies.iter())
            .find(|policy| policy.fits(severity, element) && !policy.steps.is_empty());
        let everybodys = || Policy {
            severity: None,
            element: None,
            steps: vec![Step {
                to: vec![Target::Everyone],
                wait_s: 300,
            }],
            repeat: 5,
        };
        fitting
            .cloned()
            .or_else(|| (severity == Severity::Critical).then(everybodys))
    }

    /// Who is on call, by any rotation; everybody where that is nobody.
    pub fn on_call(&self, at: Timestamp) -> BTreeSet<PersonName> {
        let rotations = self.rotations.values();
        let on_call: BTreeSet<PersonName> = rotations
            .filter_map(|schedule| match schedule.on_call(at) {
                OnCall::Person { person, .. } => Some(person),
                OnCall::Nobody { .. } => None,
            })
            .collect();
        if on_call.is_empty() {
            self.everyone()
        } else {
            on_call
        }
    }

    pub(super) fn everyone(&self) -> BTreeSet<PersonName> {
        self.people.keys().cloned().collect()
    }
}
