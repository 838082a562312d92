//! An edge in this process: verifies webhooks, keeps them in a real inbox, gives them to the host.

use super::network::Network;
use super::place::{Place, WEBHOOK_SECRET};
use super::trace::Trace;
use anyhow::{Result, ensure};
use async_trait::async_trait;
use bytes::Bytes;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use twinline_core::handles::Clock;
use twinline_core::names::NodeName;
use twinline_engine::{Delivery, EdgeInbox, InboxError};
use twinline_sim::Delivered;
use twinline_store::db::{DbOptions, FaultPlan};
use twinline_store::inbox::{self, Appended, Inbox, InboxLimits, Page, Route};
use twinline_store::{Epoch, GroupId, StoreError};
use twinline_trackers::registry;

/// The most bytes that one pull gives out.
const PULL_MAX_BYTES: u64 = 1 << 20;

/// The edge.
pub(super) struct Edge {
    inbox: Inbox,
    clock: Arc<dyn Clock>,
    trace: Trace,
    arrived: Notify,
    /// The newest delivery's number.
    newest: AtomicU64,
    /// Up to where the host has said *safe*.
    safe: AtomicU64,
}

impl Edge {
    pub(super) async fn open(
        file: &Path,
        faults: impl FaultPlan + 'static,
        places: &[Place],
        clock: Arc<dyn Clock>,
        trace: Trace,
    ) -> Result<Self> {
        let inbox = Inbox::open(file, DbOptions::inline(faults), InboxLimits::default())?;
        let routes = places.iter().map(|place| Route {
            node: place.node(),
            group: GroupId::local(),
            tracker: place.tracker().to_owned(),
            verifier: "{}".to_owned(),
        });
        inbox.set_routes(routes.collect()).await?;
        inbox.claim(GroupId::local(), Epoch::FIRST).await?;
        Ok(Self {
            inbox,
            clock,
            trace,
            arrived: Notify::new(),
            newest: AtomicU64::new(0),
            safe: AtomicU64::new(0),
        })
    }

    /// How many deliveries are not safe yet.
    pub(super) fn unsafe_deliveries(&self) -> u64 {
        let newest = self.newest.load(Ordering::Relaxed);
        newest.saturating_sub(self.safe.load(Ordering::Relaxed))
    }

    /// Takes one webhook in, as the edge's listener does: verify, append, answer.
    ///
    /// # Errors
    /// A genuine delivery is refused, or a forged one is not.
    async fn receive(&self, request: &http::Request<Bytes>) -> Result<u16> {
        let path = request.uri().path();
        let name = path.trim_start_matches("/hooks/");
        let place = Place::ALL.into_iter().find(|place| place.name() == name);
        let Some(place) = place else {
            return Ok(404);
        };
        let reader = registry::webhook(place.tracker())?;
        let secrets = [WEBHOOK_SECRET.as_bytes()];
        let genuine = reader.verify(&secrets, request.headers(), request.body());
        ensure!(
            genuine.is_ok(),
            "a genuine webhook of {name} is taken for a forgery: {genuine:?}"
        );
        let mut forged = request.body().to_vec();
        forged.push(b' ');
        ensure!(
            reader.verify(&secrets, request.headers(), &forged).is_err(),
            "a forged webhook of {name} is taken for a genuine one"
        );
        let headers = request.headers().iter();
        let headers = headers.filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        });
        let delivery = inbox::Delivery {
            node: place.node(),
            delivery_id: reader.delivery_id(request.headers()),
            received_at: self.clock.now(),
            headers: headers.collect(),
            body: request.body().clone(),
        };
        Ok(match self.inbox.append(delivery).await {
            Ok(Appended::New(seq)) => {
                self.newest.fetch_max(seq, Ordering::Relaxed);
                self.arrived.notify_waiters();
                202
            }
            Ok(Appended::Duplicate) => 200,
            Ok(Appended::Refused(_)) | Err(_) => 503,
        })
    }

    /// Carries webhooks from the trackers to the edge, for ever. Ends with an error when a signature check fails.
    pub(super) async fn carry(self: Arc<Self>, network: Arc<Network>) -> Result<()> {
        loop {
            for sent in network.due_webhooks() {
                let status = self.receive(&sent.webhook.request).await?;
                self.trace.step(format_args!(
                    "webhook {} of {} -> {status}",
                    sent.webhook.delivery, sent.origin
                ));
                let how = Delivered::Answered { status, millis: 1 };
                network.delivered(sent, &how);
            }
            let wait = network.next_due().unwrap_or(Duration::from_secs(3600));
            tokio::select! {
                biased;
                () = network.changed.notified() => {}
                () = tokio::time::sleep(wait.max(Duration::from_millis(1))) => {}
            }
        }
    }

    async fn page(&self, after: u64, max: usize) -> Result<Vec<Delivery>, InboxError> {
        let page = Page {
            after,
            max_rows: u32::try_from(max).unwrap_or(u32::MAX),
            max_bytes: PULL_MAX_BYTES,
        };
        let pulled = self
            .inbox
            .page(GroupId::local(), Epoch::FIRST, page)
            .await
            .map_err(|error| self.error(&error))?;
        Ok(pulled
            .into_iter()
            .map(|pulled| delivery(pulled.seq, pulled.delivery))
            .collect())
    }

    fn error(&self, error: &StoreError) -> InboxError {
        InboxError {
            edge: self.name().to_owned(),
            reason: error.to_string(),
        }
    }
}

fn delivery(seq: u64, kept: inbox::Delivery) -> Delivery {
    let headers = kept.headers.iter().filter_map(|(name, value)| {
        let name = http::HeaderName::try_from(name.as_str()).ok()?;
        Some((name, http::HeaderValue::try_from(value.as_str()).ok()?))
    });
    Delivery {
        seq,
        node: NodeName::new(kept.node.as_str()),
        headers: headers.collect(),
        body: kept.body,
        received: kept.received_at,
    }
}

#[async_trait]
impl EdgeInbox for Edge {
    fn name(&self) -> &str {
        "edge"
    }

    async fn pull(
        &self,
        after: u64,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivery>, InboxError> {
        let arrived = self.arrived.notified();
        tokio::pin!(arrived);
        arrived.as_mut().enable();
        let found = self.page(after, max).await?;
        if !found.is_empty() {
            return Ok(found);
        }
        // Woken or not: what is there now is the answer.
        let _woken = tokio::time::timeout(wait, arrived).await;
        self.page(after, max).await
    }

    async fn ack_taken(&self, seq: u64) -> Result<(), InboxError> {
        let acked = self
            .inbox
            .ack_taken(GroupId::local(), Epoch::FIRST, seq)
            .await;
        acked.map(drop).map_err(|error| self.error(&error))
    }

    async fn ack_safe(&self, seq: u64) -> Result<(), InboxError> {
        let acked = self
            .inbox
            .ack_safe(GroupId::local(), Epoch::FIRST, seq)
            .await;
        let cursors = acked.map_err(|error| self.error(&error))?;
        self.safe.store(cursors.safe, Ordering::Relaxed);
        Ok(())
    }
}
