//! The Attachment API: list, get, file, upload, delete. What is in a file is kept beside its record of `sys_attachment`.

use super::ServiceNow;
use super::failure::{Answer, Failure};
use super::records::By;
use super::route::Asked;
use super::stamp::stamp;
use super::store::Row;
use crate::call::{empty, json, set};
use crate::command::{Done, Refused};
use crate::dump::DumpAttachment;
use crate::file;
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

/// The table of files.
const FILES: &str = "sys_attachment";
/// What is shown of a file.
const SHOWN: [&str; 8] = [
    "sys_id",
    "file_name",
    "size_bytes",
    "content_type",
    "table_name",
    "table_sys_id",
    "sys_created_on",
    "sys_created_by",
];

impl ServiceNow {
    pub(super) fn route_files(&mut self, asked: &Asked<'_>, below: &[&str]) -> Answer {
        let forbidden = &self.site.switches.forbidden_tables;
        if forbidden.iter().any(|table| table == FILES) {
            return Err(Failure::forbidden());
        }
        match (asked.call.method.as_str(), below) {
            ("GET", []) => Ok(self.list_files(asked)),
            ("POST", ["file"]) => self.upload(asked),
            ("GET", [id]) => {
                let row = self.file(id)?;
                Ok(json(
                    StatusCode::OK,
                    &json!({ "result": self.show_file(row) }),
                ))
            }
            ("GET", [id, "file"]) => {
                let row = self.file(id)?;
                let content = self.contents.get(*id).cloned().unwrap_or_default();
                Ok(file::ranged(asked.call, &content, row.get("content_type")))
            }
            ("DELETE", [id]) => {
                self.file(id)?;
                let by = By {
                    now: asked.now,
                    who: &asked.caller,
                };
                self.remove(by, id);
                Ok(empty(StatusCode::NO_CONTENT))
            }
            _ => Err(Failure::no_operation()),
        }
    }

    fn list_files(&self, asked: &Asked<'_>) -> http::Response<Bytes> {
        let query = asked.call.param("sysparm_query").unwrap_or_default();
        let conditions: Vec<(&str, &str)> = query
            .split('^')
            .filter_map(|part| part.split_once('='))
            .collect();
        let rows = self.store.of_class(FILES).filter(|row| {
            let holds = |(column, value): &(&str, &str)| row.get(column) == *value;
            conditions.iter().all(holds) && self.is_of_visible(row)
        });
        let shown: Vec<Value> = rows.map(|row| self.show_file(row)).collect();
        json(StatusCode::OK, &json!({ "result": shown }))
    }

    /// Whether the API may show the record that a file belongs to.
    fn is_of_visible(&self, row: &Row) -> bool {
        let parent = self.store.get(row.get("table_sys_id"));
        parent.is_some_and(|parent| parent.hidden.is_none())
    }

    fn file(&self, id: &str) -> Result<&Row, Failure> {
        let row = self.store.get(id).filter(|row| row.class == FILES);
        let row = row.filter(|row| self.is_of_visible(row));
        row.ok_or_else(Failure::no_record)
    }

    fn upload(&mut self, asked: &Asked<'_>) -> Answer {
        let said = |name: &str| asked.call.param(name).map(str::to_owned);
        let (Some(table), Some(record), Some(name)) =
            (said("table_name"), said("table_sys_id"), said("file_name"))
        else {
            return Err(Failure::not_json());
        };
        self.visible(&table, &record)?;
        let kind = asked.call.header("content-type");
        let kind = kind.unwrap_or("application/octet-stream").to_owned();
        let by = By {
            now: asked.now,
            who: &asked.caller,
        };
        let content = asked.call.body().clone();
        let id = self.store_file(by, &record, (&name, &kind), content);
        let row = self.file(&id)?;
        let mut response = json(
            StatusCode::CREATED,
            &json!({ "result": self.show_file(row) }),
        );
        let location = format!("{}/api/now/attachment/{id}", self.base_url);
        set(&mut response, "location", &location);
        Ok(response)
    }

    fn store_file(
        &mut self,
        by: By<'_>,
        record: &str,
        (name, kind): (&str, &str),
        content: Bytes,
    ) -> String {
        let mut row = Row {
            sys_id: self.store.new_id(),
            class: FILES.to_owned(),
            ..Row::default()
        };
        let class = self.store.get(record).map(|row| row.class.clone());
        row.set("file_name", name);
        row.set("content_type", kind);
        row.set("size_bytes", content.len().to_string());
        row.set("table_name", class.unwrap_or_default());
        row.set("table_sys_id", record);
        row.set("sys_created_on", stamp(by.now));
        row.set("sys_created_by", by.who);
        let id = row.sys_id.clone();
        self.store.put(row);
        self.contents.insert(id.clone(), content.into());
        id
    }

    fn show_file(&self, row: &Row) -> Value {
        let mut shown: serde_json::Map<String, Value> = SHOWN
            .iter()
            .map(|name| ((*name).to_owned(), json!(row.get(name))))
            .collect();
        let link = format!("{}/api/now/attachment/{}/file", self.base_url, row.sys_id);
        shown.insert("download_link".to_owned(), json!(link));
        shown.into()
    }

    pub(super) fn attach_by_hand(
        &mut self,
        by: By<'_>,
        record: &str,
        (name, kind): (&str, Option<String>),
        content: Bytes,
    ) -> Done {
        let kind = kind.unwrap_or_else(|| "text/plain".to_owned());
        Done::Attachment(self.store_file(by, record, (name, &kind), content))
    }

    pub(super) fn detach_by_hand(
        &mut self,
        by: By<'_>,
        record: &str,
        id: &str,
    ) -> Result<Done, Refused> {
        let row = self.store.get(id).filter(|row| row.class == FILES);
        if row.is_none_or(|row| row.get("table_sys_id") != record) {
            return Err(Refused::unknown("attachment", id));
        }
        self.remove(by, id);
        Ok(Done::Nothing)
    }

    pub(super) fn dump_files(&self, record: &str) -> Vec<DumpAttachment> {
        let rows = self.store.of_class(FILES);
        let rows = rows.filter(|row| row.get("table_sys_id") == record);
        let dumped = |row: &Row| {
            let content = self.contents.get(&row.sys_id).cloned().unwrap_or_default();
            DumpAttachment {
                id: row.sys_id.clone(),
                author: row.get("sys_created_by").to_owned(),
                name: row.get("file_name").to_owned(),
                size: content.len(),
                digest: content.digest().to_owned(),
            }
        };
        rows.map(dumped).collect()
    }
}
