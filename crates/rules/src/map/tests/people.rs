//! People.

use super::*;

const PEOPLE: &str = r#"
[fields.assignee]
left = "assignee"
right = "owner"
people = "staff"
[people.staff]
match = ["table", "email", "login"]
table = [{ left = "ada@a.example", right = "ada.l" }]
fallback = { left = "none", right = "RIGHT" }
"#;

fn people(fallback: &str) -> CompiledRules {
    let user = |id: &str, email: Option<&str>, login: &str| json!({ "id": id, "name": null, "email": email, "login": login });
    let right = json!({ "fields": { "owner": { "name": "Owner", "kind": "user" } },
        "users": [user("r1", None, "ada.l"), user("r2", Some("BO@a.example"), "bo"), user("r3", None, "triage")] });
    let left = json!({ "users": [user("l5", Some("bo@a.example"), "bo"), user("l6", None, "ada@a.example")] });
    compiled(&PEOPLE.replace("RIGHT", fallback), left, right)
}

fn person(id: &str, email: Option<&str>, login: Option<&str>) -> Value {
    Value::User(User {
        id: id.to_owned(),
        name: None,
        email: email.map(str::to_owned),
        login: login.map(str::to_owned),
    })
}

fn check_person(fallback: &str, from: Value, expected: Option<&str>, waived: bool) {
    let draft = incoming(
        &people(fallback),
        Side::Right,
        &[("assignee", from.clone())],
        &[],
        false,
    );
    let id = draft
        .fields
        .get("owner")
        .map(|assigned| match &assigned.value {
            Value::User(user) => user.id.clone(),
            Value::Empty => "nobody".to_owned(),
            other => panic!("{other:?}"),
        });
    assert_eq!(id.as_deref(), expected, "{from:?}");
    assert_eq!(draft.waived.contains_key("assignee"), waived, "{from:?}");
}

#[test]
fn people_are_matched_by_table_email_login_and_fallback() {
    check_person(
        "keep",
        person("l1", Some("Ada@a.example"), None),
        Some("r1"),
        false,
    );
    check_person(
        "keep",
        person("l2", Some("bo@a.example"), None),
        Some("r2"),
        false,
    );
    check_person("keep", person("l3", None, Some("BO")), Some("r2"), false);
    check_person(
        "keep",
        person("l4", Some("who@else.example"), None),
        None,
        true,
    );
    check_person(
        "none",
        person("l4", Some("who@else.example"), None),
        Some("nobody"),
        false,
    );
    check_person(
        "triage",
        person("l4", Some("who@else.example"), None),
        Some("r3"),
        false,
    );
    check_person("keep", Value::Empty, Some("nobody"), false);
    // Known by their account alone: their item shows no more than an id.
    check_person("keep", person("l5", None, None), Some("r2"), false);
    check_person("keep", person("l6", None, None), Some("r1"), false);
}

#[test]
fn an_unknown_person_is_told_in_the_reason() {
    let draft = incoming(
        &people("keep"),
        Side::Right,
        &[("assignee", person("l4", Some("who@else.example"), None))],
        &[],
        false,
    );
    assert_eq!(
        draft.waived["assignee"],
        "the right does not know who@else.example"
    );
}

#[test]
fn several_people_cross_as_far_as_they_are_known() {
    let right = json!({ "fields": { "owners": { "name": "Owners", "kind": "users" } },
        "users": [{ "id": "r1", "name": null, "email": "ada@a.example", "login": null }] });
    let rules = compiled(
        "[fields.p]\nleft = \"assignees\"\nright = \"owners\"\n",
        json!({}),
        right,
    );
    let user = |id: &str, email: &str| User {
        id: id.to_owned(),
        email: Some(email.to_owned()),
        ..User::default()
    };
    let from = Value::Users(BTreeSet::from([
        user("1", "ada@a.example"),
        user("2", "bo@a.example"),
    ]));
    let draft = incoming(&rules, Side::Right, &[("p", from)], &[], false);
    assert_eq!(
        assigned(&draft)["owners"],
        Value::Users(BTreeSet::from([user("r1", "")]))
    );
    assert_eq!(
        draft.trace,
        ["[fields.p]: the right does not know bo@a.example"]
    );
}
