//! A record that ServiceNow does not show: made one of another table, deleted, or hidden.
//!
//! ServiceNow answers 404 to all three ("Record doesn't exist or ACL restricts the record retrieval"). The table that the first
//! one extends still has a record that was made one of another table; the audit log has what was deleted. Everything else is
//! hidden, as far as anybody can say.

use super::client::{self, Wanted};
use super::{Place, ServiceNow, TASK, is_name, is_sys_id, wire};
use crate::connector::Impossible;
use crate::error::TrackerError;
use crate::http::{Call, Reply};
use http::StatusCode;
use twinline_core::item::{Fetched, ItemRef};

impl ServiceNow {
    /// What became of a record to which ServiceNow answered 404.
    pub(super) async fn absent(
        &self,
        place: Place<'_>,
        reply: &Reply,
    ) -> Result<Fetched, TrackerError> {
        if let Some(there) = self.elsewhere(place).await? {
            return Ok(Fetched::Moved(there));
        }
        if let Some(evidence) = self.deletion(place.table, place.sys_id).await? {
            return Ok(Fetched::Deleted { evidence });
        }
        let reason = client::said(reply);
        Ok(Fetched::Unreachable { reason })
    }

    /// Where the record is now, if it is one of another table of the same family.
    async fn elsewhere(&self, place: Place<'_>) -> Result<Option<ItemRef>, TrackerError> {
        let meta = match self.meta(place.table).await {
            // The table is gone, or the dictionary is hidden: then nobody says.
            Err(TrackerError::Refused { .. } | TrackerError::Unreachable { .. }) => {
                return Ok(None);
            }
            meta => meta?,
        };
        let root = match meta.lineage.as_slice() {
            [_, .., root] => root.clone(),
            _ => return Ok(None),
        };
        let at = Place {
            table: &root,
            sys_id: place.sys_id,
        };
        let call = client::both(Call::get(client::path_of(at)))
            .query("sysparm_fields", "sys_id,sys_class_name,number");
        let call = call.accept(&[StatusCode::NOT_FOUND, StatusCode::FORBIDDEN]);
        let reply = self.client.send(call).await?;
        if !reply.status.is_success() {
            return Ok(None);
        }
        let record = wire::one(&reply)?;
        let class = record.text("sys_class_name");
        let moved = is_name(class) && class != place.table;
        Ok(moved.then(|| self.reference(class, &record)))
    }

    /// What the audit log says of a record's deletion; `None` where it says nothing, or is not for our eyes.
    pub(super) async fn deletion(
        &self,
        table: &str,
        sys_id: &str,
    ) -> Result<Option<String>, TrackerError> {
        let query = format!("tablename={table}^documentkey={sys_id}^ORDERBYDESCsys_created_on");
        let wanted = Wanted {
            table: "sys_audit_delete",
            query: &query,
            fields: "sys_id,tablename,documentkey,sys_created_on,sys_created_by",
            limit: 1,
            offset: 0,
        };
        let listed = client::list_or_why(&self.client, wanted, &[StatusCode::FORBIDDEN]).await?;
        let rows = listed.map(|listed| listed.records).unwrap_or_default();
        // The conditions may have been ignored.
        let mut rows = rows.iter().filter(|row| row.text("documentkey") == sys_id);
        Ok(rows.next().map(|row| {
            let (at, by) = (row.text("sys_created_on"), row.text("sys_created_by"));
            format!("sys_audit_delete says that {by} deleted it at {at} UTC")
        }))
    }

    /// The record that a person calls `key`: a task's number, or `TABLE:NUMBER`, or `TABLE:SYS_ID`.
    pub(super) async fn look_up(&self, key: &str) -> Result<Option<ItemRef>, TrackerError> {
        let (table, name) = key.split_once(':').unwrap_or((TASK, key));
        let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if !is_name(table) || name.is_empty() || !name.chars().all(sound) {
            return Err(client::refused(Impossible::request(format!(
                "'{key}' is no record of ServiceNow: write INC0010001, or TABLE:NUMBER outside of tasks"
            ))));
        }
        if !key.contains(':') {
            return self.numbered(TASK, name).await;
        }
        self.meta(table).await?;
        if is_sys_id(name) {
            let query = format!("sys_id={name}");
            return self
                .first(table, &query, |record| record.text("sys_id") == name)
                .await;
        }
        self.numbered(table, name).await
    }

    async fn numbered(&self, table: &str, number: &str) -> Result<Option<ItemRef>, TrackerError> {
        let query = format!("number={number}^ORDERBYsys_created_on");
        let is_it = |record: &wire::Record| record.text("number").eq_ignore_ascii_case(number);
        self.first(table, &query, is_it).await
    }

    async fn first(
        &self,
        table: &str,
        query: &str,
        is_it: impl Fn(&wire::Record) -> bool,
    ) -> Result<Option<ItemRef>, TrackerError> {
        let wanted = Wanted {
            table,
            query,
            fields: "sys_id,number,sys_class_name",
            limit: 10,
            offset: 0,
        };
        let listed = client::list(&self.client, wanted).await?;
        let record = listed.records.iter().find(|record| is_it(record));
        Ok(record.map(|record| {
            let class = record.text("sys_class_name");
            let class = if is_name(class) { class } else { table };
            self.reference(class, record)
        }))
    }
}
