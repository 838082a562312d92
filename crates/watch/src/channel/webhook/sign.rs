//! The signature of Standard Webhooks: <https://www.standardwebhooks.com>. Receivers have libraries for it.
//!
//! `webhook-signature` holds `v1,` and the base64 of HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`, once for
//! each secret, with spaces between. A receiver takes one of them, and refuses a timestamp that is more than
//! [`WINDOW`] from its clock: what was overheard cannot be sent again later.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use http::header::{HeaderName, InvalidHeaderValue};
use http::{HeaderMap, HeaderValue};
use sha2::Sha256;
use std::time::Duration;
use twinline_core::time::Timestamp;
use twinline_trackers::http::Secret;
use zeroize::Zeroizing;

/// The page's id: the same when the page is sent again.
pub const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
/// When it was sent, in seconds since 1970.
pub const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
/// The signatures.
pub const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
/// How far a timestamp may be from the receiver's clock, in both directions.
pub const WINDOW: Duration = Duration::from_secs(300);

/// A secret in the form of Standard Webhooks: the base64 of a key after this.
const PREFIX: &str = "whsec_";

/// The three headers.
pub(crate) fn headers(
    secrets: &[Secret],
    id: &str,
    now: Timestamp,
    body: &[u8],
) -> Result<Vec<(HeaderName, HeaderValue)>, InvalidHeaderValue> {
    let seconds = now.as_millis().div_euclid(1000).to_string();
    let signed = secrets.iter().map(|secret| {
        let mac = mac(secret, id, &seconds, body).finalize().into_bytes();
        format!("v1,{}", STANDARD.encode(mac))
    });
    let signed = signed.collect::<Vec<_>>().join(" ");
    Ok(vec![
        (WEBHOOK_ID, HeaderValue::from_str(id)?),
        (TIMESTAMP, HeaderValue::from_str(&seconds)?),
        (SIGNATURE, HeaderValue::from_str(&signed)?),
    ])
}

/// Whether a request was signed with one of these secrets, and lately.
///
/// # Errors
/// It was not, or it is too old or too new.
pub fn verify(
    secrets: &[Secret],
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Unverified> {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let all = (text(&WEBHOOK_ID), text(&TIMESTAMP), text(&SIGNATURE));
    let (Some(id), Some(seconds), Some(signatures)) = all else {
        return Err(Unverified::Unsigned);
    };
    let at: i64 = seconds.parse().map_err(|_| Unverified::Unsigned)?;
    let at = Timestamp::from_millis(at.saturating_mul(1000));
    if now.since(at).max(at.since(now)) > WINDOW {
        return Err(Unverified::Stale { at });
    }
    let given = signatures
        .split(' ')
        .filter_map(|one| one.strip_prefix("v1,"));
    let given: Vec<Vec<u8>> = given.filter_map(|one| STANDARD.decode(one).ok()).collect();
    let right = secrets.iter().any(|secret| {
        let mac = mac(secret, id, seconds, body);
        given
            .iter()
            .any(|one| mac.clone().verify_slice(one).is_ok())
    });
    if right {
        Ok(())
    } else {
        Err(Unverified::Forged)
    }
}

/// Why a request is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// It lacks a header, or one cannot be read.
    #[error("the request lacks webhook-id, webhook-timestamp or webhook-signature")]
    Unsigned,
    /// It was signed too long ago, or by a clock that is ahead.
    #[error("the request was signed at {at}, which is more than {} s from now", WINDOW.as_secs())]
    Stale {
        /// When it says that it was signed.
        at: Timestamp,
    },
    /// None of its signatures is right.
    #[error("no signature of the request is right")]
    Forged,
}

fn mac(secret: &Secret, id: &str, seconds: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key(secret)).expect("a key may have any length");
    for part in [id.as_bytes(), b".", seconds.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac
}

/// A secret without the prefix, or with something else than base64 after it, is the key itself.
fn key(secret: &Secret) -> Zeroizing<Vec<u8>> {
    let text = secret.expose();
    let decoded = text
        .strip_prefix(PREFIX)
        .and_then(|rest| STANDARD.decode(rest).ok());
    Zeroizing::new(decoded.unwrap_or_else(|| text.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests;
