//! A confidential OAuth client.

use super::*;
use crate::conformance::granted;
use std::time::Duration;
use twinline_sim::Door;

fn door() -> Door {
    Door {
        path: "/oauth/tokens",
        wanted: &[
            ("grant_type", "client_credentials"),
            ("client_id", "us"),
            ("client_secret", "demo-secret"),
            ("scope", "read write"),
        ],
        json: true,
        lives: Duration::from_secs(1800),
        inside: format!("Bearer {OAUTH_TOKEN}"),
        gateway: "",
    }
}

#[tokio::test]
async fn the_contract_holds_with_tokens_that_a_client_asks_for() {
    let auth: &'static [(&str, &str)] = &[("client_id", "us"), ("client_secret", "demo-secret")];
    let client = || Under { auth, ..under() };
    let site = || Box::new(twinline_sim::zendesk::Zendesk::new(demo_site()));
    granted::check(site(), client(), door()).await;
    granted::check_refused(site(), client(), door()).await;
}
