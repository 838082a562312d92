//! What the simulator does, told through its API.

mod hooks;
mod lists;
mod tickets;

use super::site::{Limits, Site};
use super::{API_TOKEN, OAUTH_TOKEN, Zendesk, demo_site};
use crate::seeds;
use crate::simulator::Simulator;
use crate::{Faults, Faulty};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use std::time::Duration;
use twinline_core::time::Timestamp;

/// An account and a clock that each request moves by a second.
pub(super) struct World {
    pub(super) zendesk: Zendesk,
    pub(super) now: Timestamp,
    authorization: String,
    key: Option<&'static str>,
}

pub(super) fn basic(email: &str, token: &str) -> String {
    format!(
        "Basic {}",
        STANDARD.encode(format!("{email}/token:{token}"))
    )
}

impl World {
    pub(super) fn new() -> Self {
        Self::of(demo_site())
    }

    pub(super) fn of(site: Site) -> Self {
        Self {
            zendesk: Zendesk::new(site),
            now: Timestamp::parse("2026-01-31T09:30:00.700Z").unwrap(),
            authorization: basic("twinline@acme.example", API_TOKEN),
            key: None,
        }
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
    }

    pub(super) fn ask_raw(&mut self, method: &str, path: &str, body: Value) -> Response<Bytes> {
        self.wait(1);
        let bytes = match body.is_null() {
            true => Bytes::new(),
            false => Bytes::from(body.to_string()),
        };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v2/{path}"))
            .header("authorization", &self.authorization);
        if let Some(key) = self.key {
            request = request.header("idempotency-key", key);
        }
        self.zendesk.handle(self.now, &request.body(bytes).unwrap())
    }

    pub(super) fn ask(&mut self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let answer = self.ask_raw(method, path, body);
        let body = match answer.body().is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(answer.body()).unwrap(),
        };
        (answer.status().as_u16(), body)
    }

    /// Asks and expects a status.
    pub(super) fn expect(&mut self, status: u16, method: &str, path: &str, body: Value) -> Value {
        let (found, answer) = self.ask(method, path, body);
        assert_eq!(found, status, "{method} {path}: {answer}");
        answer
    }

    pub(super) fn get(&mut self, path: &str) -> Value {
        self.expect(200, "GET", path, Value::Null)
    }

    /// Makes a ticket; its id.
    pub(super) fn ticket(&mut self, subject: &str) -> u64 {
        let body = json!({"ticket": {"subject": subject, "comment": {"body": "It fails."}}});
        self.expect(201, "POST", "tickets.json", body)["ticket"]["id"]
            .as_u64()
            .unwrap()
    }

    pub(super) fn update(&mut self, id: u64, attributes: Value) -> Value {
        let path = format!("tickets/{id}");
        self.expect(200, "PUT", &path, json!({"ticket": attributes}))
    }
}

#[test]
fn who_may_ask() {
    let mut world = World::new();
    for (authorization, status) in [
        (basic("twinline@acme.example", API_TOKEN), 200),
        (basic("TWINLINE@acme.example", API_TOKEN), 200),
        (format!("Bearer {OAUTH_TOKEN}"), 200),
        (basic("twinline@acme.example", "wrong"), 401),
        (basic("nobody@acme.example", API_TOKEN), 401),
        ("Bearer wrong".to_owned(), 401),
        (basic("carla@customer.example", API_TOKEN), 403),
    ] {
        world.authorization.clone_from(&authorization);
        world.expect(status, "GET", "users/me.json", Value::Null);
    }
    // An agent works on tickets, and exports nothing.
    world.authorization = basic("ana@acme.example", API_TOKEN);
    assert_eq!(world.get("users/me")["user"]["role"], "agent");
    let export = "incremental/tickets/cursor?start_time=0";
    world.expect(403, "GET", export, Value::Null);
    world.expect(403, "GET", "webhooks", Value::Null);
    world.expect(404, "GET", "moon", Value::Null);
}

#[test]
fn the_account_is_described() {
    let mut world = World::new();
    assert_eq!(world.get("groups")["count"], 2);
    assert_eq!(world.get("brands.json")["brands"][1]["name"], "Globex");
    let statuses = world.get("custom_statuses")["custom_statuses"].clone();
    assert_eq!(statuses[5]["status_category"], "open");
    let fields = world.get("ticket_fields?page[size]=100")["ticket_fields"].clone();
    assert_eq!(fields.as_array().unwrap().len(), 18);
    let agents = world.get("users?role[]=agent&role[]=admin&page[size]=3");
    assert_eq!(agents["users"].as_array().unwrap().len(), 3);
    assert_eq!(agents["meta"]["has_more"], true);
    assert_eq!(world.get("groups/502/users")["count"], 6);
    let found = world.get("users/search?query=email:carla@customer.example");
    assert_eq!(found["users"][0]["role"], "end-user");
}

#[test]
fn limits_are_told_and_kept() {
    let mut site = demo_site();
    site.limits = Limits {
        account: 100,
        ..Limits::PROFESSIONAL
    };
    let mut world = World::of(site);
    let id = world.ticket("One");
    for n in 0..30 {
        world.update(id, json!({"subject": format!("One {n}")}));
    }
    let answer = world.ask_raw(
        "PUT",
        &format!("tickets/{id}"),
        json!({"ticket": {"subject": "x"}}),
    );
    assert_eq!(answer.status(), 429);
    assert_ne!(answer.headers()["x-rate-limit-remaining"], "0");
    assert!(
        answer.headers()["retry-after"]
            .to_str()
            .unwrap()
            .parse::<u64>()
            .unwrap()
            > 500
    );
    world.wait(60);
    for _ in 0..10 {
        world.get("incremental/tickets/cursor?start_time=0");
    }
    world.expect(
        429,
        "GET",
        "incremental/tickets/cursor?start_time=0",
        Value::Null,
    );
    // All requests of a minute together.
    world.wait(60 - (world.now.as_millis() / 1000 % 60) as u64);
    let minute = world.now;
    for _ in 0..100 {
        world.now = minute;
        world.get("users/me");
    }
    world.now = minute;
    let answer = world.ask_raw("GET", "users/me", Value::Null);
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["x-rate-limit-remaining"], "0");
    assert_eq!(
        answer.headers()["retry-after"],
        answer.headers()["ratelimit-reset"]
    );
}

#[test]
fn items_that_look_real_can_be_seeded() {
    let world = World::new();
    let mut tracker = Faulty::new(Box::new(world.zendesk), Faults::default(), 1);
    let keys = seeds::seed_demo(&mut tracker, world.now, None, 20).unwrap();
    assert_eq!((keys.len(), keys[19].as_str()), (20, "#20"));
}
