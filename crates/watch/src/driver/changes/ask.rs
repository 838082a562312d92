//! What people and automation ask about changes, and what they hear.

use super::view::{Detail, List, Shown, detail, shown};
use super::{Wanted, context, words};
use crate::driver::told::{Ask, Told};
use crate::driver::{Driver, Handle, Refusal as Unanswered};
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::{oneshot, watch};
use twinline_core::time::Timestamp;
use twinline_core::watch::change::{
    Answer, Change, ChangeId, Check, Effect, Event, Fingerprint, Refusal,
};
use twinline_core::watch::element::{Element, Path};
use twinline_core::watch::escalation::PersonName;

/// What is asked, and where the answer goes.
pub(in crate::driver) enum Asked {
    List(oneshot::Sender<List>),
    Detail(ChangeId, oneshot::Sender<Option<Detail>>),
    Do(Deed, oneshot::Sender<Result<Detail, NotDone>>),
    May(Path, oneshot::Sender<Verdict>),
}

/// What a person or automation does to a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Plans one.
    Plan {
        /// What is done.
        title: String,
        /// What it touches.
        elements: Path,
        /// It may start from then; from now on, if not said.
        from: Option<Timestamp>,
        /// It is to be done by then.
        until: Timestamp,
        /// Who plans it.
        by: String,
    },
    /// Has somebody asked whether they are there.
    Ask {
        /// For which.
        change: ChangeId,
        /// Who, of those on call.
        person: String,
    },
    /// Says by what was sent to a person that they are there, for the first time or again.
    Prove {
        /// For which.
        change: ChangeId,
        /// The link, or its last part.
        proof: String,
    },
    /// Begins it.
    Start {
        /// Which.
        change: ChangeId,
        /// Who is to be asked, where nobody is there.
        by: Option<String>,
    },
    /// Has it proven.
    Verify {
        /// Which.
        change: ChangeId,
    },
    /// It is over.
    Finish {
        /// Which.
        change: ChangeId,
    },
    /// Breaks it off.
    Abort {
        /// Which.
        change: ChangeId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Tells that a database changed.
    Announce {
        /// Which.
        database: Element,
        /// Who tells it.
        by: String,
        /// What happened.
        what: String,
    },
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// The gate does not let it.
    #[error("{sentence}")]
    Refused {
        /// As it says.
        refusal: Refusal,
        /// The same in a sentence.
        sentence: String,
    },
    /// Watch did not answer in time.
    #[error("watch did not answer in time; what was asked for may have been done")]
    Busy,
}

impl From<Unanswered> for NotDone {
    fn from(_: Unanswered) -> Self {
        Self::Busy
    }
}

/// Go or no go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Which.
    #[serde(flatten)]
    pub answer: Answer,
    /// Why, in one sentence.
    pub sentence: String,
}

impl Handle {
    /// All changes that are kept.
    ///
    /// # Errors
    /// [`NotDone::Busy`]
    pub async fn changes(&self) -> Result<List, NotDone> {
        Ok(self.ask(|to| Ask::Change(Asked::List(to))).await?)
    }

    /// One change with all that happened in it.
    ///
    /// # Errors
    /// There is none, or [`NotDone::Busy`].
    pub async fn changed(&self, change: ChangeId) -> Result<Detail, NotDone> {
        let asked = |to| Ask::Change(Asked::Detail(change, to));
        self.ask(asked).await?.ok_or_else(|| unknown(change))
    }

    /// Does something to a change; answers with what became of it.
    ///
    /// # Errors
    /// Why it was not done.
    pub async fn change(&self, deed: Deed) -> Result<Detail, NotDone> {
        self.ask(|to| Ask::Change(Asked::Do(deed, to))).await?
    }

    /// Whether automation may touch these elements now.
    ///
    /// # Errors
    /// [`NotDone::Busy`]
    pub async fn may(&self, elements: Path) -> Result<Verdict, NotDone> {
        let asked = |to| Ask::Change(Asked::May(elements, to));
        Ok(self.ask(asked).await?)
    }

