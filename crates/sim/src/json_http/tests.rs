//! What the two APIs promise, seen by somebody who knows no connector.

use super::*;
use crate::command::{Command, Done};
use crate::simulator::Simulator;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use twinline_core::time::Timestamp;

const NOW: Timestamp = Timestamp::from_millis(1_769_851_800_000);

fn ask(
    api: &mut dyn Simulator,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Value,
) -> (StatusCode, Value, Option<String>) {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("http://api.sim{path}"));
    let known = [
        ("authorization", format!("Bearer {DESK_TOKEN}")),
        ("x-desk-version", "2".to_owned()),
        ("x-board-key", BOARD_KEY.to_owned()),
    ];
    for (name, value) in &known {
        request = request.header(*name, value);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if body.is_null() {
        Bytes::new()
    } else {
        body.to_string().into()
    };
    let response = api.handle(NOW, &request.body(body).unwrap());
    let etag = response
        .headers()
        .get("etag")
        .map(|etag| etag.to_str().unwrap().to_owned());
    let body = serde_json::from_slice(response.body()).unwrap_or_default();
    (response.status(), body, etag)
}

fn seeded(api: &mut dyn Simulator, count: usize) -> Vec<String> {
    let create = |number: usize| Command::Create {
        container: None,
        by: "ana".to_owned(),
        title: format!("item {number}"),
        body: "a text".to_owned(),
        labels: vec!["bug".to_owned()],
        assignees: vec!["ben".to_owned()],
    };
    let made = (0..count).map(|number| api.command(NOW, create(number)).unwrap());
    let keys = made.map(|done| match done {
        Done::Item(key) => key,
        other => panic!("{other:?}"),
    });
    keys.collect()
}

#[test]
fn a_desk_item_is_changed_only_by_who_has_seen_it() {
    let mut desk = Desk::default();
    assert_eq!(seeded(&mut desk, 1), ["D-1"]);
    let (status, body, etag) = ask(&mut desk, Method::GET, "/api/items/1", &[], Value::Null);
    assert_eq!(
        (status, &body["item"]["fields"]["owner"]["login"]),
        (StatusCode::OK, &json!("ben"))
    );
    let etag = etag.unwrap();
    let change = json!({ "item": { "fields": { "title": "anew" } } });
    let blind = ask(
        &mut desk,
        Method::PATCH,
        "/api/items/1",
        &[],
        change.clone(),
    );
    assert_eq!(blind.0, StatusCode::PRECONDITION_REQUIRED);
    let headers = [("if-match", etag.as_str())];
    let taken = ask(
        &mut desk,
        Method::PATCH,
        "/api/items/1",
        &headers,
        change.clone(),
    );
    assert_eq!(
        (taken.0, &taken.1["item"]["fields"]["title"]),
        (StatusCode::OK, &json!("anew"))
    );
    assert_eq!(taken.1["item"]["fields"]["text"], "a text");
    let late = ask(&mut desk, Method::PATCH, "/api/items/1", &headers, change);
    assert_eq!(late.0, StatusCode::PRECONDITION_FAILED);
}

#[test]
fn a_desk_tells_deleted_from_unknown_and_hidden() {
    let mut desk = Desk::default();
    seeded(&mut desk, 2);
    let delete = Command::Delete {
        key: "D-1".to_owned(),
        by: "ana".to_owned(),
    };
    desk.command(NOW, delete).unwrap();
    let hide = Command::Hide {
        keys: vec!["D-2".to_owned()],
        status: 403,
    };
    desk.command(NOW, hide).unwrap();
    for (number, expected) in [
        (1, StatusCode::GONE),
        (2, StatusCode::FORBIDDEN),
        (3, StatusCode::NOT_FOUND),
    ] {
        let path = format!("/api/items/{number}");
        assert_eq!(
            ask(&mut desk, Method::GET, &path, &[], Value::Null).0,
            expected,
            "{number}"
        );
    }
    let (_, listed, _) = ask(
        &mut desk,
        Method::GET,
        "/api/projects/app/items",
        &[],
        Value::Null,
    );
    assert_eq!(listed, json!({ "items": [], "total": 0 }));
}

#[test]
fn a_boards_list_goes_on_at_an_address_until_there_is_none() {
    let mut board = Board::default();
    seeded(&mut board, 95);
    let (mut path, mut seen) = ("/cards?board=app&filter=state:open".to_owned(), 0);
    loop {
        let (status, body, _) = ask(&mut board, Method::GET, &path, &[], Value::Null);
        assert_eq!(status, StatusCode::OK);
        seen += body["data"].as_array().unwrap().len();
        match body["next"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => break,
        }
    }
    assert_eq!(seen, 95);
}

#[test]
fn a_board_empties_what_a_write_leaves_out() {
    let mut board = Board::default();
    assert_eq!(seeded(&mut board, 1), ["#1"]);
    let card = ask(&mut board, Method::GET, "/cards/1", &[], Value::Null).1;
    assert_eq!(
        (&card["html"], &card["assignee"]),
        (&json!("<p>a text</p>"), &json!("ben"))
    );
    let (status, card, _) = ask(
        &mut board,
        Method::PUT,
        "/cards/1",
        &[],
        json!({ "title": "bare", "expected_changed": card["changed"] }),
    );
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        (&card["html"], &card["assignee"], &card["tags"]),
        (&json!(""), &Value::Null, &json!([]))
    );
    let stale = json!({ "title": "x", "expected_changed": 1 });
    assert_eq!(
        ask(&mut board, Method::PUT, "/cards/1", &[], stale).0,
        StatusCode::CONFLICT
    );
    let unknown = ask(
        &mut board,
        Method::GET,
        "/cards?board=app&filter=stauts:1",
        &[],
        Value::Null,
    );
    assert_eq!(unknown.0, StatusCode::BAD_REQUEST);
    assert!(unknown.1["message"].as_str().unwrap().contains("stauts"));
}
