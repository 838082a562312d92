//! Issues, comments, transitions, moves.

use super::{World, adf};
use crate::command::{Command, Done};
use crate::seeds;
use crate::simulator::Simulator;
use crate::{Faults, Faulty};
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

#[test]
fn who_may_ask() {
    let mut world = World::new();
    let ask = |world: &mut World, path: &str, header: Option<&str>| {
        let mut request = Request::get(format!("/rest/api/3/{path}"));
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        let answer = world
            .jira
            .handle(world.now, &request.body(Bytes::new()).unwrap());
        answer.status().as_u16()
    };
    assert_eq!(ask(&mut world, "serverInfo", None), 200);
    assert_eq!(ask(&mut world, "myself", None), 401);
    assert_eq!(
        ask(&mut world, "myself", Some("Basic dHdpbmxpbmU6bm8=")),
        401
    );
    assert_eq!(ask(&mut world, "myself", Some("Bearer x")), 401);
    let me = world.expect(200, "GET", "myself", Value::Null);
    assert_eq!(me["accountId"], "712020:twinline");
}

#[test]
fn an_edit_changes_the_time_and_the_changelog_but_not_when_nothing_differs() {
    let mut world = World::new();
    let key = world.issue("One");
    let path = format!("issue/{key}");
    let before = world.field(&key, "updated");
    world.expect(204, "PUT", &path, json!({"fields": {"summary": "One"}}));
    assert_eq!(world.field(&key, "updated"), before);
    world.expect(204, "PUT", &path, json!({"fields": {"summary": "Two"}, "update": {"labels": [{"add": "b"}, {"add": "a"}, {"remove": "b"}]}}));
    assert_ne!(world.field(&key, "updated"), before);
    assert_eq!(world.field(&key, "labels"), json!(["a"]));
    let log = world.expect(200, "GET", &format!("{path}/changelog"), Value::Null);
    assert_eq!(log["total"], 1);
    let items = log["values"][0]["items"].as_array().unwrap();
    let summary = items
        .iter()
        .find(|item| item["fieldId"] == "summary")
        .unwrap();
    assert_eq!(
        (&summary["fromString"], &summary["toString"]),
        (&json!("One"), &json!("Two"))
    );
}

#[test]
fn transitions_follow_the_workflow_and_demand_their_screen() {
    let mut world = World::new();
    let key = world.issue("Flow");
    let path = format!("issue/{key}/transitions");
    let go = |world: &mut World, body: Value| world.ask("POST", &path, body);
    assert_eq!(
        go(&mut world, json!({"transition": {"id": "31"}})).0,
        400,
        "To Do cannot finish"
    );
    assert_eq!(
        go(
            &mut world,
            json!({"transition": {"id": "21"}, "fields": {"summary": "x"}})
        )
        .1["errors"]["summary"],
        "Field 'summary' cannot be set. It is not on the appropriate screen, or unknown."
    );
    assert_eq!(go(&mut world, json!({"transition": {"id": "21"}})).0, 204);
    assert_eq!(world.field(&key, "status")["name"], "In Progress");
    let (status, answer) = go(&mut world, json!({"transition": {"id": "31"}}));
    assert_eq!(
        (status, &answer["errors"]["resolution"]),
        (400, &json!("Resolution is required."))
    );
    let finish = json!({"transition": {"id": "31"}, "fields": {"resolution": {"name": "Done"}},
        "update": {"comment": [{"add": {"body": adf("finished")}}]}});
    assert_eq!(go(&mut world, finish).0, 204);
    assert_eq!(world.field(&key, "resolution")["name"], "Done");
    assert_ne!(world.field(&key, "resolutiondate"), Value::Null);
    assert_eq!(world.field(&key, "comment")["total"], 1);
    assert_eq!(go(&mut world, json!({"transition": {"id": "41"}})).0, 204);
    assert_eq!(world.field(&key, "resolution"), Value::Null);
    let open = world.expect(
        200,
        "GET",
        &format!("{path}?expand=transitions.fields"),
        Value::Null,
    );
    assert_eq!(open["transitions"][0]["id"], "21");
}

