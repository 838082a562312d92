//! The entries of a record's journals. They are records of `sys_journal_field`: the record itself shows none of them as a value.

use super::client::{self, Wanted};
use super::{CHANNEL_COMMENTS, CHANNEL_WORK_NOTES, Place, ServiceNow, TRACKER, stamp, wire};
use crate::error::TrackerError;
use crate::http::Call;
use http::StatusCode;
use twinline_core::effect::Recognised;
use twinline_core::item::ItemId;
use twinline_core::time::Timestamp;

/// The columns that are read of an entry.
const FIELDS: &str = "sys_id,element,element_id,value,sys_created_by,sys_created_on";
/// The newest entries among which one of ours is looked for.
const NEWEST: usize = 100;

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) sys_id: String,
    /// The journal: `comments`, `work_notes`.
    pub(super) channel: String,
    pub(super) text: String,
    /// The login of who wrote it.
    pub(super) by: String,
    pub(super) created: Timestamp,
}

impl ServiceNow {
    /// All entries of a record, in the order of their creation.
    pub(super) async fn entries(&self, sys_id: &str) -> Result<Vec<Entry>, TrackerError> {
        let query = format!(
            "element_id={sys_id}^elementIN{CHANNEL_COMMENTS},{CHANNEL_WORK_NOTES}^ORDERBYsys_created_on^ORDERBYsys_id"
        );
        let wanted = Wanted {
            table: "sys_journal_field",
            query: &query,
            fields: FIELDS,
            limit: client::PAGE_SMALL,
            offset: 0,
        };
        let rows = client::list_all(&self.client, wanted).await?;
        rows.iter().map(entry).collect()
    }

    /// The newest entries of one journal that our account wrote.
    pub(super) async fn own_entries(
        &self,
        place: Place<'_>,
        channel: &str,
    ) -> Result<Vec<Entry>, TrackerError> {
        let login = self.account().await?.and_then(|account| account.login);
        let query = format!(
            "element_id={}^element={channel}^ORDERBYDESCsys_created_on^ORDERBYDESCsys_id",
            place.sys_id
        );
        let wanted = Wanted {
            table: "sys_journal_field",
            query: &query,
            fields: FIELDS,
            limit: NEWEST,
            offset: 0,
        };
        let listed = client::list(&self.client, wanted).await?;
        let entries: Vec<Entry> = listed.records.iter().map(entry).collect::<Result<_, _>>()?;
        // Where ServiceNow does not say who we are, anybody's entry may be ours.
        let ours = |entry: &Entry| {
            login
                .as_ref()
                .is_none_or(|login| entry.by.eq_ignore_ascii_case(login))
        };
        Ok(entries.into_iter().filter(ours).collect())
    }

    /// Whether an entry was deleted. One that is not shown may be hidden; only the audit log tells.
    pub(super) async fn entry_deleted(
        &self,
        item: &ItemId,
        comment: &str,
    ) -> Result<Recognised, TrackerError> {
        super::place(item)?;
        let entry = Place {
            table: "sys_journal_field",
            sys_id: comment,
        };
        if !entry.is_sound() {
            return Ok(Recognised::Unclear {
                reason: format!("'{comment}' is no entry of a journal"),
            });
        }
        let call = client::both(Call::get(client::path_of(entry)));
        let call = call.accept(&[StatusCode::NOT_FOUND, StatusCode::FORBIDDEN]);
        if self.client.send(call).await?.status.is_success() {
            return Ok(Recognised::NotThere);
        }
        Ok(match self.deletion(entry.table, comment).await? {
            Some(_) => Recognised::There(Box::default()),
            None => Recognised::Unclear {
                reason: format!(
                    "{TRACKER} does not show this entry and does not say that it was deleted"
                ),
            },
        })
    }
}

fn entry(row: &wire::Record) -> Result<Entry, TrackerError> {
    let text = |name: &str| row.text(name).to_owned();
    let created =
        stamp::read(row.text("sys_created_on")).ok_or_else(|| TrackerError::Unreadable {
            tracker: TRACKER.to_owned(),
            place: client::path("sys_journal_field"),
            reason: "an entry without sys_created_on".to_owned(),
        })?;
    Ok(Entry {
        sys_id: text("sys_id"),
        channel: text("element"),
        text: text("value"),
        by: text("sys_created_by"),
        created,
    })
}
