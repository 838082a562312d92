//! The private listener: health, metrics, the inbox that hosts pull, and the way to let another process take this one's
//! place. On a thread and runtime of its own.

use crate::hooks::Hooks;
use crate::protocol::{
    Ack, Cursors, Deliveries, Heard, Lacking, Numbered, Owner, Pull, Refused, Restart, Routes,
};
use crate::{EdgeError, Shared, listen, problem, refusals};
use axum::extract::{Path, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{StatusCode, header};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use subtle::ConstantTimeEq as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use twinline_store::StoreError;
use twinline_store::inbox::{Batch, Page, Pulled};

/// One of each host for its pulls, some for its other requests, watch and a scraper; hosts of an older version have one for
/// the pull of every group.
const CONNECTIONS_MAX: usize = 16_384;

/// The metrics wait no longer for the inbox.
const BACKLOG_MAX: Duration = Duration::from_secs(1);

/// Starts the thread; it ends after `shutdown`.
pub(crate) fn spawn(
    shared: Arc<Shared>,
    listener: std::net::TcpListener,
    shutdown: CancellationToken,
) -> Result<JoinHandle<()>, EdgeError> {
    let failed = |_| EdgeError::Thread("private listener".into());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    let thread = std::thread::Builder::new().name("edge-private".into());
    let run = move || {
        runtime.block_on(async move {
            match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => {
                    listen::serve_private(listener, router(shared), CONNECTIONS_MAX, shutdown).await
                }
                Err(error) => tracing::error!(%error, "the private listener cannot be used"),
            }
        });
    };
    thread.spawn(run).map_err(failed)
}

fn router(shared: Arc<Shared>) -> Router {
    let hooks = Arc::new(Hooks::new(Arc::clone(&shared)));
    let canary = move |Path(node): Path<String>, request: Request| canary(hooks, node, request);
    let guarded = Router::new()
        .route("/canary/{node}", post(canary))
        .route("/inbox/claim", post(claim))
        .route("/inbox/pull", post(pull))
        .route("/inbox/taken", post(taken))
        .route("/inbox/safe", post(safe))
        .route("/inbox/heard", post(heard))
        .route("/restart", post(restart))
        .route("/routes", post(routes))
        .route("/signatures", get(signatures))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&shared),
            authorised,
        ));
    Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .merge(guarded)
        .with_state(shared)
}

/// Lets only those in who show the installation's token.
async fn authorised(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let shown = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = shown
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default();
    if bool::from(token.as_bytes().ct_eq(shared.token.as_bytes())) {
        next.run(request).await
    } else {
        problem::answer(
            StatusCode::UNAUTHORIZED,
            "not authenticated",
            "show the installation's token",
        )
    }
}

/// 200 while deliveries can be made durable, else 503 with the reason. A certificate that has ended or is missing is shown
/// and changes nothing of that.
async fn health(State(shared): State<Arc<Shared>>) -> Response {
    let health = shared.inbox.health();
    let status = if health.accepts_writes() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let now = shared.clock.now();
    let ends = shared.certificates.ends();
    let certificates: Vec<_> = ends.iter().map(|end| end.report(now)).collect();
    let body = serde_json::json!({
        "role": "edge",
        "inbox": health.to_string(),
        "version": shared.version,
        "started_at": shared.started_at,
        "certificates": certificates,
        "domains_without_certificate": shared.uncertified(),
    });
    (status, Json(body)).into_response()
}

/// Answers also while the disk does not.
async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let backlog = tokio::time::timeout(BACKLOG_MAX, shared.inbox.backlog()).await;
    let now = shared.clock.now();
    let untaken = match backlog {
        Ok(Ok(backlog)) => {
            let age = |(_, received)| now.since(received);
            Some((
                backlog.oldest.map_or(Duration::ZERO, age),
                backlog.deliveries,
            ))
        }
        Ok(Err(_)) | Err(_) => None,
    };
    shared.proxy.measure();
    let refused = i64::try_from(shared.refusals.count()).unwrap_or(i64::MAX);
    shared.metrics.nodes_refused.set(refused);
    shared.metrics.forged(&shared.forged.counts(Instant::now()));
    for end in shared.certificates.ends() {
        shared.metrics.certificate_expires(&end);
    }
    shared.metrics.uncertified(&shared.uncertified());
    let dropped = (shared.tracing.dropped)();
    let text = shared.metrics.text(untaken, dropped, shared.mapper.age());
    let content = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content)], text).into_response()
}

/// The signatures of nodes' deliveries, for watch.
async fn signatures(State(shared): State<Arc<Shared>>) -> Response {
    let told = shared.forged.told(Instant::now());
    Json(serde_json::json!({ "nodes": told })).into_response()
}

/// Which of some nodes this edge could not take deliveries for.
async fn routes(State(shared): State<Arc<Shared>>, Json(asked): Json<Routes>) -> Response {
    let mut lacks = asked.nodes;
    lacks.retain(|node| !shared.routes.takes(node));
    Json(Lacking { lacks }).into_response()
}

/// Lets another edge begin in the place of this one. Only of the one that is meant, where one is named.
async fn restart(State(shared): State<Arc<Shared>>, Json(restart): Json<Restart>) -> Response {
    let restarting = restart
        .started_at
        .is_none_or(|meant| meant == shared.started_at);
    if restarting {
        tracing::info!("another edge is to begin in the place of this one");
        shared.restart.notify_one();
    }
    let body = serde_json::json!({ "restarting": restarting, "started_at": shared.started_at });
    Json(body).into_response()
}

