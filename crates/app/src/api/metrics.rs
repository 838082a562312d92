//! Health, and what is counted in Prometheus' text form.

use super::Shared;
use super::central::{self, CentralView};
use super::openapi::Fault;
use super::problem::Problem;
use super::shapes::HealthShape;
use crate::telemetry;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::json;
use std::fmt::Write as _;
use twinline_engine::{LATENCY_BOUNDS_MS, Metrics};
use twinline_store::db::Written;

/// 200 while the host's state can be written, else 503 with the reason.
#[utoipa::path(get, path = "/health", summary = "Whether the host's state can be written; 503 when not",
    responses((status = 200, description = "Done", body = HealthShape), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn health(State(api): Shared) -> Response {
    let health = api.host.store().health();
    if health.accepts_writes() {
        return Json(json!({ "role": "host", "store": health.to_string() })).into_response();
    }
    let title = "the host's state cannot be written";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, title, health.to_string())
        .with("role", "host")
        .with("store", health.to_string())
        .into_response()
}

#[utoipa::path(get, path = "/metrics", summary = "What is counted, in OpenMetrics text form",
    responses((status = 200, description = "The exposition", body = String, content_type = "application/openmetrics-text"), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn metrics(State(api): Shared) -> Result<Response, Problem> {
    let mut text = counters(&api.host.metrics());
    // Writing to a string does not fail.
    let _fine = writeln!(
        text,
        "# TYPE twinline_host_dirty gauge\n# HELP twinline_host_dirty Items that wait."
    );
    let waiting = api.host.waiting().await?;
    for node in &waiting {
        for (lane, count) in [("live", node.live), ("backfill", node.backfill)] {
            let _fine = writeln!(
                text,
                "twinline_host_dirty{{node=\"{}\",lane=\"{lane}\"}} {count}",
                node.node
            );
        }
    }
    text.push_str(
        "# TYPE twinline_host_room_wait_seconds gauge\n# UNIT twinline_host_room_wait_seconds seconds\n# HELP \
         twinline_host_room_wait_seconds For how long work that can wait has found no room in the limits of the node's tracker; \
         0: none waits for that.\n",
    );
    for node in &waiting {
        let _fine = writeln!(
            text,
            "twinline_host_room_wait_seconds{{node=\"{}\"}} {}",
            node.node,
            node.for_room.as_secs()
        );
    }
    let _fine = writeln!(
        text,
        "# TYPE twinline_host_trace_spans_dropped counter\n# HELP twinline_host_trace_spans_dropped Spans that the collector \
         of traces never got.\ntwinline_host_trace_spans_dropped_total {}",
        telemetry::spans().dropped()
    );
    text.push_str(&written(api.host.store().db().counts()));
    if let Some(central) = api.central() {
        text.push_str(&central.metrics());
    }
    Ok(exposition(text))
}

#[utoipa::path(get, path = "/metrics/proofs", summary = "Of what is counted, how old the proofs of each pool of the central database are: from memory",
    responses((status = 200, description = "The exposition", body = String, content_type = "application/openmetrics-text"), (status = "default", description = "What went wrong", body = Fault, content_type = "application/problem+json"))
)]
pub(super) async fn proofs(State(api): Shared) -> Response {
    let ages = api.central.get().map(CentralView::proof_ages_ms);
    exposition(ages.as_ref().map_or_else(String::new, central::proofs))
}

/// A text of metrics as an answer.
pub(super) fn exposition(mut text: String) -> Response {
    text.push_str("# EOF\n");
    let content = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content)], text).into_response()
}

/// What the host's state has cost in commits and pages, since the process began.
fn written(written: Written) -> String {
    let Written { commits, pages } = written;
    format!(
        "# TYPE twinline_host_store_commits counter\n# HELP twinline_host_store_commits Commits of the host's state.\n\
         twinline_host_store_commits_total {commits}\n\
         # TYPE twinline_host_store_pages counter\n# HELP twinline_host_store_pages Pages of 4 KiB that they wrote.\n\
         twinline_host_store_pages_total {pages}\n"
    )
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a sum of milliseconds is shown in seconds; 2^52 ms are 140,000 years"
)]
fn counters(metrics: &Metrics) -> String {
    let mut text = String::new();
    for (name, count) in metrics.counters() {
        let _fine = writeln!(
            text,
            "# TYPE twinline_host_{name} counter\ntwinline_host_{name}_total {count}"
        );
    }
    let name = "twinline_host_latency_seconds";
    let _fine = writeln!(text, "# TYPE {name} histogram\n# UNIT {name} seconds");
    let mut total = 0;
    let bounds = LATENCY_BOUNDS_MS
        .iter()
        .map(|ms| (*ms as f64 / 1000.0).to_string());
    for (bound, count) in bounds
        .chain(["+Inf".to_owned()])
        .zip(metrics.latency.buckets())
    {
        total += count;
        let _fine = writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {total}");
    }
    let sum = metrics.latency.sum_ms() as f64 / 1000.0;
    let _fine = writeln!(text, "{name}_sum {sum}\n{name}_count {total}");
    text
}
