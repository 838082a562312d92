//! `POST /hooks/{node}`: a delivery's way into the inbox.

mod ended;

pub(crate) use ended::Ended;

use crate::front::Phase;
use crate::{BoxError, Shared};
use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Body;
use std::sync::Arc;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument as _, debug_span};
use twinline_core::names::NodeName;
use twinline_core::spans::TARGET;
use twinline_store::StoreError;
use twinline_store::inbox::{Appended, Delivery, Refusal};
use twinline_trackers::WebhookRejected;

use crate::routes::Hook;

/// Headers that a connector may need to decode a delivery. Others (cookies, authorisation) are not kept.
const KEPT_HEADERS: &[&str] = &["content-type", "user-agent"];
/// Headers beginning like this are the trackers' own.
const KEPT_PREFIXES: &[&str] = &[
    "x-github-",
    "x-atlassian-",
    "x-zendesk-",
    "x-twinline-",
    "x-vss-",
];
/// A kept header is at most this long, in bytes.
const HEADER_MAX_BYTES: usize = 1024;
/// The unit in which body memory is counted, in bytes.
const MEMORY_UNIT_BYTES: usize = 1024;

/// A request's body, by whichever listener it came.
pub(crate) trait Content: Body<Data = Bytes, Error: Into<BoxError>> + Send {}

impl<B: Body<Data = Bytes, Error: Into<BoxError>> + Send> Content for B {}

/// Whose deliveries a way takes: neither takes the other's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Customers,
    Canary,
}

impl Whose {
    fn of(hook: &Hook) -> Self {
        if hook.group.is_canary() {
            Self::Canary
        } else {
            Self::Customers
        }
    }
}

/// The memory for bodies, in units of [`MEMORY_UNIT_BYTES`].
pub(crate) fn memory(bodies_max_bytes: usize) -> Semaphore {
    Semaphore::new(bodies_max_bytes / MEMORY_UNIT_BYTES)
}

/// What takes deliveries.
pub(crate) struct Hooks {
    shared: Arc<Shared>,
}

impl Hooks {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Takes one delivery; says how it ended and in which phase.
    pub(crate) async fn receive<B: Content>(
        &self,
        node: &str,
        request: Request<B>,
    ) -> (Phase, Ended) {
        let began = Instant::now();
        let _open = self.shared.refusals.open();
        let span =
            debug_span!(target: TARGET, "webhook", otel.kind = "server", node, ended = Empty);
        let phases = self.phases(node, request, Whose::Customers);
        let ended = phases.instrument(span.clone()).await;
        span.record("ended", ended.name());
        self.shared.metrics.delivery(&ended, began.elapsed());
        (ended.phase(), ended)
    }

    /// Takes a delivery of the built-in tracker, which is no customer's and is not counted among theirs.
    pub(crate) async fn receive_canary<B: Content>(
        &self,
        node: &str,
        request: Request<B>,
    ) -> Ended {
        self.phases(node, request, Whose::Canary).await
    }

    async fn phases<B: Content>(&self, name: &str, request: Request<B>, whose: Whose) -> Ended {
        let shared = &*self.shared;
        let found = shared.routes.get(name);
        let Some((node, hook)) = found.filter(|(_, hook)| Whose::of(hook) == whose) else {
            return match whose {
                Whose::Canary => Ended::NoSuchNode,
                Whose::Customers => self.without_route(name),
            };
        };
        let ended = self.known(node, hook, request).await;
        // Of a canary nobody sweeps for what was refused, and where nobody wants it nobody would ever hear of it.
        if matches!(ended, Ended::Later(..)) && !hook.group.is_canary() {
            shared
                .refusals
                .note(node, shared.clock.now(), Instant::now());
        }
        ended
    }

    /// A delivery for a name that this edge has no route to. Where there is such a node, its host is to sweep for it.
    fn without_route(&self, name: &str) -> Ended {
        let shared = &*self.shared;
        if let Some((node, _)) = shared.mapper.unrouted(name) {
            let now = shared.clock.now();
            shared.refusals.note(&node, now, Instant::now());
            return Ended::Later("this edge has no route to the node yet", 10);
        }
        if shared.mapper.proves_absent(name) {
            return Ended::NoSuchNode;
        }
        Ended::Later("it is not known yet whether there is such a node", 2)
    }

    /// The phases of a delivery for a node that there is.
    async fn known<B: Content>(&self, node: &NodeName, hook: &Hook, request: Request<B>) -> Ended {
        let (parts, body) = request.into_parts();
        let (body, _memory) = match self.body(&parts.headers, body).await {
            Ok(read) => read,
            Err(ended) => return ended,
        };
        let authentic = authenticate(hook, &parts.headers, &body);
        self.note_signature(node, hook, &parts.headers, &authentic);
        if let Err(ended) = authentic {
            return ended;
        }
        // After authentication: forged deliveries must not use up what the tracker may send.
        if !self.shared.rates.take(node, Instant::now()) {
            return Ended::Later("the node sends more deliveries than its limit", 1);
        }
        self.append(node, hook, &parts.headers, body).await
    }

