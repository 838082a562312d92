//! Real issue histories, where they are at hand, through the real engine between GitHub and Jira: all of them.

use twinline_sim::needs;
use xtask::sim::histories::{Options, run};

#[test]
fn both_sides_are_in_step_after_a_real_history() {
    let Some(outcome) = run(&Options::all()).unwrap() else {
        needs::skip("the histories are not in ../shared/histories");
        return;
    };
    assert!(outcome.faults.none(), "{outcome:#?}");
    // What the snapshots hold; people in Jira add to it.
    assert_eq!(outcome.snapshots, 25, "{outcome:?}");
    assert!(outcome.items >= 304, "{outcome:?}");
    assert!(outcome.comments >= 1_300, "{outcome:?}");
    let [github, jira] = outcome.acts;
    assert!(github >= 1_500 && jira >= 200, "{outcome:?}");
    let [items, comments] = outcome.deleted;
    assert!(items > 0 && comments > 0, "{outcome:?}");
}
