//! Which comment mirrors which.

use super::access::Upsert;
use super::{HostRead, HostTx};
use crate::StoreError;
use crate::row::{from_word, to_word};
use rusqlite::Row;
use twinline_core::comments::{CommentLink, CommentOrigin};
use twinline_core::digest::Digest;
use twinline_core::item::ItemId;
use twinline_core::names::{NodeName, RootId};

const SELECT: &str = "SELECT root, origin_node, origin_item, origin, node, item, comment, parent, parent_item, \
                      revision, state FROM comment_links";

fn read(row: &Row<'_>) -> Result<CommentLink, StoreError> {
    let item = |node: usize, id: usize| -> Result<ItemId, StoreError> {
        Ok(ItemId {
            node: NodeName::new(row.get::<_, String>(node)?),
            id: row.get(id)?,
        })
    };
    Ok(CommentLink {
        root: RootId::new(row.get::<_, String>(0)?),
        origin: CommentOrigin {
            item: item(1, 2)?,
            comment: row.get(3)?,
        },
        item: item(4, 5)?,
        comment: row.get(6)?,
        parent: item(7, 8)?,
        revision: Digest::from_stored(row.get::<_, String>(9)?),
        state: from_word("comment_links.state", row.get(10)?)?,
    })
}

static COMMENT_LINKS: Upsert = Upsert::new(
    "comment_links",
    &["root", "origin_node", "origin", "node", "item"],
    &[
        "origin_item",
        "comment",
        "parent",
        "parent_item",
        "revision",
        "state",
    ],
);

impl HostRead<'_> {
    /// All comment links of a cluster, in a stable order.
    pub fn comment_links(&self, root: &RootId) -> Result<Vec<CommentLink>, StoreError> {
        let sql = format!("{SELECT} WHERE root = ?1 ORDER BY origin_node, origin, node, item");
        self.many(&sql, [root.as_str()], read)
    }
}

/// The second half of the migration that brought the items, for rows of an earlier version that come from a replica.
const PLACE: &str = include_str!("migrations/place_comments.sql");

impl HostTx<'_> {
    /// Gives links without items theirs; answers whether there was one.
    pub(crate) fn place_comments(&self) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM comment_links WHERE item = '' LIMIT 1";
        let any = self.one(sql, [], |_| Ok(()))?.is_some();
        self.conn().execute_batch(PLACE)?;
        Ok(any)
    }

    /// Stores a link: it replaces the one of the same cluster, origin and item.
    pub fn put_comment_link(&self, link: &CommentLink) -> Result<(), StoreError> {
        self.upsert(
            &COMMENT_LINKS,
            &[
                &link.root.as_str(),
                &link.origin.item.node.as_str(),
                &link.origin.comment,
                &link.item.node.as_str(),
                &link.item.id,
                &link.origin.item.id,
                &link.comment,
                &link.parent.node.as_str(),
                &link.parent.id,
                &link.revision.as_str(),
                &to_word(&link.state),
            ],
        )
    }
}
