//! The webhooks that are sent: signed, of 2 KiB, and not to be made smaller by any compression.

use hmac::{Hmac, Mac as _};
use rand::{RngCore as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use sha2::Sha256;

/// How large a body is, in bytes.
const BODY_BYTES: usize = 2048;
/// So many different bodies go round; each request has a delivery id of its own.
const BODIES: u64 = 4096;

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// One body with its signature.
pub(super) struct Signed {
    pub(super) body: String,
    /// `sha256=…`.
    pub(super) signature: String,
}

/// All bodies; signing is not part of what is measured.
pub(super) fn bodies(secret: &[u8]) -> Vec<Signed> {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    (0..BODIES)
        .map(|number| signed(secret, number, &mut random))
        .collect()
}

fn signed(secret: &[u8], number: u64, random: &mut ChaCha8Rng) -> Signed {
    let event = |filler: &str| {
        json!({"action": "edited", "issue": {"number": number + 1, "updated_at": "2026-01-31T09:30:00Z", "title": filler},
            "repository": {"full_name": "acme/app"}})
        .to_string()
    };
    let room = BODY_BYTES.saturating_sub(event("").len());
    let mut bytes = vec![0; room];
    random.fill_bytes(&mut bytes);
    // As dense as text that needs no escapes can be: six bits a byte.
    let filler: String = bytes
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte % 64)]))
        .collect();
    let body = event(&filler);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length will do");
    mac.update(body.as_bytes());
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    Signed { body, signature }
}

/// The names of the nodes that the load is spread over.
pub(super) fn nodes(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("node{number}")).collect()
}
