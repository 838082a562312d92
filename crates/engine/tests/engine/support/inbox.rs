//! An edge's inbox in memory, and the webhook of the tracker in memory.

use async_trait::async_trait;
use bytes::Bytes;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use twinline_core::item::{ItemId, Version};
use twinline_core::time::Timestamp;
use twinline_engine::{Delivery, EdgeInbox, InboxError};
use twinline_trackers::{Notice, NoticeKind, Webhook, WebhookRejected};

#[derive(Default)]
struct Kept {
    deliveries: Vec<Delivery>,
    taken: u64,
    safe: u64,
}

/// Clones share their deliveries.
#[derive(Clone, Default)]
pub(crate) struct Inbox {
    kept: Arc<Mutex<Kept>>,
    arrived: Arc<Notify>,
}

impl Inbox {
    /// The tracker says that an item changed.
    pub(crate) fn announce(&self, item: &ItemId, at: Timestamp) {
        self.deliver(
            item,
            serde_json::json!({ "item": item.id, "at": at.as_millis() }).to_string(),
            at,
        );
    }

    /// The tracker says that an item changed, and which version it has now.
    pub(crate) fn announce_version(&self, item: &ItemId, at: Timestamp, version: &Version) {
        let body = serde_json::json!({ "item": item.id, "at": at.as_millis(), "version": version });
        self.deliver(item, body.to_string(), at);
    }

    /// The tracker says that an item was deleted.
    pub(crate) fn announce_deleted(&self, item: &ItemId, at: Timestamp) {
        let body = serde_json::json!({ "item": item.id, "at": at.as_millis(), "deleted": true });
        self.deliver(item, body.to_string(), at);
    }

    /// The tracker says that an item was moved, and what it is called now.
    pub(crate) fn announce_moved(&self, item: &ItemId, to: &ItemId, at: Timestamp) {
        let body = serde_json::json!({ "item": item.id, "at": at.as_millis(), "moved": to.id });
        self.deliver(item, body.to_string(), at);
    }

    /// A delivery that nobody can read.
    pub(crate) fn garbage(&self, item: &ItemId, at: Timestamp) {
        self.deliver(item, "garbage".to_owned(), at);
    }

    fn deliver(&self, item: &ItemId, body: String, at: Timestamp) {
        let mut kept = self.kept.lock().unwrap();
        let seq = kept.deliveries.len() as u64 + 1;
        kept.deliveries.push(Delivery {
            seq,
            node: item.node.clone(),
            headers: http::HeaderMap::new(),
            body: Bytes::from(body),
            received: at,
        });
        drop(kept);
        self.arrived.notify_waiters();
    }

    pub(crate) fn taken_and_safe(&self) -> (u64, u64) {
        let kept = self.kept.lock().unwrap();
        (kept.taken, kept.safe)
    }

    /// Whether a host has taken all.
    pub(crate) fn all_taken(&self) -> bool {
        let kept = self.kept.lock().unwrap();
        kept.taken == kept.deliveries.len() as u64
    }

    fn after(&self, after: u64, max: usize) -> Vec<Delivery> {
        let kept = self.kept.lock().unwrap();
        let later = kept
            .deliveries
            .iter()
            .filter(|delivery| delivery.seq > after);
        later.take(max).cloned().collect()
    }
}

#[async_trait]
impl EdgeInbox for Inbox {
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
        let found = self.after(after, max);
        if !found.is_empty() {
            return Ok(found);
        }
        // Woken or not: what is there now is the answer.
        let _woken = tokio::time::timeout(wait, arrived).await;
        Ok(self.after(after, max))
    }

    async fn ack_taken(&self, seq: u64) -> Result<(), InboxError> {
        let mut kept = self.kept.lock().unwrap();
        kept.taken = kept.taken.max(seq);
        Ok(())
    }

    async fn ack_safe(&self, seq: u64) -> Result<(), InboxError> {
        let mut kept = self.kept.lock().unwrap();
        // What is safe is taken, whether or not the word of that arrived.
        kept.taken = kept.taken.max(seq);
        kept.safe = kept.safe.max(seq);
        Ok(())
    }
}

/// Reads what [`Inbox::announce`] wrote.
pub(crate) struct MemoryWebhook;

impl Webhook for MemoryWebhook {
    fn verify(&self, _: &[&[u8]], _: &http::HeaderMap, _: &[u8]) -> Result<(), WebhookRejected> {
        Ok(())
    }

    fn delivery_id(&self, _: &http::HeaderMap) -> Option<String> {
        None
    }

    fn decode(&self, _: &http::HeaderMap, body: &[u8]) -> Result<Vec<Notice>, WebhookRejected> {
        let json: serde_json::Value =
            serde_json::from_slice(body).map_err(|e| WebhookRejected::Malformed(e.to_string()))?;
        Ok(vec![Notice {
            item: json["item"].as_str().unwrap_or_default().to_owned(),
            kind: match json["moved"].as_str() {
                Some(to) => NoticeKind::Moved(Some(to.to_owned())),
                None if json["deleted"] == true => NoticeKind::Deleted,
                None => NoticeKind::Changed,
            },
            scope: super::tracker::scope(),
            at: json["at"].as_i64().map(Timestamp::from_millis),
            version: serde_json::from_value(json["version"].clone()).ok(),
        }])
    }
}
