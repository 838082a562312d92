use super::*;
use serde_json::{Value, json};

#[test]
fn a_status_shows_what_works_and_what_is_held() {
    let status = json!({
        "nodes": [{ "node": "gh", "tracker": "github", "state": { "state": "backing_off", "reason": "502" },
                    "dirty_live": 2, "dirty_backfill": 1, "lag_ms": 40, "faults": [] }],
        "connections": [{ "connection": "first", "version": 3, "held": ["2026-01-01T00:00:00Z", "900 writes"],
                          "twins": { "live": 2, "asleep": 1 } }],
        "ledger": [],
        "counters": { "drifted": 2 },
    });
    let expected = "NODE  TRACKER  STATE        WAITING  LAG    NOTE\n\
                    gh    github   backing_off  3        40 ms  502\n\n\
                    CONNECTION  RULES  TWINS             NOTE\n\
                    first       v3     1 asleep, 2 live  held: 900 writes\n\n\
                    drift: audits found 2 twins out of step since the start\n";
    assert_eq!(status_text(&status), expected);
}

#[test]
fn a_page_says_how_to_go_on() {
    let page = json!({ "items": [], "next": "l9" });
    assert_eq!(
        paged("x\n".into(), "none", &page, "--after"),
        "x\nmore: --after l9\n"
    );
    assert_eq!(paged(String::new(), "none", &page, "--after"), "none");
}

#[test]
fn a_fleets_groups_are_listed_with_who_works_on_them() {
    let group = |name: &str, machine: Value, state: Value| json!({ "group": name, "nodes": 2, "machine": machine, "state": state });
    let status = json!({ "groups": [
        group("g1", json!("m1"), json!("works")),
        group("g2", json!("m2"), Value::Null),
        group("g3", Value::Null, Value::Null),
    ] });
    let shown = status_text(&status);
    for line in ["works", "on another machine", "nobody works on it"] {
        assert!(shown.contains(line), "{shown}");
    }
    let central = json!({ "health": { "reads": { "state": "ok" }, "commits": { "state": "ok" } } });
    assert_eq!(
        central_text(&central),
        "central database: reads ok; commits ok\n"
    );
}

#[test]
fn the_central_database_has_a_line_of_its_own() {
    let check = |central: Value, expected: &str| {
        assert_eq!(central_text(&central), expected);
    };
    check(Value::Null, "");
    check(
        json!({
            "health": { "reads": { "state": "ok" }, "commits": { "state": "ok" }, "breaker_open": false },
            "replication": { "standing": { "state": "ok" } }, "lag_ms": 0
        }),
        "central database: reads ok; commits ok; replica up to date\n",
    );
    check(
        json!({
            "health": {
                "reads": { "state": "ok" },
                "commits": { "state": "failing", "since": 0, "why": "no answer" },
                "breaker_open": true, "abandoned_writes": 8
            },
            "replication": { "standing": { "state": "failing", "since": 1000, "why": "stuck" } },
            "lag_ms": 61500
        }),
        "central database: reads ok; commits failing since 1970-01-01T00:00:00Z (no answer); replica 61.5 s behind; \
         replication failing since 1970-01-01T00:00:01Z (stuck); breaker open: 8 writes hang\n",
    );
}
