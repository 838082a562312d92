//! Links that confirm a subscription, and links that end one.

use crate::channel::acknowledge::NoKey;
use crate::signed::Keys;
use std::time::Duration;
use twinline_core::time::Timestamp;
use twinline_core::watch::subscription::Address;
use url::Url;

/// Sets these signatures apart from all others that are made with the instance's key.
const PURPOSE: &[u8] = b"twinline watch: subscription, version 1";
/// How long a link that confirms is good.
const GOOD_FOR: Duration = Duration::from_secs(48 * 3600);
const CONFIRMS: u8 = 1;
const LEAVES: u8 = 2;

/// Makes and reads them.
pub struct Links {
    keys: Keys,
}

/// Why a link does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotOurs {
    /// It is not one of ours, or was changed, or is for something else.
    Forged,
    /// Its time is over.
    Expired(Timestamp),
}

impl Links {
    /// Derives its own keys from the instance's, of which there must be one.
    ///
    /// # Errors
    /// There is no key, or an empty one.
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, NoKey> {
        let keys = Keys::derived(PURPOSE, keys).ok_or(NoKey)?;
        Ok(Self { keys })
    }

    /// What confirms an address.
    pub(super) fn token(&self, address: &Address, now: Timestamp) -> Option<String> {
        let until = now.plus(GOOD_FOR).as_millis();
        let mut said = vec![CONFIRMS];
        said.extend(until.to_be_bytes());
        said.extend(address.as_str().as_bytes());
        self.keys.seal(said)
    }

    /// The link that confirms, below the status page's address.
    pub(super) fn confirm(&self, base: &Url, address: &Address, now: Timestamp) -> Option<Url> {
        below(base, "subscribe", &self.token(address, now)?)
    }

    /// The link that ends, below the status page's address. It is good as long as the subscription is.
    pub(super) fn leave(&self, base: &Url, address: &Address) -> Option<Url> {
        let mut said = vec![LEAVES];
        said.extend(address.to_string().as_bytes());
        below(base, "unsubscribe", &self.keys.seal(said)?)
    }

    pub(super) fn confirmed(&self, token: &str, now: Timestamp) -> Result<Address, NotOurs> {
        let said = self.said(token, CONFIRMS)?;
        let (until, address) = said.split_first_chunk().ok_or(NotOurs::Forged)?;
        let until = Timestamp::from_millis(i64::from_be_bytes(*until));
        if until < now {
            return Err(NotOurs::Expired(until));
        }
        read(address)
    }

    pub(super) fn left(&self, token: &str) -> Result<Address, NotOurs> {
        read(&self.said(token, LEAVES)?)
    }

    fn said(&self, token: &str, what: u8) -> Result<Vec<u8>, NotOurs> {
        let said = self.keys.open(token).ok_or(NotOurs::Forged)?;
        match said.split_first() {
            Some((kind, rest)) if *kind == what => Ok(rest.to_vec()),
            _ => Err(NotOurs::Forged),
        }
    }
}

fn read(address: &[u8]) -> Result<Address, NotOurs> {
    let text = std::str::from_utf8(address).map_err(|_| NotOurs::Forged)?;
    text.parse().map_err(|_| NotOurs::Forged)
}

fn below(base: &Url, folder: &str, token: &str) -> Option<Url> {
    let mut link = base.clone();
    let mut path = link.path_segments_mut().ok()?;
    path.pop_if_empty().push(folder).push(token);
    drop(path);
    Some(link)
}
