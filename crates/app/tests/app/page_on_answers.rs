//! What the status page says, on the answers of edge and host.

use crate::status_page::watched;
use crate::support::until;
use crate::webhooks::ask;

#[test]
fn answers_of_the_api_carry_what_the_page_says() {
    let made = watched("");
    let _up = made.up();
    let says = |role: &str, name: &str, path: &str, status: &str| {
        until(&format!("{role} to say '{status}'"), || {
            let at = made.listener(role, name)?;
            let answer = ask(at, &format!("GET {path} HTTP/1.1"), "")?;
            let field = format!("\r\ntwinline-status: {status}");
            answer.head.contains(&field).then_some(answer)
        })
    };
    says("host", "api", "/health", "none; description=");
    made.json(&["status", "set", "Shop", "major_outage", "--as", "ada"]);
    let worst = "critical; description=\"partial system outage\"";
    says("host", "api", "/health", worst);
    // Also where whoever asks is refused, and once where both would say it.
    let refused = says("edge", "webhooks", "/v1/status", worst);
    assert_eq!(refused.status, 401, "{refused:?}");
    let link = "<https://status.acme.example/>; rel=\"status\"";
    assert_eq!(refused.head.matches(link).count(), 1, "{refused:?}");
    assert_eq!(refused.head.matches("twinline-status").count(), 1);
    let at = made.listener("edge", "webhooks").unwrap();
    let tracker = ask(at, "POST /hooks/nobody HTTP/1.1", "{}").unwrap();
    assert!(!tracker.head.contains("twinline-status"), "{tracker:?}");
}
