//! The map's meaning, case by case.

use crate::compiled::CompiledRules;
use crate::describe::SideDescription;
use crate::parse::parse;
use crate::script::InProcess;
use crate::source::{RuleSources, SourceFile};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use twinline_core::item::{Choice, Item, ItemId, ItemRef, User, Value, Version};
use twinline_core::names::{Side, Sides};
use twinline_core::richtext::Document;
use twinline_core::rules::{Draft, Incoming, Link, Outgoing, Rules};
use twinline_core::time::Timestamp;
use twinline_core::view::View;

fn compiled(fields: &str, left: serde_json::Value, right: serde_json::Value) -> CompiledRules {
    let text = format!(
        "format = 1\nname = \"pair\"\n[left]\nnode = \"a\"\nscope = {{ p = \"A\" }}\n[right]\nnode = \"b\"\nscope = {{ p = \"B\" }}\n{fields}"
    );
    let map = SourceFile::new("pair.toml", text);
    let rules = parse(&map).unwrap();
    let describe =
        |json: serde_json::Value| serde_json::from_value::<SideDescription>(json).unwrap();
    let sources = RuleSources {
        map,
        scripts: Sides::default(),
    };
    let descriptions = Sides {
        left: describe(left),
        right: describe(right),
    };
    CompiledRules::new(
        rules,
        &sources,
        descriptions,
        1,
        Arc::new(InProcess::default()),
    )
}

fn item(node: &str, fields: &[(&str, Value)]) -> Item {
    Item {
        reference: ItemRef {
            item: ItemId {
                node: node.into(),
                id: "7".to_owned(),
            },
            key: "B-7".to_owned(),
            url: "https://b.example/7".to_owned(),
        },
        fields: fields
            .iter()
            .map(|(name, value)| ((*name).into(), value.clone()))
            .collect(),
        comments: None,
        attachments: None,
        version: Version::default(),
        marker: None,
        scope: BTreeMap::new(),
    }
}

fn outgoing(rules: &CompiledRules, side: Side, fields: &[(&str, Value)]) -> Outgoing {
    rules.outgoing(side, &item("x", fields), None).unwrap()
}

fn incoming(
    rules: &CompiledRules,
    side: Side,
    replica: &[(&str, Value)],
    target: &[(&str, Value)],
    create: bool,
) -> Draft {
    let target = item("t", target);
    let replica = View {
        fields: replica
            .iter()
            .map(|(name, value)| ((*name).into(), value.clone()))
            .collect(),
        comments: Vec::new(),
    };
    let link = Link {
        id: "l".into(),
        connection: "pair".into(),
        side,
        local: (!create).then(|| target.reference.clone()),
        remote: item("o", &[]).reference,
        since: Timestamp::EPOCH,
    };
    let input = Incoming {
        target: &target,
        replica: &replica,
        previous: None,
        first_sync: create,
        link: &link,
    };
    rules.incoming(side, &input).unwrap()
}

fn text(text: &str) -> Value {
    Value::text(text)
}

fn choice(id: &str, name: &str) -> Value {
    Value::Choice(Choice {
        id: id.to_owned(),
        name: name.to_owned(),
    })
}

fn assigned(draft: &Draft) -> BTreeMap<&str, Value> {
    draft
        .fields
        .iter()
        .map(|(id, assigned)| (id.as_str(), assigned.value.clone()))
        .collect()
}

const STATUS: &str = r#"
[fields.status]
left = "status"
right = "state"
values = "status"
default = { right = "1" }
[values.status]
new = { left = ["To Do"], right = ["1"] }
active = { left = ["Doing", "Review"], right = ["2"] }
waiting = { left = ["Wait"], right = ["3"], right_set = { reason = "asked by {key}" } }
gone = { left = ["Gone"], right = ["8"], dir = "<-" }
"#;

fn status(unmapped: &str) -> CompiledRules {
    let left = json!({ "fields": { "status": { "name": "Status", "kind": "choice" } }, "statuses": [
        { "status": { "id": "10", "name": "To Do" } }, { "status": { "id": "11", "name": "Doing" } },
        { "status": { "id": "12", "name": "Review" } }, { "status": { "id": "13", "name": "Wait" } },
        { "status": { "id": "14", "name": "Gone" } }, { "status": { "id": "15", "name": "Odd" } } ] });
    let text = format!("[policy]\nunmapped = \"{unmapped}\"\n{STATUS}");
    compiled(&text, left, json!({}))
}

