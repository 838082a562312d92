//! Which twins wait for the parent of one of their items to have a counterpart on the other side.

use super::access::Upsert;
use super::{HostRead, HostTx, replica};
use crate::StoreError;
use crate::row::{from_word, to_word};
use rusqlite::Row;
use twinline_core::names::{LinkId, NodeName, Side};

/// One twin that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParentWait {
    /// The twin.
    pub link: LinkId,
    /// The side whose item has the parent.
    pub side: Side,
    /// That side's node.
    pub node: NodeName,
    /// What people call the parent there.
    pub key: String,
}

const SELECT: &str = "SELECT link, side, node, key FROM parent_waits";

fn read(row: &Row<'_>) -> Result<ParentWait, StoreError> {
    Ok(ParentWait {
        link: LinkId::new(row.get::<_, String>(0)?),
        side: from_word("parent_waits.side", row.get(1)?)?,
        node: NodeName::new(row.get::<_, String>(2)?),
        key: row.get(3)?,
    })
}

static WAITS: Upsert = Upsert::new("parent_waits", &["link", "side"], &["node", "key"]);

impl HostRead<'_> {
    /// What a twin waits for, at most one parent on each side.
    pub fn parent_waits(&self, link: &LinkId) -> Result<Vec<ParentWait>, StoreError> {
        let sql = format!("{SELECT} WHERE link = ?1 ORDER BY side");
        self.many(&sql, [link.as_str()], read)
    }

    /// Who waits for the item that people call by this key on a node.
    pub fn waits_for_parent(
        &self,
        node: &NodeName,
        key: &str,
    ) -> Result<Vec<ParentWait>, StoreError> {
        let sql = format!("{SELECT} WHERE key = ?1 AND node = ?2 ORDER BY link, side");
        self.many(&sql, (key, node.as_str()), read)
    }
}

impl HostTx<'_> {
    /// A twin waits for this parent from now on, and for no other on that side.
    pub fn put_parent_wait(&self, wait: &ParentWait) -> Result<(), StoreError> {
        self.upsert(
            &WAITS,
            &[
                &wait.link.as_str(),
                &to_word(&wait.side),
                &wait.node.as_str(),
                &wait.key,
            ],
        )
    }

    /// A twin waits for no parent any more.
    pub fn drop_parent_waits(&self, link: &LinkId) -> Result<(), StoreError> {
        self.delete(replica::PARENT_WAITS, "link = ?1", [link.as_str()])
            .map(drop)
    }
}
