//! What the simulator does, told through its API.

use super::site::Site;
use super::{PASSWORD, ServiceNow, TOKEN, demo_site, seed};
use crate::command::{Command, Done};
use crate::seeds;
use crate::simulator::Simulator;
use crate::{Faults, Faulty};
use base64::Engine;
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use std::time::Duration;
use twinline_core::time::Timestamp;

struct World {
    instance: ServiceNow,
    now: Timestamp,
    authorization: String,
}

fn basic(login: &str, password: &str) -> String {
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{login}:{password}"));
    format!("Basic {pair}")
}

impl World {
    fn new() -> Self {
        Self::of(demo_site())
    }

    fn of(site: Site) -> Self {
        Self {
            instance: ServiceNow::new(site),
            now: Timestamp::parse("2026-01-31T09:30:00.700Z").unwrap(),
            authorization: basic("twinline", PASSWORD),
        }
    }

    fn send(&mut self, method: &str, path: &str, body: &Value) -> Response<Bytes> {
        self.now = self.now.plus(Duration::from_secs(10));
        let bytes = match body.is_null() {
            true => Bytes::new(),
            false => Bytes::from(body.to_string()),
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/now/table/{path}"))
            .header("authorization", &self.authorization);
        self.instance
            .handle(self.now, &request.body(bytes).unwrap())
    }

    fn expect(&mut self, status: u16, method: &str, path: &str, body: Value) -> Value {
        let answer = self.send(method, path, &body);
        let read = match answer.body().is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(answer.body()).unwrap(),
        };
        assert_eq!(answer.status(), status, "{method} {path}: {read}");
        read
    }

    fn list(&mut self, path: &str) -> Vec<Value> {
        let read = self.expect(200, "GET", path, Value::Null);
        read["result"].as_array().unwrap().clone()
    }

    fn incident(&mut self, title: &str) -> String {
        let made = self.expect(
            201,
            "POST",
            "incident",
            json!({ "short_description": title }),
        );
        made["result"]["sys_id"].as_str().unwrap().to_owned()
    }

    fn act(&mut self, command: Command) -> Done {
        self.instance.command(self.now, command).unwrap()
    }
}

#[test]
fn who_may_ask() {
    let mut world = World::new();
    for (authorization, status) in [
        (basic("twinline", PASSWORD), 200),
        (format!("Bearer {TOKEN}"), 200),
        (basic("twinline", "wrong"), 401),
        (basic("ana", ""), 401),
        ("Bearer wrong".to_owned(), 401),
    ] {
        world.authorization = authorization;
        let read = world.expect(status, "GET", "sys_user?sysparm_limit=1", Value::Null);
        if status == 401 {
            assert_eq!(read["error"]["message"], "User Not Authenticated");
            assert_eq!(read["status"], "failure");
        }
    }
    world.authorization = basic("twinline", PASSWORD);
    let read = world.expect(400, "GET", "moon", Value::Null);
    assert_eq!(read["error"]["message"], "Invalid table moon");
    let read = world.expect(404, "GET", "incident/0", Value::Null);
    assert_eq!(read["error"]["message"], "No Record found");
    world.expect(400, "POST", "incident", json!([1]));
}

#[test]
fn a_field_shows_its_value_its_display_value_or_both() {
    let mut world = World::new();
    let body = json!({ "short_description": "x", "assigned_to": "Ana Prieto", "impact": 1, "urgency": "2", "nonsense": 7 });
    let made = world.expect(201, "POST", "incident?sysparm_display_value=all", body);
    let made = &made["result"];
    assert_eq!(
        made["state"],
        json!({ "display_value": "New", "value": "1" })
    );
    assert_eq!(made["priority"]["display_value"], "2 - High");
    assert_eq!(made["assigned_to"]["display_value"], "Ana Prieto");
    assert_eq!(made["comments"]["value"], "");
    assert_eq!(made["sys_created_on"]["value"], "2026-01-31 09:30:10");
    // The account's time zone.
    assert_eq!(
        made["sys_created_on"]["display_value"],
        "2026-01-31 01:30:10"
    );
    let id = made["sys_id"]["value"].as_str().unwrap();
    let plain = world.expect(200, "GET", &format!("incident/{id}"), Value::Null);
    assert_eq!(plain["result"]["state"], "1");
    let link = plain["result"]["assigned_to"]["link"].as_str().unwrap();
    assert!(link.contains("/api/now/table/sys_user/"), "{link}");
    let path =
        format!("incident/{id}?sysparm_fields=number,assigned_to.email&sysparm_display_value=true");
    let walked = world.expect(200, "GET", &path, Value::Null);
    let expected = json!({ "number": "INC0010001", "assigned_to.email": "ana@acme.example" });
    assert_eq!(walked["result"], expected);
}

