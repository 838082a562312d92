//! Links that acknowledge: signed, for one person and one thing, for a while.
//!
//! Whoever has the link can acknowledge as that person; it needs no login, since it is read at night on a telephone.
//! Mail scanners and chats follow links: what a link leads to must change nothing when it is fetched (`GET` shows a
//! button), only when it is posted to. Who makes the keys says where a link is good: each watch numbers its own
//! incidents, and has a key of its own.

use crate::signed::Keys;
use std::time::Duration;
use twinline_core::time::Timestamp;
use url::Url;

/// Sets these signatures apart from all others that are made with the same key.
const PURPOSE: &[u8] = b"twinline watch: acknowledgement, version 1";
/// And those of links that say that a person is there.
const PRESENCE_PURPOSE: &[u8] = b"twinline watch: presence, version 1";
/// The kind of these.
const PRESENCE: u8 = 3;
/// The kind and the expiry.
const HEAD_BYTES: usize = 1 + 8;
/// The greatest name of a person, in bytes: its length travels in one.
const PERSON_MAX_BYTES: usize = 255;

/// How long a link is good when nothing else is said: longer than an incident lasts, shorter than a mailbox is kept.
pub const GOOD_FOR: Duration = Duration::from_secs(48 * 3600);

/// What a link is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// What is acknowledged.
    pub about: About,
    /// Who does so.
    pub person: String,
    /// Until when, in whole seconds.
    pub until: Timestamp,
}

/// What is acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// An incident.
    Incident(String),
    /// That a channel reaches a person: the page of a weekly proof, or any other.
    Proof(String),
    /// That a person is there while a change is made.
    Presence(String),
}

/// Signs and verifies links. The first key signs; all verify, so that keys can change.
pub struct Signer {
    keys: Keys,
    presence: Keys,
}

impl Signer {
    /// Derives its own keys from the instance's, of which there must be one.
    ///
    /// # Errors
    /// There is no key, or an empty one.
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, NoKey> {
        let keys: Vec<&[u8]> = keys.into_iter().collect();
        let presence = Keys::derived(PRESENCE_PURPOSE, keys.iter().copied()).ok_or(NoKey)?;
        let keys = Keys::derived(PURPOSE, keys).ok_or(NoKey)?;
        Ok(Self { keys, presence })
    }

    /// That a person is there is signed with another key, which nobody has who has the instance's: by that one every caller of
    /// the private side could make the link.
    ///
    /// # Errors
    /// The key is empty.
    pub fn with_presence(mut self, key: &[u8]) -> Result<Self, NoKey> {
        self.presence = Keys::derived(PRESENCE_PURPOSE, [key]).ok_or(NoKey)?;
        Ok(self)
    }

    /// The link below `base` (`https://status.acme.example/ack/`), which is where [`Signer::verify`] is asked.
    ///
    /// # Errors
    /// The person's name is too long, or `base` cannot be extended.
    pub fn link(&self, base: &Url, grant: &Grant) -> Result<Url, NoLink> {
        let token = self.token(grant)?;
        let mut link = base.clone();
        let mut path = link.path_segments_mut().map_err(|()| NoLink)?;
        path.pop_if_empty().push(&token);
        drop(path);
        Ok(link)
    }

    /// The last part of the link.
    ///
    /// # Errors
    /// The person's name is too long.
    pub fn token(&self, grant: &Grant) -> Result<String, NoLink> {
        let (kind, about) = match &grant.about {
            About::Incident(id) => (1, id),
            About::Proof(id) => (2, id),
            About::Presence(id) => (PRESENCE, id),
        };
        let seconds = grant.until.as_millis().div_euclid(1000);
        let person = grant.person.as_bytes();
        let mut token = vec![kind];
        token.extend(seconds.to_be_bytes());
        token.push(u8::try_from(person.len()).map_err(|_| NoLink)?);
        token.extend(person);
        token.extend(about.as_bytes());
        let keys = if kind == PRESENCE {
            &self.presence
        } else {
            &self.keys
        };
        keys.seal(token).ok_or(NoLink)
    }

    /// What a token grants at this time.
    ///
    /// # Errors
    /// It is not one of ours, was changed, or is too old.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Grant, NotGranted> {
        let is_presence = |said: &Vec<u8>| said.first() == Some(&PRESENCE);
        let said = self.keys.open(token).filter(|said| !is_presence(said));
        let said = said.or_else(|| self.presence.open(token).filter(is_presence));
        let said = said.ok_or(NotGranted::Forged)?;
        let grant = read(&said).ok_or(NotGranted::Forged)?;
        if grant.until < now {
            return Err(NotGranted::Expired { grant });
        }
        Ok(grant)
    }
}

/// There is no key to sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("links of acknowledgement need a key that is not empty: set instance.seal_key")]
pub struct NoKey;

/// A link cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no link can be made: the name of a person has at most {} bytes, and the address of the status page must be one of http",
    PERSON_MAX_BYTES
)]
pub struct NoLink;

/// Why a link grants nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGranted {
    /// It is not one of ours, or was changed.
    #[error("this link is not genuine; it may have been cut off: copy all of it")]
    Forged,
    /// Its time is over.
    #[error("this link was good until {}; acknowledge on the status page or with twinline", .grant.until)]
    Expired {
        /// What it did grant.
        grant: Grant,
    },
}

/// Reads what was signed; only what we signed comes here.
fn read(said: &[u8]) -> Option<Grant> {
    let (head, rest) = said.split_at_checked(HEAD_BYTES)?;
    let seconds = i64::from_be_bytes(head[1..].try_into().ok()?);
    let (length, rest) = rest.split_first()?;
    let (person, about) = rest.split_at_checked(usize::from(*length))?;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    let about = text(about)?;
    Some(Grant {
        about: match head[0] {
            1 => About::Incident(about),
            2 => About::Proof(about),
            PRESENCE => About::Presence(about),
            _ => return None,
        },
        person: text(person)?,
        until: Timestamp::from_millis(seconds.saturating_mul(1000)),
    })
}

#[cfg(test)]
mod tests;
