//! The live stream: a JSON object a line.

use super::Shared;
use super::openapi::Fault;
use super::problem::Problem;
use super::shapes::EventShape;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::{StatusCode, header};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use twinline_engine::Event;

/// An empty line after this long without an event shows a caller that the host lives.
const QUIET: Duration = Duration::from_secs(15);

#[utoipa::path(get, path = "/events", summary = "What happens from now on, a JSON object a line, until the caller goes",
    responses((status = 200, description = "The live stream: one such object a line", body = EventShape, content_type = "application/x-ndjson"), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn events(State(api): Shared) -> Result<Response, Problem> {
    let place = Arc::clone(&api.streams).try_acquire_owned();
    let place = place.map_err(|_| {
        let detail = "as many follow the live stream already as this host allows (edge.proxy.streams_per_host)";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too many streams", detail)
    })?;
    let lines = stream::unfold(
        (api.host.events(), place),
        |(mut events, place)| async move {
            let line = next(&mut events).await?;
            Some((Ok::<_, Infallible>(line), (events, place)))
        },
    );
    let content = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((content, Body::from_stream(lines)).into_response())
}

/// The next line; `None` when the host has ended.
async fn next(events: &mut Receiver<Event>) -> Option<String> {
    let document = match tokio::time::timeout(QUIET, events.recv()).await {
        Err(_) => return Some("\n".to_owned()),
        Ok(Err(RecvError::Closed)) => return None,
        Ok(Err(RecvError::Lagged(lost))) => json!({ "what": "lagged", "lost": lost }),
        Ok(Ok(event)) => document(&event),
    };
    Some(format!("{document}\n"))
}

/// An event as a line of the stream shows it.
pub(super) fn document(event: &Event) -> Value {
    let mut document = serde_json::to_value(event).unwrap_or_default();
    document["text"] = Value::from(event.to_string());
    document
}
