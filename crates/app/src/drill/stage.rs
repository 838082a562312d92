//! Everything that a drill runs on. Dropping it ends and removes all of it.

use super::account::Account;
use super::book::Book;
use super::catalogue::{Rooted, Spec};
use super::config::{Database, Setting};
use super::disk::SmallDisk;
use super::incident::{Pages, Watch, WatchSetting, Watched};
use super::load::Load;
use super::machines::Machines;
use super::network::VanishingAddress;
use super::relay::Relay;
use super::trackers::Trackers;
use super::watch::Looks;
use crate::exit::{Coded, NOT_HERE};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::spawn_blocking;
use twinline_sim::etcd::Etcd;
use twinline_sim::patroni::{Patroni, PatroniError};
use twinline_sim::postgres::Postgres;
use twinline_sim::watchman::Watchman;

/// Pairs of nodes, each with a connection of its own.
pub(super) const CONNECTIONS: usize = 10;
/// Machines of the fleet.
pub(super) const MACHINES: usize = 2;
/// Senders of webhooks give up after this, as GitHub does.
pub(super) const GIVE_UP: Duration = Duration::from_secs(10);
/// The size of a volume for the database's write-ahead log, and of one for a machine's data.
const LOG_MIB: u32 = 48;
const DATA_MIB: u32 = 512;
/// Unoptimised, the reckoning behind a password keeps a processor busy for a good part of a second, for each connection: a
/// fleet that has lost all of them would be busy with nothing else. It is let in without one then.
const ARE_PASSWORDS_DEAR: bool = cfg!(debug_assertions);
/// The name under which a standby follows.
const STANDBY: &str = "second";

/// See the module. What was started last ends first.
pub(super) struct Stage {
    pub(super) machines: Machines,
    pub(super) relay: Relay,
    pub(super) trackers: Trackers,
    pub(super) book: Arc<Book>,
    pub(super) watched: Option<Watched>,
    /// What the machines say of themselves.
    pub(super) looks: Looks,
    pub(super) account: Arc<Account>,
    pub(super) database: Server,
    pub(super) standby: Option<Arc<Postgres>>,
    cluster: Option<Cluster>,
    _etcd: Option<Etcd>,
    pub(super) disk: Option<Arc<SmallDisk>>,
    pub(super) address: Option<VanishingAddress>,
    _watchman: Watchman,
    _folder: TempDir,
}

/// Ends and removes the rest when this process is killed before it can: the machines end with it by themselves, the
/// database and etcd have watchmen of their own, and nobody could end on a disk that is frozen.
const ENDS: &str = "for at in \"$2/wal\" \"$2/m1/twinline-data\"; do \
                    if mountpoint -q \"$at\"; then fsfreeze --unfreeze \"$at\"; fi; done; \
                    for file in \"$2\"/*.pid; do process=\"$(cat \"$file\")\"; while kill -0 \"$process\"; do sleep 1; done; done; \
                    for at in \"$2/wal\" \"$2/m1/twinline-data\"; do \
                    if mountpoint -q \"$at\"; then umount --lazy \"$at\"; fi; done; \
                    ip link del \"tw$1a\"; rm -rf --one-file-system \"$2\"";

/// A cluster of Patroni's, asked by one at a time.
type Cluster = Arc<Mutex<Patroni>>;

/// The database of a drill whose database is one server, as its spec says; a drill on a cluster asks for none.
#[derive(Default)]
pub(super) struct Server(Option<Arc<Postgres>>);

impl Deref for Server {
    type Target = Arc<Postgres>;

    fn deref(&self) -> &Arc<Postgres> {
        let server = self.0.as_ref();
        server.expect("a fault on a server is made where the spec has no cluster")
    }
}

/// Fails when a program is missing.
pub(super) fn check_programs(spec: &Spec) -> Result<()> {
    let patroni = (
        spec.patroni.is_none() || Patroni::is_installed(),
        "Patroni",
        "patroni python3-etcd",
    );
    let needed = [
        (Postgres::is_installed(), "PostgreSQL", "postgresql"),
        (Etcd::is_installed(), "etcd", "etcd-server"),
        patroni,
    ];
    let missing = needed.into_iter().filter(|(there, _, _)| !there);
    let (names, packages): (Vec<_>, Vec<_>) = missing.map(|(_, name, of)| (name, of)).unzip();
    if names.is_empty() {
        return Ok(());
    }
    let sentence = format!(
        "a drill starts a database of its own, and {} is not installed here (Debian: apt-get install {}; the services \
         that the packages start are not used and can be disabled)",
        names.join(" and "),
        packages.join(" ")
    );
    Err(Coded::new(NOT_HERE, sentence).into())
}

