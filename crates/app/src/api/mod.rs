//! The host's local API: JSON over a private listener, for the command line.
//!
//! | request | does |
//! |---|---|
//! | `GET /health`, `/metrics`, `/metrics/proofs`, `/openapi.json` | without a token; the last describes all of this |
//! | `GET /v1/status`, `/v1/nodes?cursor&limit`, `/v1/connections`, `/v1/errors` | what works, what waits, what is held |
//! | `GET /v1/twins?connection&state&held&item&cursor&limit`, `/v1/twins/{link}` | pages of twins |
//! | `GET /v1/connections/{connection}/linkable?side&fields&query&cursor` | items without a twin, each with what it is compared by |
//! | `GET /v1/history?item&cursor&limit` | what was written to an item and because of it, newest first |
//! | `GET /v1/audit?cursor&limit` | what people did, newest first |
//! | `GET /v1/rules/{connection}/versions?cursor&limit` | published versions |
//! | `POST /v1/rules/check`, `/v1/rules/{connection}/plan`, `/publish`, `/rollback` | rules |
//! | `POST /v1/retry`, `/v1/release`, `/v1/links`, `DELETE /v1/twins/{link}` | twins |
//! | `GET, POST /v1/backfills?connection&cursor&limit`, `GET /v1/backfills/{id}`, `POST …/{id}/pause`, `/resume`, `/cancel` | backfills |
//! | `POST /v1/nodes/{node}/pause`, `/resume`, `POST /v1/sweep`, `POST /v1/backup` | operation |
//! | `GET /v1/fleet`, `/v1/fleet/machines/{machine}` | a fleet, a machine of it |
//! | `POST /v1/fleet/machines/{machine}/drain`, `/undrain`, `/restart`, `POST /v1/fleet/nodes/{node}/move`, `/unpin` | a fleet's machines and where nodes are |
//! | `GET /v1/events` | what happens, a JSON object a line, until the caller goes |
//!
//! Everything under `/v1` wants the installation's token as `Authorization: Bearer …`. Lists are pages
//! `{"items": […], "next": CURSOR}`; faults are RFC 9457 problem details. A POST with an `Idempotency-Key` is done once:
//! its repetition, while this process lives, gets the first answer; the same key with another body is refused. What was
//! begun is done whole, whether or not the caller waits for the answer.

mod central;
mod deeds;
mod fleet;
pub mod front;
mod idempotency;
mod input;
mod linkable;
mod metrics;
mod openapi;
pub(crate) mod problem;
mod read;
mod rules;
mod shapes;
mod stream;
mod whole;

pub use central::CentralView;
pub use rules::RulesText;

use crate::fleet::Tokens;
use crate::handles::SystemClock;
use crate::rulebook::Rulebook;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use http::{StatusCode, header};
use problem::Problem;
use std::sync::{Arc, OnceLock};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use twinline_core::handles::Clock as _;
use twinline_core::time::Timestamp;
use twinline_engine::Host;
use twinline_trackers::http::Secret;

/// The greatest request: three rule files of the greatest size, or some ten thousand pairs to link.
const BODY_MAX_BYTES: usize = 8 << 20;

/// What the API works on.
pub struct Api {
    /// The host.
    pub host: Host,
    /// What rules are judged against.
    pub rulebook: Rulebook,
    tokens: Tokens,
    done: idempotency::Done,
    deeds: whole::Deeds,
    central: OnceLock<CentralView>,
    /// Places for those who follow the live stream: fewer than there are connections.
    streams: Arc<Semaphore>,
}

impl Api {
    /// The API of a host, for those who show one of `tokens`; so many may follow the live stream at once.
    pub fn new(
        host: Host,
        rulebook: Rulebook,
        tokens: impl Into<Tokens>,
        streams_max: usize,
    ) -> Self {
        Self {
            host,
            rulebook,
            tokens: tokens.into(),
            done: idempotency::Done::default(),
            deeds: whole::Deeds::default(),
            central: OnceLock::new(),
            streams: Arc::new(Semaphore::new(streams_max)),
        }
    }

    /// Shows how the central database is from now on. Once; a second call changes nothing.
    pub fn show_central(&self, view: CentralView) {
        drop(self.central.set(view));
    }

    fn central(&self) -> Option<central::CentralStatus> {
        Some(self.central.get()?.status(self.now()))
    }

    fn now(&self) -> Timestamp {
        SystemClock.now()
    }
}

type Shared = State<Arc<Api>>;

/// The health page alone, for a listener of its own: the supervisor's question must not wait for a place among those who
/// use the API.
pub fn health(api: Arc<Api>) -> Router {
    Router::new()
        .route("/health", get(metrics::health))
        .fallback(unknown)
        .with_state(api)
}

/// The API as a service.
pub fn router(api: Arc<Api>) -> Router {
    let v1 = openapi::operations()
        .split_for_parts()
        .0
        .layer(from_fn_with_state(Arc::clone(&api), idempotency::once))
        .layer(from_fn_with_state(Arc::clone(&api), whole::whole))
        .layer(from_fn_with_state(Arc::clone(&api), authorised));
    openapi::open_operations()
        .split_for_parts()
        .0
        .nest("/v1", v1)
        .fallback(unknown)
        .method_not_allowed_fallback(not_allowed)
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .with_state(api)
}

async fn unknown(request: Request) -> Problem {
    let detail = format!("there is nothing at {}", request.uri().path());
    Problem::new(StatusCode::NOT_FOUND, "not there", detail)
}

async fn not_allowed(request: Request) -> Problem {
    let detail = format!(
        "{} is not possible at {}",
        request.method(),
        request.uri().path()
    );
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "not possible", detail)
}

/// Lets only those in who show the installation's token.
async fn authorised(State(api): Shared, request: Request, next: Next) -> Result<Response, Problem> {
    if api.tokens.shown_by(&request) {
        return Ok(next.run(request).await);
    }
    Err(unauthorised())
}

/// Whether a request shows the token.
pub(crate) fn shows(request: &Request, token: &Secret) -> bool {
    let shown = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let shown = shown
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default();
    bool::from(shown.as_bytes().ct_eq(token.expose().as_bytes()))
}

pub(crate) fn unauthorised() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "not authenticated",
        "show the installation's token: it lies in run/token of the data folder, and in a fleet 'twinline fleet token' prints it",
    )
}

#[cfg(test)]
mod tests;
