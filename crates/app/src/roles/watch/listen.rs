//! Where watch listens: its private side, and the status page. An address that is taken keeps nobody from being called.

use super::api::{self, Private};
use super::until;
use crate::config::Config;
use crate::handles::SystemClock;
use crate::instance::DataFolder;
use crate::roles::pause;
use crate::roles::tasks::Tasks;
use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use twinline_edge::{Door, Places, TrustedProxies};
use twinline_watch::site::{self, Caller};
use twinline_watch::subscription::Registry;

/// Connections to each at once: other watches, the supervisor, a scraper, people; and the public.
const CONNECTIONS_MAX: usize = 1024;
/// Of those of the public, what one address may have: a browser opens six, and some share an address.
const CONNECTIONS_OF_ONE_MAX: usize = 64;
/// What could not be listened on, or announced, is tried again after this.
const RETRY: Duration = Duration::from_secs(2);

/// Both listeners, and what says where they are.
pub(super) fn spawn(
    tasks: &mut Tasks,
    config: &Config,
    folder: &DataFolder,
    (private, door): (Private, Door),
    registry: Registry,
    shutdown: &CancellationToken,
) {
    let driver = private.driver.clone();
    let (listeners, announced) = watch::channel(Vec::new());
    let told = announce(folder.clone(), announced);
    tasks.spawn("announcement", until(shutdown.clone(), told));
    let router = api::router(Arc::new(private), registry.reach());
    let at = ("private", config.watch_private());
    let whom = Whom::Own(door);
    let served = serve(at, router, whom, listeners.clone(), shutdown.clone());
    tasks.spawn("private", served);
    let page = site::router(
        driver.shown(),
        Arc::new(driver),
        Some(Arc::new(registry)),
        Arc::new(SystemClock),
        site::Settings::default(),
    );
    let proxies = trusted(config);
    let whom = Whom::All(public_places(&proxies));
    let page = page.layer(from_fn_with_state(Arc::new(proxies), who_asks));
    let at = ("page", config.watch.listen);
    let served = serve(at, page, whom, listeners, shutdown.clone());
    tasks.spawn("status page", served);
}

fn trusted(config: &Config) -> TrustedProxies {
    TrustedProxies {
        networks: config.watch.trusted_proxies.clone(),
        header: config.watch.trusted_header.of_the_edge(),
    }
}

/// Who comes by a proxy or by something on this machine has no limit of connections: it stands for many.
fn public_places(proxies: &TrustedProxies) -> Places {
    let loopback = ["127.0.0.0/8", "::1/128"].map(|net| net.parse().expect("a network"));
    let shared = proxies.networks.iter().copied().chain(loopback);
    Places::new(CONNECTIONS_MAX, CONNECTIONS_OF_ONE_MAX, shared.collect())
}

/// Says who asks, where that is known better than by the connection.
async fn who_asks(
    State(proxies): State<Arc<TrustedProxies>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = proxies.caller(peer.ip(), request.headers());
    request.extensions_mut().insert(Caller(caller));
    next.run(request).await
}

/// Whom a listener is for.
enum Whom {
    /// The public, with these places.
    All(Places),
    /// This installation's processes, and who may ask them.
    Own(Door),
}

/// Where watch listens, by name, as far as it does yet.
type Listeners = watch::Sender<Vec<(&'static str, SocketAddr)>>;

/// Listens as soon as that can be, says where, and serves until shutdown.
async fn serve(
    (name, at): (&'static str, SocketAddr),
    router: Router,
    whom: Whom,
    listeners: Listeners,
    shutdown: CancellationToken,
) -> Result<()> {
    let listener = loop {
        match TcpListener::bind(at).await {
            Ok(listener) => break listener,
            Err(error) => {
                tracing::error!(name, %at, %error, "watch cannot listen there; trying again");
            }
        }
        if !pause(RETRY, &shutdown).await {
            return Ok(());
        }
    };
    let bound = listener.local_addr();
    let bound = bound.context("the listener's own address")?;
    tracing::info!(name, at = %bound, "watch listens");
    listeners.send_modify(|all| all.push((name, bound)));
    match whom {
        Whom::All(places) => {
            twinline_edge::serve_public(listener, router, places, shutdown).await;
        }
        Whom::Own(door) => {
            twinline_edge::serve_behind(door, listener, router, CONNECTIONS_MAX, shutdown).await;
        }
    }
    Ok(())
}

/// Says where watch listens, whenever that changes; where the disk does not take it, again and again.
async fn announce(
    folder: DataFolder,
    mut listeners: watch::Receiver<Vec<(&'static str, SocketAddr)>>,
) -> Result<()> {
    loop {
        let all = listeners.borrow_and_update().clone();
        let folder = folder.clone();
        // A disk that hangs holds a thread of its own.
        let written = tokio::task::spawn_blocking(move || match all.as_slice() {
            [] => Ok(()),
            all => folder.announce("watch", all),
        });
        if let Err(error) = written.await? {
            let error = format!("{error:#}");
            tracing::error!(error, "where watch listens cannot be told; trying again");
            tokio::time::sleep(RETRY).await;
            continue;
        }
        listeners
            .changed()
            .await
            .context("nothing listens any more")?;
    }
}
