//! Effects: the intent before the first attempt, and what became of it.

use super::access::Upsert;
use super::{HostRead, HostTx};
use crate::StoreError;
use crate::row::{from_json, time, time_or_none, to_json};
use crate::stamp::{Epoch, GroupId};
use rusqlite::Row;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use twinline_core::effect::Effect;
use twinline_core::item::ItemId;
use twinline_core::names::{ConnectionName, EffectId, LinkId, NodeName};
use twinline_core::reconcile::{Planned, ValidFor};
use twinline_core::time::Timestamp;

/// One effect with its attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectRow {
    /// Its id.
    pub id: EffectId,
    /// The twin that it is for.
    pub link: LinkId,
    /// The twin's connection.
    pub connection: ConnectionName,
    /// The node that is written.
    pub node: NodeName,
    /// The canonical text of the scope that is written: finds open creates.
    pub scope: String,
    /// The item that is written; `None` for a create until it is known.
    pub item: Option<String>,
    /// The write with its provenance.
    pub planned: Planned,
    /// What the plan was made from.
    pub valid_for: ValidFor,
    /// The rule version that it was planned with.
    pub rule_version: u32,
    /// What became of it.
    pub state: EffectState,
    /// Whether bases and links account for it. Open effects are those that are not settled.
    pub settled: bool,
    /// When it was intended.
    pub intended_at: Timestamp,
    /// When the last attempt began, by our clock.
    pub started_at: Option<Timestamp>,
    /// When the last attempt ended, by our clock; for an unknown outcome, when the settle time ends.
    pub ended_at: Option<Timestamp>,
    /// How many attempts were begun.
    pub attempts: u32,
    /// When to try or ask again.
    pub next_due: Option<Timestamp>,
}

/// What became of an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectState {
    /// An attempt is under way, or was when the process ended.
    Attempting,
    /// It may have happened: ask the tracker.
    Unknown,
    /// It happened.
    Done,
    /// It certainly did not happen, and is not tried again.
    Failed {
        /// What equal failures have in common.
        cause: String,
        /// What happened, for a person.
        sentence: String,
    },
}

impl EffectState {
    fn columns(&self) -> (&'static str, Option<&str>, Option<&str>) {
        match self {
            Self::Attempting => ("attempting", None, None),
            Self::Unknown => ("unknown", None, None),
            Self::Done => ("done", None, None),
            Self::Failed { cause, sentence } => ("failed", Some(cause), Some(sentence)),
        }
    }

    fn from_columns(
        word: &str,
        cause: Option<String>,
        sentence: Option<String>,
    ) -> Result<Self, StoreError> {
        Ok(match word {
            "attempting" => Self::Attempting,
            "unknown" => Self::Unknown,
            "done" => Self::Done,
            "failed" => Self::Failed {
                cause: cause.unwrap_or_default(),
                sentence: sentence.unwrap_or_default(),
            },
            other => {
                return Err(StoreError::Unreadable {
                    what: "effects.state",
                    reason: format!("'{other}'"),
                });
            }
        })
    }
}

const SELECT: &str = "SELECT id, link, connection, node, scope, item, planned, valid_for, rule_version, state, cause, \
                      sentence, settled, intended_at, started_at, ended_at, attempts, next_due FROM effects";

fn read(row: &Row<'_>) -> Result<EffectRow, StoreError> {
    Ok(EffectRow {
        id: EffectId::new(row.get::<_, String>(0)?),
        link: LinkId::new(row.get::<_, String>(1)?),
        connection: ConnectionName::new(row.get::<_, String>(2)?),
        node: NodeName::new(row.get::<_, String>(3)?),
        scope: row.get(4)?,
        item: row.get(5)?,
        planned: from_json("effects.planned", &row.get::<_, String>(6)?)?,
        valid_for: from_json("effects.valid_for", &row.get::<_, String>(7)?)?,
        rule_version: row.get(8)?,
        state: EffectState::from_columns(&row.get::<_, String>(9)?, row.get(10)?, row.get(11)?)?,
        settled: row.get(12)?,
        intended_at: time(row, 13)?,
        started_at: time_or_none(row, 14)?,
        ended_at: time_or_none(row, 15)?,
        attempts: row.get(16)?,
        next_due: time_or_none(row, 17)?,
    })
}

static EFFECTS: Upsert = Upsert::new(
    "effects",
    &["id"],
    &[
        "link",
        "connection",
        "node",
        "scope",
        "item",
        "is_create",
        "planned",
        "valid_for",
        "rule_version",
        "state",
        "cause",
        "sentence",
        "settled",
        "intended_at",
        "started_at",
        "ended_at",
        "attempts",
        "next_due",
    ],
)
.indexed(&["link", "node", "scope", "item", "is_create", "intended_at"]);

