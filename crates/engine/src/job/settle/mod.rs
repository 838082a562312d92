//! What a job leaves behind, in one step of the store: bases, links, outcomes, history, follow-up marks.

mod end;
mod history;
mod step;
mod told;

pub(crate) use end::unlink;
pub(super) use end::{end, evidence_of, quarantine};
pub(crate) use history::entry;
pub(super) use history::written;
pub(super) use told::{name_of, tell_written};

use super::context::Context;
use super::execute::{Attempted, Executed};
use super::observe::Observation;
use super::ring;
use super::trouble::sentence;
use crate::dirty::Hint;
use crate::host::{Connection, Inner};
use crate::scheduler::{self, Mark};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use step::Step;
use twinline_core::effect::Applied;
use twinline_core::item::{Item, ItemId, ItemRef};
use twinline_core::names::{ReplicaField, Side, Sides};
use twinline_core::quarantine::Cause;
use twinline_core::queue::Lane;
use twinline_core::reconcile::{Hold, Outcome, Plan, Settled};
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{EffectRow, EffectState, HeldField, ItemRow, Twin, TwinState};

/// Comments of one twin that are kept as not written; of more the first are.
const WAIVED_MAX: usize = 100;

/// A plan that was executed, with all that it leaves behind.
pub(super) struct Settling<'a> {
    pub(super) host: &'a Arc<Inner>,
    pub(super) connection: &'a Connection,
    pub(super) context: &'a Context,
    pub(super) observed: &'a Sides<Observation>,
    pub(super) plan: &'a Plan,
    pub(super) executed: &'a Executed,
    pub(super) settled: &'a Settled,
    /// Whether a side's list has left out comments that are there.
    pub(super) lagging: Sides<bool>,
    pub(super) marks: &'a [Mark],
    pub(super) lane: Lane,
}

