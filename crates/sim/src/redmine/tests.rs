//! What the simulator does, told through its API.

use super::{API_KEY, Redmine, demo_site, seed};
use crate::command::{Command, Done};
use crate::seeds;
use crate::simulator::Simulator;
use crate::{Faults, Faulty};
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use std::time::Duration;
use twinline_core::time::Timestamp;

struct World {
    redmine: Redmine,
    now: Timestamp,
    key: &'static str,
}

impl World {
    fn new() -> Self {
        let mut site = demo_site();
        site.users[0].api_key = Some("ana-key".to_owned());
        site.users[0].sees_private_notes = false;
        Self {
            redmine: Redmine::new(site),
            now: Timestamp::parse("2026-01-31T09:30:00.700Z").unwrap(),
            key: API_KEY,
        }
    }

    fn ask(&mut self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.now = self.now.plus(Duration::from_secs(10));
        let bytes = if body.is_null() {
            Bytes::new()
        } else {
            Bytes::from(body.to_string())
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("/{path}"))
            .header("x-redmine-api-key", self.key);
        let answer = self.redmine.handle(self.now, &request.body(bytes).unwrap());
        let body = match answer.body().is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(answer.body()).unwrap(),
        };
        (answer.status().as_u16(), body)
    }

    fn expect(&mut self, status: u16, method: &str, path: &str, body: Value) -> Value {
        let (found, answer) = self.ask(method, path, body);
        assert_eq!(found, status, "{method} {path}: {answer}");
        answer
    }

    fn issue(&mut self, subject: &str) -> u64 {
        let body = json!({"issue": {"project_id": "app", "subject": subject}});
        self.expect(201, "POST", "issues.json", body)["issue"]["id"]
            .as_u64()
            .unwrap()
    }

    fn get(&mut self, id: u64) -> Value {
        let path =
            format!("issues/{id}.json?include=journals,allowed_statuses,children,attachments");
        self.expect(200, "GET", &path, Value::Null)["issue"].take()
    }
}

