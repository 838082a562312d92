//! What can be set: limits of the host, and each node's sweep.

use crate::room::FileRoom;
use crate::scheduler::JobLimits;
use std::time::Duration;
use twinline_core::retry::Backoff;

/// The host's own limits.
#[derive(Clone, Debug, PartialEq)]
pub struct HostSettings {
    /// Jobs at once, over all nodes.
    pub jobs_max: usize,
    /// Jobs at once of one connection; candidates of one node count likewise.
    pub connection_jobs_max: usize,
    /// Jobs at once that use one node, on either side: what a node that hangs can keep from the others.
    pub node_jobs_max: usize,
    /// Requests at once to one node.
    pub node_requests_max: usize,
    /// How long a request waits for its turn among those of its node.
    pub request_turn_max: Duration,
    /// Sweeps at once, over all nodes.
    pub sweeps_max: usize,
    /// Dirty items kept in memory, of each lane; what is over it stays in the store and is read again. Half is divided
    /// among the nodes.
    pub queued_max: usize,
    /// The share of dispatches that the backfill lane gets while both lanes are full, 0.15 to 0.9. Above 0.5 only as far
    /// as no node waits more than two rounds.
    pub backfill_share: f64,
    /// How long one long poll of an edge may wait.
    pub pull_wait: Duration,
    /// Deliveries in one pull.
    pub pull_max: usize,
    /// Every worker reads its state again at least this often, signal or not.
    pub period: Duration,
    /// After shutdown begins jobs in flight get this long to end.
    pub drain: Duration,
    /// The first back-off of a failing twin or node; it doubles up to `backoff_max`.
    pub backoff_first: Duration,
    /// The longest back-off.
    pub backoff_max: Duration,
    /// Failures in a row, without a success between, after which a whole node backs off.
    pub node_failures_max: u32,
    /// How often credentials that were refused are tried again.
    pub credentials_period: Duration,
    /// A published rule version that would touch more items than this needs a confirmation.
    pub publish_items_max: u64,
    /// A node is probed again (account, clock skew, faults) when its last probe is older than this.
    pub probe_period: Duration,
    /// Files on their way to one node at once.
    pub node_files_max: usize,
    /// The memory for files on their way, over all nodes.
    pub files: FileRoom,
    /// Events that a slow reader of the live stream may lag behind before it loses the oldest.
    pub events_max: usize,
}

impl HostSettings {
    pub(crate) const fn job_limits(&self) -> JobLimits {
        JobLimits {
            connection: self.connection_jobs_max,
            node: self.node_jobs_max,
        }
    }

    /// How repeated failures are spaced.
    pub(crate) const fn backoff(&self) -> Backoff {
        Backoff {
            first: self.backoff_first,
            max: self.backoff_max,
        }
    }
}

impl Default for HostSettings {
    fn default() -> Self {
        Self {
            jobs_max: 512,
            connection_jobs_max: 16,
            node_jobs_max: 32,
            node_requests_max: 8,
            sweeps_max: 256,
            request_turn_max: Duration::from_secs(120),
            queued_max: 100_000,
            backfill_share: 0.2,
            pull_wait: Duration::from_secs(20),
            pull_max: 512,
            period: Duration::from_secs(5),
            drain: Duration::from_secs(8),
            backoff_first: Duration::from_secs(1),
            backoff_max: Duration::from_secs(300),
            node_failures_max: 3,
            credentials_period: Duration::from_secs(60),
            publish_items_max: 100,
            probe_period: Duration::from_secs(900),
            node_files_max: 2,
            files: FileRoom::new(64),
            events_max: 1024,
        }
    }
}

/// One node's sweep: `sweep_s` in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepSettings {
    /// From the start of one sweep to the start of the next, where webhooks are not proven to arrive.
    pub period: Duration,
    /// How far a sweep reads back before what is accounted for.
    pub overlap: Duration,
    /// How often the scope is read wider, and sleeping twins are looked at.
    pub resweep: Duration,
    /// How often every known twin is fetched and compared.
    pub audit: Duration,
    /// The longest period that a sweep backs off to while webhooks are proven to arrive.
    pub backed_off: Duration,
}

impl Default for SweepSettings {
    fn default() -> Self {
        Self {
            period: Duration::from_secs(60),
            overlap: Duration::from_secs(300),
            resweep: Duration::from_secs(3600),
            audit: Duration::from_secs(86_400),
            backed_off: Duration::from_secs(600),
        }
    }
}
