//! Twins: by id, by item, by cluster, by what people call them, by state.

use super::access::Upsert;
use super::twin_record::{Twin, TwinState, TwinStateName};
use super::{HostRead, HostTx};
use crate::StoreError;
use crate::row::{count, from_json, from_word, time, time_or_none, to_json, to_word};
use rusqlite::Row;
use twinline_core::item::ItemId;
use twinline_core::names::{ConnectionName, LinkId, NodeName, RootId, Side, Sides};
use twinline_core::time::Timestamp;

/// Which twins to list. An empty filter lists all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TwinFilter {
    /// Of this connection only.
    pub connection: Option<ConnectionName>,
    /// In this state only.
    pub state: Option<TwinStateName>,
    /// With this cause only ([`TwinState::Quarantined`] and [`TwinState::Asleep`]).
    pub cause: Option<String>,
    /// With at least one frozen field, or a comment that was not written, only.
    pub held: bool,
}

/// How many twins of a connection are in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwinTally {
    /// The connection.
    pub connection: ConnectionName,
    /// The state.
    pub state: TwinStateName,
    /// How many.
    pub twins: u64,
}

/// How many twins of a connection are in one state, with one cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwinCount {
    /// The connection.
    pub connection: ConnectionName,
    /// The state.
    pub state: TwinStateName,
    /// What they have in common.
    pub cause: Option<String>,
    /// The sentence of one of them.
    pub sentence: Option<String>,
    /// How many.
    pub twins: u64,
    /// Since when the first of them is in this state.
    pub since: Timestamp,
}

const COLUMNS: &str = "link, connection, root, left_node, left_id, right_node, right_id, created_from, incarnation, \
                       state, cause, sentence, state_since, left_negative, right_negative, held, since, reconciled, comments_waived";

fn read(row: &Row<'_>) -> Result<Twin, StoreError> {
    let created_from: Option<String> = row.get(7)?;
    Ok(Twin {
        link: LinkId::new(row.get::<_, String>(0)?),
        connection: ConnectionName::new(row.get::<_, String>(1)?),
        root: RootId::new(row.get::<_, String>(2)?),
        nodes: Sides {
            left: NodeName::new(row.get::<_, String>(3)?),
            right: NodeName::new(row.get::<_, String>(5)?),
        },
        ids: Sides {
            left: row.get(4)?,
            right: row.get(6)?,
        },
        created_from: created_from
            .map(|word| from_word::<Side>("twins.created_from", word))
            .transpose()?,
        incarnation: row.get(8)?,
        state: TwinState::from_columns(
            from_word("twins.state", row.get(9)?)?,
            row.get(10)?,
            row.get(11)?,
        ),
        state_since: time(row, 12)?,
        negatives: Sides {
            left: time_or_none(row, 13)?,
            right: time_or_none(row, 14)?,
        },
        held: from_json("twins.held", &row.get::<_, String>(15)?)?,
        since: time(row, 16)?,
        reconciled: time_or_none(row, 17)?,
        comments_waived: from_json("twins.comments_waived", &row.get::<_, String>(18)?)?,
    })
}

static TWINS: Upsert = Upsert::new(
    "twins",
    &["link"],
    &[
        "connection",
        "root",
        "left_node",
        "left_id",
        "right_node",
        "right_id",
        "created_from",
        "incarnation",
        "state",
        "cause",
        "sentence",
        "state_since",
        "left_negative",
        "right_negative",
        "held",
        "since",
        "reconciled",
        "comments_waived",
    ],
)
.indexed(&[
    "connection",
    "root",
    "left_node",
    "left_id",
    "right_node",
    "right_id",
    "state",
    "cause",
    "state_since",
]);

