//! Probes: each looks at what is watched, by a task of its own, with a deadline of its own.
//!
//! A probe says of each of its subjects how it is; what that means over time is the driver's machines' business. A look
//! that does not come back is cut off at its deadline and has failed, and so has one that says nothing of a subject.
//! Which elements a look touches is declared, so that it can be verified that what fails keeps no alarm from being heard
//! ([`Probe::path`], `twinline_core::watch::probe::verify_paths`).

mod accounts;
mod canary;
mod central;
mod disk;
mod exposition;
mod health;
mod hosts;
mod measures;
mod nodes;
mod peer;
mod peers;
mod places;
mod pools;
mod prove;
mod runner;
mod said;
mod signatures;
mod supervisor;
mod sweep;
mod web;
mod writer;

#[cfg(test)]
mod tests;

pub use accounts::Accounts;
pub use canary::CanarySync;
pub use central::CommitCanary;
pub use disk::Disk;
pub use health::Health;
pub use hosts::Hosts;
pub use measures::{Certificates, Inbox, ReplicaLag};
pub use nodes::{Asks, Nodes};
pub use peer::Peer;
pub use peers::follow_peer;
pub use places::{Fixed, Place};
pub use pools::Pools;
pub use runner::run;
pub use signatures::Signatures;
pub use supervisor::{Beat, Supervisor};
pub use sweep::{Measure, Sweeps};
pub use web::Web;
pub use writer::follow as follow_writer;

use crate::driver::Watched;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use twinline_core::watch::element::{Element, Path};
use twinline_core::watch::probe::{
    Outcome, ProbePath, Schedule, Settings, WrongSchedule, WrongSettings,
};
use twinline_core::watch::signal::Severity;

/// One look at what is watched.
#[async_trait]
pub trait Look: Send + Sync {
    /// Looks once, and says how each subject is. May be dropped at any await, and need not have a deadline of its own.
    async fn look(&self) -> Vec<(Element, Outcome)>;

    /// The same for a proof: what was found before this call proves nothing. Another one only where a look tells what is
    /// remembered.
    async fn prove(&self) -> Vec<(Element, Outcome)> {
        self.look().await
    }
}

/// A subject of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What the probe tells of.
    pub subject: Element,
    /// What else may be the reason when it fails.
    pub implicates: Path,
}

/// How often a probe runs, and what turns its verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From start to start.
    pub period: Duration,
    /// For one look.
    pub deadline: Duration,
    /// Failures in a row that open.
    pub open_after: u32,
    /// Successes in a row that close.
    pub close_after: u32,
}

/// A probe.
#[derive(Clone)]
pub struct Probe {
    /// Its name: `host_direct`.
    pub name: Arc<str>,
    /// Its subjects.
    pub targets: Vec<Target>,
    /// How bad it is when one fails, seen alone.
    pub severity: Severity,
    /// What a look touches beside its subjects: the ways to them.
    pub touches: Path,
    pace: Pace,
    schedule: Schedule,
    settings: Settings,
    look: Arc<dyn Look>,
}

/// A probe that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongProbe {
    /// Its verdict would flap, or never turn.
    #[error(transparent)]
    Settings(#[from] WrongSettings),
    /// It cannot be run so often.
    #[error(transparent)]
    Schedule(#[from] WrongSchedule),
}

impl Probe {
    /// A probe; nothing runs yet.
    ///
    /// # Errors
    /// The pace cannot be kept.
    pub fn new(
        name: &str,
        severity: Severity,
        pace: Pace,
        targets: Vec<Target>,
        touches: Path,
        look: Arc<dyn Look>,
    ) -> Result<Self, WrongProbe> {
        let seed = seed(name, &targets);
        let schedule = Schedule::new(pace.period, pace.deadline, seed)?;
        let settings = Settings::new(pace.open_after, pace.close_after)?;
        Ok(Self {
            name: name.into(),
            targets,
            severity,
            touches,
            pace,
            schedule,
            settings: settings.with_silence(schedule.silence()),
            look,
        })
    }

    /// What the driver is to know of its subjects.
    pub fn watched(&self) -> impl Iterator<Item = Watched> {
        self.targets.iter().map(|target| Watched {
            probe: self.name.to_string(),
            subject: target.subject.clone(),
            implicates: target.implicates.clone(),
            severity: self.severity,
            settings: self.settings,
            deadline_ms: u64::try_from(self.pace.deadline.as_millis()).unwrap_or(u64::MAX),
        })
    }

    /// What a look touches, of which subject, and from where.
    pub fn path(&self, runs_on: &Path) -> ProbePath {
        // What a look goes through it tells of too: it fails with it, and implicates it.
        let mut watches: Path = self.targets.iter().map(|it| it.subject.clone()).collect();
        let implicated = self.targets.iter().flat_map(|it| &it.implicates);
        let through = implicated.filter(|it| self.touches.contains(*it) && !runs_on.contains(*it));
        watches.extend(through.cloned().collect::<Vec<_>>());
        ProbePath {
            probe: self.name.to_string(),
            touches: self.touches.union(&watches).cloned().collect(),
            watches,
            runs_on: runs_on.clone(),
        }
    }
}

/// Tells one probe's jitter from another's.
fn seed(name: &str, targets: &[Target]) -> u64 {
    use sha2::{Digest as _, Sha256};
    let mut digest = Sha256::new_with_prefix(name.as_bytes());
    for target in targets {
        digest.update(target.subject.to_string());
    }
    let bytes: [u8; 32] = digest.finalize().into();
    bytes
        .iter()
        .take(8)
        .fold(0, |all, byte| (all << 8) | u64::from(*byte))
}
