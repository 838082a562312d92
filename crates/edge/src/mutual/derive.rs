//! What is derived from a fleet's key (HKDF with SHA-256, RFC 5869). Nothing of it lets anybody compute the key, nor one of
//! it from another.

use ring::hkdf::{HKDF_SHA256, KeyType, Salt};

/// Of this use, and of this form of it.
const SALT: &[u8] = b"twinline fleet key 1";
const BYTES: usize = 32;

/// What a value is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The private key of the authority, Ed25519.
    Authority,
    /// By what people tell one authority from another.
    AuthorityName,
    /// What is shown to the API.
    Token,
}

impl Purpose {
    const fn info(self) -> &'static [u8] {
        match self {
            Self::Authority => b"certificate authority, ed25519",
            Self::AuthorityName => b"name of the certificate authority",
            Self::Token => b"token of the api",
        }
    }
}

struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        BYTES
    }
}

pub(super) fn derived(key: &[u8], purpose: Purpose) -> [u8; BYTES] {
    let extracted = Salt::new(HKDF_SHA256, SALT).extract(key);
    let info = [purpose.info()];
    let expanded = extracted.expand(&info, Length);
    let mut bytes = [0; BYTES];
    expanded
        .and_then(|expanded| expanded.fill(&mut bytes))
        .expect("HKDF gives up to 8,160 bytes");
    bytes
}

/// What is shown to a fleet's API as a bearer token: 64 hexadecimal digits.
pub fn token(key: &[u8]) -> String {
    hex(&derived(key, Purpose::Token))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
