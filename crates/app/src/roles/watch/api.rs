//! Watch's private side: how it is, what it counts, and incidents for those who show the installation's token.

use super::edits;
use crate::api::problem::Problem;
use crate::api::shows;
use crate::handles::SystemClock;
use crate::release::Release;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use bytes::Bytes;
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use std::fmt::Write as _;
use std::sync::Arc;
use tokio::sync::watch;
use twinline_core::handles::Clock as _;
use twinline_core::watch::incident::IncidentId;
use twinline_store::central::{CentralHealth, PoolName};
use twinline_trackers::http::Secret;
use twinline_watch::driver::{Acknowledged, Deed, Detail, Figures, Handle, Overview, Refusal};
use twinline_watch::inbound::alertmanager;
use twinline_watch::queue::Looks;
use twinline_watch::site::{self, Brief};
use twinline_watch::subscription::Reach;

/// The greatest request: thousands of alerts.
const BODY_MAX_BYTES: usize = 8 << 20;

/// What the private side works on.
pub(super) struct Private {
    pub(super) driver: Handle,
    pub(super) token: Secret,
    /// What other monitoring shows.
    pub(super) inbound: watch::Receiver<Option<Secret>>,
    pub(super) central: watch::Receiver<Option<watch::Receiver<CentralHealth>>>,
    /// When each queue of tickets was read last.
    pub(super) looks: Looks,
}

pub(super) type Shared = State<Arc<Private>>;

/// How many tenants are told of what is new.
pub(super) type Reached = Extension<watch::Receiver<Reach>>;

/// The private side as a service.
pub(super) fn router(private: Arc<Private>, reach: watch::Receiver<Reach>) -> Router {
    let v1 = Router::new()
        .route("/acknowledged", get(acknowledged))
        .route("/page/brief", get(brief))
        .route("/incidents", get(list))
        .route("/incidents/{incident}", get(show))
        .route("/incidents/{incident}/acknowledge", post(acknowledge))
        .route("/incidents/{incident}/resolve", post(resolve))
        .route("/incidents/{incident}/dismiss", post(dismiss))
        .route("/incidents/{incident}/notes", post(note))
        .merge(edits::router())
        .merge(super::changes::people())
        .layer(from_fn_with_state(Arc::clone(&private), authorised));
    let inbound = Router::new()
        .route("/alertmanager", post(alerts))
        .merge(super::changes::automation())
        .layer(from_fn_with_state(Arc::clone(&private), may_speak));
    Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .nest("/v1", v1)
        .nest("/v1/inbound", inbound)
        .fallback(unknown)
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .layer(Extension(reach))
        .with_state(private)
}

async fn unknown(request: Request) -> Problem {
    let detail = format!("there is nothing at {}", request.uri().path());
    Problem::new(StatusCode::NOT_FOUND, "not there", detail)
}

async fn authorised(
    State(private): Shared,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if shows(&request, &private.token) {
        return Ok(next.run(request).await);
    }
    Err(crate::api::unauthorised())
}

/// Other monitoring may say what it sees, and nothing else.
async fn may_speak(
    State(private): Shared,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let inbound = private.inbound.borrow().clone();
    let mut known = inbound.iter().chain([&private.token]);
    if known.any(|token| shows(&request, token)) {
        return Ok(next.run(request).await);
    }
    Err(Problem::new(
        StatusCode::UNAUTHORIZED,
        "not authenticated",
        "show the token of watch.inbound_token as a bearer token",
    ))
}

/// 200 while the driver takes steps, else 503. What is wrong beside is shown and changes nothing of that.
async fn health(State(private): Shared) -> Response {
    let figures = private.driver.vitals().figures();
    let status = if figures.is_alive() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = json!({
        "role": "watch",
        "store": figures.trouble.as_deref().unwrap_or("ok"),
        "version": Release::of_this_process().version,
        "step_age_ms": u64::try_from(figures.beat.as_millis()).unwrap_or(u64::MAX),
        "nobody_to_call": figures.nobody_to_call,
        "incidents_open": figures.incidents_open,
        "changes_under_way": figures.changes_under_way,
    });
    (status, Json(body)).into_response()
}

