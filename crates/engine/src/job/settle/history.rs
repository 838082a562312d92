//! What a job tells a twin's history.

use super::{Settling, item_of};
use crate::event;
use twinline_core::effect::Effect;
use twinline_core::item::ItemId;
use twinline_core::names::{FieldName, Side};
use twinline_core::reconcile::{Planned, WriteNote};
use twinline_core::time::Timestamp;
use twinline_store::host::{EffectRow, EffectState, HistoryEntry, HistoryKind, Twin, TwinState};

impl Settling<'_> {
    pub(super) fn history(
        &self,
        effects: &[EffectRow],
        twin: &Twin,
        now: Timestamp,
    ) -> Vec<HistoryEntry> {
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
        let known = &self.context.twin.comments_waived;
        let waived = twin.comments_waived.iter();
        for (comment, reason) in waived.filter(|(comment, why)| known.get(*comment) != Some(*why)) {
            history.push(HistoryEntry {
                field: Some(format!("comment {comment}")),
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

    pub(super) fn latency_ms(&self, row: &EffectRow) -> Option<u64> {
        let changed = self.changed_at(row.planned.side)?;
        u64::try_from(row.ended_at?.since(changed).as_millis()).ok()
    }
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
