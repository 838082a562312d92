//! The connector in front of its simulator: the contract, and what is Azure DevOps' own.

mod answers;
mod encoding;
mod files;
mod hooks;
mod places;
mod states;
mod texts;
mod tokens;

use super::*;
use crate::conformance::sim::{SimHarness, Under};
use crate::conformance::{self, Harness as _, Trick, odd};
use serde_json::json;
use twinline_core::item::User;
use twinline_sim::azure_devops::site::Organization;
use twinline_sim::azure_devops::{AzureDevOps, PAT, demo_organization};

/// The personal access token of the connector's account.
const AUTHORIZATION: &str = "Basic OmF6dXJlLWRlbW8tdG9rZW4=";

fn harness() -> SimHarness {
    over(demo_organization(), under())
}

fn over(site: Organization, under: Under) -> SimHarness {
    SimHarness::new(Box::new(AzureDevOps::new(site)), under)
}

fn under() -> Under {
    Under {
        tracker: "azure-devops",
        auth: &[("token", PAT)],
        scope: &[
            ("project", "Support"),
            ("type", "Issue"),
            ("area", "Support\\Desk"),
        ],
        container: "Support\\Desk",
        move_to: Some("Application"),
        open_trigger: "[System.State] <> 'Done'",
        bad_trigger: ("[Flavour] = 'sweet'", "Flavour"),
        required_fields: BTreeMap::new(),
        internal_channel: None,
        tells_deletion: true,
        webhooks: true,
    }
}

/// The same in the project whose bugs go step by step.
fn under_bugs() -> Under {
    Under {
        scope: &[("project", "Application"), ("type", "Bug")],
        container: "Application",
        move_to: Some("Support"),
        open_trigger: "[System.State] <> 'Closed'",
        ..under()
    }
}

#[tokio::test]
async fn the_contract_holds() {
    let mut site = demo_organization();
    let mut left = site.users[0].clone();
    left.id = "left".to_owned();
    left.display_name = "Lea Former".to_owned();
    left.unique_name = "left@acme.example".to_owned();
    left.active = false;
    site.users.push(left);
    let person = User {
        id: "left@acme.example".to_owned(),
        ..User::default()
    };
    let harness = over(site, under()).with_unassignable(person);
    let report = conformance::run(&harness).await;
    // Azure DevOps shows a comment to all who see its item.
    report.expect_skipped(&[
        "comments: one that only some may read lies in an internal channel, as long as it is",
        "recognise: a comment that we may no longer read is not deleted",
    ]);
}

#[tokio::test]
async fn the_contract_holds_where_states_have_rules_and_no_area_is_named() {
    let report = conformance::run(&over(demo_organization(), under_bugs())).await;
    // A person does not close a bug in one step, either.
    report.expect_skipped(&[
        "people: one who is known and cannot be assigned fails no write",
        "query: every match over all pages, and nothing else",
        "matches: exact or honest about the lag, and silent on what is gone",
        "comments: one that only some may read lies in an internal channel, as long as it is",
        "recognise: a comment that we may no longer read is not deleted",
    ]);
}

#[tokio::test]
async fn very_many_comments_are_read_page_by_page() {
    let h = harness();
    let item = odd::begun(&h).await;
    let path = format!(
        "/acme/Support/_apis/wit/workItems/{}/comments",
        item.item.id
    );
    let mut answer = h
        .raw(http::Method::GET, &path, AUTHORIZATION, Json::Null)
        .await;
    let first = answer["comments"][0].clone();
    let comments: Vec<Json> = odd::talk()
        .zip(1_u64..)
        .map(|(text, id)| {
            let mut comment = first.clone();
            comment["id"] = json!(id);
            comment["text"] = json!(format!("<p>{text}</p>"));
            comment
        })
        .collect();
    // The item itself, then page after page.
    h.meddler().next_read(Trick::Pass);
    let pages = comments.chunks(200).count();
    for (number, page) in (1..).zip(comments.chunks(200)) {
        answer["comments"] = json!(page);
        answer["continuationToken"] = match number < pages {
            true => json!(number.to_string()),
            false => Json::Null,
        };
        let answer = http::Response::new(answer.to_string().into());
        h.meddler().next_read(Trick::Answer(answer));
    }
    // The item, its type, the fields, and 50 pages of 200.
    odd::check_talk(&h, &item, 53).await;
}

#[tokio::test]
async fn parents_in_a_circle_are_not_followed() {
    let parents = odd::Parents {
        authorization: AUTHORIZATION,
        path: |key| {
            let id = key.trim_start_matches('#');
            format!("/_apis/wit/workitems/{id}?$expand=relations")
        },
        put: |item, parent| {
            let id = parent.trim_start_matches('#');
            let url = format!("http://tracker.sim/acme/_apis/wit/workItems/{id}");
            item["relations"] = json!([{ "rel": decode::PARENT, "url": url }]);
        },
    };
    odd::check_circle(&harness(), &parents).await;
}
