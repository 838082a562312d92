//! What is kept of every incident, also when the machines have forgotten it: for those who ask what was.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::time::Timestamp;
use twinline_core::watch::element::Element;
use twinline_core::watch::escalation::{self, Contact, PersonName, Purpose};
use twinline_core::watch::incident::{Cause, Effect, IncidentId};
use twinline_core::watch::page::postmortem::Course;
use twinline_core::watch::signal::Severity;

/// The most incidents that are kept; the oldest that are over go first. Those under way all stay: they are as many as the
/// book has.
const RECORDS_MAX: usize = 1000;
/// The most notes of one incident.
pub(super) const NOTES_MAX: usize = 200;

/// One incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its number.
    pub incident: IncidentId,
    /// What explains it.
    pub element: Element,
    /// The worst that it was.
    pub severity: Severity,
    /// What made it.
    pub cause: Cause,
    /// When it began.
    pub opened: Timestamp,
    /// How often it came back.
    pub reopened: u32,
    /// Where it is.
    pub standing: Standing,
    /// Since when it is there.
    pub since: Timestamp,
    /// Who acknowledged it, and when.
    pub acknowledged: Option<(PersonName, Timestamp)>,
    /// By machine, its watch's acknowledgement that was taken over last, whether or not it still holds.
    #[serde(default)]
    pub taken_over: BTreeMap<String, TakenOver>,
    /// What people wrote down.
    pub notes: Vec<Note>,
    /// Who was called, and who reported.
    #[serde(default)]
    pub course: Course,
    /// Where pages about it went, since it was opened last.
    pub(super) told: BTreeSet<Contact>,
}

/// Where an incident is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    /// It is under way.
    Open,
    /// Nothing of it fails any more; a person may resolve it.
    Recovered,
    /// A person resolved it.
    Resolved {
        /// Who.
        by: String,
    },
    /// A person said that it is none.
    Dismissed {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// It recovered, did not come back, and nobody resolved it.
    Closed,
    /// It went on as another one.
    Merged {
        /// Which.
        into: IncidentId,
    },
}

/// An acknowledgement that was given to another watch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenOver {
    /// When it was given there, by that machine's clock.
    pub given: Timestamp,
    /// When it was taken over.
    pub at: Timestamp,
}

/// Something that a person wrote down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What.
    pub text: String,
}

impl Record {
    /// Whether people are at work in it, or may have to be.
    pub fn is_under_way(&self) -> bool {
        matches!(self.standing, Standing::Open | Standing::Recovered)
    }

    /// The machine whose watch was told who is on it; `None`: this one was, or nobody is.
    pub fn acknowledged_with(&self) -> Option<&str> {
        let (_, at) = self.acknowledged.as_ref()?;
        let mut others = self.taken_over.iter();
        let other = others.find(|(_, it)| it.at == *at)?;
        Some(other.0)
    }

    /// Keeps a note; false: it has as many as there may be.
    pub(super) fn note(&mut self, note: Note) -> bool {
        let may = self.notes.len() < NOTES_MAX;
        if may {
            self.notes.push(note);
        }
        may
    }
}

/// All that are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Records(BTreeMap<IncidentId, Record>);

impl Records {
    pub(super) fn get(&self, id: IncidentId) -> Option<&Record> {
        self.0.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: IncidentId) -> Option<&mut Record> {
        self.0.get_mut(&id)
    }

    /// All, the newest first.
    pub(super) fn newest(&self) -> impl Iterator<Item = &Record> {
        self.0.values().rev()
    }

    pub(super) fn open(&self) -> usize {
        let open = self.0.values().filter(|it| it.standing == Standing::Open);
        open.count()
    }

