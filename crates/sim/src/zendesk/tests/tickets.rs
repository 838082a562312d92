//! Tickets: what is written, what follows from it, what is refused.

use super::World;
use crate::command::{Command, Done};
use crate::simulator::Simulator;
use serde_json::{Value, json};

#[test]
fn the_description_is_the_first_comment() {
    let mut world = World::new();
    let comment = json!({"html_body": "<p>It <b>fails</b>.</p><!-- a secret --><script>x()</script>", "public": true});
    let made = json!({"ticket": {"subject": "One", "comment": comment, "metadata": {"a": "b"}}});
    let made = world.expect(201, "POST", "tickets", made);
    assert_eq!(made["ticket"]["description"], "It fails.");
    assert_eq!(made["ticket"]["status"], "new");
    assert_eq!(made["audit"]["metadata"]["custom"]["a"], "b");
    let id = made["ticket"]["id"].as_u64().unwrap();
    // It cannot be written again.
    world.update(id, json!({"description": "Another.", "subject": "Two"}));
    world.update(
        id,
        json!({"comment": {"body": "A note.\nOf two lines.", "public": false}}),
    );
    let comments = world.get(&format!("tickets/{id}/comments?include=users"));
    assert_eq!(
        comments["comments"][0]["html_body"],
        "<div class=\"zd-comment\" dir=\"auto\"><p>It <b>fails</b>.</p></div>"
    );
    assert_eq!(comments["comments"][0]["metadata"]["custom"]["a"], "b");
    assert_eq!(comments["comments"][1]["body"], "A note.\nOf two lines.");
    assert_eq!(comments["comments"][1]["public"], false);
    assert_eq!(comments["count"], 2);
    assert_eq!(comments["users"][0]["email"], "twinline@acme.example");
}

/// Creates a ticket with these attributes and compares what is wrong.
fn check_errors(attributes: Value, attribute: &str, expected: &str) {
    let mut world = World::new();
    let mut ticket = json!({"subject": "x", "comment": {"body": "x"}});
    for (name, value) in attributes.as_object().unwrap() {
        ticket[name] = value.clone();
    }
    let answer = world.expect(422, "POST", "tickets", json!({"ticket": ticket}));
    assert_eq!(answer["error"], "RecordInvalid");
    let said = &answer["details"][attribute][0]["description"];
    assert_eq!(said, expected, "{answer}");
}

#[test]
fn what_is_wrong_is_said_by_attribute() {
    check_errors(
        json!({"comment": {"body": ""}}),
        "base",
        "Description: cannot be blank",
    );
    check_errors(
        json!({"subject": "x".repeat(151)}),
        "subject",
        "Subject: is too long (maximum is 150 characters)",
    );
    check_errors(
        json!({"priority": "soon"}),
        "priority",
        "Priority: is not valid",
    );
    check_errors(json!({"status": "done"}), "status", "Status: is not valid");
    let customer = json!({"assignee_id": 9100, "group_id": 501});
    check_errors(
        customer,
        "assignee",
        "Assignee: is not an agent of this group",
    );
    check_errors(
        json!({"requester_id": 1}),
        "requester",
        "Requester: cannot be blank",
    );
    let field = |id: u64, value: Value| json!({"custom_fields": [{"id": id, "value": value}]});
    check_errors(field(3008, json!("mild")), "base", "Severity: is invalid");
    check_errors(field(3005, json!("many")), "base", "Seats: is invalid");
    check_errors(
        field(3007, json!("A-1")),
        "base",
        "Order number: is invalid",
    );
}

/// The requester of a new ticket with this attribute `requester`.
fn requester_of(world: &mut World, requester: Value) -> Value {
    let ticket = json!({"subject": "x", "comment": {"body": "x"}, "requester": requester});
    let made = world.expect(201, "POST", "tickets", json!({"ticket": ticket}));
    made["ticket"]["requester_id"].clone()
}

#[test]
fn a_new_requester_is_found_by_the_address_or_made() {
    let mut world = World::new();
    let new = json!({"name": "Nina", "email": "nina@customer.example"});
    let carla = json!({"name": "K", "email": "Carla@customer.example"});
    assert_eq!(requester_of(&mut world, carla), 9100);
    let nina = requester_of(&mut world, new);
    let again = json!({"email": "nina@customer.example"});
    assert_eq!(requester_of(&mut world, again), nina);
    let found = world.get("users/search?query=email:nina@customer.example");
    assert_eq!(found["users"][0]["id"], nina);
    assert_eq!(found["users"][0]["role"], "end-user");
    let wrong = |requester: Value, said: &str| {
        check_errors(json!({ "requester": requester }), "requester", said);
    };
    let unnamed = json!({"email": "olaf@customer.example"});
    wrong(
        unnamed,
        "Requester: Name:  is too short (minimum one character)",
    );
    wrong(json!({"name": "O"}), "Requester: Email:  cannot be blank");
    let odd = json!({"name": "O", "email": "olaf"});
    wrong(odd, "Requester: Email:  olaf is not properly formatted");
}

