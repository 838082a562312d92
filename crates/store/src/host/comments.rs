//! Which comment mirrors which, and which comments scripts have already asked for.

use super::access::Upsert;
use super::{HostRead, HostTx};
use crate::StoreError;
use crate::row::{from_word, to_word};
use rusqlite::Row;
use twinline_core::comments::{CommentLink, CommentOrigin};
use twinline_core::digest::Digest;
use twinline_core::names::{LinkId, NodeName, RootId};
use twinline_core::time::Timestamp;

const SELECT: &str =
    "SELECT root, origin_node, origin, node, comment, parent, revision, state FROM comment_links";

fn read(row: &Row<'_>) -> Result<CommentLink, StoreError> {
    let node = |column| row.get::<_, String>(column).map(NodeName::new);
    Ok(CommentLink {
        root: RootId::new(row.get::<_, String>(0)?),
        origin: CommentOrigin {
            node: node(1)?,
            comment: row.get(2)?,
        },
        node: node(3)?,
        comment: row.get(4)?,
        parent: node(5)?,
        revision: Digest::from_stored(row.get::<_, String>(6)?),
        state: from_word("comment_links.state", row.get(7)?)?,
    })
}

static COMMENT_LINKS: Upsert = Upsert::new(
    "comment_links",
    &["root", "origin_node", "origin", "node"],
    &["comment", "parent", "revision", "state"],
);
static SCRIPT_COMMENTS: Upsert = Upsert::new("script_comments", &["link", "key", "cause"], &["at"]);

impl HostRead<'_> {
    /// All comment links of a cluster, in a stable order.
    pub fn comment_links(&self, root: &RootId) -> Result<Vec<CommentLink>, StoreError> {
        let sql = format!("{SELECT} WHERE root = ?1 ORDER BY origin_node, origin, node");
        self.many(&sql, [root.as_str()], read)
    }

    /// Whether the comment that a script asked for (by its key, for this causing change) was taken care of.
    pub fn script_comment_done(
        &self,
        link: &LinkId,
        key: &str,
        cause: &str,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM script_comments WHERE link = ?1 AND key = ?2 AND cause = ?3";
        Ok(self
            .one(sql, [link.as_str(), key, cause], |_| Ok(()))?
            .is_some())
    }
}

impl HostTx<'_> {
    /// Stores a link: it replaces the one of the same cluster, origin and node.
    pub fn put_comment_link(&self, link: &CommentLink) -> Result<(), StoreError> {
        self.upsert(
            &COMMENT_LINKS,
            &[
                &link.root.as_str(),
                &link.origin.node.as_str(),
                &link.origin.comment,
                &link.node.as_str(),
                &link.comment,
                &link.parent.as_str(),
                &link.revision.as_str(),
                &to_word(&link.state),
            ],
        )
    }

    /// Remembers that a script's comment was taken care of.
    pub fn put_script_comment(
        &self,
        link: &LinkId,
        key: &str,
        cause: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let values: [&dyn rusqlite::ToSql; 4] = [&link.as_str(), &key, &cause, &at.as_millis()];
        self.upsert(&SCRIPT_COMMENTS, &values)
    }
}
