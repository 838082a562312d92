//! Attempts of a process that stands still.

use super::Permit;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
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

/// An attempt that begins after its first request, before which its process stands still for so long; and then between its
/// second and its third one.
async fn check_begun_later(before_ms: u64, after_ms: u64, sends: u64) {
    let clock = Arc::new(SetClock::default());
    let permit = Permit::leased(Arc::clone(&clock) as _, Duration::from_secs(8));
    permit.extend(BootTime::from_millis(100_000));
    let (last, begun, sent) = (Mutex::new(None), Notify::new(), AtomicU64::new(0));
    let (first, asked, second) = (Notify::new(), Notify::new(), Notify::new());
    let attempt = async {
        sent.fetch_add(1, Ordering::Relaxed);
        first.notified().await;
        let began = permit.begin();
        *last.lock().unwrap() = began.as_ref().ok().copied().flatten();
        asked.notify_one();
        began?;
        begun.notify_one();
        sent.fetch_add(1, Ordering::Relaxed);
        second.notified().await;
        sent.fetch_add(1, Ordering::Relaxed);
        Ok(())
    };
    let stands_still = async {
        clock.0.fetch_add(before_ms, Ordering::Relaxed);
        first.notify_one();
        asked.notified().await;
        clock.0.fetch_add(after_ms, Ordering::Relaxed);
        second.notify_one();
    };
    let begun = begun.notified();
    let attempt = permit.attempt_begun_later(begun, || *last.lock().unwrap(), attempt);
    let (ended, ()) = tokio::join!(attempt, stands_still);
    assert_eq!(sent.load(Ordering::Relaxed), sends);
    assert_eq!(ended.is_ok(), sends == 3, "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_begins_later_has_its_time_from_then_on() {
    check_begun_later(60_000, 8_000, 3).await;
    check_begun_later(60_000, 8_001, 2).await;
    // The lease has ended before it began.
    check_begun_later(100_001, 0, 1).await;
}
