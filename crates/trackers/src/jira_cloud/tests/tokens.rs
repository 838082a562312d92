//! OAuth: a client of a service account, which is taken at Atlassian's gateway.

use super::*;
use crate::conformance::granted;
use std::time::Duration;
use twinline_sim::{Door, Granting};

/// A service account's client, at the gateway.
fn at_gateway() -> (Under, Door) {
    let under = Under {
        auth: &[
            ("cloud_id", "0b9f-4e2a"),
            ("client_id", "us"),
            ("client_secret", "jira-demo-secret"),
        ],
        ..under()
    };
    let door = Door {
        path: "/oauth/token",
        wanted: &[
            ("grant_type", "client_credentials"),
            ("client_id", "us"),
            ("client_secret", "jira-demo-secret"),
        ],
        json: true,
        lives: Duration::from_secs(3600),
        inside: granted::basic("twinline@acme.example", API_TOKEN),
        gateway: "/ex/jira/0b9f-4e2a",
    };
    (under, door)
}

#[tokio::test]
async fn the_contract_holds_at_the_gateway_with_tokens_that_are_asked_for() {
    let (under, door) = at_gateway();
    granted::check(Box::new(JiraCloud::new(demo_site())), under, door).await;
    let (under, door) = at_gateway();
    granted::check_refused(Box::new(JiraCloud::new(demo_site())), under, door).await;
}

#[tokio::test]
async fn an_item_is_shown_at_the_site_where_the_api_is_at_the_gateway() {
    let (under, door) = at_gateway();
    let site = Granting::new(Box::new(JiraCloud::new(demo_site())), door);
    let h = SimHarness::new(Box::new(site), under);
    let item = odd::begun(&h).await;
    let expected = format!("http://tracker.sim/browse/{}", item.key);
    assert_eq!(item.url, expected);
}
