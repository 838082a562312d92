//! Whether an attempt may begin.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use twinline_core::handles::BootClock;
use twinline_core::ownership::BootTime;

/// Until when attempts at trackers may begin. Cheap to clone; clones are one permit.
///
/// It is asked right before each attempt. A process that is paused between asking and sending can still write once: no
/// lease can prevent that; compare-and-swap narrows it where the tracker has it.
#[derive(Clone)]
pub struct Permit {
    until: Arc<AtomicU64>,
    clock: Option<Arc<dyn BootClock>>,
}

impl Permit {
    /// On one machine: nobody else could own anything.
    pub fn always() -> Self {
        Self {
            until: Arc::default(),
            clock: None,
        }
    }

    /// One that has not begun.
    pub fn leased(clock: Arc<dyn BootClock>) -> Self {
        Self {
            until: Arc::default(),
            clock: Some(clock),
        }
    }

    /// Whether an attempt may begin now.
    pub fn allows(&self) -> bool {
        let until = self.until.load(Ordering::Acquire);
        self.clock
            .as_ref()
            .is_none_or(|clock| clock.now().as_millis() <= until && until > 0)
    }

    /// Attempts may begin up to and including `last`.
    pub(super) fn extend(&self, last: BootTime) {
        self.until.fetch_max(last.as_millis(), Ordering::AcqRel);
    }

    /// No attempt may begin any more, until it is extended.
    pub(super) fn end(&self) {
        self.until.store(0, Ordering::Release);
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = self.until.load(Ordering::Relaxed);
        f.debug_struct("Permit").field("until_ms", &until).finish()
    }
}
