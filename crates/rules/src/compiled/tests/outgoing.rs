//! What outgoing scripts show.

use super::*;

#[test]
fn outgoing_assigns_deletes_and_keeps() {
    shows("", "summary", Some(Value::text("one")));
    shows("", "text", Some(Value::Rich(Document::from_plain("long"))));
    shows(
        "replica.summary = issue.summary + '!'",
        "summary",
        Some(Value::text("one!")),
    );
    shows("delete replica.summary", "summary", None);
    shows("replica.summary = undefined", "summary", None);
    shows("replica.summary = null", "summary", Some(Value::Empty));
    shows(
        "replica.flag = issue.labels.includes('x')",
        "flag",
        Some(Value::Bool(true)),
    );
    shows(
        "replica.labels.push('y')",
        "labels",
        Some(Value::set(["x", "y"])),
    );
    shows(
        "replica.labels = [...replica.labels, 'z']",
        "labels",
        Some(Value::set(["x", "z"])),
    );
    shows(
        "replica.text = text.plain('a *b*')",
        "text",
        Some(Value::Rich(Document::from_plain("a *b*"))),
    );
    shows(
        "replica.status = values('status').toReplica('Closed')",
        "status",
        Some(Value::text("done")),
    );
    shows(
        "replica.status = values('status').toNative('done')",
        "status",
        Some(Value::text("Done")),
    );
    shows("", "area", Some(Value::Empty));
}

#[test]
fn outgoing_filters_comments_and_changes_their_text() {
    let ids = |body: &str| -> Vec<String> {
        out(body)
            .unwrap()
            .view
            .comments
            .into_iter()
            .map(|c| c.id)
            .collect()
    };
    assert_eq!(ids(""), ["c1", "c2"], "internal does not leave this side");
    assert_eq!(
        ids("replica.comments = replica.comments.filter(c => !c.mirrored)"),
        ["c1"]
    );
    let changed = out("replica.comments[0].body = 'new'").unwrap();
    assert_eq!(changed.view.comments[0].body.plain(), "new");
    assert_eq!(changed.view.comments[1].body, Document::from_plain("body"));
    fails(
        out("replica.comments = [{ id: 'no' }]"),
        "l.js:3:1: replica.comments: there is no comment \"no\"; the other side's incoming can call issue.addComment",
    );
}

#[test]
fn outgoing_holds_rejects_and_traces() {
    let held = out("hold('summary', 'not now'); trace('seen', issue.key, [1])").unwrap();
    assert_eq!(held.held["summary"], "not now");
    assert!(!held.view.fields.contains_key("summary"));
    assert_eq!(held.withheld["summary"], Value::text("one"));
    assert_eq!(held.trace, ["seen A-7 [1]"]);
    let error = out("try { reject('bad data') } catch (e) {}").unwrap_err();
    assert!(error.rejected, "a reject cannot be caught away");
    assert_eq!(error.to_string(), "l.js:3:7: bad data");
}

#[test]
fn outgoing_is_told_of_the_twin_and_of_a_first_sync() {
    let script = "export function outgoing({ firstSync, link }) { trace(firstSync, link && link.remote.key); }";
    let rules = rules(script);
    let link = |first_sync| Link {
        id: "l1".into(),
        connection: "pair".into(),
        side: Side::Left,
        local: Some(reference("a", "A-7")),
        remote: reference("b", "B-9"),
        since: Timestamp::EPOCH,
        first_sync,
    };
    let told = |link: Option<Link>| {
        let shown = rules.outgoing(Side::Left, &target(), link.as_ref());
        shown.unwrap().trace
    };
    assert_eq!(told(None), ["true null"]);
    assert_eq!(told(Some(link(true))), ["true B-9"]);
    assert_eq!(told(Some(link(false))), ["false B-9"]);
}
