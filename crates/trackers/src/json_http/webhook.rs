//! A described tracker is polled: nothing that arrives is genuine.

use crate::error::WebhookRejected;
use crate::tracker::{Notice, Webhook};
use http::HeaderMap;

/// Refuses everything.
pub(super) struct NoWebhook;

impl Webhook for NoWebhook {
    fn is_signed(&self, _: &HeaderMap) -> bool {
        false
    }

    fn verify(&self, _: &[&[u8]], _: &HeaderMap, _: &[u8]) -> Result<(), WebhookRejected> {
        Err(WebhookRejected::Signature)
    }

    fn delivery_id(&self, _: &HeaderMap, _: &[u8]) -> Option<String> {
        None
    }

    fn decode(&self, _: &HeaderMap, _: &[u8]) -> Result<Vec<Notice>, WebhookRejected> {
        Err(WebhookRejected::Malformed(
            "a described tracker sends no webhooks".to_owned(),
        ))
    }
}
