//! The host's handle: what the binary builds, runs and asks.

mod connection;
mod inner;
mod topology;

pub(crate) use connection::Connection;
pub use inner::AdoptTrace;
pub(crate) use inner::Inner;

use crate::env::Env;
use crate::event::Event;
use crate::inbox::EdgeInbox;
use crate::metrics::Metrics;
use crate::node::NodeConfig;
use crate::ownership::Permit;
use crate::rules::RulesFactory;
use crate::settings::HostSettings;
use crate::{backfill, parents, pull, relook, scheduler, sweep};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use twinline_core::names::{ConnectionName, NodeName, Side};
use twinline_store::StoreError;
use twinline_store::central::ReplicationStatus;
use twinline_store::host::{HostStore, RuleVersion};
use twinline_store::inbox::InboxId;
use twinline_trackers::{Scope, Subscribed, TrackerError};

/// Builds a [`Host`].
pub struct HostBuilder {
    env: Env,
    store: HostStore,
    factory: Arc<dyn RulesFactory>,
    settings: HostSettings,
    nodes: Vec<NodeConfig>,
    edges: Vec<Arc<dyn EdgeInbox>>,
    adopt_trace: AdoptTrace,
    permit: Permit,
    has_whole_group: bool,
}

impl HostBuilder {
    /// A host on a store, whose rules a factory builds.
    pub fn new(env: Env, store: HostStore, factory: Arc<dyn RulesFactory>) -> Self {
        Self {
            env,
            store,
            factory,
            settings: HostSettings::default(),
            nodes: Vec::new(),
            edges: Vec::new(),
            adopt_trace: |_, _| {},
            permit: Permit::always(),
            has_whole_group: false,
        }
    }

    /// Sets the limits.
    #[must_use]
    pub fn settings(mut self, settings: HostSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Adds a node.
    #[must_use]
    pub fn node(mut self, node: NodeConfig) -> Self {
        self.nodes.push(node);
        self
    }

    /// Adds an edge to pull from.
    #[must_use]
    pub fn edge(mut self, edge: Arc<dyn EdgeInbox>) -> Self {
        self.edges.push(edge);
        self
    }

    /// Makes the spans of a delivery and of the jobs that it led to part of the trace that the delivery's `traceparent`
    /// header names.
    #[must_use]
    pub fn traces(mut self, adopt: AdoptTrace) -> Self {
        self.adopt_trace = adopt;
        self
    }

    /// Writes to trackers begin only while the permit lasts.
    #[must_use]
    pub fn permit(mut self, permit: Permit) -> Self {
        self.permit = permit;
        self
    }

    /// The host has all nodes of its group. A delivery of another node is not passed by then: that node has come to the
    /// group, and the host that knows of it is built soon.
    #[must_use]
    pub const fn with_whole_group(mut self) -> Self {
        self.has_whole_group = true;
        self
    }

    /// Reads what the store has and builds the host. A connection whose active rules cannot be built is reported and
    /// left out; the others work.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn build(self) -> Result<Host, StoreError> {
        let mut inner = Inner::new(
            self.env,
            self.settings,
            self.store,
            self.edges,
            self.factory,
        );
        inner.adopt_trace = self.adopt_trace;
        inner.permit = self.permit;
        inner.has_whole_group = self.has_whole_group;
        let inner = Arc::new(inner);
        for node in self.nodes {
            inner.add_node(node);
        }
        let host = Host { inner };
        host.read_store().await?;
        Ok(host)
    }
}

/// Why a host ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum TaskEnded {
    /// A task came to its end.
    #[error("the task '{0}' ended before shutdown")]
    Early(&'static str),
    /// A task broke an invariant of ours.
    #[error("a task panicked: {0}")]
    Panicked(String),
}

fn named(
    tasks: &mut JoinSet<&'static str>,
    name: &'static str,
    task: impl Future<Output = ()> + Send + 'static,
) {
    tasks.spawn(async move {
        task.await;
        name
    });
}

/// A host: many nodes, their connections, and everything that runs for them. Cheap to clone; clones are one host.
#[derive(Clone)]
pub struct Host {
    pub(crate) inner: Arc<Inner>,
}

