//! What is the central database's own: which machines there are, and what they are to run.

use super::client::CentralClient;
use super::deeds::{self, Deed};
use super::error::CentralError;
use crate::stamp::{Epoch, GroupId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use twinline_core::digest::Digest;
use twinline_core::names::NodeName;
use twinline_core::time::Timestamp;

/// How many machines one list holds.
const MACHINES_MAX: i64 = 1000;
/// How many nodes one list holds.
const NODES_MAX: i64 = 20_000;

/// A machine of the fleet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Its name.
    pub name: String,
    /// Where its roles listen: `edge`, `host`, `watch` to `address:port`.
    pub addresses: BTreeMap<String, String>,
    /// The version of Twinline that it runs.
    pub version: String,
    /// When it last said so, by its clock.
    pub seen_at: Timestamp,
}

/// A published snapshot of definitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Counted from 1.
    pub version: i64,
    /// Of the content.
    pub digest: Digest,
    /// Configuration and rules, in the publisher's form.
    pub content: String,
    /// Who published it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Which workspace and group a node is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodePlace {
    /// The node.
    pub node: NodeName,
    /// Its workspace.
    pub workspace: String,
    /// Its group: what one host owns.
    pub group: GroupId,
}

impl CentralClient {
    /// A machine says that it is there, and where.
    ///
    /// # Errors
    /// Any of the database's; repeating does no harm.
    pub async fn register_machine(&self, machine: &Machine) -> Result<(), CentralError> {
        let mut tx = self.shared.write().await?;
        let addresses = serde_json::to_string(&machine.addresses).expect("a map of texts is JSON");
        tx.execute(
            "INSERT INTO twinline.machines AS m (machine, addresses, version, seen_at) \
             VALUES ($1, $2::text::json, $3, to_timestamp($4::bigint / 1000.0)) \
             ON CONFLICT (machine) DO UPDATE SET addresses = excluded.addresses, version = excluded.version, \
             seen_at = excluded.seen_at WHERE m.seen_at <= excluded.seen_at",
            &[
                (&machine.name, Type::TEXT),
                (&addresses, Type::TEXT),
                (&machine.version, Type::TEXT),
                (&machine.seen_at.as_millis(), Type::INT8),
            ],
        )
        .await?;
        tx.commit().await
    }

    /// The fleet's machines by name.
    ///
    /// # Errors
    /// Any of the database's.
    pub async fn machines(&self) -> Result<Vec<Machine>, CentralError> {
        let mut tx = self.shared.read().await?;
        let rows = tx
            .query(
                "SELECT machine, addresses::text, version, (extract(epoch FROM seen_at) * 1000)::bigint \
                 FROM twinline.machines ORDER BY machine LIMIT $1",
                &[(&MACHINES_MAX, Type::INT8)],
            )
            .await?;
        tx.rollback().await?;
        Ok(rows
            .iter()
            .map(|row| Machine {
                name: row.get(0),
                addresses: serde_json::from_str(row.get(1)).unwrap_or_default(),
                version: row.get(2),
                seen_at: Timestamp::from_millis(row.get(3)),
            })
            .collect())
    }

    /// As [`Self::publish_by_deed`], for what is in no audit of the fleet's.
    ///
    /// # Errors
    /// As that.
    pub async fn publish(
        &self,
        after: i64,
        content: &str,
        nodes: &[NodePlace],
        by: &str,
        at: Timestamp,
    ) -> Result<Published, CentralError> {
        self.publish_by_deed(after, content, nodes, (by, at), None)
            .await
    }

    /// Publishes definitions as the version after `after` (0: the first), with the places of all nodes and the deed that it
    /// is. Content equal to that of version `after` publishes nothing: so a publish of unknown outcome is repeated as it was.
    ///
    /// # Errors
    /// [`CentralError::Outdated`] when somebody else has published meanwhile; or the database's: then it fails plainly,
    /// and syncing goes on with what was published before.
    pub async fn publish_by_deed(
        &self,
        after: i64,
        content: &str,
        nodes: &[NodePlace],
        (by, at): (&str, Timestamp),
        deed: Option<&Deed>,
    ) -> Result<Published, CentralError> {
        let mut tx = self.shared.write().await?;
        // Readers go on; another publisher waits here.
        tx.batch("LOCK TABLE twinline.published IN SHARE ROW EXCLUSIVE MODE")
            .await?;
        let newest = tx.query_first(NEWEST, &[]).await?.as_ref().map(published);
        let digest = Digest::of_bytes(content.as_bytes());
        let found = newest.as_ref().map_or(0, |newest| newest.version);
        if let Some(newest) = newest.filter(|newest| newest.digest == digest)
            && (found == after || found == after + 1)
        {
            tx.rollback().await?;
            return Ok(newest);
        }
        if found != after {
            tx.rollback().await?;
            return Err(CentralError::Outdated { found });
        }
        let next = Published {
            version: after + 1,
            digest,
            content: content.to_owned(),
            by: by.to_owned(),
            at,
        };
        store(&mut tx, &next, nodes).await?;
        if let Some(deed) = deed {
            deeds::note(&mut tx, deed).await?;
        }
        tx.commit().await?;
        Ok(next)
    }