#[test]
fn a_row_is_read_by_its_pinned_id_and_written_by_its_first_entry() {
    let rules = status("hold");
    let renamed = outgoing(
        &rules,
        Side::Left,
        &[("status", choice("12", "In Review (new name)"))],
    );
    assert_eq!(renamed.view.fields["status"], text("active"));
    let draft = incoming(
        &rules,
        Side::Left,
        &[("status", text("active"))],
        &[("status", choice("10", "To Do"))],
        false,
    );
    assert_eq!(assigned(&draft)["status"], choice("11", "Doing"));
}

#[test]
fn a_side_that_holds_any_entry_of_the_row_is_left_alone() {
    let draft = incoming(
        &status("hold"),
        Side::Left,
        &[("status", text("active"))],
        &[("status", choice("12", "Review"))],
        false,
    );
    assert_eq!(assigned(&draft)["status"], choice("12", "Review"));
}

#[test]
fn a_value_without_a_row_is_held_skipped_or_taken_for_the_default() {
    let odd = [("status", choice("15", "Odd"))];
    let held = outgoing(&status("hold"), Side::Left, &odd);
    assert_eq!(
        held.held["status"],
        "\"Odd\" has no row in [values.status] on the left"
    );
    assert!(held.view.fields.is_empty());
    let skipped = outgoing(&status("skip"), Side::Left, &odd);
    assert!(skipped.waived.contains_key("status") && skipped.view.fields.is_empty());
    let right = outgoing(&status("default"), Side::Right, &[("state", text("77"))]);
    assert_eq!(
        right.view.fields["status"],
        text("new"),
        "the default's row"
    );
    let left = outgoing(&status("default"), Side::Left, &odd);
    assert!(left.waived["status"].ends_with("and there is no default for this side"));
}

#[test]
fn a_replica_value_without_a_row_is_held_skipped_or_written_as_the_default() {
    let replica = [("status", text("lost"))];
    let held = incoming(&status("hold"), Side::Right, &replica, &[], false);
    assert_eq!(
        held.held["status"],
        "\"lost\" has no row in [values.status]"
    );
    assert!(held.fields.is_empty());
    let skipped = incoming(&status("skip"), Side::Right, &replica, &[], false);
    assert!(skipped.waived.contains_key("status") && skipped.fields.is_empty());
    let default = incoming(&status("default"), Side::Right, &replica, &[], false);
    assert_eq!(assigned(&default)["state"], text("1"));
}

#[test]
fn a_one_way_row_is_read_on_both_sides_but_crosses_one_way() {
    let rules = status("hold");
    assert_eq!(
        outgoing(&rules, Side::Left, &[("status", choice("14", "Gone"))])
            .view
            .fields["status"],
        text("gone")
    );
    let left = incoming(&rules, Side::Left, &[("status", text("gone"))], &[], false);
    assert_eq!(assigned(&left)["status"], choice("14", "Gone"));
    let right = incoming(
        &rules,
        Side::Right,
        &[("status", text("gone"))],
        &[("state", text("1"))],
        false,
    );
    assert_eq!(
        right.waived["status"],
        "the row 'gone' of [values.status] does not cross to the right"
    );
    assert!(right.fields.is_empty());
}

#[test]
fn set_along_is_written_with_the_row_and_only_where_empty() {
    let rules = status("hold");
    let waiting = [("status", text("waiting"))];
    let empty = incoming(
        &rules,
        Side::Right,
        &waiting,
        &[("state", text("1")), ("reason", Value::Empty)],
        false,
    );
    assert_eq!(assigned(&empty)["reason"], text("asked by B-7"));
    let filled = incoming(
        &rules,
        Side::Right,
        &waiting,
        &[("state", text("1")), ("reason", text("mine"))],
        false,
    );
    assert!(!filled.fields.contains_key("reason"));
    let there = incoming(
        &rules,
        Side::Right,
        &waiting,
        &[("state", text("3")), ("reason", Value::Empty)],
        false,
    );
    assert!(
        !there.fields.contains_key("reason"),
        "the row is not written, so nothing goes along"
    );
}

