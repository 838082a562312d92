//! Where the other sides are: names are looked up anew each time, and what was heard last serves while nobody answers.
//!
//! A page must go out while the resolver is gone. Encryption checks the name all the same, so an old address is at worst
//! one where nobody answers.

use async_trait::async_trait;
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use twinline_trackers::http::Names;

/// Look-ups that may be under way: each may hold a thread until the system's resolver gives up, whatever our deadline.
const LOOKUPS_MAX: usize = 4;
/// Names that are remembered.
const KNOWN_MAX: usize = 4096;

/// Finds and remembers addresses. Cheap to clone; clones share what they know.
#[derive(Clone)]
pub struct Addresses(Arc<Inner>);

struct Inner {
    names: Arc<dyn Names>,
    lookup_max: Duration,
    lookups: Arc<Semaphore>,
    known: Mutex<BTreeMap<String, Vec<IpAddr>>>,
}

impl Addresses {
    /// Looks up by `names`, and begins with what is known already: what [`Addresses::known`] said before a restart.
    pub fn new(
        names: Arc<dyn Names>,
        lookup_max: Duration,
        known: BTreeMap<String, Vec<IpAddr>>,
    ) -> Self {
        Self(Arc::new(Inner {
            names,
            lookup_max,
            lookups: Arc::new(Semaphore::new(LOOKUPS_MAX)),
            known: Mutex::new(known),
        }))
    }

    /// All that was heard, to be kept over a restart.
    pub fn known(&self) -> BTreeMap<String, Vec<IpAddr>> {
        let known = &self.0.known;
        known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The addresses of a host: the resolver's, or without an answer in time the last ones that it gave.
    ///
    /// # Errors
    /// There is no answer, and there never was one.
    pub async fn find(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Ok(vec![address]);
        }
        let failure = match self.look_up(host).await {
            Ok(found) => {
                self.remember(host, &found);
                return Ok(found);
            }
            Err(failure) => failure,
        };
        let known = self.0.known.lock();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        let Some(last) = known.get(host) else {
            return Err(failure);
        };
        tracing::warn!(host, error = %failure, "no answer about a name: its last known address is used");
        Ok(last.clone())
    }

    async fn look_up(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let Ok(permit) = Arc::clone(&self.0.lookups).try_acquire_owned() else {
            let reason = "earlier look-ups of names have not ended";
            return Err(io::Error::new(io::ErrorKind::WouldBlock, reason));
        };
        let (names, owned) = (Arc::clone(&self.0.names), host.to_owned());
        let lookup = tokio::spawn(async move {
            let found = names.addresses(&owned).await;
            // Held until the look-up has ended, also when nobody waits for it any more.
            drop(permit);
            found
        });
        let limit = self.0.lookup_max;
        let late = || {
            let reason = format!("no answer about the name within {} ms", limit.as_millis());
            io::Error::new(io::ErrorKind::TimedOut, reason)
        };
        let found = timeout(limit, lookup).await.map_err(|_| late())?;
        let found = found.map_err(|_| io::Error::other("the look-up ended early"))??;
        if found.is_empty() {
            let reason = "the name has no address";
            return Err(io::Error::new(io::ErrorKind::NotFound, reason));
        }
        Ok(found)
    }

    fn remember(&self, host: &str, found: &[IpAddr]) {
        let known = self.0.known.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        if known.len() < KNOWN_MAX || known.contains_key(host) {
            known.insert(host.to_owned(), found.to_vec());
        }
    }
}

#[async_trait]
impl Names for Addresses {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.find(host).await
    }
}

#[cfg(test)]
mod tests;
