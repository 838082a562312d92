//! Who takes up places, and for how long.

use super::*;
use bytes::Bytes;
use futures_util::stream;

#[tokio::test]
async fn the_live_stream_has_places_of_its_own_and_gives_them_back() {
    let served = served().await;
    let follow = async || {
        let asked = request(&Method::GET, "/v1/events", "");
        served.router.clone().oneshot(asked).await.unwrap()
    };
    let first = follow().await;
    let _second = follow().await;
    let full = served.get("/v1/events").await;
    let detail = full.problem(StatusCode::SERVICE_UNAVAILABLE);
    assert!(detail.contains("streams_per_host"), "{detail}");
    assert_eq!(served.get("/v1/status").await.status, StatusCode::OK);
    drop(first);
    assert_eq!(follow().await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_refused() {
    let served = served().await;
    // Not before: the store's own deadlines would pass while its thread works.
    tokio::time::pause();
    for key in [None, Some("one")] {
        let never = stream::pending::<Result<Bytes, std::io::Error>>();
        let mut asked =
            Request::post("/v1/retry").header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
        if let Some(key) = key {
            asked = asked.header("idempotency-key", key);
        }
        let answer = served
            .send(asked.body(Body::from_stream(never)).unwrap())
            .await;
        let detail = answer.problem(StatusCode::REQUEST_TIMEOUT);
        assert!(detail.contains("within 20 s"), "{detail}");
    }
}
