//! What was begun is done whole: a caller who goes does not cut a deed between two of its steps.

use super::Shared;
use super::problem::Problem;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{Method, StatusCode};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Deeds at once, those included whose callers have gone.
const DEEDS_MAX: usize = 64;

/// The places of deeds at work.
pub(super) struct Deeds(Arc<Semaphore>);

impl Default for Deeds {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(DEEDS_MAX)))
    }
}

pub(super) async fn whole(
    State(api): Shared,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(next.run(request).await);
    }
    let unavailable =
        |detail: &str| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not done", detail);
    let place = Arc::clone(&api.deeds.0).try_acquire_owned();
    let place =
        place.map_err(|_| unavailable("too much is being done at once: repeat it later"))?;
    let deed = tokio::spawn(async move {
        let _place = place;
        next.run(request).await
    });
    deed.await.map_err(|error| {
        tracing::error!(%error, "a request has broken an invariant of ours");
        unavailable("a defect of Twinline: the log says more")
    })
}