impl Host {
    /// Whether both are clones of one host.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Runs until shutdown, then ends jobs in flight within the drain time. A host of which one task has ended is no host:
    /// its other tasks end too, and `shutdown` is cancelled.
    ///
    /// # Errors
    /// A task ended before shutdown, or panicked.
    pub async fn run(&self, shutdown: CancellationToken) -> Result<(), TaskEnded> {
        let mut tasks = JoinSet::new();
        let host = || (Arc::clone(&self.inner), shutdown.clone());
        // The order of spawning is part of what makes a simulation repeat itself.
        for edge in &self.inner.edges {
            let (to, until) = host();
            let pulls = pull::run(to, Arc::clone(edge), until);
            named(&mut tasks, "pull", pulls);
        }
        let (acks, until) = host();
        named(&mut tasks, "acknowledge", pull::acknowledge(acks, until));
        let (sweeps, until) = host();
        named(&mut tasks, "sweep", sweep::run(sweeps, until));
        let (quiet, until) = host();
        named(
            &mut tasks,
            "sweep cursors",
            sweep::store_quiet(quiet, until),
        );
        let (backfills, until) = host();
        named(&mut tasks, "backfill", backfill::run(backfills, until));
        let (relooks, until) = host();
        named(&mut tasks, "relook", relook::run(relooks, until));
        let (parents, until) = host();
        named(&mut tasks, "parents", parents::run(parents, until));
        let (jobs, until) = host();
        named(&mut tasks, "scheduler", scheduler::run(jobs, until));
        let mut outcome = Ok(());
        while let Some(ended) = tasks.join_next().await {
            let why = match ended {
                Ok(_) if shutdown.is_cancelled() => continue,
                Ok(task) => TaskEnded::Early(task),
                Err(error) => TaskEnded::Panicked(error.to_string()),
            };
            tracing::error!(%why, "the host ends");
            shutdown.cancel();
            outcome = outcome.and(Err(why));
        }
        outcome
    }

    /// The state of this host is replicated. From now on an edge is told *safe* only when the replica has what its
    /// deliveries led to: a takeover goes on from there. Once for each host; a second call changes nothing.
    pub fn replicated_by(&self, status: watch::Receiver<ReplicationStatus>) {
        drop(self.inner.replica.set(status));
    }

    /// How far the replica of this host's state is; `None`: it has none.
    pub fn replication(&self) -> Option<watch::Receiver<ReplicationStatus>> {
        self.inner.replica.get().cloned()
    }

    /// By inbox: deliveries up to these numbers are processed here, and what they led to is durable or still marked. Of an
    /// inbox that two edges have, since one's folder was copied to the other, the lesser number counts for both.
    pub fn processed(&self) -> BTreeMap<InboxId, u64> {
        let edges = self.inner.edges.iter();
        let places = edges.map(|edge| self.inner.safe.watermark(edge.name()));
        places.fold(BTreeMap::new(), |mut all, place| {
            let upto = all.entry(place.inbox).or_insert(place.seq);
            *upto = place.seq.min(*upto);
            all
        })
    }

    async fn read_store(&self) -> Result<(), StoreError> {
        let inner = &self.inner;
        let (rules, holds, nodes) = inner
            .store
            .read(|read| {
                Ok((
                    read.active_rules()?,
                    read.connection_holds()?,
                    read.nodes()?,
                ))
            })
            .await?;
        for rule in &rules {
            if let Err(reason) = self.take_rules(rule) {
                tracing::error!(connection = %rule.connection, version = rule.version, reason, "the rules in force cannot be built; the connection stands still");
            }
        }
        for hold in holds.iter().filter(|hold| hold.held.is_some()) {
            inner.set_held(&hold.connection, true);
        }
        for row in &nodes {
            if let (Some((reason, _)), Some(node)) = (&row.paused, inner.node(&row.node)) {
                node.set_paused(Some(reason.clone()));
            }
        }
        self.take_up_intents().await
    }

