//! OAuth clients of the instance's registry.

use super::*;
use crate::conformance::granted;
use std::time::Duration;
use twinline_sim::Door;

fn site() -> Box<Instance> {
    let mut site = demo_site();
    site.switches.closing_needs_reasons = false;
    Box::new(Instance::new(site))
}

fn door(wanted: &'static [(&'static str, &'static str)]) -> Door {
    Door {
        path: "/oauth_token.do",
        wanted,
        json: false,
        lives: Duration::from_secs(1800),
        inside: AUTHORIZATION.to_owned(),
        gateway: "",
    }
}

#[tokio::test]
async fn the_contract_holds_with_tokens_that_a_client_asks_for() {
    let auth: &'static [(&str, &str)] = &[("client_id", "us"), ("client_secret", "demo-secret")];
    let client = || Under { auth, ..under() };
    let own = || {
        door(&[
            ("grant_type", "client_credentials"),
            ("client_id", "us"),
            ("client_secret", "demo-secret"),
        ])
    };
    granted::check(site(), client(), own()).await;
    granted::check_refused(site(), client(), own()).await;
}

#[tokio::test]
async fn a_client_may_ask_in_the_name_of_a_user() {
    let auth: &'static [(&str, &str)] = &[
        ("client_id", "us"),
        ("client_secret", "demo-secret"),
        ("user", "twinline"),
        ("password", PASSWORD),
    ];
    let door = door(&[
        ("grant_type", "password"),
        ("client_id", "us"),
        ("client_secret", "demo-secret"),
        ("username", "twinline"),
        ("password", PASSWORD),
    ]);
    let inner = twinline_sim::Granting::new(site(), door);
    let h = SimHarness::new(Box::new(inner), Under { auth, ..under() });
    let probe = h.tracker().probe().await.unwrap();
    assert_eq!(probe.account.unwrap().login.as_deref(), Some("twinline"));
    assert_eq!(probe.faults, [""; 0]);
}
