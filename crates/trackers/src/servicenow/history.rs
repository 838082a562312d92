//! Who changed which field when, by `sys_audit`.
//!
//! Source: ServiceNow's page "Sys Audit table". It has rows of tables that are audited (every task is), one for each changed
//! field, with the login of who changed it. Making a record writes none.

use super::client::{self, Wanted};
use super::{ServiceNow, decode, stamp};
use crate::error::TrackerError;
use std::collections::BTreeSet;
use twinline_core::effect::FieldChange;
use twinline_core::item::ItemId;
use twinline_core::time::Timestamp;

/// Fields of the audit that are none of an item's own: the journals.
const NO_FIELDS: &[&str] = &[
    "comments",
    "work_notes",
    "comments_and_work_notes",
    "DELETED",
];

impl ServiceNow {
    /// The changes of an item's fields since, oldest first.
    pub(super) async fn history(
        &self,
        item: &ItemId,
        since: Timestamp,
    ) -> Result<Vec<FieldChange>, TrackerError> {
        let place = super::place(item)?;
        let query = format!(
            "documentkey={}^sys_created_on>={}^ORDERBYsys_created_on^ORDERBYrecord_checkpoint^ORDERBYsys_id",
            place.sys_id,
            stamp::write(since)
        );
        let wanted = Wanted {
            table: "sys_audit",
            query: &query,
            fields: "sys_id,documentkey,fieldname,user,sys_created_on",
            limit: client::PAGE_SMALL,
            offset: 0,
        };
        let rows = client::list_all(&self.client, wanted).await?;
        let logins: BTreeSet<String> = rows.iter().map(|row| row.text("user").to_owned()).collect();
        let people = self.known(&BTreeSet::new(), &logins).await?;
        let mut changes = Vec::new();
        for row in rows
            .iter()
            .filter(|row| !NO_FIELDS.contains(&row.text("fieldname")))
        {
            let by = row.text("user");
            if let Some(at) =
                stamp::read(row.text("sys_created_on")).filter(|at| *at >= since.floor_to_second())
            {
                changes.push(FieldChange {
                    field: decode::ours(row.text("fieldname")),
                    at,
                    by: people
                        .get(by)
                        .map_or_else(|| by.to_owned(), |person| person.id.clone()),
                });
            }
        }
        Ok(changes)
    }
}
