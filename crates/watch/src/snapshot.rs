//! The last good configuration, signed and kept on watch's own disk: what an edit has broken keeps nobody from being
//! called.

use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// Sets these signatures apart from all others that are made with the same key.
const PURPOSE: &[u8] = b"twinline watch: configuration, version 1";

/// As it is stored.
#[derive(Serialize, Deserialize)]
struct Sealed {
    text: String,
    /// HMAC-SHA256, in hexadecimal digits.
    signature: String,
}

/// Why there is no last good configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSnapshot {
    /// It is not what was written.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// It was not written by who has the key.
    #[error("its signature is not ours: it was changed, or comes from another installation")]
    Forged,
}

/// Signs a configuration's text for the disk.
pub fn seal(key: &[u8], text: &str) -> Vec<u8> {
    let sealed = Sealed {
        text: text.to_owned(),
        signature: digits(&mac(key, text).finalize().into_bytes()),
    };
    serde_json::to_vec(&sealed).expect("two texts are JSON")
}

/// The text, if it was signed with this key.
///
/// # Errors
/// It was not, or it is damaged.
pub fn open(key: &[u8], stored: &[u8]) -> Result<String, NoSnapshot> {
    let sealed: Sealed = serde_json::from_slice(stored)
        .map_err(|error| NoSnapshot::Unreadable(error.to_string()))?;
    let bytes = bytes(&sealed.signature).ok_or(NoSnapshot::Forged)?;
    let signed = mac(key, &sealed.text).verify_slice(&bytes);
    signed.map_err(|_| NoSnapshot::Forged)?;
    Ok(sealed.text)
}

fn mac(key: &[u8], text: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key may have any length");
    mac.update(PURPOSE);
    mac.update(text.as_bytes());
    mac
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    let read = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stored: &[u8], key: &[u8], expected: Result<&str, &str>) {
        let found = open(key, stored).map_err(|error| error.to_string());
        match expected {
            Ok(text) => assert_eq!(found.as_deref(), Ok(text)),
            Err(part) => assert!(found.unwrap_err().contains(part)),
        }
    }

    #[test]
    fn only_what_was_signed_with_the_key_is_read() {
        let stored = seal(b"key", "format = 1\n");
        check(&stored, b"key", Ok("format = 1\n"));
        check(&stored, b"other", Err("signature"));
        let changed = String::from_utf8(stored.clone()).unwrap();
        let changed = changed.replace("= 1", "= 2");
        check(changed.as_bytes(), b"key", Err("signature"));
        check(&stored[..stored.len() / 2], b"key", Err("cannot be read"));
        check(
            b"{\"text\":\"\",\"signature\":\"zz\"}",
            b"key",
            Err("signature"),
        );
    }
}