/// A delivery of a host's built-in canary, by the phases of every delivery: only the listener is another one, which needs
/// no name of a certificate.
async fn canary(hooks: Arc<Hooks>, node: String, request: Request) -> Response {
    let ended = hooks.receive_canary(&node, request).await;
    ended.answer().map(axum::body::Body::new)
}

async fn claim(State(shared): State<Arc<Shared>>, Json(owner): Json<Owner>) -> Response {
    cursors(shared.inbox.claim(owner.group, owner.epoch).await)
}

async fn taken(State(shared): State<Arc<Shared>>, Json(ack): Json<Ack>) -> Response {
    cursors(
        shared
            .inbox
            .ack_taken(ack.owner.group, ack.owner.epoch, &ack.to)
            .await,
    )
}

async fn safe(State(shared): State<Arc<Shared>>, Json(ack): Json<Ack>) -> Response {
    cursors(
        shared
            .inbox
            .ack_safe(ack.owner.group, ack.owner.epoch, &ack.to)
            .await,
    )
}

/// The owner of a group knows what was refused of its nodes: of no others.
async fn heard(State(shared): State<Arc<Shared>>, Json(heard): Json<Heard>) -> Response {
    let Owner { group, epoch } = heard.owner;
    match refusals::nodes_of(&shared, &group, epoch).await {
        Ok(nodes) => {
            let known = heard.refused.iter();
            for one in known.filter(|one| nodes.contains(&one.node)) {
                shared.refusals.heard(&one.node, one.until, Instant::now());
            }
            Json(serde_json::json!({})).into_response()
        }
        Err(error) => failed(&error),
    }
}

/// Waits for deliveries: woken by an arrival, and looks once more at the end of the wait.
async fn pull(State(shared): State<Arc<Shared>>, Json(pull): Json<Pull>) -> Response {
    let wait = Duration::from_millis(pull.wait_ms).min(shared.limits.pull_wait_max);
    let deadline = Instant::now() + wait;
    let page = Page {
        from: pull.from,
        max_rows: pull.max_rows.clamp(1, 1000),
        max_bytes: pull.max_bytes,
    };
    let arrivals = shared.arrivals.of(&pull.owner.group);
    loop {
        // Registered before looking, so that an arrival in between is not missed.
        let arrived = arrivals.notified();
        tokio::pin!(arrived);
        arrived.as_mut().enable();
        let found = match found(&shared, &pull.owner, &page, pull.hears).await {
            Ok(found) => found,
            Err(error) => return failed(&error),
        };
        let (batch, refused) = &found;
        let is_nothing = batch.deliveries.is_empty() && refused.is_empty();
        if !is_nothing || batch.from != page.from || Instant::now() >= deadline {
            return given(found);
        }
        let _waiting = Waiting::begin(&shared);
        let ended = tokio::select! {
            biased;
            () = shared.ending.cancelled() => true,
            waited = tokio::time::timeout_at(deadline, arrived) => waited.is_err(),
        };
        if ended {
            return given(found);
        }
    }
}

/// What is there for an owner: deliveries, and for those who hear of it what was refused.
async fn found(
    shared: &Shared,
    owner: &Owner,
    page: &Page,
    hears: bool,
) -> Result<(Batch, Vec<Refused>), StoreError> {
    let (group, epoch) = (&owner.group, owner.epoch);
    let batch = shared
        .inbox
        .page(group.clone(), epoch, page.clone())
        .await?;
    let refused = if hears {
        refusals::of_group(shared, group, epoch).await?
    } else {
        Vec::new()
    };
    let told = refused.into_iter().map(|(node, of)| Refused {
        node,
        since: of.since,
        until: of.until,
    });
    Ok((batch, told.collect()))
}

fn given((batch, refused): (Batch, Vec<Refused>)) -> Response {
    Json(Deliveries {
        from: batch.from,
        deliveries: batch.deliveries.into_iter().map(numbered).collect(),
        refused,
    })
    .into_response()
}

/// Counts a pull for as long as it waits, however it ends.
struct Waiting<'a>(&'a Shared);

impl<'a> Waiting<'a> {
    fn begin(shared: &'a Shared) -> Self {
        shared.metrics.pulls_waiting.inc();
        Self(shared)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.metrics.pulls_waiting.dec();
    }
}

fn numbered(pulled: Pulled) -> Numbered {
    let delivery = pulled.delivery;
    Numbered {
        seq: pulled.seq,
        node: delivery.node,
        delivery_id: delivery.delivery_id,
        received_at: delivery.received_at,
        headers: delivery.headers,
        body: STANDARD.encode(&delivery.body),
    }
}

fn cursors(found: Result<twinline_store::inbox::Cursors, StoreError>) -> Response {
    match found {
        Ok(found) => Json(Cursors {
            taken: found.taken,
            safe: found.safe,
        })
        .into_response(),
        Err(error) => failed(&error),
    }
}

fn failed(error: &StoreError) -> Response {
    let (status, title) = match error {
        StoreError::StaleEpoch { .. } => (StatusCode::CONFLICT, "a newer owner has been here"),
        StoreError::Missing { .. } => (StatusCode::NOT_FOUND, "not there"),
        _ => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the inbox cannot be used now",
        ),
    };
    problem::answer(status, title, &error.to_string())
}
