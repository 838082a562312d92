//! Publishing rules: a version is built and weighed before it is put in force.
//!
//! One step of the store puts it in force, with the budget for what was confirmed and the long jobs that look at all
//! that it touches. Whatever ends after that step, the caller or the process, those jobs go on.

use super::jobs::backfill;
use super::{OpError, audit};
use crate::confirmed::grant;
use crate::host::{Connection, Host};
use crate::relook;
use twinline_core::names::{ConnectionName, Side};
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::host::{AuditEntry, HostTx, Job, Publish, RuleVersion};

/// What a publish has done.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Published {
    /// The connection.
    pub connection: ConnectionName,
    /// The version in force now.
    pub version: u32,
    /// The items that it touches: known twins, and candidates that its triggers list, where the trackers tell.
    pub items: u64,
}

impl Host {
    /// Publishes sources as the connection's next version and puts it to work: known twins are looked at again, and the
    /// triggers are enumerated, both in the backfill lane.
    ///
    /// # Errors
    /// The sources cannot be built; more items are touched than the settings allow without `confirmed`; a tracker or the
    /// store failed.
    pub async fn publish(&self, publish: Publish, confirmed: bool) -> Result<Published, OpError> {
        let draft = RuleVersion {
            connection: publish.connection.clone(),
            version: u32::MAX,
            digest: publish.digest.clone(),
            sources: publish.sources.clone(),
            published_at: publish.at,
            published_by: publish.by.clone(),
            rollback_of: None,
            active: false,
        };
        let weighed = self.weigh(&draft, confirmed).await?;
        let name = publish.connection.as_str();
        let entry = audit(&self.inner, &publish.by, "publish", name);
        self.put_in_force(weighed, entry, move |tx| tx.publish(&publish))
            .await
    }

    /// Publishes an old version's sources as the next version.
    ///
    /// # Errors
    /// As [`Host::publish`]; there is no such version.
    pub async fn rollback(
        &self,
        connection: &ConnectionName,
        to: u32,
        confirmed: bool,
        who: &str,
    ) -> Result<Published, OpError> {
        let name = connection.clone();
        let old = self
            .inner
            .store
            .read(move |read| read.rule_version(&name, to))
            .await?;
        let old = match old {
            Some(old) => old,
            None if self.active(connection).await?.is_none() => {
                return Err(OpError::Unknown(format!("connection '{connection}'")));
            }
            None => return Err(OpError::Unknown(format!("version {to} of '{connection}'"))),
        };
        let weighed = self.weigh(&old, confirmed).await?;
        let entry = audit(&self.inner, who, "rollback", connection.as_str());
        let (name, by, at) = (connection.clone(), who.to_owned(), entry.at);
        self.put_in_force(weighed, entry, move |tx| tx.rollback(&name, to, at, &by))
            .await
    }

    async fn active(&self, connection: &ConnectionName) -> Result<Option<RuleVersion>, OpError> {
        let name = connection.clone();
        Ok(self
            .inner
            .store
            .read(move |read| read.active_rule(&name))
            .await?)
    }

    /// How many items a version would touch; an error when that needs a confirmation.
    async fn weigh(&self, draft: &RuleVersion, confirmed: bool) -> Result<Weighed, OpError> {
        let compiled = self
            .inner
            .factory
            .compile(draft)
            .map_err(OpError::Refused)?;
        let draft_connection = Connection::new(compiled);
        if draft_connection.name != draft.connection {
            return Err(OpError::Refused(format!(
                "the rules are named '{}', not '{}'",
                draft_connection.name, draft.connection
            )));
        }
        for side in Side::BOTH {
            let node = draft_connection.node(side);
            if self.inner.node(node).is_none() {
                return Err(OpError::Unknown(format!("node '{node}'")));
            }
        }
        let name = draft.connection.clone();
        let counts = self
            .inner
            .store
            .read(move |read| read.twin_counts_of(&name))
            .await?;
        let mut items: u64 = counts
            .iter()
            .filter(|count| count.state != twinline_store::host::TwinStateName::Unlinked)
            .map(|count| count.twins)
            .sum();
        for side in Side::BOTH {
            items += self
                .candidates(&draft_connection, side)
                .await?
                .saturating_sub(items);
        }
        if items > self.inner.settings.publish_items_max && !confirmed {
            return Err(OpError::NeedsConfirmation { items });
        }
        Ok(Weighed {
            items,
            draft: draft_connection,
        })
    }

    /// How many items a side's trigger lists.
    async fn candidates(&self, connection: &Connection, side: Side) -> Result<u64, OpError> {
        if connection.contract().triggers.get(side).is_none() {
            return Ok(0);
        }
        Ok(self.listed(connection, side).await?.unwrap_or_default())
    }

    /// The enumerations of a draft's triggers.
    fn backfills(&self, draft: &Connection, now: Timestamp) -> Vec<Job> {
        let triggers = &draft.contract().triggers;
        let sides = Side::BOTH.into_iter();
        let sides = sides.filter(|side| triggers.get(*side).is_some());
        sides
            .map(|side| backfill(self.job_id("backfill"), &draft.name, side, None, now))
            .collect()
    }

    /// Puts a version in force that `put` stores, and begins what follows from it; sources that are in force already
    /// change nothing.
    async fn put_in_force(
        &self,
        weighed: Weighed,
        entry: AuditEntry,
        put: impl FnOnce(&HostTx<'_>) -> Result<RuleVersion, StoreError> + Send + 'static,
    ) -> Result<Published, OpError> {
        let Weighed { items, draft } = weighed;
        let name = draft.name.clone();
        let relook = relook::job(self.job_id("relook"), &name, entry.at);
        let mut jobs = self.backfills(&draft, entry.at);
        jobs.push(relook.clone());
        // The versions come into memory in the order in which they came into the store.
        let one_at_a_time = self.inner.publishing.lock().await;
        let step = self.inner.store.write(move |tx| {
            let before = tx.active_rule_version(&name)?;
            tx.append_audit(&entry)?;
            let version = put(tx)?;
            let changed = before != Some(version.version);
            if changed {
                grant(tx, &name, items)?;
                for job in &jobs {
                    tx.put_job(job)?;
                }
            }
            Ok((version, changed))
        });
        let (version, changed) = step.await?;
        self.take_rules(&version).map_err(OpError::Refused)?;
        drop(one_at_a_time);
        // Also what waits for a connection that stood still goes on.
        self.inner.jobs_changed.notify_one();
        if changed {
            relook::carry_out(&self.inner, relook.id).await?;
        }
        Ok(Published {
            connection: version.connection,
            version: version.version,
            items: if changed { items } else { 0 },
        })
    }
}

/// A version that may be put in force.
struct Weighed {
    /// The items that it touches.
    items: u64,
    draft: Connection,
}