#[test]
fn who_is_suspended_or_deleted_requests_no_ticket_and_keeps_the_old_ones() {
    let mut site = crate::zendesk::demo_site();
    let carla = site.users.iter_mut().find(|user| user.id == 9100).unwrap();
    carla.suspended = true;
    let mut world = World::of(site);
    let ticket = json!({"subject": "x", "comment": {"body": "x"}, "requester_id": 9100});
    let refused = world.expect(422, "POST", "tickets", json!({"ticket": ticket}));
    let error = &refused["details"]["requester"][0];
    assert_eq!(error["description"], "Requester: Carla Kunde is suspended.");
    assert_eq!(error["error"], "UserSuspended");
    // Nobody is made by a ticket that is refused.
    let new = json!({"subject": "x", "comment": {"body": ""},
        "requester": {"name": "Nina", "email": "nina@customer.example"}});
    world.expect(422, "POST", "tickets", json!({"ticket": new}));
    let found = world.get("users/search?query=email:nina@customer.example");
    assert_eq!(found["users"], json!([]));
}

#[test]
fn a_safe_update_needs_the_stamp_of_now() {
    let mut world = World::new();
    let id = world.ticket("One");
    let stamp = world.get(&format!("tickets/{id}"))["ticket"]["updated_at"].clone();
    let write = |subject: &str| json!({"ticket": {"subject": subject, "safe_update": true, "updated_stamp": stamp}});
    let path = format!("tickets/{id}");
    world.expect(200, "PUT", &path, write("Two"));
    let answer = world.expect(409, "PUT", &path, write("Three"));
    assert_eq!(answer["error"], "UpdateConflict");
    assert_eq!(world.get(&path)["ticket"]["subject"], "Two");
    let tags = json!({"tags": ["a"], "safe_update": "true", "updated_stamp": stamp});
    world.expect(409, "PUT", &format!("{path}/tags"), tags);
}

#[test]
fn an_idempotency_key_makes_one_ticket() {
    let mut world = World::new();
    world.key = Some("key-1");
    let body = |text: &str| json!({"ticket": {"subject": "One", "comment": {"body": text}}});
    let first = world.ask_raw("POST", "tickets", body("x"));
    assert_eq!(first.headers()["x-idempotency-lookup"], "miss");
    let second = world.ask_raw("POST", "tickets", body("x"));
    assert_eq!(second.headers()["x-idempotency-lookup"], "hit");
    let id = |answer: &http::Response<bytes::Bytes>| {
        serde_json::from_slice::<Value>(answer.body()).unwrap()["ticket"]["id"].clone()
    };
    assert_eq!(id(&first), id(&second));
    let other = world.expect(400, "POST", "tickets", body("y"));
    assert_eq!(other["error"], "IdempotentRequestError");
    world.wait(2 * 3600);
    world.expect(201, "POST", "tickets", body("y"));
}

#[test]
fn statuses_have_rules() {
    let mut world = World::new();
    let id = world.ticket("One");
    let open = world.update(id, json!({"assignee_id": 9001}));
    assert_eq!(open["ticket"]["status"], "open");
    assert_eq!(open["ticket"]["group_id"], 501);
    let custom = world.update(id, json!({"custom_status_id": 706}));
    assert_eq!(custom["ticket"]["status"], "open");
    // The custom one of the category stays.
    let same = world.update(id, json!({"status": "open"}));
    assert_eq!(same["ticket"]["custom_status_id"], 706);
    let path = format!("tickets/{id}");
    world.expect(422, "PUT", &path, json!({"ticket": {"status": "new"}}));
    world.update(id, json!({"status": "solved"}));
    world.update(id, json!({"status": "closed"}));
    let answer = world.expect(422, "PUT", &path, json!({"ticket": {"subject": "x"}}));
    let said = &answer["details"]["status"][0]["description"];
    assert_eq!(said, "Status: closed prevents ticket update");
}

#[test]
fn a_required_field_keeps_a_ticket_from_being_solved() {
    let mut site = crate::zendesk::demo_site();
    site.fields[0].required = true;
    let mut world = World::of(site);
    let id = world.ticket("One");
    let solve = json!({"ticket": {"status": "solved"}});
    let answer = world.expect(422, "PUT", &format!("tickets/{id}"), solve);
    assert_eq!(answer["details"]["base"][0]["ticket_field_id"], 3001);
    let both = json!({"status": "solved", "custom_fields": [{"id": 3001, "value": "Cart"}]});
    world.update(id, both);
}

#[test]
fn a_list_field_and_its_tags_are_one() {
    let mut world = World::new();
    let id = world.ticket("One");
    let fields = |value: Value| json!({"custom_fields": [{"id": 3008, "value": value}]});
    world.update(id, json!({"tags": ["urgent"]}));
    let tagged = world.update(id, fields(json!("severity_major")));
    assert_eq!(
        tagged["ticket"]["tags"],
        json!(["severity_major", "urgent"])
    );
    let other = world.update(id, fields(json!("severity_minor")));
    assert_eq!(other["ticket"]["tags"], json!(["severity_minor", "urgent"]));
    // Whoever takes the tag away empties the field.
    let path = format!("tickets/{id}/tags");
    world.expect(200, "DELETE", &path, json!({"tags": ["severity_minor"]}));
    let ticket = world.get(&format!("tickets/{id}"))["ticket"].clone();
    assert_eq!(ticket["tags"], json!(["urgent"]));
    assert_eq!(
        ticket["custom_fields"][7],
        json!({"id": 3008, "value": null})
    );
    let added = world.expect(200, "PUT", &path, json!({"tags": ["Two Words"]}));
    assert_eq!(added["tags"], json!(["two_words", "urgent"]));
}

