//! Publishing rules: a version is built and weighed before it is put in force.

use super::{OpError, audit, each_twin};
use crate::confirmed::{self, grant};
use crate::host::{Connection, Host};
use twinline_core::names::{ConnectionName, Side};
use twinline_store::host::{Publish, RuleVersion, TwinFilter};

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
        let items = self.weigh(&draft, confirmed).await?;
        let entry = audit(
            &self.inner,
            &publish.by,
            "publish",
            publish.connection.as_str(),
        );
        let before = self.active(&publish.connection).await?;
        let version = self
            .inner
            .store
            .write(move |tx| {
                tx.append_audit(&entry)?;
                tx.publish(&publish)
            })
            .await?;
        let unchanged = before.is_some_and(|before| before.version == version.version);
        self.put_to_work(&version, if unchanged { 0 } else { items }, !unchanged)
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
        let items = self.weigh(&old, confirmed).await?;
        let entry = audit(&self.inner, who, "rollback", connection.as_str());
        let (name, by, at) = (connection.clone(), who.to_owned(), self.inner.env.now());
        let version = self
            .inner
            .store
            .write(move |tx| {
                tx.append_audit(&entry)?;
                tx.rollback(&name, to, at, &by)
            })
            .await?;
        self.put_to_work(&version, items, true).await
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
    async fn weigh(&self, draft: &RuleVersion, confirmed: bool) -> Result<u64, OpError> {
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
        Ok(items)
    }

    /// How many items a side's trigger lists.
    async fn candidates(&self, connection: &Connection, side: Side) -> Result<u64, OpError> {
        if connection.contract().triggers.get(side).is_none() {
            return Ok(0);
        }
        let name = connection.node(side);
        if self.inner.node(name).is_none() {
            return Err(OpError::Unknown(format!("node '{name}'")));
        }
        Ok(self.listed(connection, side).await?.unwrap_or_default())
    }

    async fn put_to_work(
        &self,
        version: &RuleVersion,
        items: u64,
        changed: bool,
    ) -> Result<Published, OpError> {
        self.take_rules(version).map_err(OpError::Refused)?;
        let published = Published {
            connection: version.connection.clone(),
            version: version.version,
            items,
        };
        if !changed {
            return Ok(published);
        }
        let name = version.connection.clone();
        self.inner
            .store
            .write(move |tx| grant(tx, &name, items))
            .await?;
        let filter = TwinFilter {
            connection: Some(version.connection.clone()),
            ..TwinFilter::default()
        };
        let now = self.inner.env.now();
        // A new version may have mended what the old one broke.
        let cause = confirmed::publish(&version.connection);
        each_twin(&self.inner, filter, cause, move |twin| {
            Some(crate::job::mended_by_rules(twin, now))
        })
        .await?;
        let connection = self.inner.connection(&version.connection);
        let triggers = connection
            .map(|connection| connection.contract().triggers.clone())
            .unwrap_or_default();
        for side in Side::BOTH
            .into_iter()
            .filter(|side| triggers.get(*side).is_some())
        {
            let by = &version.published_by;
            self.begin_backfill(&version.connection, side, None, None, by)
                .await?;
        }
        Ok(published)
    }
}
