//! Every operation's answer against the vendor's own description of the API, when it is at hand.

use super::{World, adf};
use serde_json::{Value, json};
use twinline_core::time::Timestamp;

const DESCRIPTION: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/specs/jira/jira-cloud-v3.json"
);

/// The description as one JSON Schema document, to which references can point.
fn description() -> Option<Value> {
    let path = std::path::Path::new(DESCRIPTION);
    let found = [
        path.to_owned(),
        std::path::PathBuf::from(DESCRIPTION.replace("/../shared/", "/../../shared/")),
    ];
    let text = found
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok())?;
    let mut description: Value = serde_json::from_str(&text).unwrap();
    // The description says that these are texts; its own examples and the service have null for an empty value.
    let change = &mut description["components"]["schemas"]["ChangeDetails"]["properties"];
    for name in ["from", "fromString", "to", "toString"] {
        change[name] = json!({"type": ["string", "null"]});
    }
    Some(description)
}

/// Asks and validates the answer against the operation's schema.
fn check(
    world: &mut World,
    description: &Value,
    status: u16,
    (method, path): (&str, &str),
    operation: &str,
    body: Value,
) -> Value {
    let answer = world.expect(status, method, path, body);
    let responses = &description["paths"][format!("/rest/api/3/{operation}")]
        [method.to_lowercase()]["responses"];
    let response = &responses[status.to_string()];
    assert!(
        response.is_object(),
        "the description has no {status} for {method} {operation}"
    );
    let schema = &response["content"]["application/json"]["schema"];
    if schema.is_null() {
        return answer;
    }
    let mut document = json!({"components": description["components"]});
    document["allOf"] = json!([schema]);
    let validator = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft4)
        // Jira writes offsets without a colon: 2026-01-31T09:30:00.000+0000.
        .with_format("date-time", |text: &str| Timestamp::parse(text).is_ok())
        .build(&document)
        .unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&answer)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(
        errors.is_empty(),
        "{method} {path}: {errors:#?}\n{answer:#}"
    );
    answer
}

#[test]
fn the_sites_answers_are_as_described() {
    let Some(description) = description() else {
        crate::needs::skip("the description of Jira's API is not there");
        return;
    };
    let mut world = World::new();
    world.issue("One");
    let mut get = |path: &str, operation: &str| {
        check(
            &mut world,
            &description,
            200,
            ("GET", path),
            operation,
            Value::Null,
        )
    };
    for path in [
        "myself",
        "project",
        "serverInfo",
        "field",
        "issuetype",
        "priority",
        "resolution",
        "status",
        "issueLinkType",
    ] {
        get(path, path);
    }
    get("user?accountId=712020:ben", "user");
    get("user/search?query=b", "user/search");
    get(
        "user/assignable/search?project=APP",
        "user/assignable/search",
    );
    get("project/search", "project/search");
    get("project/APP", "project/{projectIdOrKey}");
    get("project/APP/statuses", "project/{projectIdOrKey}/statuses");
    get(
        "project/APP/components",
        "project/{projectIdOrKey}/components",
    );
    get(
        "issue/createmeta/APP/issuetypes",
        "issue/createmeta/{projectIdOrKey}/issuetypes",
    );
    get(
        "issue/createmeta/APP/issuetypes/10001",
        "issue/createmeta/{projectIdOrKey}/issuetypes/{issueTypeId}",
    );
}

const ISSUE: &str = "issue/{issueIdOrKey}";
const COMMENTS: &str = "issue/{issueIdOrKey}/comment";
const COMMENT: &str = "issue/{issueIdOrKey}/comment/{id}";
const TRANSITIONS: &str = "issue/{issueIdOrKey}/transitions";
const PROPERTY: &str = "issue/{issueIdOrKey}/properties/{propertyKey}";

/// A world with one issue that has a value in every kind of field.
fn full_issue(description: &Value) -> World {
    let mut world = World::new();
    let fields = json!({"project": {"key": "APP"}, "issuetype": {"name": "Bug"}, "summary": "All of it",
        "description": adf("text"), "labels": ["a"], "assignee": {"accountId": "712020:ben"}, "duedate": "2026-03-01",
        "components": [{"name": "UI"}], "customfield_10044": [{"value": "Linux"}],
        "customfield_10047": {"value": "Shop", "child": {"value": "Cart"}}, "customfield_10042": 3});
    let body = json!({"fields": fields, "properties": [{"key": "k", "value": 1}]});
    check(
        &mut world,
        description,
        201,
        ("POST", "issue"),
        "issue",
        body,
    );
    world
}