#[test]
fn a_write_counts_and_is_audited_and_nothing_is_neither() {
    let mut world = World::new();
    let id = world.incident("One");
    let path = format!("incident/{id}");
    let count = |read: &Value| read["result"]["sys_mod_count"].as_str().unwrap().to_owned();
    let same = world.expect(200, "PATCH", &path, json!({ "short_description": "One" }));
    assert_eq!(count(&same), "0");
    let changed = world.expect(
        200,
        "PUT",
        &path,
        json!({ "short_description": "Two", "work_notes": "seen" }),
    );
    assert_eq!(count(&changed), "1");
    let audits = world.list(&format!("sys_audit?sysparm_query=documentkey={id}"));
    assert_eq!(audits.len(), 1);
    assert_eq!(
        (&audits[0]["fieldname"], &audits[0]["oldvalue"]),
        (&json!("short_description"), &json!("One"))
    );
    let journal = world.list(&format!("sys_journal_field?sysparm_query=element_id={id}"));
    assert_eq!(
        (&journal[0]["element"], &journal[0]["value"]),
        (&json!("work_notes"), &json!("seen"))
    );
    world.expect(204, "DELETE", &path, Value::Null);
    let gone = world.list(&format!("sys_audit_delete?sysparm_query=documentkey={id}"));
    assert_eq!(gone[0]["display_value"], "INC0010001");
}

#[test]
fn a_closed_incident_needs_its_reasons() {
    let mut world = World::new();
    let id = world.incident("One");
    let path = format!("incident/{id}");
    let refused = world.expect(403, "PATCH", &path, json!({ "state": "6" }));
    let detail = refused["error"]["detail"].as_str().unwrap();
    assert!(
        detail.contains("Resolution code, Resolution notes"),
        "{detail}"
    );
    let reasons = json!({ "state": "7", "close_code": "Solution provided", "close_notes": "done" });
    let closed = world.expect(200, "PATCH", &path, reasons);
    assert_eq!(closed["result"]["active"], "false");
}

/// A query finds these titles, in this order.
fn check(world: &mut World, query: &str, expected: &[&str]) {
    let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let found = world.list(&format!("incident?sysparm_query={query}"));
    let found: Vec<&str> = found
        .iter()
        .map(|row| row["short_description"].as_str().unwrap())
        .collect();
    assert_eq!(found, expected, "{query}");
}

