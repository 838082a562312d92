//! Every operation's answer against the vendor's own description of the API, when it is at hand.

use super::{World, set};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use twinline_core::time::Timestamp;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/specs/azure");

/// One of the vendor's descriptions.
fn description(file: &str) -> Option<Value> {
    let folder = Path::new(FOLDER);
    let beside = PathBuf::from(FOLDER.replace("/../shared/", "/../../shared/"));
    let deeper = PathBuf::from(FOLDER.replace("/../shared/", "/../../../shared/"));
    let deepest = PathBuf::from(FOLDER.replace("/../shared/", "/../../../../shared/"));
    let folders = [folder, &beside, &deeper, &deepest];
    let text = folders
        .iter()
        .find_map(|folder| std::fs::read_to_string(folder.join(file)).ok())?;
    Some(loosened(&serde_json::from_str(&text).unwrap()))
}

/// Microsoft's descriptions say `object` where any value may stand.
fn loosened(value: &Value) -> Value {
    match value {
        Value::Object(entries) => {
            let known = ["type", "description", "format", "readOnly"];
            let says = |key: &String| !known.contains(&key.as_str());
            if value["type"] == "object" && !entries.keys().any(says) {
                return json!({});
            }
            let entries = entries
                .iter()
                .map(|(key, value)| (key.clone(), loosened(value)));
            Value::Object(entries.collect())
        }
        Value::Array(entries) => entries.iter().map(loosened).collect(),
        other => other.clone(),
    }
}

/// Validates an answer against a schema of the description by its name. Lists come in an envelope that it leaves out.
#[track_caller]
fn check(description: &Value, schema: &str, answer: &Value) {
    let document = json!({"definitions": description["definitions"],
        "allOf": [{"$ref": format!("#/definitions/{schema}")}]});
    let validator = jsonschema::options()
        .with_draft(jsonschema::Draft::Draft4)
        .should_validate_formats(true)
        .with_format("date-time", |text: &str| Timestamp::parse(text).is_ok())
        .build(&document)
        .unwrap();
    let many = answer
        .get("count")
        .and(answer.get("value"))
        .and_then(Value::as_array);
    let one = [answer.clone()];
    for value in many.map_or(&one[..], Vec::as_slice) {
        let errors: Vec<String> = validator
            .iter_errors(value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{schema}: {errors:#?}\n{value:#}");
    }
}

/// A world with an item that has a value in every kind of field, a parent, comments and a past.
fn full() -> (World, u64) {
    let mut world = World::new();
    let (above, id) = (world.item("Above"), world.item("All of it"));
    let url = format!("http://localhost/acme/_apis/wit/workItems/{above}");
    let link = json!([{"op": "add", "path": "/relations/-", "value":
        {"rel": "System.LinkTypes.Hierarchy-Reverse", "url": url, "attributes": {"comment": "c"}}}]);
    world.patch(200, id, link);
    for (field, value) in [
        ("Custom.Severity", json!("2 - High")),
        ("Custom.Ratio", json!(0.5)),
        ("Custom.Agreed", json!(true)),
        ("Custom.Promised", json!("2026-02-03")),
        ("Custom.Owner", json!("dora@acme.example")),
        ("Custom.Steps", json!("<p>x</p>")),
    ] {
        world.patch(200, id, set(field, value));
    }
    let comments = format!("Support/_apis/wit/workItems/{id}/comments");
    world.expect(200, "POST", &comments, json!({"text": "<p>hello</p>"}));
    (world, id)
}

#[test]
fn the_answers_about_work_items_are_as_described() {
    let Some(description) = description("wit-7.1.json") else {
        crate::needs::skip("the description of Azure DevOps' work items is not there");
        return;
    };
    let (mut world, id) = full();
    let item = format!("_apis/wit/workitems/{id}");
    let comments = format!("Support/_apis/wit/workItems/{id}/comments");
    let gets = [
        (format!("{item}?$expand=all"), "WorkItem"),
        (format!("{item}/updates"), "WorkItemUpdate"),
        (format!("{item}/revisions"), "WorkItem"),
        (comments.clone(), "CommentList"),
        (format!("{comments}/1"), "Comment"),
        ("_apis/wit/fields".to_owned(), "WorkItemField2"),
        (
            "_apis/wit/workitemrelationtypes".to_owned(),
            "WorkItemRelationType",
        ),
        ("Support/_apis/wit/workitemtypes".to_owned(), "WorkItemType"),
        (
            "Support/_apis/wit/workitemtypes/Issue".to_owned(),
            "WorkItemType",
        ),
        (
            "Support/_apis/wit/workitemtypes/Issue/fields?$expand=allowedValues".to_owned(),
            "WorkItemTypeFieldWithReferences",
        ),
        (
            "Support/_apis/wit/workitemtypes/Issue/states".to_owned(),
            "WorkItemStateColor",
        ),
        (
            "Support/_apis/wit/classificationnodes?$depth=2".to_owned(),
            "WorkItemClassificationNode",
        ),
    ];
    for (path, schema) in gets {
        let answer = world.get(&path);
        check(&description, schema, &answer);
    }
    // The description says that revisions are texts.
    let feed = world.get("_apis/wit/reporting/workitemrevisions?includeDeleted=true");
    check(
        &description,
        "WorkItem",
        &json!({"count": 1, "value": feed["values"]}),
    );
    let query = json!({"query": "SELECT [System.Id], [System.Title] FROM WorkItems"});
    let found = world.expect(200, "POST", "_apis/wit/wiql", query);
    check(&description, "WorkItemQueryResult", &found);
    let batch = world.expect(
        200,
        "POST",
        "_apis/wit/workitemsbatch",
        json!({"ids": [id], "$expand": "relations"}),
    );
    check(&description, "WorkItem", &batch);
    let made = world.expect(
        200,
        "POST",
        "Support/_apis/wit/workitems/$Task",
        set("System.Title", json!("t")),
    );
    check(&description, "WorkItem", &made);
    let deleted = world.expect(200, "DELETE", &item, Value::Null);
    check(&description, "WorkItemDelete", &deleted);
    let bin = world.get(&format!("_apis/wit/recyclebin/{id}"));
    check(&description, "WorkItemDelete", &bin);
}

#[test]
fn the_answers_about_service_hooks_are_as_described() {
    let Some(description) = description("hooks-7.1.json") else {
        crate::needs::skip("the description of Azure DevOps' service hooks is not there");
        return;
    };
    let mut world = World::new();
    let body = json!({"publisherId": "tfs", "eventType": "workitem.created", "consumerId": "webHooks",
        "consumerActionId": "httpRequest", "publisherInputs": {}, "consumerInputs": {"url": "https://edge.example/in"}});
    let path = "_apis/hooks/subscriptions";
    let made = world.expect(200, "POST", path, body);
    check(&description, "Subscription", &made);
    check(&description, "Subscription", &world.get(path));
    world.item("One");
    let hook = world.azure.hooks.take().remove(0);
    let told: Value = serde_json::from_slice(hook.request.body()).unwrap();
    check(&description, "Event", &told);
}
