//! What the links of comments and those of attachments have in common: they follow their items and clusters.

use super::{HostTx, replica};
use crate::StoreError;
use twinline_core::item::ItemId;
use twinline_core::names::RootId;

/// The tables that are keyed by cluster, original and item.
const TABLES: [replica::Keyed; 2] = [replica::COMMENT_LINKS, replica::ATTACHMENT_LINKS];

impl HostTx<'_> {
    /// An item of a cluster, which stays on its node, has another id from now on.
    pub(super) fn move_links(
        &self,
        root: &RootId,
        from: &ItemId,
        id: &str,
    ) -> Result<(), StoreError> {
        let (root, node) = (root.as_str(), from.node.as_str());
        let here = "root = ?1 AND node = ?2 AND item = ?3";
        for table in TABLES {
            self.bury_where(table, here, (root, node, &from.id))?;
            for (node_column, column) in [
                ("origin_node", "origin_item"),
                ("parent", "parent_item"),
                ("node", "item"),
            ] {
                let sql = format!(
                    "UPDATE {} SET grp = ?1, epoch = ?2, rev = ?3, {column} = ?7 \
                     WHERE root = ?4 AND {node_column} = ?5 AND {column} = ?6",
                    table.name()
                );
                self.stamped(&sql, &[&root, &node, &from.id, &id])?;
            }
        }
        Ok(())
    }

    /// The links of one cluster belong to another. What both clusters know is one: the surviving cluster's row stands.
    pub(super) fn join_links(&self, from: &RootId, into: &RootId) -> Result<(), StoreError> {
        for table in TABLES {
            self.bury_where(table, "root = ?1", [from.as_str()])?;
            let sql = format!(
                "UPDATE OR IGNORE {} SET grp = ?1, epoch = ?2, rev = ?3, root = ?5 WHERE root = ?4",
                table.name()
            );
            self.stamped(&sql, &[&from.as_str(), &into.as_str()])?;
            self.delete(table, "root = ?1", [from.as_str()])?;
        }
        Ok(())
    }
}