#[test]
fn queries_are_understood_and_unknown_fields_ignored() {
    let mut world = World::new();
    for title in ["a", "b^c", "d"] {
        world.incident(title);
    }
    let second = world.list("incident")[1]["sys_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let change = json!({ "urgency": "1", "assigned_to": "Ben Okafor" });
    world.expect(200, "PATCH", &format!("incident/{second}"), change);
    for (query, expected) in [
        ("ORDERBYDESCshort_description", &["d", "b^c", "a"][..]),
        ("urgency=1", &["b^c"]),
        ("short_description=b^^c", &["b^c"]),
        ("assigned_to.email=ben@acme.example", &["b^c"]),
        ("assigned_toISEMPTY", &["a", "d"]),
        (
            "short_descriptionINa,d^ORurgency=1^active=true",
            &["a", "b^c", "d"],
        ),
        (
            "short_description=a^NQshort_description=d^ORDERBYshort_description",
            &["a", "d"],
        ),
        ("sys_created_on>2026-01-31 09:30:20", &["d"]),
        // What is not understood narrows nothing.
        ("stauts=1", &["a", "b^c", "d"]),
        ("stauts=1^urgency=1", &["b^c"]),
    ] {
        check(&mut world, query, expected);
    }
    world.instance.site.switches.invalid_query_returns_no_rows = true;
    check(&mut world, "stauts=1^urgency=1", &[]);
}

#[test]
fn a_page_is_cut_before_hidden_records_are_left_out() {
    let mut world = World::new();
    for title in ["a", "b", "c"] {
        world.incident(title);
    }
    world.act(Command::Hide {
        keys: vec!["INC0010002".to_owned()],
        status: 404,
    });
    let answer = world.send(
        "GET",
        "incident?sysparm_limit=2&sysparm_query=ORDERBYnumber",
        &Value::Null,
    );
    assert_eq!(answer.headers()["x-total-count"], "3");
    let links = answer.headers()["link"].to_str().unwrap();
    assert!(links.contains("sysparm_offset=2>;rel=\"next\""), "{links}");
    let read: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(read["result"].as_array().unwrap().len(), 1);
}

#[test]
fn a_rate_limit_rule_is_told_and_kept() {
    let mut site = demo_site();
    site.switches.requests_per_hour = Some(2);
    let mut world = World::of(site);
    for _ in 0..2 {
        let answer = world.send("GET", "incident", &Value::Null);
        assert_eq!(
            (
                answer.status().as_u16(),
                &answer.headers()["x-ratelimit-limit"]
            ),
            (200, &"2".parse().unwrap())
        );
    }
    let refused = world.send("GET", "incident", &Value::Null);
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    // Another resource has a count of its own.
    world.expect(200, "GET", "problem", Value::Null);
    world.now = world.now.plus(Duration::from_secs(3600));
    world.expect(200, "GET", "incident", Value::Null);
}

#[test]
fn what_the_account_may_not_is_dropped_hidden_or_forbidden() {
    let mut site = demo_site();
    site.switches.unwritable = vec!["urgency".to_owned()];
    site.switches.silent_tables = vec!["sys_audit".to_owned()];
    site.switches.forbidden_tables = vec!["sys_audit_delete".to_owned()];
    let mut world = World::of(site);
    let id = world.incident("One");
    let written = world.expect(
        200,
        "PATCH",
        &format!("incident/{id}"),
        json!({ "urgency": "1", "impact": "1" }),
    );
    assert_eq!(
        (&written["result"]["urgency"], &written["result"]["impact"]),
        (&json!("3"), &json!("1"))
    );
    assert_eq!(world.list("sys_audit"), Vec::<Value>::new());
    world.expect(403, "GET", "sys_audit_delete", Value::Null);
}

#[test]
fn the_business_rule_posts_what_happened_signed() {
    let mut world = World::new();
    world.act(Command::Webhook {
        url: "http://edge.example/hooks/snow".to_owned(),
        secret: Some("key".to_owned()),
    });
    let create = Command::Create {
        container: None,
        by: "ana".to_owned(),
        title: "One".to_owned(),
        body: String::new(),
        labels: Vec::new(),
        assignees: Vec::new(),
    };
    let Done::Item(key) = world.act(create) else {
        panic!("nothing was made");
    };
    world.act(Command::comment(&key, "ana", "a word"));
    world.act(Command::Move {
        key: key.clone(),
        by: "ana".to_owned(),
        to: "problem".to_owned(),
    });
    world.act(Command::Delete {
        key,
        by: "ana".to_owned(),
    });
    let sent = world.instance.take_webhooks();
    let told: Vec<Value> = sent
        .iter()
        .map(|sent| serde_json::from_slice(sent.request.body()).unwrap())
        .collect();
    let events: Vec<&str> = told
        .iter()
        .map(|told| told["event"].as_str().unwrap())
        .collect();
    assert_eq!(events, ["insert", "comment", "move", "delete"]);
    assert_eq!(
        (&told[2]["table"], &told[2]["now"]),
        (&json!("incident"), &json!("problem"))
    );
    let signature = sent[0].request.headers()["x-twinline-signature"]
        .to_str()
        .unwrap();
    assert!(signature.starts_with("sha256="), "{signature}");
}

#[test]
fn it_is_seeded_and_dumped() {
    let mut instance = ServiceNow::new(demo_site());
    seed(&mut instance, Timestamp::EPOCH).unwrap();
    let dump = instance.dump();
    let first = dump.item("INC0010001").unwrap();
    assert_eq!(
        (first.status.as_str(), first.assignees[0].as_str()),
        ("In Progress", "ben")
    );
    assert_eq!(first.comments[0].channel, "comments");
    assert_eq!(first.labels, ["customer"]);
    let mut faulty = Faulty::new(Box::new(ServiceNow::new(demo_site())), Faults::default(), 1);
    let keys = seeds::seed_demo(&mut faulty, Timestamp::EPOCH, None, 20).unwrap();
    assert_eq!(keys.len(), 20);
}