#[test]
fn who_may_ask() {
    let mut world = World::new();
    world.key = "wrong";
    world.expect(401, "GET", "users/current.json", Value::Null);
    world.key = "ana-key";
    assert_eq!(
        world.expect(200, "GET", "users/current.json", Value::Null)["user"]["login"],
        "ana"
    );
    world.expect(403, "GET", "users.json", Value::Null);
    world.expect(403, "GET", "custom_fields.json", Value::Null);
    world.key = API_KEY;
    assert_eq!(
        world.expect(200, "GET", "users.json?limit=2", Value::Null)["users"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    for path in [
        "projects",
        "trackers",
        "issue_statuses",
        "enumerations/issue_priorities",
        "custom_fields",
        "projects/app",
        "projects/app/memberships",
    ] {
        world.expect(200, "GET", &format!("{path}.json"), Value::Null);
    }
    world.expect(404, "GET", "projects/moon.json", Value::Null);
    world.expect(404, "GET", "issues/1", Value::Null);
}

#[test]
fn an_update_writes_a_journal_and_nothing_writes_none() {
    let mut world = World::new();
    let id = world.issue("One");
    let path = format!("issues/{id}.json");
    let before = world.get(id);
    assert_eq!(before["created_on"], "2026-01-31T09:30:10Z");
    world.expect(204, "PUT", &path, json!({"issue": {"subject": "One"}}));
    assert_eq!(world.get(id)["updated_on"], before["updated_on"]);
    let change = json!({"issue": {"subject": "Two", "custom_fields": [{"id": 3, "value": "Major"}], "notes": "changed", "private_notes": true}});
    world.expect(204, "PUT", &path, change);
    let after = world.get(id);
    assert_ne!(after["updated_on"], before["updated_on"]);
    let journal = &after["journals"][0];
    assert_eq!(
        (&journal["notes"], &journal["private_notes"]),
        (&json!("changed"), &json!(true))
    );
    assert_eq!(
        journal["details"],
        json!([
            {"property": "attr", "name": "subject", "old_value": "One", "new_value": "Two"},
            {"property": "cf", "name": "3", "old_value": null, "new_value": "Major"},
        ])
    );
    world.key = "ana-key";
    assert_eq!(
        world.get(id)["journals"],
        json!([]),
        "private notes are for few"
    );
}

#[test]
fn notes_are_edited_without_touching_the_issue_and_empty_ones_go() {
    let mut world = World::new();
    let id = world.issue("Talk");
    let path = format!("issues/{id}.json");
    world.expect(204, "PUT", &path, json!({"issue": {"notes": "first"}}));
    let before = world.get(id);
    world.expect(
        204,
        "PUT",
        "journals/1.json",
        json!({"journal": {"notes": "first, edited"}}),
    );
    let after = world.get(id);
    assert_eq!(after["journals"][0]["notes"], "first, edited");
    assert_eq!(after["updated_on"], before["updated_on"]);
    world.expect(
        204,
        "PUT",
        "journals/1.json",
        json!({"journal": {"notes": ""}}),
    );
    assert_eq!(world.get(id)["journals"], json!([]));
    world.expect(
        404,
        "PUT",
        "journals/1.json",
        json!({"journal": {"notes": "x"}}),
    );
    world.expect(
        204,
        "PUT",
        &path,
        json!({"issue": {"done_ratio": 50, "notes": "half"}}),
    );
    world.expect(
        204,
        "PUT",
        "journals/2.json",
        json!({"journal": {"notes": ""}}),
    );
    assert_eq!(
        world.get(id)["journals"][0]["details"][0]["name"],
        "done_ratio",
        "changes stay"
    );
}

#[test]
fn a_status_that_the_workflow_forbids_is_quietly_ignored() {
    let mut world = World::new();
    let id = world.issue("Flow");
    let path = format!("issues/{id}.json");
    world.expect(204, "PUT", &path, json!({"issue": {"status_id": 5}}));
    let closed = world.get(id);
    assert!(closed["closed_on"].is_string());
    let names: Vec<&str> = closed["allowed_statuses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["In Progress", "Closed"]);
    world.expect(204, "PUT", &path, json!({"issue": {"status_id": 1}}));
    assert_eq!(world.get(id)["status"]["name"], "Closed");
}

/// Creates an issue with these attributes and compares the errors.
fn check_errors(attributes: Value, expected: &[&str]) {
    let mut world = World::new();
    let mut issue = json!({"project_id": 1, "subject": "x"});
    for (name, value) in attributes.as_object().unwrap() {
        issue[name] = value.clone();
    }
    let answer = world.expect(422, "POST", "issues.json", json!({"issue": issue}));
    assert_eq!(answer["errors"], json!(expected));
}

#[test]
fn what_is_wrong_is_said_in_sentences() {
    check_errors(json!({"subject": ""}), &["Subject cannot be blank"]);
    check_errors(
        json!({"subject": "x".repeat(256)}),
        &["Subject is too long (maximum is 255 characters)"],
    );
    check_errors(json!({"project_id": "moon"}), &["Project cannot be blank"]);
    check_errors(json!({"assigned_to_id": 999}), &["Assignee is invalid"]);
    check_errors(
        json!({"due_date": "soon"}),
        &["Due date is not a valid date"],
    );
    check_errors(
        json!({"start_date": "2026-02-02", "due_date": "2026-02-01"}),
        &["Due date must be greater than start date"],
    );
    check_errors(
        json!({"custom_fields": [{"id": 3, "value": "Mild"}]}),
        &["Severity is not included in the list"],
    );
    check_errors(
        json!({"custom_fields": [{"id": 6, "value": "many"}]}),
        &["Story points is not a number"],
    );
    check_errors(json!({"parent_issue_id": 77}), &["Parent task is invalid"]);
}

fn check_list(query: &str, expected: &[u64]) {
    let mut world = World::new();
    for subject in ["Cart", "Mail", "Carton"] {
        world.issue(subject);
    }
    world.expect(
        204,
        "PUT",
        "issues/2.json",
        json!({"issue": {"status_id": 5, "tracker_id": 2, "assigned_to_id": 5}}),
    );
    world.expect(204, "PUT", "issues/1.json", json!({"issue": {"project_id": 2, "custom_fields": [{"id": 4, "value": ["Linux", "macOS"]}]}}));
    let answer = world.expect(200, "GET", &format!("issues.json?{query}"), Value::Null);
    let ids: Vec<u64> = answer["issues"]
        .as_array()
        .unwrap()
        .iter()
        .map(|issue| issue["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids, expected, "{query}");
}

#[test]
fn lists_are_filtered_and_sorted() {
    check_list("", &[3, 1]);
    check_list("status_id=*", &[3, 2, 1]);
    check_list("status_id=closed", &[2]);
    check_list("status_id=5", &[2]);
    check_list("project_id=support", &[1]);
    check_list("status_id=*&tracker_id=2", &[2]);
    check_list("status_id=*&issue_id=1,2", &[2, 1]);
    check_list("status_id=*&sort=updated_on:asc,id", &[3, 2, 1]);
    check_list("status_id=*&sort=updated_on:desc&limit=1&offset=1", &[2]);
    check_list("status_id=*&assigned_to_id=5", &[2]);
    check_list("status_id=*&assigned_to_id=!*", &[3, 1]);
    check_list("cf_4=macOS", &[1]);
    check_list("subject=~cart", &[3, 1]);
    check_list("status_id=*&updated_on=%3E%3D2026-01-31T09:30:40Z", &[2, 1]);
    check_list("status_id=*&updated_on=%3E%3D2026-01-31T09:30:41Z", &[1]);
    check_list("status_id=*&created_on=%3C%3D2026-01-31T09:30:20Z", &[2, 1]);
    check_list(
        "status_id=*&updated_on=%3E%3C2026-01-31|2026-01-31",
        &[3, 2, 1],
    );
    check_list("nonsense=1&limit=1000", &[3, 1]);
}

#[test]
fn a_wrong_time_is_refused() {
    let mut world = World::new();
    assert_eq!(
        world.expect(422, "GET", "issues.json?updated_on=%3E%3Dsoon", Value::Null)["errors"],
        json!(["Updated is invalid"])
    );
}

#[test]
fn people_work_past_the_api() {
    let mut world = World::new();
    seed(&mut world.redmine, world.now).unwrap();
    let mut act = |command: Command| world.redmine.command(world.now, command);
    assert_eq!(
        act(Command::edit("1", "ana", "labels", json!(["b", "a"]))),
        Ok(Done::Nothing)
    );
    assert_eq!(
        act(Command::edit("1", "ana", "status", "Closed")),
        Ok(Done::Nothing)
    );
    assert!(act(Command::edit("1", "ana", "status", "New")).is_err());
    assert!(act(Command::edit("1", "ana", "colour", "red")).is_err());
    assert_eq!(
        act(Command::Move {
            key: "1".into(),
            by: "ana".into(),
            to: "support".into()
        }),
        Ok(Done::Item("#1".into()))
    );
    assert_eq!(
        act(Command::Clone {
            key: "1".into(),
            by: "ana".into()
        }),
        Ok(Done::Item("#3".into()))
    );
    assert_eq!(
        act(Command::Hide {
            keys: vec!["2".into()],
            status: 403
        }),
        Ok(Done::Nothing)
    );
    assert_eq!(
        act(Command::Delete {
            key: "3".into(),
            by: "ana".into()
        }),
        Ok(Done::Nothing)
    );
    let dump = world.redmine.dump();
    let first = dump.item("#1").unwrap();
    assert_eq!(
        (first.container.as_str(), first.status.as_str()),
        ("support", "Closed")
    );
    assert_eq!(first.labels, ["a", "b"]);
    assert_eq!(first.comments.len(), 1);
    assert!(dump.item("#3").unwrap().deleted);
    world.expect(403, "GET", "issues/2.json", Value::Null);
    world.expect(404, "GET", "issues/3.json", Value::Null);
    world.expect(204, "DELETE", "issues/1.json", Value::Null);
    world.expect(404, "GET", "issues/1.json", Value::Null);
}

#[test]
fn private_notes_need_a_permission_that_the_api_tells_of() {
    let mut world = World::new();
    let id = world.issue("Words");
    let say = Command::comment(&id.to_string(), "ben", "hello");
    let Ok(Done::Comment(comment)) = world.redmine.command(world.now, say) else {
        panic!("no comment was made");
    };
    let (key, by) = (id.to_string(), "ben".to_owned());
    let hide = Command::HideComment {
        key: key.clone(),
        by: by.clone(),
        comment: comment.clone(),
    };
    let show = Command::ShowComment { key, by, comment };
    for (act, seen, role) in [(hide, 0, 6), (show, 1, 3)] {
        assert_eq!(world.redmine.command(world.now, act), Ok(Done::Nothing));
        let path = format!("issues/{id}.json?include=journals");
        let journals = world.expect(200, "GET", &path, Value::Null)["issue"]["journals"].clone();
        assert_eq!(journals.as_array().unwrap().len(), seen);
        let path = "users/current.json?include=memberships";
        let user = world.expect(200, "GET", path, Value::Null)["user"].clone();
        assert_eq!(user["admin"], seen == 1);
        assert_eq!(user["memberships"][0]["roles"][0]["id"], role);
        let path = format!("roles/{role}.json");
        let role = world.expect(200, "GET", &path, Value::Null)["role"].clone();
        let mut permissions = role["permissions"].as_array().unwrap().iter();
        assert_eq!(
            permissions.any(|can| can == "view_private_notes"),
            seen == 1
        );
    }
}

#[test]
fn items_that_look_real_can_be_seeded() {
    let world = World::new();
    let mut tracker = Faulty::new(Box::new(world.redmine), Faults::default(), 1);
    let keys = seeds::seed_demo(&mut tracker, world.now, None, 20).unwrap();
    assert_eq!((keys.len(), keys[19].as_str()), (20, "#20"));
}
