//! The edge: receives webhooks, makes them durable, answers; hosts pull them. Everything else it passes on to a host.
//!
//! # Phases of a request
//! accept → TLS → limits → route → authenticate → (append to the inbox | proxy to a host) → respond → log; `front` names
//! them. A delivery is refused before a row is written, and hears why:
//!
//! | answer to a delivery | when |
//! |---|---|
//! | 202 | durable, or a delivery id that is there already |
//! | 400 | genuine, but not what the tracker sends |
//! | 401 | no signature, or a wrong one |
//! | 404 | the directory proves that there is no such node |
//! | 408 | the body did not arrive in time |
//! | 413 | the body is larger than the limit |
//! | 503 + `Retry-After` | rate or quota used up, disk trouble, queue full, routes not known: the tracker tries again or the sweep finds the change. Never 500 and never 429, on which some trackers drop events |
//!
//! What is passed on hears the host's own answer, or 413, 408, 502 (broke off), 503 (no place at the host, not to be reached,
//! or left alone after failures) or 504 (no answer in time), each as a problem of RFC 9457. `proxy` tells the rules.
//!
//! # What it does not do
//! It never asks a database during a request, never decodes more than it needs to refuse garbage, and never decides what
//! a delivery means. What hangs behind it takes only its own places: no webhook waits for a host.
//!
//! The private listener runs on a thread and runtime of its own, so that traffic cannot starve health,
//! metrics and the hosts' pulls.

mod access;
mod answer;
mod arrivals;
mod caller;
mod forged;
mod front;
mod hooks;
mod ids;
mod listen;
mod mapper;
mod metrics;
mod places;
mod private;
mod problem;
pub mod protocol;
mod proxy;
mod rate;
mod refusals;
mod refusing;
mod retention;
mod routes;
mod settings;
mod stall;
mod tls;
mod told;
mod traffic;

#[cfg(test)]
mod tests;

pub use caller::{TrustedHeader, TrustedProxies};
pub use listen::{serve, serve_public};
pub use mapper::{
    Directory, DirectorySource, HostPlace, MapperSettings, NodePlace, PROOF_MAX, Reading,
};
pub use places::Places;
pub use proxy::ProxyLimits;
pub use refusing::refuse;
pub use routes::{Hook, RouteTable};
pub use settings::{EdgeError, Handles, Limits, Listen, Settings, Tracing};
pub use tls::{
    CertificateEnd, CertificateFiles, Standing, TlsError, check_certificates, has_certificate,
    look_at_certificates,
};
pub use told::{STATUS, Told};

use front::Front;
use ids::Ids;
use mapper::Mapper;
use proxy::Proxy;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use tls::Certificates;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};
use traffic::Traffic;
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;
use twinline_store::GroupId;
use twinline_store::inbox::Inbox;

/// Any error of a body.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What all of the edge's parts share.
pub(crate) struct Shared {
    pub(crate) inbox: Inbox,
    pub(crate) routes: RouteTable,
    pub(crate) mapper: Mapper,
    pub(crate) proxy: Proxy,
    pub(crate) trusted: TrustedProxies,
    pub(crate) limits: Limits,
    pub(crate) rates: rate::Rates,
    /// What bodies of deliveries may take of memory at once, by whichever listener they come.
    pub(crate) bodies: Semaphore,
    pub(crate) refusals: refusals::Refusals,
    pub(crate) forged: forged::Forged,
    /// The group of nodes that are in none yet: nobody can own it.
    pub(crate) unplaced: Option<GroupId>,
    pub(crate) metrics: metrics::Metrics,
    /// What answers to all but trackers carry.
    pub(crate) told: Told,
    /// None: the public listener speaks plain HTTP.
    pub(crate) certificates: Arc<Certificates>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) token: String,
    pub(crate) tracing: Tracing,
    pub(crate) arrivals: arrivals::Arrivals,
    /// Cancelled when the edge ends: what would last lets go.
    pub(crate) ending: CancellationToken,
    /// Told when another edge is to begin in the place of this one.
    pub(crate) restart: Arc<Notify>,
    /// When the edge began.
    pub(crate) started_at: Timestamp,
    /// The release that it is of.
    pub(crate) version: String,
}

impl Shared {
    /// The domains of nodes that no certificate is here for.
    pub(crate) fn uncertified(&self) -> BTreeSet<String> {
        let domains = self.mapper.domains();
        let lacking = domains.iter().filter(|name| !self.certificates.cover(name));
        lacking.cloned().collect()
    }
}

/// A bound edge, not yet serving.
pub struct Edge {
    shared: Arc<Shared>,
    ids: Ids,
    public: tokio::net::TcpListener,
    private: std::net::TcpListener,
    stall_max: std::time::Duration,
    tls: Option<TlsAcceptor>,
}

