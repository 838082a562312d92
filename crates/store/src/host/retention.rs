//! What may be forgotten, a bounded piece at a time.
//!
//! By age; and while the file weighs more than its limit, the oldest history, settled effects and observations go before
//! their time, but none that is younger than [`HostKeep::least`]: what recognition, the hop count and the decision *latest*
//! look back upon is younger.
//!
//! Never:
//! - observations that a base refers to, effects that are not settled, dirty rows: work would be lost;
//! - twins, ended ones too. The link id of an item that is linked again counts how often it was linked before, and the
//!   copies of before still carry their markers: without the ended twin the next link would get the id of the first, and
//!   its copy would be taken for the new one. One that a person ended also says that its items do not enter by themselves.
//!   They are as many as items were ever linked, some hundred bytes each;
//! - cursors and ledger lines, those of removed nodes too: a few rows each, and a node that comes back goes on from there
//!   instead of losing what changed meanwhile.
//!
//! The comment links of a cluster are kept with its twins. Once all of them have ended nothing looks them up any more, for
//! a cluster that is made of the same items has another root: they go as long after the last end as history does.

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
    /// History entries beyond so many go, oldest first, whatever their age; audit entries too.
    pub history_max_rows: u64,
    /// While the file's pages in use weigh more, in bytes, history, settled effects and observations go before their time.
    pub file_max_bytes: u64,
    /// They do not, while they are younger than this.
    pub least: Duration,
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
            file_max_bytes: 20 << 30,
            least: 7 * DAY,
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
    /// Comment links of clusters that have ended.
    pub comment_links: usize,
    /// Whether another step would remove more.
    pub more: bool,
}

impl HostTx<'_> {
    /// Removes one piece of what is past its time: call again while [`HostPruned::more`].
    pub fn prune(&self, keep: &HostKeep, now: Timestamp) -> Result<HostPruned, StoreError> {
        const SLICES: Duration = Duration::from_secs(24 * 3600);
        let max = keep.step_max_rows;
        self.drop_write_slices(now.minus(SLICES))?;
        let old = now.minus(keep.history).as_millis();
        let (past, unseen) = self.cuts(keep, now)?;
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
            (unseen, max),
        )?;
        let effects = self.delete(
            replica::EFFECTS,
            "id IN (SELECT id FROM effects WHERE settled = 1 AND intended_at < ?1 \
             ORDER BY intended_at LIMIT ?2)",
            (past, max),
        )?;
        let audit = self.prune_audit(keep, now)?;
        let jobs = self.delete(
            replica::JOBS,
            "id IN (SELECT id FROM jobs WHERE state IN ('finished', 'failed', 'cancelled') \
             AND updated_at < ?1 LIMIT ?2)",
            (old, max),
        )?;
        let items = self.delete(
            replica::ITEMS,
            "rowid IN (SELECT i.rowid FROM items i WHERE root IS NULL AND seen_at < ?1 \
             AND NOT EXISTS (SELECT 1 FROM twins t WHERE t.left_node = i.node AND t.left_id = i.id) \
             AND NOT EXISTS (SELECT 1 FROM twins t WHERE t.right_node = i.node AND t.right_id = i.id) \
             ORDER BY seen_at LIMIT ?2)",
            (old, max),
        )?;
        let comment_links = self.prune_comment_links(old, max)?;
        let full = max as usize;
        let more = [
            history,
            observations,
            effects,
            audit,
            jobs,
            items,
            comment_links,
        ]
        .iter()
        .any(|removed| *removed >= full);
        Ok(HostPruned {
            history,
            observations,
            effects,
            audit,
            jobs,
            items,
            comment_links,
            more,
        })
    }

    /// Before which times history and effects go, and observations: earlier ones where the file weighs too much.
    fn cuts(&self, keep: &HostKeep, now: Timestamp) -> Result<(i64, i64), StoreError> {
        let [past, unseen, least] =
            [keep.history, keep.observations, keep.least].map(|age| now.minus(age).as_millis());
        if self.weight()? > keep.file_max_bytes {
            return Ok((past.max(least), unseen.max(least)));
        }
        Ok((past, unseen))
    }

    /// By age and by count.
    fn prune_audit(&self, keep: &HostKeep, now: Timestamp) -> Result<usize, StoreError> {
        let max = keep.step_max_rows;
        let old = self.delete(
            replica::AUDIT,
            "seq IN (SELECT seq FROM audit WHERE at < ?1 ORDER BY at LIMIT ?2)",
            (now.minus(keep.audit).as_millis(), max),
        )?;
        let many = self.delete(
            replica::AUDIT,
            "seq <= (SELECT max(seq) FROM audit) - ?1 \
             AND seq IN (SELECT seq FROM audit ORDER BY seq LIMIT ?2)",
            (crate::row::to_count(keep.history_max_rows), max),
        )?;
        Ok(old + many)
    }

    /// Those of clusters whose last twin ended before `old`.
    fn prune_comment_links(&self, old: i64, max: u32) -> Result<usize, StoreError> {
        self.delete(
            replica::COMMENT_LINKS,
            "rowid IN (SELECT c.rowid FROM twins t JOIN comment_links c ON c.root = t.root \
             WHERE t.state = 'unlinked' AND t.state_since < ?1 AND NOT EXISTS \
             (SELECT 1 FROM twins u WHERE u.root = t.root AND (u.state <> 'unlinked' OR u.state_since >= ?1)) LIMIT ?2)",
            (old, max),
        )
    }

    /// What the file's pages in use weigh, in bytes.
    fn weight(&self) -> Result<u64, StoreError> {
        let sql = "SELECT (p.page_count - f.freelist_count) * s.page_size \
                   FROM pragma_page_count p, pragma_freelist_count f, pragma_page_size s";
        let weight = self.one(sql, [], |row| crate::row::count(row, 0).map_err(Into::into))?;
        Ok(weight.unwrap_or(0))
    }
}
