//! What every task of the host shares.

use super::connection::Connection;
use super::topology::Topology;
use crate::backfill::Paces;
use crate::env::Env;
use crate::event::{Event, What};
use crate::inbox::EdgeInbox;
use crate::job::{Lags, Talks};
use crate::metrics::Metrics;
use crate::node::{GateChanges, Node, NodeConfig};
use crate::ownership::Permit;
use crate::parents::Appeared;
use crate::rests::Rests;
use crate::rules::RulesFactory;
use crate::safe::SafeMarks;
use crate::scheduler::{Scheduler, Slot};
use crate::settings::HostSettings;
use crate::sweep::{Asked, Quiet};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, RwLock};
use std::time::Duration;
use tokio::sync::{Notify, broadcast, watch};
use tokio::time::Instant;
use twinline_core::names::{ConnectionName, LinkId, NodeName};
use twinline_core::time::Timestamp;
use twinline_store::StoreError;
use twinline_store::central::ReplicationStatus;
use twinline_store::host::{HostRead, HostStore};
use twinline_store::inbox::InboxPlace;
use twinline_trackers::Scope;

/// Ties a span, before it is entered, to the trace that a `traceparent` (W3C Trace Context) names.
pub type AdoptTrace = fn(&tracing::Span, &str);

pub(crate) struct Inner {
    pub(crate) env: Env,
    pub(crate) settings: HostSettings,
    pub(crate) store: HostStore,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) scheduler: Scheduler,
    pub(crate) edges: Vec<Arc<dyn EdgeInbox>>,
    pub(crate) factory: Arc<dyn RulesFactory>,
    pub(super) adopt_trace: AdoptTrace,
    pub(super) permit: Permit,
    /// Whether a delivery of a node that is not here must wait.
    pub(crate) has_whole_group: bool,
    /// Sweeps that are to run now.
    pub(crate) sweeps_asked: Asked,
    /// Webhooks that were registered, and are gone or switched off.
    lost_webhooks: Mutex<BTreeSet<(NodeName, Scope)>>,
    /// Rung when nodes or connections have changed.
    pub(crate) topology_changed: Notify,
    /// Rung when a backfill or another long job was made or changed.
    pub(crate) jobs_changed: Notify,
    /// When this process began: an attempt without an outcome from before may have been sent until then.
    pub(crate) started: Timestamp,
    pub(super) topology: RwLock<Topology>,
    /// The connections that the breaker holds, as the store remembers them.
    held: Mutex<BTreeSet<ConnectionName>>,
    /// Held by whoever puts rules in force, from the store's step to the memory's.
    pub(crate) publishing: tokio::sync::Mutex<()>,
    pub(crate) safe: Arc<SafeMarks>,
    /// Where the host's state is replicated: how far.
    pub(super) replica: OnceLock<watch::Receiver<ReplicationStatus>>,
    pub(crate) rests: Rests,
    pub(crate) paces: Paces,
    /// Comments that jobs leave to the next ones.
    pub(crate) talks: Talks,
    /// Looks that follow from lists that lag.
    pub(crate) lags: Lags,
    /// What sweeps have read that found no change, until it is stored.
    pub(crate) quiet: Quiet,
    /// Clusters that twins may have waited for.
    pub(crate) parents: Appeared,
    pub(super) gates: Arc<GateChanges>,
    /// When each group of sleeping twins was last woken.
    woken: Mutex<BTreeMap<(ConnectionName, String), Instant>>,
    events: broadcast::Sender<Event>,
}

impl Inner {
    pub(super) fn new(
        env: Env,
        settings: HostSettings,
        store: HostStore,
        edges: Vec<Arc<dyn EdgeInbox>>,
        factory: Arc<dyn RulesFactory>,
    ) -> Self {
        let wake = Arc::new(Notify::new());
        Self {
            started: env.now(),
            scheduler: Scheduler::new(
                settings.backfill_share,
                settings.queued_max,
                Arc::clone(&wake),
            ),
            gates: Arc::new(GateChanges::new(wake)),
            events: broadcast::Sender::new(settings.events_max),
            metrics: Arc::default(),
            sweeps_asked: Asked::default(),
            lost_webhooks: Mutex::default(),
            topology_changed: Notify::new(),
            jobs_changed: Notify::new(),
            topology: RwLock::default(),
            held: Mutex::default(),
            woken: Mutex::default(),
            publishing: tokio::sync::Mutex::default(),
            safe: Arc::default(),
            replica: OnceLock::new(),
            paces: Paces::default(),
            talks: Talks::default(),
            lags: Lags::default(),
            quiet: Quiet::default(),
            parents: Appeared::default(),
            rests: Rests::default(),
            env,
            settings,
            store,
            edges,
            factory,
            adopt_trace: |_, _| {},
            permit: Permit::always(),
            has_whole_group: false,
        }
    }

