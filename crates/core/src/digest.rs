//! Content addresses: two things with one digest are the same thing.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// The first 128 bits of SHA-256 over canonical JSON, as 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of raw bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(hex::encode(&Sha256::digest(bytes)[..16]))
    }

    /// The digest of several texts, each preceded by its length so that no two lists collide.
    pub fn of_parts(parts: &[&str]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        Self(hex::encode(&hasher.finalize()[..16]))
    }

    /// The digest of a value's JSON. The types of this crate use ordered maps, so their JSON is canonical.
    ///
    /// # Panics
    /// When `value` cannot be written as JSON: a broken invariant of the type, not of the data.
    pub fn of(value: &impl Serialize) -> Self {
        Self::of_bytes(&serde_json::to_vec(value).expect("the types of this crate are JSON"))
    }

    /// Takes back a digest that was stored.
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The 32 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