impl HostRead<'_> {
    /// One effect.
    pub fn effect(&self, id: &EffectId) -> Result<Option<EffectRow>, StoreError> {
        self.one(&format!("{SELECT} WHERE id = ?1"), [id.as_str()], read)
    }

    /// A twin's effects that no base accounts for yet, oldest first.
    pub fn open_effects_of(&self, link: &LinkId) -> Result<Vec<EffectRow>, StoreError> {
        let sql = format!("{SELECT} WHERE link = ?1 AND settled = 0 ORDER BY intended_at, rowid");
        self.many(&sql, [link.as_str()], read)
    }

    /// Creates into a scope that are not settled, oldest first: while there is one, unlinked items made there by our
    /// account wait.
    pub fn open_creates(&self, node: &NodeName, scope: &str) -> Result<Vec<EffectRow>, StoreError> {
        let sql = format!(
            "{SELECT} WHERE node = ?1 AND scope = ?2 AND settled = 0 AND is_create = 1 ORDER BY intended_at, rowid"
        );
        self.many(&sql, (node.as_str(), scope), read)
    }

    /// Whether a create into a scope is not settled.
    pub fn has_open_create(&self, node: &NodeName, scope: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM effects WHERE node = ?1 AND scope = ?2 AND settled = 0 AND is_create = 1 LIMIT 1";
        let found = self.one(sql, (node.as_str(), scope), |_| Ok(()))?;
        Ok(found.is_some())
    }

    /// All effects that are not settled, ordered by id, after `after`, at most `max`: for taking up work at start. The
    /// cost is that of the open ones, whatever has been settled before.
    pub fn open_effects(
        &self,
        after: Option<&EffectId>,
        max: u32,
    ) -> Result<Vec<EffectRow>, StoreError> {
        let sql = format!(
            "{SELECT} INDEXED BY effects_open WHERE settled = 0 AND id > ?1 ORDER BY id LIMIT ?2"
        );
        self.many(&sql, (after.map_or("", EffectId::as_str), max), read)
    }

    /// Every effect on an item that was intended at or after `since`, settled or not, oldest first.
    pub fn effects_on_item(
        &self,
        item: &ItemId,
        since: Timestamp,
    ) -> Result<Vec<EffectRow>, StoreError> {
        let sql = format!(
            "{SELECT} WHERE node = ?1 AND item = ?2 AND intended_at >= ?3 ORDER BY intended_at, rowid"
        );
        self.many(
            &sql,
            (item.node.as_str(), &item.id, since.as_millis()),
            read,
        )
    }
}

impl HostRead<'_> {
    /// How often an effect's write was tried for its twin since `since`, and failed each time; of the twin's last 200
    /// effects on the item. One that was never sent, because an earlier write had failed, is no try.
    pub fn failed_before(&self, effect: &EffectRow, since: Timestamp) -> Result<u32, StoreError> {
        let sql = format!(
            "{SELECT} WHERE node = ?1 AND item IS ?2 AND intended_at >= ?3 AND link = ?4 \
             ORDER BY intended_at DESC, rowid DESC LIMIT 200"
        );
        let since = since.as_millis();
        let tried = self.many(
            &sql,
            (
                effect.node.as_str(),
                &effect.item,
                since,
                effect.link.as_str(),
            ),
            read,
        )?;
        let same = |row: &&EffectRow| row.planned.effect.is_same_write(&effect.planned.effect);
        let failed = |row: &&EffectRow| matches!(row.state, EffectState::Failed { .. });
        let sent = |row: &&EffectRow| row.started_at.is_some();
        let failures = tried.iter().filter(same).take_while(failed);
        let count = failures.filter(sent).count();
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }
}

impl HostTx<'_> {
    /// Lets a group's effects that are not settled have begun earlier by that much, as the group's owner at `epoch`: their
    /// times are of a clock that was ahead of this machine's, and whoever asks a tracker for what it has had since then must
    /// not ask for too little. A step of its own, or the last but for what notes the gap.
    pub(crate) fn set_open_effects_back(
        &self,
        group: &GroupId,
        epoch: Epoch,
        by: Duration,
    ) -> Result<(), StoreError> {
        if by.is_zero() {
            return Ok(());
        }
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.conn().execute("UPDATE meta SET rev = rev + 1", [])?;
        self.conn().execute(
            "UPDATE effects SET started_at = started_at - ?1, intended_at = intended_at - ?1, epoch = ?2, \
             rev = (SELECT rev FROM meta) WHERE settled = 0 AND grp = ?3",
            (by, epoch.to_stored(), group.as_str()),
        )?;
        Ok(())
    }

    /// Stores an effect whole: first the intent, then each change of its state.
    pub fn put_effect(&self, effect: &EffectRow) -> Result<(), StoreError> {
        let (state, cause, sentence) = effect.state.columns();
        self.upsert(
            &EFFECTS,
            &[
                &effect.id.as_str(),
                &effect.link.as_str(),
                &effect.connection.as_str(),
                &effect.node.as_str(),
                &effect.scope,
                &effect.item,
                &matches!(effect.planned.effect, Effect::Create { .. }),
                &to_json(&effect.planned),
                &to_json(&effect.valid_for),
                &effect.rule_version,
                &state,
                &cause,
                &sentence,
                &effect.settled,
                &effect.intended_at.as_millis(),
                &effect.started_at.map(Timestamp::as_millis),
                &effect.ended_at.map(Timestamp::as_millis),
                &effect.attempts,
                &effect.next_due.map(Timestamp::as_millis),
            ],
        )
    }

    /// Marks an effect as accounted for, in the same step as the bases and links that account for it.
    pub fn settle_effect(&self, id: &EffectId) -> Result<(), StoreError> {
        self.stamped(
            "UPDATE effects SET grp = ?1, epoch = ?2, rev = ?3, settled = 1 WHERE id = ?4",
            &[&id.as_str()],
        )
        .map(drop)
    }
}
