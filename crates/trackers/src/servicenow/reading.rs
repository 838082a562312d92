//! From answers to items and comments.

use super::{Place, ServiceNow, decode, wire};
use crate::error::TrackerError;
use crate::http::Reply;
use std::collections::BTreeSet;
use twinline_core::item::{Comment, Fetched, Item, ItemRef};

impl ServiceNow {
    /// A record as it was answered, without its comments.
    pub(super) async fn found(
        &self,
        place: Place<'_>,
        reply: &Reply,
    ) -> Result<Fetched, TrackerError> {
        let record = wire::one(reply)?;
        let class = record.text("sys_class_name");
        if !class.is_empty() && class != place.table {
            // A table also answers for the records of those that extend it.
            return Ok(Fetched::Moved(self.reference(class, &record)));
        }
        let mut items = self
            .items(place.table, std::slice::from_ref(&record), reply)
            .await?;
        let item = items.pop().expect("as many come back as went in");
        Ok(Fetched::Found(Box::new(item)))
    }

    /// Records of a table as items, without their comments.
    pub(super) async fn items(
        &self,
        table: &str,
        records: &[wire::Record],
        reply: &Reply,
    ) -> Result<Vec<Item>, TrackerError> {
        let meta = self.meta_for(table, records).await?;
        let people = decode::people(&meta, records);
        let people = self.known(&people, &BTreeSet::new()).await?;
        let item = |record: &wire::Record| {
            let reference = self.reference(table, record);
            decode::item(&meta, record, reference, &people)
                .ok_or_else(|| reply.unreadable("result", "no sys_mod_count and sys_updated_on"))
        };
        records.iter().map(item).collect()
    }

    /// All entries of an item's journals that are comments.
    pub(super) async fn comments(&self, id: &str) -> Result<Vec<Comment>, TrackerError> {
        let place = Place::of(id).expect("an item that was found has an id");
        let entries = self.entries(place.sys_id).await?;
        let logins = entries.iter().map(|entry| entry.by.clone()).collect();
        let people = self.known(&BTreeSet::new(), &logins).await?;
        Ok(entries
            .iter()
            .map(|entry| decode::comment(entry, &people))
            .collect())
    }

    /// A record of a table, as a reference.
    pub(super) fn reference(&self, table: &str, record: &wire::Record) -> ItemRef {
        let number = record.text("number");
        self.reference_to(table, record.text("sys_id"), number)
    }

    pub(super) fn reference_to(&self, table: &str, sys_id: &str, number: &str) -> ItemRef {
        let base = self.client.base().as_str().trim_end_matches('/');
        decode::reference(
            self.client.node(),
            base,
            Place { table, sys_id },
            number,
            self.is_task(table),
        )
    }
}