/// Fails when a right is missing.
pub(super) fn check_rights(spec: &Spec) -> Result<()> {
    if spec.rooted.is_none() || rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let sentence = format!(
        "'{}' makes a file system or a network card of its own, which root alone may do: run it as root, on a machine where that is \
         no matter",
        spec.name
    );
    Err(Coded::new(NOT_HERE, sentence).into())
}

/// Runs what blocks.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    spawn_blocking(work).await.context("a task panicked")?
}

impl Stage {
    /// Starts all of it, with `items` on both sides, for a fault that will last so many seconds; answers when they are in
    /// step.
    pub(super) async fn start(
        spec: &Spec,
        items: usize,
        seconds: u64,
        account: &Arc<Account>,
    ) -> Result<(Self, Load)> {
        account.say("starting a PostgreSQL and an etcd");
        let folder = TempDir::with_prefix("twinline-drill-").context("making a folder")?;
        let watchman = Watchman::of(folder.path(), ENDS).context("starting sh")?;
        let disk = small_disk(spec, folder.path())?;
        let is_log = matches!(spec.rooted, Some(Rooted::SmallLog | Rooted::FreezableLog));
        let log = disk.as_ref().filter(|_| is_log);
        let log = log.map(|disk| disk.path().join("log"));
        let address = (spec.rooted == Some(Rooted::Address)).then(VanishingAddress::make);
        let address = address.transpose()?;
        let (wish, at) = (*spec, address.as_ref().map(|one| one.address));
        let Ground {
            at,
            endpoints,
            database,
            standby,
            cluster,
            etcd,
        } = blocking(move || Ground::start(&wish, log.as_deref(), at)).await?;
        account.say(&format!(
            "starting {CONNECTIONS} simulated GitHubs and Jiras each, and {MACHINES} machines with 'twinline up'"
        ));
        let book = Arc::new(Book::new());
        let trackers = Trackers::start(CONNECTIONS, &book).await?;
        let pages = match spec.watched {
            true => Some(Pages::start().await?),
            false => None,
        };
        let watches = pages.as_ref();
        let watches =
            watches.map(|pages| WatchSetting::new(MACHINES, pages.at, seconds, spec.hurried));
        let watches = watches.transpose()?;
        let setting = Setting::new(MACHINES, spec, at, endpoints, trackers.urls(), watches)?;
        let machines = Machines::start(folder.path(), &setting).await?;
        tell_watches(cluster.as_ref(), &setting).await?;
        let relay = relay(&machines, trackers.count()).await?;
        trackers.hook(relay.at)?;
        account.say(&format!(
            "publishing the rules of {CONNECTIONS} connections"
        ));
        machines.apply().await?;
        account.say(&format!("making {items} items, on both sides in turn"));
        let load = Load::seed(&trackers, &book, items).await?;
        let watched = watched(&setting, pages)?;
        if let Some(watched) = &watched {
            account.say("waiting until the watches have found everything well");
            watched.proven().await?;
        }
        let stage = Self {
            machines,
            relay,
            trackers,
            book,
            watched,
            looks: Looks::default(),
            account: Arc::clone(account),
            database,
            standby,
            cluster,
            _etcd: etcd,
            disk: disk.map(Arc::new),
            address,
            _watchman: watchman,
            _folder: folder,
        };
        Ok((stage, load))
    }

    /// The watches and the people, in a drill that has some.
    pub(super) fn watched(&self) -> Result<&Watched> {
        self.watched.as_ref().context("there is no watch")
    }

    /// Does something to the cluster.
    pub(super) async fn on_cluster<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Patroni) -> Result<T, PatroniError> + Send + 'static,
    ) -> Result<T> {
        let cluster = self.cluster.clone().context("there is no cluster")?;
        blocking(move || {
            let mut cluster = cluster.lock().expect("no code panics with this lock");
            Ok(work(&mut cluster)?)
        })
        .await
    }
}

/// What the fleet stands on.
struct Ground {
    at: Database,
    endpoints: Vec<String>,
    database: Server,
    standby: Option<Arc<Postgres>>,
    cluster: Option<Cluster>,
    etcd: Option<Etcd>,
}

