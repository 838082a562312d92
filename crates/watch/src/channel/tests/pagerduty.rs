use super::*;
use serde_json::json;

fn settings(url: &str) -> Settings<'static> {
    Settings::PagerDuty(PagerDutySettings {
        routing_key: Secret::new("s3cr3t-routing-key"),
        url: Some(Secret::new(format!("{url}/v2/enqueue"))),
        plain: false,
    })
}

const TAKEN: Answer = Answer::Http(
    202,
    "content-type: application/json\r\n",
    r#"{"status":"success","message":"Event processed","dedup_key":"acme/inc-12"}"#,
);

async fn event(page: &Page) -> serde_json::Value {
    let heard = heard(settings, page, TAKEN).await;
    assert_eq!(heard.path, "/v2/enqueue");
    assert_eq!(text_of(&heard.headers, "content-type"), "application/json");
    let event = heard.json();
    assert_eq!(event["routing_key"], "s3cr3t-routing-key");
    event
}

#[tokio::test]
async fn an_incident_is_one_alert_from_its_trigger_to_its_end() {
    let triggered = event(&incident(Event::Opened)).await;
    let mut expected = json!({
        "routing_key": "s3cr3t-routing-key",
        "event_action": "trigger",
        "dedup_key": "acme/inc-12",
        "client": "Twinline acme",
        "client_url": "https://status.acme.example/incidents/inc-12",
        "links": [{ "href": "https://status.acme.example/ack/t0ken", "text": "Acknowledge" }],
        "payload": {
            "summary": "commits fail (database:central)",
            "source": "acme",
            "severity": "critical",
            "timestamp": "2026-11-29T17:59:50Z",
            "component": "database:central",
            "custom_details": {
                "headline": "commits fail",
                "severity": "critical",
                "at_fault": "database:central",
                "affected": "2: jira, github",
                "since": "2026-11-29T17:59:50Z",
                "incident": "inc-12",
                "details": ["The last proven commit is 9 s old."],
            },
        },
    });
    assert_eq!(triggered, expected);
    assert_eq!(event(&incident(Event::Reminder)).await, expected);
    for (happened, action) in [
        (
            Event::Acknowledged {
                by: "bo".to_owned(),
            },
            "acknowledge",
        ),
        (Event::Resolved, "resolve"),
    ] {
        expected = json!({
            "routing_key": "s3cr3t-routing-key",
            "event_action": action,
            "dedup_key": "acme/inc-12",
        });
        assert_eq!(event(&incident(happened)).await, expected);
    }
}

#[tokio::test]
async fn a_digest_is_filed_under_its_gravest_incident() {
    let event = event(&digest()).await;
    assert_eq!(event["dedup_key"], "acme/inc-12");
    let payload = &event["payload"];
    assert_eq!(
        payload["summary"],
        "commits fail (database:central) and 2 more"
    );
    assert_eq!(payload["severity"], "critical");
    assert_eq!(payload["custom_details"]["count"], 3);
    assert_eq!(
        payload["custom_details"]["incidents"][2]["severity"],
        "info"
    );
}

#[tokio::test]
async fn a_proof_is_an_alert_of_its_own() {
    let event = event(&page(Content::Proof)).await;
    assert_eq!(event["dedup_key"], "acme/proof/page-7");
    assert_eq!(event["payload"]["severity"], "info");
}

#[tokio::test]
async fn long_texts_are_cut_to_what_is_taken() {
    let mut long = incident(Event::Opened);
    let Content::Incident { matter, .. } = &mut long.content else {
        unreachable!("it is an incident")
    };
    matter.headline = "ä".repeat(3000);
    matter.incident = "i".repeat(300);
    let event = event(&long).await;
    let chars = |value: &serde_json::Value| value.as_str().unwrap().chars().count();
    assert_eq!(chars(&event["payload"]["summary"]), 1024);
    assert_eq!(chars(&event["dedup_key"]), 255);
}

#[tokio::test]
async fn each_answer_means_what_pagerduty_says_it_means() {
    use Answer::{Close, Garbage, Http, Nothing};
    let page = incident(Event::Opened);
    let refused = r#"{"status":"invalid event","message":"Event object is invalid","errors":["'s3cr3t-routing-key' is no key"]}"#;
    let busy = |after: Option<u64>| Fault::Busy {
        after: after.map(Duration::from_secs),
    };
    let html = "<html>Please log in</html>";
    for (answer, expected) in [
        (TAKEN, Ok("acme/inc-12")),
        (
            Http(400, "", refused),
            Err((
                Fault::Refused,
                false,
                &["Event object is invalid: '***' is no key", "watch.channels"][..],
            )),
        ),
        (
            Http(429, "retry-after: 30\r\n", "slow down"),
            Err((busy(Some(30)), false, &["429", "slow down", "30 s"][..])),
        ),
        (Http(429, "", ""), Err((busy(None), false, &["429"][..]))),
        (
            Http(500, "", "oops"),
            Err((Fault::Broken, true, &["500", "oops"][..])),
        ),
        (
            Http(503, "retry-after: Sun, 29 Nov 2026 18:01:00 GMT\r\n", ""),
            Err((busy(Some(60)), false, &["503"][..])),
        ),
        (
            Http(301, "location: /elsewhere\r\n", ""),
            Err((Fault::Refused, false, &["301", "elsewhere"][..])),
        ),
        // Successes that are none.
        (
            Http(200, "content-type: text/html\r\n", html),
            Err((
                Fault::Broken,
                true,
                &["not PagerDuty's", "Please log in"][..],
            )),
        ),
        (
            Http(202, "", ""),
            Err((Fault::Broken, true, &["not PagerDuty's"][..])),
        ),
        (
            Garbage("SSH-2.0-OpenSSH_9.2\r\n"),
            Err((Fault::Silent, true, &[][..])),
        ),
        (Close, Err((Fault::Silent, true, &[][..]))),
        (Nothing, Err((Fault::Silent, true, &["within"][..]))),
    ] {
        check(settings, &page, answer, expected).await;
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable_and_nothing_arrived() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let settings = settings(&format!("http://127.0.0.1:{port}"));
    let channel = Channel::new("duty", settings, &outside(DEADLINES)).unwrap();
    let failed = channel.send(&incident(Event::Opened)).await.unwrap_err();
    assert_eq!(failed.fault, Fault::Unreachable);
    assert!(!failed.may_have_arrived, "{failed}");
    assert!(
        failed.to_string().starts_with("channel duty, connecting: "),
        "{failed}"
    );
}

#[test]
fn what_cannot_work_is_refused_ahead() {
    let with = |key: &str, url: &str| {
        Settings::PagerDuty(PagerDutySettings {
            routing_key: Secret::new(key),
            url: Some(Secret::new(url)),
            plain: false,
        })
    };
    let said = refused(with("", "https://events.eu.pagerduty.com/v2/enqueue"));
    assert!(said.contains("routing_key"), "{said}");
    let said = refused(with("s3cr3t", "http://events.pagerduty.com/v2/enqueue"));
    assert!(said.contains("https://"), "{said}");
}
