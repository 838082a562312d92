//! An edge in this process: verifies webhooks, keeps them in a real inbox, gives them to the host.

use super::disk::Disk;
use super::network::Network;
use super::place::{Place, WEBHOOK_SECRET};
use super::trace::Trace;
use super::watch;
use anyhow::{Result, ensure};
use async_trait::async_trait;
use bytes::Bytes;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;
use twinline_core::names::NodeName;
use twinline_engine::{Delivery, EdgeInbox, Env, InboxError, Pulled, Refused};
use twinline_sim::Delivered;
use twinline_store::db::DbOptions;
use twinline_store::inbox::{self, Appended, Inbox, InboxLimits, InboxPlace, Page, Route};
use twinline_store::{Epoch, GroupId, StoreError};
use twinline_trackers::registry;

/// The most bytes that one pull gives out.
const PULL_MAX_BYTES: u64 = 1 << 20;

/// An inbox that is so little that a burst of deliveries fills it.
pub(super) const LITTLE: InboxLimits = InboxLimits {
    total_max_bytes: 40 << 10,
    node_max_bytes: 24 << 10,
    safe_keep_ms: 30_000,
    prune_max_rows: 500,
    disk_room_bytes: 0,
};

/// The edge, with what outlives its process.
pub(super) struct Edge {
    file: PathBuf,
    faults: Disk,
    places: Vec<Place>,
    group: GroupId,
    limits: InboxLimits,
    /// The process: its inbox and its number. `None` while it is dead.
    process: Mutex<(u64, Option<Inbox>)>,
    env: Env,
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
        faults: Disk,
        places: &[Place],
        limits: InboxLimits,
        env: Env,
        trace: Trace,
    ) -> Result<Self> {
        let edge = Self::closed(GroupId::local(), file, (faults, limits), places, env, trace);
        edge.start().await?;
        Ok(edge)
    }

    /// An edge of a group that is owned under one epoch after the other.
    pub(super) async fn of_group(
        group: GroupId,
        file: &Path,
        (faults, limits): (Disk, InboxLimits),
        places: &[Place],
        env: Env,
        trace: Trace,
    ) -> Result<Self> {
        let edge = Self::closed(group, file, (faults, limits), places, env, trace);
        edge.start().await?;
        Ok(edge)
    }

    fn closed(
        group: GroupId,
        file: &Path,
        (faults, limits): (Disk, InboxLimits),
        places: &[Place],
        env: Env,
        trace: Trace,
    ) -> Self {
        Self {
            file: file.to_owned(),
            faults,
            places: places.to_vec(),
            group,
            limits,
            process: Mutex::default(),
            env,
            trace,
            arrived: Notify::new(),
            newest: AtomicU64::new(0),
            safe: AtomicU64::new(0),
        }
    }

    /// Begins or goes on with pulling under an epoch.
    ///
    /// # Errors
    /// A later owner has claimed the group, or the edge is dead.
    pub(super) async fn claim(&self, epoch: Epoch) -> Result<(), InboxError> {
        let group = self.group.clone();
        let claimed = self.ask(|inbox| async move { inbox.claim(group, epoch).await });
        let claimed = claimed.await.ok_or_else(|| self.dead())?;
        claimed.map(drop).map_err(|error| self.error(&error))
    }

    /// Starts the process.
    ///
    /// # Errors
    /// The disk refuses.
    pub(super) async fn start(&self) -> Result<()> {
        let options = DbOptions::inline(self.faults.clone());
        let inbox =
            Inbox::open(&self.file, options, self.limits, self.env.entropy.as_ref()).await?;
        let homes = Place::homes(&self.places).into_iter();
        let routes = homes.map(|place| Route {
            node: place.node(),
            group: self.group.clone(),
            tracker: place.tracker().to_owned(),
        });
        inbox.set_routes(routes.collect()).await?;
        if self.group == GroupId::local() {
            inbox.claim(GroupId::local(), Epoch::FIRST).await?;
        }
        self.trace.step(format_args!("the edge starts"));
        let mut process = self.process();
        *process = (process.0 + 1, Some(inbox));
        Ok(())
    }

    /// Kills the process where it stands: what it has not synced is lost, and whoever waits for it gets no answer.
    pub(super) fn kill(&self) {
        self.trace.step(format_args!("the edge dies"));
        if let Some(inbox) = self.process().1.take() {
            inbox.db().crash();
        }
        self.arrived.notify_waiters();
    }

    fn process(&self) -> MutexGuard<'_, (u64, Option<Inbox>)> {
        self.process.lock().expect("no code panics with this lock")
    }

    /// Does something in the process; `None` when it is dead, or dies before it has answered.
    async fn ask<T, W: Future<Output = T>>(&self, work: impl FnOnce(Inbox) -> W) -> Option<T> {
        let (number, inbox) = self.process().clone();
        let answer = work(inbox?).await;
        let now = self.process();
        (now.0 == number && now.1.is_some()).then_some(answer)
    }

    /// What the inbox holds that it must not.
    pub(super) async fn beyond_limits(&self) -> Vec<String> {
        match self.ask(|inbox| async move { inbox.usage().await }).await {
            Some(Ok(usage)) => watch::inbox(&usage, &self.limits),
            // Dead, or dying: it is looked at again when it lives.
            Some(Err(_)) | None => Vec::new(),
        }
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
    async fn receive(&self, request: &http::Request<Bytes>) -> Result<Option<u16>> {
        let path = request.uri().path();
        let name = path.trim_start_matches("/hooks/");
        let place = Place::TRACKERS
            .into_iter()
            .find(|place| place.name() == name);
        let Some(place) = place else {
            return Ok(Some(404));
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
            !reader.signs_bodies() || reader.verify(&secrets, request.headers(), &forged).is_err(),
            "a forged webhook of {name} is taken for a genuine one"
        );
        let headers = request.headers().iter();
        let headers = headers.filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        });
        let delivery = inbox::Delivery {
            node: place.node(),
            delivery_id: reader.delivery_id(request.headers(), request.body()),
            received_at: self.env.now(),
            headers: headers.collect(),
            body: request.body().clone(),
        };
        let now = self.env.now();
        let appended = self.ask(|inbox| async move {
            // A disk that refuses this refuses the delivery too.
            let pruned = inbox.prune(now).await;
            pruned.and(inbox.append(delivery).await)
        });
        Ok(appended.await.map(|appended| match appended {
            Ok(Appended::New { seq, .. }) => {
                self.newest.fetch_max(seq, Ordering::Relaxed);
                self.arrived.notify_waiters();
                202
            }
            Ok(Appended::Duplicate) => 200,
            Ok(Appended::Refused(_)) | Err(_) => 503,
        }))
    }

    /// Carries webhooks from the trackers to the edge, for ever. Ends with an error when a signature check fails.
    pub(super) async fn carry(self: Arc<Self>, network: Arc<Network>) -> Result<()> {
        loop {
            for sent in network.due_webhooks() {
                let status = self.receive(&sent.webhook.request).await?;
                self.trace.step(format_args!(
                    "webhook {} of {} -> {status:?}",
                    sent.webhook.delivery, sent.origin
                ));
                let how = match status {
                    Some(status) => Delivered::Answered { status, millis: 1 },
                    None => Delivered::Failed {
                        reason: "connection refused".to_owned(),
                    },
                };
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

    async fn page(
        &self,
        epoch: Epoch,
        from: &InboxPlace,
        max: usize,
    ) -> Result<Pulled, InboxError> {
        let page = Page {
            from: from.clone(),
            max_rows: u32::try_from(max).unwrap_or(u32::MAX),
            max_bytes: PULL_MAX_BYTES,
        };
        let group = self.group.clone();
        let pulled = self
            .ask(|inbox| async move { inbox.page(group, epoch, page).await })
            .await
            .ok_or_else(|| self.dead())?
            .map_err(|error| self.error(&error))?;
        let deliveries = pulled.deliveries.into_iter();
        Ok(Pulled {
            from: pulled.from,
            deliveries: deliveries
                .map(|pulled| delivery(pulled.seq, pulled.delivery))
                .collect(),
            refused: Vec::new(),
        })
    }

    /// As [`EdgeInbox::pull`], under an epoch.
    pub(super) async fn pull_under(
        &self,
        epoch: Epoch,
        from: &InboxPlace,
        max: usize,
        wait: Duration,
    ) -> Result<Pulled, InboxError> {
        let arrived = self.arrived.notified();
        tokio::pin!(arrived);
        arrived.as_mut().enable();
        let found = self.page(epoch, from, max).await?;
        if found.from != *from || !found.deliveries.is_empty() {
            return Ok(found);
        }
        // Woken or not: what is there now is the answer.
        let _woken = tokio::time::timeout(wait, arrived).await;
        self.page(epoch, from, max).await
    }

    /// As [`EdgeInbox::ack_taken`], under an epoch.
    pub(super) async fn taken_under(
        &self,
        epoch: Epoch,
        to: &InboxPlace,
    ) -> Result<(), InboxError> {
        let group = self.group.clone();
        let acked = self
            .ask(|inbox| async move { inbox.ack_taken(group, epoch, to).await })
            .await
            .ok_or_else(|| self.dead())?;
        acked.map(drop).map_err(|error| self.error(&error))
    }

    /// As [`EdgeInbox::ack_safe`], under an epoch.
    pub(super) async fn safe_under(&self, epoch: Epoch, to: &InboxPlace) -> Result<(), InboxError> {
        let group = self.group.clone();
        let acked = self
            .ask(|inbox| async move { inbox.ack_safe(group, epoch, to).await })
            .await
            .ok_or_else(|| self.dead())?;
        let cursors = acked.map_err(|error| self.error(&error))?;
        self.safe.store(cursors.safe, Ordering::Relaxed);
        Ok(())
    }

    fn dead(&self) -> InboxError {
        InboxError {
            edge: self.name().to_owned(),
            reason: "connection refused".to_owned(),
        }
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
        from: &InboxPlace,
        max: usize,
        wait: Duration,
    ) -> Result<Pulled, InboxError> {
        self.pull_under(Epoch::FIRST, from, max, wait).await
    }

    async fn ack_taken(&self, to: &InboxPlace) -> Result<(), InboxError> {
        self.taken_under(Epoch::FIRST, to).await
    }

    async fn ack_safe(&self, to: &InboxPlace) -> Result<(), InboxError> {
        self.safe_under(Epoch::FIRST, to).await
    }

    async fn heard(&self, _: &[Refused]) -> Result<(), InboxError> {
        Ok(())
    }
}
