//! One transaction.

use super::client::{COMMIT, Client, STATEMENT};
use super::state::{Group, Op, State};
use super::{Fate, ORPHANED_AFTER};
use crate::sim::fleet::time::millis;
use async_trait::async_trait;
use rand::Rng as _;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use twinline_core::handles::Clock as _;
use twinline_store::central::{
    Author, CentralError, Change, GroupRow, ReplicaRow, ReplicaTx, RowKey, ShippedState, Step,
};
use twinline_store::{Epoch, GroupId};

/// How many rows are read at once.
const PAGE_MAX_ROWS: usize = 500;
/// How often a lock is tried for.
const LOCK_TRIED_EVERY: Duration = Duration::from_millis(10);

/// See the module.
pub(super) struct Tx {
    client: Client,
    number: u64,
    timeline: u64,
    /// Its connection has stayed with the former writer.
    is_with_former: bool,
    writes: bool,
    /// What a transaction that reads sees.
    snapshot: Arc<State>,
    /// What it does, all of it to one group.
    ops: Vec<Op>,
    group: Option<GroupId>,
    failed: bool,
    /// Nothing is left to give back.
    is_over: bool,
}

impl Tx {
    pub(super) fn begin(client: Client, writes: bool) -> Self {
        let mut inner = client.database.lock();
        // Before it writes, the former writer may be gone: then its successor is connected to.
        if writes && inner.with_former.contains(&client.host) && inner.random.random_bool(0.5) {
            inner.with_former.remove(&client.host);
        }
        let is_with_former = inner.with_former.contains(&client.host);
        let snapshot = if is_with_former {
            Arc::clone(&inner.former)
        } else {
            Arc::clone(&inner.state)
        };
        let (number, timeline) = (inner.begin(), inner.timeline);
        drop(inner);
        Self {
            client,
            number,
            timeline,
            is_with_former,
            writes,
            snapshot,
            ops: Vec::new(),
            group: None,
            failed: false,
            is_over: false,
        }
    }

    async fn step(&mut self) -> Result<(), CentralError> {
        if self.failed {
            return Err(CentralError::Lost("an earlier statement failed".to_owned()));
        }
        let outcome = self.client.step(Step::Statement).await;
        let outcome = outcome.and_then(|()| self.is_connected());
        self.failed |= outcome.is_err();
        outcome
    }

    fn is_connected(&self) -> Result<(), CentralError> {
        let inner = self.client.database.lock();
        if inner.timeline == self.timeline {
            Ok(())
        } else {
            Err(CentralError::Lost("a failover ended it".to_owned()))
        }
    }

    /// A former writer refuses what writes, and so is recognised.
    fn may_write(&mut self) -> Result<(), CentralError> {
        if !self.writes || self.is_with_former {
            self.failed = true;
            let mut inner = self.client.database.lock();
            inner.with_former.remove(&self.client.host);
            return Err(CentralError::NoWriter("read-only transaction".to_owned()));
        }
        Ok(())
    }

    async fn lock(&mut self, group: &GroupId) -> Result<(), CentralError> {
        self.may_write()?;
        let begun = Instant::now();
        loop {
            self.is_connected()?;
            let database = &self.client.database;
            let now = database.time.millis();
            let taken = database.lock().take_lock(group, self.number, now);
            if taken {
                return Ok(());
            }
            if begun.elapsed() >= STATEMENT {
                self.failed = true;
                return Err(CentralError::Deadline {
                    step: Step::Statement,
                    max_ms: 2000,
                });
            }
            sleep(LOCK_TRIED_EVERY).await;
        }
    }

    async fn write(&mut self, group: &GroupId, op: Op) -> Result<(), CentralError> {
        self.step().await?;
        self.may_write()?;
        self.group = Some(group.clone());
        self.ops.push(op);
        Ok(())
    }

    /// What it sees: one state of when it began, or, where it writes, what is committed by now and its own operations.
    fn seen(&self) -> Arc<State> {
        if !self.writes || self.is_with_former {
            return Arc::clone(&self.snapshot);
        }
        let mut state = Arc::clone(&self.client.database.lock().state);
        if let Some(group) = &self.group {
            for op in &self.ops {
                Arc::make_mut(&mut state).apply(group, op);
            }
        }
        state
    }

    fn fate(&mut self) -> Fate {
        let reaches = self.client.reaches();
        let mut inner = self.client.database.lock();
        if inner.timeline != self.timeline {
            return Fate::Gone;
        }
        self.is_over = true;
        let ops = std::mem::take(&mut self.ops);
        let Some(group) = &self.group else {
            inner.release(self.number);
            return Fate::Kept;
        };
        if reaches {
            let counts = !ops.is_empty();
            let fate = inner.commit(self.number, group, ops);
            if counts && fate == Fate::Kept {
                self.client.links.committed(&self.client.host);
            }
            return fate;
        }
        // It has arrived, or not; the answer has not.
        self.is_over = inner.random.random_bool(0.5);
        if self.is_over {
            inner.keep(group, &ops);
            inner.release(self.number);
        }
        Fate::Unanswered
    }

