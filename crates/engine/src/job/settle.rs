//! What a job leaves behind, in one step of the store: bases, links, outcomes, history, follow-up marks.

use super::context::Context;
use super::execute::{Attempted, Executed};
use super::observe::Observation;
use super::trouble::{group, sentence};
use crate::dirty::{self, Hint, Marked, is_alive};
use crate::event::{self, What};
use crate::host::{Connection, Inner};
use crate::scheduler::{self, Mark};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use twinline_core::effect::Effect;
use twinline_core::item::{Item, ItemId, ItemRef};
use twinline_core::names::{LinkId, ReplicaField, Side, Sides};
use twinline_core::quarantine::Cause;
use twinline_core::queue::Lane;
use twinline_core::reconcile::{Outcome, Plan, Planned, Settled};
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{
    EffectRow, EffectState, HeldField, HistoryEntry, HistoryKind, HostTx, ItemRow, Twin, TwinState,
};

/// A plan that was executed, with all that it leaves behind.
pub(super) struct Settling<'a> {
    pub(super) host: &'a Arc<Inner>,
    pub(super) connection: &'a Connection,
    pub(super) context: &'a Context,
    pub(super) observed: &'a Sides<Observation>,
    pub(super) plan: &'a Plan,
    pub(super) executed: &'a Executed,
    pub(super) settled: &'a Settled,
    pub(super) marks: &'a [Mark],
    pub(super) lane: Lane,
}

/// The rows to write.
struct Step {
    twin: Option<Twin>,
    bases: Sides<Option<twinline_core::reconcile::Base>>,
    items: Vec<ItemRow>,
    effects: Vec<EffectRow>,
    history: Vec<HistoryEntry>,
    hints: Vec<Hint>,
    /// Items that were written: their other twins are to look.
    written: Vec<ItemId>,
}

