//! Pairs of trackers, every kind of change, and the page that tells of it.
//!
//! `cargo xtask matrix` runs all pairs. Here three, in which each tracker takes part once: every reading and every writing
//! of each is tried, and no more than which two meet is left out; and the texts of one with Redmine's Textile.

use std::fs;
use xtask::sim::matrix::{PAGE, PairOutcome, differences, run_some};

#[test]
fn what_crosses_between_the_trackers_is_what_the_page_says() {
    let outcomes = run_some().unwrap();
    assert_eq!(outcomes.len(), 4);
    let failures: Vec<String> = outcomes.iter().flat_map(PairOutcome::failures).collect();
    assert!(failures.is_empty(), "{failures:#?}");
    let known = fs::read_to_string(xtask::root().join(PAGE)).unwrap();
    let told = outcomes
        .iter()
        .flat_map(|outcome| differences(&known, outcome));
    let told: Vec<String> = told.collect();
    assert!(
        told.is_empty(),
        "{PAGE} does not say: {told:#?}\nwrite it anew with `cargo xtask matrix --write`"
    );
}