    /// Waits for a commit that hangs, as long as is waited for commits.
    async fn wait(&self) -> Result<(), CentralError> {
        let begun = Instant::now();
        while begun.elapsed() < COMMIT {
            sleep(LOCK_TRIED_EVERY).await;
            match self.client.database.lock().ended.get(&self.number) {
                Some(true) => return Ok(()),
                Some(false) => return Err(unknown("the connection broke")),
                None => {}
            }
        }
        Err(unknown("no answer in time"))
    }
}

fn unknown(why: &str) -> CentralError {
    CentralError::Unknown(why.to_owned())
}

#[async_trait]
impl ReplicaTx for Tx {
    async fn lock_group(&mut self, group: &GroupId) -> Result<Option<GroupRow>, CentralError> {
        self.step().await?;
        if self.seen().groups.contains_key(group) || self.is_with_former {
            self.lock(group).await?;
        }
        let seen = self.seen();
        Ok(seen.groups.get(group).map(|group| group.row.clone()))
    }

    async fn group(&mut self, group: &GroupId) -> Result<Option<GroupRow>, CentralError> {
        self.step().await?;
        let seen = self.seen();
        Ok(seen.groups.get(group).map(|group| group.row.clone()))
    }

    async fn state(&mut self, group: &GroupId) -> Result<Option<ShippedState>, CentralError> {
        self.step().await?;
        let seen = self.seen();
        let now = self.client.database.time.now();
        let group = seen.groups.get(group);
        Ok(group.map(|group| ShippedState {
            state_at: group.state_at,
            age: Some(now.since(group.measured_at)),
            format: group.format,
        }))
    }

    async fn has_definitions(&mut self) -> Result<bool, CentralError> {
        self.step().await?;
        Ok(self.seen().is_published)
    }

    async fn put_group(
        &mut self,
        group: &GroupId,
        known: &GroupRow,
        author: &Author<'_>,
    ) -> Result<(), CentralError> {
        self.lock(group).await?;
        let row = Group {
            row: known.clone(),
            state_at: author.state_at,
            measured_at: self.client.database.time.now().minus(author.age),
            format: author.format,
        };
        self.write(group, Op::PutGroup(row)).await
    }

    async fn claim(
        &mut self,
        group: &GroupId,
        epoch: Epoch,
        writer: &str,
    ) -> Result<(), CentralError> {
        let writer = writer.to_owned();
        self.write(group, Op::Claim { epoch, writer }).await
    }

    async fn put_rows(
        &mut self,
        group: &GroupId,
        epoch: Epoch,
        copy: i64,
        rows: &[Change],
    ) -> Result<(), CentralError> {
        if rows.is_empty() {
            return Ok(());
        }
        let rows = rows.to_vec();
        self.write(group, Op::PutRows { epoch, copy, rows }).await
    }

    async fn sweep(&mut self, group: &GroupId, copy: i64) -> Result<(), CentralError> {
        self.write(group, Op::Sweep { copy }).await
    }

    async fn forget_tombstones(
        &mut self,
        group: &GroupId,
        epoch: Epoch,
        before_rev: i64,
    ) -> Result<(), CentralError> {
        self.write(group, Op::Forget { epoch, before_rev }).await
    }

    async fn page(
        &mut self,
        group: &GroupId,
        after: &RowKey,
    ) -> Result<(Vec<ReplicaRow>, Option<RowKey>), CentralError> {
        self.step().await?;
        let seen = self.seen();
        let Some(rows) = seen.rows.get(group) else {
            return Ok((Vec::new(), None));
        };
        let after = (Bound::Excluded(after.clone()), Bound::Unbounded);
        let mut last = None;
        let mut living = Vec::new();
        for (key, row) in rows.range(after).take(PAGE_MAX_ROWS) {
            last = Some(key.clone());
            living.extend(row.payload.clone().map(|payload| ReplicaRow {
                table: key.0.clone(),
                epoch: row.epoch,
                rev: row.rev,
                payload,
            }));
        }
        Ok((living, last))
    }

    async fn commit(mut self: Box<Self>) -> Result<(), CentralError> {
        if self.failed {
            return Err(CentralError::Lost("an earlier statement failed".to_owned()));
        }
        self.client.way().await;
        match self.fate() {
            Fate::Kept => {
                self.client.way().await;
                Ok(())
            }
            Fate::Hangs => self.wait().await,
            Fate::Gone => Err(unknown("the connection broke")),
            Fate::Unanswered => {
                sleep(COMMIT).await;
                Err(unknown("no answer in time"))
            }
        }
    }

    async fn rollback(self: Box<Self>) -> Result<(), CentralError> {
        self.client.way().await;
        Ok(())
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let reaches = self.client.reaches();
        let now = self.client.database.time.millis();
        let mut inner = self.client.database.lock();
        if inner.timeline != self.timeline {
            // The failover has released everything.
        } else if reaches {
            inner.release(self.number);
        } else {
            inner
                .orphans
                .insert(self.number, now + millis(ORPHANED_AFTER));
        }
    }
}
