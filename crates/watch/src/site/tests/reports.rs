//! What visitors report.

use super::*;
use std::net::IpAddr;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");

async fn post(visit: &Visit, kind: (&str, &str), body: &str) -> Got {
    visit.ask("POST", "/report", &[kind], body).await
}

#[tokio::test]
async fn the_form_offers_the_components() {
    let visit = Visit::to(World::busy().shown());
    let page = visit.get("/report").await;
    page.says(&[
        "Report a problem",
        "Synchronisation",
        "Jira Cloud",
        "Send the report",
    ]);
    assert!(
        page.body
            .contains(r#"<form method="post" action="report">"#)
    );
}

#[tokio::test]
async fn a_report_is_taken_over_as_it_was_written() {
    let visit = Visit::to(World::busy().shown());
    let body = "component=Jira+Cloud&text=+Nothing+crosses%0D%0Asince+17%3A58%08%00.++";
    let got = post(&visit, FORM, body).await;
    assert_eq!(got.status, StatusCode::SEE_OTHER);
    // Relative to the form.
    assert_eq!(got.header("location"), "report/sent");
    visit.get("/report/sent").await.says(&["Thank you"]);
    let got = post(&visit, JSON, r#"{"text":"Slow."}"#).await;
    assert_eq!(got.status, StatusCode::ACCEPTED);
    assert_eq!(got.body, r#"{"report":"r-1"}"#);
    assert_eq!(
        visit.asked(),
        [
            "report Jira Cloud: Nothing crosses\nsince 17:58.",
            "report : Slow."
        ]
    );
}

#[tokio::test]
async fn what_is_no_report_is_said_to_be_none() {
    let visit = Visit::to(World::busy().shown());
    let long = format!("text={}", "x".repeat(REPORT_MAX_CHARS + 1));
    let huge = format!("text={}", "x".repeat(20_000));
    for (kind, body, status) in [
        (FORM, "", StatusCode::UNPROCESSABLE_ENTITY),
        (FORM, "text=+%0A", StatusCode::UNPROCESSABLE_ENTITY),
        (FORM, "text=a&component=b", StatusCode::UNPROCESSABLE_ENTITY),
        (FORM, "text=%ff%fe%00", StatusCode::SEE_OTHER),
        (FORM, &long, StatusCode::UNPROCESSABLE_ENTITY),
        (FORM, &huge, StatusCode::PAYLOAD_TOO_LARGE),
        (JSON, "", StatusCode::BAD_REQUEST),
        (JSON, "[]", StatusCode::BAD_REQUEST),
        (JSON, r#"{"text":1}"#, StatusCode::BAD_REQUEST),
        (
            JSON,
            r#"{"component":"GitHub"}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            ("content-type", "text/plain"),
            "text=a",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (
            ("accept", "*/*"),
            "text=a",
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
    ] {
        let got = post(&visit, kind, body).await;
        assert_eq!(got.status, status, "{kind:?} {body:.40}: {}", got.body);
        if kind == JSON {
            assert_eq!(got.header("content-type"), "application/problem+json");
            let problem: Value = serde_json::from_str(&got.body).unwrap();
            assert_eq!(problem["status"], status.as_u16());
        }
    }
    assert_eq!(visit.asked().len(), 1);
}

#[tokio::test]
async fn what_was_written_is_not_lost_by_a_fault() {
    let visit = Visit::to(World::busy().shown());
    *visit.desk.refuses.lock().unwrap() = Some(Refused::Busy);
    let got = post(&visit, FORM, "component=GitHub&text=It+is+slow").await;
    assert_eq!(got.status, StatusCode::SERVICE_UNAVAILABLE);
    got.says(&["Try again", "It is slow"]);
    assert!(got.body.contains(r#"<option selected value="GitHub">"#));
    assert!(got.body.contains(r#"role="alert""#));
}

#[tokio::test(start_paused = true)]
async fn a_caller_may_report_a_few_times_and_then_later() {
    let visit = Visit::to(World::busy().shown());
    let report = async |from: &str| {
        let caller = Caller(from.parse::<IpAddr>().unwrap());
        let request = Request::post("/report").header(FORM.0, FORM.1);
        let request = request.extension(caller);
        visit
            .send(request.body(Body::from("text=a")).unwrap())
            .await
    };
    for _ in 0..3 {
        assert_eq!(report("203.0.113.7").await.status, StatusCode::SEE_OTHER);
    }
    let got = report("203.0.113.7").await;
    assert_eq!(got.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(got.header("retry-after"), "200");
    got.says(&["There were too many lately."]);
    assert_eq!(report("203.0.113.8").await.status, StatusCode::SEE_OTHER);
    tokio::time::advance(Duration::from_secs(200)).await;
    assert_eq!(report("203.0.113.7").await.status, StatusCode::SEE_OTHER);
    assert_eq!(visit.asked().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let visit = Visit::to(World::busy().shown());
    let never = futures_util::stream::pending::<Result<String, std::io::Error>>();
    let never = Body::from_stream(never);
    let request = Request::post("/report").header(FORM.0, FORM.1);
    let got = visit.send(request.body(never).unwrap()).await;
    assert_eq!(got.status, StatusCode::REQUEST_TIMEOUT);
}
