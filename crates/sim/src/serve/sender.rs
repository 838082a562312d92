//! Sends the webhooks of a served simulator, a bounded number at a time.

use super::Shared;
use crate::simulator::{Delivered, Webhook};
use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How long a receiver may take, as GitHub gives it (docs.github.com, "Handling failed webhook deliveries").
const BUDGET: Duration = Duration::from_secs(10);
/// Deliveries under way at once; the others wait in their queue.
const CONCURRENT: usize = 32;
/// How long to wait when nothing is due.
const IDLE: Duration = Duration::from_secs(3600);

type HttpClient = Client<HttpConnector, Full<Bytes>>;

pub(super) async fn run(shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let client: HttpClient = Client::builder(TokioExecutor::new()).build_http();
    let mut sending = JoinSet::new();
    let mut ready = std::collections::VecDeque::new();
    loop {
        if ready.is_empty() {
            // Otherwise they wait in their own queue, which has a limit.
            ready.extend(shared.lock().due_webhooks(shared.now()));
        }
        while sending.len() < CONCURRENT
            && let Some(webhook) = ready.pop_front()
        {
            sending.spawn(deliver(client.clone(), Arc::clone(&shared), webhook));
        }
        let wait = if ready.is_empty() {
            let next = shared.lock().next_due();
            next.map_or(IDLE, |due| due.since(shared.now()))
        } else {
            IDLE
        };
        tokio::select! {
            biased;
            () = super::told_to_stop(&mut stopped) => break,
            Some(_) = sending.join_next(), if !sending.is_empty() => {}
            () = shared.changed.notified() => {}
            () = tokio::time::sleep(wait.max(Duration::from_millis(1))) => {}
        }
    }
    sending.shutdown().await;
}

async fn deliver(client: HttpClient, shared: Arc<Shared>, webhook: Webhook) {
    let request = webhook.request.clone().map(Full::new);
    let started = Instant::now();
    let how = match tokio::time::timeout(BUDGET, client.request(request)).await {
        Ok(Ok(response)) => Delivered::Answered {
            status: response.status().as_u16(),
            millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        },
        Ok(Err(error)) => Delivered::Failed {
            reason: format!("failed to connect to host: {error}"),
        },
        Err(_) => Delivered::Failed {
            reason: "timed out".to_owned(),
        },
    };
    if !how.is_success() {
        tracing::debug!(url = %webhook.request.uri(), ?how, "a simulated webhook was not taken");
    }
    shared.lock().delivered(shared.now(), webhook, &how);
    shared.changed.notify_one();
}
