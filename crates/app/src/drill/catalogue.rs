//! The drills that there are: one for each failure mode of a fleet's database, processes and machines, and one without.

use super::faults::{self, Fault};
use std::time::Duration;
use twinline_sim::patroni::Synchronous;

/// A drill by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drill {
    StuckCommits,
    LockPileUp,
    ReadOnly,
    FrozenBackend,
    MuteDatabase,
    CancelledBegin,
    BackendsExhausted,
    Failover,
    Killed,
    HungHost,
    RestartsHang,
    Incident2021,
    Incident2023,
    Switchover,
    StrictStandby,
    WalFull,
    DataFull,
    LocalDiskFull,
    StorageFreeze,
    VanishedPeer,
    Nothing,
}

/// What the fleet must say of itself while the fault lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// Every machine: commits fail, reads succeed.
    CommitsOnly,
    /// Every machine: commits fail.
    Commits,
    /// Every machine: reads and commits fail.
    All,
    /// Every machine, at some time: commits or reads failed.
    Trouble,
    /// One machine at least, at some time: commits or reads failed; every machine: these, or its replicas could not be
    /// written. What is over within a second may come between two canaries of a machine, and only its replicas meet it.
    ShortTrouble,
    /// Another machine has all groups at work.
    Moved,
    /// A machine: its state cannot be written.
    Store,
    /// Every machine: replicas cannot be written, while reads and commits succeed.
    Replicas,
    /// Nothing of the database is wrong.
    Nothing,
}

/// What answers to webhooks are measured by while the fault lasts, with `--strict`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answering {
    /// Their p99, against that before the fault.
    AsBefore,
    /// Edges end, and what is sent to one that has ended waits for the next: each is answered before its sender gives up,
    /// and another process serves within this.
    InTime { mended_max: Duration },
}

/// What a drill needs that root alone may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rooted {
    /// The database's write-ahead log lies on a small disk.
    SmallLog,
    /// It lies on a disk that can be frozen.
    FreezableLog,
    /// One table of it may lie on a small disk.
    SmallTable,
    /// The data folder of the first machine lies on a small disk.
    SmallMachine,
    /// The database has an address that can vanish.
    Address,
}

/// What must hold of a drill.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spec {
    /// What it is called.
    pub(super) name: &'static str,
    /// The failure mode's number in the list of docs/guide/drills.md; `None`: it is a series of several, or none.
    pub(super) mode: Option<u8>,
    /// What happens, for a person.
    pub(super) about: &'static str,
    pub(super) notice: Notice,
    /// The fleet is well again while the fault lasts: recovery is counted from the fault, not from its end.
    pub(super) heals_itself: bool,
    /// Processes of Twinline end during the drill, as its fault or by their supervisor.
    pub(super) ends_processes: bool,
    /// What its answers to webhooks are measured by.
    pub(super) answering: Answering,
    /// This machine refuses webhooks, as it should: with 503, and the time after which to come again.
    pub(super) refuses: Option<usize>,
    pub(super) rooted: Option<Rooted>,
    /// Every machine has a watch, with people to call.
    pub(super) watched: bool,
    /// Those watches look at hosts about as often as by default. Else they have the patience that a busy machine needs.
    pub(super) hurried: bool,
    /// A standby follows the database.
    pub(super) standby: bool,
    /// The database is a cluster of Patroni's, and commits wait for this; `None`: it is a server of its own.
    pub(super) patroni: Option<Synchronous>,
    /// The fleet's lease, and the time of an attempt, in milliseconds. Shorter than the default, so that a drill is
    /// shorter; long enough for a machine that does much else.
    pub(super) lease_ms: u32,
    pub(super) attempt_ms: u32,
    /// Settings of the database.
    pub(super) database: &'static [(&'static str, &'static str)],
    /// Everything is in step within this after the last edit, or the drill fails.
    pub(super) settle_max: Duration,
    /// The goals of `--strict`.
    pub(super) detect_max: Duration,
    pub(super) recover_max: Duration,
}

const GOAL: Duration = Duration::from_secs(5);

impl Spec {
    /// As most of them are.
    pub(super) const USUAL: Self = Self {
        name: "",
        mode: None,
        about: "",
        notice: Notice::Commits,
        heals_itself: false,
        ends_processes: false,
        answering: Answering::AsBefore,
        refuses: None,
        rooted: None,
        watched: false,
        hurried: false,
        standby: false,
        patroni: None,
        lease_ms: 6000,
        attempt_ms: 2000,
        database: &[],
        settle_max: Duration::from_secs(90),
        detect_max: GOAL,
        recover_max: GOAL,
    };
}

