//! Published rules: numbered per connection, never changed afterwards.

use super::{HostRead, HostTx};
use crate::StoreError;
use crate::row::{from_json, time, to_json};
use rusqlite::Row;
use std::collections::BTreeMap;
use twinline_core::digest::Digest;
use twinline_core::names::ConnectionName;
use twinline_core::time::Timestamp;

/// One published version of a connection's rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleVersion {
    /// The connection.
    pub connection: ConnectionName,
    /// Counted from 1 per connection.
    pub version: u32,
    /// The digest of the sources.
    pub digest: Digest,
    /// All files that it consists of, by name: the map, its scripts and tables.
    pub sources: BTreeMap<String, String>,
    /// When it was published.
    pub published_at: Timestamp,
    /// Who published it.
    pub published_by: String,
    /// For a rollback: the version whose sources these are.
    pub rollback_of: Option<u32>,
    /// Whether it is the one in force.
    pub active: bool,
}

/// What to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// The connection.
    pub connection: ConnectionName,
    /// The digest of the sources.
    pub digest: Digest,
    /// All files, by name.
    pub sources: BTreeMap<String, String>,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
}

const SELECT: &str = "SELECT connection, version, digest, sources, published_at, published_by, rollback_of, active \
                      FROM rule_versions";

fn read(row: &Row<'_>) -> Result<RuleVersion, StoreError> {
    Ok(RuleVersion {
        connection: ConnectionName::new(row.get::<_, String>(0)?),
        version: row.get(1)?,
        digest: Digest::from_stored(row.get::<_, String>(2)?),
        sources: from_json(
            "rule_versions.sources",
            row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?,
        )?,
        published_at: time(row, 4)?,
        published_by: row.get(5)?,
        rollback_of: row.get(6)?,
        active: row.get(7)?,
    })
}

impl HostRead<'_> {
    /// The versions in force, one per connection, ordered by connection.
    pub fn active_rules(&self) -> Result<Vec<RuleVersion>, StoreError> {
        self.many(
            &format!("{SELECT} WHERE active = 1 ORDER BY connection"),
            [],
            read,
        )
    }

    /// The version in force of one connection.
    pub fn active_rule(
        &self,
        connection: &ConnectionName,
    ) -> Result<Option<RuleVersion>, StoreError> {
        self.one(
            &format!("{SELECT} WHERE connection = ?1 AND active = 1"),
            [connection.as_str()],
            read,
        )
    }

    /// The number of the version in force of one connection; its sources are not read.
    pub fn active_rule_version(
        &self,
        connection: &ConnectionName,
    ) -> Result<Option<u32>, StoreError> {
        let sql = "SELECT version FROM rule_versions WHERE connection = ?1 AND active = 1";
        self.one(sql, [connection.as_str()], |row| Ok(row.get(0)?))
    }

    /// One version.
    pub fn rule_version(
        &self,
        connection: &ConnectionName,
        version: u32,
    ) -> Result<Option<RuleVersion>, StoreError> {
        let sql = format!("{SELECT} WHERE connection = ?1 AND version = ?2");
        self.one(&sql, (connection.as_str(), version), read)
    }

    /// All versions of a connection, newest first.
    pub fn rule_versions(
        &self,
        connection: &ConnectionName,
    ) -> Result<Vec<RuleVersion>, StoreError> {
        self.many(
            &format!("{SELECT} WHERE connection = ?1 ORDER BY version DESC"),
            [connection.as_str()],
            read,
        )
    }
}

impl HostTx<'_> {
    /// Publishes sources as the connection's next version and puts it in force. Sources equal to those in force
    /// publish nothing: the answer is the version in force.
    pub fn publish(&self, publish: &Publish) -> Result<RuleVersion, StoreError> {
        if let Some(active) = self.active_rule(&publish.connection)?
            && active.digest == publish.digest
        {
            return Ok(active);
        }
        self.publish_as(publish, None)
    }

    /// Publishes an old version's sources as the connection's next version.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such version.
    pub fn rollback(
        &self,
        connection: &ConnectionName,
        to: u32,
        at: Timestamp,
        by: &str,
    ) -> Result<RuleVersion, StoreError> {
        let old = self.rule_version(connection, to)?.ok_or_else(|| {
            StoreError::Missing(format!("version {to} of connection {connection}"))
        })?;
        let publish = Publish {
            connection: old.connection,
            digest: old.digest,
            sources: old.sources,
            at,
            by: by.to_owned(),
        };
        self.publish_as(&publish, Some(to))
    }

    /// Puts no version in force: the connection was removed. Its versions and twins stay.
    pub fn retire_rules(&self, connection: &ConnectionName) -> Result<(), StoreError> {
        self.stamped(
            "UPDATE rule_versions SET grp = ?1, epoch = ?2, rev = ?3, active = 0 WHERE connection = ?4 AND active = 1",
            &[&connection.as_str()],
        )
        .map(drop)
    }

    fn publish_as(
        &self,
        publish: &Publish,
        rollback_of: Option<u32>,
    ) -> Result<RuleVersion, StoreError> {
        self.retire_rules(&publish.connection)?;
        let sql = "SELECT coalesce(max(version), 0) + 1 FROM rule_versions WHERE connection = ?1";
        let version: u32 = self
            .one(sql, [publish.connection.as_str()], |row| Ok(row.get(0)?))?
            .expect("an aggregate has one row");
        self.stamped(
            "INSERT INTO rule_versions (grp, epoch, rev, connection, version, digest, sources, published_at, \
             published_by, rollback_of, active) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1)",
            &[
                &publish.connection.as_str(),
                &version,
                &publish.digest.as_str(),
                &to_json(&publish.sources),
                &publish.at.as_millis(),
                &publish.by,
                &rollback_of,
            ],
        )?;
        Ok(RuleVersion {
            connection: publish.connection.clone(),
            version,
            digest: publish.digest.clone(),
            sources: publish.sources.clone(),
            published_at: publish.at,
            published_by: publish.by.clone(),
            rollback_of,
            active: true,
        })
    }
}
