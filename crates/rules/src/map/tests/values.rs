//! Value tables.

use super::*;

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
    assert_eq!(
        shown.trace,
        ["\"own\" has no row in [values.l] on the right"]
    );
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

/// A tracker that keeps the options of a list by their ids, as texts: Redmine's key/value lists.
fn key_value_list() -> serde_json::Value {
    json!({ "fields": {
        "systems": { "name": "Systems", "kind": "set", "options": options() },
        "system": { "name": "System", "kind": "text", "options": options() },
    } })
}

fn options() -> serde_json::Value {
    json!([{ "id": "1", "name": "Windows" }, { "id": "2", "name": "Linux" }, { "id": "3", "name": "macOS" }])
}

fn check_key_value(rules: &str, held: &[&str], replica: &[&str], written: &[&str], shown: &[&str]) {
    let rules = compiled(rules, json!({}), key_value_list());
    let systems = [("systems", Value::set(held.iter().copied()))];
    let replica = [("os", Value::set(replica.iter().copied()))];
    let draft = incoming(&rules, Side::Right, &replica, &systems, false);
    let written = Value::set(written.iter().copied());
    assert_eq!(assigned(&draft)["systems"], written);
    let view = outgoing(&rules, Side::Right, &[("systems", written)]).view;
    assert_eq!(view.fields["os"], Value::set(shown.iter().copied()));
}

#[test]
fn options_that_a_tracker_keeps_by_id_in_a_list_of_texts_are_written_by_id() {
    const FIELD: &str = "[fields.os]\nleft = \"labels\"\nright = \"systems\"\n";
    for rows in [
        "win = { left = [\"w\"], right = [\"1\"] }\nlin = { left = [\"l\"], right = [\"2\"] }\n",
        "win = { left = [\"w\"], right = [\"Windows\"] }\nlin = { left = [\"l\"], right = [\"linux\"] }\n",
    ] {
        let rules = format!("{FIELD}values = \"os\"\nunmapped = \"skip\"\n[values.os]\n{rows}");
        // What the table cannot show stays.
        check_key_value(
            &rules,
            &["1", "3"],
            &["win", "lin"],
            &["1", "2", "3"],
            &["win", "lin"],
        );
        check_key_value(&rules, &["1"], &["lin"], &["2"], &["lin"]);
    }
    // Without a table options cross by name, as those of any other list.
    let names = ["Linux", "Windows"];
    check_key_value(FIELD, &["1"], &names, &["1", "2"], &names);
    let ignoring = format!("{FIELD}ignore = [\"macOS\"]\n");
    check_key_value(&ignoring, &["1", "3"], &["Linux"], &["2", "3"], &["Linux"]);
}

#[test]
fn a_single_option_kept_by_id_is_named_in_a_table_by_id_or_name() {
    for entry in ["2", "Linux"] {
        let rules = format!(
            "[fields.os]\nleft = \"os\"\nright = \"system\"\nvalues = \"os\"\n[values.os]\nlin = {{ left = [\"l\"], right = [\"{entry}\"] }}\n"
        );
        let rules = compiled(&rules, json!({}), key_value_list());
        let draft = incoming(&rules, Side::Right, &[("os", text("lin"))], &[], false);
        assert_eq!(assigned(&draft)["system"], text("2"), "{entry}");
        let shown = outgoing(&rules, Side::Right, &[("system", text("2"))]).view;
        assert_eq!(shown.fields["os"], text("lin"), "{entry}");
    }
}
