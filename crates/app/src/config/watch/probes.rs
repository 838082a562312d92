//! `[watch.probes]`: what is built in, and how it can be tuned.

use serde::{Deserialize, Serialize};

/// How often a probe runs, and how many results turn its verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From start to start, in milliseconds.
    pub period_ms: u64,
    /// A run that takes longer has failed, in milliseconds.
    pub deadline_ms: u64,
    /// So many failures in a row open.
    pub open_after: u32,
    /// So many successes in a row close.
    pub close_after: u32,
}

macro_rules! probes {
    ($($(#[$doc:meta])* $key:ident: $Probe:ident = $period:literal, $deadline:literal, $open:literal, $close:literal
        $(, $(#[$limit_doc:meta])* $limit:ident = $value:literal)*;)+) => {
        /// All probes that are built in.
        #[derive(Clone, Debug, Default, Deserialize, Serialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Probes {
            $($(#[$doc])* pub $key: $Probe,)+
        }

        impl Probes {
            /// Each by its name.
            pub fn paces(&self) -> Vec<(&'static str, Pace)> {
                vec![$((stringify!($key), self.$key.pace()),)+]
            }
        }

        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Deserialize, Serialize)]
            #[serde(deny_unknown_fields, default)]
            pub struct $Probe {
                /// From start to start, in milliseconds.
                pub period_ms: u64,
                /// A run that takes longer has failed, in milliseconds.
                pub deadline_ms: u64,
                /// So many failures in a row open.
                pub open_after: u32,
                /// So many successes in a row close.
                pub close_after: u32,
                $($(#[$limit_doc])* pub $limit: u64,)*
            }

            impl Default for $Probe {
                fn default() -> Self {
                    Self {
                        period_ms: $period,
                        deadline_ms: $deadline,
                        open_after: $open,
                        close_after: $close,
                        $($limit: $value,)*
                    }
                }
            }

            impl $Probe {
                /// Without its own limits.
                pub const fn pace(&self) -> Pace {
                    Pace {
                        period_ms: self.period_ms,
                        deadline_ms: self.deadline_ms,
                        open_after: self.open_after,
                        close_after: self.close_after,
                    }
                }
            }
        )+
    };
}

probes! {
    /// Each edge's health, on its private listener.
    edge: EdgeProbe = 2000, 1000, 3, 15;
    /// Each host's health, asked directly.
    host_direct: HostProbe = 2000, 1000, 3, 15;
    /// The host, asked through the edge.
    through_edge: ThroughEdgeProbe = 5000, 3000, 3, 10;
    /// A change that crosses on each host, from its edge's inbox to the other side.
    canary_sync: CanarySyncProbe = 10_000, 5000, 2, 3;
    /// A logged commit in the central database.
    commit_canary: CommitCanaryProbe = 1000, 1500, 2, 20;
    /// A commit in the central database by each pool of each host.
    pools: PoolsProbe = 5000, 4000, 2, 3,
        /// How old the proof may be, in seconds, from 10 on: a pool that is idle is proven every 5 s.
        proof_max_s = 15;
    /// The deliveries that no host has taken.
    inbox: InboxProbe = 10_000, 3000, 2, 4,
        /// How long the oldest may wait, in seconds.
        oldest_max_s = 120,
        /// How many there may be; at most 200,000, up to which edges count.
        depth_max = 100_000;
    /// How old the replica's state in the central database is.
    replica_lag: ReplicaLagProbe = 10_000, 3000, 2, 4,
        /// In seconds.
        lag_max_s = 120;
    /// Up to when each node's changes are accounted for.
    sweep: SweepProbe = 30_000, 5000, 2, 3,
        /// In seconds; never less than three of the node's own sweeps.
        behind_max_s = 900;
    /// Up to when each kind of each node's changes is accounted for, by sweeps or audits.
    ledger: LedgerProbe = 300_000, 5000, 2, 3,
        /// In seconds; never less than two of the node's own audits.
        gap_max_s = 172_800;
    /// Whether trackers refuse our credentials.
    credentials: CredentialsProbe = 60_000, 5000, 2, 3;
    /// Whether trackers tell us of changes by their webhooks.
    webhooks: WebhooksProbe = 60_000, 5000, 2, 3,
        /// So many sweeps that find changes, with no word of a webhook in between, are too many.
        unannounced_max = 5;
    /// Deliveries whose signature is refused.
    signatures: SignaturesProbe = 30_000, 5000, 2, 3,
        /// So many of a node, with no genuine one in between, are too many.
        refused_max = 10;
    /// What is left of the disk on which the data folder lies.
    disk: DiskProbe = 30_000, 5000, 2, 4,
        /// In per cent.
        free_min_percent = 5;
    /// When certificates end.
    certificates: CertificatesProbe = 600_000, 5000, 1, 2,
        /// In days.
        days_min = 14;
    /// The other watches; on one machine the supervisor.
    peers: PeersProbe = 2000, 1000, 3, 15;
}