    /// Deliveries of an edge up to here are safe: processed, and where the state is replicated the replica has it too.
    pub(crate) fn safe_to(&self, edge: &str) -> InboxPlace {
        let mut to = self.safe.watermark(edge);
        if let Some(replica) = self.replica.get() {
            let replicated = replica.borrow().safe.get(&to.inbox).copied();
            to.seq = to.seq.min(replicated.unwrap_or(0));
        }
        to
    }

    /// Resolves when the replica has got further; never without one.
    pub(crate) async fn replica_moved(&self) {
        if let Some(replica) = self.replica.get() {
            let mut replica = replica.clone();
            // Everything before this call was read by the caller, or is read after the next period.
            replica.mark_unchanged();
            if replica.changed().await.is_ok() {
                return;
            }
        }
        std::future::pending().await
    }

    /// Makes a span that nobody has entered yet part of the trace that a `traceparent` names.
    pub(crate) fn adopt_trace(&self, span: &tracing::Span, traceparent: Option<&str>) {
        if let Some(traceparent) = traceparent {
            (self.adopt_trace)(span, traceparent);
        }
    }

    pub(super) fn add_node(&self, config: NodeConfig) {
        let node = Node::new(
            config,
            &self.settings,
            self.env.clone(),
            Arc::clone(&self.gates),
            Arc::clone(&self.metrics),
            self.permit.clone(),
        );
        self.change_topology(|topology| topology.add_node(Arc::new(node)));
    }

    pub(super) fn change_topology<T>(&self, change: impl FnOnce(&mut Topology) -> T) -> T {
        let (changed, nodes) = {
            let mut topology = self
                .topology
                .write()
                .expect("no code panics with this lock");
            (change(&mut topology), topology.nodes.len())
        };
        self.scheduler.divide(nodes);
        self.rests.forget();
        self.topology_changed.notify_one();
        self.scheduler.ring();
        changed
    }

    fn look<T>(&self, look: impl FnOnce(&Topology) -> T) -> T {
        look(&self.topology.read().expect("no code panics with this lock"))
    }

    pub(crate) fn node(&self, name: &NodeName) -> Option<Arc<Node>> {
        self.look(|topology| topology.nodes.get(name).cloned())
    }

    pub(crate) fn nodes_now(&self) -> BTreeMap<NodeName, Arc<Node>> {
        self.look(|topology| topology.nodes.clone())
    }

    /// Rises with every change of nodes; connections come and go without it.
    pub(crate) fn nodes_generation(&self) -> u64 {
        self.look(|topology| topology.nodes_generation)
    }

    /// Rises with every change of connections.
    pub(crate) fn connections_generation(&self) -> u64 {
        self.look(|topology| topology.connections_generation)
    }

    /// A webhook that was registered is gone, or switched off.
    pub(crate) fn lose_webhook(&self, node: &NodeName, scope: &Scope) {
        let mut lost = self.lock_lost_webhooks();
        lost.insert((node.clone(), scope.clone()));
    }

    pub(super) fn take_lost_webhooks(&self) -> BTreeSet<(NodeName, Scope)> {
        std::mem::take(&mut *self.lock_lost_webhooks())
    }

