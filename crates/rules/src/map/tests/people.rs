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

/// What becomes of a reporter whom the other side does not list: the name and the address by which its tracker is asked.
fn check_unlisted(
    matching: &str,
    fallback: &str,
    native: &str,
    expected: Option<(Option<&str>, &str)>,
) {
    let map = PEOPLE
        .replace("[fields.assignee]", "[fields.who]")
        .replace("\"owner\"", &format!("\"{native}\""))
        .replace(r#"["table", "email", "login"]"#, matching)
        .replace("RIGHT", fallback);
    let fields = json!({ native: { "name": "Who", "kind": "user" } });
    let right = json!({ "fields": fields, "users": [{ "id": "r3", "name": null, "email": null, "login": "triage" }] });
    let rules = compiled(&map, json!({}), right);
    let from = Value::User(User {
        name: Some("Cara".to_owned()),
        ..match person("l9", Some("cara@else.example"), None) {
            Value::User(user) => user,
            other => panic!("{other:?}"),
        }
    });
    let draft = incoming(&rules, Side::Right, &[("who", from)], &[], false);
    let assigned = draft.fields.get(native).map(|assigned| &assigned.value);
    let asked = match assigned {
        Some(Value::User(user)) if user.id.is_empty() => {
            Some((user.name.as_deref(), user.email.as_deref().unwrap()))
        }
        _ => None,
    };
    let what = format!("{matching} {fallback} {native}");
    assert_eq!(asked, expected, "{what}");
    assert_eq!(
        draft.waived.contains_key("who"),
        assigned.is_none(),
        "{what}"
    );
}

#[test]
fn a_reporter_who_is_not_listed_is_asked_for_and_made_where_the_rules_say_so() {
    let by_email = r#"["table", "email"]"#;
    let cara = "cara@else.example";
    check_unlisted(by_email, "keep", "reporter", Some((None, cara)));
    check_unlisted(by_email, "create", "reporter", Some((Some("Cara"), cara)));
    check_unlisted(by_email, "none", "reporter", None);
    check_unlisted(by_email, "triage", "reporter", None);
    check_unlisted(by_email, "keep", "owner", None);
    check_unlisted(by_email, "create", "owner", None);
    check_unlisted(r#"["table"]"#, "create", "reporter", None);
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

/// People known by their ids on both sides.
fn known(owners: &str) -> CompiledRules {
    let user = |id: &str| json!({ "id": id, "name": null, "email": null, "login": id });
    let side = |field: &str, kind: &str| {
        json!({ "fields": { field: { "name": field, "kind": kind } },
        "users": [user("ada"), user("bo"), user("bot")] })
    };
    compiled(
        "[fields.p]\nleft = \"assignees\"\nright = \"owners\"\nignore = [\"bot\"]\n",
        side("assignees", "users"),
        side("owners", owners),
    )
}

fn one(login: &str) -> User {
    User {
        id: login.to_owned(),
        login: Some(login.to_owned()),
        ..User::default()
    }
}

fn several(logins: &[&str]) -> Value {
    Value::Users(logins.iter().map(|login| one(login)).collect())
}

#[test]
fn ignored_people_are_neither_read_nor_removed() {
    let rules = known("users");
    let check = |from: &[&str], there: &[&str], expected: &[&str]| {
        let (from, there) = (several(from), several(there));
        let draft = incoming(
            &rules,
            Side::Right,
            &[("p", from)],
            &[("owners", there)],
            false,
        );
        assert_eq!(assigned(&draft)["owners"], several(expected));
    };
    check(&["ada"], &["bo", "bot"], &["ada", "bot"]);
    check(&[], &["bo", "bot"], &["bot"]);
    check(&["ada", "bot"], &["bo"], &["ada"]);
    let shown = outgoing(&rules, Side::Right, &[("owners", several(&["bo", "bot"]))]);
    assert_eq!(shown.view.fields["p"], several(&["bo"]));
}

#[test]
fn a_field_of_one_person_takes_the_first_that_is_known_or_there() {
    let rules = known("user");
    let check = |from: &[&str], there: Option<&str>, expected: Option<&str>| {
        let person = |login: Option<&str>| login.map_or(Value::Empty, |it| Value::User(one(it)));
        let there = [("owners", person(there))];
        let draft = incoming(&rules, Side::Right, &[("p", several(from))], &there, false);
        assert_eq!(
            assigned(&draft)["owners"],
            person(expected),
            "{from:?} {there:?}"
        );
    };
    check(&["aaa", "bo"], None, Some("bo"));
    check(&["ada", "bo"], Some("bo"), Some("bo"));
    check(&["ada"], Some("bo"), Some("ada"));
    check(&["ada"], Some("bot"), Some("ada"));
    check(&[], Some("bot"), Some("bot"));
    check(&[], Some("bo"), None);
    let shown = outgoing(&rules, Side::Right, &[("owners", Value::User(one("bot")))]);
    assert_eq!(shown.view.fields["p"], Value::Empty);
}
