//! The canary's deliveries: signed like any tracker's, so that an edge authenticates them as it does a customer's.

use super::ITEM;
use crate::error::WebhookRejected;
use crate::http::Secret;
use crate::tracker::{Notice, NoticeKind, Webhook};
use hmac::{Hmac, Mac};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// Reads the canary's deliveries.
pub static WEBHOOK: &dyn Webhook = &CanaryWebhook;

const SIGNATURE: &str = "x-twinline-canary-signature";
const ID: &str = "x-twinline-canary-id";
/// Sets this key apart from all others that are made of the installation's token.
const PURPOSE: &[u8] = b"twinline: canary deliveries, version 1";

struct CanaryWebhook;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Body {
    /// Whose delivery it is, of all that this installation's canaries have sent.
    id: String,
}

/// What signs the deliveries of an installation's canaries: derived from the token that all its processes share, so that
/// whatever becomes of this key, it opens nothing else.
pub fn secret(token: &Secret) -> Vec<u8> {
    let mut mac = keyed(token.expose().as_bytes());
    mac.update(PURPOSE);
    mac.finalize().into_bytes().to_vec()
}

/// A delivery that says that the item has changed: its headers and its body. `id` tells it from every other one.
pub fn delivery(secret: &[u8], id: &str) -> (Vec<(&'static str, String)>, Vec<u8>) {
    let body = Body { id: id.to_owned() };
    let body = serde_json::to_vec(&body).expect("a text is JSON");
    let mut mac = keyed(secret);
    mac.update(&body);
    let signature = hex::encode(mac.finalize().into_bytes());
    let headers = vec![(SIGNATURE, signature), (ID, id.to_owned())];
    (headers, body)
}

fn keyed(secret: &[u8]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length")
}

impl Webhook for CanaryWebhook {
    fn is_signed(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(SIGNATURE)
    }

    fn verify(
        &self,
        secrets: &[&[u8]],
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(), WebhookRejected> {
        let signature = headers.get(SIGNATURE).and_then(|it| it.to_str().ok());
        let signature = signature.and_then(|digits| hex::decode(digits).ok());
        let signature = signature.ok_or(WebhookRejected::Signature)?;
        let genuine = secrets.iter().filter(|it| !it.is_empty()).any(|secret| {
            let mut mac = keyed(secret);
            mac.update(body);
            // In constant time.
            mac.verify_slice(&signature).is_ok()
        });
        genuine.then_some(()).ok_or(WebhookRejected::Signature)
    }

    fn delivery_id(&self, headers: &HeaderMap, _: &[u8]) -> Option<String> {
        Some(headers.get(ID)?.to_str().ok()?.to_owned())
    }

    fn decode(&self, _: &HeaderMap, body: &[u8]) -> Result<Vec<Notice>, WebhookRejected> {
        let _read: Body = serde_json::from_slice(body)
            .map_err(|error| WebhookRejected::Malformed(error.to_string()))?;
        Ok(vec![Notice {
            item: ITEM.to_owned(),
            kind: NoticeKind::Changed,
            scope: [].into(),
            at: None,
            version: None,
        }])
    }
}
