//! What is made of a configuration: the ways to people, the probes, and what the driver is told.

use super::announced::Announced;
use super::channels::Channels;
use super::probes::{self, Parts};
use super::{outside, queues};
use crate::config::Config;
use crate::fleet;
use crate::handles::SystemClock;
use anyhow::{Context as _, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use twinline_core::watch::subscription::Address;
use twinline_store::central::CentralClient;
use twinline_trackers::http::{Secret, SystemNames, Trust};
use twinline_watch::channel::{Addresses, Deadlines, Outside};
use twinline_watch::driver::{Setup, Tenant, TenantNode};
use twinline_watch::ping::OutsidePing;
use twinline_watch::probe::{Accounts, Beat, Probe, Web};
use twinline_watch::queue::{Looks, Queue};
use twinline_watch::subscription::{Hooks, Links, Post};

/// A look-up of a name takes no longer.
const LOOKUP_MAX: Duration = Duration::from_secs(3);
/// A connection to a channel is made within this.
const CONNECT_MAX: Duration = Duration::from_secs(4);

/// What outlives a configuration.
pub(super) struct Lasting {
    pub(super) announced: Announced,
    /// What was told of nodes' changes.
    pub(super) accounts: Accounts,
    pub(super) addresses: Addresses,
    pub(super) trust: Trust,
    pub(super) token: Secret,
    /// Why the token is not the fleet's, when it is not.
    pub(super) keyless: Option<String>,
    pub(super) supervisor: Option<u32>,
    /// When it has last said that it works, where it does.
    pub(super) beat: Option<Beat>,
    /// The folder of what is known of queues of tickets.
    pub(super) queues: PathBuf,
    /// When each of them was read last.
    pub(super) looks: Looks,
}

/// What one configuration comes to.
pub(super) struct Built {
    pub(super) setup: Setup,
    pub(super) probes: Vec<Probe>,
    /// By what other processes are asked.
    pub(super) web: Arc<Web>,
    /// The other machines' watches.
    pub(super) peers: Vec<(String, SocketAddr)>,
    /// How subscribers are told, where they are.
    pub(super) post: Option<Arc<Post>>,
    /// Where tickets come in.
    pub(super) queues: Vec<Queue>,
    /// Kept for its canary.
    pub(super) central: Option<CentralClient>,
    /// The dead man's switch outside.
    pub(super) ping: Option<OutsidePing>,
    /// What other monitoring shows.
    pub(super) inbound: Option<Secret>,
    /// What could not be made, each in one sentence. All the rest was.
    pub(super) faults: Vec<String>,
}

/// Addresses of channels are looked up anew each time, beginning with what was known before a restart.
pub(super) fn addresses(known: BTreeMap<String, Vec<IpAddr>>) -> Addresses {
    Addresses::new(Arc::new(SystemNames), LOOKUP_MAX, known)
}

impl Built {
    /// What a secret is missing for is left out, and told among the faults: all else is watched as ever.
    ///
    /// # Errors
    /// An HTTP client cannot be made.
    pub(super) fn new(file: &Path, config: &Config, lasting: &Lasting) -> Result<Self> {
        let mut faults: Vec<String> = lasting.keyless.iter().cloned().collect();
        let central = found(central(file, config), &mut faults);
        let ping = found(outside::ping(file, config, lasting), &mut faults);
        let inbound = found(inbound(file, config), &mut faults);
        let built = probes::build(&Parts {
            config,
            announced: &lasting.announced,
            accounts: &lasting.accounts,
            token: lasting.token.clone(),
            supervisor: lasting.supervisor,
            beat: lasting.beat.clone(),
            central: central.as_ref(),
        })?;
        let ways = ways(config, lasting)?;
        let channels = Channels::build(file, config, &lasting.trust, &ways);
        let unusable = channels.unusable.iter();
        faults.extend(unusable.map(|(name, why)| format!("channel {name} cannot be used: {why}")));
        let post = post(config, lasting, &channels, &mut faults)?;
        let tenants = tenants(file, config, &mut faults);
        let queues = queues::queues(file, config, lasting, &mut faults);
        let probes::Built {
            probes,
            population,
            web,
            peers,
        } = built;
        let setup = Setup {
            instance: config.instance.name.clone(),
            machine: config.instance.machine.clone(),
            roster: config.watch.roster(),
            incidents: config.watch.incidents(),
            page: config.status.page(population),
            name: (config.status.name.clone()).unwrap_or_else(|| config.instance.name.clone()),
            time_zone: config.status.time_zone.clone(),
            public_url: config.watch.public_url.clone(),
            channels: channels.usable,
            unusable: channels.unusable,
            changes: config.watch.changes.settings(),
            watched: probes.iter().flat_map(Probe::watched).collect(),
            tenants,
        };
        Ok(Self {
            setup,
            probes,
            web,
            peers,
            queues,
            post,
            central,
            ping,
            inbound,
            faults,
        })
    }
}

/// How subscribers are told. A channel that cannot be used is told of as every other one: then nobody can subscribe by it.
fn post(
    config: &Config,
    lasting: &Lasting,
    channels: &Channels,
    faults: &mut Vec<String>,
) -> Result<Option<Arc<Post>>> {
    let Config { status, watch, .. } = config;
    let Some(public_url) = &watch.public_url else {
        return Ok(None);
    };
    let mail = status.mail.as_ref();
    let mail = mail.and_then(|name| channels.usable.get(name)).cloned();
    let hooks = found(hooks(config, lasting), faults);
    if mail.is_none() && hooks.is_none() {
        return Ok(None);
    }
    let links = Links::new([lasting.token.expose().as_bytes()])?;
    Ok(Some(Arc::new(Post {
        mail,
        hooks,
        links: Arc::new(links),
        public_url: public_url.clone(),
        name: (status.name.clone()).unwrap_or_else(|| config.instance.name.clone()),
        time_zone: status.time_zone.clone(),
        administrators: administrators(config),
    })))
}

/// Who shares the installation. Without a token that can be read, reports that show it are refused meanwhile.
fn tenants(file: &Path, config: &Config, faults: &mut Vec<String>) -> BTreeMap<String, Tenant> {
    let base = file.parent().unwrap_or(Path::new(""));
    let mut tenants: BTreeMap<String, Tenant> = BTreeMap::new();
    for (name, workspace) in &config.workspaces {
        let tenant = tenants.entry(name.clone()).or_default();
        let token = workspace.report_token.as_ref();
        let token = token.map(|token| token.read(base, &format!("workspaces.{name}.report_token")));
        let token = token.transpose();
        let token = token.with_context(|| format!("reports of workspace {name} are refused"));
        tenant.token = found(token, faults).map(|token| Tenant::digest(token.expose()));
    }
    for (node, known) in &config.nodes {
        let tenant = tenants.entry(known.workspace.clone()).or_default();
        tenant.nodes.push(TenantNode {
            node: node.clone(),
            tracker: known.tracker.clone(),
        });
    }
    tenants
}

/// Who is told unless they say no.
fn administrators(config: &Config) -> BTreeMap<String, BTreeSet<Address>> {
    let workspaces = config.workspaces.iter();
    let named = workspaces.map(|(name, it)| (name.clone(), it.admins.iter().cloned().collect()));
    named.collect()
}

/// Webhooks of subscribers, where they are offered.
fn hooks(config: &Config, lasting: &Lasting) -> Result<Option<Arc<Hooks>>> {
    let settings = &config.status.webhooks;
    if !settings.enabled {
        return Ok(None);
    }
    let keys = [lasting.token.expose().as_bytes()];
    let allowed = settings.allow_private.clone();
    let hooks = Hooks::new(&lasting.trust, allowed, settings.plain, keys)?;
    Ok(Some(Arc::new(hooks)))
}

/// A client of watch's own, with a canary of its own: what a host finds is not what is relied on.
fn central(file: &Path, config: &Config) -> Result<Option<CentralClient>> {
    if config.central.is_none() {
        return Ok(None);
    }
    let mut own = config.clone();
    own.instance.machine = format!("{}/watch", config.instance.machine);
    if let Some(central) = &mut own.central {
        // It reads and writes nothing but what proves its pools.
        central.pools.replicate = 1;
        central.pools.read = 1;
        central.pools.probe = 1;
    }
    let client = fleet::proof(file, &own);
    client
        .map(Some)
        .context("the central database is not watched")
}

/// What there is, if it can be made; otherwise why not is among the faults.
fn found<T>(made: Result<Option<T>>, faults: &mut Vec<String>) -> Option<T> {
    made.unwrap_or_else(|error| {
        faults.push(format!("{error:#}"));
        None
    })
}

/// What other monitoring shows.
fn inbound(file: &Path, config: &Config) -> Result<Option<Secret>> {
    let base = file.parent().unwrap_or(Path::new(""));
    let token = config.watch.inbound_token.as_ref();
    let token = token.map(|token| token.read(base, "watch.inbound_token"));
    token.transpose().context("other monitoring is not heard")
}

/// What channels reach the outside by.
fn ways(config: &Config, lasting: &Lasting) -> Result<Outside> {
    let whole = Duration::from_secs(config.watch.limits.channel_deadline_s);
    let deadlines = Deadlines {
        connect: CONNECT_MAX.min(whole),
        step: whole,
        whole,
    };
    let addresses = lasting.addresses.clone();
    Outside::new(&lasting.trust, addresses, Arc::new(SystemClock), deadlines)
        .context("preparing the ways to people")
}
