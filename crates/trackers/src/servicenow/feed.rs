//! The change feed of one table: its records by (`sys_updated_on`, `sys_id`), then what the audit log says was deleted.
//!
//! Times are whole seconds, and a record's is taken before its transaction commits. Each page begins behind the last record of
//! the one before: first the rest of that record's second, then what is later. Numbered pages would lose records that change
//! while they are read; an offset is used only where a whole page was hidden from us.

use super::client::{self, Listed, Wanted};
use super::listing::OF_VERSION;
use super::{Place, ServiceNow, is_sys_id, stamp, wire};
use crate::error::TrackerError;
use crate::tracker::{Candidate, ChangePage, Cursor, FeedChange, Scope};
use http::StatusCode;
use std::time::Duration;
use twinline_core::capability::ChangeKind;
use twinline_core::item::Version;
use twinline_core::time::Timestamp;

/// Times are whole seconds and a record's is taken before its transaction commits.
const COMMIT_MARGIN: Duration = Duration::from_secs(2);

/// The two lists that a sweep reads, in this order.
#[derive(Clone, Copy, Debug, PartialEq)]
enum List {
    Changed,
    Deleted,
}

impl List {
    /// The column by which it is ordered, before `sys_id`.
    const fn time(self) -> &'static str {
        match self {
            Self::Changed => "sys_updated_on",
            Self::Deleted => "sys_created_on",
        }
    }
}

/// A place within one sweep.
#[derive(Clone, Debug, PartialEq)]
struct Spot {
    /// When the sweep began, by the earlier of both clocks.
    began: Timestamp,
    list: List,
    /// Behind this time; with a `sys_id`: in this second, behind that record.
    after: Option<(Timestamp, Option<String>)>,
    offset: usize,
}

impl ServiceNow {
    /// One page of the change feed.
    pub(super) async fn feed(
        &self,
        scope: &Scope,
        cursor: &Cursor,
    ) -> Result<ChangePage, TrackerError> {
        let table = super::table(scope)?;
        let mut spot = Spot::read(cursor, self.client.now());
        let listed = match spot.list {
            List::Changed => Some(self.changed(table, cursor, &spot).await?),
            List::Deleted => self.deleted(table, cursor, &spot).await?,
        };
        let Some(listed) = listed else {
            // The audit log is not for our eyes.
            return Ok(ChangePage {
                complete_to: spot.complete_to(),
                ..ChangePage::default()
            });
        };
        if cursor.page.is_none() {
            spot.began = listed.reply.date().unwrap_or(spot.began).min(spot.began);
        }
        let change = |record: &wire::Record| match spot.list {
            List::Changed => Ok(FeedChange {
                candidate: self.candidate(table, record, &listed.reply)?,
                kind: ChangeKind::Field,
            }),
            List::Deleted => self.deletion_of(table, record, &listed),
        };
        Ok(ChangePage {
            changes: listed
                .records
                .iter()
                .map(change)
                .collect::<Result<_, _>>()?,
            next: spot.next(&listed).map(|next| next.written(cursor.since)),
            complete_to: spot.complete_to(),
        })
    }

    async fn changed(
        &self,
        table: &str,
        cursor: &Cursor,
        spot: &Spot,
    ) -> Result<Listed, TrackerError> {
        let only = self.meta(table).await?.only(table);
        let query = spot.query(&only, cursor.since);
        client::list(&self.client, wanted(table, &query, OF_VERSION, spot)).await
    }

    async fn deleted(
        &self,
        table: &str,
        cursor: &Cursor,
        spot: &Spot,
    ) -> Result<Option<Listed>, TrackerError> {
        let query = spot.query(&format!("tablename={table}^"), cursor.since);
        let fields = "sys_id,tablename,documentkey,display_value,sys_created_on";
        let wanted = wanted("sys_audit_delete", &query, fields, spot);
        let listed = client::list_or_why(&self.client, wanted, &[StatusCode::FORBIDDEN]).await?;
        Ok(listed.ok())
    }

