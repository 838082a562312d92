//! Two trackers that were full before there was a connection: some of the items that `cargo xtask backfill` takes by default.

use xtask::sim::backfill::{Options, PROMISE_MAX, run};

#[test]
fn full_trackers_are_matched_linked_and_backfilled_within_their_limits() {
    let outcome = run(&Options::of(800)).unwrap();
    assert!(outcome.faults.is_empty(), "{outcome:#?}");
    assert_eq!(outcome.linked, 160);
    let [before, during] = &outcome.live;
    assert!(before.edits >= 50 && during.edits >= 5, "{outcome:?}");
    let [killed, _] = outcome.resumed;
    assert!((320..640).contains(&killed), "{outcome:?}");
    // After the kill nobody knows how far the items on their way are, and of so few that is a quarter: only what was named
    // before it is judged here, in the first tenth, and the command judges all of 20,000.
    let first = outcome.promises.tenths[0].unwrap();
    assert!(first <= PROMISE_MAX, "{outcome:?}");
    assert_eq!(outcome.promises.silent, 0, "{outcome:?}");
    assert!(outcome.promises.looks >= 5, "{outcome:?}");
}