#[test]
fn absent_is_not_empty() {
    let rules = status("hold");
    assert!(outgoing(&rules, Side::Left, &[]).view.fields.is_empty());
    assert_eq!(
        outgoing(&rules, Side::Left, &[("status", Value::Empty)])
            .view
            .fields["status"],
        Value::Empty
    );
    assert!(
        incoming(&rules, Side::Right, &[], &[("state", text("1"))], false)
            .fields
            .is_empty()
    );
    let emptied = incoming(
        &rules,
        Side::Right,
        &[("status", Value::Empty)],
        &[("state", text("1"))],
        false,
    );
    assert_eq!(assigned(&emptied)["state"], Value::Empty);
}

#[test]
fn a_default_is_written_on_create_when_empty() {
    let rules = status("hold");
    assert_eq!(
        assigned(&incoming(&rules, Side::Right, &[], &[], true))["state"],
        text("1")
    );
    let filled = incoming(
        &rules,
        Side::Right,
        &[("status", text("active"))],
        &[],
        true,
    );
    assert_eq!(assigned(&filled)["state"], text("2"));
    let emptied = incoming(&rules, Side::Right, &[("status", Value::Empty)], &[], true);
    assert_eq!(assigned(&emptied)["state"], text("1"));
}

const PAIR: &str = r#"
[fields.priority]
left = "priority"
right = ["impact", "urgency"]
values = "priority"
[values.priority]
high = { left = ["High"], right = [{ impact = "1", urgency = 2 }, { impact = "2", urgency = "1" }] }
low = { left = ["Low"], right = [{ impact = "3", urgency = "3" }] }
"#;

#[test]
fn several_native_fields_make_one_replica_value() {
    let rules = compiled(PAIR, json!({}), json!({}));
    let both = [("impact", text("2")), ("urgency", text("1"))];
    assert_eq!(
        outgoing(&rules, Side::Right, &both).view.fields["priority"],
        text("high")
    );
    assert!(
        outgoing(&rules, Side::Right, &both[..1])
            .view
            .fields
            .is_empty(),
        "one of them is absent"
    );
    let same = assigned(&incoming(
        &rules,
        Side::Right,
        &[("priority", text("high"))],
        &both,
        false,
    ))
    .len();
    assert_eq!(same, 2);
    let draft = incoming(
        &rules,
        Side::Right,
        &[("priority", text("low"))],
        &both,
        false,
    );
    assert_eq!(
        assigned(&draft),
        BTreeMap::from([("impact", text("3")), ("urgency", text("3"))])
    );
    let alone = incoming(
        &rules,
        Side::Right,
        &[("priority", text("high"))],
        &both,
        false,
    );
    assert_eq!(
        assigned(&alone),
        BTreeMap::from([("impact", text("2")), ("urgency", text("1"))])
    );
}

#[test]
fn ignored_elements_are_neither_read_nor_removed() {
    let rules = compiled(
        "[fields.labels]\nleft = \"labels\"\nright = \"tags\"\nignore = [\"to-b\", \"local\"]\n",
        json!({}),
        json!({}),
    );
    let shown = outgoing(&rules, Side::Left, &[("labels", Value::set(["x", "to-b"]))]);
    assert_eq!(shown.view.fields["labels"], Value::set(["x"]));
    let target = [("tags", Value::set(["local", "old"]))];
    let draft = incoming(
        &rules,
        Side::Right,
        &[("labels", Value::set(["x", "to-b"]))],
        &target,
        false,
    );
    assert_eq!(assigned(&draft)["tags"], Value::set(["local", "x"]));
}

#[test]
fn a_set_with_a_table_is_left_alone_per_element() {
    let rules = compiled(
        "[policy]\nunmapped = \"skip\"\n[fields.labels]\nleft = \"labels\"\nright = \"tags\"\nvalues = \"l\"\n[values.l]\nbug = { left = [\"bug\"], right = [\"defect\", \"fault\"] }\nui = { left = [\"ui\"], right = [\"front\"] }\n",
        json!({}),
        json!({}),
    );
    let shown = outgoing(
        &rules,
        Side::Right,
        &[("tags", Value::set(["fault", "own", "front"]))],
    );
    assert_eq!(shown.view.fields["labels"], Value::set(["bug", "ui"]));
    let target = [("tags", Value::set(["fault", "own", "front"]))];
    let draft = incoming(
        &rules,
        Side::Right,
        &[("labels", Value::set(["bug"]))],
        &target,
        false,
    );
    assert_eq!(
        assigned(&draft)["tags"],
        Value::set(["fault", "own"]),
        "any entry stays, what has no row stays"
    );
    let added = incoming(
        &rules,
        Side::Right,
        &[("labels", Value::set(["bug"]))],
        &[("tags", Value::set(["own"]))],
        false,
    );
    assert_eq!(assigned(&added)["tags"], Value::set(["defect", "own"]));
}

