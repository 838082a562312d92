//! The connector in front of its simulator: the contract, and what is Jira's own.

mod answers;
mod places;
mod statuses;
mod tokens;

use super::*;
use crate::conformance::sim::{SimHarness, Under};
use crate::conformance::{self, Harness as _, Trick, odd};
use serde_json::json;
use twinline_core::effect::FieldWrite;
use twinline_core::item::User;
use twinline_sim::jira_cloud::{API_TOKEN, JiraCloud, demo_site};

fn harness() -> SimHarness {
    SimHarness::new(Box::new(JiraCloud::new(demo_site())), under())
}

fn under() -> Under {
    Under {
        tracker: "jira-cloud",
        auth: &[("email", "twinline@acme.example"), ("token", API_TOKEN)],
        scope: &[("project", "SUP"), ("type", "Task")],
        container: "SUP",
        move_to: Some("APP"),
        open_trigger: "statusCategory != Done",
        bad_trigger: ("flavour = sweet", "flavour"),
        required_fields: BTreeMap::new(),
        internal_channel: Some("role:Administrators"),
        tells_deletion: false,
        webhooks: true,
    }
}

#[tokio::test]
async fn the_contract_holds() {
    let mut site = demo_site();
    let mut left = site.users[0].clone();
    left.account_id = "712020:left".to_owned();
    left.active = false;
    site.users.insert(0, left);
    let person = User {
        id: "712020:left".to_owned(),
        ..User::default()
    };
    let harness = SimHarness::new(Box::new(JiraCloud::new(site)), under());
    let report = conformance::run(&harness.with_unassignable(person)).await;
    report.expect_skipped(&[
        "compare-and-swap: a person's edit in between is not overwritten",
        "webhook: subscribing twice registers once; unsubscribed is silent",
    ]);
}

#[test]
fn a_value_is_told_by_its_shape() {
    let cases = [
        ("labels", json!([]), Value::set(Vec::<String>::new())),
        ("labels", json!(["b", "a"]), Value::set(["a", "b"])),
        ("customfield_1", json!(null), Value::Empty),
        (
            "customfield_1",
            json!({ "id": "7", "value": "Seven" }),
            Value::Choice(choice("7")),
        ),
        (
            "customfield_1",
            json!([{ "id": "7", "value": "Seven" }]),
            Value::Choices([choice("7")].into()),
        ),
        (
            "customfield_1",
            json!({ "id": "7", "value": "Seven", "child": { "id": "8", "value": "Eight" } }),
            Value::Cascade(vec![choice("7"), choice("8")]),
        ),
        (
            "duedate",
            json!("2026-01-31"),
            Value::Date("2026-01-31".into()),
        ),
        (
            "customfield_1",
            json!("2026-01-31"),
            Value::text("2026-01-31"),
        ),
        (
            "customfield_2",
            json!("2026-01-31"),
            Value::Date("2026-01-31".into()),
        ),
        (
            "customfield_3",
            json!("2026-01-31T10:30:00.000+0100"),
            Value::Time(Timestamp::parse("2026-01-31T09:30:00Z").unwrap()),
        ),
        ("customfield_1", json!(5.0), Value::Number(5.into())),
        (
            "parent",
            json!({ "id": "1", "key": "APP-1" }),
            Value::text("APP-1"),
        ),
    ];
    let kinds = [("customfield_2", "date"), ("customfield_3", "datetime")];
    let kinds = kinds
        .map(|(id, kind)| (id.to_owned(), kind.to_owned()))
        .into();
    for (name, json, expected) in cases {
        let fields = json!({ name: json });
        let decoded = decode::fields(fields.as_object().unwrap(), &kinds);
        assert_eq!(decoded.values().next(), Some(&expected), "{name}");
    }
}

fn choice(id: &str) -> twinline_core::item::Choice {
    twinline_core::item::Choice {
        id: id.into(),
        name: String::new(),
    }
}

#[test]
fn labels_are_changed_one_by_one_and_without_spaces() {
    let write = FieldWrite::Elements {
        add: ["good first issue".to_owned()].into(),
        remove: ["old".to_owned()].into(),
    };
    let writes = encode::Writes::of(&BTreeMap::from([("labels".into(), write)])).unwrap();
    let expected =
        json!({ "update": { "labels": [{ "remove": "old" }, { "add": "good_first_issue" }] } });
    assert_eq!(serde_json::Value::Object(writes.body()), expected);
}

/// The address and the token of the connector's account.
const AUTHORIZATION: &str = "Basic dHdpbmxpbmVAYWNtZS5leGFtcGxlOmppcmEtZGVtby10b2tlbg==";

#[tokio::test]
async fn very_many_comments_are_read_page_by_page() {
    let h = harness();
    let item = odd::begun(&h).await;
    let path = format!("/rest/api/3/issue/{}/comment", item.item.id);
    let none = serde_json::Value::Null;
    let mut answer = h.raw(http::Method::GET, &path, AUTHORIZATION, none).await;
    let first = answer["comments"][0].clone();
    let comments: Vec<_> = odd::talk()
        .zip(1_u64..)
        .map(|(text, id)| {
            let mut comment = first.clone();
            comment["id"] = json!(id.to_string());
            comment["body"]["content"] =
                json!([{ "type": "paragraph", "content": [{ "type": "text", "text": text }] }]);
            comment
        })
        .collect();
    // The issue itself, then page after page.
    h.meddler().next_read(Trick::Pass);
    for (number, page) in comments.chunks(100).enumerate() {
        (answer["startAt"], answer["total"]) = (json!(number * 100), json!(comments.len()));
        answer["comments"] = json!(page);
        let answer = http::Response::new(answer.to_string().into());
        h.meddler().next_read(Trick::Answer(answer));
    }
    // The issue, its fields' kinds, and 100 pages of 100.
    odd::check_talk(&h, &item, 102).await;
}

#[tokio::test]
async fn parents_in_a_circle_are_not_followed() {
    let parents = odd::Parents {
        authorization: AUTHORIZATION,
        path: |key| format!("/rest/api/3/issue/{key}?fields=*all&properties=twinline"),
        put: |issue, parent| issue["fields"]["parent"] = json!({ "id": "1", "key": parent }),
    };
    odd::check_circle(&harness(), &parents).await;
}
