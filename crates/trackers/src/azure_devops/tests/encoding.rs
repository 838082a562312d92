//! Values both ways.

use super::super::encode::{Writes, normalise};
use super::*;
use std::collections::BTreeMap;
use twinline_core::effect::FieldWrite;
use twinline_core::item::field;

fn before() -> wire::WorkItem {
    let fields = json!({ "System.Tags": "Alpha; beta", "System.Title": "t" });
    serde_json::from_value(json!({ "id": 7, "rev": 3, "fields": fields, "relations": [
        { "rel": "Hyperlink", "url": "https://a.example" },
        { "rel": decode::PARENT, "url": "https://dev.azure.com/acme/_apis/wit/workItems/5" }] }))
    .unwrap()
}

#[track_caller]
fn check(name: &str, write: FieldWrite, expected: Json) {
    let fields = BTreeMap::from([(FieldName::from(name), write)]);
    let writes = Writes::of(&fields, Some(&before())).unwrap();
    let operations = writes.operations(Some(&before()), "https://dev.azure.com/acme");
    assert_eq!(json!(operations), expected, "{name}");
}

fn replace(value: Value) -> FieldWrite {
    FieldWrite::Replace(value)
}

#[test]
fn fields_become_operations() {
    let add = |path: &str, value: Json| json!([{ "op": "add", "path": path, "value": value }]);
    check(
        field::SUMMARY,
        replace(Value::text(" a\nb ")),
        add("/fields/System.Title", json!("a b")),
    );
    check(
        field::PRIORITY,
        replace(Value::text("2")),
        add("/fields/Microsoft.VSTS.Common.Priority", json!(2)),
    );
    check(
        field::DUE,
        replace(Value::Date("2026-02-03".to_owned())),
        add(
            "/fields/Microsoft.VSTS.Scheduling.DueDate",
            json!("2026-02-03T00:00:00Z"),
        ),
    );
    let ana = User {
        id: "ana@acme.example".to_owned(),
        ..User::default()
    };
    check(
        field::ASSIGNEE,
        replace(Value::User(ana)),
        add("/fields/System.AssignedTo", json!("ana@acme.example")),
    );
    check("Custom.Notes", replace(Value::Empty), json!([]));
    check(
        field::LABELS,
        replace(Value::Empty),
        json!([{ "op": "remove", "path": "/fields/System.Tags" }]),
    );
}

#[test]
fn tags_are_told_apart_whatever_their_letter_case() {
    let write = FieldWrite::Elements {
        add: ["BETA".to_owned(), "new; one".to_owned()].into(),
        remove: ["alpha".to_owned()].into(),
    };
    check(
        field::LABELS,
        write,
        json!([{ "op": "add", "path": "/fields/System.Tags", "value": "beta; new one" }]),
    );
    let labels = normalise(&field::LABELS.into(), &Value::set(["B", "b", " a,c ", ""]));
    assert_eq!(labels, Value::set(["B", "a c"]));
}

#[test]
fn a_parent_is_a_link_that_is_replaced_by_its_place() {
    let remove = json!({ "op": "remove", "path": "/relations/1" });
    let url = "https://dev.azure.com/acme/_apis/wit/workItems/9";
    let add = json!({ "op": "add", "path": "/relations/-", "value": { "rel": decode::PARENT, "url": url } });
    check(
        field::PARENT,
        replace(Value::text("#9")),
        json!([remove, add]),
    );
    check(field::PARENT, replace(Value::text("#5")), json!([]));
    check(field::PARENT, replace(Value::Empty), json!([remove]));
    let fields = BTreeMap::from([(FieldName::from(field::PARENT), replace(Value::text("nine")))]);
    let why = Writes::of(&fields, None).unwrap_err();
    assert!(why.sentence.contains("write #12"), "{why:?}");
}

#[test]
fn people_are_read_from_texts_and_from_objects() {
    let check = |json: Json, id: &str, name: Option<&str>| {
        let identity: wire::Identity = serde_json::from_value(json).unwrap();
        let user = decode::user(&identity);
        assert_eq!((user.id.as_str(), user.name.as_deref()), (id, name));
    };
    check(
        json!({ "uniqueName": "Ana@Acme.example", "displayName": "Ana", "descriptor": "aad.1" }),
        "ana@acme.example",
        Some("Ana"),
    );
    check(
        json!({ "displayName": "A group", "descriptor": "vssgp.1" }),
        "vssgp.1",
        Some("A group"),
    );
}
