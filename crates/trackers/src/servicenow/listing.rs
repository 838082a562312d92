//! Queries and exact matching. Lists come from the database, so they do not lag.
//!
//! Pages are cut by `sys_id`, which no record changes: numbered pages lose records of a list that changes meanwhile.

use super::client::{self, Listed, Wanted};
use super::{Place, ServiceNow, decode, is_sys_id, wire};
use crate::connector::{self, Impossible};
use crate::error::TrackerError;
use crate::http::Reply;
use crate::tracker::{Candidate, ItemPage, Opinion, Scope};
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::item::{Item, ItemId};

/// The columns by which an item is known, with its version and marker.
pub(super) const OF_VERSION: &str =
    "sys_id,number,sys_class_name,sys_mod_count,sys_updated_on,correlation_id";

/// Where a page begins.
#[derive(Clone, Debug, Default, PartialEq)]
struct Start {
    /// Behind this record.
    after: String,
    /// And behind so many more, which were hidden from us.
    offset: usize,
}

impl Start {
    fn read(page: Option<&str>) -> Result<Self, Impossible> {
        let Some(page) = page else {
            return Ok(Self::default());
        };
        let read = page.split_once('@').and_then(|(after, offset)| {
            let sound = after.is_empty() || is_sys_id(after);
            let offset = offset.parse().ok().filter(|_| sound)?;
            Some(Self {
                after: after.to_owned(),
                offset,
            })
        });
        read.ok_or_else(|| Impossible::request(format!("'{page}' is no page of a query")))
    }

    fn next(&self, listed: &Listed) -> Option<String> {
        if !listed.more {
            return None;
        }
        let (after, offset) = match listed.records.last() {
            Some(last) => (last.text("sys_id"), 0),
            None => (self.after.as_str(), self.offset + client::PAGE_ITEMS),
        };
        Some(format!("{after}@{offset}"))
    }
}

impl ServiceNow {
    /// One page of the records of a scope that match a trigger.
    pub(super) async fn enumerate(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage, TrackerError> {
        let table = super::table(scope)?;
        let (found, reply) = self.listed(table, trigger, page, OF_VERSION).await?;
        found.try_map(|record| self.candidate(table, &record, &reply))
    }

    /// The same of whole items.
    pub(super) async fn enumerate_bare(
        &self,
        scope: &Scope,
        trigger: &str,
        page: Option<&str>,
    ) -> Result<ItemPage<Item>, TrackerError> {
        let table = super::table(scope)?;
        let (found, reply) = self.listed(table, trigger, page, "").await?;
        Ok(ItemPage {
            items: self.items(table, &found.items, &reply).await?,
            next: found.next,
            total: found.total,
            estimate: found.estimate,
        })
    }

    async fn listed(
        &self,
        table: &str,
        trigger: &str,
        page: Option<&str>,
        fields: &str,
    ) -> Result<(ItemPage<wire::Record>, Reply), TrackerError> {
        let start = Start::read(page).map_err(client::refused)?;
        let trigger = self.read_trigger(table, trigger).await?;
        let mut conditions = self.meta(table).await?.only(table);
        if !start.after.is_empty() {
            conditions.push_str(&format!("sys_id>{}^", start.after));
        }
        let query = trigger.within(&conditions, "ORDERBYsys_id");
        let wanted = Wanted {
            table,
            query: &query,
            fields,
            limit: client::PAGE_ITEMS,
            offset: start.offset,
        };
        let listed = client::list(&self.client, wanted).await?;
        let page = ItemPage {
            next: start.next(&listed),
            // Later pages count what is behind them. Hidden records count, too.
            total: listed.total.filter(|_| page.is_none()),
            estimate: None,
            items: listed.records,
        };
        Ok((page, listed.reply))
    }

    /// Exact: the same list, narrowed to the records in question.
    pub(super) async fn opinions(
        &self,
        trigger: &str,
        items: &[ItemId],
    ) -> Result<BTreeMap<ItemId, Opinion>, TrackerError> {
        let mut by_table: BTreeMap<&str, Vec<ItemId>> = BTreeMap::new();
        for item in items {
            if let Some(place) = Place::of(&item.id) {
                by_table.entry(place.table).or_default().push(item.clone());
            }
        }
        let mut opinions = BTreeMap::new();
        for (table, items) in by_table {
            let trigger = self.read_trigger(table, trigger).await?;
            let everything = self.read_trigger(table, "").await?;
            let only = self.meta(table).await?.only(table);
            for some in items.chunks(client::IDS_MAX) {
                let ids = some.iter().filter_map(|item| Place::of(&item.id));
                let ids: Vec<&str> = ids.map(|place| place.sys_id).collect();
                let among = format!("{only}sys_idIN{}^", ids.join(","));
                let matching = self
                    .among(table, &trigger.within(&among, "ORDERBYsys_id"))
                    .await?;
                // One that is not listed differs, or is not there.
                let there = match matching.len() == some.len() {
                    true => matching.clone(),
                    false => {
                        self.among(table, &everything.within(&among, "ORDERBYsys_id"))
                            .await?
                    }
                };
                opinions.extend(connector::opinions(some, &there, &matching));
            }
        }
        Ok(opinions)
    }

    /// The ids of the records that a query lists, of which there are few.
    async fn among(&self, table: &str, query: &str) -> Result<BTreeSet<String>, TrackerError> {
        let wanted = Wanted {
            table,
            query,
            fields: "sys_id",
            limit: client::IDS_MAX,
            offset: 0,
        };
        let listed = client::list(&self.client, wanted).await?;
        let ids = listed.records.iter().map(|record| {
            let sys_id = record.text("sys_id");
            Place { table, sys_id }.to_string()
        });
        Ok(ids.collect())
    }

    /// A listed record. One without a version is an error: to leave it out would lose its change.
    pub(super) fn candidate(
        &self,
        table: &str,
        record: &wire::Record,
        reply: &Reply,
    ) -> Result<Candidate, TrackerError> {
        let version = decode::version(record);
        Ok(Candidate {
            reference: self.reference(table, record),
            version: version
                .ok_or_else(|| reply.unreadable("result", "no sys_mod_count and sys_updated_on"))?,
            marker: decode::marker(record),
        })
    }
}