    /// Takes note of what the book says.
    pub(super) fn hear(&mut self, effect: &Effect, now: Timestamp) {
        match effect {
            Effect::Opened {
                incident,
                element,
                severity,
                cause,
                ..
            } => self.begin(*incident, element, *severity, *cause, now),
            Effect::Promoted { incident, to, .. } => {
                self.change(*incident, |it| it.element = to.clone());
            }
            Effect::Raised { incident, severity } => {
                self.change(*incident, |it| it.severity = *severity);
            }
            Effect::Reopened { incident, times } => {
                self.change(*incident, |it| {
                    it.reopened = *times;
                    it.course.reopened = *times;
                    it.acknowledged = None;
                    // The next page tells of an incident that was opened again: it is no reminder of the one before.
                    it.told.clear();
                });
                self.stand(*incident, Standing::Open, now);
            }
            Effect::Merged { incident, into } => {
                let own = self.0.get(incident).map_or(0, |it| it.course.reports);
                self.change(*into, |it| it.course.reports += own);
                self.stand(*incident, Standing::Merged { into: *into }, now);
            }
            Effect::Recovered { incident } => self.stand(*incident, Standing::Recovered, now),
            Effect::Resolved { incident, by } => {
                self.stand(*incident, Standing::Resolved { by: by.clone() }, now);
            }
            Effect::Dismissed {
                incident,
                by,
                reason,
            } => {
                let (by, reason) = (by.clone(), reason.clone());
                self.stand(*incident, Standing::Dismissed { by, reason }, now);
            }
            Effect::Closed { incident } => {
                let recovered = |it: &Record| it.standing == Standing::Recovered;
                if self.0.get(incident).is_some_and(recovered) {
                    self.stand(*incident, Standing::Closed, now);
                }
            }
            Effect::Linked { incident, .. } => {
                self.change(*incident, |it| it.course.reports += 1);
            }
            Effect::Joined { .. }
            | Effect::Answer { .. }
            | Effect::Unrepeated { .. }
            | Effect::NotDeclared { .. } => {}
        }
    }

    /// Takes note of whom paging calls, and of who is on it.
    pub(super) fn called(&mut self, effect: &escalation::Effect, now: Timestamp) {
        match effect {
            escalation::Effect::Page {
                purpose: Purpose::Incident | Purpose::Digest,
                incidents,
                ..
            } => {
                for incident in incidents {
                    self.change(*incident, |it| {
                        it.course.pages += 1;
                        it.course.paged.get_or_insert(now);
                    });
                }
            }
            escalation::Effect::Stepped { incident, .. } => self.change(*incident, |it| {
                it.course.steps += 1;
                if it.course.steps > 1 {
                    it.course.stepped.get_or_insert(now);
                }
            }),
            escalation::Effect::Acknowledged { incident, by } => self.change(*incident, |it| {
                it.acknowledged = Some((by.clone(), now));
                let first = &mut it.course.acknowledged;
                first.get_or_insert_with(|| (by.0.clone(), now));
            }),
            escalation::Effect::TakenBack { incident, .. } => {
                self.change(*incident, |it| it.acknowledged = None);
            }
            _ => {}
        }
    }

    fn begin(
        &mut self,
        incident: IncidentId,
        element: &Element,
        severity: Severity,
        cause: Cause,
        now: Timestamp,
    ) {
        let record = Record {
            incident,
            element: element.clone(),
            severity,
            cause,
            opened: now,
            reopened: 0,
            standing: Standing::Open,
            since: now,
            acknowledged: None,
            taken_over: BTreeMap::new(),
            notes: Vec::new(),
            course: Course::default(),
            told: BTreeSet::new(),
        };
        self.0.insert(incident, record);
        self.keep_newest();
    }

    /// Keeps another watch's records beside its own; what was under way there is not, from here on.
    pub(super) fn take_over(&mut self, others: Self, now: Timestamp) {
        for (incident, mut record) in others.0 {
            if record.is_under_way() {
                record.standing = Standing::Closed;
                record.since = now;
            }
            self.0.entry(incident).or_insert(record);
        }
        self.keep_newest();
    }

    fn keep_newest(&mut self) {
        while self.0.len() > RECORDS_MAX {
            let over = self.0.values().find(|it| !it.is_under_way());
            let Some(oldest) = over.map(|it| it.incident) else {
                return;
            };
            self.0.remove(&oldest);
        }
    }

    fn change(&mut self, incident: IncidentId, change: impl FnOnce(&mut Record)) {
        if let Some(record) = self.0.get_mut(&incident) {
            change(record);
        }
    }

    fn stand(&mut self, incident: IncidentId, standing: Standing, now: Timestamp) {
        self.change(incident, |it| {
            it.standing = standing;
            it.since = now;
        });
    }
}
