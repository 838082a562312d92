//! Provenance: what was written to each item, by which rule, because of what.

use super::{HostRead, HostTx};
use crate::StoreError;
use crate::row::{count, from_json, to_count, to_json, to_word};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use twinline_core::item::{ItemId, Value};
use twinline_core::names::{ConnectionName, EffectId, LinkId};
use twinline_core::rules::Assigner;
use twinline_core::time::Timestamp;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryKind {
    /// We created the item.
    Created,
    /// We wrote a field.
    Write,
    /// We wrote, edited or deleted a comment.
    Comment,
    /// A file was attached or deleted.
    Attachment,
    /// We deleted the item.
    Deleted,
    /// Both sides changed a field; both values are kept here.
    Conflict,
    /// A field was frozen.
    Held,
    /// A frozen field or a held twin was released by a person.
    Released,
    /// A change was seen and not applied.
    Waived,
    /// Characters were lost by a limit of the target.
    Cut,
    /// What a script or the field map told of a job that wrote something.
    Trace,
    /// The twin was held back by an error.
    Quarantined,
    /// The twin went to sleep.
    Asleep,
    /// The twin woke, or was released from quarantine.
    Woken,
    /// Two items were linked.
    Linked,
    /// The twin ended.
    Unlinked,
}

/// One entry of an item's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The item that it is about.
    pub item: ItemId,
    /// When, by our clock.
    pub at: Timestamp,
    /// What happened.
    pub kind: HistoryKind,
    /// The connection.
    pub connection: Option<ConnectionName>,
    /// The twin.
    pub link: Option<LinkId>,
    /// The rule version.
    pub rule_version: Option<u32>,
    /// The map entry or script line.
    pub by: Option<Assigner>,
    /// The field, native or of the replica, or the comment's id.
    pub field: Option<String>,
    /// The value before.
    pub before: Option<Value>,
    /// The value after.
    pub after: Option<Value>,
    /// The item whose change caused it.
    pub source: Option<ItemId>,
    /// When that change was made, by its tracker's clock as corrected.
    pub source_at: Option<Timestamp>,
    /// The effect.
    pub effect: Option<EffectId>,
    /// Which attempt it was, counted from 1.
    pub attempt: u32,
    /// From the change at the source to its arrival, in milliseconds.
    pub latency_ms: Option<u64>,
    /// What else there is to say: a reason, a tracker's sentence.
    pub text: Option<String>,
}

/// An entry with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRow {
    /// Rises with every entry.
    pub seq: u64,
    /// The entry.
    pub entry: HistoryEntry,
}

fn read(row: &Row<'_>) -> Result<HistoryRow, StoreError> {
    Ok(HistoryRow {
        seq: count(row, 0)?,
        entry: from_json("history.entry", &row.get::<_, String>(1)?)?,
    })
}

impl HostRead<'_> {
    /// An item's history, newest first, before `before` (`None`: from the newest), at most `max`.
    pub fn history(
        &self,
        item: &ItemId,
        before: Option<u64>,
        max: u32,
    ) -> Result<Vec<HistoryRow>, StoreError> {
        let sql = "SELECT seq, entry FROM history WHERE node = ?1 AND item = ?2 AND seq < ?3 ORDER BY seq DESC LIMIT ?4";
        let before = before.map_or(i64::MAX, to_count);
        self.many(sql, (item.node.as_str(), &item.id, before, max), read)
    }

    /// What an item's own changes have led to, on whichever item, newest first, before `before` (`None`: from the newest), at
    /// most `max`.
    pub fn history_caused_by(
        &self,
        source: &ItemId,
        before: Option<u64>,
        max: u32,
    ) -> Result<Vec<HistoryRow>, StoreError> {
        let sql = "SELECT seq, entry FROM history INDEXED BY history_by_source \
                   WHERE entry ->> '$.source.node' = ?1 AND entry ->> '$.source.id' = ?2 AND seq < ?3 \
                   ORDER BY seq DESC LIMIT ?4";
        let before = before.map_or(i64::MAX, to_count);
        self.many(sql, (source.node.as_str(), &source.id, before, max), read)
    }

    /// What was written after `after` (0: from the oldest kept), oldest first, at most `max`: for a live transcript.
    pub fn history_since(&self, after: u64, max: u32) -> Result<Vec<HistoryRow>, StoreError> {
        let sql = "SELECT seq, entry FROM history WHERE seq > ?1 ORDER BY seq LIMIT ?2";
        self.many(sql, (to_count(after), max), read)
    }
}

impl HostTx<'_> {
    /// Appends an entry.
    pub fn append_history(&self, entry: &HistoryEntry) -> Result<(), StoreError> {
        self.stamped(
            "INSERT INTO history (grp, epoch, rev, at, node, item, kind, connection, entry) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            &[
                &entry.at.as_millis(),
                &entry.item.node.as_str(),
                &entry.item.id,
                &to_word(&entry.kind),
                &entry.connection.as_ref().map(ConnectionName::as_str),
                &to_json(entry),
            ],
        )
        .map(drop)
    }
}
