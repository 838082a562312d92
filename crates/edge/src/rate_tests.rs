use super::*;
use std::time::Duration;

/// How many of so many deliveries of a node are taken at once.
fn taken(rates: &Rates, node: &str, of: u32, now: Instant) -> u32 {
    let node = node.into();
    let taken = (0..of).filter(|_| rates.take(&node, now)).count();
    u32::try_from(taken).unwrap()
}

#[test]
fn a_bucket_is_a_second_deep_and_refills_with_time() {
    let (rates, begun) = (Rates::new(4), Instant::now());
    assert_eq!(taken(&rates, "a", 10, begun), 4);
    let after = |ms| begun + Duration::from_millis(ms);
    assert_eq!(taken(&rates, "a", 10, after(249)), 0);
    // What was refused took nothing.
    assert_eq!(taken(&rates, "a", 10, after(300)), 1);
    assert_eq!(taken(&rates, "a", 10, after(1100)), 3);
    // Who was silent for long may send no more at once than before.
    assert_eq!(taken(&rates, "a", 10, after(3_600_000)), 4);
    // Who has read the clock earlier and comes later lets nothing count twice.
    assert_eq!(taken(&rates, "a", 10, begun), 0);
    assert_eq!(taken(&rates, "a", 10, after(3_600_600)), 2);
}

#[test]
fn a_node_uses_up_its_own_bucket_only() {
    let (rates, begun) = (Rates::new(2), Instant::now());
    assert_eq!(taken(&rates, "a", 100, begun), 2);
    assert_eq!(taken(&rates, "b", 100, begun), 2);
    let later = begun + Duration::from_millis(500);
    assert_eq!(taken(&rates, "a", 100, later), 1);
    assert_eq!(taken(&rates, "b", 100, later), 1);
}

#[test]
fn a_limit_of_none_takes_none() {
    let (rates, begun) = (Rates::new(0), Instant::now());
    assert_eq!(taken(&rates, "a", 5, begun + Duration::from_secs(60)), 0);
}