impl Ground {
    /// `log`: the folder of the database's write-ahead log, where that is a drill's matter. `at`: its address, likewise.
    fn start(spec: &Spec, log: Option<&Path>, at: Option<Ipv4Addr>) -> Result<Self> {
        if let Some(synchronous) = spec.patroni {
            // One etcd for both, as a fleet should have it.
            let cluster = match ARE_PASSWORDS_DEAR {
                true => Patroni::start_trusting(synchronous)?,
                false => Patroni::start(synchronous)?,
            };
            return Ok(Self {
                at: Database {
                    url: cluster.url(),
                    authority: Some(cluster.authority().to_owned()),
                },
                endpoints: cluster.etcd().endpoints(),
                database: Server::default(),
                standby: None,
                cluster: Some(Arc::new(Mutex::new(cluster))),
                etcd: None,
            });
        }
        let (database, standby) = databases(spec, log, at)?;
        let etcd = Etcd::start(1)?;
        let url = match &standby {
            Some(standby) => database.url_with(standby),
            None => database.url(),
        };
        let url = match at {
            Some(at) => url.replace("127.0.0.1", &at.to_string()),
            None => url,
        };
        let at = Database {
            url,
            authority: None,
        };
        Ok(Self {
            at,
            endpoints: etcd.endpoints(),
            database: Server(Some(database)),
            standby,
            cluster: None,
            etcd: Some(etcd),
        })
    }
}

type Databases = (Arc<Postgres>, Option<Arc<Postgres>>);

/// The watches of the machines, as the drill asks them.
fn watched(setting: &Setting, pages: Option<Pages>) -> Result<Option<Watched>> {
    let Some((pages, all)) = pages.zip(setting.watches.as_ref()) else {
        return Ok(None);
    };
    let names = setting.hosts.iter().map(|(name, _)| name.clone());
    let names: Vec<String> = names.collect();
    let watches = names.iter().zip(&all.at);
    let watches = watches.map(|(name, at)| Watch::new(name.clone(), names.clone(), *at));
    let watches = watches.collect::<Result<_>>()?;
    Ok(Some(Watched { pages, watches }))
}

/// What Patroni does is told to the watches, where there are both.
async fn tell_watches(cluster: Option<&Cluster>, setting: &Setting) -> Result<()> {
    let (Some(cluster), Some(watches)) = (cluster.cloned(), &setting.watches) else {
        return Ok(());
    };
    let (watches, token) = watches.inbound();
    blocking(move || {
        let cluster = cluster.lock().expect("no code panics with this lock");
        Ok(cluster.tells(&watches, token)?)
    })
    .await
}

/// What a drill fills, where it does.
fn small_disk(spec: &Spec, root: &Path) -> Result<Option<SmallDisk>> {
    let Some(rooted) = spec.rooted else {
        return Ok(None);
    };
    let of_database = root.join("wal");
    let of_machine = root.join("m1/twinline-data");
    let disk = match rooted {
        Rooted::Address => return Ok(None),
        Rooted::SmallLog | Rooted::SmallTable => SmallDisk::in_memory(of_database, LOG_MIB)?,
        Rooted::FreezableLog => SmallDisk::in_file(of_database, LOG_MIB)?,
        Rooted::SmallMachine => SmallDisk::in_memory(of_machine, DATA_MIB)?,
    };
    if rooted != Rooted::SmallMachine {
        // The database runs under an account of its own, which comes past our folders.
        let may_pass = Permissions::from_mode(0o755);
        fs::set_permissions(root, may_pass.clone()).context("opening the drill's folder")?;
        fs::set_permissions(disk.path(), may_pass).context("opening the small disk")?;
        fs::create_dir(disk.path().join("log")).context("making the log's folder")?;
    }
    Ok(Some(disk))
}

fn databases(spec: &Spec, log: Option<&Path>, at: Option<Ipv4Addr>) -> Result<Databases> {
    let listens = at.map(|at| format!("127.0.0.1,{at}"));
    let mut settings: Vec<(&str, &str)> = spec.database.to_vec();
    settings.extend(listens.as_deref().map(|at| ("listen_addresses", at)));
    let primary = match log {
        None => Postgres::start(&settings)?,
        Some(log) => Postgres::start_with_log_in(&settings, log)?,
    };
    if ARE_PASSWORDS_DEAR || at.is_some() {
        primary.admit(at.unwrap_or(Ipv4Addr::LOCALHOST), ARE_PASSWORDS_DEAR)?;
    }
    let standby = spec.standby.then(|| primary.standby(STANDBY)).transpose()?;
    if standby.is_some() {
        // What is confirmed is on both, as a fleet should have it.
        primary.set("synchronous_standby_names", STANDBY)?;
    }
    Ok((Arc::new(primary), standby.map(Arc::new)))
}

/// A relay that sends each node's webhooks to one of the edges, always the same.
async fn relay(machines: &Machines, nodes: usize) -> Result<Relay> {
    let edges = machines.edges()?;
    let route: BTreeMap<String, SocketAddr> = (0..nodes)
        .map(|node| (super::trackers::name(node), edges[node / 2 % edges.len()]))
        .collect();
    let first = edges[0];
    Relay::start(
        move |node| route.get(node).copied().unwrap_or(first),
        GIVE_UP,
    )
    .await
}
