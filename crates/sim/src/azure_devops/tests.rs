//! What the simulator does, told through its API.

mod behaviour;
mod hooks;
mod schema;
mod wiql;

use super::{AzureDevOps, PAT, demo_organization};
use crate::command::{Command, Done};
use crate::simulator::Simulator;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use std::time::Duration;
use twinline_core::time::Timestamp;

/// An organization and a clock that each request moves by a second.
pub(super) struct World {
    pub(super) azure: AzureDevOps,
    pub(super) now: Timestamp,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            azure: AzureDevOps::new(demo_organization()),
            now: Timestamp::parse("2026-01-31T09:30:00Z").unwrap(),
        }
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
    }

    pub(super) fn ask_raw(
        &mut self,
        method: &str,
        path: &str,
        body: &Value,
    ) -> http::Response<Bytes> {
        self.wait(1);
        let credentials = STANDARD.encode(format!(":{PAT}"));
        let bytes = match body {
            Value::Null => Bytes::new(),
            body => Bytes::from(body.to_string()),
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("/acme/{path}"))
            .header("authorization", format!("Basic {credentials}"))
            .body(bytes)
            .unwrap();
        self.azure.handle(self.now, &request)
    }

    /// Asks, and expects a status; the body (null when it is empty).
    #[track_caller]
    pub(super) fn expect(&mut self, status: u16, method: &str, path: &str, body: Value) -> Value {
        let answer = self.ask_raw(method, path, &body);
        let text = answer.body();
        let shown = match text.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(text).unwrap(),
        };
        assert_eq!(answer.status().as_u16(), status, "{method} {path}: {shown}");
        shown
    }

    pub(super) fn get(&mut self, path: &str) -> Value {
        self.expect(200, "GET", path, Value::Null)
    }

    /// A person creates an item in the support project; its number.
    pub(super) fn item(&mut self, title: &str) -> u64 {
        let create = Command::Create {
            container: Some("Support".to_owned()),
            by: "ana".to_owned(),
            title: title.to_owned(),
            body: "Some *text*.".to_owned(),
            labels: vec!["b".to_owned(), "A".to_owned()],
            assignees: vec!["ben".to_owned()],
        };
        match self.azure.command(self.now, create).unwrap() {
            Done::Item(key) => key.trim_start_matches('#').parse().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Changes an item by a document.
    #[track_caller]
    pub(super) fn patch(&mut self, status: u16, id: u64, document: Value) -> Value {
        self.expect(
            status,
            "PATCH",
            &format!("_apis/wit/workitems/{id}"),
            document,
        )
    }
}

/// A document that sets one field.
pub(super) fn set(field: &str, value: Value) -> Value {
    json!([{"op": "add", "path": format!("/fields/{field}"), "value": value}])
}