    /// A database was looked at. False: the driver did not take it, and it is to be told again.
    pub async fn seen(&self, database: Element, fingerprint: Fingerprint) -> bool {
        self.tell(Told::Seen {
            database,
            fingerprint,
        })
        .await
    }

    /// A proof of a round ended so; why, when it did not pass.
    pub async fn proved(&self, of: (ChangeId, u32), check: Check, failure: Option<String>) {
        // What is not taken has failed at the end of its round.
        self.tell(Told::Proved { of, check, failure }).await;
    }

    /// The proofs that are to run, now and whenever that changes.
    pub fn wanted(&self) -> watch::Receiver<Arc<Vec<Wanted>>> {
        self.wanted.clone()
    }
}

fn unknown(change: ChangeId) -> NotDone {
    NotDone::Refused {
        refusal: Refusal::Unknown,
        sentence: format!("change {change} does not exist: 'twinline change list' lists them"),
    }
}

impl Driver {
    /// Whoever asked may have gone: then the answer is nobody's.
    pub(in crate::driver) fn answer_on_change(&mut self, asked: Asked) {
        match asked {
            Asked::List(to) => drop(to.send(self.list())),
            Asked::Detail(change, to) => drop(to.send(self.detail_of(change))),
            Asked::Do(deed, to) => drop(to.send(self.carry(deed))),
            Asked::May(elements, to) => drop(to.send(self.may(&elements))),
        }
    }

    fn list(&self) -> List {
        let context = context(&self.machines, &self.setup, self.clock.now());
        let newest = self.machines.changes.records.newest();
        let changes: Vec<Shown> = newest.map(|it| shown(it, &self.machines)).collect();
        List {
            changes,
            on_call: context.on_call,
            proofs: context.checks,
            failing: context.failing,
        }
    }

    fn detail_of(&self, change: ChangeId) -> Option<Detail> {
        let record = self.machines.changes.records.get(change)?;
        Some(detail(record, &self.machines, &self.setup))
    }

    fn carry(&mut self, deed: Deed) -> Result<Detail, NotDone> {
        let change = match deed {
            Deed::Plan {
                title,
                elements,
                from,
                until,
                by,
            } => {
                let event = Event::Plan {
                    title,
                    elements,
                    from: from.unwrap_or(self.clock.now()),
                    until,
                };
                let change = self.hears(None, event)?;
                self.step(|machines, step| {
                    let records = &mut machines.changes.records;
                    records.tell(change, step.now, format!("{by} has planned it"));
                });
                change
            }
            Deed::Announce { database, by, what } => {
                self.hears(None, Event::Announced { database, by, what })?
            }
            Deed::Ask { change, person } => self.asks(change, &person)?,
            Deed::Prove { change, proof } => self.proves(change, &proof)?,
            Deed::Start { change, by } => self.starts(change, by)?,
            Deed::Verify { change } => self.hears(Some(change), Event::Verify { change })?,
            Deed::Finish { change } => self.hears(Some(change), Event::Finish { change })?,
            Deed::Abort { change, by, reason } => {
                let event = Event::Abort { change, by, reason };
                self.hears(Some(change), event)?
            }
        };
        self.detail_of(change).ok_or_else(|| unknown(change))
    }

    /// The gate hears; the change that it was about.
    pub(super) fn hears(
        &mut self,
        known: Option<ChangeId>,
        event: Event,
    ) -> Result<ChangeId, NotDone> {
        let person = match &event {
            Event::Present { by: person, .. } | Event::Ask { person, .. } => Some(person.clone()),
            _ => None,
        };
        let effects = self.step(|machines, step| machines.change(event, step));
        let mut touched = known.unwrap_or_default();
        for effect in &effects {
            match effect {
                Effect::Refused { refusal } => {
                    return Err(self.refused(known, person.as_ref(), refusal));
                }
                Effect::Planned { change } | Effect::Announced { change, .. } => touched = *change,
                _ => {}
            }
        }
        Ok(touched)
    }