impl Edge {
    /// Binds both listeners, publishes the route table to the inbox, and reads the directory.
    ///
    /// # Errors
    /// An address that cannot be bound, a certificate that cannot be used, or an inbox that cannot be written.
    pub async fn bind(
        settings: Settings,
        inbox: Inbox,
        routes: RouteTable,
        handles: Handles,
    ) -> Result<Self, EdgeError> {
        inbox
            .set_routes(routes.as_rows())
            .await
            .map_err(EdgeError::Inbox)?;
        let (public, private) = (settings.listen.bind()?, settings.private.bind()?);
        let public = tokio::net::TcpListener::from_std(public).map_err(unknown)?;
        let secure = !settings.tls.is_empty();
        let certificates = Certificates::load(settings.tls)?;
        let tls = secure.then(|| certificates.config()).transpose()?;
        let tls = tls.map(TlsAcceptor::from);
        let scheme = if secure { "https" } else { "http" };
        let here = format!("{scheme}://{}", public.local_addr().map_err(unknown)?);
        let ending = CancellationToken::new();
        let clock = Arc::clone(&handles.clock);
        let shared = Shared {
            inbox,
            rates: rate::Rates::new(settings.limits.node_max_per_s),
            bodies: hooks::memory(settings.limits.bodies_max_bytes),
            refusals: refusals::Refusals::default(),
            forged: forged::Forged::default(),
            unplaced: settings.unplaced,
            routes,
            mapper: Mapper::open(settings.mapper, here, Arc::clone(&clock)).await,
            proxy: Proxy::new(settings.proxy, ending.clone()),
            trusted: settings.trusted,
            limits: settings.limits,
            metrics: metrics::Metrics::default(),
            told: settings.told,
            certificates,
            started_at: clock.now(),
            clock,
            token: settings.token,
            tracing: settings.tracing,
            arrivals: arrivals::Arrivals::default(),
            ending,
            restart: settings.restart,
            version: settings.version,
        };
        refusals::begin(&shared, settings.has_refused).await;
        if let Some(known) = shared.mapper.known() {
            shared.proxy.update(&known, &shared.metrics);
        }
        Ok(Self {
            shared: Arc::new(shared),
            ids: Ids::new(&*handles.entropy),
            public,
            private,
            stall_max: settings.proxy.idle,
            tls,
        })
    }

    /// Where requests arrive and where the private listener is.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn addresses(&self) -> Result<(SocketAddr, SocketAddr), EdgeError> {
        Ok((
            self.public.local_addr().map_err(unknown)?,
            self.private.local_addr().map_err(unknown)?,
        ))
    }

    /// Serves until `shutdown`, then lets requests finish within the drain time.
    ///
    /// # Errors
    /// When the private listener's thread cannot be started or has failed.
    pub async fn serve(self, shutdown: CancellationToken) -> Result<(), EdgeError> {
        let ending = self.shared.ending.clone();
        let ends = ending.clone();
        let told = tokio::spawn(async move {
            shutdown.cancelled().await;
            ends.cancel();
        });
        let private = private::spawn(Arc::clone(&self.shared), self.private, ending.clone())?;
        let ends_all = ending.clone();
        let mut behind = JoinSet::new();
        behind.spawn(retention::run(Arc::clone(&self.shared), ending.clone()));
        behind.spawn(refusals::run(Arc::clone(&self.shared), ending.clone()));
        behind.spawn(mapper::run(Arc::clone(&self.shared), ending.clone()));
        if self.tls.is_some() {
            behind.spawn(tls::run(Arc::clone(&self.shared), ending.clone()));
        }
        let shared = Arc::clone(&self.shared);
        let traffic = Traffic {
            tls: self.tls,
            shared: Arc::clone(&self.shared),
            front: Front::new(Arc::clone(&self.shared), self.ids),
            header_deadline: self.shared.limits.header_deadline,
            stall_max: self.stall_max,
            shutdown: ending,
            private_ended: CancellationToken::new(),
        };
        let private_ended = traffic.private_ended.clone().drop_guard();
        let connections_max = self.shared.limits.connections_max;
        let serves = traffic::serve(Arc::new(traffic), self.public, connections_max);
        let private = tokio::task::spawn_blocking(move || private.join());
        let ((), behind, private) = tokio::join!(
            serves,
            all_end(behind, ends_all.clone()),
            private_ends(private, private_ended, ends_all)
        );
        told.abort();
        refusals::end(&shared).await;
        behind.and(private)
    }
}

/// Waits until all work behind requests has ended. An edge without a part of it looks healthy and is not: the first that
/// ends before `ending` ends the edge.
async fn all_end(mut tasks: JoinSet<()>, ending: CancellationToken) -> Result<(), EdgeError> {
    let mut outcome = Ok(());
    while let Some(ended) = tasks.join_next().await {
        if ended.is_err() || !ending.is_cancelled() {
            ending.cancel();
            outcome = Err(EdgeError::Thread("work behind requests".into()));
        }
    }
    outcome
}

/// As [`all_end`], of the private listener's thread.
async fn private_ends(
    thread: tokio::task::JoinHandle<std::thread::Result<()>>,
    private_ended: DropGuard,
    ending: CancellationToken,
) -> Result<(), EdgeError> {
    let ended = thread.await;
    drop(private_ended);
    let well = matches!(ended, Ok(Ok(()))) && ending.is_cancelled();
    ending.cancel();
    well.then_some(())
        .ok_or_else(|| EdgeError::Thread("private listener".into()))
}

/// An error with all that caused it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

fn unknown(source: std::io::Error) -> EdgeError {
    let at = SocketAddr::from(([0, 0, 0, 0], 0));
    EdgeError::Bind { at, source }
}