#[test]
fn a_cut_is_counted() {
    let rules = compiled(
        "[fields.s]\nleft = \"summary\"\nright = \"title\"\nmax = { right = 3 }\n",
        json!({}),
        json!({}),
    );
    let draft = incoming(&rules, Side::Right, &[("s", text("äbcde"))], &[], false);
    assert_eq!(assigned(&draft)["title"], text("äbc"));
    assert_eq!(draft.cut.get("s"), Some(&2));
    assert!(
        incoming(&rules, Side::Right, &[("s", text("abc"))], &[], false)
            .cut
            .is_empty()
    );
    assert!(
        incoming(&rules, Side::Left, &[("s", text("abcde"))], &[], false)
            .cut
            .is_empty()
    );
}

#[test]
fn directions_decide_who_writes() {
    let rules = compiled(
        "[fields.a]\nleft = \"x\"\nright = \"y\"\ndir = \"->\"\n[fields.k]\nleft = \"key_of_b\"\nright = { from = \"key\" }\ndir = \"<-\"\n",
        json!({}),
        json!({}),
    );
    let right = outgoing(&rules, Side::Right, &[("y", text("drifted"))])
        .view
        .fields;
    assert_eq!(right["a"], text("drifted"), "the target's view tells drift");
    assert_eq!(right["k"], text("B-7"));
    assert!(
        incoming(&rules, Side::Left, &[("a", text("1"))], &[], false)
            .fields
            .is_empty()
    );
    assert_eq!(
        assigned(&incoming(
            &rules,
            Side::Right,
            &[("a", text("1"))],
            &[],
            false
        ))["y"],
        text("1")
    );
    assert_eq!(
        assigned(&incoming(
            &rules,
            Side::Left,
            &[("k", text("B-7"))],
            &[],
            false
        ))["key_of_b"],
        text("B-7")
    );
}

#[test]
fn options_without_a_table_cross_by_name() {
    let right = json!({ "fields": { "sev": { "name": "Sev", "kind": "choice", "options": [{ "id": "s1", "name": "S1" }] } } });
    let rules = compiled(
        "[fields.sev]\nleft = \"Sev\"\nright = \"Sev\"\n",
        json!({}),
        right,
    );
    let draft = incoming(
        &rules,
        Side::Right,
        &[("sev", choice("999", "S1"))],
        &[],
        false,
    );
    assert_eq!(assigned(&draft)["sev"], choice("s1", "S1"));
    let unknown = incoming(
        &rules,
        Side::Right,
        &[("sev", choice("998", "S9"))],
        &[],
        false,
    );
    assert_eq!(
        unknown.held["sev"],
        "'sev' on the right has no option \"S9\""
    );
}

#[test]
fn rich_text_and_plain_text_convert() {
    let rules = compiled(
        "[fields.d]\nleft = \"description\"\nright = \"notes\"\n",
        json!({}),
        json!({ "fields": { "notes": { "name": "Notes", "kind": "text" } } }),
    );
    let rich = Value::Rich(Document::from_plain("one\n\ntwo"));
    let plain = assigned(&incoming(
        &rules,
        Side::Right,
        &[("d", rich.clone())],
        &[],
        false,
    ))["notes"]
        .clone();
    let Value::Text(plain) = plain else {
        panic!("{plain:?}")
    };
    let back = incoming(
        &rules,
        Side::Left,
        &[("d", text(&plain))],
        &[("description", rich.clone())],
        false,
    );
    assert_eq!(
        assigned(&back)["description"],
        rich,
        "the same text is left alone"
    );
}

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
    compiled(&PEOPLE.replace("RIGHT", fallback), json!({}), right)
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
