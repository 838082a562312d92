//! The machine.

use super::database::Fingerprint;
use super::event::{Effect, Event, Refusal};
use super::passing::{complain, renew};
use super::state::{Asked, Change, ChangeId, Kind, Settings, Stage};
use super::validation::{Check, Validation};
use crate::time::Timestamp;
use crate::watch::element::{self, Element, Path};
use crate::watch::escalation::PersonName;
use crate::watch::wait::Wait;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What is so now. Not part of the state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Who is on call.
    pub on_call: BTreeSet<PersonName>,
    /// All that proves a change: the commit canary of every pool, the canary sync of every host, hosts by both ways.
    pub checks: BTreeSet<Check>,
    /// Those that fail now.
    pub failing: BTreeSet<Check>,
    /// The numbers.
    pub settings: Settings,
}

/// The most changes that are not over: more is a mistake, and each is kept.
const CHANGES_MAX: usize = 32;
/// What was not started is forgotten so long after its window.
pub(super) const EXPIRES_AFTER: Duration = Duration::from_secs(86_400);
/// Who tells of a change of a database so soon after one is over tells of that one.
const SAME_WITHIN: Duration = Duration::from_secs(60);

/// All changes that are not over, and what the databases were last. Can be stored, and goes on from there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    last: ChangeId,
    pub(super) changes: BTreeMap<ChangeId, Change>,
    pub(super) databases: BTreeMap<Element, Fingerprint>,
    /// By database: the last change of it that is over, for a moment.
    #[serde(default)]
    pub(super) ended: BTreeMap<Element, (ChangeId, Wait)>,
}

impl Gate {
    /// An empty one whose first change has this number: after a gate was lost, so that no number is used twice.
    pub fn numbered_from(next: ChangeId) -> Self {
        Self {
            last: ChangeId(next.0.saturating_sub(1)),
            ..Self::default()
        }
    }

