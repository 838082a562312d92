//! Real issue histories, where they are at hand, through the real engine between GitHub and Jira.

use xtask::sim::histories::{Options, run};

#[test]
fn both_sides_are_in_step_after_a_real_history() {
    let Some(outcome) = run(&Options::few()).unwrap() else {
        println!("skipped: the histories are not in ../shared/histories");
        return;
    };
    assert!(outcome.faults.none(), "{outcome:#?}");
    assert!(
        outcome.snapshots > 1 && outcome.comments > 100,
        "{outcome:?}"
    );
}
