//! Whether the supervisor of this machine lives: the only other process there that would notice.

use super::Look;
use super::web::outcome;
use async_trait::async_trait;
use rustix::process::{Pid, getppid};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use twinline_core::watch::element::Element;
use twinline_core::watch::probe::Outcome;

/// When a supervisor has last said that it works. It says so every second.
pub type Beat = watch::Receiver<Instant>;

/// A supervisor that has said nothing for so long hangs: it stands still, and starts nothing again.
const SILENT_MAX: Duration = Duration::from_secs(10);

/// Looks whether this process still has the parent that started it, and whether that works.
pub struct Supervisor {
    /// Its process id.
    pub pid: u32,
    /// `None`: it says nothing, as one of an earlier version does.
    pub beat: Option<Beat>,
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

/// `silent`: for how long it has said nothing, where it says something.
fn judge(pid: u32, lives: bool, silent: Option<Duration>) -> Result<(), String> {
    if !lives {
        return Err(format!("process {pid} is gone, and edge and host with it"));
    }
    match silent.filter(|silent| *silent > SILENT_MAX) {
        None => Ok(()),
        Some(silent) => Err(format!(
            "the supervisor hangs: process {pid} has given no sign of life for {} s, and nobody replaces an edge, host or \
             watch that ends or hangs here",
            silent.as_secs()
        )),
    }
}

#[async_trait]
impl Look for Supervisor {
    async fn look(&self) -> Vec<(Element, Outcome)> {
        let silent = self.beat.as_ref().map(|beat| beat.borrow().elapsed());
        let went = judge(self.pid, Self::lives(self.pid), silent);
        vec![(self.subject.clone(), outcome(went))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lives: bool, silent_s: Option<u64>, expected: Option<&str>) {
        let went = judge(7, lives, silent_s.map(Duration::from_secs));
        let said = went.err();
        let found = said.as_deref().map(|said| said.split(':').next().unwrap());
        assert_eq!(found, expected, "{lives} {silent_s:?} {said:?}");
    }

    #[test]
    fn one_that_is_gone_or_silent_is_told_of() {
        check(true, None, None);
        check(true, Some(10), None);
        check(true, Some(11), Some("the supervisor hangs"));
        let gone = "process 7 is gone, and edge and host with it";
        check(false, Some(11), Some(gone));
        check(false, None, Some(gone));
    }
}