#[test]
fn comments_are_paged_edited_and_may_be_internal() {
    let mut world = World::new();
    let key = world.issue_with("SUP", json!({"summary": "Help"}));
    let path = format!("issue/{key}/comment");
    let internal = json!([{"key": "sd.public.comment", "value": {"internal": true}}]);
    let first = world.expect(201, "POST", &path, json!({"body": adf("hello")}));
    let second = world.expect(
        201,
        "POST",
        &path,
        json!({"body": adf("psst"), "properties": internal}),
    );
    assert_eq!(
        (&first["jsdPublic"], &second["jsdPublic"]),
        (&json!(true), &json!(false))
    );
    let page = world.expect(
        200,
        "GET",
        &format!("{path}?startAt=1&maxResults=1&expand=properties"),
        Value::Null,
    );
    assert_eq!((&page["total"], &page["startAt"]), (&json!(2), &json!(1)));
    assert_eq!(page["comments"][0]["properties"], internal);
    let one = format!("{path}/{}", second["id"].as_str().unwrap());
    let edited = world.expect(200, "PUT", &one, json!({"body": adf("psst!")}));
    assert_eq!(edited["jsdPublic"], false, "an edit keeps the channel");
    assert_ne!(edited["updated"], edited["created"]);
    world.expect(204, "DELETE", &one, Value::Null);
    world.expect(404, "GET", &one, Value::Null);
}

#[test]
fn entity_properties_are_created_replaced_and_deleted() {
    let mut world = World::new();
    let key = world.issue("Linked");
    let path = format!("issue/{key}/properties/twinline");
    let before = world.field(&key, "updated");
    world.expect(404, "GET", &path, Value::Null);
    world.expect(201, "PUT", &path, json!({"twin": 1}));
    world.expect(200, "PUT", &path, json!({"twin": 2}));
    assert_eq!(
        world.expect(200, "GET", &path, Value::Null)["value"],
        json!({"twin": 2})
    );
    assert_eq!(world.field(&key, "updated"), before);
    let bean = world.expect(
        200,
        "GET",
        &format!("issue/{key}?properties=*all&fields=summary"),
        Value::Null,
    );
    assert_eq!(bean["properties"]["twinline"], json!({"twin": 2}));
    world.expect(204, "DELETE", &path, Value::Null);
    world.expect(404, "DELETE", &path, Value::Null);
}

#[test]
fn a_moved_issue_keeps_its_id_and_answers_to_its_old_key() {
    let mut world = World::new();
    let key = world.issue("Wanderer");
    let id = world.expect(200, "GET", &format!("issue/{key}"), Value::Null)["id"].clone();
    let done = world.jira.command(
        world.now,
        Command::Move {
            key: key.clone(),
            by: "ana".into(),
            to: "SUP".into(),
        },
    );
    assert_eq!(done, Ok(Done::Item("SUP-1".into())));
    let moved = world.expect(200, "GET", &format!("issue/{key}"), Value::Null);
    assert_eq!((&moved["key"], &moved["id"]), (&json!("SUP-1"), &id));
    assert_eq!(world.issue("Next"), "APP-2", "numbers are never used again");
}

#[test]
fn a_clone_copies_entity_properties_but_no_comments() {
    let mut world = World::new();
    let key = world.issue("Original");
    world.expect(
        201,
        "PUT",
        &format!("issue/{key}/properties/twinline"),
        json!("root"),
    );
    world.expect(
        201,
        "POST",
        &format!("issue/{key}/comment"),
        json!({"body": adf("hello")}),
    );
    let done = world.jira.command(
        world.now,
        Command::Clone {
            key,
            by: "ana".into(),
        },
    );
    assert_eq!(done, Ok(Done::Item("APP-2".into())));
    let copy = world.expect(200, "GET", "issue/APP-2?properties=*all", Value::Null);
    assert_eq!(copy["properties"]["twinline"], "root");
    assert_eq!(copy["fields"]["summary"], "CLONE - Original");
    assert_eq!(copy["fields"]["comment"]["total"], 0);
    assert_eq!(copy["fields"]["issuelinks"][0]["type"]["name"], "Cloners");
}

#[test]
fn deleted_and_hidden_issues_are_not_there() {
    let mut world = World::new();
    let (first, second) = (world.issue("Gone"), world.issue("Secret"));
    world.expect(204, "DELETE", &format!("issue/{first}"), Value::Null);
    world.expect(404, "GET", &format!("issue/{first}"), Value::Null);
    let path = format!("issue/{second}");
    for status in [403, 404] {
        let hide = Command::Hide {
            keys: vec![second.clone()],
            status,
        };
        assert_eq!(world.jira.command(world.now, hide), Ok(Done::Nothing));
        world.expect(status, "GET", &path, Value::Null);
        let found = world.expect(200, "POST", "search/jql", json!({"jql": "project = APP"}));
        assert_eq!(found["issues"], json!([]));
    }
    let show = Command::Show { keys: vec![] };
    assert_eq!(world.jira.command(world.now, show), Ok(Done::Nothing));
    world.expect(200, "GET", &path, Value::Null);
    let dump = world.jira.dump();
    assert!(dump.item(&first).unwrap().deleted && !dump.item(&second).unwrap().deleted);
}

