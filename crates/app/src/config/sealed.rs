//! Sealed secrets: they stand in the configuration itself, and only the instance's key opens them.
//!
//! ChaCha20-Poly1305 (RFC 8439) with a random nonce, under a key that is derived from the text of `instance.seal_key` by
//! HMAC-SHA-256. Written as `1.` and, in base64 for URLs, the nonce and what is sealed.

use super::error::ConfigError;
use super::secret::SecretRef;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use serde::{Serialize, Serializer};
use std::path::Path;
use twinline_core::handles::Entropy;
use twinline_trackers::http::Secret;

/// The form, before the sealed text. Another cipher gets another number.
const FORM: &str = "1.";
/// What the key is derived for, and what is sealed along with each secret.
const PURPOSE: &[u8] = b"twinline: sealed secrets, 1";
/// The fewest characters of the instance's key.
const KEY_MIN_CHARS: usize = 32;

/// A sealed secret as it stands in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    text: String,
    /// Where the key lies, once the whole configuration is read.
    pub(super) key: Option<Box<SecretRef>>,
}

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

impl Sealed {
    /// What stands in a configuration; `None` for what was never sealed.
    pub(super) fn parse(text: String) -> Option<Self> {
        let bytes = BASE64.decode(text.strip_prefix(FORM)?).ok()?;
        let whole = bytes.len() > NONCE_LEN + CHACHA20_POLY1305.tag_len();
        whole.then_some(Self { text, key: None })
    }

    /// Where the key lies.
    pub fn key(&self) -> Option<&SecretRef> {
        self.key.as_deref()
    }

    /// The secret. `base` is the configuration file's folder; `what` names the key in an error.
    pub(super) fn open(&self, base: &Path, what: &str) -> Result<Secret, ConfigError> {
        let key = SealKey::read(self.key(), base)?;
        key.open(&self.text).ok_or_else(|| {
            let reason = "it cannot be opened with instance.seal_key: another key has sealed it, or it is damaged; seal it anew with 'twinline seal'";
            ConfigError::secret(what, reason.to_owned())
        })
    }
}

/// The key of an instance.
pub struct SealKey(LessSafeKey);

impl SealKey {
    /// Reads `instance.seal_key`.
    ///
    /// # Errors
    /// It is not set, cannot be read, is itself sealed, or is too short.
    pub fn read(key: Option<&SecretRef>, base: &Path) -> Result<Self, ConfigError> {
        const WHAT: &str = "instance.seal_key";
        let fault = |reason: String| ConfigError::secret(WHAT, reason);
        let Some(key) = key else {
            let way_out = "is not set: make one with 'openssl rand -hex 32 > secrets/seal.key', and write seal_key = { file = \"secrets/seal.key\" } below [instance]";
            return Err(fault(way_out.to_owned()));
        };
        if matches!(key, SecretRef::Sealed(_)) {
            return Err(fault(
                "opens what is sealed, and cannot be sealed itself".to_owned(),
            ));
        }
        let key = key.read(base, WHAT)?;
        let length = key.expose().chars().count();
        if length < KEY_MIN_CHARS {
            return Err(fault(format!(
                "has {length} characters, and needs {KEY_MIN_CHARS} random ones, such as 'openssl rand -hex 32' gives"
            )));
        }
        Ok(Self::of(&key))
    }

    fn of(key: &Secret) -> Self {
        let source = hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes());
        let derived = hmac::sign(&source, PURPOSE);
        let key = UnboundKey::new(&CHACHA20_POLY1305, derived.as_ref());
        Self(LessSafeKey::new(key.expect("both have 32 bytes")))
    }

    /// Seals a secret: what is written as `{ sealed = "…" }`.
    pub fn seal(&self, secret: &Secret, entropy: &dyn Entropy) -> String {
        let mut nonce = [0; NONCE_LEN];
        for part in nonce.chunks_mut(8) {
            part.copy_from_slice(&entropy.next_u64().to_le_bytes()[..part.len()]);
        }
        let mut text = secret.expose().as_bytes().to_vec();
        let sealed = self.0.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(PURPOSE),
            &mut text,
        );
        sealed.expect("a secret is far shorter than what the cipher takes");
        format!("{FORM}{}", BASE64.encode([&nonce[..], &text].concat()))
    }

    fn open(&self, sealed: &str) -> Option<Secret> {
        let mut bytes = BASE64.decode(sealed.strip_prefix(FORM)?).ok()?;
        let (nonce, text) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = self.0.open_in_place(nonce, Aad::from(PURPOSE), text).ok()?;
        Some(Secret::new(std::str::from_utf8(opened).ok()?))
    }
}

#[cfg(test)]
#[path = "sealed_tests.rs"]
mod tests;
