//! The mapper: where every node is, from a snapshot that is always here.
//!
//! Its source (the configuration on one machine, the central database in a fleet) is read behind requests, never in
//! one. While the source is gone, and after a restart without it, the last snapshot answers for every node in it exactly as
//! before; only its age, a metric, grows.
//!
//! What it does not prove for ever is that there is *no* node of some name: that ends [`PROOF_MAX`] after the source was read,
//! since one may have been published meanwhile. Who asks for an unknown name is asked to come later then. A host relies on it:
//! when it registers a webhook though an edge does not answer it, that edge has either heard of the node or proves nothing.

mod directory;

pub use directory::{Directory, HostPlace, NodePlace};

use crate::Shared;
use crate::answer::Answer;
use crate::problem;
use async_trait::async_trait;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use twinline_core::handles::Clock;
use twinline_core::names::NodeName;
use twinline_core::time::Timestamp;
use twinline_store::GroupId;

/// From one reading of the source to the next.
const PERIOD: Duration = Duration::from_secs(1);
/// A snapshot that says the same is written anew after this, so that its age on disk is right to a minute.
const WRITE_AGAIN: Duration = Duration::from_secs(60);
/// The first reading may take so long before the snapshot on disk is taken instead.
const FIRST_READING_MAX: Duration = Duration::from_secs(2);
/// A directory proves for so long that there is no node that is not in it, from when the reading of its source began.
pub const PROOF_MAX: Duration = Duration::from_secs(15);
/// The version of `POST /hooks/{node}` that this edge speaks.
const WEBHOOK_PROTOCOL: u32 = 1;

/// Where the directory comes from. Read by one task, one reading at a time.
#[async_trait]
pub trait DirectorySource: Send + Sync {
    /// The directory as it is now, or why it cannot be told.
    async fn read(&self) -> Result<Directory, String>;
}

/// What the mapper is told at its start.
#[derive(Clone)]
pub struct MapperSettings {
    /// Where the directory comes from.
    pub source: Arc<dyn DirectorySource>,
    /// What the source has said already; `None`: it is asked when the edge begins.
    pub first: Option<Reading>,
    /// The file that the snapshot survives in.
    pub snapshot: PathBuf,
    /// Where others reach this edge: `https://sync.acme.example`. Without it, the address that it listens on.
    pub public_url: Option<String>,
}

/// One reading of the source.
#[derive(Clone, Debug)]
pub struct Reading {
    /// When it began: what it says is proven from then on, however much later it is taken.
    began: Instant,
    /// What the source said, or why it could not.
    said: Result<Directory, String>,
}

impl MapperSettings {
    /// Asks the source now, so that the edge need not wait for it when it begins.
    pub async fn read_ahead(&mut self) {
        self.first = Some(self.read().await);
    }

    async fn read(&self) -> Reading {
        let began = Instant::now();
        let first = tokio::time::timeout(FIRST_READING_MAX, self.source.read()).await;
        let said = first.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        Reading { began, said }
    }
}

/// The directory as it is known now.
pub(crate) struct Mapper {
    settings: MapperSettings,
    endpoint: String,
    clock: Arc<dyn Clock>,
    known: RwLock<Option<Known>>,
}

/// A directory with what follows from it.
#[derive(Clone)]
struct Known {
    directory: Arc<Directory>,
    domains: Arc<BTreeSet<String>>,
    /// When the reading began that it comes from; `None`: another process read it.
    began: Option<Instant>,
}

impl Known {
    fn new(directory: Arc<Directory>, began: Option<Instant>) -> Self {
        let domains = Arc::new(directory.domains());
        Self {
            directory,
            domains,
            began,
        }
    }

    /// Whether a node that is not in it does not exist, now. By both clocks: the one that runs while the machine sleeps may be
    /// set back.
    fn proves(&self, now: Timestamp) -> bool {
        let is_fresh = self.began.is_some_and(|at| at.elapsed() <= PROOF_MAX);
        is_fresh && self.directory.complete && now.since(self.directory.read_at) <= PROOF_MAX
    }
}

