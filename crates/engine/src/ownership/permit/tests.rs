//! Attempts of a process that stands still.

use super::Permit;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use twinline_core::handles::BootClock;
use twinline_core::ownership::BootTime;
use twinline_trackers::TrackerError;

/// Stands still until a test moves it; tokio's own clock does not move with it, as a timer's task may come last.
#[derive(Default)]
struct SetClock(AtomicU64);

impl BootClock for SetClock {
    fn now(&self) -> BootTime {
        BootTime::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// An attempt of two requests, whose process stands still for so long between them: whether the second one is sent.
async fn check(still_ms: u64, sends: bool) {
    let clock = Arc::new(SetClock::default());
    let permit = Permit::leased(Arc::clone(&clock) as _, Duration::from_secs(8));
    permit.extend(BootTime::from_millis(1_000));
    let (answered, sent) = (Notify::new(), AtomicU64::new(0));
    let attempt = async {
        sent.fetch_add(1, Ordering::Relaxed);
        answered.notified().await;
        sent.fetch_add(1, Ordering::Relaxed);
        Ok(())
    };
    let stands_still = async {
        clock.0.fetch_add(still_ms, Ordering::Relaxed);
        answered.notify_one();
    };
    let (ended, ()) = tokio::join!(permit.attempt(attempt), stands_still);
    assert_eq!(sent.load(Ordering::Relaxed), 1 + u64::from(sends));
    let given_up = matches!(ended, Err(TrackerError::Unknown { .. }));
    assert_eq!(given_up, !sends, "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_has_had_its_time_sends_nothing_more() {
    check(8_000, true).await;
    check(8_001, false).await;
    check(60_000, false).await;
}
