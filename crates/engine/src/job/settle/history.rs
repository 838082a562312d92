//! What a job tells a twin's history.

use super::{Settling, item_of};
use crate::event;
use crate::scheduler::Mark;
use twinline_core::effect::Effect;
use twinline_core::item::ItemId;
use twinline_core::names::{FieldName, Side};
use twinline_core::reconcile::{Planned, WriteNote};
use twinline_core::time::Timestamp;
use twinline_store::host::{EffectRow, EffectState, HistoryEntry, HistoryKind, Twin, TwinState};

/// Lines that a side's rule traced and that are kept of one job.
const TRACES_MAX: usize = 20;

impl Settling<'_> {
    pub(super) fn history(
        &self,
        effects: &[EffectRow],
        twin: &Twin,
        now: Timestamp,
    ) -> Vec<HistoryEntry> {
        let mut history = self.woken(twin, now);
        for row in effects.iter().filter(|row| row.state == EffectState::Done) {
            history.extend(written(twin, row, self.marks, self.latency_ms(row), now));
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
        history.extend(self.losses(twin, &item, now));
        if !effects.is_empty() {
            history.extend(self.traces(twin, &item, now));
        }
        let known = &self.context.twin.comments_waived;
        let waived = twin.comments_waived.iter();
        for (comment, reason) in waived.filter(|(comment, why)| known.get(*comment) != Some(*why)) {
            history.push(HistoryEntry {
                field: Some(called(comment)),
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

    /// That a twin sleeps no longer, or is no longer held back.
    fn woken(&self, twin: &Twin, now: Timestamp) -> Vec<HistoryEntry> {
        let rests = |twin: &Twin| {
            matches!(
                twin.state,
                TwinState::Asleep { .. } | TwinState::Quarantined { .. }
            )
        };
        if !rests(&self.context.twin) || rests(twin) {
            return Vec::new();
        }
        let items = Side::BOTH.into_iter().filter_map(|side| twin.item(side));
        items
            .map(|item| entry(twin, item, HistoryKind::Woken, now))
            .collect()
    }

    /// What `max` took, and what the rules skip; each once for every change.
    fn losses(&self, twin: &Twin, item: &ItemId, now: Timestamp) -> Vec<HistoryEntry> {
        let mut losses = Vec::new();
        for side in Side::BOTH {
            let here = || twin.item(side).unwrap_or_else(|| item.clone());
            for (field, lost) in self.settled.cut.get(side) {
                losses.push(HistoryEntry {
                    field: Some(field.to_string()),
                    text: Some(format!("{lost} characters do not fit here (max)")),
                    ..entry(twin, here(), HistoryKind::Cut, now)
                });
            }
            for (field, reason) in self.settled.skipped.get(side) {
                losses.push(HistoryEntry {
                    field: Some(field.to_string()),
                    text: Some(reason.clone()),
                    ..entry(twin, here(), HistoryKind::Waived, now)
                });
            }
        }
        losses
    }

    /// What the rules traced. Only with a write: else every look at a twin would leave the same lines.
    fn traces(&self, twin: &Twin, item: &ItemId, now: Timestamp) -> Vec<HistoryEntry> {
        let mut traces = Vec::new();
        for side in Side::BOTH {
            let here = || twin.item(side).unwrap_or_else(|| item.clone());
            let lines = self.plan.trace.get(side).iter().take(TRACES_MAX);
            traces.extend(lines.map(|line| HistoryEntry {
                text: Some(line.clone()),
                ..entry(twin, here(), HistoryKind::Trace, now)
            }));
        }
        traces
    }

    pub(super) fn latency_ms(&self, row: &EffectRow) -> Option<u64> {
        let changed = changed_at(&self.context.twin, row.planned.side, self.marks)?;
        u64::try_from(row.ended_at?.since(changed).as_millis()).ok()
    }
}

/// What a write that was made tells the item's history.
pub(in crate::job) fn written(
    twin: &Twin,
    row: &EffectRow,
    marks: &[Mark],
    latency_ms: Option<u64>,
    now: Timestamp,
) -> Vec<HistoryEntry> {
    let Some(item) = item_of(row) else {
        return Vec::new();
    };
    let side = row.planned.side;
    let entry = HistoryEntry {
        rule_version: Some(row.rule_version),
        source: twin.item(side.other()),
        source_at: changed_at(twin, side, marks),
        effect: Some(row.id.clone()),
        attempt: row.attempts,
        latency_ms,
        ..entry(twin, item, kind(&row.planned), now)
    };
    fields(&row.planned, entry)
}

/// When the change was made that a write to `side` carries over.
fn changed_at(twin: &Twin, side: Side, marks: &[Mark]) -> Option<Timestamp> {
    let source = twin.item(side.other())?;
    let marks = marks.iter().filter(|mark| mark.item == source);
    marks.filter_map(|mark| mark.changed_at).min()
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
    let note = |(field, note): (&_, &WriteNote)| HistoryEntry {
        field: Some(FieldName::to_string(field)),
        by: Some(note.by.clone()),
        before: note.before.clone(),
        after: Some(note.after.clone()),
        text: note.losses(),
        ..entry.clone()
    };
    planned.fields.iter().map(note).collect()
}

/// What a person is told of: a comment by its place, a file by its name.
fn called(waived: &str) -> String {
    if waived.starts_with("file ") {
        return waived.to_owned();
    }
    format!("comment {waived}")
}

const fn kind(planned: &Planned) -> HistoryKind {
    match &planned.effect {
        Effect::Create { .. } => HistoryKind::Created,
        Effect::Update { .. } => HistoryKind::Write,
        Effect::Mark { .. } => HistoryKind::Linked,
        Effect::AddComment { .. } | Effect::EditComment { .. } | Effect::DeleteComment { .. } => {
            HistoryKind::Comment
        }
        Effect::AddAttachment { .. } | Effect::DeleteAttachment { .. } => HistoryKind::Attachment,
        Effect::Delete { .. } => HistoryKind::Deleted,
    }
}
