//! The connector in front of its simulator: the contract, and what is Zendesk's own.

mod closed;
mod files;
mod hooks;
mod limits;
mod requester;
mod tokens;
mod values;

use super::*;
use crate::conformance::sim::{SimHarness, Under};
use crate::conformance::{self, Act, Harness as _, Trick, odd};
use serde_json::{Value as Json, json};
use twinline_core::effect::FieldWrite;
use twinline_core::item::User;
use twinline_core::marker::Marker;
use twinline_sim::zendesk::site::Site;
use twinline_sim::zendesk::{API_TOKEN, OAUTH_TOKEN, demo_site};

/// The address and the token of the connector's account.
const AUTHORIZATION: &str =
    "Basic dHdpbmxpbmVAYWNtZS5leGFtcGxlL3Rva2VuOnplbmRlc2stZGVtby10b2tlbg==";

fn under() -> Under {
    Under {
        tracker: "zendesk",
        auth: &[("email", "twinline@acme.example"), ("token", API_TOKEN)],
        scope: &[("brand", "Acme"), ("group", "Support")],
        container: "Support",
        move_to: Some("Engineering"),
        open_trigger: "status<solved",
        bad_trigger: ("flavour:sweet", "flavour"),
        required_fields: BTreeMap::new(),
        internal_channel: Some("internal"),
        tells_deletion: true,
        webhooks: true,
    }
}

fn harness_of(site: Site) -> SimHarness {
    SimHarness::new(Box::new(twinline_sim::zendesk::Zendesk::new(site)), under())
}

fn harness() -> SimHarness {
    harness_of(demo_site())
}

fn marker() -> Marker {
    Marker {
        root: "root".into(),
        link: "link".into(),
    }
}

/// A person's ticket.
async fn item(h: &SimHarness, title: &str) -> Item {
    let title = title.to_owned();
    let key = h.act(Act::Create { title }).await.unwrap();
    let found = h.tracker().find(&key).await.unwrap().unwrap();
    read(h, &found.item).await
}

async fn read(h: &SimHarness, id: &ItemId) -> Item {
    match h.tracker().fetch(id).await.unwrap() {
        Fetched::Found(item) => *item,
        other => panic!("{other:?}"),
    }
}

/// A write of some fields, planned from what was seen.
fn update(seen: &Item, fields: impl IntoIterator<Item = (&'static str, Value)>) -> Effect {
    let fields = fields.into_iter();
    Effect::Update {
        item: seen.reference.item.clone(),
        fields: fields
            .map(|(name, value)| (name.into(), FieldWrite::Replace(value)))
            .collect(),
        planned_from: seen.version.clone(),
    }
}

#[tokio::test]
async fn the_contract_holds() {
    let mut site = demo_site();
    // So that the suite's items fill several pages.
    site.export_page_max = 100;
    let customer = User {
        id: "9100".to_owned(),
        ..User::default()
    };
    let harness = harness_of(site).with_unassignable(customer);
    let report = conformance::run(&harness).await;
    report.expect_skipped(&[
        // The description is the first comment, which nobody can write again.
        "update: an emptied text is empty",
        // Tickets have no parents; a problem's incidents are no children.
        "parents: one is given, another one, and none",
        "parents: one that the tracker does not take fails no write",
        "recognise: a create whose text and title a person wrote anew",
        // Comments are never edited or deleted, and an agent who sees a ticket sees them all.
        "recognise: a comment's edit that happened, and one that did not",
        "recognise: a comment's deletion that happened, and one that did not",
        "recognise: a file's deletion that happened, and one that did not",
        // Once internal, a comment stays so: the way back is what cannot be tried.
        "comments: one that only some may read lies in an internal channel, as long as it is",
        "recognise: a comment that we may no longer read is not deleted",
        // Zendesk makes the secret: somebody copies it. `hooks` tries the rest.
        "webhook: subscribing twice registers once; unsubscribed is silent",
    ]);
}

#[tokio::test]
async fn an_oauth_token_is_another_way_in() {
    let under = Under {
        auth: &[("access_token", OAUTH_TOKEN)],
        ..under()
    };
    let simulator = twinline_sim::zendesk::Zendesk::new(demo_site());
    let h = SimHarness::new(Box::new(simulator), under);
    let probe = h.tracker().probe().await.unwrap();
    assert_eq!(probe.account.unwrap().name.as_deref(), Some("Twinline"));
}

#[tokio::test]
async fn what_the_account_lacks_is_said() {
    let under = Under {
        auth: &[("email", "ana@acme.example"), ("token", API_TOKEN)],
        ..under()
    };
    let simulator = twinline_sim::zendesk::Zendesk::new(demo_site());
    let h = SimHarness::new(Box::new(simulator), under);
    let probe = h.tracker().probe().await.unwrap();
    assert!(
        probe.faults[0].contains("give it the role Administrator"),
        "{probe:?}"
    );
    let scope = Scope::from([("group".to_owned(), "Sales".to_owned())]);
    let faults = h.tracker().probe_place(&scope, None).await.unwrap();
    assert_eq!(
        faults,
        ["Zendesk has no group 'Sales'; it has Support, Engineering"]
    );
    let faults = h.tracker().probe_place(&Scope::new(), None).await.unwrap();
    assert_eq!(
        faults,
        ["a scope at Zendesk names its brand or its group, or both"]
    );
}

#[tokio::test]
async fn very_many_comments_are_read_page_by_page() {
    let h = harness();
    let item = odd::begun(&h).await;
    let path = format!(
        "/api/v2/tickets/{}/comments?include=users&page[size]=100",
        item.item.id
    );
    let mut answer = h
        .raw(http::Method::GET, &path, AUTHORIZATION, Json::Null)
        .await;
    let comments = answer["comments"].as_array().unwrap().clone();
    let talk = odd::talk().zip(30_000_u64..).map(|(text, id)| {
        let mut comment = comments[1].clone();
        comment["id"] = json!(id);
        comment["html_body"] = json!(format!("<div class=\"zd-comment\"><p>{text}</p></div>"));
        comment
    });
    let all: Vec<Json> = std::iter::once(comments[0].clone())
        .chain(talk)
        .take(PAGES * 100)
        .collect();
    // The ticket itself, then page after page.
    h.meddler().next_read(Trick::Pass);
    let pages = all.chunks(100);
    let last = pages.len() - 1;
    for (number, page) in pages.enumerate() {
        answer["comments"] = json!(page);
        answer["meta"] = json!({"has_more": number < last, "after_cursor": format!("c{number}")});
        let answer = http::Response::new(answer.to_string().into());
        h.meddler().next_read(Trick::Answer(answer));
    }
    let before = h.meddler().requests();
    let comments = read(&h, &item.item).await.comments.unwrap();
    // Zendesk has 5,000 comments of a ticket at most.
    let told: Vec<String> = odd::talk().take(PAGES * 100 - 1).collect();
    let texts: Vec<String> = comments.iter().map(|one| one.body.plain()).collect();
    assert_eq!(texts, told);
    // The ticket, its comments, and what the account has.
    assert!(h.meddler().requests() - before <= 1 + PAGES as u64 + 4);
}

/// Pages of a ticket that has as many comments as it can.
const PAGES: usize = 50;
