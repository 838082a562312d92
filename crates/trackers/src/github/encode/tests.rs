use super::*;
use crate::TrackerError;
use twinline_core::item::Choice;
use twinline_core::richtext::Document;

fn body_of(fields: &[(&str, Value)]) -> Json {
    let fields = fields
        .iter()
        .map(|(name, value)| ((*name).into(), value.clone()))
        .collect();
    Json::Object(Writes::of_create(&fields).unwrap().body)
}

fn person(login: &str) -> User {
    User {
        login: Some(login.to_owned()),
        ..User::default()
    }
}

fn option(id: &str) -> Value {
    Value::Choice(Choice {
        id: id.to_owned(),
        name: "shown".to_owned(),
    })
}

#[test]
fn fields_become_one_request_body() {
    let fields = [
        (field::SUMMARY, Value::text("  Two\nlines ")),
        (field::STATUS, option("closed:not_planned")),
        (field::LABELS, Value::set(["a", " b "])),
        (field::ASSIGNEE, Value::User(person("Ana"))),
        (field::TYPE, Value::text("Bug")),
    ];
    let expected = json!({
        "title": "Two lines", "state": "closed", "state_reason": "not_planned",
        "labels": ["a", "b"], "assignees": ["Ana"], "type": "Bug",
    });
    assert_eq!(body_of(&fields), expected);
    let emptied = [
        (field::LABELS, Value::Empty),
        (field::ASSIGNEES, Value::Empty),
        (field::TYPE, Value::Empty),
        (field::STATUS, Value::text("open")),
    ];
    let expected = json!({"labels": [], "assignees": [], "type": null, "state": "open"});
    assert_eq!(body_of(&emptied), expected);
}

#[test]
fn what_github_has_no_place_for_is_waived_and_what_it_refuses_is_said_at_once() {
    let write =
        |name: &str, value| Writes::of_create(&BTreeMap::from([(FieldName::from(name), value)]));
    for name in [field::REPORTER, "priority"] {
        let writes = write(name, Value::text("x")).unwrap();
        assert!(writes.waived.contains_key(name), "{name}");
        assert!(writes.body.is_empty());
    }
    let refused = |name: &str, value, sentence: &str| {
        let impossible = write(name, value).unwrap_err().refused("GitHub");
        let named = matches!(&impossible, TrackerError::Refused { field, .. } if field.as_deref() == Some(name));
        assert!(
            named && impossible.to_string().contains(sentence),
            "{impossible:?}"
        );
    };
    refused(field::SUMMARY, Value::text(" "), "title");
    refused(field::STATUS, option("In Progress"), "closed:not_planned");
    refused(field::LABELS, Value::Bool(true), "cannot hold");
    let nobody = write(field::ASSIGNEE, Value::User(User::default())).unwrap();
    assert!(nobody.waived[field::ASSIGNEE].contains("login"));
}

#[test]
fn normalising_gives_what_comes_back() {
    let check = |name: &str, value: Value, expected: Value| {
        let name = FieldName::from(name);
        let once = normalise(&name, &value);
        assert_eq!(once, expected, "{name}");
        assert_eq!(normalise(&name, &once), once, "{name} twice");
    };
    check(field::SUMMARY, Value::text(" a\tb "), Value::text("a b"));
    check(
        field::STATUS,
        Value::text("closed"),
        option("closed:completed"),
    );
    check(field::STATUS, option("open"), option("open"));
    check(field::LABELS, Value::Empty, Value::Set(BTreeSet::new()));
    check(MILESTONE, Value::text("v1"), option("v1"));
    check(
        field::ASSIGNEES,
        Value::set(["Ana"]),
        Value::Users(BTreeSet::from([named("ana")])),
    );
    check(
        field::ASSIGNEE,
        Value::User(person("Ana")),
        Value::User(named("ana")),
    );
    check(
        field::DESCRIPTION,
        Value::Rich(Document::default()),
        Value::Empty,
    );
    let text = Value::Rich(Document::from_plain("a\n\nb"));
    check(field::DESCRIPTION, text.clone(), text);
}
