//! Azure DevOps' service hooks: told genuine by the secret that they show, read as far as they say which item is dirty.
//!
//! They sign nothing. The secret is the password of Basic authentication, or the value of a header of our own.

use super::{decode, wire};
use crate::error::WebhookRejected;
use crate::tracker::{Notice, NoticeKind, Webhook};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde::Deserialize;
use serde_json::Value as Json;
use sha2::Sha256;
use twinline_core::time::Timestamp;

/// The header that shows the secret where there is no Basic authentication.
pub(super) const HEADER: &str = "X-Twinline-Secret";

/// Reads service hooks.
pub(super) struct AzureWebhook;

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "eventType")]
    kind: String,
    #[serde(default)]
    resource: Json,
    #[serde(default, rename = "createdDate")]
    created: Option<String>,
}

#[derive(Deserialize)]
struct Delivery {
    #[serde(default, rename = "subscriptionId")]
    subscription: Option<String>,
    #[serde(default, rename = "notificationId")]
    notification: Option<u64>,
}

impl Webhook for AzureWebhook {
    fn signs_bodies(&self) -> bool {
        false
    }

    fn is_signed(&self, headers: &HeaderMap) -> bool {
        shown(headers).is_some()
    }

    /// A subscription is one of a project: that an item has left it is told to nobody there.
    fn tells_moves(&self) -> bool {
        false
    }

    fn verify(
        &self,
        secrets: &[&[u8]],
        headers: &HeaderMap,
        _: &[u8],
    ) -> Result<(), WebhookRejected> {
        let shown = shown(headers).ok_or(WebhookRejected::Signature)?;
        // Folded, so that not all are compared only where an earlier one fits.
        let genuine = secrets
            .iter()
            .fold(false, |genuine, secret| genuine | same(secret, &shown));
        match genuine {
            true => Ok(()),
            false => Err(WebhookRejected::Signature),
        }
    }

    fn delivery_id(&self, _: &HeaderMap, body: &[u8]) -> Option<String> {
        let delivery: Delivery = serde_json::from_slice(body).ok()?;
        let (subscription, notification) = (delivery.subscription?, delivery.notification?);
        Some(format!("{subscription}/{notification}"))
    }

    fn decode(&self, _: &HeaderMap, body: &[u8]) -> Result<Vec<Notice>, WebhookRejected> {
        let malformed = |error: serde_json::Error| WebhookRejected::Malformed(error.to_string());
        let event: Event = serde_json::from_slice(body).map_err(malformed)?;
        let kind = match event.kind.as_str() {
            "workitem.created" | "workitem.updated" | "workitem.restored" => NoticeKind::Changed,
            "workitem.commented" => NoticeKind::Commented,
            "workitem.deleted" => NoticeKind::Deleted,
            // Builds, pushes, pull requests: nothing that an item is.
            _ => return Ok(Vec::new()),
        };
        // An update shows what has changed, and the item as it is in a revision of its own.
        let item = match event.resource.get("revision") {
            Some(revision) => revision.clone(),
            None => event.resource.clone(),
        };
        let item: wire::WorkItem = serde_json::from_value(item).map_err(malformed)?;
        let id = event.resource["workItemId"].as_u64().unwrap_or(item.id);
        let at = event
            .created
            .as_deref()
            .or_else(|| item.text(decode::CHANGED));
        let version = decode::version(&item).filter(|_| kind != NoticeKind::Deleted);
        Ok(vec![Notice {
            item: id.to_string(),
            kind,
            scope: decode::scope(&item).unwrap_or_default(),
            at: at.and_then(|at| Timestamp::parse(at).ok()),
            version,
        }])
    }
}

/// The secret that a delivery shows.
fn shown(headers: &HeaderMap) -> Option<Vec<u8>> {
    if let Some(value) = headers.get(HEADER) {
        return Some(value.as_bytes().to_vec());
    }
    let basic = headers
        .get(AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Basic ")?;
    let pair = STANDARD.decode(basic.trim()).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    Some(pair[colon + 1..].to_vec())
}

/// Compares in constant time, whatever the lengths: as codes under a key of their own.
fn same(secret: &[u8], shown: &[u8]) -> bool {
    if secret.is_empty() {
        return false;
    }
    let code = |text: &[u8]| {
        let mac =
            Hmac::<Sha256>::new_from_slice(HEADER.as_bytes()).expect("a key may have any length");
        mac.chain_update(text)
    };
    code(shown)
        .verify_slice(&code(secret).finalize().into_bytes())
        .is_ok()
}