impl Settling<'_> {
    /// Stores everything; a plan that changed nothing writes nothing.
    pub(super) async fn store(&self, rows: Vec<EffectRow>) -> Result<(), StoreError> {
        let effects = self.outcomes(rows);
        let step = self.step(effects);
        if self.plan.effects.is_empty() {
            self.host.metrics.in_step.inc();
        }
        self.events(&step.effects);
        if step.is_empty() && self.settled.comments.is_empty() {
            return Ok(());
        }
        let (shared, link) = (Arc::clone(self.host), self.context.twin.link.clone());
        let comments = self.settled.comments.clone();
        let now = self.host.env.now();
        let marked = self
            .host
            .store
            .write(move |tx| {
                for link in &comments {
                    tx.put_comment_link(link)?;
                }
                step.write(&shared, tx, &link, now)
            })
            .await?;
        scheduler::clear(self.host, marked.announce(self.host)).await
    }

    /// The intents with what became of them.
    fn outcomes(&self, rows: Vec<EffectRow>) -> Vec<EffectRow> {
        let attempts = rows.into_iter().zip(&self.executed.attempts);
        attempts
            .map(|(row, attempted)| self.outcome(row, attempted))
            .collect()
    }

    fn outcome(&self, mut row: EffectRow, attempted: &Attempted) -> EffectRow {
        if let Some((from, to)) = attempted.ran {
            row.started_at = Some(from);
            row.ended_at = Some(to);
        }
        let sentence = || attempted.sentence.clone().unwrap_or_default();
        match &attempted.outcome {
            Outcome::Done(applied) => {
                row.state = EffectState::Done;
                row.settled = true;
                if row.item.is_none() {
                    row.item = created(applied).map(|reference| reference.item.id);
                }
            }
            Outcome::NotDone => {
                let sentence = sentence();
                let cause = group(&Cause::Refused {
                    sentence: sentence.clone(),
                });
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
        let changed = twin != self.context.twin;
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
            twin: changed.then_some(twin),
            bases,
            items: self.items(now),
            history,
            hints: self.hints(now),
            written: written.into_iter().collect(),
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
                cause: group(cause),
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
        let field = |(field, hold): (&ReplicaField, &twinline_core::reconcile::Hold)| {
            let before = self
                .context
                .twin
                .held
                .get(field)
                .filter(|before| before.hold == *hold);
            let mut held = before.cloned().unwrap_or_else(|| HeldField {
                hold: hold.clone(),
                values: Sides::from_fn(|side| {
                    self.plan.working.get(side).view.fields.get(field).cloned()
                }),
                since: now,
                take: None,
            });
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
            // The whole item was not to be had after the create; its version is unknown, so the next sweep looks.
            rows.push(ItemRow {
                reference: created.clone(),
                scope: BTreeMap::new(),
                root: Some(self.context.twin.root.clone()),
                version: twinline_core::item::Version::default(),
                seen_at: now,
            });
        }
        rows
    }

    /// Observations that could hide a later change are made again; after a create the comments follow.
    fn hints(&self, now: Timestamp) -> Vec<Hint> {
        let hint = |side: Side| {
            let observation = self.observed.get(side);
            let written = self.executed.after.get(side).as_ref();
            let due = match written {
                Some(item) if item.version.revision.is_none() => {
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
                ..Hint::now(item, Lane::Live, "provisional", now)
            })
        };
        let mut hints: Vec<Hint> = Side::BOTH.into_iter().filter_map(hint).collect();
        if self.settled.created.is_some() {
            let sources = Side::BOTH
                .into_iter()
                .filter_map(|side| self.context.item(side));
            hints.extend(sources.map(|source| Hint::now(source, self.lane, "created", now)));
        }
        hints
    }

    fn history(&self, effects: &[EffectRow], twin: &Twin, now: Timestamp) -> Vec<HistoryEntry> {
        let mut history = Vec::new();
        for row in effects.iter().filter(|row| row.state == EffectState::Done) {
            let Some(item) = item_of(row) else { continue };
            let source = twin.item(row.planned.side.other());
            let entry = HistoryEntry {
                rule_version: Some(row.rule_version),
                source,
                source_at: self.changed_at(row.planned.side),
                effect: Some(row.id.clone()),
                attempt: row.attempts,
                latency_ms: self.latency_ms(row),
                ..entry(twin, item, kind(&row.planned), now)
            };
            history.extend(fields(&row.planned, entry));
        }
        let item = Side::BOTH.into_iter().find_map(|side| twin.item(side));
        let Some(item) = item else { return history };
        for conflict in &self.plan.conflicts {
            history.push(HistoryEntry {
                field: Some(conflict.field.to_string()),
                before: conflict.values.left.clone(),
                after: conflict.values.right.clone(),
                text: Some(match conflict.winner {
                    Some(side) => format!("both sides changed it; {side} won"),
                    None => "both sides changed it".to_owned(),
                }),
                ..entry(twin, item.clone(), HistoryKind::Conflict, now)
            });
        }
        for (field, reason) in &self.settled.waived {
            history.push(HistoryEntry {
                field: Some(field.to_string()),
                text: Some(reason.clone()),
                ..entry(twin, item.clone(), HistoryKind::Waived, now)
            });
        }
        for (field, held) in twin
            .held
            .iter()
            .filter(|(field, _)| !self.context.twin.held.contains_key(*field))
        {
            history.push(HistoryEntry {
                field: Some(field.to_string()),
                text: Some(held.hold.to_string()),
                ..entry(twin, item.clone(), HistoryKind::Held, now)
            });
        }
        if let TwinState::Quarantined { sentence, .. } = &twin.state {
            history.push(HistoryEntry {
                text: Some(sentence.clone()),
                ..entry(twin, item, HistoryKind::Quarantined, now)
            });
        }
        history
    }

    /// When the change was made that a write to `side` carries over.
    fn changed_at(&self, side: Side) -> Option<Timestamp> {
        let source = self.context.item(side.other())?;
        let marks = self.marks.iter().filter(|mark| mark.item == source);
        marks.filter_map(|mark| mark.changed_at).min()
    }

    fn latency_ms(&self, row: &EffectRow) -> Option<u64> {
        let changed = self.changed_at(row.planned.side)?;
        u64::try_from(row.ended_at?.since(changed).as_millis()).ok()
    }

    fn events(&self, effects: &[EffectRow]) {
        let name = &self.connection.name;
        let link = &self.context.twin.link;
        for row in effects.iter().filter(|row| row.state == EffectState::Done) {
            let latency_ms = self.latency_ms(row);
            if let Some(ms) = latency_ms {
                self.host.metrics.latency.record(Duration::from_millis(ms));
            }
            let side = row.planned.side;
            let what = What::Written {
                from: self.named(side.other()),
                to: self.named(side),
                done: event::phrases(&row.planned.effect),
                latency_ms,
                rule_version: row.rule_version,
                by: event::origins(&row.planned),
            };
            self.host.tell(name, link, what);
        }
        if let Some(cause) = &self.executed.quarantine {
            self.host.metrics.quarantined.inc();
            self.host.tell(
                name,
                link,
                What::Quarantined {
                    reason: sentence(cause),
                },
            );
        }
    }

    fn named(&self, side: Side) -> String {
        let node = self.context.twin.nodes.get(side);
        let label = self
            .host
            .node(node)
            .map_or_else(|| node.to_string(), |node| node.config.label.clone());
        let seen = self
            .observed
            .get(side)
            .seen
            .item()
            .map(|item| &item.reference);
        let stored = self
            .context
            .items
            .get(side)
            .as_ref()
            .map(|row| &row.reference);
        match seen.or(stored).or(self.settled.created.as_ref()) {
            Some(reference) => event::named(&label, reference),
            None => label,
        }
    }
}

impl Step {
    fn is_empty(&self) -> bool {
        self.twin.is_none()
            && self.bases == Sides::default()
            && self.items.is_empty()
            && self.effects.is_empty()
            && self.history.is_empty()
            && self.hints.is_empty()
    }

    fn write(
        mut self,
        host: &Inner,
        tx: &HostTx<'_>,
        link: &LinkId,
        now: Timestamp,
    ) -> Result<Marked, StoreError> {
        if let Some(twin) = &self.twin {
            tx.put_twin(twin)?;
        }
        for side in Side::BOTH {
            if let Some(base) = self.bases.get(side) {
                tx.put_base(link, side, base, now)?;
            }
        }
        for item in &self.items {
            tx.put_item(item)?;
        }
        for effect in &self.effects {
            tx.put_effect(effect)?;
        }
        for entry in &self.history {
            tx.append_history(entry)?;
        }
        for item in self.written {
            let others = tx
                .twins_of_item(&item)?
                .iter()
                .filter(|twin| is_alive(twin) && twin.link != *link)
                .count();
            if others > 0 {
                self.hints.push(Hint::now(item, Lane::Live, "cluster", now));
            }
        }
        dirty::mark(host, tx, &self.hints)
    }
}

/// Holds a twin back.
pub(super) async fn quarantine(
    host: &Arc<Inner>,
    link: &LinkId,
    cause: &Cause,
) -> Result<(), StoreError> {
    let now = host.env.now();
    let state = TwinState::Quarantined {
        cause: group(cause),
        sentence: sentence(cause),
    };
    let (id, text) = (link.clone(), sentence(cause));
    let connection = host
        .store
        .write(move |tx| {
            let Some(mut twin) = tx.twin(&id)?.filter(is_alive) else {
                return Ok(None);
            };
            if twin.state == state {
                return Ok(None);
            }
            twin.state = state;
            twin.state_since = now;
            tx.put_twin(&twin)?;
            for item in Side::BOTH.into_iter().filter_map(|side| twin.item(side)) {
                tx.append_history(&HistoryEntry {
                    text: Some(text.clone()),
                    ..entry(&twin, item, HistoryKind::Quarantined, now)
                })?;
            }
            Ok(Some(twin.connection))
        })
        .await?;
    if let Some(connection) = connection {
        host.metrics.quarantined.inc();
        host.tell(
            &connection,
            link,
            What::Quarantined {
                reason: sentence(cause),
            },
        );
    }
    Ok(())
}

/// Ends a twin: the items are free. `returns`: they may enter anew by themselves.
pub(super) async fn end(
    host: &Arc<Inner>,
    context: &Context,
    evidence: &str,
    returns: bool,
) -> Result<(), StoreError> {
    let (link, now, text) = (
        context.twin.link.clone(),
        host.env.now(),
        evidence.to_owned(),
    );
    host.store
        .write(move |tx| unlink(tx, &link, now, &text, returns))
        .await?;
    let evidence = evidence.to_owned();
    host.tell(
        &context.twin.connection,
        &context.twin.link,
        What::Ended { evidence },
    );
    Ok(())
}

/// Ends a twin in a step of the store.
pub(crate) fn unlink(
    tx: &HostTx<'_>,
    link: &LinkId,
    now: Timestamp,
    text: &str,
    returns: bool,
) -> Result<(), StoreError> {
    let Some(mut twin) = tx.twin(link)?.filter(is_alive) else {
        return Ok(());
    };
    twin.state = TwinState::Unlinked { returns };
    twin.state_since = now;
    tx.put_twin(&twin)?;
    tx.drop_bases(link)?;
    for row in tx.open_effects_of(link)? {
        tx.settle_effect(&row.id)?;
    }
    for item in Side::BOTH.into_iter().filter_map(|side| twin.item(side)) {
        let others = tx.twins_of_item(&item)?;
        if !others.iter().any(is_alive) {
            tx.set_item_root(&item, None)?;
        }
        tx.append_history(&HistoryEntry {
            text: Some(text.to_owned()),
            ..entry(&twin, item, HistoryKind::Unlinked, now)
        })?;
    }
    Ok(())
}

/// An entry of a twin's item, to be filled.
pub(crate) fn entry(twin: &Twin, item: ItemId, kind: HistoryKind, at: Timestamp) -> HistoryEntry {
    HistoryEntry {
        item,
        at,
        kind,
        connection: Some(twin.connection.clone()),
        link: Some(twin.link.clone()),
        rule_version: None,
        by: None,
        field: None,
        before: None,
        after: None,
        source: None,
        source_at: None,
        effect: None,
        attempt: 0,
        latency_ms: None,
        text: None,
    }
}

/// One entry for each field that a write touched.
fn fields(planned: &Planned, entry: HistoryEntry) -> Vec<HistoryEntry> {
    if planned.fields.is_empty() {
        return vec![HistoryEntry {
            text: Some(event::phrases(&planned.effect).join(", ")),
            ..entry
        }];
    }
    let note = |(field, note): (&_, &twinline_core::reconcile::WriteNote)| HistoryEntry {
        field: Some(twinline_core::names::FieldName::to_string(field)),
        by: Some(note.by.clone()),
        before: note.before.clone(),
        after: Some(note.after.clone()),
        text: note.losses(),
        ..entry.clone()
    };
    planned.fields.iter().map(note).collect()
}

const fn kind(planned: &Planned) -> HistoryKind {
    match &planned.effect {
        Effect::Create { .. } => HistoryKind::Created,
        Effect::Update { .. } => HistoryKind::Write,
        Effect::Mark { .. } => HistoryKind::Linked,
        Effect::AddComment { .. } | Effect::EditComment { .. } | Effect::DeleteComment { .. } => {
            HistoryKind::Comment
        }
        Effect::Delete { .. } => HistoryKind::Deleted,
    }
}

fn created(applied: &twinline_core::effect::Applied) -> Option<ItemRef> {
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
