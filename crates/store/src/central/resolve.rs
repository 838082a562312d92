//! Names to addresses. A resolver that hangs holds up few threads, never all.

use futures_util::future::BoxFuture;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Look-ups that may be under way: each has a thread until the system's resolver gives up, whatever our deadline.
pub(super) const LOOKUPS_MAX: usize = 4;

/// What knows where names lead. A look-up goes on when nobody waits for it any more.
pub(super) trait Names: Send + Sync {
    /// The addresses of a name as they are now.
    fn look_up(&self, host: String, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>;
}

/// The system's resolver.
pub(super) struct SystemNames;

impl Names for SystemNames {
    fn look_up(&self, host: String, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, port)).await?;
            Ok(found.collect())
        })
    }
}

/// Looks names up.
pub(super) struct Resolver {
    names: Arc<dyn Names>,
    lookups: Arc<Semaphore>,
}

impl Resolver {
    pub(super) fn new(names: Arc<dyn Names>, lookups_max: usize) -> Self {
        Self {
            names,
            lookups: Arc::new(Semaphore::new(lookups_max)),
        }
    }

    /// The addresses of a host, anew each time: after a failover the name may have moved. The caller has the deadline.
    pub(super) async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
        if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let Ok(permit) = Arc::clone(&self.lookups).try_acquire_owned() else {
            return Err("earlier look-ups of names have not ended".to_owned());
        };
        let asked = self.names.look_up(host.to_owned(), port);
        let lookup = tokio::spawn(async move {
            let found = asked.await;
            // Held until the thread is free, also when nobody waits any more.
            drop(permit);
            found
        });
        match lookup.await {
            Ok(Ok(addresses)) => Ok(addresses),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the look-up ended early".to_owned()),
        }
    }
}
