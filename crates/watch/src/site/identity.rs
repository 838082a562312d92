//! Ids for feeds and API that stay the same wherever the page moves to.

use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Sets these ids apart from all other digests.
const PURPOSE: &[u8] = b"twinline status page, version 1";

fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(PURPOSE);
    for part in parts {
        // The length before each, so that no two lists of parts are one text.
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().into()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        _ = write!(text, "{byte:02x}");
    }
    text
}

/// An id as Statuspage's are: twelve letters and digits.
pub(super) fn short(parts: &[&str]) -> String {
    hex(&digest(parts)[..6])
}

/// A URN: a UUID of version 8 (RFC 9562), whose bits are our own.
pub(super) fn urn(parts: &[&str]) -> String {
    let digest = digest(parts);
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex(&bytes);
    format!(
        "urn:uuid:{}-{}-{}-{}-{}",
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..]
    )
}

/// The tag of a body, for conditional requests.
pub(super) fn etag(body: &str) -> String {
    format!("\"{}\"", hex(&digest(&[body])[..16]))
}