    fn deletion_of(
        &self,
        table: &str,
        record: &wire::Record,
        listed: &Listed,
    ) -> Result<FeedChange, TrackerError> {
        let at = stamp::read(record.text("sys_created_on"));
        let at = at.ok_or_else(|| listed.reply.unreadable("result", "no sys_created_on"))?;
        let place = Place {
            table,
            sys_id: record.text("documentkey"),
        };
        Ok(FeedChange {
            candidate: Candidate {
                reference: self.reference_to(table, place.sys_id, record.text("display_value")),
                version: Version {
                    revision: None,
                    updated: at,
                    resolution_ms: 1000,
                    token: None,
                },
                marker: None,
            },
            kind: ChangeKind::Deleted,
        })
    }
}

fn wanted<'a>(table: &'a str, query: &'a str, fields: &'a str, spot: &Spot) -> Wanted<'a> {
    Wanted {
        table,
        query,
        fields,
        limit: client::PAGE_ITEMS,
        offset: spot.offset,
    }
}

impl Spot {
    fn read(cursor: &Cursor, now: Timestamp) -> Self {
        let begin = Self {
            began: now,
            list: List::Changed,
            after: None,
            offset: 0,
        };
        let parts: Vec<&str> = cursor
            .page
            .as_deref()
            .unwrap_or_default()
            .split('|')
            .collect();
        let [began, list, time, id, offset] = parts.as_slice() else {
            return begin;
        };
        let millis = |text: &str| text.parse().ok().map(Timestamp::from_millis);
        let id = Some((*id).to_owned()).filter(|id| is_sys_id(id));
        Self {
            began: millis(began).unwrap_or(now),
            list: if *list == "deleted" {
                List::Deleted
            } else {
                List::Changed
            },
            after: millis(time).map(|time| (time, id)),
            offset: offset.parse().unwrap_or(0),
        }
    }

    fn written(&self, since: Timestamp) -> Cursor {
        let list = if self.list == List::Deleted {
            "deleted"
        } else {
            "changed"
        };
        let time = self
            .after
            .as_ref()
            .map(|(time, _)| time.as_millis().to_string());
        let id = self.after.as_ref().and_then(|(_, id)| id.clone());
        let parts = [
            self.began.as_millis().to_string(),
            list.to_owned(),
            time.unwrap_or_default(),
            id.unwrap_or_default(),
            self.offset.to_string(),
        ];
        Cursor {
            since,
            page: Some(parts.join("|")),
        }
    }

    /// The query of this page. `conditions` end with a caret.
    fn query(&self, conditions: &str, since: Timestamp) -> String {
        let time = self.list.time();
        let place = match &self.after {
            None => format!("{time}>={}", stamp::write(since)),
            Some((at, None)) => format!("{time}>{}", stamp::write(*at)),
            Some((at, Some(id))) => format!("{time}={}^sys_id>{id}", stamp::write(*at)),
        };
        format!("{conditions}{place}^ORDERBY{time}^ORDERBYsys_id")
    }

    /// Where to go on; `None` at the end of both lists.
    fn next(&self, listed: &Listed) -> Option<Self> {
        let last = listed.records.last().and_then(|last| {
            let at = stamp::read(last.text(self.list.time()))?;
            Some((at, last.text("sys_id").to_owned()))
        });
        let (list, after, offset) = match (listed.more, last, &self.after) {
            (true, Some((at, id)), _) => (self.list, Some((at, Some(id))), 0),
            (true, None, _) => (
                self.list,
                self.after.clone(),
                self.offset + client::PAGE_ITEMS,
            ),
            // The second is read to its end: what is later comes next.
            (false, _, Some((at, Some(_)))) => (self.list, Some((*at, None)), 0),
            (false, ..) if self.list == List::Changed => (List::Deleted, None, 0),
            (false, ..) => return None,
        };
        Some(Self {
            began: self.began,
            list,
            after,
            offset,
        })
    }

    fn complete_to(&self) -> Timestamp {
        self.began.minus(COMMIT_MARGIN).floor_to_second()
    }
}

#[cfg(test)]
#[path = "tests/feed.rs"]
mod tests;
