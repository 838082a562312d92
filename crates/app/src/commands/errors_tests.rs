use super::*;

fn check(groups: &[Json], held: &[Json], frozen: &[Json], expected: &[&str]) {
    let shown = text(groups, held, frozen, false);
    for line in expected {
        assert!(shown.contains(line), "{line:?} is not in:\n{shown}");
    }
}

#[test]
fn each_kind_is_told_with_the_way_on() {
    assert_eq!(text(&[], &[], &[], false), "");
    let group = json!({ "connection": "first", "state": "quarantined", "since": 0, "cause": "rule-1",
                        "sentence": "first.left.js:3: no such field", "twins": 12 });
    check(
        &[group],
        &[],
        &[],
        &[
            "12     first",
            "first.left.js:3: no such field",
            "twinline retry --connection first --cause rule-1",
        ],
    );
    let held = json!({ "connection": "first", "since": 0, "why": "13 writes" });
    check(&[], &[held], &[], &["13 writes", "twinline release first"]);
}

#[test]
fn frozen_fields_are_counted_by_reason() {
    let twin = |key: &str| {
        json!({ "connection": "first", "items": { "left": { "key": key }, "right": null },
                "held": { "summary": "conflict" } })
    };
    let frozen = frozen_fields(&[twin("a#1"), twin("a#2")]).unwrap();
    let expected = json!([{ "connection": "first", "field": "summary", "why": "both sides changed it",
                            "twins": 2, "example": "a#1",
                            "advice": "Choose whose value crosses: twinline release 'a#1' --field summary --take left   (or right)" }]);
    assert_eq!(json!(frozen), expected);
    check(
        &[],
        &[],
        &frozen,
        &["twinline release 'a#1' --field summary --take left"],
    );
}

/// A release cannot make a text fit: what helps is to shorten it.
#[test]
fn texts_that_are_too_long_are_one_line_with_advice_that_helps() {
    let twin = |key: &str, chars: u64| {
        let hold = json!({ "too_long": { "chars": chars, "limit": 65_536 } });
        json!({ "connection": "first", "items": { "left": { "key": key }, "right": null },
                "held": { "description": hold } })
    };
    let frozen = frozen_fields(&[twin("a#1", 5_000_000), twin("a#2", 70_000)]).unwrap();
    assert_eq!(frozen.len(), 1, "{frozen:?}");
    check(
        &[],
        &[],
        &frozen,
        &[
            "2      first       description   5000000 characters; the other side takes 65536",
            "Shorten the longer description of 'a#1' and its twin to 65536 characters",
        ],
    );
    let shown = text(&[], &[], &frozen, false);
    assert!(!shown.contains("release"), "{shown}");
}

#[test]
fn comments_that_were_not_written_are_counted_by_reason() {
    let why = "70000 characters; the other side takes 65536";
    let twin =
        |comment: &str| json!({ "connection": "first", "comments_waived": { (comment): why } });
    let waived = waived_comments(&[twin("gh/1"), twin("gh/2")]);
    let expected = json!([{ "connection": "first", "why": why, "comments": 2, "example": "gh/1" }]);
    assert_eq!(json!(waived), expected);
    let shown = comments_text(&waived);
    assert!(
        shown.contains(&format!("2         first       {why}")),
        "{shown}"
    );
    assert_eq!(comments_text(&[]), "");
}

#[test]
fn only_a_connection_that_is_held_is_listed() {
    let free = json!({ "connection": "a", "held": null });
    assert_eq!(held_connection(&free), None);
    let held = json!({ "connection": "a", "held": [7, "why"] });
    let expected = json!({ "connection": "a", "since": 7, "why": "why" });
    assert_eq!(held_connection(&held), Some(expected));
}
