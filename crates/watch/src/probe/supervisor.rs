//! Whether the supervisor of this machine lives: the only other process there that would notice.

use super::Look;
use super::web::outcome;
use async_trait::async_trait;
use rustix::process::{Pid, getppid};
use twinline_core::watch::element::Element;
use twinline_core::watch::probe::Outcome;

/// Looks whether this process still has the parent that started it.
pub struct Supervisor {
    /// Its process id.
    pub pid: u32,
    /// What it tells of.
    pub subject: Element,
}

impl Supervisor {
    /// Whether it lives. A process whose parent has died has another one.
    pub fn lives(pid: u32) -> bool {
        let parent = getppid().map_or(0, Pid::as_raw_pid);
        u32::try_from(parent).ok() == Some(pid)
    }
}

#[async_trait]
impl Look for Supervisor {
    async fn look(&self) -> Vec<(Element, Outcome)> {
        let went = if Self::lives(self.pid) {
            Ok(())
        } else {
            Err(format!(
                "process {} is gone, and edge and host with it",
                self.pid
            ))
        };
        vec![(self.subject.clone(), outcome(went))]
    }
}