    fn may(&self, elements: &Path) -> Verdict {
        let context = context(&self.machines, &self.setup, self.clock.now());
        let gate = &self.machines.changes.gate;
        let answer = gate.may(elements, &context);
        let sentence = match &answer {
            Answer::Go { change } => {
                let title = self.machines.changes.records.get(*change);
                let title = title.map(super::record::Record::title).unwrap_or_default();
                let mut known = gate.changes();
                let there = known.find(|it| it.id == *change).and_then(Change::present);
                let there = there.map_or_else(String::new, |it| format!(", with {it} there"));
                format!("go: change {change} ({title}) runs{there}")
            }
            Answer::NoGo { refusal } => format!("no go: {}", no_go(refusal)),
        };
        Verdict { answer, sentence }
    }

    /// What the gate says, for whoever asked for it.
    fn refused(
        &self,
        change: Option<ChangeId>,
        person: Option<&PersonName>,
        refusal: &Refusal,
    ) -> NotDone {
        let record = change.and_then(|it| self.machines.changes.records.get(it));
        let named = change.map_or_else(|| "the change".to_owned(), |it| format!("change {it}"));
        let sentence = match refusal {
            Refusal::Unknown if record.is_some() => format!("{named} is over"),
            Refusal::Unknown => {
                format!("{named} does not exist: 'twinline change list' lists them")
            }
            Refusal::WrongStage => {
                let standing = record.map(|it| words::standing(&it.standing));
                format!("{named} {}", standing.unwrap_or("cannot go there"))
            }
            Refusal::OutsideWindow => match record.map(|it| &it.kind) {
                Some(twinline_core::watch::change::Kind::Planned { from, until, .. }) => {
                    format!("{named} may start from {from} until {until}")
                }
                _ => format!("{named} has no window"),
            },
            Refusal::NobodyPresent => format!(
                "nobody on call says that they are there: 'twinline change start … --as PERSON', or \
                 'twinline change renew … --as PERSON', sends PERSON a link to say so ({})",
                self.on_call()
            ),
            Refusal::NotOnCall => {
                let who = person.map_or_else(|| "whoever says so".to_owned(), ToString::to_string);
                format!(
                    "'{who}' is not on call ({}): say who you are with --as",
                    self.on_call()
                )
            }
            Refusal::NotProven { missing } => format!(
                "only proof finishes {named}: {}; 'twinline change verify' asks for it",
                words::checks(missing)
            ),
            Refusal::Empty => "it touches nothing, or ends before it begins".to_owned(),
            Refusal::Failing { failing } => format!("this fails: {}", words::checks(failing)),
            Refusal::TooMany => {
                let text = "there are too many changes that are not over: finish or abort some";
                text.to_owned()
            }
        };
        NotDone::Refused {
            refusal: refusal.clone(),
            sentence,
        }
    }

    fn on_call(&self) -> String {
        let on_call = self.setup.roster.on_call(self.clock.now());
        if on_call.is_empty() {
            return "there is nobody: write [watch.people]".to_owned();
        }
        let names: Vec<String> = on_call.iter().map(ToString::to_string).collect();
        format!("on call: {}", names.join(", "))
    }
}

/// Why automation hears no.
fn no_go(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Unknown => "no planned change covers all of it".to_owned(),
        Refusal::WrongStage => "the change that covers it does not run".to_owned(),
        Refusal::NobodyPresent => {
            "the change that covers it stands still, since nobody is there".to_owned()
        }
        Refusal::NotProven { missing } => {
            let missing = words::checks(missing);
            format!("it changed without a plan, and that is not proven: {missing}")
        }
        Refusal::Failing { failing } => format!("this fails: {}", words::checks(failing)),
        Refusal::Empty => "no element was named".to_owned(),
        Refusal::OutsideWindow | Refusal::NotOnCall | Refusal::TooMany => "not now".to_owned(),
    }
}
