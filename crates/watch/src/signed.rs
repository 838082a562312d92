//! Signed tokens for links: what is said, and a signature that nobody else can make.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The part of the signature that travels: 128 bits, so that a link fits a text message.
pub(crate) const MAC_BYTES: usize = 16;
/// The longest token that is looked at, in characters.
const TOKEN_MAX_CHARS: usize = 1024;

/// The instance's keys, each derived for one purpose. The first signs; all verify, so that keys can change.
pub(crate) struct Keys(Vec<Zeroizing<[u8; 32]>>);

impl Keys {
    /// `None`: there is no key, or an empty one.
    pub(crate) fn derived<'a>(
        purpose: &[u8],
        keys: impl IntoIterator<Item = &'a [u8]>,
    ) -> Option<Self> {
        let derive = |key: &[u8]| {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
            mac.update(purpose);
            let key = (!key.is_empty()).then(|| mac.finalize().into_bytes().into());
            key.map(Zeroizing::new)
        };
        let keys = keys.into_iter().map(derive).collect::<Option<Vec<_>>>()?;
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// What only who has the key can make of a text: a key of its own.
    pub(crate) fn mac(&self, said: &[u8]) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(mac(&self.0[0], said).finalize().into_bytes().into())
    }

    /// The token that says so; none where it were too long.
    pub(crate) fn seal(&self, mut said: Vec<u8>) -> Option<String> {
        let mac = mac(&self.0[0], &said).finalize().into_bytes();
        said.extend(&mac[..MAC_BYTES]);
        let text = URL_SAFE_NO_PAD.encode(said);
        (text.len() <= TOKEN_MAX_CHARS).then_some(text)
    }

    /// What a token says, if it is one of ours.
    pub(crate) fn open(&self, token: &str) -> Option<Vec<u8>> {
        if token.len() > TOKEN_MAX_CHARS {
            return None;
        }
        let mut token = URL_SAFE_NO_PAD.decode(token).ok()?;
        let split = token.len().checked_sub(MAC_BYTES)?;
        let (said, signature) = token.split_at(split);
        let ours =
            |key: &Zeroizing<[u8; 32]>| mac(key, said).verify_truncated_left(signature).is_ok();
        if !self.0.iter().any(ours) {
            return None;
        }
        token.truncate(split);
        Some(token)
    }
}

fn mac(key: &[u8; 32], said: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key may have any length");
    mac.update(said);
    mac
}
