//! What the database holds, and what one operation makes of it: the statements of `central/replica/apply.rs`, in memory.

use std::collections::BTreeMap;
use twinline_core::mutant::{self, Mutant};
use twinline_core::time::Timestamp;
use twinline_store::central::{Change, GroupRow, RowKey};
use twinline_store::{Epoch, GroupId};

/// How many tombstones one operation forgets.
const FORGET_MAX_ROWS: usize = 2000;

/// One state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::sim::fleet) struct State {
    /// Whether what the fleet has published is there.
    pub(super) is_published: bool,
    pub(super) groups: BTreeMap<GroupId, Group>,
    pub(super) rows: BTreeMap<GroupId, BTreeMap<RowKey, Row>>,
}

/// A group's row, with what its author said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) row: GroupRow,
    pub(super) state_at: Timestamp,
    /// The same instant by the server's clock.
    pub(super) measured_at: Timestamp,
    pub(super) format: i64,
}

/// A row of the replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) epoch: Epoch,
    pub(super) rev: i64,
    pub(super) copy: i64,
    pub(super) payload: Option<String>,
}

/// One operation of a transaction.
#[derive(Clone, Debug)]
pub(super) enum Op {
    PutGroup(Group),
    Claim {
        epoch: Epoch,
        writer: String,
    },
    PutRows {
        epoch: Epoch,
        copy: i64,
        rows: Vec<Change>,
    },
    Sweep {
        copy: i64,
    },
    Forget {
        epoch: Epoch,
        before_rev: i64,
    },
}

impl State {
    pub(super) fn apply(&mut self, group: &GroupId, op: &Op) {
        match op {
            Op::PutGroup(new) => {
                let known = self.groups.get(group);
                if known.is_none_or(|known| known.row.epoch <= new.row.epoch) {
                    self.groups.insert(group.clone(), new.clone());
                }
            }
            Op::Claim { epoch, writer } => {
                if let Some(known) = self.groups.get_mut(group) {
                    known.row.epoch = *epoch;
                    known.row.writer.clone_from(writer);
                }
            }
            Op::PutRows { epoch, copy, rows } => {
                let all = self.rows.entry(group.clone()).or_default();
                for row in rows {
                    put(all, *epoch, *copy, row);
                }
            }
            Op::Sweep { copy } => {
                if let Some(all) = self.rows.get_mut(group) {
                    all.retain(|_, row| row.copy >= *copy);
                }
            }
            Op::Forget { epoch, before_rev } => {
                if let Some(all) = self.rows.get_mut(group) {
                    let old = all.iter().filter(|(_, row)| {
                        row.payload.is_none() && (row.epoch, row.rev) < (*epoch, *before_rev)
                    });
                    let old: Vec<RowKey> = old
                        .map(|(key, _)| key.clone())
                        .take(FORGET_MAX_ROWS)
                        .collect();
                    all.retain(|key, _| !old.contains(key));
                }
            }
        }
    }

    /// The ownership that an operation begins, with when the replica was its newest that it begins with.
    pub(super) fn taken_over(&self, group: &GroupId, op: &Op) -> Option<(Epoch, Timestamp)> {
        match (op, self.groups.get(group)) {
            (Op::Claim { epoch, .. }, Some(known)) => Some((*epoch, known.state_at)),
            (Op::PutGroup(new), None) => Some((new.row.epoch, Timestamp::EPOCH)),
            _ => None,
        }
    }

    /// The living rows of a group: what a takeover would find.
    pub(in crate::sim::fleet) fn living(&self, group: &GroupId) -> BTreeMap<RowKey, String> {
        let rows = self.rows.get(group).into_iter().flatten();
        rows.filter_map(|(key, row)| Some((key.clone(), row.payload.clone()?)))
            .collect()
    }
}

fn put(all: &mut BTreeMap<RowKey, Row>, epoch: Epoch, copy: i64, new: &Change) {
    let key = (new.table.clone(), new.key.clone());
    let stands = all.get(&key).is_some_and(|known| {
        if mutant::is(Mutant::RevWithoutEpoch) {
            (known.rev, known.copy) >= (new.rev, copy)
        } else {
            (known.epoch, known.rev, known.copy) >= (epoch, new.rev, copy)
        }
    });
    if !stands {
        let row = Row {
            epoch,
            rev: new.rev,
            copy,
            payload: new.payload.clone(),
        };
        all.insert(key, row);
    }
}