    /// The changes that are not over.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.changes.values()
    }

    /// What the databases were last.
    pub fn databases(&self) -> impl Iterator<Item = (&Element, &Fingerprint)> {
        self.databases.iter()
    }

    /// Whether probes of these elements are to open at their first failure.
    pub fn tightens(&self, elements: &Path) -> bool {
        let mut under_way = self.changes.values().filter(|it| it.is_under_way());
        under_way.any(|it| !it.elements.is_disjoint(elements))
    }

    /// When it wants a `Tick`, though nothing happens.
    pub fn due(&self) -> Option<Timestamp> {
        let waits = self.changes.values().flat_map(|change| {
            let presence = change.presence.as_ref();
            let presence = presence.filter(|_| change.stage == Stage::Running);
            let renew = change.renew.filter(|_| change.stage == Stage::Running);
            let validation = change.validation.as_ref();
            let validation = validation.filter(|_| change.stage == Stage::Verifying);
            let window = match change.kind {
                Kind::Planned { until, .. } if !change.is_under_way() => {
                    Some(until.plus(EXPIRES_AFTER))
                }
                Kind::Planned { until, .. } if !change.overran => Some(until),
                _ => None,
            };
            let presence = presence.map(|(_, wait)| wait.due());
            (presence.into_iter())
                .chain(renew.map(|wait| wait.due()))
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
            if let Some(wait) = &mut change.renew {
                wait.rebase(now);
            }
            for asked in change.asked.values_mut() {
                asked.rebase(now);
            }
            change.asked.retain(|_, asked| !asked.until.is_over(now));
            if let Some(validation) = &mut change.validation {
                validation.until.rebase(now);
            }
        }
        for (_, wait) in self.ended.values_mut() {
            wait.rebase(now);
        }
        self.ended.retain(|_, (_, wait)| !wait.is_over(now));
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
            Event::Ask { change, person } => self.ask(change, person, now, context, effects),
            Event::Present { change, by } => self.present(change, by, now, context, effects),
            Event::Start { change } => self.start(change, now, context, effects),
            Event::Verify { change } => {
                let known = self.known(change)?;
                match known.stage {
                    Stage::Running | Stage::Paused(_) => validate(known, now, context, effects),
                    // It is asked for already, again and again until it passes.
                    Stage::Verifying => {}
                    Stage::Planned | Stage::Proven => return Err(Refusal::WrongStage),
                }
                Ok(())
            }
            Event::Finish { change } => self.finish(change, now, context, effects),
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
            Event::Announced { database, by, what } => {
                self.announced(database, by, what, now, context, effects)
            }
            Event::Tick => Ok(()),
        }
    }

    fn known(&mut self, change: ChangeId) -> Result<&mut Change, Refusal> {
        self.changes.get_mut(&change).ok_or(Refusal::Unknown)
    }

    pub(super) fn has_room(&self) -> Result<(), Refusal> {
        let full = self.changes.len() >= CHANGES_MAX;
        if full { Err(Refusal::TooMany) } else { Ok(()) }
    }

    pub(super) fn add(&mut self, kind: Kind, elements: Path) -> ChangeId {
        self.last = ChangeId(self.last.0.saturating_add(1));
        let change = Change {
            id: self.last,
            kind,
            elements,
            stage: Stage::Planned,
            presence: None,
            renew: None,
            asked: BTreeMap::new(),
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
        self.has_room()?;
        let kind = Kind::Planned { title, from, until };
        let change = self.add(kind, elements);
        effects.push(Effect::Planned { change });
        Ok(())
    }

    fn ask(
        &mut self,
        change: ChangeId,
        person: PersonName,
        now: Timestamp,
        context: &Context,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let known = self.known(change)?;
        if !context.on_call.contains(&person) {
            return Err(Refusal::NotOnCall);
        }
        ask(known, &person, now, effects);
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
        let lasts = context.settings.presence;
        known.presence = Some((by.clone(), Wait::new(now, lasts)));
        known.renew = Some(Wait::new(now, lasts * 3 / 5));
        known.asked.remove(&by);
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
        context: &Context,
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
        renew(known, now, context, effects);
        Ok(())
    }

    fn finish(
        &mut self,
        change: ChangeId,
        now: Timestamp,
        context: &Context,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let known = self.known(change)?;
        if known.stage != Stage::Proven {
            let validation = known.validation.as_ref();
            let missing = validation.map_or_else(|| context.checks.clone(), Validation::missing);
            return Err(Refusal::NotProven { missing });
        }
        self.end(change, now);
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
            self.end(change, now);
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
        self.settle(change, now, effects);
        Ok(())
    }

    /// It is over.
    fn end(&mut self, change: ChangeId, now: Timestamp) {
        let Some(over) = self.changes.remove(&change).filter(Change::is_under_way) else {
            return;
        };
        let databases = over.elements.into_iter();
        for database in databases.filter(|it| it.kind == element::Kind::Database) {
            let wait = Wait::new(now, SAME_WITHIN);
            self.ended.insert(database, (change, wait));
        }
    }

    /// A change whose checks have all passed is proven. What nobody planned, or somebody broke off, is over with that.
    fn settle(&mut self, change: ChangeId, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(known) = self.changes.get_mut(&change) else {
            return;
        };
        let proven = known.validation.as_ref().is_some_and(Validation::is_proven);
        if known.stage != Stage::Verifying || !proven {
            return;
        }
        known.stage = Stage::Proven;
        // Where it changes again and is not proven then, somebody is called again.
        known.paged = false;
        effects.push(Effect::Proven { change });
        if let Some((by, reason)) = known.aborted.clone() {
            effects.push(Effect::Aborted { change, by, reason });
        } else if matches!(known.kind, Kind::Noticed { .. }) {
            effects.push(Effect::Finished { change });
        } else {
            return;
        }
        self.end(change, now);
    }
}

/// Asks a person whether they are there, unless that was done a moment ago.
pub(super) fn ask(
    change: &mut Change,
    person: &PersonName,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) {
    let before = change.asked.get(person);
    if before.is_some_and(|it| !it.again.is_over(now)) {
        return;
    }
    change.asked.insert(person.clone(), Asked::new(now));
    effects.push(Effect::Ask {
        change: change.id,
        person: person.clone(),
    });
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
