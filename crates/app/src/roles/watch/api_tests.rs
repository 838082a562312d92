//! Who says something that is not taken hears so, and says it again.

use super::super::bench::begin;
use super::*;
use axum::body::Body;
use tower::ServiceExt as _;

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
    let begun = begin(folder.path(), "format = 1\n").await;
    let private = Private {
        driver: begun.driver,
        token: Secret::new("token"),
        inbound: watch::channel(None).1,
        central: watch::channel(None).1,
    };
    let router = router(Arc::new(private), watch::channel(Reach::default()).1);
    assert_eq!(says(&router).await, StatusCode::OK);
    drop(begun.work);
    assert_eq!(says(&router).await, StatusCode::SERVICE_UNAVAILABLE);
}
