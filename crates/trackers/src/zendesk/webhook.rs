//! Zendesk's webhooks for ticket events: told genuine by their signature, read as far as they say which ticket is dirty.
//!
//! Sources: "Verifying webhook authenticity" and "Ticket events" in Zendesk's API reference.

use crate::error::WebhookRejected;
use crate::tracker::{Notice, NoticeKind, Scope, Webhook};
use base64::Engine as _;
use hmac::{Hmac, Mac};
use http::HeaderMap;
use serde::Deserialize;
use serde_json::Value as Json;
use sha2::Sha256;
use twinline_core::time::Timestamp;

/// Reads Zendesk's webhooks.
pub(super) struct ZendeskWebhook;

/// How the names of ticket events begin.
const TICKET: &str = "zen:event-type:ticket.";

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    time: Option<String>,
    #[serde(default)]
    detail: Option<Detail>,
}

#[derive(Deserialize)]
struct Detail {
    /// A number written as a text.
    id: Json,
    #[serde(default)]
    updated_at: Option<String>,
}

impl Webhook for ZendeskWebhook {
    fn is_signed(&self, headers: &HeaderMap) -> bool {
        headers.contains_key("x-zendesk-webhook-signature")
    }

    /// The signature is the HMAC-SHA-256 of the timestamp's text and the body, in Base64.
    fn verify(
        &self,
        secrets: &[&[u8]],
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(), WebhookRejected> {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let stamp =
            text("x-zendesk-webhook-signature-timestamp").ok_or(WebhookRejected::Signature)?;
        let shown = text("x-zendesk-webhook-signature")
            .and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok())
            .ok_or(WebhookRejected::Signature)?;
        let filled = secrets.iter().filter(|secret| !secret.is_empty());
        let mut filled = filled.map(|secret| {
            let mac =
                Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
            mac.chain_update(stamp).chain_update(body)
        });
        // Compares in constant time.
        if filled.any(|mac| mac.verify_slice(&shown).is_ok()) {
            Ok(())
        } else {
            Err(WebhookRejected::Signature)
        }
    }

    fn delivery_id(&self, headers: &HeaderMap, _: &[u8]) -> Option<String> {
        let id = headers.get("x-zendesk-webhook-invocation-id")?;
        id.to_str().ok().map(str::to_owned)
    }

    /// Brand and group are told by ids, which only the connector can name: no scope is told.
    fn decode(&self, _: &HeaderMap, body: &[u8]) -> Result<Vec<Notice>, WebhookRejected> {
        let event: Event = serde_json::from_slice(body)
            .map_err(|error| WebhookRejected::Malformed(error.to_string()))?;
        // Users, organisations, articles: nothing that a ticket is.
        let Some(name) = event.kind.strip_prefix(TICKET) else {
            return Ok(Vec::new());
        };
        let without = || WebhookRejected::Malformed(format!("{} without a ticket", event.kind));
        let detail = event.detail.as_ref().ok_or_else(without)?;
        let item = match &detail.id {
            Json::String(id) => id.clone(),
            Json::Number(id) => id.to_string(),
            _ => return Err(without()),
        };
        let kind = match name {
            "soft_deleted" | "permanently_deleted" => NoticeKind::Deleted,
            name if name.starts_with("comment_") || name.starts_with("attachment_") => {
                NoticeKind::Commented
            }
            // What is new or not known is a change: what the ticket is gets fetched anyway.
            _ => NoticeKind::Changed,
        };
        let time = |text: &Option<String>| Timestamp::parse(text.as_deref()?).ok();
        let updated = time(&detail.updated_at);
        Ok(vec![Notice {
            item,
            scope: Scope::new(),
            at: time(&event.time).or(updated),
            version: updated
                .filter(|_| kind == NoticeKind::Changed)
                .map(super::decode::version),
            kind,
        }])
    }
}

#[cfg(test)]
mod tests;
