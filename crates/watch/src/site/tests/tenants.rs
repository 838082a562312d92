//! Reports of tenants, with the token of their workspace.

use super::*;

const JSON: (&str, &str) = ("content-type", "application/json");
const TOKEN: (&str, &str) = ("authorization", "Bearer t0ken");

#[tokio::test]
async fn a_tenant_reports_and_is_answered() {
    let visit = Visit::to(World::busy().shown());
    let body = r#"{"component": "Webhooks", "node": "acme-jira", "text": "Nothing arrives."}"#;
    let got = visit.ask("POST", "/report", &[JSON, TOKEN], body).await;
    assert_eq!(got.status, StatusCode::ACCEPTED, "{}", got.body);
    let told: Value = serde_json::from_str(&got.body).unwrap();
    assert_eq!(
        (&told["report"], &told["answer"]),
        (&"r-1".into(), &"received".into())
    );
    let got = visit.ask("GET", "/report/r-1", &[TOKEN], "").await;
    assert_eq!(got.status, StatusCode::OK);
    assert_eq!(got.header("cache-control"), "no-store");
    let told: Value = serde_json::from_str(&got.body).unwrap();
    assert_eq!(
        (&told["answer"], &told["incident"]),
        (&"known".into(), &7.into())
    );
    assert!(
        told["url"].as_str().unwrap().ends_with("/incidents/7"),
        "{told}"
    );
    assert_eq!(
        visit.asked(),
        [
            "tenant t0ken Webhooks acme-jira: Nothing arrives.",
            "answer t0ken r-1"
        ]
    );
}

#[tokio::test]
async fn what_is_no_report_or_shows_no_token_is_refused_in_problem_details() {
    let visit = Visit::to(World::busy().shown());
    for (headers, body, status) in [
        (&[JSON, TOKEN][..], "[]", StatusCode::BAD_REQUEST),
        (
            &[JSON, TOKEN],
            r#"{"text": ""}"#,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            &[JSON, TOKEN],
            r#"{"text": "a", "node": 1}"#,
            StatusCode::BAD_REQUEST,
        ),
        (&[TOKEN], "text=a", StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ] {
        let got = visit.ask("POST", "/report", headers, body).await;
        assert_eq!(got.status, status, "{body}");
        assert_eq!(got.header("content-type"), "application/problem+json");
    }
    let got = visit.ask("GET", "/report/r-1", &[], "").await;
    assert_eq!(got.status, StatusCode::UNAUTHORIZED);
    assert_eq!(got.header("www-authenticate"), "Bearer");
    assert_eq!(visit.asked(), [""; 0]);
    *visit.desk.refuses.lock().unwrap() = Some(Refused::UnknownToken);
    let got = visit
        .ask("POST", "/report", &[JSON, TOKEN], r#"{"text": "a"}"#)
        .await;
    assert_eq!(got.status, StatusCode::UNAUTHORIZED);
}
