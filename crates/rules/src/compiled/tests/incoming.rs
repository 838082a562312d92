//! What incoming scripts assign.

use super::*;

#[test]
fn incoming_knows_exactly_what_was_assigned() {
    assigns(
        "issue.summary = 'two'",
        "summary",
        Some((Value::text("two"), 3)),
    );
    assigns(
        "\nissue.fields['Points'] = 5",
        "cf_2",
        Some((Value::Number(5.into()), 4)),
    );
    assigns("issue.fields.cf_2 = null", "cf_2", Some((Value::Empty, 3)));
    assigns(
        "issue.labels.push('y')",
        "labels",
        Some((Value::set(["x", "y"]), 3)),
    );
    assigns(
        "issue.labels = [...issue.labels, 'y']",
        "labels",
        Some((Value::set(["x", "y"]), 3)),
    );
    assigns(
        "issue.labels = [...issue.labels]",
        "labels",
        Some((Value::set(["x"]), 3)),
    );
    assigns("const l = issue.labels", "labels", None);
    assigns(
        "issue.fields['Area'] = 'Shop'",
        "cf_1",
        Some((choice("a1", "Shop"), 3)),
    );
    assigns(
        "issue.fields['Go live'] = '2026-02-01'",
        "cf_3",
        Some((Value::Date("2026-02-01".to_owned()), 3)),
    );
    assigns(
        "issue.description = 'plain'",
        "description",
        Some((Value::Rich(Document::from_plain("plain")), 3)),
    );
    let ada = Value::User(User {
        id: "u1".to_owned(),
        ..User::default()
    });
    assigns(
        "issue.assignee = user({ email: 'ADA@a.example' })",
        "assignee",
        Some((ada, 3)),
    );
}

#[test]
fn a_field_that_incoming_holds_keeps_its_value_for_a_release() {
    let held = inc("hold('status', 'reopening needs a person')").unwrap();
    assert_eq!(held.held["status"], "reopening needs a person");
    assert_eq!(held.fields["status"].value, choice("2", "Done"));
}

#[test]
fn incoming_sees_the_map_over_the_item() {
    traced(
        "trace(issue.status, before.status, previous.status, replica.status)",
        &["Done To Do new done"],
    );
    traced(
        "trace(link.remote.key, link.side, link.local.key, firstSync)",
        &["B-9 left A-7 false"],
    );
    traced(
        "trace('summary' in replica, replica.summary === undefined, issue.due === undefined)",
        &["false true true"],
    );
    traced(
        "trace(replica.comments.length, replica.comments[0].channel)",
        &["1 public"],
    );
    traced(
        "trace(Object.keys(replica).join())",
        &["attachments,comments,flag,status"],
    );
    let undone = inc("issue.status = undefined").unwrap();
    assert!(
        !undone.fields.contains_key("status"),
        "the map's assignment is taken back"
    );
    let mapped = inc("").unwrap();
    assert_eq!(mapped.fields["status"].by, Assigner::Map("status".into()));
}

#[test]
fn comments_are_asked_for_once_in_a_listed_channel() {
    let draft = inc("issue.addComment('k', { body: 'hello', channel: 'internal' })").unwrap();
    assert_eq!(draft.comments.len(), 1);
    assert_eq!(
        (
            draft.comments[0].key.as_str(),
            draft.comments[0].channel.as_str()
        ),
        ("k", "internal")
    );
    fails(
        inc("\nissue.addComment('k', { body: 'x', channel: 'secret' })"),
        "l.js:4:7: addComment: the channel \"secret\" is not listed in [comments]",
    );
    let twice =
        inc("for (const _ of [1, 2]) issue.addComment('k', { body: 'x', channel: 'public' })")
            .unwrap_err();
    assert_eq!(
        twice.reason,
        "TypeError: addComment was called twice with the key 'k'"
    );
    assert_eq!(twice.line, Some(3));
}
