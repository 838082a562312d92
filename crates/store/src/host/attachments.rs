//! Which file is a copy of which.

use super::access::Upsert;
use super::{HostRead, HostTx};
use crate::StoreError;
use crate::row::{from_word, to_word};
use rusqlite::Row;
use twinline_core::attachments::{AttachmentLink, CopyState, FileOrigin};
use twinline_core::item::ItemId;
use twinline_core::names::{NodeName, RootId};
use twinline_core::time::Timestamp;

const SELECT: &str = "SELECT root, origin_node, origin_item, origin, node, item, attachment, parent, parent_item, \
                      state, reason, tried FROM attachment_links";

fn read(row: &Row<'_>) -> Result<AttachmentLink, StoreError> {
    let item = |node: usize, id: usize| -> Result<ItemId, StoreError> {
        Ok(ItemId {
            node: NodeName::new(row.get::<_, String>(node)?),
            id: row.get(id)?,
        })
    };
    Ok(AttachmentLink {
        root: RootId::new(row.get::<_, String>(0)?),
        origin: FileOrigin {
            item: item(1, 2)?,
            attachment: row.get(3)?,
        },
        item: item(4, 5)?,
        attachment: row.get(6)?,
        parent: item(7, 8)?,
        state: from_word("attachment_links.state", row.get(9)?)?,
        reason: row.get(10)?,
        tried: Timestamp::from_millis(row.get(11)?),
    })
}

static ATTACHMENT_LINKS: Upsert = Upsert::new(
    "attachment_links",
    &["root", "origin_node", "origin", "node", "item"],
    &[
        "origin_item",
        "attachment",
        "parent",
        "parent_item",
        "state",
        "reason",
        "tried",
    ],
);

impl HostRead<'_> {
    /// All attachment links of a cluster, in a stable order.
    pub fn attachment_links(&self, root: &RootId) -> Result<Vec<AttachmentLink>, StoreError> {
        let sql = format!("{SELECT} WHERE root = ?1 ORDER BY origin_node, origin, node, item");
        self.many(&sql, [root.as_str()], read)
    }
}

impl HostTx<'_> {
    /// Stores a link: it replaces the one of the same cluster, origin and item.
    pub fn put_attachment_link(&self, link: &AttachmentLink) -> Result<(), StoreError> {
        self.upsert(
            &ATTACHMENT_LINKS,
            &[
                &link.root.as_str(),
                &link.origin.item.node.as_str(),
                &link.origin.attachment,
                &link.item.node.as_str(),
                &link.item.id,
                &link.origin.item.id,
                &link.attachment,
                &link.parent.node.as_str(),
                &link.parent.id,
                &to_word(&link.state),
                &link.reason,
                &link.tried.as_millis(),
            ],
        )
    }

    /// The copies of a cluster that are owed are tried again with the next look, whenever they were tried.
    pub fn retry_attachments(&self, root: &RootId) -> Result<(), StoreError> {
        self.stamped(
            "UPDATE attachment_links SET grp = ?1, epoch = ?2, rev = ?3, tried = 0 WHERE root = ?4 AND state = ?5",
            &[&root.as_str(), &to_word(&CopyState::Failed)],
        )
        .map(drop)
    }
}
