//! The machines joined: what one says, the next hears. Nothing here waits, sends or stores.

use super::changes::Changes;
use super::journal::Entry;
use super::latest::Latest;
use super::record::Records;
use super::reports::Reports;
use super::setup::{Setup, Watched};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::time::Timestamp;
use twinline_core::watch::change;
use twinline_core::watch::element::Element;
use twinline_core::watch::escalation::{self, AttemptId, Contact, Paging, PersonName, Purpose};
use twinline_core::watch::incident::{self, Book, IncidentId};
use twinline_core::watch::page::{self, StatusPage};
use twinline_core::watch::probe::{Failure, Outcome, Standing, Turn, Verdict};
use twinline_core::watch::relay;
use twinline_core::watch::signal::{Signal, State};

/// The longest sentence that a failure has, in characters.
const SUMMARY_MAX_CHARS: usize = 300;

/// All states. Can be stored, and goes on from there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Machines {
    pub(super) book: Book,
    pub(super) paging: Paging,
    pub(super) status: StatusPage,
    pub(super) records: Records,
    pub(super) reports: Reports,
    pub(super) changes: Changes,
    /// Since when the last word of each source of other monitoring is so.
    pub(super) latest: Latest,
    /// By probe and subject.
    pub(super) probes: BTreeMap<String, Known>,
    /// Why each subject fails that does, in one line for each source that says so. Not stored: whoever says so says it
    /// again after a start.
    pub(super) said: BTreeMap<Element, BTreeMap<String, String>>,
}

/// What is known of one subject of one probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    pub(super) probe: String,
    pub(super) subject: Element,
    pub(super) verdict: Verdict,
    /// Why it fails, when it does.
    pub(super) summary: String,
}

/// A page that is to go out now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) attempt: AttemptId,
    pub(super) person: Option<PersonName>,
    pub(super) contact: Contact,
    pub(super) purpose: Purpose,
    pub(super) incidents: BTreeSet<IncidentId>,
}

/// What a step wants done.
#[derive(Debug, Default)]
pub(super) struct Deeds {
    pub(super) letters: Vec<Letter>,
    pub(super) entries: Vec<Entry>,
}

/// One step: the time, the configuration, and what is to be done.
pub(super) struct Step<'a> {
    pub(super) now: Timestamp,
    pub(super) setup: &'a Setup,
    pub(super) deeds: Deeds,
}

impl<'a> Step<'a> {
    pub(super) fn new(now: Timestamp, setup: &'a Setup) -> Self {
        Self {
            now,
            setup,
            deeds: Deeds::default(),
        }
    }
}

impl Machines {
    /// Whether something is to be stored. That a probe ran again is not: only what it says now.
    pub(super) fn differs(&self, before: &Self) -> bool {
        let word = |machines: &Self| {
            let known = machines.probes.iter();
            let known = known.map(|(key, it)| (key.clone(), it.verdict.standing()));
            known.collect::<BTreeMap<_, _>>()
        };
        self.book != before.book
            || self.paging != before.paging
            || self.status != before.status
            || self.records != before.records
            || self.reports != before.reports
            || self.changes != before.changes
            || self.latest != before.latest
            || word(self) != word(before)
    }

    /// Incidents that somebody should hear of, and that nobody could be told of.
    pub(super) fn unheard(&self) -> usize {
        self.paging.calls().filter(|call| call.is_unheard()).count()
    }

    /// Whether nothing happened here that states of before would not tell as well, but for what is said of `own`.
    pub(super) fn knows_only_of(&self, own: &Element) -> bool {
        let mut failing = self.book.failing();
        let mut incidents = self.book.incidents();
        failing.all(|it| it == own)
            && incidents.all(|it| it.members.iter().all(|member| member == own))
            && self.status.maintenances().next().is_none()
            && self.changes.gate.changes().next().is_none()
    }

    /// Goes on from what an earlier watch has left, as if it had been there from the beginning. What was found since is
    /// found again; of incidents the records stay. Answers what is to be heard then: databases are told of only when they
    /// change, so that nobody would find again what they are now.
    pub(super) fn go_on_from(&mut self, found: Self, now: Timestamp) -> Vec<change::Event> {
        let own = std::mem::replace(self, found);
        self.said = own.said;
        self.records.take_over(own.records, now);
        self.reports.take_over(own.reports);
        self.latest.take_over(own.latest);
        let seen = own.changes.gate.databases();
        let seen = seen.map(|(database, fingerprint)| change::Event::Seen {
            database: database.clone(),
            fingerprint: fingerprint.clone(),
        });
        seen.collect()
    }

