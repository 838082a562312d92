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
    // Before the kill, in the first tenth, as the command judges 20,000. After it nobody knows how far the items on their way
    // are, and of so few that is a quarter: it is silent for longer, and less exact.
    let first = outcome.promises.tenths[0].unwrap();
    assert!(first <= PROMISE_MAX, "{outcome:?}");
    assert!(outcome.promises.worst <= 3.0 * PROMISE_MAX, "{outcome:?}");
    assert!(outcome.promises.looks >= 5, "{outcome:?}");
}
