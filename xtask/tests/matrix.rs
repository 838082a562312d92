//! Every ordered pair of trackers, every kind of change, and the page that tells of it.

use std::fs;
use xtask::sim::matrix::{PAGE, page, run};

#[test]
fn what_crosses_between_the_trackers_is_what_the_page_says() {
    let outcomes = run().unwrap();
    assert_eq!(outcomes.len(), 30);
    let failures: Vec<String> = outcomes
        .iter()
        .flat_map(xtask::sim::matrix::PairOutcome::failures)
        .collect();
    assert!(failures.is_empty(), "{failures:#?}");
    let known = fs::read_to_string(xtask::root().join(PAGE)).unwrap();
    assert!(
        page(&known, &outcomes).unwrap() == known,
        "{PAGE} says something else: write it anew with `cargo xtask matrix --write`"
    );
}
