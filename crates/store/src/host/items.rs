//! The directory of items that were ever seen: what people call them, where they lie, which cluster they are in.

use super::access::Upsert;
use super::{HostRead, HostTx};
use crate::StoreError;
use crate::row::{from_json, time, to_json};
use rusqlite::Row;
use std::collections::BTreeMap;
use twinline_core::item::{ItemId, ItemRef, Version};
use twinline_core::names::{NodeName, RootId};
use twinline_core::time::Timestamp;

/// One item of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemRow {
    /// The item with its key and page.
    pub reference: ItemRef,
    /// Where it lies, in its tracker's scope keys.
    pub scope: BTreeMap<String, String>,
    /// Its cluster; `None`: it has no twin.
    pub root: Option<RootId>,
    /// The newest version that was seen.
    pub version: Version,
    /// When it was last seen, by our clock.
    pub seen_at: Timestamp,
}

const SELECT: &str = "SELECT node, id, key, url, scope, root, version, seen_at FROM items";

fn read(row: &Row<'_>) -> Result<ItemRow, StoreError> {
    Ok(ItemRow {
        reference: ItemRef {
            item: ItemId {
                node: NodeName::new(row.get::<_, String>(0)?),
                id: row.get(1)?,
            },
            key: row.get(2)?,
            url: row.get(3)?,
        },
        scope: from_json("items.scope", &row.get::<_, String>(4)?)?,
        root: row.get::<_, Option<String>>(5)?.map(RootId::new),
        version: from_json("items.version", &row.get::<_, String>(6)?)?,
        seen_at: time(row, 7)?,
    })
}

static ITEMS: Upsert = Upsert::new(
    "items",
    &["node", "id"],
    &["key", "url", "scope", "root", "version", "seen_at"],
)
.indexed(&["key", "root"]);

impl HostRead<'_> {
    /// One item.
    pub fn item(&self, item: &ItemId) -> Result<Option<ItemRow>, StoreError> {
        self.one(
            &format!("{SELECT} WHERE node = ?1 AND id = ?2"),
            (item.node.as_str(), &item.id),
            read,
        )
    }

    /// The items that people call by this key, letter case ignored; several when several nodes have it.
    pub fn items_by_key(&self, key: &str) -> Result<Vec<ItemRow>, StoreError> {
        self.many(
            &format!("{SELECT} WHERE key = ?1 ORDER BY node, id"),
            [key],
            read,
        )
    }

    /// All items of a cluster, ordered by node and id.
    pub fn items_of_root(&self, root: &RootId) -> Result<Vec<ItemRow>, StoreError> {
        self.many(
            &format!("{SELECT} WHERE root = ?1 ORDER BY node, id"),
            [root.as_str()],
            read,
        )
    }

    /// A node's items that have a twin, ordered by id, after `after`, at most `max`: for audits of all known twins.
    pub fn twinned_items(
        &self,
        node: &NodeName,
        after: Option<&str>,
        max: u32,
    ) -> Result<Vec<ItemRow>, StoreError> {
        let sql = format!(
            "{SELECT} WHERE node = ?1 AND id > ?2 AND root IS NOT NULL ORDER BY id LIMIT ?3"
        );
        self.many(&sql, (node.as_str(), after.unwrap_or(""), max), read)
    }
}

impl HostTx<'_> {
    /// Stores an item's entry.
    pub fn put_item(&self, item: &ItemRow) -> Result<(), StoreError> {
        self.upsert(
            &ITEMS,
            &[
                &item.reference.item.node.as_str(),
                &item.reference.item.id,
                &item.reference.key,
                &item.reference.url,
                &to_json(&item.scope),
                &item.root.as_ref().map(RootId::as_str),
                &to_json(&item.version),
                &item.seen_at.as_millis(),
            ],
        )
    }

    /// Puts an item into a cluster, or takes it out.
    pub fn set_item_root(&self, item: &ItemId, root: Option<&RootId>) -> Result<(), StoreError> {
        self.stamped(
            "UPDATE items SET grp = ?1, epoch = ?2, rev = ?3, root = ?6 WHERE node = ?4 AND id = ?5",
            &[&item.node.as_str(), &item.id, &root.map(RootId::as_str)],
        )
        .map(drop)
    }

    /// An item has moved and is known by another id now: its twins, its entry and the links of its comments and
    /// attachments follow. Its history
    /// stays where it is.
    pub fn move_item(&self, from: &ItemId, to: &ItemRow) -> Result<(), StoreError> {
        let old = self.item(from)?;
        let root = to.root.clone().or_else(|| old.and_then(|old| old.root));
        let target = &to.reference.item;
        self.put_item(&ItemRow {
            root: root.clone(),
            ..to.clone()
        })?;
        if target != from {
            if let Some(root) = &root {
                self.move_links(root, from, &target.id)?;
            }
            self.set_item_root(from, None)?;
            for side in ["left", "right"] {
                let sql = format!(
                    "UPDATE twins SET grp = ?1, epoch = ?2, rev = ?3, {side}_node = ?6, {side}_id = ?7 \
                     WHERE {side}_node = ?4 AND {side}_id = ?5"
                );
                self.stamped(
                    &sql,
                    &[
                        &from.node.as_str(),
                        &from.id,
                        &target.node.as_str(),
                        &target.id,
                    ],
                )?;
            }
        }
        Ok(())
    }

    /// Joins two clusters: everything of `from` belongs to `into` from now on.
    pub fn join_roots(&self, from: &RootId, into: &RootId) -> Result<(), StoreError> {
        for table in ["items", "twins"] {
            let sql = format!(
                "UPDATE {table} SET grp = ?1, epoch = ?2, rev = ?3, root = ?5 WHERE root = ?4"
            );
            self.stamped(&sql, &[&from.as_str(), &into.as_str()])?;
        }
        self.join_links(from, into)
    }
}
