//! A simulated GitHub under a hand-turned clock.

use super::super::{Github, GithubConfig, Limits, Token};
use crate::command::{Command, Done};
use crate::simulator::Simulator;
use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use serde_json::Value;
use std::time::Duration;
use twinline_core::time::Timestamp;

pub(super) const START: i64 = 1_760_000_000_000;

pub(super) struct Bench {
    pub(super) github: Github,
    pub(super) now: Timestamp,
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with_limits(Limits::none())
    }

    pub(super) fn with_limits(limits: Limits) -> Self {
        let mut config = GithubConfig {
            limits,
            ..GithubConfig::default()
        };
        config.tokens.push(Token {
            secret: "read-only".to_owned(),
            login: "ana".to_owned(),
            may_write: false,
            may_manage_hooks: false,
        });
        Self {
            github: Github::new(config),
            now: Timestamp::from_millis(START),
        }
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
    }

    pub(super) fn send(&mut self, request: Request<Bytes>) -> Answer {
        let response = self.github.handle(self.now, &request);
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: if body.is_empty() {
                Value::Null
            } else {
                serde_json::from_slice(&body).unwrap()
            },
        }
    }

    pub(super) fn ask(&mut self, method: Method, path: &str, body: Value) -> Answer {
        let body = if body.is_null() {
            Bytes::new()
        } else {
            Bytes::from(body.to_string())
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", "Bearer github-token")
            .body(body)
            .unwrap();
        self.send(request)
    }

    pub(super) fn get(&mut self, path: &str) -> Answer {
        self.ask(Method::GET, path, Value::Null)
    }

    pub(super) fn post(&mut self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, body)
    }

    pub(super) fn patch(&mut self, path: &str, body: Value) -> Answer {
        self.ask(Method::PATCH, path, body)
    }

    pub(super) fn delete(&mut self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, Value::Null)
    }

    pub(super) fn command(&mut self, command: Command) -> Done {
        self.github.command(self.now, command).unwrap()
    }

    /// Creates an issue in `acme/app` and answers with its number.
    pub(super) fn issue(&mut self, title: &str) -> u64 {
        let answer = self.post(
            "/repos/acme/app/issues",
            serde_json::json!({"title": title}),
        );
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.body["number"].as_u64().unwrap()
    }
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The values of one key in a list.
    pub(super) fn each(&self, key: &str) -> Vec<Value> {
        let list = self
            .body
            .as_array()
            .unwrap_or_else(|| panic!("a list, not {}", self.body));
        list.iter().map(|entry| entry[key].clone()).collect()
    }
}
