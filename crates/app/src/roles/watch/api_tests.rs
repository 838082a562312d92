//! Who says something that is not taken hears so, and says it again.

use super::*;
use crate::instance::DataFolder;
use crate::roles::watch::announced::Announced;
use crate::roles::watch::build::{self, Built, Lasting};
use axum::body::Body;
use std::collections::BTreeMap;
use tower::ServiceExt as _;
use twinline_trackers::http::Trust;
use twinline_watch::channel::acknowledge::Signer;
use twinline_watch::driver::Driver;

const CALL: &str = r#"{"version":"4","alerts":[{"status":"resolved","labels":{"alertname":"A"}}]}"#;

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
    let file = folder.path().join("twinline.toml");
    let config = crate::config::parse(&file, "format = 1\n").unwrap();
    let lasting = Lasting {
        announced: Announced::default(),
        addresses: build::addresses(BTreeMap::new()),
        trust: Trust::of_this_machine().unwrap(),
        token: Secret::new("token"),
        keyless: None,
        supervisor: None,
    };
    let setup = Built::new(&file, &config, &lasting).unwrap().setup;
    let signer = Arc::new(Signer::new([b"key".as_slice()]).unwrap());
    let store = DataFolder::open(&config.data).unwrap().watch_store();
    let (driver, handle) = Driver::begin(&store, setup, signer, Arc::new(SystemClock)).await;
    let private = Private {
        driver: handle,
        token: Secret::new("token"),
        inbound: watch::channel(None).1,
        central: watch::channel(None).1,
    };
    let router = router(Arc::new(private), watch::channel(Reach::default()).1);
    assert_eq!(says(&router).await, StatusCode::OK);
    drop(driver);
    assert_eq!(says(&router).await, StatusCode::SERVICE_UNAVAILABLE);
}
