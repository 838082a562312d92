//! The private side as tests ask it.

use super::api::{Private, router};
use axum::Router;
use axum::body::{Body, to_bytes};
use http::{Method, Request, StatusCode, header};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::watch;
use tower::ServiceExt as _;
use twinline_trackers::http::Secret;
use twinline_watch::driver::Handle;
use twinline_watch::queue::Looks;
use twinline_watch::subscription::Reach;

/// The private side of a watch, whose token is `token`.
pub(super) fn of(driver: Handle) -> Router {
    let private = Private {
        driver,
        token: Secret::new("token"),
        inbound: watch::channel(None).1,
        central: watch::channel(None).1,
        looks: Looks::default(),
    };
    router(Arc::new(private), watch::channel(Reach::default()).1)
}

/// What it answers to whoever shows the token.
pub(super) async fn asked(
    router: &Router,
    method: Method,
    path: &str,
    body: &str,
) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, "Bearer token")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 8 << 20).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}
