//! The machine.

use super::database::Fingerprint;
use super::event::{Effect, Event, Refusal, Why};
use super::state::{Change, ChangeId, Kind, Pause, Settings, Stage};
use super::validation::{Check, Validation};
use crate::time::Timestamp;
use crate::watch::element::{Element, Path};
use crate::watch::escalation::PersonName;
use crate::watch::wait::Wait;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is so now. Not part of the state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Who is on call.
    pub on_call: BTreeSet<PersonName>,
    /// All that proves a change: the commit canary of every pool, the canary sync of every host, hosts by both ways.
    pub checks: BTreeSet<Check>,
    /// The numbers.
    pub settings: Settings,
}

/// What automation that asks is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// Go on, as part of this.
    Go {
        /// Which change.
        change: ChangeId,
    },
    /// Not now.
    NoGo {
        /// Why.
        refusal: Refusal,
    },
}

/// All changes that are not over, and what the databases were last. Can be stored, and goes on from there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    last: ChangeId,
    pub(super) changes: BTreeMap<ChangeId, Change>,
    pub(super) databases: BTreeMap<Element, Fingerprint>,
}

impl Gate {
    /// The changes that are not over.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.changes.values()
    }

    /// Whether probes of these elements are to open at their first failure.
    pub fn tightens(&self, elements: &Path) -> bool {
        let mut under_way = self.changes.values().filter(|it| it.is_under_way());
        under_way.any(|it| !it.elements.is_disjoint(elements))
    }

    /// Whether automation may touch these elements now.
    pub fn may(&self, elements: &Path) -> Answer {
        let no = |refusal| Answer::NoGo { refusal };
        let planned = |it: &&Change| matches!(it.kind, Kind::Planned { .. });
        let mut covering = (self.changes.values().filter(planned))
            .filter(|it| elements.is_subset(&it.elements))
            .peekable();
        if elements.is_empty() {
            return no(Refusal::Empty);
        }
        if covering.peek().is_none() {
            return no(Refusal::Unknown);
        }
        let mut refusal = Refusal::WrongStage;
        for change in covering {
            match change.stage {
                Stage::Running => return Answer::Go { change: change.id },
                Stage::Paused(Pause::PresenceLapsed) => refusal = Refusal::NobodyPresent,
                Stage::Planned | Stage::Verifying | Stage::Proven => {}
            }
        }
        no(refusal)
    }

    /// When it wants a `Tick`, though nothing happens.
    pub fn due(&self) -> Option<Timestamp> {
        let waits = self.changes.values().flat_map(|change| {
            let presence = change.presence.as_ref();
            let presence = presence.filter(|_| change.stage == Stage::Running);
            let validation = change.validation.as_ref();
            let validation = validation.filter(|_| change.stage == Stage::Verifying);
            let window = match change.kind {
                Kind::Planned { until, .. } if change.is_under_way() && !change.overran => {
                    Some(until)
                }
                _ => None,
            };
            let presence = presence.map(|(_, wait)| wait.due());
            (presence.into_iter())
                .chain(validation.map(|it| it.until.due()))
                .chain(window)
        });
        waits.min()
    }

    /// Hears an event at `now`, and does what is due by then.
    pub fn apply(&mut self, event: Event, now: Timestamp, context: &Context) -> Vec<Effect> {
        let mut effects = Vec::new();
        for change in self.changes.values_mut() {
            if let Some((_, wait)) = &mut change.presence {
                wait.rebase(now);
            }
            if let Some(validation) = &mut change.validation {
                validation.until.rebase(now);
            }
        }
        // Before the event: a word that has lapsed does not start anything.
        self.pass_time(now, context, &mut effects);
        if let Err(refusal) = self.hear(event, now, context, &mut effects) {
            effects.push(Effect::Refused { refusal });
        }
        effects
    }

    fn hear(
        &mut self,
        event: Event,
        now: Timestamp,
        context: &Context,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        match event {
            Event::Plan {
                title,
                elements,
                from,
                until,
            } => self.plan(title, elements, from, until, effects),
            Event::Present { change, by } => self.present(change, by, now, context, effects),
            Event::Start { change } => self.start(change, now, effects),
            Event::Verify { change } => {
                let known = self.known(change)?;
                if !matches!(known.stage, Stage::Running | Stage::Paused(_)) {
                    return Err(Refusal::WrongStage);
                }
                validate(known, now, context, effects);
                Ok(())
            }
            Event::Finish { change } => self.finish(change, context, effects),
            Event::Abort { change, by, reason } => {
                self.abort(change, by, reason, now, context, effects)
            }
            Event::Checked {
                change,
                round,
                check,
                passed,
            } => self.checked(change, round, &check, passed, now, context, effects),
            Event::Seen {
                database,
                fingerprint,
            } => {
                self.seen(database, fingerprint, now, context, effects);
                Ok(())
            }
            Event::Tick => Ok(()),
        }
    }

    fn known(&mut self, change: ChangeId) -> Result<&mut Change, Refusal> {
        self.changes.get_mut(&change).ok_or(Refusal::Unknown)
    }

    pub(super) fn add(&mut self, kind: Kind, elements: Path) -> ChangeId {
        self.last = ChangeId(self.last.0.saturating_add(1));
        let change = Change {
            id: self.last,
            kind,
            elements,
            stage: Stage::Planned,
            presence: None,
            aborted: None,
            validation: None,
            paged: false,
            overran: false,
        };
        self.changes.insert(self.last, change);
        self.last
    }

    fn plan(
        &mut self,
        title: String,
        elements: Path,
        from: Timestamp,
        until: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        if elements.is_empty() || until <= from {
            return Err(Refusal::Empty);
        }
        let kind = Kind::Planned { title, from, until };
        let change = self.add(kind, elements);
        effects.push(Effect::Planned { change });
        Ok(())
    }

    fn present(
        &mut self,
        change: ChangeId,
        by: PersonName,
        now: Timestamp,
        context: &Context,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let known = self.known(change)?;
        if !context.on_call.contains(&by) {
            return Err(Refusal::NotOnCall);
        }
        known.presence = Some((by.clone(), Wait::new(now, context.settings.presence)));
        effects.push(Effect::Present { change, by });
        if matches!(known.stage, Stage::Paused(_)) {
            known.stage = Stage::Running;
            effects.push(Effect::Resumed { change });
        }
        Ok(())
    }

    fn start(
        &mut self,
        change: ChangeId,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let known = self.known(change)?;
        match &known.kind {
            Kind::Planned { from, until, .. } if known.stage == Stage::Planned => {
                if !(*from..*until).contains(&now) {
                    return Err(Refusal::OutsideWindow);
                }
            }
            _ => return Err(Refusal::WrongStage),
        }
        let here = known.presence.as_ref();
        if here.is_none_or(|(_, wait)| wait.is_over(now)) {
            return Err(Refusal::NobodyPresent);
        }
        known.stage = Stage::Running;
        effects.push(Effect::Started { change });
        Ok(())
    }

    fn finish(
        &mut self,
        change: ChangeId,
        context: &Context,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let known = self.known(change)?;
        if known.stage != Stage::Proven {
            let missing = (known.validation.as_ref()).map_or_else(
                || context.checks.clone(),
                |it| it.open.union(&it.failed).cloned().collect(),
            );
            return Err(Refusal::NotProven { missing });
        }
        self.changes.remove(&change);
        effects.push(Effect::Finished { change });
        Ok(())
    }

    fn abort(
        &mut self,
        change: ChangeId,
        by: String,
        reason: String,
        now: Timestamp,
        context: &Context,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let known = self.known(change)?;
        if matches!(known.kind, Kind::Noticed { .. }) {
            // What has happened cannot be broken off.
            return Err(Refusal::WrongStage);
        }
        let begun = known.is_under_way();
        known.aborted = Some((by.clone(), reason.clone()));
        if begun {
            validate(known, now, context, effects);
        } else {
            self.changes.remove(&change);
            effects.push(Effect::Aborted { change, by, reason });
        }
        Ok(())
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "an event's four parts, and what every event gets"
    )]
    fn checked(
        &mut self,
        change: ChangeId,
        round: u32,
        check: &Check,
        passed: bool,
        now: Timestamp,
        context: &Context,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let known = self.known(change)?;
        let under_way = known.stage == Stage::Verifying;
        let Some(validation) = (known.validation.as_mut())
            .filter(|it| under_way && it.round == round && it.open.contains(check))
        else {
            // Of an earlier round, or twice.
            return Ok(());
        };
        validation.open.remove(check);
        if !passed {
            validation.failed.insert(check.clone());
        }
        if validation.open.is_empty() && !validation.failed.is_empty() {
            validation.until = Wait::new(now, context.settings.retry);
            let failed = validation.failed.clone();
            complain(known, failed, effects);
        }
        self.settle(change, effects);
        Ok(())
    }

    /// A change whose checks have all passed is proven. What nobody planned, or somebody broke off, is over with that.
    fn settle(&mut self, change: ChangeId, effects: &mut Vec<Effect>) {
        let Some(known) = self.changes.get_mut(&change) else {
            return;
        };
        let proven = known.validation.as_ref().is_some_and(Validation::is_proven);
        if known.stage != Stage::Verifying || !proven {
            return;
        }
        known.stage = Stage::Proven;
        effects.push(Effect::Proven { change });
        if let Some((by, reason)) = known.aborted.clone() {
            effects.push(Effect::Aborted { change, by, reason });
        } else if matches!(known.kind, Kind::Noticed { .. }) {
            effects.push(Effect::Finished { change });
        } else {
            return;
        }
        self.changes.remove(&change);
    }

    fn pass_time(&mut self, now: Timestamp, context: &Context, effects: &mut Vec<Effect>) {
        for change in self.changes.values_mut() {
            let id = change.id;
            let here = change.presence.as_ref();
            if change.stage == Stage::Running && here.is_none_or(|(_, wait)| wait.is_over(now)) {
                let why = Pause::PresenceLapsed;
                change.stage = Stage::Paused(why);
                effects.push(Effect::Paused { change: id, why });
                effects.push(Effect::Page {
                    change: id,
                    why: Why::PresenceLapsed,
                });
            }
            if let Kind::Planned { until, .. } = change.kind
                && change.is_under_way()
                && !change.overran
                && now >= until
            {
                change.overran = true;
                effects.push(Effect::Overran { change: id });
            }
            let due = (change.validation.as_mut())
                .filter(|it| change.stage == Stage::Verifying && it.until.is_over(now));
            if let Some(validation) = due {
                let missing = std::mem::take(&mut validation.open);
                validation.failed.extend(missing);
                let failed = validation.failed.clone();
                complain(change, failed, effects);
                validate(change, now, context, effects);
            }
        }
    }
}

/// Asks for all checks anew.
pub(super) fn validate(
    change: &mut Change,
    now: Timestamp,
    context: &Context,
    effects: &mut Vec<Effect>,
) {
    let round = change
        .validation
        .as_ref()
        .map_or(1, |it| it.round.saturating_add(1));
    let checks = context.checks.clone();
    change.stage = Stage::Verifying;
    effects.push(Effect::Validate {
        change: change.id,
        round,
        checks: checks.clone(),
    });
    change.validation = Some(Validation::new(round, checks, now, context.settings.round));
}

/// Calls somebody, once for each change: the probes say the rest.
fn complain(change: &mut Change, failed: BTreeSet<Check>, effects: &mut Vec<Effect>) {
    if !std::mem::replace(&mut change.paged, true) {
        effects.push(Effect::Page {
            change: change.id,
            why: Why::NotProven { failed },
        });
    }
}