    /// When something is due though nothing happens.
    pub(super) fn due(&self, setup: &Setup) -> Option<Timestamp> {
        let book = self.book.due(&setup.incidents);
        let status = self.status.due(&setup.page);
        let verdicts = self.probes.values().map(|known| known.verdict.due()).min();
        let change = self.changes.gate.due();
        let all = [book, self.paging.due(), status, verdicts, change];
        all.into_iter().flatten().min()
    }

    /// The book hears, then paging and the page.
    pub(super) fn hear(
        &mut self,
        event: incident::Event,
        step: &mut Step<'_>,
    ) -> Vec<incident::Effect> {
        let effects = self.book.apply(event, step.now, &step.setup.incidents);
        for effect in &effects {
            self.records.hear(effect, step.now);
            if !self.reports.hear(effect) {
                step.deeds.entries.push(Entry::incident(step.now, effect));
            }
            if let Some(event) = relay::to_escalation(effect, &self.book) {
                self.call(event, step);
            }
            let population = &step.setup.page.population;
            if let Some(event) = relay::to_page(effect, &self.book, population) {
                self.show(event, step);
            }
        }
        effects
    }

    /// Paging hears.
    pub(super) fn call(
        &mut self,
        event: escalation::Event,
        step: &mut Step<'_>,
    ) -> Vec<escalation::Effect> {
        let roster = &step.setup.roster;
        let effects = self.paging.apply(event, step.now, roster);
        for effect in &effects {
            step.deeds.entries.push(Entry::paging(step.now, effect));
            self.records.called(effect, step.now);
            self.changes.asked(effect, step.now);
            if let escalation::Effect::Page {
                attempt,
                person,
                contact,
                purpose,
                incidents,
            } = effect
            {
                step.deeds.letters.push(Letter {
                    attempt: *attempt,
                    person: person.clone(),
                    contact: contact.clone(),
                    purpose: *purpose,
                    incidents: incidents.clone(),
                });
            }
        }
        effects
    }

    /// The page hears.
    pub(super) fn show(&mut self, event: page::Event, step: &mut Step<'_>) -> Vec<page::Effect> {
        let effects = self.status.apply(event, step.now, &step.setup.page);
        let told = effects.iter();
        let entries = told.map(|effect| Entry::page(step.now, effect));
        step.deeds.entries.extend(entries);
        effects
    }

    /// Time has passed: whatever is due happens, and the page shows what is true.
    pub(super) fn pass_time(&mut self, probes_begin: bool, step: &mut Step<'_>) {
        self.find_silent(probes_begin, step);
        self.guard(step);
        self.hear(incident::Event::Tick, step);
        self.call(escalation::Event::Tick, step);
        self.refresh(step);
    }

    /// The page shows what is true.
    pub(super) fn refresh(&mut self, step: &mut Step<'_>) {
        let population = &step.setup.page.population;
        for event in relay::refresh(&self.book, &self.status, population) {
            self.show(event, step);
        }
        self.show(page::Event::Tick, step);
    }

    /// A run of a probe ended so. While probes begin, what was never well yet is not counted: it may be starting too.
    pub(super) fn observe(
        &mut self,
        (probe, subject): (&str, &Element),
        run: u64,
        outcome: Outcome,
        probes_begin: bool,
        step: &mut Step<'_>,
    ) {
        let Some(watched) = step.setup.watched(probe, subject) else {
            return;
        };
        let Some(known) = self.probes.get_mut(&watched.key()) else {
            return;
        };
        let unproven = known.verdict.standing() == Standing::Unknown;
        if unproven && probes_begin && outcome != Outcome::Passed {
            return;
        }
        let settings = self.changes.settings(watched);
        let turn = known.verdict.observe(run, outcome, step.now, &settings);
        let signal = turned(known, watched, turn);
        self.tell(signal, step);
    }