impl Mapper {
    /// Reads the source, else the snapshot, so that the first request finds a directory. `here` is the edge's own address.
    pub(crate) async fn open(
        mut settings: MapperSettings,
        here: String,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let endpoint = settings.public_url.clone().unwrap_or(here);
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        let first = match settings.first.take() {
            Some(first) => first,
            None => settings.read().await,
        };
        let known = match first.said {
            Ok(directory) => Some((directory, Some(first.began))),
            Err(error) => last(&settings, &error).map(|last| (last, None)),
        };
        let known = known.map(|(directory, began)| Known::new(Arc::new(directory), began));
        Self {
            settings,
            endpoint,
            clock,
            known: RwLock::new(known),
        }
    }

    pub(crate) fn known(&self) -> Option<Arc<Directory>> {
        let known = self.known.read().expect("nothing panics with it");
        known.as_ref().map(|known| Arc::clone(&known.directory))
    }

    /// The domains of nodes that are reached by TLS.
    pub(crate) fn domains(&self) -> Arc<BTreeSet<String>> {
        let known = self.known.read().expect("nothing panics with it");
        known
            .as_ref()
            .map(|known| Arc::clone(&known.domains))
            .unwrap_or_default()
    }

    /// What the source said when it was read from `began` on. `changed`: it is not what it said before.
    fn take(&self, directory: &Arc<Directory>, changed: bool, began: Instant) {
        let mut known = self.known.write().expect("nothing panics with it");
        match known.as_mut().filter(|_| !changed) {
            Some(known) => {
                known.directory = Arc::clone(directory);
                known.began = Some(began);
            }
            None => *known = Some(Known::new(Arc::clone(directory), Some(began))),
        }
    }

    /// Whether there is provably no such node.
    pub(crate) fn proves_absent(&self, node: &str) -> bool {
        let known = self.known.read().expect("nothing panics with it");
        known.as_ref().is_some_and(|known| {
            let Directory {
                nodes, unrouted, ..
            } = &*known.directory;
            let is_named = nodes.contains_key(node) || unrouted.contains_key(node);
            !is_named && known.proves(self.clock.now())
        })
    }

    /// A node that there is and that this edge has no route to, with its group.
    pub(crate) fn unrouted(&self, node: &str) -> Option<(NodeName, GroupId)> {
        let known = self.known()?;
        let (node, group) = known.unrouted.get_key_value(node)?;
        Some((node.clone(), group.clone()))
    }

    /// The nodes of a group that this edge has no route to.
    pub(crate) fn unrouted_of(&self, group: &GroupId) -> Vec<NodeName> {
        let known = self.known();
        let all = known.iter().flat_map(|known| &known.unrouted);
        let own = all.filter(|(_, of)| *of == group);
        own.map(|(node, _)| node.clone()).collect()
    }

    /// The host that has the node.
    pub(crate) fn host_of(&self, node: &str) -> Option<String> {
        Some(self.known()?.nodes.get(node)?.host.clone())
    }

    /// How long ago the source was read; `None`: never.
    pub(crate) fn age(&self) -> Option<Duration> {
        Some(self.clock.now().since(self.known()?.read_at))
    }
}

fn last(settings: &MapperSettings, error: &str) -> Option<Directory> {
    let file = settings.snapshot.display();
    match Directory::load(&settings.snapshot) {
        Ok(Some(found)) => {
            tracing::warn!(error, %file, "the directory's source cannot be read: going on with the snapshot");
            Some(found)
        }
        Ok(None) => {
            tracing::error!(
                error,
                "the directory's source cannot be read, and there is no snapshot yet"
            );
            None
        }
        Err(broken) => {
            tracing::error!(error, %file, %broken, "neither the directory's source nor its snapshot can be read");
            None
        }
    }
}

/// `GET /.well-known/twinline/{node}`.
pub(crate) fn answer(mapper: &Mapper, node: &str) -> Response<Answer> {
    let known = mapper.known();
    let Some(place) = known.as_ref().and_then(|known| known.nodes.get(node)) else {
        return if mapper.proves_absent(node) {
            let detail = "no node of this name is known here";
            problem::answer(StatusCode::NOT_FOUND, "no such node", detail)
        } else {
            let detail = "it is not known yet whether there is such a node";
            problem::later(StatusCode::SERVICE_UNAVAILABLE, detail, 2)
        };
    };
    let own = place
        .public_url
        .as_deref()
        .map(|url| url.trim_end_matches('/'));
    let endpoint = own.unwrap_or(&mapper.endpoint);
    let document = json!({
        "node": node,
        "endpoint": format!("{endpoint}/hooks/{node}"),
        // No peer protocol is spoken yet, so there is no public key either (docs/adr/0063).
        "protocols": { "webhook": [WEBHOOK_PROTOCOL], "peer": [] },
    });
    let mut answer = Response::new(Answer::from(document.to_string()));
    let kind = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    let keep = HeaderValue::from_static("public, max-age=60");
    answer.headers_mut().insert(header::CACHE_CONTROL, keep);
    answer
}

