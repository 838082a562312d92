//! Writing, reading, deleting: what the service itself does.

use super::*;

#[test]
fn an_item_begins_in_the_first_state_and_every_change_is_a_revision() {
    let mut world = World::new();
    let document = json!([
        {"op": "add", "path": "/fields/System.Title", "value": "New"},
        {"op": "add", "path": "/relations/-", "value": {"rel": "Hyperlink", "url": "https://a.example"}},
    ]);
    let made = world.expect(200, "POST", "Support/_apis/wit/workitems/$Issue", document);
    assert_eq!(
        (made["rev"].clone(), &made["fields"]["System.State"]),
        (json!(1), &json!("To Do"))
    );
    assert_eq!(
        made["fields"]["System.CreatedBy"]["uniqueName"],
        "twinline@acme.example"
    );
    let id = made["id"].as_u64().unwrap();
    let changed = world.patch(200, id, set("System.Title", json!("Other")));
    assert_eq!(changed["rev"], 2);
    let same = world.patch(200, id, set("System.Title", json!("Other")));
    assert_eq!(same["rev"], 2, "nothing changed");
    let document = json!([{"op": "add", "path": "/fields/System.Title", "value": "x"},
        {"op": "add", "path": "/fields/System.State", "value": "Done"}]);
    world.expect(400, "POST", "Support/_apis/wit/workitems/$Issue", document);
}

#[test]
fn a_revision_is_a_condition() {
    let mut world = World::new();
    let id = world.item("One");
    let document = |rev: u64| {
        json!([{"op": "test", "path": "/rev", "value": rev},
        {"op": "add", "path": "/fields/System.Title", "value": "Two"}])
    };
    let refused = world.patch(412, id, document(7));
    assert_eq!(refused["typeKey"], "TestPatchOperationFailedException");
    assert_eq!(world.patch(200, id, document(1))["rev"], 2);
}

#[test]
fn what_a_field_may_not_hold_is_refused_and_named() {
    let mut world = World::new();
    let id = world.item("One");
    let cases = [
        ("System.Title", json!(""), "TF401320"),
        ("System.Title", json!("x".repeat(256)), "InvalidTooLong"),
        (
            "System.State",
            json!("Nowhere"),
            "not in the list of supported values",
        ),
        (
            "System.AssignedTo",
            json!("nobody@acme.example"),
            "unknown identity",
        ),
        ("System.AreaPath", json!("Support\\Nowhere"), "TF401347"),
        ("System.CreatedDate", json!("2026-01-01"), "ReadOnly"),
        ("Custom.Severity", json!("4 - None"), "not in the list"),
        ("Custom.Count", json!(1.5), "InvalidType"),
        ("Custom.Promised", json!("soon"), "InvalidType"),
        ("Custom.Nowhere", json!(1), "TF51535"),
    ];
    for (field, value, expected) in cases {
        let refused = world.patch(400, id, set(field, value));
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains(expected), "{field}: {message}");
        let named = &refused["customProperties"]["RuleValidationErrors"][0]["fieldReferenceName"];
        assert_eq!(*named, field);
    }
}

#[test]
fn links_are_seen_from_both_ends_and_make_no_circle() {
    let mut world = World::new();
    let (one, other) = (world.item("One"), world.item("Other"));
    let parent = |id: u64| {
        json!([{"op": "add", "path": "/relations/-", "value":
        {"rel": "System.LinkTypes.Hierarchy-Reverse", "url": format!("http://localhost/acme/_apis/wit/workItems/{id}")}}])
    };
    world.patch(200, one, parent(other));
    let seen = world.get(&format!("_apis/wit/workitems/{other}?$expand=relations"));
    assert_eq!(
        seen["relations"][0]["rel"],
        "System.LinkTypes.Hierarchy-Forward"
    );
    assert_eq!(seen["rev"], 1);
    world.patch(400, other, parent(one));
    world.patch(400, one, parent(other));
    world.patch(404, other, parent(999));
    world.patch(200, one, json!([{"op": "remove", "path": "/relations/0"}]));
    let seen = world.get(&format!("_apis/wit/workitems/{other}?$expand=relations"));
    assert_eq!(seen["relations"], Value::Null);
}

