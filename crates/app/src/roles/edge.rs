//! `twinline edge`: receives webhooks and keeps them until a host has them; passes everything else on to a host.

mod places;
#[cfg(test)]
mod tests;

use super::line::{Line, Word};
use super::page_status::Follower as StatusFollower;
use super::pause;
use super::sockets::Handed;
use crate::canary;
use crate::config::Config;
use crate::fleet::{self, Follower};
use crate::handles::{SystemClock, SystemEntropy};
use crate::instance::{DataFolder, LOCK_WAIT};
use crate::nodes::Nodes;
use crate::release::Release;
use crate::telemetry;
use anyhow::{Context, Result};
use places::{FleetPlaces, Places, Version};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use twinline_edge::{
    CertificateFiles, DirectorySource, Edge, Handles, Limits, Listen, MapperSettings, ProxyLimits,
    Settings, Told, Tracing, TrustedProxies, check_certificates,
};
use twinline_store::db::DbOptions;
use twinline_store::inbox::{Inbox, InboxLimits, Route};
use twinline_store::{GroupId, StoreError};
use twinline_trackers::http::Secret;
use url::Url;

/// A delivery that is not durable by then is answered 503, in milliseconds. Trackers give up after 10 s (GitHub:
/// "your server should respond with a 2XX response within 10 seconds").
const APPEND_MAX_MS: u64 = 5000;

/// What a full disk did not take is tried again after this.
const RETRY: Duration = Duration::from_secs(2);

/// Runs the edge until a signal.
///
/// # Errors
/// The configuration is wrong, the folder is held by another edge, an address is taken.
pub async fn run(file: &Path, supervisor: Option<u32>) -> Result<()> {
    // First of all: taking them changes the environment, which no other thread may read meanwhile.
    let handed = Handed::take()?;
    // Before it is read: what it becomes later is not known here.
    let read = Version::of(file);
    let (config, shutdown) = super::begin("edge", file, supervisor)?;
    let mut routes = Nodes::new(&config, file).routes()?;
    let folder = DataFolder::open(&config.data)?;
    let line = Line::take(supervisor)?;
    let mut hangup = unix::signal(unix::SignalKind::hangup()).context("listening for SIGHUP")?;
    let token = fleet::token(file, &config, &folder)?;
    routes.add(canary::hooks(&config, &token));
    let unplaced = routes.as_rows();
    let follower = follower(file, &config, &folder)?;
    let limits = inbox_limits(&config);
    let restart = Arc::new(Notify::new());
    let source = places(&config, &folder, (file, read), follower.as_deref())?;
    let mut settings = settings(&config, handed, &token, source, &folder);
    settings.restart = Arc::clone(&restart);
    let status = StatusFollower::new(&config, &folder, &token)?;
    settings.told = status
        .as_ref()
        .map(StatusFollower::told)
        .unwrap_or_default();
    // In a fleet nobody owns the group that one machine has.
    settings.unplaced = follower.is_some().then(GroupId::local);
    let handles = Handles {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    };
    if let Some(follower) = &follower {
        let known = follower.known();
        let places = &known.borrow().definitions.places;
        routes.place(|node| places.get(node).cloned());
    }
    let rows = routes.as_rows();
    check_certificates(settings.tls.clone()).context("edge.tls")?;
    settings.mapper.read_ahead().await;
    // The edge before this one works until all is built that can be without the inbox.
    line.say(Word::Ready);
    let _hold = folder.hold("edge", LOCK_WAIT).await?;
    let opening = opened(&folder, limits, &rows, &mut settings, &shutdown);
    let inbox = tokio::select! {
        biased;
        inbox = opening => inbox?,
        // Another is to begin, and this one has nothing to go on with.
        Some(()) = hangup.recv() => None,
    };
    let Some(inbox) = inbox else {
        return Ok(());
    };
    let edge = Edge::bind(settings, inbox.clone(), routes, handles).await?;
    let (webhooks, private) = edge.addresses()?;
    let listeners = [("webhooks", webhooks), ("private", private)];
    tracing::info!(%webhooks, %private, "the edge listens");
    let beside = async {
        let announcing = announce(&folder, &listeners, &shutdown);
        let following = follow(&config, &inbox, unplaced, follower.as_deref(), &shutdown);
        let restarting = restarts(&inbox, &restart, hangup, &line, &shutdown);
        let telling = async {
            if let Some(status) = status {
                status.run(shutdown.clone()).await;
            }
        };
        tokio::join!(announcing, following, restarting, telling);
    };
    let served = served(edge.serve(shutdown.clone()), beside).await;
    inbox.db().close().await;
    Ok(served?)
}

