//! The edge, first form: receives webhooks, makes them durable, answers; hosts pull them.
//!
//! # Phases of a delivery
//! accept → limits (connections, body, time) → route (is the node known?) → authenticate (the connector's own
//! verifier) → rate → append (group commit, fsync) → respond. Every refusal happens before a row is written, and says which:
//!
//! | answer | when |
//! |---|---|
//! | 202 | durable, or a delivery id that is there already |
//! | 400 | genuine, but not what the tracker sends |
//! | 401 | no signature, or a wrong one |
//! | 404 | the route snapshot proves that there is no such node |
//! | 408 | the body did not arrive in time |
//! | 413 | the body is larger than the limit |
//! | 503 + `Retry-After` | rate or quota used up, disk trouble, queue full, routes not known: the tracker tries again or the sweep finds the change. Never 500 and never 429, on which some trackers drop events |
//!
//! # What it does not do
//! It never asks a database or a host during a request, never decodes more than it needs to refuse garbage, and never
//! decides what a delivery means.
//!
//! The private listener runs on a thread and runtime of its own, so that traffic cannot starve health,
//! metrics and the hosts' pulls.

mod hooks;
mod metrics;
mod phase;
mod private;
mod problem;
pub mod protocol;
mod rate;
mod retention;
mod routes;
mod serve;
mod settings;

#[cfg(test)]
mod tests;

pub use routes::{Hook, RouteTable};
pub use serve::serve;
pub use settings::{EdgeError, Limits, Settings, Tracing};

use std::net::SocketAddr;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use twinline_core::handles::Clock;
use twinline_store::inbox::Inbox;

/// What all of the edge's parts share.
pub(crate) struct Shared {
    pub(crate) inbox: Inbox,
    pub(crate) routes: RouteTable,
    pub(crate) limits: Limits,
    pub(crate) rates: rate::Rates,
    pub(crate) metrics: metrics::Metrics,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) token: String,
    pub(crate) tracing: Tracing,
    /// Wakes pulls that wait for something to arrive.
    pub(crate) arrived: tokio::sync::Notify,
}

/// A bound edge, not yet serving.
pub struct Edge {
    shared: Arc<Shared>,
    webhooks: tokio::net::TcpListener,
    private: std::net::TcpListener,
}

impl Edge {
    /// Binds both listeners and publishes the route table to the inbox.
    ///
    /// # Errors
    /// An address that cannot be bound, or an inbox that cannot be written.
    pub async fn bind(
        settings: Settings,
        inbox: Inbox,
        routes: RouteTable,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, EdgeError> {
        inbox
            .set_routes(routes.as_rows())
            .await
            .map_err(EdgeError::Inbox)?;
        let bind = |at: SocketAddr| move |source| EdgeError::Bind { at, source };
        let webhooks = tokio::net::TcpListener::bind(settings.listen)
            .await
            .map_err(bind(settings.listen))?;
        let private =
            std::net::TcpListener::bind(settings.private).map_err(bind(settings.private))?;
        private
            .set_nonblocking(true)
            .map_err(bind(settings.private))?;
        let shared = Shared {
            inbox,
            rates: rate::Rates::new(settings.limits.node_max_per_s),
            routes,
            limits: settings.limits,
            metrics: metrics::Metrics::default(),
            clock,
            token: settings.token,
            tracing: settings.tracing,
            arrived: tokio::sync::Notify::new(),
        };
        Ok(Self {
            shared: Arc::new(shared),
            webhooks,
            private,
        })
    }

    /// Where webhooks arrive and where the private listener is.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn addresses(&self) -> Result<(SocketAddr, SocketAddr), EdgeError> {
        let unknown = |source| EdgeError::Bind {
            at: SocketAddr::from(([0, 0, 0, 0], 0)),
            source,
        };
        Ok((
            self.webhooks.local_addr().map_err(unknown)?,
            self.private.local_addr().map_err(unknown)?,
        ))
    }

    /// Serves until `shutdown`, then lets requests finish within the drain time.
    ///
    /// # Errors
    /// When the private listener's thread cannot be started or has failed.
    pub async fn serve(self, shutdown: CancellationToken) -> Result<(), EdgeError> {
        let private = private::spawn(Arc::clone(&self.shared), self.private, shutdown.clone())?;
        let pruning = tokio::spawn(retention::run(Arc::clone(&self.shared), shutdown.clone()));
        let router = hooks::router(Arc::clone(&self.shared));
        serve(
            self.webhooks,
            router,
            self.shared.limits.connections_max,
            shutdown,
        )
        .await;
        pruning
            .await
            .map_err(|_| EdgeError::Thread("retention".into()))?;
        let ended = tokio::task::spawn_blocking(move || private.join()).await;
        match ended {
            Ok(Ok(())) => Ok(()),
            _ => Err(EdgeError::Thread("private listener".into())),
        }
    }
}