#[test]
fn comments_are_pages_of_versions_and_each_makes_a_revision() {
    let mut world = World::new();
    let id = world.item("One");
    let path = format!("Support/_apis/wit/workItems/{id}/comments");
    let mut made = Vec::new();
    for n in 0..3 {
        let said = world.expect(200, "POST", &path, json!({"text": format!("<p>{n}</p>")}));
        made.push(said["id"].as_u64().unwrap());
    }
    let page = world.get(&format!("{path}?order=asc&$top=2"));
    assert_eq!(
        (page["totalCount"].clone(), page["count"].clone()),
        (json!(3), json!(2))
    );
    let token = page["continuationToken"].as_str().unwrap().to_owned();
    let rest = world.get(&format!(
        "{path}?order=asc&$top=2&continuationToken={token}"
    ));
    assert_eq!(rest["comments"][0]["text"], "<p>2</p>");
    assert_eq!(
        world.get(&path)["comments"][0]["text"],
        "<p>2</p>",
        "the newest comes first"
    );
    let one = format!("{path}/{}", made[0]);
    let edited = world.expect(200, "PATCH", &one, json!({"text": "new"}));
    assert_eq!(
        (edited["version"].clone(), edited["id"].clone()),
        (json!(2), json!(made[0]))
    );
    world.expect(200, "DELETE", &one, Value::Null);
    world.expect(404, "GET", &one, Value::Null);
    assert_eq!(
        world.get(&format!("{one}?includeDeleted=true"))["isDeleted"],
        true
    );
    let item = world.get(&format!("_apis/wit/workitems/{id}"));
    assert_eq!(
        (
            item["rev"].clone(),
            item["fields"]["System.CommentCount"].clone()
        ),
        (json!(6), json!(2))
    );
    world.expect(
        404,
        "GET",
        &format!("Application/_apis/wit/workItems/{id}/comments"),
        Value::Null,
    );
}

#[test]
fn the_recycle_bin_gives_back_what_was_deleted_and_not_what_was_destroyed() {
    let mut world = World::new();
    let id = world.item("One");
    let (item, bin) = (
        format!("_apis/wit/workitems/{id}"),
        format!("_apis/wit/recyclebin/{id}"),
    );
    world.expect(404, "GET", &bin, Value::Null);
    world.expect(200, "DELETE", &item, Value::Null);
    let gone = world.expect(404, "GET", &item, Value::Null);
    assert!(gone["message"].as_str().unwrap().starts_with("TF401232"));
    assert_eq!(world.get(&bin)["deletedBy"], "Twinline");
    world.expect(200, "PATCH", &bin, json!({"isDeleted": false}));
    world.get(&item);
    world.expect(200, "DELETE", &format!("{item}?destroy=true"), Value::Null);
    world.expect(404, "GET", &bin, Value::Null);
    world.expect(404, "GET", &item, Value::Null);
}