    /// Twins with open intents are worked on first, whether or not their items are dirty.
    async fn take_up_intents(&self) -> Result<(), StoreError> {
        const PAGE: u32 = 500;
        let mut after = None;
        loop {
            let from = after.clone();
            let page = self
                .inner
                .store
                .read(move |read| {
                    let rows = read.open_effects(from.as_ref(), PAGE)?;
                    let mut twins = BTreeMap::new();
                    for row in &rows {
                        if !twins.contains_key(&row.link)
                            && let Some(twin) = read.twin(&row.link)?
                        {
                            twins.insert(row.link.clone(), twin);
                        }
                    }
                    let next = rows.last().map(|row| row.id.clone());
                    Ok((twins, next, rows.len()))
                })
                .await?;
            let (twins, next, count) = page;
            for twin in twins.values() {
                let node = twin.nodes.left.clone();
                let work = crate::dirty::of_twin(twin, twinline_core::queue::Lane::Live, &node);
                self.inner.scheduler.push(work);
            }
            if count < PAGE as usize {
                return Ok(());
            }
            after = next;
        }
    }

    /// Builds a rule version and puts it to work.
    pub(crate) fn take_rules(&self, rule: &RuleVersion) -> Result<(), String> {
        let compiled = self.inner.factory.compile(rule)?;
        let contract = compiled.rules.contract();
        for node in [&contract.nodes.left, &contract.nodes.right] {
            if self.inner.node(node).is_none() {
                return Err(format!("node '{node}' is not configured"));
            }
        }
        let nodes = contract.nodes.clone();
        let connection = Connection::new(compiled);
        self.inner
            .change_topology(|topology| topology.put_connection(connection));
        // What has waited for it.
        for node in [&nodes.left, &nodes.right] {
            self.inner.scheduler.look_again(node);
        }
        Ok(())
    }

    /// The live stream: what happens from now on. A reader that lags more than the limit loses the oldest events.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.inner.subscribe()
    }

    /// What is counted.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.inner.metrics)
    }

    /// The store, for what only reads.
    pub fn store(&self) -> &HostStore {
        &self.inner.store
    }

    /// The connections whose rules are at work.
    pub fn connections(&self) -> Vec<ConnectionName> {
        self.inner
            .connections_now()
            .iter()
            .map(|connection| connection.name.clone())
            .collect()
    }

    /// The scopes of all connections at work, with their nodes.
    pub fn scopes(&self) -> BTreeSet<(NodeName, Scope)> {
        let connections = self.inner.connections_now();
        let sides = connections.iter().flat_map(|connection| {
            let contract = connection.contract();
            Side::BOTH.map(|side| {
                let scope = contract.scopes.get(side).clone();
                (contract.nodes.get(side).clone(), scope)
            })
        });
        sides.collect()
    }

    /// Registers the webhook of a node's scope, as long as this host may write there; `None`: the node is not here.
    ///
    /// # Errors
    /// The tracker's, or writes may not begin now: it is to be repeated.
    pub async fn subscribe(
        &self,
        node: &NodeName,
        scope: &Scope,
        url: &str,
        secret: &str,
    ) -> Option<Result<Subscribed, TrackerError>> {
        let node = self.inner.node(node)?;
        Some(node.subscribe(scope, url, secret).await)
    }

    /// The webhooks that were registered and that the tracker has not any more, or has switched off; each is told once.
    pub fn take_lost_webhooks(&self) -> BTreeSet<(NodeName, Scope)> {
        self.inner.take_lost_webhooks()
    }

    /// Rises whenever connections come or go or get other rules.
    pub fn connections_generation(&self) -> u64 {
        self.inner.connections_generation()
    }

    /// Waits until the writer of the host's state has had a turn, which changes nothing, and its scheduler has come round
    /// once: while either hangs, this does, and also where the host works no more.
    ///
    /// # Errors
    /// The state takes no writes.
    pub async fn comes_round(&self) -> Result<(), StoreError> {
        let scheduler = &self.inner.scheduler;
        let mut turns = scheduler.turns.subscribe();
        scheduler.ring();
        self.inner.store.write(|_| Ok(())).await?;
        // It goes on for as long as the scheduler is there, which this holds.
        let _turned = turns.changed().await;
        Ok(())
    }

    /// Sweeps all nodes now.
    pub fn sweep_now(&self) {
        self.inner.sweeps_asked.all();
    }
}