#[test]
fn a_restricted_comment_is_there_for_its_readers() {
    let mut world = World::new();
    let key = world.issue("Words");
    let say = Command::comment(&key, "ana", "hello");
    let Ok(Done::Comment(comment)) = world.jira.command(world.now, say) else {
        panic!("no comment was made");
    };
    let list = format!("issue/{key}/comment");
    let one = format!("{list}/{comment}");
    let properties = format!("comment/{comment}/properties");
    for (channel, read) in [
        ("role:Administrators", true),
        ("group:management", false),
        ("public", true),
    ] {
        let set = Command::SetChannel {
            key: key.clone(),
            by: "ana".into(),
            comment: comment.clone(),
            channel: channel.into(),
        };
        assert_eq!(world.jira.command(world.now, set), Ok(Done::Nothing));
        let dump = world.jira.dump();
        assert_eq!(dump.item(&key).unwrap().comments[0].channel, channel);
        let (shown, forbidden) = if read { (200, 200) } else { (404, 403) };
        world.expect(shown, "GET", &one, Value::Null);
        world.expect(forbidden, "GET", &properties, Value::Null);
        let listed = world.expect(200, "GET", &list, Value::Null);
        assert_eq!(listed["total"], u64::from(read));
        assert_eq!(world.field(&key, "comment")["total"], u64::from(read));
    }
}

#[test]
fn subtasks_need_a_parent_and_hold_its_deletion_back() {
    let mut world = World::new();
    let parent = world.issue("Parent");
    let fields =
        json!({"project": {"key": "APP"}, "issuetype": {"name": "Sub-task"}, "summary": "Child"});
    let refused = world.expect(400, "POST", "issue", json!({"fields": fields}));
    assert!(refused["errors"]["issuetype"].is_string());
    let child = world.issue_with(
        "APP",
        json!({"issuetype": {"name": "Sub-task"}, "summary": "Child", "parent": {"key": parent}}),
    );
    assert_eq!(world.field(&parent, "subtasks")[0]["key"], child);
    world.expect(400, "DELETE", &format!("issue/{parent}"), Value::Null);
    world.expect(
        204,
        "DELETE",
        &format!("issue/{parent}?deleteSubtasks=true"),
        Value::Null,
    );
    world.expect(404, "GET", &format!("issue/{child}"), Value::Null);
}

#[test]
fn addresses_can_be_hidden() {
    let mut world = World::new();
    let path = "user/search?query=ben";
    assert_eq!(
        world.expect(200, "GET", path, Value::Null)[0]["emailAddress"],
        "ben@acme.example"
    );
    world.jira.set_emails_visible(false);
    let found = world.expect(200, "GET", path, Value::Null);
    assert_eq!(
        (&found[0]["accountId"], found[0].get("emailAddress")),
        (&json!("712020:ben"), None)
    );
    assert_eq!(
        world.expect(200, "GET", "myself", Value::Null)["emailAddress"],
        "twinline@acme.example"
    );
}

#[test]
fn people_work_past_the_api_by_the_same_rules() {
    let mut world = World::new();
    let key = world.issue("Person");
    let mut act = |command: Command| world.jira.command(world.now, command);
    assert!(
        act(Command::edit(&key, "ana", "status", "Done")).is_err(),
        "the workflow forbids it"
    );
    assert_eq!(
        act(Command::edit(&key, "ana", "status", "In Progress")),
        Ok(Done::Nothing)
    );
    assert_eq!(
        act(Command::edit(&key, "ana", "status", "Done")),
        Ok(Done::Nothing)
    );
    assert_eq!(
        act(Command::edit(&key, "ana", "body", "line one\nline two")),
        Ok(Done::Nothing)
    );
    assert!(act(Command::edit(&key, "nobody", "title", "x")).is_err());
    assert!(act(Command::edit(&key, "ana", "title", "")).is_err());
    let item = world.jira.dump().item(&key).unwrap().clone();
    assert_eq!(item.status, "Done");
    assert_eq!(item.fields["resolution"]["name"], "Done");
    assert!(item.body.contains("line two"));
}

#[test]
fn items_that_look_real_can_be_seeded() {
    let mut world = World::new();
    super::super::seed(&mut world.jira, world.now).unwrap();
    let mut tracker = Faulty::new(Box::new(world.jira), Faults::default(), 1);
    let keys = seeds::seed_demo(&mut tracker, world.now, Some("SUP"), 20).unwrap();
    assert_eq!((keys.len(), keys[19].as_str()), (20, "SUP-21"));
}
