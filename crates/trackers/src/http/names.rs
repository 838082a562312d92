//! How names become addresses.

use async_trait::async_trait;
use std::io;
use std::net::IpAddr;

/// Looks names up: the system's resolver, or one that remembers what it has heard.
#[async_trait]
pub trait Names: Send + Sync {
    /// All addresses of a host, in the order in which to try them.
    ///
    /// # Errors
    /// It has none, or nobody says.
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's resolver. It has no deadline of its own, and a look-up takes a thread until it ends.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemNames;

#[async_trait]
impl Names for SystemNames {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((host, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}