#[test]
fn the_answers_to_writes_are_as_described() {
    let Some(description) = description() else {
        crate::needs::skip("the description of Jira's API is not there");
        return;
    };
    let mut world = full_issue(&description);
    let mut ask = |status: u16, how: (&str, &str), operation: &str, body: Value| {
        check(&mut world, &description, status, how, operation, body)
    };
    let incomplete = json!({"fields": {"project": {"key": "APP"}, "issuetype": {"name": "Bug"}}});
    ask(400, ("POST", "issue"), "issue", incomplete);
    let edit = json!({"fields": {"summary": "Changed", "assignee": null}});
    ask(204, ("PUT", "issue/APP-1"), ISSUE, edit);
    let edit = json!({"fields": {"summary": "Once more"}});
    ask(200, ("PUT", "issue/APP-1?returnIssue=true"), ISSUE, edit);
    let ana = json!({"accountId": "712020:ana"});
    ask(
        204,
        ("PUT", "issue/APP-1/assignee"),
        "issue/{issueIdOrKey}/assignee",
        ana,
    );
    let start = json!({"transition": {"id": "21"}});
    ask(204, ("POST", "issue/APP-1/transitions"), TRANSITIONS, start);
    let comment = json!({"body": adf("hello"), "visibility": {"type": "role", "value": "Administrators"},
        "properties": [{"key": "sd.public.comment", "value": {"internal": true}}]});
    let path = "issue/APP-1/comment?expand=properties,renderedBody";
    let made = ask(201, ("POST", path), COMMENTS, comment);
    let one = format!("issue/APP-1/comment/{}", made["id"].as_str().unwrap());
    ask(200, ("PUT", &one), COMMENT, json!({"body": adf("hello!")}));
    let properties = format!("comment/{}/properties", made["id"].as_str().unwrap());
    let operation = "comment/{commentId}/properties";
    ask(200, ("GET", &properties), operation, Value::Null);
    ask(
        404,
        ("GET", "comment/999999/properties"),
        operation,
        Value::Null,
    );
    ask(204, ("DELETE", &one), COMMENT, Value::Null);
    ask(
        201,
        ("PUT", "issue/APP-1/properties/x"),
        PROPERTY,
        json!({}),
    );
    ask(
        200,
        ("PUT", "issue/APP-1/properties/x"),
        PROPERTY,
        json!({}),
    );
    ask(
        204,
        ("DELETE", "issue/APP-1/properties/x"),
        PROPERTY,
        Value::Null,
    );
    ask(204, ("DELETE", "issue/APP-1"), ISSUE, Value::Null);
    ask(404, ("GET", "issue/APP-1"), ISSUE, Value::Null);
}

#[test]
fn the_answers_to_reads_are_as_described() {
    let Some(description) = description() else {
        crate::needs::skip("the description of Jira's API is not there");
        return;
    };
    let mut world = full_issue(&description);
    let comment = world.expect(
        201,
        "POST",
        "issue/APP-1/comment",
        json!({"body": adf("hello")}),
    );
    let comment = format!("issue/APP-1/comment/{}", comment["id"].as_str().unwrap());
    for n in 0..3 {
        let edit = json!({"fields": {"summary": format!("Edit {n}")}, "update": {"labels": [{"add": format!("l{n}")}]}});
        world.expect(204, "PUT", "issue/APP-1", edit);
    }
    let everything = "issue/APP-1?expand=names,schema,changelog,renderedFields,transitions,transitions.fields,editmeta&properties=*all";
    let gets = [
        (everything, ISSUE),
        ("issue/APP-1/comment?expand=properties", COMMENTS),
        (&comment, COMMENT),
        (
            "issue/APP-1/transitions?expand=transitions.fields",
            TRANSITIONS,
        ),
        ("issue/APP-1/properties/k", PROPERTY),
        ("issue/APP-1/properties", "issue/{issueIdOrKey}/properties"),
        ("issue/APP-1/editmeta", "issue/{issueIdOrKey}/editmeta"),
        (
            "issue/APP-1/changelog?maxResults=2",
            "issue/{issueIdOrKey}/changelog",
        ),
        ("search/jql?jql=project%3DAPP", "search/jql"),
    ];
    for (path, operation) in gets {
        check(
            &mut world,
            &description,
            200,
            ("GET", path),
            operation,
            Value::Null,
        );
    }
    let search =
        json!({"jql": "project = APP", "fields": ["*all"], "expand": "names,schema,changelog"});
    let posts = [
        (
            "issue/bulkfetch",
            json!({"issueIdsOrKeys": ["APP-1", "APP-9"], "expand": ["changelog"]}),
        ),
        ("search/jql", search),
        ("search/approximate-count", json!({"jql": "project = APP"})),
    ];
    for (path, body) in posts {
        check(&mut world, &description, 200, ("POST", path), path, body);
    }
}
