//! Sets, cuts, directions, and values without a table.

use super::*;

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

#[test]
fn labels_take_the_spelling_of_the_trackers_own_list() {
    let right = json!({ "fields": { "tags": { "name": "Tags", "kind": "set",
        "options": [{ "id": "bug", "name": "bug" }, { "id": "UI", "name": "UI" }] } } });
    let rules = compiled(
        "[fields.labels]\nleft = \"labels\"\nright = \"tags\"\n",
        json!({}),
        right,
    );
    let labels = [("labels", Value::set(["Bug", "UI", "Other"]))];
    let draft = incoming(&rules, Side::Right, &labels, &[], false);
    assert_eq!(assigned(&draft)["tags"], Value::set(["bug", "UI", "Other"]));
    // The left keeps no list: there every spelling is a label of its own.
    let labels = [("labels", Value::set(["Bug"]))];
    let there = [("labels", Value::set(["bug"]))];
    let draft = incoming(&rules, Side::Left, &labels, &there, false);
    assert_eq!(assigned(&draft)["labels"], Value::set(["Bug"]));
}
