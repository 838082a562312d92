//! What may be forgotten, a bounded piece at a time.
//!
//! Never: observations that a base refers to, effects that are not settled, twins, links, dirty rows, cursors.

use super::{HostTx, replica};
use crate::StoreError;
use std::time::Duration;
use twinline_core::time::Timestamp;

/// How long and how much to keep.
#[derive(Clone, Copy, Debug)]
pub struct HostKeep {
    /// History, settled effects, finished jobs and the directory's entries of items that are in no twin.
    pub history: Duration,
    /// Observations that no base refers to.
    pub observations: Duration,
    /// The audit trail.
    pub audit: Duration,
    /// History entries beyond so many go, oldest first, whatever their age.
    pub history_max_rows: u64,
    /// How many rows of each kind one step removes.
    pub step_max_rows: u32,
}

impl Default for HostKeep {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 3600);
        Self {
            history: 90 * DAY,
            observations: 14 * DAY,
            audit: 730 * DAY,
            history_max_rows: 20_000_000,
            step_max_rows: 500,
        }
    }
}

/// What one step removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostPruned {
    /// History entries.
    pub history: usize,
    /// Observations.
    pub observations: usize,
    /// Settled effects.
    pub effects: usize,
    /// Audit entries.
    pub audit: usize,
    /// Finished jobs.
    pub jobs: usize,
    /// Directory entries of items that are in no twin.
    pub items: usize,
    /// Whether another step would remove more.
    pub more: bool,
}

impl HostTx<'_> {
    /// Removes one piece of what is past its time: call again while [`HostPruned::more`].
    pub fn prune(&self, keep: &HostKeep, now: Timestamp) -> Result<HostPruned, StoreError> {
        const SLICES: Duration = Duration::from_secs(24 * 3600);
        let max = keep.step_max_rows;
        self.drop_write_slices(now.minus(SLICES))?;
        let past = now.minus(keep.history).as_millis();
        let history = self.delete(
            replica::HISTORY,
            "seq IN (SELECT seq FROM history WHERE at < ?1 ORDER BY at LIMIT ?2)",
            (past, max),
        )? + self.delete(
            replica::HISTORY,
            "seq <= (SELECT max(seq) FROM history) - ?1 \
             AND seq IN (SELECT seq FROM history ORDER BY seq LIMIT ?2)",
            (crate::row::to_count(keep.history_max_rows), max),
        )?;
        let observations = self.delete(
            replica::OBSERVATIONS,
            "digest IN (SELECT digest FROM observations o WHERE seen_at < ?1 \
             AND NOT EXISTS (SELECT 1 FROM bases b WHERE b.observation = o.digest) ORDER BY seen_at LIMIT ?2)",
            (now.minus(keep.observations).as_millis(), max),
        )?;
        let effects = self.delete(
            replica::EFFECTS,
            "id IN (SELECT id FROM effects WHERE settled = 1 AND intended_at < ?1 \
             ORDER BY intended_at LIMIT ?2)",
            (past, max),
        )?;
        let audit = self.delete(
            replica::AUDIT,
            "seq IN (SELECT seq FROM audit WHERE at < ?1 ORDER BY at LIMIT ?2)",
            (now.minus(keep.audit).as_millis(), max),
        )?;
        let jobs = self.delete(
            replica::JOBS,
            "id IN (SELECT id FROM jobs WHERE state IN ('finished', 'failed', 'cancelled') \
             AND updated_at < ?1 LIMIT ?2)",
            (past, max),
        )?;
        let items = self.delete(
            replica::ITEMS,
            "rowid IN (SELECT i.rowid FROM items i WHERE root IS NULL AND seen_at < ?1 \
             AND NOT EXISTS (SELECT 1 FROM twins t WHERE t.left_node = i.node AND t.left_id = i.id) \
             AND NOT EXISTS (SELECT 1 FROM twins t WHERE t.right_node = i.node AND t.right_id = i.id) \
             ORDER BY seen_at LIMIT ?2)",
            (past, max),
        )?;
        let full = max as usize;
        let more = [history, observations, effects, audit, jobs, items]
            .iter()
            .any(|removed| *removed >= full);
        Ok(HostPruned {
            history,
            observations,
            effects,
            audit,
            jobs,
            items,
            more,
        })
    }
}
