//! What other monitoring says in our own form: by HTTP, to a driver at work.

use super::super::bench::begin;
use super::super::private_tests::{asked, of};
use super::*;
use axum::Router;
use http::{Method, StatusCode};
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use twinline_watch::driver::{Handle, Shown, Standing};

/// A watch at work.
async fn at_work(folder: &Path) -> (Handle, Router) {
    let begun = begin(folder, "format = 1\n").await;
    tokio::spawn(begun.work.run(std::future::pending()));
    (begun.driver.clone(), of(begun.driver))
}

async fn say(router: &Router, said: &Value) -> (StatusCode, Value) {
    asked(
        router,
        Method::POST,
        "/v1/inbound/signals",
        &said.to_string(),
    )
    .await
}

/// Waits for one incident that is so.
async fn incident(driver: &Handle, is_so: impl Fn(&Shown) -> bool) -> Shown {
    let began = Instant::now();
    loop {
        let mut all = driver.overview().await.unwrap().incidents.into_iter();
        if let Some(found) = all.find(&is_so) {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(60));
        sleep(Duration::from_millis(50)).await;
    }
}

fn fires(subject: &str, state: &str) -> Value {
    json!({
        "source": "nagios", "subject": subject, "state": state, "severity": "critical",
        "summary": format!("{subject} is full"), "implicates": ["machine:m9"],
    })
}

#[tokio::test]
async fn what_it_says_is_one_incident_with_what_shares_its_element_and_said_again_it_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (driver, router) = at_work(folder.path()).await;
    let both = json!([fires("disk:m9", "firing"), fires("host:m9", "firing")]);
    for _ in 0..2 {
        assert_eq!(
            say(&router, &both).await,
            (StatusCode::OK, json!({ "signals": 2 }))
        );
    }
    let found = incident(&driver, |it| it.failing.len() == 2).await;
    assert_eq!(found.element.to_string(), "machine:m9");
    assert_eq!(driver.overview().await.unwrap().incidents.len(), 1);
    let over = json!([fires("disk:m9", "resolved"), fires("host:m9", "resolved")]);
    assert_eq!(say(&router, &over).await.0, StatusCode::OK);
    incident(&driver, |it| {
        it.failing.is_empty() && it.standing == Standing::Recovered
    })
    .await;
}

#[tokio::test]
async fn a_late_repetition_of_an_older_word_undoes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (driver, router) = at_work(folder.path()).await;
    let at = |state: &str, at: &str| {
        let mut said = fires("disk:m9", state);
        said["at"] = at.into();
        said
    };
    let fires = at("firing", "2026-01-01T00:00:00Z");
    assert_eq!(say(&router, &fires).await.0, StatusCode::OK);
    incident(&driver, |it| it.failing.len() == 1).await;
    let over = at("resolved", "2026-01-01T00:01:00Z");
    assert_eq!(say(&router, &over).await.0, StatusCode::OK);
    assert_eq!(say(&router, &fires).await.0, StatusCode::OK);
    incident(&driver, |it| it.standing == Standing::Recovered).await;
}

#[tokio::test]
async fn who_does_not_show_the_token_is_not_heard_and_what_is_wrong_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (driver, router) = at_work(folder.path()).await;
    let request = http::Request::post("/v1/inbound/signals");
    let request = request.body(axum::body::Body::from("[]")).unwrap();
    let answer = tower::ServiceExt::oneshot(router.clone(), request)
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);

    let mut wrong = json!([fires("disk:m9", "firing"), fires("m9", "firing")]);
    wrong[1]["severity"] = "page".into();
    let (status, problem) = say(&router, &wrong).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let pointers: Vec<&Value> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["pointer"])
        .collect();
    assert_eq!(pointers, ["#/1/subject", "#/1/severity"]);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("#/1/severity is 'page'"),
        "{problem}"
    );
    assert!(
        driver.overview().await.unwrap().incidents.is_empty(),
        "nothing of it is taken"
    );
}

#[tokio::test]
async fn it_is_answered_200_only_when_the_driver_has_taken_it() {
    let folder = tempfile::tempdir().unwrap();
    let begun = begin(folder.path(), "format = 1\n").await;
    let router = of(begun.driver);
    assert_eq!(say(&router, &json!([])).await.0, StatusCode::OK);
    drop(begun.work);
    assert_eq!(
        say(&router, &json!([])).await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );
}

/// After a change that is meant: look at what the failed test has written, and copy it.
#[test]
fn the_description_is_the_one_that_is_written_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let fresh = document().to_pretty_json().unwrap() + "\n";
    let written = root.join("docs/specs/watch-inbound.json");
    let written = std::fs::read_to_string(written).unwrap_or_default();
    if fresh != written {
        let file = root.join("target/watch-inbound.json");
        std::fs::create_dir_all(root.join("target")).unwrap();
        std::fs::write(&file, &fresh).unwrap();
        panic!(
            "docs/specs/watch-inbound.json is not what is served; the new one is in {}",
            file.display()
        );
    }
}

#[tokio::test]
async fn the_description_is_served_and_complete() {
    let folder = tempfile::tempdir().unwrap();
    let router = of(begin(folder.path(), "format = 1\n").await.driver);
    let (status, served) = asked(&router, Method::GET, "/openapi.json", "").await;
    assert_eq!(status, StatusCode::OK);
    let paths: Vec<&String> = served["paths"].as_object().unwrap().keys().collect();
    let below = |name: &str| format!("/v1/inbound/{name}");
    assert_eq!(
        paths,
        ["alertmanager", "changes", "gate", "signals"]
            .map(below)
            .iter()
            .collect::<Vec<_>>()
    );
    for reference in served.to_string().split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(served["components"]["schemas"][name].is_object(), "{name}");
    }
}
