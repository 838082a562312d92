//! What the simulator does, told through its API.

mod behaviour;
mod fields;
mod hooks;
mod limits;
mod schema;
mod search;

use super::{API_TOKEN, JiraCloud, demo_site};
use crate::simulator::Simulator;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use std::time::Duration;
use twinline_core::time::Timestamp;

/// A site and a clock that each request moves by a second.
pub(super) struct World {
    pub(super) jira: JiraCloud,
    pub(super) now: Timestamp,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            jira: JiraCloud::new(demo_site()),
            now: Timestamp::parse("2026-01-31T09:30:00Z").unwrap(),
        }
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
    }

    /// Asks with the API token; the answer is the status and the body (null when it is empty).
    pub(super) fn ask(&mut self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let answer = self.ask_raw(method, path, body);
        let text = answer.body();
        let body = match text.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(text).unwrap(),
        };
        (answer.status().as_u16(), body)
    }

    pub(super) fn ask_raw(
        &mut self,
        method: &str,
        path: &str,
        body: Value,
    ) -> http::Response<Bytes> {
        self.wait(1);
        let credentials = STANDARD.encode(format!("twinline@acme.example:{API_TOKEN}"));
        let bytes = if body.is_null() {
            Bytes::new()
        } else {
            Bytes::from(body.to_string())
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("/rest/api/3/{path}"))
            .header("authorization", format!("Basic {credentials}"))
            .body(bytes)
            .unwrap();
        self.jira.handle(self.now, &request)
    }

    /// Asks and expects a status.
    pub(super) fn expect(&mut self, status: u16, method: &str, path: &str, body: Value) -> Value {
        let (found, answer) = self.ask(method, path, body);
        assert_eq!(found, status, "{method} {path}: {answer}");
        answer
    }

    /// Makes an issue with a summary and answers its key.
    pub(super) fn issue(&mut self, summary: &str) -> String {
        self.issue_with("APP", json!({"summary": summary}))
    }

    pub(super) fn issue_with(&mut self, project: &str, mut fields: Value) -> String {
        fields["project"] = json!({"key": project});
        if fields.get("issuetype").is_none() {
            fields["issuetype"] = json!({"name": "Task"});
        }
        let made = self.expect(201, "POST", "issue", json!({"fields": fields}));
        made["key"].as_str().unwrap().to_owned()
    }

    pub(super) fn field(&mut self, key: &str, field: &str) -> Value {
        self.expect(200, "GET", &format!("issue/{key}"), Value::Null)["fields"][field].clone()
    }
}

pub(super) fn adf(text: &str) -> Value {
    json!({"type": "doc", "version": 1, "content": [
        {"type": "paragraph", "content": [{"type": "text", "text": text}]}]})
}
