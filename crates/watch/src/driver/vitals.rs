//! How watch itself is, readable without asking the driver: it may be what hangs.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// A driver that has taken no step for so long hangs: it takes one each second.
pub(super) const BEAT_MAX: Duration = Duration::from_secs(10);

/// Counts and states.
#[derive(Debug)]
pub struct Vitals {
    began: Instant,
    /// When the driver took its last step, in milliseconds since `began`.
    beat_ms: AtomicU64,
    pages_sent: AtomicU64,
    pages_failed: AtomicU64,
    incidents_open: AtomicU64,
    /// Incidents that nobody could be told of.
    unheard: AtomicU64,
    nobody: AtomicBool,
    changes: AtomicU64,
    trouble: Mutex<Option<String>>,
}

/// All of it, at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Since the driver's last step.
    pub beat: Duration,
    /// Pages that a channel took, since the start.
    pub pages_sent: u64,
    /// Pages that a channel did not take, since the start.
    pub pages_failed: u64,
    /// Incidents that are under way.
    pub incidents_open: u64,
    /// Incidents that nobody could be told of.
    pub unheard: u64,
    /// Whether there is nobody to call at all.
    pub nobody_to_call: bool,
    /// Changes that have begun and are not over.
    pub changes_under_way: u64,
    /// Why the states are not stored, when they are not.
    pub trouble: Option<String>,
}

impl Figures {
    /// Whether the driver works.
    pub fn is_alive(&self) -> bool {
        self.beat < BEAT_MAX
    }

    /// Whether whoever waits for the outside ping may believe that all alarms get out.
    pub fn is_well(&self) -> bool {
        self.is_alive() && self.unheard == 0
    }
}

impl Vitals {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            beat_ms: AtomicU64::new(0),
            pages_sent: AtomicU64::new(0),
            pages_failed: AtomicU64::new(0),
            incidents_open: AtomicU64::new(0),
            unheard: AtomicU64::new(0),
            nobody: AtomicBool::new(false),
            changes: AtomicU64::new(0),
            trouble: Mutex::new(None),
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Since the beginning.
    pub(super) fn age(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn beat(&self, incidents_open: usize, unheard: usize, nobody: bool) {
        let count = |it: usize| u64::try_from(it).unwrap_or(u64::MAX);
        self.beat_ms.store(self.now_ms(), Ordering::Relaxed);
        self.incidents_open
            .store(count(incidents_open), Ordering::Relaxed);
        self.unheard.store(count(unheard), Ordering::Relaxed);
        self.nobody.store(nobody, Ordering::Relaxed);
    }

    pub(super) fn changes(&self, under_way: usize) {
        let under_way = u64::try_from(under_way).unwrap_or(u64::MAX);
        self.changes.store(under_way, Ordering::Relaxed);
    }

    pub(super) fn page(&self, sent: bool) {
        let count = if sent {
            &self.pages_sent
        } else {
            &self.pages_failed
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn stored(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// All of it, now.
    pub fn figures(&self) -> Figures {
        let beat = self
            .now_ms()
            .saturating_sub(self.beat_ms.load(Ordering::Relaxed));
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        Figures {
            beat: Duration::from_millis(beat),
            pages_sent: self.pages_sent.load(Ordering::Relaxed),
            pages_failed: self.pages_failed.load(Ordering::Relaxed),
            incidents_open: self.incidents_open.load(Ordering::Relaxed),
            unheard: self.unheard.load(Ordering::Relaxed),
            nobody_to_call: self.nobody.load(Ordering::Relaxed),
            changes_under_way: self.changes.load(Ordering::Relaxed),
            trouble: trouble.clone(),
        }
    }
}