    fn lock_lost_webhooks(&self) -> MutexGuard<'_, BTreeSet<(NodeName, Scope)>> {
        self.lost_webhooks
            .lock()
            .expect("no code panics with this lock")
    }

    pub(crate) fn connection(&self, name: &ConnectionName) -> Option<Arc<Connection>> {
        self.look(|topology| topology.connections.get(name).cloned())
    }

    /// A connection, if the version in force is the one at work here. Else it stands still, or whoever publishes has yet
    /// to take the new version into memory: what is begun for it waits.
    pub(crate) fn connection_in_force(
        &self,
        read: &HostRead<'_>,
        name: &ConnectionName,
    ) -> Result<Option<Arc<Connection>>, StoreError> {
        let active = read.active_rule_version(name)?;
        let at_work = self.connection(name);
        Ok(at_work.filter(|connection| active == Some(connection.contract().version)))
    }

    pub(crate) fn connections_now(&self) -> Vec<Arc<Connection>> {
        self.look(|topology| topology.connections.values().cloned().collect())
    }

    /// The connections in which a node takes part.
    pub(crate) fn connections_of(&self, node: &NodeName) -> Vec<Arc<Connection>> {
        self.look(|topology| topology.of_node(node))
    }

    /// The scopes that a node's sweeps cover: those of its connections.
    pub(crate) fn scopes_of(&self, node: &NodeName) -> BTreeSet<Scope> {
        let connections = self.connections_of(node);
        let scopes = connections.iter().flat_map(|connection| {
            let sides = connection.sides_of(node);
            sides.map(|side| connection.contract().scopes.get(side).clone())
        });
        scopes.collect()
    }

    /// A node and those that share a connection with it.
    pub(crate) fn with_peers(&self, node: &NodeName) -> BTreeSet<NodeName> {
        let connections = self.connections_of(node);
        let nodes = connections.iter().flat_map(|connection| {
            let nodes = &connection.contract().nodes;
            [nodes.left.clone(), nodes.right.clone()]
        });
        nodes.chain([node.clone()]).collect()
    }

    /// The nodes that the work of a slot uses, if it may start: their gates are open, and its connection is at work and not
    /// held. What a connection that stands still (a node is missing, its rules cannot be built) was told waits for it: no
    /// later sweep could tell that an item was deleted.
    pub(crate) fn if_open(&self, slot: &Slot) -> Option<Vec<NodeName>> {
        if let Slot::Connection(name) = slot
            && (self.connection(name).is_none() || self.is_held(name))
        {
            return None;
        }
        let nodes = self.look(|topology| topology.nodes_of(slot));
        let open = nodes.iter().all(|node| node.is_open());
        open.then(|| nodes.iter().map(|node| node.name().clone()).collect())
    }

    pub(crate) fn is_held(&self, connection: &ConnectionName) -> bool {
        self.held
            .lock()
            .expect("no code panics with this lock")
            .contains(connection)
    }

    pub(crate) fn set_held(&self, connection: &ConnectionName, held: bool) {
        let mut all = self.held.lock().expect("no code panics with this lock");
        if held {
            all.insert(connection.clone());
        } else {
            all.remove(connection);
        }
    }

    /// Holds or lets go of a connection as the store has it: called after every step that may have changed that, also one
    /// that has failed. Asked in the order of the writer, so that the last to ask has the last word.
    pub(crate) async fn follow_hold(self: &Arc<Self>, connection: &ConnectionName) {
        let (shared, name) = (Arc::clone(self), connection.clone());
        let followed = self.store.write(move |tx| {
            let hold = tx.connection_hold(&name)?;
            shared.set_held(&name, hold.is_some_and(|hold| hold.held.is_some()));
            Ok(())
        });
        if let Err(error) = followed.await {
            tracing::error!(%connection, %error, "whether it is held could not be read");
        }
    }

    /// Whether a twin is the first of its group to wake: it wakes the others, and they, as they wake, nobody.
    pub(crate) fn first_to_wake(&self, connection: &ConnectionName, why: &str) -> bool {
        const AGAIN_AFTER: Duration = Duration::from_secs(30);
        let now = Instant::now();
        let mut woken = self.woken.lock().expect("no code panics with this lock");
        woken.retain(|_, at| *at + AGAIN_AFTER > now);
        let group = (connection.clone(), why.to_owned());
        if woken.contains_key(&group) {
            return false;
        }
        woken.insert(group, now);
        true
    }

    pub(crate) fn take_changed_gates(&self) -> BTreeSet<NodeName> {
        self.gates.take()
    }

    /// Tells everyone who listens; nobody has to.
    pub(crate) fn tell(&self, connection: &ConnectionName, link: &LinkId, what: What) {
        let event = Event {
            at: self.env.now(),
            connection: connection.clone(),
            link: link.clone(),
            what,
        };
        tracing::info!(target: "twinline::events", %event);
        if self.events.receiver_count() > 0 {
            // Fails only when the last listener has just gone.
            drop(self.events.send(event));
        }
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }
}
