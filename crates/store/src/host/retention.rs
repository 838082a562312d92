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
    /// How many rows of each kind one step removes, and how many it looks at whether they must be kept.
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

/// How far a round has looked at what is past its time and yet may have to be kept. A round begins with the default.
///
/// Without it every step would begin with all that the steps before found to be kept, and that is most of a large file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PruneCursor {
    observations: Place,
    items: Place,
    /// Among ended twins, for the links of their clusters.
    ended: Place,
}

/// A row by its age: everything up to it has been looked at. None has a time or a number before the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    at: i64,
    row: i64,
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
    /// Items that backfills which have ended had listed.
    pub listed: usize,
    /// Directory entries of items that are in no twin.
    pub items: usize,
    /// Links of comments and attachments of clusters that have ended.
    pub links: usize,
    /// Where the next step of this round begins; `None`: nothing more is past its time.
    pub next: Option<PruneCursor>,
}

impl HostTx<'_> {
    /// Removes one piece of what is past its time, and looks at no more than a piece of what is to be kept: call again
    /// from [`HostPruned::next`] while there is one.
    pub fn prune(
        &self,
        keep: &HostKeep,
        now: Timestamp,
        from: &PruneCursor,
    ) -> Result<HostPruned, StoreError> {
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
        let mut next = *from;
        let (observations, unseen_more) = self.prune_observations(unseen, max, &mut next)?;
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
        let listed = self.drop_listed(max)?;
        let (items, items_more) = self.prune_items(old, max, &mut next)?;
        let (links, ended_more) = self.prune_links(old, max, &mut next)?;
        let full = |removed: usize| removed >= max as usize;
        let more = unseen_more || items_more || ended_more;
        let more = more
            || [history, effects, audit, jobs, listed]
                .into_iter()
                .any(full);
        Ok(HostPruned {
            history,
            observations,
            effects,
            audit,
            jobs,
            listed,
            items,
            links,
            next: more.then_some(next),
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

    /// Those that no base refers to; and whether there are more to look at.
    fn prune_observations(
        &self,
        before: i64,
        max: u32,
        cursor: &mut PruneCursor,
    ) -> Result<(usize, bool), StoreError> {
        let from = cursor.observations;
        let rows = "observations o INDEXED BY observations_by_age WHERE true";
        let (to, more) = self.piece(rows, "seen_at", from, before, max)?;
        cursor.observations = to;
        let gone = self.delete(
            replica::OBSERVATIONS,
            "rowid IN (SELECT rowid FROM observations o INDEXED BY observations_by_age \
             WHERE (seen_at, rowid) > (?1, ?2) AND (seen_at, rowid) <= (?3, ?4) \
             AND NOT EXISTS (SELECT 1 FROM bases b WHERE b.observation = o.digest))",
            (from.at, from.row, to.at, to.row),
        )?;
        Ok((gone, more))
    }

    /// Those of the directory that are in no twin; and whether there are more to look at.
    fn prune_items(
        &self,
        before: i64,
        max: u32,
        cursor: &mut PruneCursor,
    ) -> Result<(usize, bool), StoreError> {
        let from = cursor.items;
        let rows = "items i INDEXED BY items_untwinned WHERE root IS NULL";
        let (to, more) = self.piece(rows, "seen_at", from, before, max)?;
        cursor.items = to;
        let gone = self.delete(
            replica::ITEMS,
            "rowid IN (SELECT i.rowid FROM items i INDEXED BY items_untwinned WHERE root IS NULL \
             AND (seen_at, rowid) > (?1, ?2) AND (seen_at, rowid) <= (?3, ?4) \
             AND NOT EXISTS (SELECT 1 FROM twins t WHERE t.left_node = i.node AND t.left_id = i.id) \
             AND NOT EXISTS (SELECT 1 FROM twins t WHERE t.right_node = i.node AND t.right_id = i.id))",
            (from.at, from.row, to.at, to.row),
        )?;
        Ok((gone, more))
    }

    /// Those of clusters whose last twin ended before `before`; and whether there are more to look at.
    fn prune_links(
        &self,
        before: i64,
        max: u32,
        cursor: &mut PruneCursor,
    ) -> Result<(usize, bool), StoreError> {
        let from = cursor.ended;
        let rows = "twins INDEXED BY twins_ended WHERE state = 'unlinked'";
        let (to, more) = self.piece(rows, "state_since", from, before, max)?;
        let mut gone = 0;
        for table in [replica::COMMENT_LINKS, replica::ATTACHMENT_LINKS] {
            let room = max.saturating_sub(u32::try_from(gone).unwrap_or(u32::MAX));
            let of_ended = format!(
                "rowid IN (SELECT c.rowid FROM {} c WHERE c.root IN \
                 (SELECT t.root FROM twins t INDEXED BY twins_ended WHERE t.state = 'unlinked' \
                 AND (t.state_since, t.rowid) > (?1, ?2) AND (t.state_since, t.rowid) <= (?3, ?4) AND NOT EXISTS \
                 (SELECT 1 FROM twins u WHERE u.root = t.root AND (u.state <> 'unlinked' OR u.state_since >= ?5))) \
                 LIMIT ?6)",
                table.name()
            );
            gone += self.delete(
                table,
                &of_ended,
                (from.at, from.row, to.at, to.row, before, room),
            )?;
        }
        // These twins may have more links than one step removes.
        if gone >= max as usize {
            return Ok((gone, true));
        }
        cursor.ended = to;
        Ok((gone, more))
    }

    /// Where the piece ends that begins after `from`: `max` rows on, or with the last one before `before`; and whether rows
    /// may follow.
    fn piece(
        &self,
        rows: &str,
        at: &str,
        from: Place,
        before: i64,
        max: u32,
    ) -> Result<(Place, bool), StoreError> {
        let sql = format!(
            "SELECT {at}, rowid FROM {rows} AND ({at}, rowid) > (?1, ?2) AND {at} < ?3 \
             ORDER BY {at}, rowid LIMIT 1 OFFSET ?4 - 1"
        );
        let end = self.one(&sql, (from.at, from.row, before, max.max(1)), |row| {
            Ok(Place {
                at: row.get(0)?,
                row: row.get(1)?,
            })
        })?;
        let all = Place {
            at: before.max(from.at),
            row: if before > from.at { 0 } else { from.row },
        };
        Ok(end.map_or((all, false), |end| (end, true)))
    }

    /// What the file's pages in use weigh, in bytes.
    fn weight(&self) -> Result<u64, StoreError> {
        let sql = "SELECT (p.page_count - f.freelist_count) * s.page_size \
                   FROM pragma_page_count p, pragma_freelist_count f, pragma_page_size s";
        let weight = self.one(sql, [], |row| crate::row::count(row, 0).map_err(Into::into))?;
        Ok(weight.unwrap_or(0))
    }
}
