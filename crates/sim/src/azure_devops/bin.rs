//! The recycle bin: what is in it is deleted and can come back.

use super::AzureDevOps;
use super::failure::{Answer, Failure, listed};
use super::model::WorkItem;
use super::request::Asked;
use super::route::{no_operation, number};
use crate::call::{empty, json};
use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

impl AzureDevOps {
    /// Everything in the bin of a project, or of all.
    pub(super) fn list_bin(&self, asked: &Asked<'_>) -> Response<Bytes> {
        let deleted = self
            .items
            .values()
            .filter(|item| self.in_reach(asked, item));
        listed(deleted.map(|item| self.deleted(item)).collect())
    }

    fn in_reach(&self, asked: &Asked<'_>, item: &WorkItem) -> bool {
        let project = item.text("System.TeamProject");
        item.deleted.is_some()
            && !item.destroyed
            && item.hidden.is_none()
            && asked.project.as_ref().is_none_or(|named| named == project)
    }

    /// One item in the bin: shown, restored, destroyed.
    pub(super) fn in_bin(&mut self, asked: &Asked<'_>, id: &str) -> Answer {
        let id = number(id)?;
        let item = self
            .items
            .get(&id)
            .filter(|item| self.in_reach(asked, item));
        let item = item.ok_or_else(|| {
            Failure::new(
                StatusCode::NOT_FOUND,
                "WorkItemNotFoundException",
                format!("TF401232: Work item {id} does not exist in the recycle bin, or you do not have permissions to read it."),
            )
        })?;
        match asked.call.method.as_str() {
            "GET" => Ok(json(StatusCode::OK, &self.deleted(item))),
            "PATCH" => {
                if asked.body()?["isDeleted"] != Value::Bool(false) {
                    return Err(Failure::invalid("isDeleted must be false."));
                }
                let shown = self.deleted(item);
                self.restore(asked.by(), id);
                Ok(json(
                    StatusCode::OK,
                    &json!({"id": id, "code": 200, "url": shown["url"]}),
                ))
            }
            "DELETE" => {
                self.destroy(id);
                Ok(empty(StatusCode::OK))
            }
            _ => Err(no_operation()),
        }
    }
}
