//! Where the roles of this machine say that they listen, from memory: a probe waits for no disk.

use crate::instance::DataFolder;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use twinline_watch::probe::Place;

/// From one look to the next.
const PERIOD: Duration = Duration::from_secs(1);
/// The roles that are looked for.
const ROLES: [&str; 2] = ["edge", "host"];

type Known = BTreeMap<(&'static str, String), SocketAddr>;

/// What the roles have said.
#[derive(Clone, Default)]
pub(super) struct Announced(Arc<Mutex<Known>>);

impl Announced {
    /// One role's listener; `configured` while it has said nothing.
    pub(super) fn place(
        &self,
        role: &'static str,
        listener: &str,
        configured: SocketAddr,
    ) -> Arc<dyn Place> {
        Arc::new(Listener {
            announced: self.clone(),
            role,
            listener: listener.to_owned(),
            configured: Some(configured).filter(|at| at.port() != 0),
        })
    }

    /// Looks again and again, one look at a time, until it is dropped. A disk that hangs holds one thread, and what was
    /// known stays known.
    pub(super) async fn follow(self, folder: DataFolder) {
        loop {
            let (announced, folder) = (self.clone(), folder.clone());
            let looked = tokio::task::spawn_blocking(move || announced.look(&folder)).await;
            if let Err(error) = looked {
                tracing::error!(%error, "looking where the roles listen failed");
            }
            tokio::time::sleep(PERIOD).await;
        }
    }

    fn look(&self, folder: &DataFolder) {
        let mut fresh = Known::new();
        for role in ROLES {
            // One that has said nothing yet is asked where it is configured.
            if let Ok(Some(running)) = folder.running_if_ever(role) {
                let listeners = running.listeners.into_iter();
                fresh.extend(listeners.map(|(name, at)| ((role, name), at)));
            }
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(fresh);
    }

    fn get(&self, role: &'static str, listener: &str) -> Option<SocketAddr> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(role, listener.to_owned())).copied()
    }
}

struct Listener {
    announced: Announced,
    role: &'static str,
    listener: String,
    configured: Option<SocketAddr>,
}

impl Place for Listener {
    fn at(&self) -> Result<SocketAddr, String> {
        let said = self.announced.get(self.role, &self.listener);
        said.or(self.configured)
            .ok_or_else(|| format!("the {} has not said where it listens", self.role))
    }
}
