//! What fields accept, and with which words they refuse.

use super::{World, adf};
use serde_json::{Value, json};

/// Sets a field of a fresh issue and compares what the API then shows, or the error on the field.
fn check(field: &str, value: Value, expected: Result<Value, &str>) {
    let mut world = World::new();
    let key = world.issue("Fields");
    let body = json!({"fields": {field: value}});
    let (status, answer) = world.ask("PUT", &format!("issue/{key}"), body);
    match expected {
        Ok(expected) => {
            assert_eq!(status, 204, "{field}: {answer}");
            let shown = world.field(&key, field);
            let same = match (&shown, &expected) {
                (Value::Object(shown), Value::Object(wanted)) => wanted
                    .iter()
                    .all(|(name, value)| shown.get(name) == Some(value)),
                _ => shown == expected,
            };
            assert!(same, "{field}: {shown} is not {expected}");
        }
        Err(message) => {
            assert_eq!(status, 400, "{field}");
            assert_eq!(answer["errors"][field], message);
        }
    }
}

#[test]
fn lines() {
    check("summary", json!("  Trimmed "), Ok(json!("Trimmed")));
    check(
        "summary",
        json!(""),
        Err("You must specify a summary of the issue."),
    );
    check(
        "summary",
        json!("a\nb"),
        Err("The summary is invalid because it contains newline characters."),
    );
    check(
        "summary",
        json!("ü".repeat(255)),
        Ok(json!("ü".repeat(255))),
    );
    check(
        "summary",
        json!("ü".repeat(256)),
        Err("Summary can't exceed 255 characters."),
    );
    check("customfield_10040", json!("C-17"), Ok(json!("C-17")));
    check(
        "customfield_10040",
        json!(17),
        Err("Operation value must be a string"),
    );
}

#[test]
fn documents() {
    let not_adf =
        "Operation value must be an Atlassian Document (see the Atlassian Document Format)";
    let node = |node: Value| json!({"type": "doc", "version": 1, "content": [node]});
    let text = |text: &str| {
        node(json!({"type": "paragraph", "content": [{"type": "text", "text": text}]}))
    };
    check("description", text("hello"), Ok(text("hello")));
    check("description", Value::Null, Ok(Value::Null));
    check("description", json!("plain"), Err(not_adf));
    check("description", json!({"type": "paragraph"}), Err(not_adf));
    check("description", text(""), Err("INVALID_INPUT"));
    check("description", text("a\u{1}b"), Err("INVALID_INPUT"));
    check(
        "description",
        node(json!({"type": "unheardOf"})),
        Err("INVALID_INPUT"),
    );
    check(
        "description",
        node(json!({"content": []})),
        Err("INVALID_INPUT"),
    );
    check(
        "description",
        adf(&"x".repeat(32_767)),
        Ok(adf(&"x".repeat(32_767))),
    );
    check(
        "description",
        adf(&"x".repeat(32_768)),
        Err("CONTENT_LIMIT_EXCEEDED"),
    );
    check("environment", text("linux"), Ok(text("linux")));
}

#[test]
fn choices() {
    check(
        "priority",
        json!({"name": "High"}),
        Ok(json!({"id": "2", "name": "High"})),
    );
    check(
        "priority",
        json!({"name": "Urgent"}),
        Err("Priority name 'Urgent' is not valid"),
    );
    check("labels", json!(["b", "a", "b"]), Ok(json!(["a", "b"])));
    check(
        "labels",
        json!(["two words"]),
        Err("The label 'two words' contains spaces which is invalid."),
    );
    check(
        "components",
        json!([{"name": "UI"}]),
        Ok(json!([{"id": "10000", "name": "UI",
        "self": "http://localhost/rest/api/3/component/10000"}])),
    );
    check(
        "components",
        json!([{"name": "Moon"}]),
        Err("Component name 'Moon' is not valid"),
    );
    check(
        "customfield_10043",
        json!({"value": "Major"}),
        Ok(json!({"id": "10101", "value": "Major"})),
    );
    check(
        "customfield_10043",
        json!({"value": "Mild"}),
        Err("Option value 'Mild' is not valid"),
    );
    check(
        "customfield_10043",
        json!("Major"),
        Err("Specify a valid 'id' or 'name' for Severity"),
    );
    check(
        "assignee",
        json!({"accountId": "712020:ben"}),
        Ok(json!({"displayName": "Ben Okafor"})),
    );
    check(
        "assignee",
        json!({"accountId": "nobody"}),
        Err("User 'nobody' cannot be assigned issues."),
    );
    check("assignee", Value::Null, Ok(Value::Null));
}

#[test]
fn others() {
    check("customfield_10042", json!(2.5), Ok(json!(2.5)));
    check(
        "customfield_10042",
        json!("2.5"),
        Err("Operation value must be a number"),
    );
    check("duedate", json!("2026-02-28"), Ok(json!("2026-02-28")));
    check(
        "duedate",
        json!("2026-02-30"),
        Err("Error parsing date string: 2026-02-30"),
    );
    check(
        "customfield_10048",
        json!("2026-02-01T10:00:00.000+0100"),
        Ok(json!("2026-02-01T09:00:00.000+0000")),
    );
    check(
        "status",
        json!({"name": "Done"}),
        Err("Field 'status' cannot be set. It is not on the appropriate screen, or unknown."),
    );
    check(
        "customfield_1",
        json!(1),
        Err(
            "Field 'customfield_1' cannot be set. It is not on the appropriate screen, or unknown.",
        ),
    );
    let area = json!({"value": "Shop", "child": {"value": "Cart"}});
    check(
        "customfield_10047",
        area,
        Ok(
            json!({"id": "10120", "child": {"id": "10121", "value": "Cart",
        "self": "http://localhost/rest/api/3/customFieldOption/10121"}}),
        ),
    );
    let wrong = json!({"value": "Shop", "child": {"value": "Profile"}});
    check(
        "customfield_10047",
        wrong,
        Err("Option value 'Profile' is not valid"),
    );
}