/// Figures that are counts: kind, name, help, value.
fn counts(figures: &Figures) -> [(&'static str, &'static str, &'static str, u64); 5] {
    [
        (
            "gauge",
            "incidents_open",
            "Incidents that are under way.",
            figures.incidents_open,
        ),
        (
            "gauge",
            "incidents_unheard",
            "Incidents that nobody could be told of.",
            figures.unheard,
        ),
        (
            "gauge",
            "changes_under_way",
            "Changes of the infrastructure, planned or noticed, that have begun and are not over.",
            figures.changes_under_way,
        ),
        (
            "counter",
            "pages_sent",
            "Pages that a channel took.",
            figures.pages_sent,
        ),
        (
            "counter",
            "pages_failed",
            "Pages that a channel did not take.",
            figures.pages_failed,
        ),
    ]
}

async fn metrics(State(private): Shared, Extension(reach): Reached) -> Response {
    let figures = private.driver.vitals().figures();
    let mut text = String::new();
    let mut line = |kind: &str, name: &str, help: &str, value: String| {
        let total = if kind == "counter" { "_total" } else { "" };
        let name = format!("twinline_watch_{name}");
        // Writing to a string does not fail.
        let _fine = writeln!(
            text,
            "# TYPE {name} {kind}\n# HELP {name} {help}\n{name}{total} {value}"
        );
    };
    let flag = |it: bool| u8::from(it).to_string();
    for (kind, name, help, value) in counts(&figures) {
        line(kind, name, help, value.to_string());
    }
    let age = figures.beat.as_secs_f64().to_string();
    line(
        "gauge",
        "step_age_seconds",
        "Since the driver's last step.",
        age,
    );
    let nobody = flag(figures.nobody_to_call);
    line(
        "gauge",
        "nobody_to_call",
        "1 while nobody can be called at all.",
        nobody,
    );
    let stored = flag(figures.trouble.is_none());
    line(
        "gauge",
        "store_ok",
        "1 while watch's state is stored.",
        stored,
    );
    if let Some(age) = proof_age_seconds(&private) {
        let help = "Age of the last commit that the central database has proven.";
        line("gauge", "commit_proof_age_seconds", help, age.to_string());
    }
    text.push_str(&of_queues(&private.looks));
    text.push_str(&format!("{}# EOF\n", of_tenants(*reach.borrow())));
    let content = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content)], text).into_response()
}

/// For how long each queue of tickets has not been read.
fn of_queues(looks: &Looks) -> String {
    let ages = looks.ages();
    if ages.is_empty() {
        return String::new();
    }
    let name = "twinline_watch_queue_unread_seconds";
    let lines = ages.iter().map(|(queue, age)| {
        let age = age.as_secs_f64();
        format!("{name}{{queue=\"{queue}\"}} {age}\n")
    });
    format!(
        "# TYPE {name} gauge\n# HELP {name} Since a queue of tickets was read last.\n{}",
        lines.collect::<String>()
    )
}

fn of_tenants(reach: Reach) -> String {
    let Reach { tenants, reached } = reach;
    let name = "twinline_watch_tenants";
    format!(
        "# TYPE {name} gauge\n# HELP {name} Tenants, with or without somebody to tell.\n{name} {tenants}\n\
         # TYPE {name}_reached gauge\n\
         # HELP {name}_reached Tenants of whom one administrator at least has been told all that is new.\n\
         {name}_reached {reached}\n"
    )
}

fn proof_age_seconds(private: &Private) -> Option<f64> {
    let central = private.central.borrow().clone()?;
    let proven = central.borrow().proven.get(&PoolName::Probe).copied()?;
    Some(SystemClock.now().since(proven).as_secs_f64())
}