/// Lets another edge begin whenever that is asked for, also by SIGHUP: beside this one where a supervisor hears of it,
/// otherwise after it.
async fn restarts(
    inbox: &Inbox,
    restart: &Notify,
    mut hangup: unix::Signal,
    line: &Line,
    shutdown: &CancellationToken,
) {
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = restart.notified() => {}
            Some(()) = hangup.recv() => {}
        }
        if line.say(Word::Successor) {
            // The other waits for the inbox to be closed.
            inbox.db().copy_log();
        } else {
            shutdown.cancel();
        }
    }
}

/// What an edge on one machine is told at its start.
fn settings(
    config: &Config,
    handed: Handed,
    token: &Secret,
    source: Arc<dyn DirectorySource>,
    folder: &DataFolder,
) -> Settings {
    Settings {
        version: Release::of_this_process().version.to_owned(),
        listen: listen(handed.public, config.edge.listen),
        private: listen(handed.private, config.edge_private()),
        token: token.expose().to_owned(),
        limits: Limits {
            body_max_bytes: (config.edge.body_max_mib as usize) << 20,
            node_max_per_s: config.edge.node_max_per_s,
            ..Limits::default()
        },
        proxy: proxy_limits(config),
        trusted: trusted(config),
        tls: certificates(config),
        mapper: MapperSettings {
            source,
            first: None,
            snapshot: folder.directory(),
            public_url: config.instance.public_url.as_ref().map(Url::to_string),
        },
        tracing: Tracing {
            traceparent: telemetry::traceparent,
            dropped: || telemetry::spans().dropped(),
        },
        has_refused: false,
        restart: Arc::default(),
        unplaced: None,
        told: Told::default(),
    }
}

/// What bounds what waits.
fn inbox_limits(config: &Config) -> InboxLimits {
    InboxLimits {
        total_max_bytes: u64::from(config.edge.inbox_max_gib) << 30,
        node_max_bytes: u64::from(config.edge.node_inbox_max_mib) << 20,
        ..InboxLimits::default()
    }
}

/// What bounds the requests to hosts.
fn proxy_limits(config: &Config) -> ProxyLimits {
    let proxy = &config.edge.proxy;
    let ms = |count: u32| Duration::from_millis(count.into());
    ProxyLimits {
        in_flight_per_host: proxy.in_flight_per_host as usize,
        streams_per_host: proxy.streams_per_host as usize,
        connect: ms(proxy.connect_ms),
        header: ms(proxy.header_ms),
        idle: ms(proxy.idle_ms),
        body_max_bytes: u64::from(config.edge.body_max_mib) << 20,
        ..ProxyLimits::default()
    }
}

/// The inbox, as soon as the disk lets it be opened; until then everybody who asks hears 503. `None`: shutdown came first.
async fn opened(
    folder: &DataFolder,
    limits: InboxLimits,
    routes: &[Route],
    settings: &mut Settings,
    shutdown: &CancellationToken,
) -> Result<Option<Inbox>> {
    loop {
        match open_inbox(folder, limits, routes).await {
            Ok(inbox) => return Ok(Some(inbox)),
            Err(error) if error.is_retryable() => {
                tracing::error!(%error, "the inbox cannot be opened; deliveries hear 503, trying again");
                let until = async {
                    pause(RETRY, shutdown).await;
                };
                twinline_edge::refuse(settings, &error.to_string(), until).await?;
                if shutdown.is_cancelled() {
                    return Ok(None);
                }
            }
            Err(error) => return Err(error).context("opening the edge's inbox"),
        }
    }
}

