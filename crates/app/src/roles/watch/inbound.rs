//! Watch's private side: what other monitoring says, and the description of all that it and automation may ask.
//!
//! `docs/specs/watch-inbound.json` is that description as it was last looked at by a person; a test holds the two together.

use super::api::{Private, Shared, refused};
use super::changes;
use crate::api::Fault;
use crate::api::problem::Problem;
use crate::handles::SystemClock;
use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;
use twinline_core::handles::Clock as _;
use twinline_watch::driver::Refusal;
use twinline_watch::inbound::{alertmanager, signals as generic};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi};
use utoipa::{OpenApi as _, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What all operations have in common.
const ABOUT: &str = "What other monitoring and automation say to a watch, on its private listener (watch.health, in a \
                     fleet watch of [machines]).";

/// What fails, or does not any more.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "a shape that is described, and read by the watch crate"
)]
struct SignalShape {
    /// Who says it, in at most 100 characters. Sources are told apart by it, and it is no secret.
    source: String,
    /// The element that it is about, as incidents name it: `host:m1`, `database:central`, `disk:m1`; `alert:NAME` for what
    /// is none of ours. At most 100 characters.
    subject: String,
    /// `firing` or `resolved`.
    state: String,
    /// `critical` (now), `warning` (in working hours; so if it is left out) or `info` (opens no incident).
    severity: Option<String>,
    /// What is wrong, in one line; needed of what fires. Beyond 300 characters it is cut off.
    summary: Option<String>,
    /// At most 32 elements that may be the reason. Failures that share an element become one incident.
    implicates: Option<Vec<String>>,
    /// Tells signals of one source about one subject apart; in at most 100 characters. Without it they are one.
    id: Option<String>,
    /// Where a person reads more: `https://` or `http://`, at most 500 characters, without a password.
    url: Option<String>,
    /// Since when it is so, as RFC 3339 has it. An older word than the last one of the same source and `id` is no news; at
    /// most an hour ahead of watch's clock.
    at: Option<String>,
}

/// One, or at most 1,000.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(
    dead_code,
    reason = "a shape that is described, and read by the watch crate"
)]
enum SignalsShape {
    One(SignalShape),
    Many(Vec<SignalShape>),
}

/// What was taken.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a shape that is described, not made")]
struct TakenShape {
    /// How many signals.
    signals: u64,
}

#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(Fault)))]
struct Shapes;

/// All that is asked with the token of other monitoring, below `/v1/inbound`.
pub(super) fn operations() -> OpenApiRouter<Arc<Private>> {
    OpenApiRouter::new()
        .routes(routes!(alerts))
        .routes(routes!(signals))
        .routes(routes!(changes::gate))
        .routes(routes!(changes::announce))
}

/// The description of it.
pub(super) fn document() -> OpenApi {
    let mut inbound = operations().into_openapi();
    for item in inbound.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            let none: [&str; 0] = [];
            operation.security = Some(vec![SecurityRequirement::new("inbound", none)]);
        }
    }
    let mut document = Shapes::openapi();
    document.info = InfoBuilder::new()
        .title("Twinline's watch, for other monitoring and automation")
        .version("1")
        .description(Some(ABOUT))
        .build();
    let mut document = document.nest("/v1/inbound", inbound);
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "watch.inbound_token, or the installation's token: run/token of the data folder.",
        ))
        .build();
    document
        .components
        .get_or_insert_with(|| ComponentsBuilder::new().build())
        .add_security_scheme("inbound", SecurityScheme::Http(token));
    document
}

/// The description, for whoever asks.
pub(super) async fn described() -> Json<OpenApi> {
    Json(document())
}

/// What Alertmanager's webhook sends: each alert is a signal.
#[utoipa::path(post, path = "/alertmanager", summary = "What Alertmanager's webhook (version 4) sends",
    request_body = Object,
    responses((status = 200, description = "How many alerts were taken", body = Object), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn alerts(State(private): Shared, body: Bytes) -> Result<Json<Value>, Problem> {
    let heard = alertmanager::read(&body);
    let heard = heard.map_err(|error| Problem::bad_request(error.to_string()))?;
    let count = heard.signals.len();
    if !private.driver.signals(heard.signals).await {
        // Alertmanager tries again then; it says that something is over only once.
        return Err(refused(Refusal::Busy));
    }
    if heard.left_out > 0 {
        tracing::warn!(left_out = heard.left_out, "Alertmanager left out alerts");
    }
    Ok(Json(
        json!({ "signals": count, "left_out": heard.left_out }),
    ))
}

/// What any other monitoring says.
#[utoipa::path(post, path = "/signals", summary = "What fails or is well again, in a form of our own: all of a call is taken, or nothing",
    request_body = SignalsShape,
    responses((status = 200, description = "How many signals were taken; said again they change nothing", body = TakenShape),
        (status = 400, description = "What is wrong: `errors` has a `pointer` (JSON Pointer) and a `detail` for each", body = Fault, content_type = "application/problem+json"),
        (status = "default", description = "What went wrong; 503 is to be said again", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn signals(State(private): Shared, body: Bytes) -> Result<Json<Value>, Problem> {
    let heard = generic::read(&body, SystemClock.now()).map_err(|error| unreadable(&error))?;
    let count = heard.len();
    if !private.driver.inbound(heard).await {
        return Err(refused(Refusal::Busy));
    }
    Ok(Json(json!({ "signals": count })))
}

/// Names each member that is wrong, as RFC 9457 shows it.
fn unreadable(error: &generic::Unreadable) -> Problem {
    let problem = Problem::bad_request(error.to_string());
    let generic::Unreadable::Wrong(wrong) = error else {
        return problem;
    };
    let errors = wrong.iter();
    let errors = errors.map(|it| json!({ "pointer": it.pointer, "detail": it.detail }));
    problem.with("errors", errors.collect::<Vec<Value>>())
}

#[cfg(test)]
#[path = "inbound_tests.rs"]
mod tests;
