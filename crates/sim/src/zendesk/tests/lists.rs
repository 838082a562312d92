//! Lists, the search, the export, the bin.

use super::World;
use crate::simulator::Simulator;
use serde_json::{Value, json};
use std::time::Duration;

fn ids(answer: &Value, name: &str) -> Vec<u64> {
    let listed = answer[name].as_array().unwrap();
    listed
        .iter()
        .map(|one| one["id"].as_u64().unwrap())
        .collect()
}

#[test]
fn a_cursor_loses_nothing_that_moves() {
    let mut world = World::new();
    for n in 0..5 {
        world.ticket(&format!("Ticket {n}"));
    }
    let first = world.get("tickets?page[size]=2");
    assert_eq!(ids(&first, "tickets"), [1, 2]);
    assert_eq!(first["meta"]["has_more"], true);
    let next = first["links"]["next"].as_str().unwrap();
    let next = next.split_once("/api/v2/").unwrap().1.to_owned();
    world.expect(204, "DELETE", "tickets/2", Value::Null);
    assert_eq!(ids(&world.get(&next), "tickets"), [3, 4]);
    world.update(3, json!({"priority": "high"}));
    let newest = world.get("tickets?sort=-updated_at&page[size]=2&include=users");
    assert_eq!(ids(&newest, "tickets"), [3, 5]);
    assert_eq!(newest["users"][0]["name"], "Twinline");
    let pages = world.get("tickets?per_page=3&page=2");
    assert_eq!(ids(&pages, "tickets"), [5]);
    assert_eq!(
        (&pages["count"], &pages["next_page"]),
        (&json!(4), &Value::Null)
    );
    world.expect(400, "GET", "tickets?page=101", Value::Null);
    world.expect(400, "GET", "tickets?page[size]=101", Value::Null);
    let many = world.get("tickets/show_many?ids=5,2,1,77");
    assert_eq!(ids(&many, "tickets"), [1, 5]);
}

#[test]
fn tickets_are_listed_by_their_external_id() {
    let mut world = World::new();
    let id = world.ticket("One");
    world.ticket("Two");
    world.update(id, json!({"external_id": "a:b"}));
    assert_eq!(ids(&world.get("tickets?external_id=a:b"), "tickets"), [id]);
    assert!(ids(&world.get("tickets?external_id=c"), "tickets").is_empty());
}

#[test]
fn the_export_leaves_the_last_minute_out_and_tells_deletions() {
    let mut world = World::new();
    let start = world.now.as_millis() / 1000;
    for n in 0..3 {
        world.ticket(&format!("Ticket {n}"));
    }
    let path = format!("incremental/tickets/cursor?start_time={start}&per_page=2");
    world.expect(
        422,
        "GET",
        &format!("incremental/tickets/cursor?start_time={}", start + 3600),
        Value::Null,
    );
    world.wait(120);
    world.update(1, json!({"priority": "high"}));
    let first = world.get(&path);
    // The first was touched a moment ago.
    assert_eq!(ids(&first, "tickets"), [2, 3]);
    assert_eq!(first["end_of_stream"], true);
    world.expect(204, "DELETE", "tickets/2", Value::Null);
    world.wait(61);
    let cursor = first["after_cursor"].as_str().unwrap();
    let second = world.get(&format!("incremental/tickets/cursor?cursor={cursor}"));
    assert_eq!(ids(&second, "tickets"), [1, 2]);
    assert_eq!(second["tickets"][1]["status"], "deleted");
    world.expect(404, "GET", "tickets/2", Value::Null);
    let bin = world.get("deleted_tickets?page[size]=10&sort=-deleted_at");
    assert_eq!(bin["deleted_tickets"][0]["actor"]["name"], "Twinline");
    world.expect(200, "PUT", "deleted_tickets/2/restore", Value::Null);
    world.get("tickets/2");
    assert!(ids(&world.get("deleted_tickets"), "deleted_tickets").is_empty());
    world.expect(
        400,
        "GET",
        "incremental/tickets/cursor?cursor=moon",
        Value::Null,
    );
}

fn check_search(query: &str, expected: &[u64]) {
    let mut world = World::new();
    for subject in ["Cart is empty", "Mail", "Cartons"] {
        world.ticket(subject);
    }
    world.update(
        1,
        json!({"priority": "high", "tags": ["vip", "de"], "assignee_id": 9001}),
    );
    world.update(
        2,
        json!({"status": "solved", "group_id": 502, "brand_id": 2, "type": "incident"}),
    );
    let fields = json!([{"id": 3001, "value": "Shop"}]);
    world.update(
        3,
        json!({"status": "pending", "priority": "low", "custom_fields": fields}),
    );
    let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let answer = world.get(&format!(
        "search/export?filter[type]=ticket&page[size]=10&query={query}"
    ));
    assert_eq!(ids(&answer, "results"), expected, "{query}");
    let count = world.get(&format!("search/count?query={query}"));
    assert_eq!(count["count"], expected.len());
}

#[test]
fn the_search_has_a_language() {
    check_search("", &[1, 2, 3]);
    check_search("status<solved", &[1, 3]);
    check_search("status>=pending", &[2, 3]);
    check_search("status:open status:pending", &[1, 3]);
    check_search("-status:pending", &[1, 2]);
    check_search("priority>low", &[1]);
    check_search("priority:none", &[2]);
    check_search("tags:VIP", &[1]);
    check_search("-tags:vip", &[2, 3]);
    check_search("assignee:\"Ana Prieto\"", &[1]);
    check_search("assignee:none", &[2, 3]);
    check_search("group:Engineering brand:Globex", &[2]);
    check_search("ticket_type:incident", &[2]);
    check_search("custom_field_3001:shop", &[3]);
    check_search("cart", &[1, 3]);
    check_search("\"cart is\"", &[1]);
    check_search("created>2026-01-31", &[]);
    check_search("created>=2026-01-31", &[1, 2, 3]);
    // What is no property is a word, which nothing has.
    check_search("flavour:sweet", &[]);
}

#[test]
fn the_search_lags_and_refuses_what_it_cannot_take_apart() {
    let mut world = World::new();
    world.zendesk.set_index_lag(Duration::from_secs(60));
    world.ticket("One");
    assert_eq!(world.get("search?query=one")["count"], 0);
    world.wait(60);
    assert_eq!(world.get("search?query=one")["count"], 1);
    world.expect(422, "GET", "search?query=%22open", Value::Null);
}