/// The inbox with its routes. A full disk is an error that passes.
async fn open_inbox(
    folder: &DataFolder,
    limits: InboxLimits,
    routes: &[Route],
) -> Result<Inbox, StoreError> {
    let options = DbOptions {
        limits: twinline_store::db::Limits {
            write_max_ms: APPEND_MAX_MS,
            ..Default::default()
        },
        ..DbOptions::default()
    };
    let inbox = Inbox::open(&folder.inbox(), options, limits, &SystemEntropy).await?;
    if let Err(error) = inbox.set_routes(routes.to_vec()).await {
        inbox.db().close().await;
        return Err(error);
    }
    Ok(inbox)
}

/// Says where the edge listens; where the disk does not take that, it serves all the same and tries again.
async fn announce(
    folder: &DataFolder,
    listeners: &[(&str, SocketAddr)],
    shutdown: &CancellationToken,
) {
    while let Err(error) = folder.announce("edge", listeners) {
        tracing::error!(error = %format!("{error:#}"), "hosts cannot be told where the edge listens; trying again");
        if !pause(RETRY, shutdown).await {
            return;
        }
    }
}

/// What follows the fleet's definitions; `None` on one machine.
fn follower(file: &Path, config: &Config, folder: &DataFolder) -> Result<Option<Arc<Follower>>> {
    if config.ownership.is_none() {
        return Ok(None);
    }
    let central = fleet::central(file, config)?;
    let follower = Follower::new(central, folder.definitions("edge"))?;
    Ok(Some(Arc::new(follower)))
}

/// The mapper's source.
fn places(
    config: &Config,
    folder: &DataFolder,
    (file, read): (&Path, Option<Version>),
    follower: Option<&Follower>,
) -> Result<Arc<dyn DirectorySource>> {
    Ok(match follower {
        None => Arc::new(Places::new(config, folder.clone(), file, read)),
        Some(follower) => Arc::new(FleetPlaces::new(config, fleet::etcd(config)?, follower)),
    })
}

/// Routes with the groups that their nodes are in. One that is in none yet keeps its deliveries until it is.
fn placed(mut routes: Vec<Route>, follower: &Follower) -> Vec<Route> {
    let known = follower.known();
    let places = &known.borrow().definitions.places;
    for route in &mut routes {
        if let Some(group) = places.get(&route.node) {
            route.group = group.clone();
        }
    }
    routes
}

/// Follows the fleet's definitions until shutdown; on one machine there are none.
async fn follow(
    config: &Config,
    inbox: &Inbox,
    routes: Vec<Route>,
    follower: Option<&Follower>,
    shutdown: &CancellationToken,
) {
    if let Some(follower) = follower {
        let (machine, addresses) = (&config.instance.machine, fleet::addresses(config));
        tokio::join!(
            follower.run(machine, addresses, shutdown.clone()),
            keep_placed(inbox, routes, follower, shutdown)
        );
    }
}

/// Brings the inbox's routes in step with the groups that there are, whenever those change.
async fn keep_placed(
    inbox: &Inbox,
    routes: Vec<Route>,
    follower: &Follower,
    shutdown: &CancellationToken,
) {
    let mut known = follower.known();
    loop {
        known.mark_unchanged();
        while let Err(error) = inbox.set_routes(placed(routes.clone(), follower)).await {
            tracing::error!(%error, "the groups of nodes could not be stored; trying again");
            if !pause(RETRY, shutdown).await {
                return;
            }
        }
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            changed = known.changed() => if changed.is_err() { return },
        }
    }
}

/// What serving comes to. It ends the announcement, which a full disk may not take for as long as it is full.
async fn served<T>(serving: impl Future<Output = T>, announcing: impl Future<Output = ()>) -> T {
    tokio::pin!(serving);
    tokio::select! {
        served = &mut serving => served,
        () = announcing => serving.await,
    }
}

fn listen(handed: Option<TcpListener>, at: SocketAddr) -> Listen {
    handed.map_or(Listen::At(at), Listen::On)
}

fn trusted(config: &Config) -> TrustedProxies {
    TrustedProxies {
        networks: config.edge.trusted_proxies.clone(),
        header: config.edge.trusted_header.of_the_edge(),
    }
}

/// The certificates of the public listener.
pub(crate) fn certificates(config: &Config) -> Vec<CertificateFiles> {
    let files = config.edge.tls.iter();
    let files = files.map(|tls| CertificateFiles {
        name: tls.name.clone(),
        cert: tls.cert.clone(),
        key: tls.key.clone(),
    });
    files.collect()
}
