//! Searching: JQL, pages, and an index that lags.

use super::{World, adf};
use crate::simulator::Simulator;
use serde_json::{Value, json};
use std::time::Duration;

fn world() -> World {
    let mut world = World::new();
    world.issue_with(
        "APP",
        json!({"summary": "Cart is empty", "labels": ["bug"], "priority": {"name": "High"}}),
    );
    world.issue_with(
        "APP",
        json!({"summary": "Dark mode", "assignee": {"accountId": "712020:ben"}}),
    );
    world.issue_with("SUP", json!({"summary": "Invoice", "issuetype": {"name": "Bug"}, "description": adf("the cart again")}));
    world.expect(
        204,
        "POST",
        "issue/APP-2/transitions",
        json!({"transition": {"id": "21"}}),
    );
    world.wait(3600);
    world.expect(
        204,
        "PUT",
        "issue/APP-1",
        json!({"update": {"labels": [{"add": "late"}]}}),
    );
    world
}

fn keys(answer: &Value) -> Vec<&str> {
    let issues = answer["issues"].as_array().unwrap().iter();
    issues.map(|issue| issue["key"].as_str().unwrap()).collect()
}

fn check(jql: &str, expected: &[&str]) {
    let mut world = world();
    let body = json!({"jql": format!("{jql} order by key"), "fields": ["key"]});
    let answer = world.expect(200, "POST", "search/jql", body);
    assert_eq!(keys(&answer), expected, "{jql}");
}

fn check_refused(jql: &str, part: &str) {
    let mut world = world();
    let answer = world.expect(400, "POST", "search/jql", json!({"jql": jql}));
    let messages = answer["errorMessages"].to_string();
    assert!(messages.contains(part), "{jql}: {messages}");
}

#[test]
fn fields_and_operators() {
    check("project = app", &["APP-1", "APP-2"]);
    check("project in (APP, Support)", &["APP-1", "APP-2", "SUP-1"]);
    check("project = APP and labels = bug", &["APP-1"]);
    check("project = APP and labels != bug", &[]);
    check(
        "project = APP and (labels is empty or labels != bug)",
        &["APP-2"],
    );
    check("project = APP and not labels in (bug)", &["APP-2"]);
    check("status = 'in progress'", &["APP-2"]);
    check("statusCategory = 'To Do'", &["APP-1", "SUP-1"]);
    check("priority = High or issuetype = Bug", &["APP-1", "SUP-1"]);
    check("assignee is not empty", &["APP-2"]);
    check("assignee = 712020:ben", &["APP-2"]);
    check("reporter = currentUser() && project = SUP", &["SUP-1"]);
    check("key in (APP-1, SUP-1)", &["APP-1", "SUP-1"]);
    check("text ~ \"cart\"", &["APP-1", "SUP-1"]);
    check("summary ~ \"car*\"", &["APP-1"]);
    check("project = APP and summary !~ cart", &["APP-2"]);
}

#[test]
fn times_have_whole_minutes() {
    check(
        "project is not empty and updated >= \"2026-01-31 10:30\"",
        &["APP-1"],
    );
    check(
        "project is not empty and updated < \"2026/01/31 10:30\"",
        &["APP-2", "SUP-1"],
    );
    check("project is not empty and updated >= -5m", &["APP-1"]);
    check(
        "project is not empty and created <= now()",
        &["APP-1", "APP-2", "SUP-1"],
    );
    check_refused("updated >= \"2026-01-31 10:30:05\"", "is invalid");
    check_refused("updated >= 1769853600000", "is invalid");
}

#[test]
fn times_are_in_the_callers_zone() {
    let mut world = world();
    for user in &mut world.jira.site.users {
        user.utc_offset_hours = 2;
    }
    let body = json!({"jql": "updated >= '2026-01-31 12:30'", "fields": ["key"]});
    assert_eq!(
        keys(&world.expect(200, "POST", "search/jql", body)),
        ["APP-1"]
    );
}

#[test]
fn what_is_not_understood_is_refused() {
    check_refused("", "Unbounded");
    check_refused("order by key", "Unbounded");
    check_refused(
        "project = NOPE",
        "The value 'NOPE' does not exist for the field 'project'.",
    );
    check_refused("colour = red", "Field 'colour' does not exist");
    check_refused("project = APP bogus", "Expecting either 'AND' or 'OR'");
    check_refused("project = APP and status was Done", "Expecting operator");
    check_refused("project ~ APP", "not supported by the 'project' field");
    check_refused(
        "key in (APP-1, APP-99)",
        "An issue with key 'APP-99' does not exist",
    );
    check_refused("assignee in membersOf(\"x\")", "membersOf");
    check_refused("summary ~ \"open", "has not been completed");
}

#[test]
fn pages_are_chained_by_tokens() {
    let mut world = World::new();
    for n in 0..7 {
        world.issue(&format!("Issue {n}"));
    }
    let (mut token, mut found) = (Value::Null, Vec::new());
    loop {
        let mut body = json!({"jql": "project = APP order by created asc", "maxResults": 3, "fields": ["summary"]});
        if token.is_string() {
            body["nextPageToken"] = token.clone();
        }
        let answer = world.expect(200, "POST", "search/jql", body);
        found.extend(keys(&answer).into_iter().map(str::to_owned));
        token = answer.get("nextPageToken").cloned().unwrap_or(Value::Null);
        assert_eq!(answer["isLast"], json!(token.is_null()));
        if token.is_null() {
            break;
        }
    }
    assert_eq!(
        found,
        [
            "APP-1", "APP-2", "APP-3", "APP-4", "APP-5", "APP-6", "APP-7"
        ]
    );
    world.expect(
        400,
        "POST",
        "search/jql",
        json!({"jql": "project = APP", "nextPageToken": "bogus"}),
    );
    let ids = world.expect(
        200,
        "GET",
        "search/jql?jql=project%3DAPP&maxResults=1",
        Value::Null,
    );
    assert_eq!(
        ids["issues"][0]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["id"]
    );
    assert_eq!(
        world.expect(
            200,
            "POST",
            "search/approximate-count",
            json!({"jql": "project = APP"})
        ),
        json!({"count": 7})
    );
    world.expect(410, "GET", "search?jql=project%3DAPP", Value::Null);
}

#[test]
fn the_index_lags_except_for_reconciled_issues() {
    let mut world = World::new();
    world.jira.set_index_lag(Duration::from_secs(30));
    let key = world.issue("Fresh");
    let id: u64 = world.expect(200, "GET", &format!("issue/{key}"), Value::Null)["id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let query = json!({"jql": "project = APP", "fields": ["key"]});
    assert_eq!(
        keys(&world.expect(200, "POST", "search/jql", query.clone())),
        [""; 0]
    );
    let reconciled = json!({"jql": "project = APP", "fields": ["key"], "reconcileIssues": [id]});
    assert_eq!(
        keys(&world.expect(200, "POST", "search/jql", reconciled)),
        [key.as_str()]
    );
    world.wait(30);
    assert_eq!(
        keys(&world.expect(200, "POST", "search/jql", query)),
        [key.as_str()]
    );
    world.expect(
        204,
        "PUT",
        &format!("issue/{key}"),
        json!({"fields": {"labels": ["new"]}}),
    );
    let stale = json!({"jql": "labels = new", "fields": ["key"]});
    assert_eq!(
        keys(&world.expect(200, "POST", "search/jql", stale)),
        [""; 0]
    );
}
