//! Changes of the infrastructure: drives the gate, keeps what was, has proofs run, and calls people.
//!
//! What is wrong with a change is a failing subject of its own, `change:3`: so people are called for it as for anything
//! else that fails, and acknowledge it likewise. Which probes prove a change is a list of names (`PROOFS`): a probe that
//! is built is asked, whoever made it. Proofs are run by whoever runs the probes, who hears by [`Wanted`] which are open.

mod alarm;
mod ask;
mod presence;
mod record;
mod view;
mod words;

pub use ask::{Deed, NotDone, Verdict};
pub use record::{Happened, Proof, Standing};
pub use view::{Detail, List, Shown};

pub(super) use ask::Asked;

use super::journal::Entry;
use super::machines::{Machines, Step};
use super::setup::{Setup, Watched};
use alarm::Alarm;
use record::Records;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use twinline_core::time::Timestamp;
use twinline_core::watch::change::{
    ChangeId, Check, Context, Effect, Event, Gate, Settings, Stage,
};
use twinline_core::watch::element::{Element, Kind};
use twinline_core::watch::escalation;
use twinline_core::watch::incident;
use twinline_core::watch::probe;
use twinline_core::watch::signal::{Signal, State};

/// The probes that prove a change, where they are: commits in the database and in every pool, a change that crosses on each
/// host, each host directly and by the edge.
const PROOFS: [&str; 5] = [
    "commit_canary",
    "pools",
    "canary_sync",
    "host_direct",
    "through_edge",
];
/// Who says what is wrong with a change.
const SOURCE: &str = "watch/change";

/// The gate, what is kept of every change, and what people are called for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Changes {
    pub(super) gate: Gate,
    records: Records,
    alarms: BTreeMap<ChangeId, Alarm>,
}

/// Proofs that are to run now, each from its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// For which change.
    pub change: ChangeId,
    /// As which round.
    pub round: u32,
    /// Which have not ended yet.
    pub checks: BTreeSet<Check>,
    /// What takes longer has failed.
    pub within: Duration,
}

impl Changes {
    /// None yet, after others were lost: their numbers are not used again.
    pub(super) fn numbered_from(next: u64) -> Self {
        Self {
            gate: Gate::numbered_from(ChangeId(next)),
            ..Self::default()
        }
    }

    /// Changes that have begun and are not over.
    pub(super) fn under_way(&self) -> usize {
        let under_way = self.gate.changes().filter(|it| it.is_under_way());
        under_way.count()
    }

    /// What turns a probe's verdict now: the first failure, while anything that it looks at or goes through changes.
    pub(super) fn settings(&self, watched: &Watched) -> probe::Settings {
        if self.gate.changes().next().is_none() {
            return watched.settings;
        }
        let mut touched = watched.implicates.clone();
        touched.insert(watched.subject.clone());
        if self.gate.tightens(&touched) {
            watched.settings.tightened()
        } else {
            watched.settings
        }
    }

    /// Proofs that are to run now.
    fn wanted(&self, settings: &Settings) -> Vec<Wanted> {
        let verifying = (self.gate.changes()).filter(|it| it.stage == Stage::Verifying);
        let wanted = verifying.filter_map(|it| {
            let validation = it.validation.as_ref()?;
            Some(Wanted {
                change: it.id,
                round: validation.round,
                checks: validation.open.clone(),
                // What is cut off is told before the round ends.
                within: settings.round * 4 / 5,
            })
        });
        wanted.filter(|it| !it.checks.is_empty()).collect()
    }

    /// Tells whoever runs probes which proofs are to run, when that has changed.
    pub(super) fn order(&self, settings: &Settings, orders: &watch::Sender<Arc<Vec<Wanted>>>) {
        let wanted = self.wanted(settings);
        orders.send_if_modified(|known| {
            let differs = **known != wanted;
            if differs {
                *known = Arc::new(wanted);
            }
            differs
        });
    }

    /// Writes down what the gate did.
    fn note(&mut self, effects: &[Effect], step: &mut Step<'_>) {
        self.records.follow(&self.gate, step.now);
        for effect in effects {
            self.records.hear(effect, step.now);
            let Some((change, text)) = words::of(effect) else {
                continue;
            };
            if self.records.tell(change, step.now, text.clone()) {
                let text = format!("change {change}: {text}");
                step.deeds.entries.push(Entry::change(step.now, text));
            }
            if let Some(alarm) = Alarm::of(effect) {
                let known = self.alarms.entry(change).or_default();
                known.hear(alarm, step.now);
            } else if let Some(known) = self.alarms.get_mut(&change) {
                known.calm(effect);
            }
        }
    }

    /// What a change is, in one line.
    pub(super) fn title(&self, change: ChangeId) -> Option<String> {
        self.records.get(change).map(record::Record::title)
    }