    /// Puts definitions back that were published as `version`, where the database has only older ones or none: it was lost
    /// and is a new one, or went back. Answers whether it did. In a new one, where nobody but `by` has published, each group
    /// is noted as one whose state is not here yet, so that nobody begins it from nothing while the machine that has it comes back.
    ///
    /// # Errors
    /// Any of the database's; repeating does no harm.
    pub async fn put_back(
        &self,
        version: i64,
        content: &str,
        nodes: &[NodePlace],
        by: &str,
        at: Timestamp,
    ) -> Result<bool, CentralError> {
        let mut tx = self.shared.write().await?;
        tx.batch("LOCK TABLE twinline.published IN SHARE ROW EXCLUSIVE MODE")
            .await?;
        let newest = tx.query_first(NEWEST, &[]).await?.as_ref().map(published);
        if newest
            .as_ref()
            .is_some_and(|newest| newest.version >= version)
        {
            tx.rollback().await?;
            return Ok(false);
        }
        // In a new database, also where a machine that knew an older version has been here first.
        if newest.is_none_or(|newest| newest.by == by) {
            expect_groups(&mut tx, nodes).await?;
        }
        let back = Published {
            version,
            digest: Digest::of_bytes(content.as_bytes()),
            content: content.to_owned(),
            by: by.to_owned(),
            at,
        };
        store(&mut tx, &back, nodes).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The newest published definitions; `None`: nothing was published yet. It may be an older version than another
    /// caller was shown, where a standby answers: who has a newer one keeps it.
    ///
    /// # Errors
    /// Any of the database's.
    pub async fn published(&self) -> Result<Option<Published>, CentralError> {
        let mut tx = self.shared.read().await?;
        let row = tx.query_first(NEWEST, &[]).await?;
        tx.rollback().await?;
        Ok(row.as_ref().map(published))
    }

    /// Where every node is, by name.
    ///
    /// # Errors
    /// Any of the database's.
    pub async fn node_places(&self) -> Result<Vec<NodePlace>, CentralError> {
        let mut tx = self.shared.read().await?;
        let rows = tx
            .query(
                "SELECT node, workspace, grp FROM twinline.nodes ORDER BY node LIMIT $1",
                &[(&NODES_MAX, Type::INT8)],
            )
            .await?;
        tx.rollback().await?;
        Ok(rows
            .iter()
            .map(|row| NodePlace {
                node: NodeName::new(row.get::<_, String>(0)),
                workspace: row.get(1),
                group: GroupId::new(row.get::<_, String>(2)),
            })
            .collect())
    }
}

const NEWEST: &str = "SELECT version, digest, content, published_by, \
                      (extract(epoch FROM published_at) * 1000)::bigint \
                      FROM twinline.published ORDER BY version DESC LIMIT 1";

fn published(row: &Row) -> Published {
    Published {
        version: row.get(0),
        digest: Digest::from_stored(row.get::<_, String>(1)),
        content: row.get(2),
        by: row.get(3),
        at: Timestamp::from_millis(row.get(4)),
    }
}

/// Stores a version, and with it the places of all nodes.
async fn store(
    tx: &mut super::tx::Tx,
    next: &Published,
    nodes: &[NodePlace],
) -> Result<(), CentralError> {
    tx.execute(
        "INSERT INTO twinline.published (version, digest, content, published_by, published_at) \
         VALUES ($1, $2, $3, $4, to_timestamp($5::bigint / 1000.0))",
        &[
            (&next.version, Type::INT8),
            (&next.digest.as_str(), Type::TEXT),
            (&next.content, Type::TEXT),
            (&next.by, Type::TEXT),
            (&next.at.as_millis(), Type::INT8),
        ],
    )
    .await?;
    place_nodes(tx, next.version, nodes).await
}

/// Notes groups under the epoch of nobody, where they are not there: their owners copy them.
async fn expect_groups(tx: &mut super::tx::Tx, nodes: &[NodePlace]) -> Result<(), CentralError> {
    let groups: Vec<&str> = nodes.iter().map(|place| place.group.as_str()).collect();
    tx.execute(
        "INSERT INTO twinline.groups (grp, epoch, writer, shipped_epoch, shipped_rev, vouched_rev, copy, copy_pruned, \
         complete, schema, machine, state_at) \
         SELECT DISTINCT g, $2::bigint, '', $2::bigint, 0, 0, 0, 0, false, 0, '', to_timestamp(0) \
         FROM unnest($1::text[]) AS u (g) ON CONFLICT (grp) DO NOTHING",
        &[
            (&groups, Type::TEXT_ARRAY),
            (&Epoch::NONE.to_stored(), Type::INT8),
        ],
    )
    .await
    .map(drop)
}

/// Replaces the places of all nodes.
async fn place_nodes(
    tx: &mut super::tx::Tx,
    version: i64,
    nodes: &[NodePlace],
) -> Result<(), CentralError> {
    let names: Vec<&str> = nodes.iter().map(|place| place.node.as_str()).collect();
    let workspaces: Vec<&str> = nodes.iter().map(|place| place.workspace.as_str()).collect();
    let groups: Vec<&str> = nodes.iter().map(|place| place.group.as_str()).collect();
    tx.batch("DELETE FROM twinline.nodes").await?;
    tx.execute(
        "INSERT INTO twinline.nodes (node, workspace, grp, published) \
         SELECT n, w, g, $1 FROM unnest($2::text[], $3::text[], $4::text[]) AS u (n, w, g)",
        &[
            (&version, Type::INT8),
            (&names, Type::TEXT_ARRAY),
            (&workspaces, Type::TEXT_ARRAY),
            (&groups, Type::TEXT_ARRAY),
        ],
    )
    .await
    .map(drop)
}
