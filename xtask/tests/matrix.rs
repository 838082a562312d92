//! Pairs of trackers, every kind of change, and the page that tells of it.
//!
//! All thirty pairs take six minutes of a processor in a debug build: `cargo xtask matrix` runs them. Here a ring of six, in
//! which each tracker is once on the left and once on the right: every reading and every writing of each takes part, and no
//! more than which two meet is left out.

use std::fs;
use xtask::sim::matrix::{PAGE, PairOutcome, run_ring, section};

#[test]
fn what_crosses_between_the_trackers_is_what_the_page_says() {
    let outcomes = run_ring().unwrap();
    assert_eq!(outcomes.len(), 6);
    let failures: Vec<String> = outcomes.iter().flat_map(PairOutcome::failures).collect();
    assert!(failures.is_empty(), "{failures:#?}");
    let known = fs::read_to_string(xtask::root().join(PAGE)).unwrap();
    for outcome in &outcomes {
        assert!(
            known.contains(&section(outcome)),
            "{PAGE} says something else: write it anew with `cargo xtask matrix --write`\n{}",
            section(outcome)
        );
    }
}
