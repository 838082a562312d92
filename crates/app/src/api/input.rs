//! What callers send, read so that every mistake is answered as a problem.

use super::BODY_MAX_BYTES;
use super::problem::Problem;
use crate::local_http::WHO;
use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::timeout;

/// A body that has not arrived whole by then is refused, so that a slow caller takes up no place for good.
const BODY_DEADLINE: Duration = Duration::from_secs(20);

/// Reads a body whole, within its limits.
pub(super) async fn whole(body: axum::body::Body) -> Result<Bytes, Problem> {
    match timeout(BODY_DEADLINE, to_bytes(body, BODY_MAX_BYTES)).await {
        Ok(read) => read.map_err(|error| Problem::broken_body(&error)),
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "too slow",
            format!(
                "the body did not arrive within {} s",
                BODY_DEADLINE.as_secs()
            ),
        )),
    }
}

/// A JSON body; an empty one is an empty object.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let bytes = whole(request.into_body()).await?;
        let bytes = if bytes.is_empty() {
            Bytes::from_static(b"{}")
        } else {
            bytes
        };
        let body = serde_json::from_slice(&bytes);
        body.map(Self)
            .map_err(|error| Problem::bad_request(format!("the body: {error}")))
    }
}

/// The query's parameters.
pub(super) struct Params<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Query::<T>::from_request_parts(parts, state).await;
        read.map(|Query(read)| Self(read))
            .map_err(|rejection| Problem::bad_request(rejection.body_text()))
    }
}

/// What the path names.
pub(super) struct Named(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Path::<String>::from_request_parts(parts, state).await;
        read.map(|Path(name)| Self(name))
            .map_err(|rejection| Problem::bad_request(rejection.body_text()))
    }
}

/// Who asks, for the audit trail: a header of the command line's, at most 100 characters.
pub(super) struct Who(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let shown = parts.headers.get(WHO).and_then(|value| value.to_str().ok());
        let shown = shown.unwrap_or("somebody with the token");
        Ok(Self(shown.chars().take(100).collect()))
    }
}
