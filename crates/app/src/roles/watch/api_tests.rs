//! Who says something that is not taken hears so, and says it again; what is acknowledged at one watch another hears.

use super::super::bench::begin;
use super::*;
use axum::body::Body;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tower::ServiceExt as _;
use twinline_core::watch::element::{Element, Kind, Path as Elements};
use twinline_core::watch::signal::{Severity, Signal, State};
use twinline_trackers::http::Way;
use twinline_watch::driver::Shown;
use twinline_watch::probe::{Fixed, Web, follow_peer};

const CALL: &str = r#"{"version":"4","alerts":[{"status":"resolved","labels":{"alertname":"A"}}]}"#;

/// The private side of a watch.
fn of(driver: Handle) -> Router {
    let private = Private {
        driver,
        tokens: Secret::new("token").into(),
        inbound: watch::channel(None).1,
        central: watch::channel(None).1,
        looks: Looks::default(),
    };
    router(Arc::new(private), watch::channel(Reach::default()).1)
}

async fn says(router: &Router) -> StatusCode {
    let request = Request::post("/v1/inbound/alertmanager")
        .header(header::AUTHORIZATION, "Bearer token")
        .body(Body::from(CALL))
        .unwrap();
    router.clone().oneshot(request).await.unwrap().status()
}

#[tokio::test]
async fn alertmanager_is_answered_200_only_when_the_driver_has_taken_it() {
    let folder = tempfile::tempdir().unwrap();
    let begun = begin(folder.path(), "format = 1\n").await;
    let router = of(begun.driver);
    assert_eq!(says(&router).await, StatusCode::OK);
    drop(begun.work);
    assert_eq!(says(&router).await, StatusCode::SERVICE_UNAVAILABLE);
}

/// Somebody to call, whom nothing reaches here.
const ADA: &str = "format = 1\n[watch.channels]\nchat = { kind = \"webhook\", url = { file = \"chat.url\" } }\n\
    [watch.people]\nada = { zone = \"UTC\", reach = [\"chat:ada\"] }\n";

/// A watch at work that finds an edge to fail.
async fn at_work(folder: &std::path::Path) -> Handle {
    std::fs::write(folder.join("chat.url"), "http://127.0.0.1:9/\n").unwrap();
    let begun = begin(folder, ADA).await;
    tokio::spawn(begun.work.run(std::future::pending()));
    let signal = Signal {
        source: "test".to_owned(),
        subject: Element::new(Kind::Edge, "m9"),
        state: State::Failing {
            severity: Severity::Critical,
            implicates: Elements::new(),
            summary: "it fails".to_owned(),
        },
    };
    assert!(begun.driver.signal(signal).await);
    begun.driver
}

/// Waits until the incident of that edge is so.
async fn incident(driver: &Handle, is_so: impl Fn(&Shown) -> bool) -> Shown {
    let began = Instant::now();
    loop {
        let found = driver.overview().await.unwrap().incidents.into_iter();
        let mut found = found.filter(|it| it.element.kind == Kind::Edge);
        if let Some(found) = found.find(&is_so) {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(60));
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_is_acknowledged_at_one_watch_another_hears() {
    let [here, there] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let (here, there) = (at_work(here.path()).await, at_work(there.path()).await);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let served = of(there.clone());
    tokio::spawn(async move { axum::serve(listener, served).await });
    let web = Arc::new(Web::new(Secret::new("token"), Way::plain()).unwrap());
    let follows = follow_peer(web, "m2".to_owned(), Arc::new(Fixed(at)), here.clone());
    let follows = tokio::spawn(follows);
    let at_there = incident(&there, |_| true).await;
    let at_here = incident(&here, |_| true).await;
    assert_eq!(at_here.acknowledged_by, None);
    let deed = Deed::Acknowledge {
        incident: at_there.incident,
        by: "ada".to_owned(),
    };
    there.perform(deed).await.unwrap();
    let heard = incident(&here, |it| it.acknowledged_by.is_some()).await;
    assert_eq!(heard.acknowledged_by.as_deref(), Some("ada"));
    assert_eq!(heard.acknowledged_with.as_deref(), Some("m2"));
    follows.abort();
}
