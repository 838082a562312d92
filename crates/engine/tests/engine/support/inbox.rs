//! An edge's inbox in memory, and the webhook of the tracker in memory.

use async_trait::async_trait;
use bytes::Bytes;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use twinline_core::item::{ItemId, Version};
use twinline_core::time::Timestamp;
use twinline_engine::{Delivery, EdgeInbox, InboxError, Pulled, Refused};
use twinline_store::inbox::{InboxId, InboxPlace};
use twinline_trackers::{Notice, NoticeKind, Webhook, WebhookRejected};

#[derive(Default)]
struct Kept {
    /// How often the edge has lost its inbox.
    lost: u64,
    /// Whether whoever pulls breaks an invariant of ours.
    breaks: bool,
    deliveries: Vec<Delivery>,
    taken: u64,
    safe: u64,
    /// What was refused and is not heard of.
    refused: Vec<Refused>,
    /// Whether nobody is heard who says that it has heard.
    deaf: bool,
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

    /// The edge loses its inbox with all that is in it, and has a new one.
    pub(crate) fn lose(&self) {
        let mut kept = self.kept.lock().unwrap();
        *kept = Kept {
            lost: kept.lost + 1,
            ..Kept::default()
        };
    }

    /// The edge has refused deliveries of an item's node, and takes them again.
    pub(crate) fn refuse(&self, item: &ItemId, until: Timestamp) {
        self.kept.lock().unwrap().refused.push(Refused {
            node: item.node.clone(),
            since: Some(until),
            until,
        });
        self.arrived.notify_waiters();
    }

    /// Whether the host has heard of all that was refused.
    pub(crate) fn all_heard(&self) -> bool {
        self.kept.lock().unwrap().refused.is_empty()
    }

    /// Whether words about what was refused are lost.
    pub(crate) fn set_deaf(&self, deaf: bool) {
        self.kept.lock().unwrap().deaf = deaf;
    }

    /// Whoever pulls panics from now on.
    pub(crate) fn break_down(&self) {
        self.kept.lock().unwrap().breaks = true;
    }

    /// Whether a host has taken all.
    pub(crate) fn all_taken(&self) -> bool {
        let kept = self.kept.lock().unwrap();
        kept.taken == kept.deliveries.len() as u64
    }

    fn after(&self, place: &InboxPlace, max: usize) -> Pulled {
        let kept = self.kept.lock().unwrap();
        let from = InboxPlace {
            inbox: kept.id(),
            seq: kept.seq(place).unwrap_or(0),
        };
        let later = kept.deliveries.iter();
        let later = later.filter(|delivery| delivery.seq > from.seq);
        Pulled {
            deliveries: later.take(max).cloned().collect(),
            refused: kept.refused.clone(),
            from,
        }
    }
}

impl Kept {
    fn id(&self) -> InboxId {
        InboxId::new(format!("inbox {}", self.lost))
    }

    /// The number of a place in this inbox.
    fn seq(&self, place: &InboxPlace) -> Result<u64, InboxError> {
        let is_ours = place.inbox == self.id();
        is_ours.then_some(place.seq).ok_or_else(|| InboxError {
            edge: "edge".to_owned(),
            reason: format!("{} is not here", place.inbox),
        })
    }
}

#[async_trait]
impl EdgeInbox for Inbox {
    fn name(&self) -> &str {
        "edge"
    }

    async fn pull(
        &self,
        from: &InboxPlace,
        max: usize,
        wait: Duration,
    ) -> Result<Pulled, InboxError> {
        let breaks = self.kept.lock().unwrap().breaks;
        assert!(!breaks, "a broken invariant, on purpose");
        let arrived = self.arrived.notified();
        tokio::pin!(arrived);
        arrived.as_mut().enable();
        let found = self.after(from, max);
        let is_nothing = found.deliveries.is_empty() && found.refused.is_empty();
        if found.from != *from || !is_nothing {
            return Ok(found);
        }
        // Woken or not: what is there now is the answer.
        let _woken = tokio::time::timeout(wait, arrived).await;
        Ok(self.after(from, max))
    }

    async fn ack_taken(&self, to: &InboxPlace) -> Result<(), InboxError> {
        let mut kept = self.kept.lock().unwrap();
        let seq = kept.seq(to)?;
        kept.taken = kept.taken.max(seq);
        Ok(())
    }

    async fn ack_safe(&self, to: &InboxPlace) -> Result<(), InboxError> {
        let mut kept = self.kept.lock().unwrap();
        let seq = kept.seq(to)?;
        // What is safe is taken, whether or not the word of that arrived.
        kept.taken = kept.taken.max(seq);
        kept.safe = kept.safe.max(seq);
        Ok(())
    }

    async fn heard(&self, refused: &[Refused]) -> Result<(), InboxError> {
        let mut kept = self.kept.lock().unwrap();
        if kept.deaf {
            return Err(InboxError {
                edge: "edge".to_owned(),
                reason: "no answer in time".to_owned(),
            });
        }
        let is_heard = |one: &Refused| {
            let mut heard = refused.iter();
            heard.any(|heard| heard.node == one.node && heard.until >= one.until)
        };
        kept.refused.retain(|one| !is_heard(one));
        Ok(())
    }
}

/// Reads what [`Inbox::announce`] wrote.
pub(crate) struct MemoryWebhook;

impl Webhook for MemoryWebhook {
    fn is_signed(&self, _: &http::HeaderMap) -> bool {
        false
    }

    fn verify(&self, _: &[&[u8]], _: &http::HeaderMap, _: &[u8]) -> Result<(), WebhookRejected> {
        Ok(())
    }

    fn delivery_id(&self, _: &http::HeaderMap, _: &[u8]) -> Option<String> {
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