/// Keeps the directory fresh until `shutdown`.
pub(crate) async fn run(shared: Arc<Shared>, shutdown: CancellationToken) {
    let mut keeper = Keeper {
        shared,
        is_failing: false,
        written: None,
        writing: None,
        uncertified: BTreeSet::new(),
        unrouted: BTreeMap::new(),
    };
    let mut period = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            _ = period.tick() => {}
        }
        let source = Arc::clone(&keeper.shared.mapper.settings.source);
        let began = Instant::now();
        // A source that hangs is waited for: a second reading beside it would only pile up.
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            read = source.read() => keeper.take(read, began),
        }
    }
}

struct Keeper {
    shared: Arc<Shared>,
    is_failing: bool,
    /// When the file was last written.
    written: Option<Instant>,
    writing: Option<JoinHandle<()>>,
    /// The domains that were told of.
    uncertified: BTreeSet<String>,
    /// The nodes that were told of.
    unrouted: BTreeMap<NodeName, GroupId>,
}

impl Keeper {
    fn take(&mut self, read: Result<Directory, String>, began: Instant) {
        let mapper = &self.shared.mapper;
        let fresh = match read {
            Ok(fresh) => fresh,
            Err(error) => {
                if !self.is_failing {
                    tracing::warn!(
                        error,
                        "the directory's source cannot be read: its snapshot goes on"
                    );
                }
                self.is_failing = true;
                return;
            }
        };
        if self.is_failing {
            tracing::info!("the directory's source can be read again");
        }
        self.is_failing = false;
        let fresh = Arc::new(fresh);
        let changed = mapper.known().is_none_or(|known| !known.says_as(&fresh));
        mapper.take(&fresh, changed, began);
        if changed {
            self.shared.proxy.update(&fresh, &self.shared.metrics);
        }
        self.tell_uncertified();
        self.tell_unrouted(&fresh);
        let is_due = self.written.is_none_or(|at| at.elapsed() >= WRITE_AGAIN);
        if changed || is_due {
            self.write(fresh);
        }
    }

    /// Says once which domains of nodes no certificate is here for.
    fn tell_uncertified(&mut self) {
        let uncertified = self.shared.uncertified();
        let mut fresh = uncertified.difference(&self.uncertified).peekable();
        if fresh.peek().is_some() {
            let domains = fresh.map(String::as_str).collect::<Vec<_>>().join(", ");
            tracing::error!(
                domains,
                "nodes have domains that no certificate is here for: whoever asks for them is refused"
            );
        }
        self.uncertified = uncertified;
    }

    /// Says once which nodes there are that deliveries cannot be taken for here.
    fn tell_unrouted(&mut self, fresh: &Directory) {
        if self.unrouted == fresh.unrouted {
            return;
        }
        self.unrouted.clone_from(&fresh.unrouted);
        let nodes: Vec<&str> = self.unrouted.keys().map(NodeName::as_str).collect();
        if nodes.is_empty() {
            tracing::info!("this edge has a route to every node that there is");
        } else {
            tracing::error!(
                nodes = nodes.join(", "),
                "there are nodes that the configuration of this edge lacks: their trackers are asked to come later until another \
                 edge begins with one that has them"
            );
        }
    }

    /// Behind requests and one at a time: on a disk that hangs, writes must not pile up.
    fn write(&mut self, fresh: Arc<Directory>) {
        if self
            .writing
            .as_ref()
            .is_some_and(|writing| !writing.is_finished())
        {
            self.written = None;
            return;
        }
        self.written = Some(Instant::now());
        let path = self.shared.mapper.settings.snapshot.clone();
        self.writing = Some(tokio::task::spawn_blocking(move || {
            if let Err(error) = fresh.store(&path) {
                tracing::warn!(%error, file = %path.display(), "the directory's snapshot cannot be written");
            }
        }));
    }
}

#[cfg(test)]
mod tests;
