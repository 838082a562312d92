//! Two trackers that were full before there was a connection: a tenth of what `cargo xtask backfill` takes by default.

use xtask::sim::backfill::{Options, run};

#[test]
fn full_trackers_are_matched_linked_and_backfilled_within_their_limits() {
    let outcome = run(&Options::of(2_000)).unwrap();
    assert!(outcome.faults.is_empty(), "{outcome:#?}");
    assert_eq!(outcome.linked, 400);
    assert!(outcome.promises.looks >= 20, "{outcome:?}");
    let [before, during] = &outcome.live;
    assert!(before.edits >= 50 && during.edits >= 20, "{outcome:?}");
    let [killed, _] = outcome.resumed;
    assert!((800..1_600).contains(&killed), "{outcome:?}");
}
