//! What our business rule posts: told genuine by `X-Twinline-Signature`, read as far as it says which record is dirty.

use super::{decode, stamp};
use crate::error::WebhookRejected;
use crate::tracker::{Notice, NoticeKind, Scope, Webhook};
use base64::Engine as _;
use hmac::{Hmac, Mac};
use http::HeaderMap;
use serde::Deserialize;
use sha2::Sha256;

/// Reads the posts of `business_rule.js`.
pub(super) struct RuleWebhook;

#[derive(Deserialize)]
struct Event {
    event: String,
    table: String,
    #[serde(default)]
    now: String,
    sys_id: String,
    #[serde(default)]
    sys_mod_count: String,
    #[serde(default)]
    sys_updated_on: String,
}

impl Webhook for RuleWebhook {
    fn is_signed(&self, headers: &HeaderMap) -> bool {
        headers.contains_key("x-twinline-signature")
    }

    fn verify(
        &self,
        secrets: &[&[u8]],
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(), WebhookRejected> {
        let shown = headers
            .get("x-twinline-signature")
            .and_then(|value| value.to_str().ok());
        let shown = shown.and_then(|value| value.strip_prefix("sha256="));
        let shown = shown
            .and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok())
            .ok_or(WebhookRejected::Signature)?;
        let genuine = secrets.iter().any(|secret| {
            let mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key may have any length");
            // Compares in constant time.
            mac.chain_update(body).verify_slice(&shown).is_ok()
        });
        if genuine {
            Ok(())
        } else {
            Err(WebhookRejected::Signature)
        }
    }

    fn delivery_id(&self, headers: &HeaderMap, _: &[u8]) -> Option<String> {
        let id = headers.get("x-twinline-delivery")?.to_str().ok()?;
        Some(id.to_owned())
    }

    fn decode(&self, _: &HeaderMap, body: &[u8]) -> Result<Vec<Notice>, WebhookRejected> {
        let event: Event = serde_json::from_slice(body)
            .map_err(|error| WebhookRejected::Malformed(error.to_string()))?;
        let item = super::Place {
            table: &event.table,
            sys_id: &event.sys_id,
        };
        if !item.is_sound() {
            return Err(WebhookRejected::Malformed(format!(
                "'{}' is no record of a table",
                event.sys_id
            )));
        }
        let kind = match event.event.as_str() {
            "insert" | "update" => NoticeKind::Changed,
            "comment" => NoticeKind::Commented,
            "delete" => NoticeKind::Deleted,
            "move" => {
                let there = super::Place {
                    table: &event.now,
                    ..item
                };
                NoticeKind::Moved(there.is_sound().then(|| there.to_string()))
            }
            // A later version of the script may tell more.
            _ => return Ok(Vec::new()),
        };
        let version = decode::version_of(&event.sys_mod_count, &event.sys_updated_on);
        let scope = Scope::from([("table".to_owned(), event.table.clone())]);
        Ok(vec![Notice {
            item: item.to_string(),
            at: stamp::read(&event.sys_updated_on),
            version: version.filter(|_| kind != NoticeKind::Deleted),
            kind,
            scope,
        }])
    }
}
