use super::*;
use serde_json::json;
use twinline_core::effect::FieldWrite;
use twinline_core::marker::Marker;

fn marker() -> Marker {
    Marker {
        root: "r1".into(),
        link: "l1".into(),
    }
}

#[test]
fn a_marker_is_found_again_and_never_part_of_the_text() {
    for body in ["", "one line", "# Title\n\n- a\n- b", "ends with newline\n"] {
        let written = text::join(body.trim_end(), Some(&marker()));
        assert_eq!(
            text::split(&written),
            (body.trim_end().to_owned(), Some(marker())),
            "{body:?}"
        );
        // As the web page saves it.
        assert_eq!(
            text::split(&written.replace('\n', "\r\n")).1,
            Some(marker())
        );
    }
    assert_eq!(text::split("[//]: # (someone's own comment)").1, None);
}

fn issue() -> wire::Issue {
    let named = |id: u64, name: &str| json!({ "id": id, "name": name });
    serde_json::from_value(json!({
        "id": 7, "project": named(1, "Twin"), "tracker": named(1, "Bug"), "status": named(2, "In Progress"),
        "priority": named(4, "Urgent"), "author": named(5, "Mia Member"), "subject": "It fails",
        "description": "Steps:\r\n\r\n1. go", "due_date": "2026-01-31", "done_ratio": 20, "is_private": false,
        "custom_fields": [{ "id": 3, "name": "Tags", "multiple": true, "value": ["b", "a", ""] }, { "id": 4, "name": "Note", "value": "" }],
        "created_on": "2026-01-01T10:00:00Z", "updated_on": "2026-01-02T10:00:00Z",
        "journals": [
            { "id": 1, "user": named(5, "Mia Member"), "notes": "", "created_on": "2026-01-02T09:00:00Z",
              "details": [{ "property": "attr", "name": "status_id", "old_value": "1", "new_value": "2" }] },
            { "id": 2, "user": named(5, "Mia Member"), "notes": "hidden", "private_notes": true,
              "created_on": "2026-01-02T10:00:00Z", "details": [] },
        ],
    }))
    .unwrap()
}

#[test]
fn an_issue_becomes_an_item() {
    let reference = decode::reference(&"rm".into(), "https://rm.example", 7);
    let item = decode::item(&issue(), reference, "twin".to_owned());
    assert_eq!(item.reference.url, "https://rm.example/issues/7");
    assert_eq!(item.get("cf_3"), Some(&Value::set(["a", "b"])));
    assert_eq!(item.get("cf_4"), Some(&Value::Empty));
    assert_eq!(item.get(field::ASSIGNEE), Some(&Value::Empty));
    assert_eq!(item.scope["tracker"], "Bug");
    let comments = item.comments.unwrap();
    assert_eq!(
        (comments.len(), comments[0].channel.as_str()),
        (1, "private")
    );
}

#[test]
fn writes_become_one_request() {
    let held = decode::fields(&issue());
    let status = Value::Choice(twinline_core::item::Choice {
        id: "5".into(),
        name: "Closed".into(),
    });
    let fields = BTreeMap::from([
        (field::STATUS.into(), FieldWrite::Replace(status)),
        (
            field::SUMMARY.into(),
            FieldWrite::Replace(Value::text("  It\nfails ")),
        ),
        (field::ASSIGNEE.into(), FieldWrite::Replace(Value::Empty)),
        (
            "cf_3".into(),
            FieldWrite::Elements {
                add: ["c".to_owned()].into(),
                remove: ["a".to_owned()].into(),
            },
        ),
        ("created".into(), FieldWrite::Replace(Value::Empty)),
    ]);
    let writes = encode::Writes::of(&fields, &held).unwrap();
    let expected = json!({ "issue": {
        "status_id": "5", "subject": "It fails", "assigned_to_id": "",
        "custom_fields": [{ "id": 3, "value": ["b", "c"] }],
    }});
    assert_eq!(writes.body(), expected);
    assert_eq!(
        writes
            .waived
            .keys()
            .map(FieldName::as_str)
            .collect::<Vec<_>>(),
        ["created"]
    );
    let empty = BTreeMap::from([(field::SUMMARY.into(), FieldWrite::Replace(Value::Empty))]);
    assert_eq!(
        encode::Writes::of(&empty, &held).unwrap_err().sentence,
        "summary: Redmine needs a subject"
    );
}

/// Redmine's connector in front of its simulator. The real one is held against it in the workspace's own tests.
#[tokio::test]
async fn the_contract_holds() {
    let under = crate::conformance::sim::Under {
        tracker: "redmine",
        auth: &[("key", twinline_sim::redmine::API_KEY)],
        scope: &[("project", "app"), ("tracker", "Bug")],
        container: "app",
        move_to: Some("support"),
        open_trigger: "status_id=open",
        bad_trigger: ("project_id=other", "project_id"),
        required_fields: BTreeMap::new(),
        internal_channel: Some("private"),
        tells_deletion: false,
        webhooks: false,
    };
    let redmine = twinline_sim::redmine::Redmine::new(twinline_sim::redmine::demo_site());
    let report = crate::conformance::run(&crate::conformance::sim::SimHarness::new(
        Box::new(redmine),
        under,
    ))
    .await;
    assert!(report.broken.is_empty(), "{report}");
    println!("{report}");
}
