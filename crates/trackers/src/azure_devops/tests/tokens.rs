//! A service principal of Microsoft Entra.

use super::*;
use crate::conformance::granted;
use std::time::Duration;
use twinline_sim::Door;
use twinline_sim::azure_devops::ENTRA_TOKEN;

fn door() -> Door {
    Door {
        path: "/acme.example/oauth2/v2.0/token",
        wanted: &[
            ("grant_type", "client_credentials"),
            ("client_id", "us"),
            ("client_secret", "entra-demo-secret"),
            ("scope", "499b84ac-1321-427f-aa17-267ca6975798/.default"),
        ],
        json: false,
        lives: Duration::from_secs(3599),
        inside: format!("Bearer {ENTRA_TOKEN}"),
        gateway: "",
    }
}

fn principal(tenant: &'static str) -> Under {
    let auth: &'static [(&str, &str)] = match tenant {
        "acme.example" => &[
            ("tenant_id", "acme.example"),
            ("client_id", "us"),
            ("client_secret", "entra-demo-secret"),
        ],
        _ => &[
            ("tenant_id", "../acme"),
            ("client_id", "us"),
            ("client_secret", "entra-demo-secret"),
        ],
    };
    Under { auth, ..under() }
}

#[tokio::test]
async fn the_contract_holds_with_tokens_that_a_service_principal_asks_for() {
    let site = || Box::new(AzureDevOps::new(demo_organization()));
    granted::check(site(), principal("acme.example"), door()).await;
    granted::check_refused(site(), principal("acme.example"), door()).await;
}

#[test]
#[should_panic(expected = "the harness names a tracker and its auth")]
fn a_tenant_that_leads_elsewhere_is_refused() {
    over(demo_organization(), principal("elsewhere"));
}