impl Drill {
    /// All of them, by the numbers of their modes.
    pub(super) const ALL: [Self; 21] = [
        Self::StuckCommits,
        Self::StorageFreeze,
        Self::LockPileUp,
        Self::ReadOnly,
        Self::FrozenBackend,
        Self::MuteDatabase,
        Self::VanishedPeer,
        Self::WalFull,
        Self::DataFull,
        Self::CancelledBegin,
        Self::BackendsExhausted,
        Self::Failover,
        Self::Switchover,
        Self::StrictStandby,
        Self::LocalDiskFull,
        Self::Killed,
        Self::HungHost,
        Self::RestartsHang,
        Self::Incident2021,
        Self::Incident2023,
        Self::Nothing,
    ];

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|drill| drill.spec().name == name)
    }

    pub(super) const fn spec(self) -> Spec {
        match self {
            Self::StuckCommits => faults::stuck_commits::SPEC,
            Self::LockPileUp => faults::lock_pile_up::SPEC,
            Self::ReadOnly => faults::read_only::SPEC,
            Self::FrozenBackend => faults::frozen_backend::SPEC,
            Self::MuteDatabase => faults::mute_database::SPEC,
            Self::CancelledBegin => faults::cancelled_begin::SPEC,
            Self::BackendsExhausted => faults::backends_exhausted::SPEC,
            Self::Failover => faults::failover::SPEC,
            Self::Killed => faults::killed::SPEC,
            Self::HungHost => faults::hung_host::SPEC,
            Self::RestartsHang => faults::restarts_hang::SPEC,
            Self::Incident2021 => faults::incident_2021::SPEC,
            Self::Incident2023 => faults::incident_2023::SPEC,
            Self::Switchover => faults::switchover::SPEC,
            Self::StrictStandby => faults::strict_standby::SPEC,
            Self::WalFull => faults::wal_full::SPEC,
            Self::DataFull => faults::data_full::SPEC,
            Self::StorageFreeze => faults::storage_freeze::SPEC,
            Self::VanishedPeer => faults::vanished_peer::SPEC,
            Self::LocalDiskFull => faults::local_disk_full::SPEC,
            Self::Nothing => faults::nothing::SPEC,
        }
    }

    pub(super) fn fault(self) -> Box<dyn Fault> {
        match self {
            Self::StuckCommits => Box::new(faults::stuck_commits::StuckCommits),
            Self::LockPileUp => Box::new(faults::lock_pile_up::LockPileUp::default()),
            Self::ReadOnly => Box::new(faults::read_only::ReadOnly),
            Self::FrozenBackend => Box::new(faults::frozen_backend::FrozenBackend::default()),
            Self::MuteDatabase => Box::new(faults::mute_database::MuteDatabase),
            Self::CancelledBegin => Box::new(faults::cancelled_begin::CancelledBegin),
            Self::BackendsExhausted => {
                Box::new(faults::backends_exhausted::BackendsExhausted::default())
            }
            Self::Failover => Box::new(faults::failover::Failover),
            Self::Killed => Box::new(faults::killed::Killed::default()),
            Self::HungHost => Box::new(faults::hung_host::HungHost::default()),
            Self::RestartsHang => Box::new(faults::restarts_hang::RestartsHang::default()),
            Self::Incident2021 => Box::new(faults::incident_2021::Incident2021::default()),
            Self::Incident2023 => Box::new(faults::incident_2023::Incident2023::default()),
            Self::Switchover => Box::new(faults::switchover::Switchover),
            Self::StrictStandby => Box::new(faults::strict_standby::StrictStandby),
            Self::WalFull => Box::new(faults::wal_full::WalFull::default()),
            Self::DataFull => Box::new(faults::data_full::DataFull),
            Self::StorageFreeze => Box::new(faults::storage_freeze::StorageFreeze::default()),
            Self::VanishedPeer => Box::new(faults::vanished_peer::VanishedPeer),
            Self::LocalDiskFull => Box::new(faults::local_disk_full::LocalDiskFull),
            Self::Nothing => Box::new(faults::nothing::Nothing),
        }
    }
}
