//! Which twins wait for the parent of one of their items to have a counterpart on the other side.

use super::access::Upsert;
use super::{HostRead, HostTx, replica};
use crate::StoreError;
use crate::row::{from_word, to_word};
use rusqlite::Row;
use twinline_core::names::{LinkId, NodeName, Side};

/// One twin that waits: until a job of it finds that the parent is there or is another one, or until it ends.
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
    /// Whether a person had confirmed the work that left the parent out: then the write that follows is part of it.
    pub confirmed: bool,
}

const SELECT: &str = "SELECT link, side, node, key, confirmed FROM parent_waits";

fn read(row: &Row<'_>) -> Result<ParentWait, StoreError> {
    Ok(ParentWait {
        link: LinkId::new(row.get::<_, String>(0)?),
        side: from_word("parent_waits.side", row.get(1)?)?,
        node: NodeName::new(row.get::<_, String>(2)?),
        key: row.get(3)?,
        confirmed: row.get(4)?,
    })
}

static WAITS: Upsert = Upsert::new(
    "parent_waits",
    &["link", "side"],
    &["node", "key", "confirmed"],
);

impl HostRead<'_> {
    /// What a twin waits for, at most one parent on each side.
    pub fn parent_waits(&self, link: &LinkId) -> Result<Vec<ParentWait>, StoreError> {
        let sql = format!("{SELECT} WHERE link = ?1 ORDER BY side");
        self.many(&sql, [link.as_str()], read)
    }

    /// Who waits for the item that people call by this key on a node, or (`None`) for any: ordered by twin, those after
    /// `after`, at most `max` rows.
    pub fn waits_for_parent(
        &self,
        item: Option<(&NodeName, &str)>,
        after: Option<&(LinkId, Side)>,
        max: u32,
    ) -> Result<Vec<ParentWait>, StoreError> {
        let (after, side) = after.map_or(("", String::new()), |(link, side)| {
            (link.as_str(), to_word(side))
        });
        match item {
            Some((node, key)) => {
                let sql = format!(
                    "{SELECT} WHERE key = ?1 AND node = ?2 AND (link, side) > (?3, ?4) ORDER BY link, side LIMIT ?5"
                );
                self.many(&sql, (key, node.as_str(), after, side, max), read)
            }
            None => {
                let sql =
                    format!("{SELECT} WHERE (link, side) > (?1, ?2) ORDER BY link, side LIMIT ?3");
                self.many(&sql, (after, side, max), read)
            }
        }
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
                &wait.confirmed,
            ],
        )
    }

    /// A twin waits for no parent any more.
    pub fn drop_parent_waits(&self, link: &LinkId) -> Result<(), StoreError> {
        self.delete(replica::PARENT_WAITS, "link = ?1", [link.as_str()])
            .map(drop)
    }
}