#[test]
fn the_feed_is_read_in_batches_of_all_projects_with_what_was_deleted() {
    let mut world = World::new();
    let one = world.item("One");
    let start = world.now;
    world.wait(10);
    let other = world.item("Other");
    world.patch(200, one, set("System.Title", json!("Changed")));
    world.expect(
        200,
        "DELETE",
        &format!("_apis/wit/workitems/{other}"),
        Value::Null,
    );
    let path = "_apis/wit/reporting/workitemrevisions?includeDeleted=true&fields=System.IsDeleted&$maxPageSize=2";
    let since = start.plus(Duration::from_secs(5)).to_string();
    let page = world.get(&format!("{path}&startDateTime={since}"));
    assert_eq!(page["isLastBatch"], false);
    let revisions = |page: &Value| -> Vec<(u64, u64)> {
        let values = page["values"].as_array().unwrap().iter();
        values
            .map(|one| (one["id"].as_u64().unwrap(), one["rev"].as_u64().unwrap()))
            .collect()
    };
    assert_eq!(revisions(&page), [(other, 1), (one, 2)]);
    let token = page["continuationToken"]
        .as_str()
        .unwrap()
        .replace(';', "%3B");
    let rest = world.get(&format!("{path}&continuationToken={token}"));
    assert_eq!(
        (revisions(&rest), rest["isLastBatch"].clone()),
        (vec![(other, 2)], json!(true))
    );
    assert_eq!(rest["values"][0]["fields"]["System.IsDeleted"], true);
    let both = format!("{path}&continuationToken={token}&startDateTime={since}");
    world.expect(400, "GET", &both, Value::Null);
    let alive = world.get("_apis/wit/reporting/workitemrevisions?includeLatestOnly=true");
    assert_eq!(revisions(&alive), [(one, 2)]);
}

#[test]
fn a_batch_leaves_out_what_is_not_there_or_fails() {
    let mut world = World::new();
    let id = world.item("One");
    let ask = |more: Value| {
        let mut body = json!({"ids": [id, 99]});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    let path = "_apis/wit/workitemsbatch";
    world.expect(404, "POST", path, ask(json!({})));
    let found = world.expect(
        200,
        "POST",
        path,
        ask(json!({"errorPolicy": "omit", "fields": ["System.Title"]})),
    );
    assert_eq!(found["value"][0]["fields"], json!({"System.Title": "One"}));
    assert_eq!(found["value"][1], Value::Null);
    let both = ask(json!({"fields": ["System.Title"], "$expand": "relations"}));
    world.expect(400, "POST", path, both);
    let before = world.now.to_string();
    world.wait(60);
    world.patch(200, id, set("System.Title", json!("Two")));
    let body = json!({"ids": [id], "asOf": before});
    let then = world.expect(200, "POST", path, body);
    assert_eq!(then["value"][0]["fields"]["System.Title"], "One");
}

#[test]
fn consumption_is_told_delayed_and_refused() {
    let mut world = World::new();
    let path = "_apis/wit/fields";
    let mut told = [0; 3];
    for _ in 0..4_100 {
        world.now = world.now.minus(Duration::from_secs(1));
        let answer = world.ask_raw("GET", path, &Value::Null);
        let header = |name: &str| answer.headers().contains_key(name);
        told[0] += usize::from(header("x-ratelimit-remaining"));
        told[1] += usize::from(header("x-ratelimit-delay"));
        told[2] += usize::from(answer.status() == 429);
    }
    assert_eq!(told[2], 100, "{told:?}");
    assert!(told[0] > told[1] && told[1] > told[2], "{told:?}");
    world.wait(300);
    world.get(path);
}

#[test]
fn clients_find_the_operations_and_who_has_no_token_is_shown_in() {
    let mut world = World::new();
    let locations = world.expect(200, "OPTIONS", "_apis", Value::Null);
    assert_eq!(
        locations["count"],
        locations["value"].as_array().unwrap().len()
    );
    let areas = world.get("_apis/ResourceAreas");
    assert_eq!(areas["value"][0]["locationUrl"], "http://localhost/acme/");
    let ask = |header: Option<(&str, &str)>| {
        let mut request = Request::get("/acme/_apis/projects");
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        request.body(Bytes::new()).unwrap()
    };
    let now = world.now;
    let mut status = |header| world.azure.handle(now, &ask(header)).status().as_u16();
    assert_eq!(status(None), 203);
    assert_eq!(status(Some(("x-tfs-fedauthredirect", "Suppress"))), 401);
    assert_eq!(status(Some(("authorization", "Bearer wrong"))), 401);
}
