//! Exactly which words may stand although later ones were said.

use super::super::attempts::Carried;
use super::overruling;
use crate::sim::deeds::{Deed, Deeds, What};
use crate::sim::place::Place;
use std::collections::BTreeMap;
use twinline_core::time::Timestamp;
use twinline_store::Epoch;

const OLD: &str = "About 1, tax r2. More on it: ok r3.";

fn body(at: i64, text: &str) -> Deed {
    Deed {
        place: Place::Jira,
        item: 1,
        key: "SUP-1".to_owned(),
        at: Timestamp::from_millis(at),
        changed: true,
        what: What::Body(text.to_owned()),
    }
}

fn write(revision: u64, to: &str, at: i64, text: &str) -> Carried {
    Carried {
        epoch: Epoch::new(1, revision),
        to: to.to_owned(),
        at: Timestamp::from_millis(at),
        body: format!("{{\"text\":\"{text}\"}}"),
    }
}

/// At Jira the old word is said at 100 and a new one at 300. `written`: (revision, tracker, time, words). An owner of
/// revision 20 has found the replica as it was at `state_at`.
fn check(state_at: i64, written: &[(u64, &str, i64, &str)], expected: bool) {
    let new = "About 4, printer r5.";
    let deeds = Deeds(vec![body(100, OLD), body(300, new)], [].into());
    let carried: Vec<Carried> = written
        .iter()
        .map(|(revision, to, at, text)| write(*revision, to, *at, text))
        .collect();
    let found = BTreeMap::from([(Epoch::new(1, 20), Timestamp::from_millis(state_at))]);
    let admitted = overruling(&deeds, &carried, &found);
    assert_eq!(admitted.contains(OLD), expected, "{written:?}");
    assert!(!admitted.contains(new), "{written:?}");
}

#[test]
fn what_was_carried_in_the_lag_and_back_after_the_takeover_is_admitted() {
    let away = (10, "github.sim", 200, "About 1, tax r2.");
    let back = (20, "jira.sim", 400, "About 1, tax r2.");
    check(150, &[away, back], true);
    // A later owner writes it back, from what the one before had found.
    check(
        150,
        &[away, (30, "jira.sim", 400, "About 1, tax r2.")],
        true,
    );
}

#[test]
fn anything_else_is_a_loss() {
    let away = (10, "github.sim", 200, "About 1, tax r2.");
    let back = (20, "jira.sim", 400, "About 1, tax r2.");
    // It was in the replica.
    check(250, &[away, back], false);
    // Nobody has carried it, or nobody back.
    check(150, &[back], false);
    check(150, &[away], false);
    // The owner who carried it is the one that wrote it back.
    check(
        150,
        &[(20, "github.sim", 200, "About 1, tax r2."), back],
        false,
    );
    // The owner before the takeover wrote it back.
    check(
        150,
        &[away, (10, "jira.sim", 400, "About 1, tax r2.")],
        false,
    );
    // The new word was said after it was written back.
    check(
        150,
        &[away, (20, "jira.sim", 250, "About 1, tax r2.")],
        false,
    );
    // Other words.
    check(
        150,
        &[away, (20, "jira.sim", 400, "About 11, tax r2.")],
        false,
    );
}