    /// Probes of which nothing was heard for too long.
    fn find_silent(&mut self, probes_begin: bool, step: &mut Step<'_>) {
        let mut signals = Vec::new();
        for watched in &step.setup.watched {
            let Some(known) = self.probes.get_mut(&watched.key()) else {
                continue;
            };
            if probes_begin && known.verdict.standing() == Standing::Unknown {
                // It counts from now on: else it would be due all the time.
                known.verdict.restarted(step.now, &watched.settings);
                continue;
            }
            let settings = self.changes.settings(watched);
            let turn = known.verdict.overdue(step.now, &settings);
            signals.push(turned(known, watched, turn));
        }
        for signal in signals {
            self.tell(signal, step);
        }
    }

    fn tell(&mut self, signal: Option<Signal>, step: &mut Step<'_>) {
        if let Some(signal) = signal {
            self.signal(signal, step);
        }
    }

    /// Why a subject fails, in one line.
    pub(super) fn why(&self, subject: &Element) -> Option<String> {
        let said: Vec<&str> = self
            .said
            .get(subject)?
            .values()
            .map(String::as_str)
            .collect();
        let said = said.join("; ");
        Some(said.chars().take(SUMMARY_MAX_CHARS).collect())
    }

    /// A source's word about a subject.
    pub(super) fn signal(&mut self, signal: Signal, step: &mut Step<'_>) {
        match &signal.state {
            State::Passing => {
                if let Some(said) = self.said.get_mut(&signal.subject) {
                    said.remove(&signal.source);
                    if said.is_empty() {
                        self.said.remove(&signal.subject);
                    }
                }
            }
            State::Failing { summary, .. } => {
                let said = self.said.entry(signal.subject.clone()).or_default();
                said.insert(signal.source.clone(), summary.clone());
            }
        }
        self.hear(incident::Event::Signal(signal), step);
    }

    /// Begins, or goes on with another configuration: every probe's last word is repeated, and what is probed no more is
    /// forgotten.
    pub(super) fn take_up(&mut self, step: &mut Step<'_>) {
        let setup = step.setup;
        let keys: BTreeSet<String> = setup.watched.iter().map(Watched::key).collect();
        let gone: Vec<String> = (self.probes.keys())
            .filter(|key| !keys.contains(*key))
            .cloned()
            .collect();
        for key in gone {
            let Some(known) = self.probes.remove(&key) else {
                continue;
            };
            let elsewhere = setup.watched.iter().any(|it| it.subject == known.subject);
            let event = if elsewhere {
                incident::Event::Signal(Signal {
                    source: known.probe,
                    subject: known.subject,
                    state: State::Passing,
                })
            } else {
                incident::Event::Gone {
                    subject: known.subject,
                }
            };
            self.hear(event, step);
        }
        let mut signals = Vec::new();
        for watched in &setup.watched {
            let known = self.probes.entry(watched.key()).or_insert_with(|| Known {
                probe: watched.probe.clone(),
                subject: watched.subject.clone(),
                verdict: Verdict::new(step.now, &watched.settings),
                summary: String::new(),
            });
            known.verdict.restarted(step.now, &watched.settings);
            signals.push(standing(known, watched));
        }
        for signal in signals {
            self.tell(signal, step);
        }
        self.sound(step);
    }
}

/// The signal of a verdict that turned.
fn turned(known: &mut Known, watched: &Watched, turn: Option<Turn>) -> Option<Signal> {
    if let Some(Turn::Opened { failure, .. }) = &turn {
        known.summary = summary(watched, failure);
    }
    turn.and_then(|_| standing(known, watched))
}

/// The signal of what a probe says now.
fn standing(known: &Known, watched: &Watched) -> Option<Signal> {
    let state = match known.verdict.standing() {
        Standing::Unknown => return None,
        Standing::Passing => State::Passing,
        Standing::Failing => State::Failing {
            severity: watched.severity,
            implicates: watched.implicates.clone(),
            summary: known.summary.clone(),
        },
    };
    Some(Signal {
        source: watched.probe.clone(),
        subject: watched.subject.clone(),
        state,
    })
}

fn summary(watched: &Watched, failure: &Failure) -> String {
    let said = match failure {
        Failure::Deadline => format!("no answer within {} ms", watched.deadline_ms),
        Failure::Answer { detail } => detail.clone(),
        Failure::Silent => "nothing is heard of its probe".to_owned(),
    };
    let said = format!("{}: {said}", watched.subject);
    said.chars().take(SUMMARY_MAX_CHARS).collect()
}

#[cfg(test)]
#[path = "machines_tests.rs"]
mod tests;