/// For the fleet's other watches, which call for the same.
async fn acknowledged(State(private): Shared) -> Result<Json<Vec<Acknowledged>>, Problem> {
    let told = private.driver.acknowledged().await;
    told.map(Json).map_err(refused)
}

/// What the status page says, for the answers of edges and hosts.
async fn brief(State(private): Shared) -> Json<Brief> {
    let shown = Arc::clone(&private.driver.shown().borrow());
    let stale_after = site::Settings::default().stale_after;
    Json(site::brief(&shown, SystemClock.now(), stale_after))
}

async fn list(State(private): Shared) -> Result<Json<Overview>, Problem> {
    private.driver.overview().await.map(Json).map_err(refused)
}

async fn show(State(private): Shared, Path(incident): Path<u64>) -> Result<Json<Detail>, Problem> {
    let detail = private.driver.detail(IncidentId(incident)).await;
    detail.map(Json).map_err(refused)
}

/// Who does something to an incident, and what there is to say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    by: String,
    #[serde(default)]
    text: Option<String>,
}

async fn acknowledge(
    private: Shared,
    Path(incident): Path<u64>,
    Json(said): Json<Said>,
) -> Result<Json<Detail>, Problem> {
    let incident = IncidentId(incident);
    let by = said.by;
    perform(&private, incident, Deed::Acknowledge { incident, by }).await
}

async fn resolve(
    private: Shared,
    Path(incident): Path<u64>,
    Json(said): Json<Said>,
) -> Result<Json<Detail>, Problem> {
    let incident = IncidentId(incident);
    let Said { by, text } = said;
    perform(&private, incident, Deed::Resolve { incident, by, text }).await
}

async fn dismiss(
    private: Shared,
    Path(incident): Path<u64>,
    Json(said): Json<Said>,
) -> Result<Json<Detail>, Problem> {
    let incident = IncidentId(incident);
    let reason = words(said.text, "a dismissal needs a reason")?;
    let by = said.by;
    let deed = Deed::Dismiss {
        incident,
        by,
        reason,
    };
    perform(&private, incident, deed).await
}

async fn note(
    private: Shared,
    Path(incident): Path<u64>,
    Json(said): Json<Said>,
) -> Result<Json<Detail>, Problem> {
    let incident = IncidentId(incident);
    let text = words(said.text, "a note needs a text")?;
    let by = said.by;
    perform(&private, incident, Deed::Note { incident, by, text }).await
}

/// What Alertmanager's webhook sends: each alert is a signal.
async fn alerts(State(private): Shared, body: Bytes) -> Result<Json<serde_json::Value>, Problem> {
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

pub(super) fn words(text: Option<String>, otherwise: &str) -> Result<String, Problem> {
    let text = text.filter(|text| !text.trim().is_empty());
    text.ok_or_else(|| Problem::bad_request(otherwise))
}

/// Does it, and answers with what became of the incident.
async fn perform(
    State(private): &Shared,
    incident: IncidentId,
    deed: Deed,
) -> Result<Json<Detail>, Problem> {
    private.driver.perform(deed).await.map_err(refused)?;
    let detail = private.driver.detail(incident).await;
    detail.map(Json).map_err(refused)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is given to map_err by its name"
)]
pub(super) fn refused(refusal: Refusal) -> Problem {
    let (status, title) = match &refusal {
        Refusal::Unknown(_) => (StatusCode::NOT_FOUND, "not there"),
        Refusal::Busy => (StatusCode::SERVICE_UNAVAILABLE, "watch does not answer"),
        Refusal::Nobody { .. } | Refusal::TooLong { .. } => {
            (StatusCode::BAD_REQUEST, "the request cannot be read")
        }
        Refusal::Over(_)
        | Refusal::StillFailing { .. }
        | Refusal::NotesFull(_)
        | Refusal::Page(_) => (StatusCode::CONFLICT, "not possible"),
    };
    Problem::new(status, title, refusal.to_string())
}

#[cfg(test)]
#[path = "api_tests.rs"]
mod tests;