impl HostRead<'_> {
    /// One twin.
    pub fn twin(&self, link: &LinkId) -> Result<Option<Twin>, StoreError> {
        self.one(
            &format!("SELECT {COLUMNS} FROM twins WHERE link = ?1"),
            [link.as_str()],
            read,
        )
    }

    /// All twins that an item is in, unlinked ones too, ordered by connection and incarnation.
    pub fn twins_of_item(&self, item: &ItemId) -> Result<Vec<Twin>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM twins WHERE left_node = ?1 AND left_id = ?2 \
             UNION SELECT {COLUMNS} FROM twins WHERE right_node = ?1 AND right_id = ?2 \
             ORDER BY connection, incarnation, link"
        );
        self.many(&sql, (item.node.as_str(), &item.id), read)
    }

    /// All twins of a cluster, unlinked ones too, ordered by connection and id.
    pub fn twins_of_root(&self, root: &RootId) -> Result<Vec<Twin>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM twins WHERE root = ?1 ORDER BY connection, link");
        self.many(&sql, [root.as_str()], read)
    }

    /// All twins of the items that people call by this key.
    pub fn twins_by_key(&self, key: &str) -> Result<Vec<Twin>, StoreError> {
        let mut twins: Vec<Twin> = Vec::new();
        for item in self.items_by_key(key)? {
            for twin in self.twins_of_item(&item.reference.item)? {
                if twins.iter().all(|known| known.link != twin.link) {
                    twins.push(twin);
                }
            }
        }
        Ok(twins)
    }

    /// One page of twins, ordered by id: those after `after`, at most `max`.
    pub fn twins(
        &self,
        filter: &TwinFilter,
        after: Option<&LinkId>,
        max: u32,
    ) -> Result<Vec<Twin>, StoreError> {
        // Worded for what is asked: a condition that may also be none at all keeps SQLite from using its index.
        let asked = [
            (filter.connection.is_some(), " AND connection = ?2"),
            (filter.state.is_some(), " AND state = ?3"),
            (filter.cause.is_some(), " AND cause = ?4"),
            (
                filter.held,
                " AND (held <> '{}' OR comments_waived <> '{}')",
            ),
        ];
        let asked = asked.into_iter().filter(|(asked, _)| *asked);
        let asked: String = asked.map(|(_, condition)| condition).collect();
        let sql =
            format!("SELECT {COLUMNS} FROM twins WHERE link > ?1{asked} ORDER BY link LIMIT ?5");
        let params = (
            after.map_or("", LinkId::as_str),
            filter.connection.as_ref().map(ConnectionName::as_str),
            filter.state.as_ref().map(to_word),
            filter.cause.as_deref(),
            max,
        );
        self.many(&sql, params, read)
    }

    /// How many twins of each connection are in each state, ordered by both. The cost is that of the connections.
    pub fn twin_tally(&self) -> Result<Vec<TwinTally>, StoreError> {
        let sql = "SELECT connection, state, twins FROM twin_tally WHERE twins > 0 ORDER BY connection, state";
        self.many(sql, [], |row| {
            Ok(TwinTally {
                connection: ConnectionName::new(row.get::<_, String>(0)?),
                state: from_word("twin_tally.state", row.get(1)?)?,
                twins: count(row, 2)?,
            })
        })
    }

    /// The twins that are held back or sleep, counted by connection, state and cause: equal causes are one line. The cost is
    /// theirs, not that of all twins.
    pub fn twin_causes(&self) -> Result<Vec<TwinCount>, StoreError> {
        let sql = format!(
            "{COUNTS} INDEXED BY twins_by_cause WHERE cause IS NOT NULL AND state IN (?1, ?2) \
             GROUP BY connection, state, cause ORDER BY connection, state, cause"
        );
        let held_back = [TwinStateName::Asleep, TwinStateName::Quarantined];
        self.many(&sql, held_back.map(|state| to_word(&state)), read_count)
    }

    /// The twins of one connection counted by state and cause; costs nothing for those of others.
    pub fn twin_counts_of(
        &self,
        connection: &ConnectionName,
    ) -> Result<Vec<TwinCount>, StoreError> {
        let sql =
            format!("{COUNTS} WHERE connection = ?1 GROUP BY state, cause ORDER BY state, cause");
        self.many(&sql, [connection.as_str()], read_count)
    }

    /// Why twins of a connection sleep: each cause once. The cost is that of its own sleepers, not of all twins.
    pub fn sleeping_causes(&self, connection: &ConnectionName) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT DISTINCT cause FROM twins WHERE connection = ?1 AND state = ?2 AND cause IS NOT NULL \
                   ORDER BY cause";
        let asleep = to_word(&TwinStateName::Asleep);
        self.many(sql, (connection.as_str(), asleep), |row| Ok(row.get(0)?))
    }
}

const COUNTS: &str =
    "SELECT connection, state, cause, min(sentence), count(*), min(state_since) FROM twins";

fn read_count(row: &Row<'_>) -> Result<TwinCount, StoreError> {
    Ok(TwinCount {
        connection: ConnectionName::new(row.get::<_, String>(0)?),
        state: from_word("twins.state", row.get(1)?)?,
        cause: row.get(2)?,
        sentence: row.get(3)?,
        twins: count(row, 4)?,
        since: time(row, 5)?,
    })
}

impl HostTx<'_> {
    /// Stores a twin whole.
    pub fn put_twin(&self, twin: &Twin) -> Result<(), StoreError> {
        let (state, cause, sentence) = twin.state.columns();
        self.upsert(
            &TWINS,
            &[
                &twin.link.as_str(),
                &twin.connection.as_str(),
                &twin.root.as_str(),
                &twin.nodes.left.as_str(),
                &twin.ids.left,
                &twin.nodes.right.as_str(),
                &twin.ids.right,
                &twin.created_from.as_ref().map(to_word),
                &twin.incarnation,
                &to_word(&state),
                &cause,
                &sentence,
                &twin.state_since.as_millis(),
                &twin.negatives.left.map(Timestamp::as_millis),
                &twin.negatives.right.map(Timestamp::as_millis),
                &to_json(&twin.held),
                &twin.since.as_millis(),
                &twin.reconciled.map(Timestamp::as_millis),
                &to_json(&twin.comments_waived),
            ],
        )
    }
}