    /// Counts signatures that are refused, where there is one: anybody can send what has none, also to a node that is only
    /// asked and has no secret to compare. The canary's own probe tells of its deliveries.
    fn note_signature(
        &self,
        node: &NodeName,
        hook: &Hook,
        headers: &HeaderMap,
        authentic: &Result<(), Ended>,
    ) {
        if hook.group.is_canary() || hook.secrets.is_empty() {
            return;
        }
        match authentic {
            Err(Ended::Forged(_)) if hook.webhook.is_signed(headers) => {
                self.shared.forged.refused(node, Instant::now());
            }
            Ok(()) => self.shared.forged.genuine(node, Instant::now()),
            Err(_) => {}
        }
    }

    /// Reads the body within the limits of size, time and memory.
    async fn body<B: Content>(
        &self,
        headers: &HeaderMap,
        body: B,
    ) -> Result<(Bytes, SemaphorePermit<'_>), Ended> {
        let limits = &self.shared.limits;
        let max = limits.body_max_bytes;
        let announced = headers
            .get(http::header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: usize| length > max) {
            return Err(Ended::TooLarge(max));
        }
        let units = announced.unwrap_or(max).div_ceil(MEMORY_UNIT_BYTES).max(1);
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        let permit = self
            .shared
            .bodies
            .try_acquire_many(units)
            .map_err(|_| Ended::Later("too many bodies at once", 1))?;
        let read =
            tokio::time::timeout(limits.body_deadline, Limited::new(body, max).collect()).await;
        match read {
            Ok(Ok(collected)) => Ok((collected.to_bytes(), permit)),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Ended::TooLarge(max)),
            Ok(Err(error)) => Err(Ended::Malformed(format!("the body broke off: {error}"))),
            Err(_) => Err(Ended::Slow),
        }
    }

    async fn append(
        &self,
        node: &NodeName,
        hook: &Hook,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Ended {
        let delivery = Delivery {
            node: node.clone(),
            delivery_id: hook.webhook.delivery_id(headers, &body),
            received_at: self.shared.clock.now(),
            headers: kept(headers, (self.shared.tracing.traceparent)()),
            body,
        };
        let span = debug_span!(target: TARGET, "append");
        match self.shared.inbox.append(delivery).instrument(span).await {
            Ok(Appended::New { group, .. }) => {
                self.shared.arrivals.ring(&group);
                Ended::Accepted
            }
            Ok(Appended::Duplicate) => Ended::Duplicate,
            Ok(Appended::Refused(Refusal::NodeQuota)) => {
                Ended::Later("the node's share of the inbox is full", 30)
            }
            Ok(Appended::Refused(Refusal::Full)) => Ended::Later("the inbox is full", 30),
            Err(error) => later(&error),
        }
    }
}

/// Whether the delivery is the tracker's, and one that its connector can read.
fn authenticate(hook: &Hook, headers: &HeaderMap, body: &[u8]) -> Result<(), Ended> {
    if hook.secrets.is_empty() {
        return Err(Ended::Forged(
            "the node has no webhook secret: write webhook.secrets in its configuration",
        ));
    }
    let secrets: Vec<&[u8]> = hook.secrets.iter().map(Vec::as_slice).collect();
    let refused = |rejected| match rejected {
        WebhookRejected::Signature => Ended::Forged("the signature is missing or wrong"),
        WebhookRejected::Malformed(why) => Ended::Malformed(why),
    };
    hook.webhook
        .verify(&secrets, headers, body)
        .map_err(refused)?;
    hook.webhook
        .decode(headers, body)
        .map(drop)
        .map_err(refused)
}

/// The headers that are kept with the delivery, and the context of its trace: ours, never one that came with it.
fn kept(headers: &HeaderMap, traceparent: Option<String>) -> Vec<(String, String)> {
    let wanted = |name: &str| {
        KEPT_HEADERS.contains(&name) || KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    };
    let short = |value: &http::HeaderValue| {
        value
            .to_str()
            .ok()
            .filter(|text| text.len() <= HEADER_MAX_BYTES)
            .map(str::to_owned)
    };
    let all = headers.iter().filter(|(name, _)| wanted(name.as_str()));
    let all = all.filter_map(|(name, value)| Some((name.as_str().to_owned(), short(value)?)));
    let trace = traceparent.map(|text| ("traceparent".to_owned(), text));
    all.chain(trace).collect()
}

/// What a store that did not take the delivery means for the tracker. Logged here: nobody above handles it.
fn later(error: &StoreError) -> Ended {
    match error {
        StoreError::Busy { .. } => Ended::Later("too many deliveries wait for the disk", 1),
        // It may become durable yet: then the repeated delivery is a duplicate.
        StoreError::Stalled { .. } => Ended::Later("the disk does not finish a write", 10),
        error => {
            tracing::error!(%error, "a delivery could not be made durable");
            Ended::Later("the inbox cannot be written now", 10)
        }
    }
}