    /// Writes down whether a person was asked.
    pub(super) fn asked(&mut self, effect: &escalation::Effect, now: Timestamp) {
        let (change, text) = match effect {
            escalation::Effect::Asked {
                change,
                person,
                contact,
            } => {
                let text = format!(
                    "{person} is asked by {} whether they are there",
                    contact.channel
                );
                (change, text)
            }
            escalation::Effect::NotAsked { change, person } => {
                let text = format!(
                    "{person} could not be asked whether they are there: no way to them works"
                );
                (change, text)
            }
            _ => return,
        };
        self.records.tell(*change, now, text);
    }

    /// What is said of a change now, and whether that is the last word. `None`: it has no alarm.
    fn word(&self, change: ChangeId, settings: &Settings) -> Option<(State, bool)> {
        let alarm = self.alarms.get(&change)?;
        let title = self.title(change).unwrap_or_default();
        let state = alarm.state(change, &title, settings);
        let over = !self.gate.changes().any(|it| it.id == change);
        let last = over && state == State::Passing;
        Some((state, last))
    }
}

/// What is wrong with a change is said of this.
fn subject(change: ChangeId) -> Element {
    Element::new(Kind::Change, change.to_string())
}

/// Everything that would prove a change, and who is on call.
pub(super) fn context(machines: &Machines, setup: &Setup, now: Timestamp) -> Context {
    let proofs = setup
        .watched
        .iter()
        .filter(|it| PROOFS.contains(&it.probe.as_str()));
    let (mut checks, mut failing) = (BTreeSet::new(), BTreeSet::new());
    for watched in proofs {
        let check = Check {
            probe: watched.probe.clone(),
            subject: watched.subject.clone(),
        };
        let known = machines.probes.get(&watched.key());
        if known.is_some_and(|it| it.verdict.standing() == probe::Standing::Failing) {
            failing.insert(check.clone());
        }
        checks.insert(check);
    }
    Context {
        on_call: setup.roster.on_call(now),
        checks,
        failing,
        settings: setup.changes,
    }
}

impl Machines {
    /// The gate hears; what it did is written down, and people are called.
    pub(super) fn change(&mut self, event: Event, step: &mut Step<'_>) -> Vec<Effect> {
        let context = context(self, step.setup, step.now);
        let effects = self.changes.gate.apply(event, step.now, &context);
        self.changes.note(&effects, step);
        for effect in &effects {
            if let Effect::Ask { change, person } = effect {
                let (change, person) = (*change, person.clone());
                self.call(escalation::Event::Ask { person, change }, step);
            }
        }
        self.sound(step);
        effects
    }

    /// A proof ended so; why, when it did not pass.
    pub(super) fn proved(
        &mut self,
        (change, round): (ChangeId, u32),
        check: Check,
        failure: Option<String>,
        step: &mut Step<'_>,
    ) {
        if let Some(failure) = &failure {
            let text = format!("{} did not pass: {failure}", words::check(&check));
            self.changes.records.tell(change, step.now, text);
        }
        let passed = failure.is_none();
        let event = Event::Checked {
            change,
            round,
            check,
            passed,
        };
        self.change(event, step);
    }

    /// Time has passed.
    pub(super) fn guard(&mut self, step: &mut Step<'_>) {
        let due = self.changes.gate.due();
        if due.is_some_and(|due| due <= step.now) {
            self.change(Event::Tick, step);
        }
        let seen = self.seen_alarms();
        let mut calmed = false;
        for (change, alarm) in &mut self.changes.alarms {
            alarm.rebase(step.now);
            calmed |= seen.contains(change) && alarm.was_seen(step.now);
        }
        if calmed {
            self.sound(step);
        }
    }

    /// The changes whose alarm somebody has acknowledged, or dismissed.
    fn seen_alarms(&self) -> BTreeSet<ChangeId> {
        let all = self.changes.alarms.keys().copied();
        let seen = all.filter(|change| {
            let subject = subject(*change);
            let mut holding = (self.book.incidents()).filter(|it| it.failing.contains(&subject));
            holding.all(|it| {
                let record = self.records.get(it.id);
                record.is_some_and(|it| it.acknowledged.is_some())
            })
        });
        seen.collect()
    }

    /// Says of each change what is wrong with it. What was said before changes nothing.
    pub(super) fn sound(&mut self, step: &mut Step<'_>) {
        let all: Vec<ChangeId> = self.changes.alarms.keys().copied().collect();
        for change in all {
            let Some((state, last)) = self.changes.word(change, &step.setup.changes) else {
                continue;
            };
            let subject = subject(change);
            let signal = Signal {
                source: SOURCE.to_owned(),
                subject: subject.clone(),
                state,
            };
            self.signal(signal, step);
            if last {
                self.changes.alarms.remove(&change);
                self.hear(incident::Event::Gone { subject }, step);
            }
        }
    }
}