#[test]
fn an_update_writes_an_audit_and_nothing_writes_none() {
    let mut world = World::new();
    let id = world.ticket("One");
    let before = world.get(&format!("tickets/{id}"))["ticket"]["updated_at"].clone();
    world.update(id, json!({"subject": "One"}));
    let after = world.get(&format!("tickets/{id}"))["ticket"]["updated_at"].clone();
    assert_eq!(before, after);
    world.update(id, json!({"subject": "Two", "comment": {"body": "so"}}));
    let audits = world.get(&format!("tickets/{id}/audits?page[size]=1"));
    let next = audits["meta"]["after_cursor"].as_str().unwrap();
    let audits = world.get(&format!(
        "tickets/{id}/audits?page[size]=1&page[after]={next}"
    ));
    let events = audits["audits"][0]["events"].clone();
    assert_eq!(events[0]["field_name"], "subject");
    assert_eq!(
        (&events[0]["previous_value"], &events[0]["value"]),
        (&json!("One"), &json!("Two"))
    );
    assert_eq!(events[1]["type"], "Comment");
    assert_eq!(audits["meta"]["has_more"], false);
}

#[test]
fn people_work_past_the_api() {
    let mut world = World::new();
    let mut act = |command: Command| world.zendesk.command(world.now, command);
    let create = Command::Create {
        container: Some("Support".into()),
        by: "ana".into(),
        title: "Cart".into(),
        body: "It is **empty**.".into(),
        labels: vec!["b".into(), "a".into()],
        assignees: vec!["ben".into()],
    };
    assert_eq!(act(create), Ok(Done::Item("#1".into())));
    assert_eq!(
        act(Command::edit("#1", "ana", "status", "Pending")),
        Ok(Done::Nothing)
    );
    assert!(act(Command::edit("1", "ana", "status", "Lost")).is_err());
    assert!(act(Command::edit("1", "ana", "body", "anew")).is_err());
    assert!(act(Command::edit("1", "ana", "colour", "red")).is_err());
    let Ok(Done::Comment(comment)) = act(Command::comment("1", "ben", "Mine is secret")) else {
        panic!("no comment was made");
    };
    let (key, by) = ("#1".to_owned(), "ben".to_owned());
    let channel = |channel: &str| Command::SetChannel {
        key: key.clone(),
        by: by.clone(),
        comment: comment.clone(),
        channel: channel.to_owned(),
    };
    assert_eq!(act(channel("internal")), Ok(Done::Nothing));
    assert!(act(channel("public")).is_err());
    let edit = |body: &str| Command::EditComment {
        key: key.clone(),
        by: by.clone(),
        comment: comment.clone(),
        body: body.to_owned(),
    };
    assert!(act(edit("Something else")).is_err());
    assert_eq!(act(edit("Mine is ")), Ok(Done::Nothing));
    let moved = Command::Move {
        key: key.clone(),
        by: by.clone(),
        to: "Engineering".to_owned(),
    };
    assert_eq!(act(moved), Ok(Done::Item("#1".into())));
    let copy = Command::Clone {
        key: key.clone(),
        by: by.clone(),
    };
    assert_eq!(act(copy), Ok(Done::Item("#2".into())));
    let hide = Command::Hide {
        keys: vec!["2".into()],
        status: 403,
    };
    assert_eq!(act(hide), Ok(Done::Nothing));
    let dump = world.zendesk.dump();
    let first = dump.item("#1").unwrap();
    assert_eq!(
        (first.container.as_str(), first.status.as_str()),
        ("Engineering", "Pending")
    );
    assert_eq!(first.labels, ["a", "b"]);
    assert_eq!(first.assignees, ["ben"]);
    assert_eq!(first.comments[0].channel, "internal");
    assert!(
        first.comments[0].body.contains("Mine is ▇▇▇▇▇▇"),
        "{first:?}"
    );
    assert_eq!(world.zendesk.events_of(1, "CommentRedactionEvent"), 1);
    world.expect(403, "GET", "tickets/2", Value::Null);
}

#[test]
fn what_is_merged_is_closed_into_the_other() {
    let mut world = World::new();
    let (source, target) = (world.ticket("One"), world.ticket("Two"));
    let path = format!("tickets/{target}/merge");
    world.expect(200, "POST", &path, json!({"ids": [source]}));
    let merged = world.get(&format!("tickets/{source}"))["ticket"].clone();
    assert_eq!(merged["status"], "closed");
    assert_eq!(merged["tags"], json!(["closed_by_merge"]));
    let told = world.get(&format!("tickets/{target}/comments"));
    assert_eq!(told["comments"][1]["public"], false);
}
