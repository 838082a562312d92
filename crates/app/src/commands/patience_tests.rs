use super::{FAILURES_MAX, Later, Patience, WAIT_MAX};
use std::time::Duration;

fn later(after_ms: u64, failed: bool) -> Later {
    Later {
        after_ms,
        why: "why".to_owned(),
        failed,
    }
}

#[test]
fn what_waits_its_turn_is_waited_for_without_end() {
    let mut patience = Patience::default();
    for _ in 0..1_000 {
        let hour = 3_600_000;
        let wait = patience.wait(&later(hour, false));
        assert_eq!(wait, Some(Duration::from_millis(hour)));
    }
}

#[test]
fn what_fails_is_asked_for_less_and_less_often_and_given_up() {
    let mut patience = Patience::default();
    let waits: Vec<_> = std::iter::from_fn(|| patience.wait(&later(0, true))).collect();
    assert_eq!(waits.len() as u32, FAILURES_MAX - 1);
    assert!(waits.is_sorted(), "{waits:?}");
    assert_eq!(waits[0], Duration::from_millis(500));
    assert_eq!(waits.last(), Some(&WAIT_MAX));
    assert_eq!(patience.failures(), FAILURES_MAX);
}

#[test]
fn the_hosts_own_wait_is_the_least() {
    let wait = Patience::default().wait(&later(90_000, true));
    assert_eq!(wait, Some(Duration::from_secs(90)));
}

#[test]
fn a_turn_in_between_ends_a_row_of_failures() {
    let mut patience = Patience::default();
    for _ in 0..FAILURES_MAX {
        patience.wait(&later(0, true)).unwrap();
        patience.wait(&later(0, false)).unwrap();
    }
}