impl Settling<'_> {
    /// Stores everything; a plan that changed nothing writes nothing.
    pub(super) async fn store(&self, rows: Vec<EffectRow>) -> Result<(), StoreError> {
        let effects = self.outcomes(rows);
        // Of those that were found after an unknown outcome whoever found them has told.
        self.events(&effects);
        let step = self.step(effects);
        if self.plan.effects.is_empty() {
            self.host.metrics.in_step.inc();
        }
        if step.is_empty() {
            return Ok(());
        }
        let shared = Arc::clone(self.host);
        let now = self.host.env.now();
        let marked = self
            .host
            .store
            .write(move |tx| step.write(&shared, tx, now))
            .await?;
        scheduler::clear(self.host, marked.announce(self.host))
    }

    /// The intents with what became of them.
    fn outcomes(&self, rows: Vec<EffectRow>) -> Vec<EffectRow> {
        let attempts = rows.into_iter().zip(&self.executed.attempts);
        attempts
            .map(|(row, attempted)| self.outcome(row, attempted))
            .collect()
    }

    fn outcome(&self, mut row: EffectRow, attempted: &Attempted) -> EffectRow {
        // One that was never sent has neither: the intent's time is that of no attempt.
        (row.started_at, row.ended_at) = attempted.ran.unzip();
        let sentence = || attempted.sentence.clone().unwrap_or_default();
        match &attempted.outcome {
            Outcome::Done(applied) if let Some(refusal) = &applied.refused => {
                let sentence = refusal.sentence.clone();
                let cause = Cause::Refused {
                    sentence: sentence.clone(),
                };
                row.state = EffectState::Failed {
                    cause: cause.group_name(),
                    sentence: sentence.clone(),
                };
                row.settled = true;
            }
            Outcome::Done(applied) => {
                row.state = EffectState::Done;
                row.settled = !self
                    .executed
                    .is_unconfirmed(&row.planned, &attempted.outcome);
                if row.item.is_none() {
                    row.item = created(applied).map(|reference| reference.item.id);
                }
            }
            Outcome::NotDone => {
                let sentence = sentence();
                let cause = Cause::Refused {
                    sentence: sentence.clone(),
                };
                let cause = cause.group_name();
                row.state = EffectState::Failed { cause, sentence };
                row.settled = true;
            }
            Outcome::Unknown => {
                self.host.metrics.unknown.inc();
                row.state = EffectState::Unknown;
                let node = self.host.node(&row.node);
                let settle =
                    node.map_or(Duration::ZERO, |node| node.tracker().capabilities().settle);
                row.next_due = row.ended_at.map(|ended| ended.plus(settle));
            }
        }
        row
    }

    fn step(&self, effects: Vec<EffectRow>) -> Step {
        let now = self.host.env.now();
        let twin = self.twin(now);
        let bases = Sides::from_fn(|side| {
            let base = self.settled.bases.get(side).clone();
            base.filter(|base| self.context.bases.get(side).as_ref() != Some(base))
        });
        // Effects found done after a crash are accounted for by these bases.
        let found = self
            .context
            .open
            .iter()
            .filter(|row| row.state == EffectState::Done)
            .map(|row| {
                let mut row = row.clone();
                row.settled = true;
                row
            });
        let history = self.history(&effects, &twin, now);
        let written = effects.iter().filter(|row| row.state == EffectState::Done);
        let written: BTreeSet<ItemId> = written.filter_map(item_of).collect();
        Step {
            known: self.context.twin.clone(),
            twin,
            bases,
            comments: self.settled.comments.clone(),
            attachments: self.settled.attachments.clone(),
            items: self.items(now),
            history,
            hints: self.hints(now),
            written: written.into_iter().collect(),
            created: self.settled.created.as_ref().map(|made| made.item.clone()),
            lane: self.lane,
            effects: effects.into_iter().chain(found).collect(),
        }
    }

    fn twin(&self, now: Timestamp) -> Twin {
        let mut twin = self.context.twin.clone();
        if let Some(created) = &self.settled.created {
            let mut sides = Side::BOTH.into_iter();
            if let Some(side) = sides.find(|side| twin.ids.get(*side).is_none()) {
                *twin.ids.get_mut(side) = Some(created.item.id.clone());
                self.host.metrics.twins_created.inc();
            }
        }
        let both = twin.ids.left.is_some() && twin.ids.right.is_some();
        let state = match &self.executed.quarantine {
            Some(cause) => TwinState::Quarantined {
                cause: cause.group_name(),
                sentence: sentence(cause),
            },
            None if both => TwinState::Live,
            None => TwinState::Creating,
        };
        if twin.state != state {
            twin.state = state;
            twin.state_since = now;
        }
        twin.held = self.held(now);
        let waived = self.plan.comments_waived.iter().take(WAIVED_MAX);
        twin.comments_waived = waived.map(|(at, why)| (at.clone(), why.clone())).collect();
        let quiet = self.plan.effects.is_empty() && twin.reconciled.is_some();
        if !quiet {
            twin.reconciled = Some(now);
        }
        twin
    }

    /// The frozen fields. A person's release is spent by the plan that was carried out with it, and kept for the next
    /// one when this could not be.
    fn held(&self, now: Timestamp) -> BTreeMap<ReplicaField, HeldField> {
        let executed = self.executed;
        let spent = executed.retry.is_none() && executed.unknown.is_none() && !executed.changed;
        let field = |(field, hold): (&ReplicaField, &Hold)| {
            let before = self
                .context
                .twin
                .held
                .get(field)
                .filter(|before| before.hold == *hold);
            let values = Sides::from_fn(|side| {
                let working = self.plan.working.get(side);
                let shown = working.view.fields.get(field);
                shown.or_else(|| working.withheld.get(field)).cloned()
            });
            let mut held = before.cloned().unwrap_or_else(|| HeldField {
                hold: hold.clone(),
                values: values.clone(),
                since: now,
                take: None,
            });
            // Judged anew each time, so its values are the present ones: by them a release is taken or refused.
            if !hold.is_sticky() {
                held.values = values;
            }
            if spent {
                held.take = None;
            }
            (field.clone(), held)
        };
        self.settled.held.iter().map(field).collect()
    }

    /// The directory entries that have changed: the newest version seen, so that a sweep knows it.
    fn items(&self, now: Timestamp) -> Vec<ItemRow> {
        let side_item = |side: Side| -> Option<&Item> {
            let after = self.executed.after.get(side).as_ref();
            after.or_else(|| self.observed.get(side).seen.item())
        };
        let row = |side: Side| {
            let item = side_item(side)?;
            let known = self.context.items.get(side).as_ref();
            let same = known.is_some_and(|known| {
                known.version == item.version
                    && known.reference == item.reference
                    && known.scope == item.scope
                    && known.root.as_ref() == Some(&self.context.twin.root)
            });
            (!same).then(|| item_row(item, &self.context.twin, now))
        };
        let mut rows: Vec<ItemRow> = Side::BOTH.into_iter().filter_map(row).collect();
        if let Some(created) = &self.settled.created
            && !rows.iter().any(|row| row.reference.item == created.item)
        {
            // The whole item was not to be had after the create.
            let mut effects = self.plan.effects.iter();
            let scope = effects.find_map(|planned| planned.effect.created_in());
            let (reference, root) = (created.clone(), self.context.twin.root.clone());
            let scope = scope.cloned().unwrap_or_default();
            rows.push(ring::created_row(reference, scope, root, now));
        }
        rows
    }

    /// Observations that could hide a later change are made again; after a create the comments follow.
    fn hints(&self, now: Timestamp) -> Vec<Hint> {
        let hint = |side: Side| {
            let observation = self.observed.get(side);
            let written = self.executed.after.get(side).as_ref();
            let due = match written {
                Some(item) if !item.version.is_exact() => {
                    // Our own write is as fresh as a version can be.
                    Some(now.plus(Duration::from_millis(u64::from(item.version.resolution_ms))))
                }
                Some(_) => None,
                None => observation.provisional_until,
            }?;
            let item = self
                .context
                .item(side)
                .or_else(|| written.map(|item| item.reference.item.clone()))?;
            Some(Hint {
                due,
                glance: true,
                ..Hint::now(item, Lane::Live, "provisional", now)
            })
        };
        let mut hints: Vec<Hint> = Side::BOTH.into_iter().filter_map(hint).collect();
        let left_out = self.lagging.left || self.lagging.right;
        if self
            .host
            .lags
            .follow(&self.context.twin.link, left_out, now)
        {
            let again = Side::BOTH
                .into_iter()
                .filter_map(|side| self.look_again(side, now));
            hints.extend(again);
        }
        if self.settled.created.is_some() {
            let sources = Side::BOTH
                .into_iter()
                .filter_map(|side| self.context.item(side));
            hints.extend(sources.map(|source| Hint::now(source, self.lane, "created", now)));
        }
        hints
    }

    /// A side whose list of comments lags is looked at again when it has had its time.
    fn look_again(&self, side: Side, now: Timestamp) -> Option<Hint> {
        let item = self
            .context
            .item(side)
            .filter(|_| *self.lagging.get(side))?;
        let node = self.host.node(&item.node)?;
        Some(Hint {
            due: now.plus(node.tracker().capabilities().settle),
            ..Hint::now(item, Lane::Live, "lagging", now)
        })
    }
}

pub(super) fn created(applied: &Applied) -> Option<ItemRef> {
    let whole = || applied.item.as_ref().map(|item| item.reference.clone());
    applied.created.clone().or_else(whole)
}

fn item_of(row: &EffectRow) -> Option<ItemId> {
    Some(ItemId {
        node: row.node.clone(),
        id: row.item.clone()?,
    })
}

pub(crate) fn item_row(item: &Item, twin: &Twin, now: Timestamp) -> ItemRow {
    ItemRow {
        reference: item.reference.clone(),
        scope: item.scope.clone(),
        root: Some(twin.root.clone()),
        version: item.version.clone(),
        seen_at: now,
    }
}
