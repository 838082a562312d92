use super::super::tests::{answered, at, create, read, tracker};
use super::*;
use crate::command::Command;
use crate::faults::{Faults, Span};
use crate::faulty::Outcome;

/// This fault strikes the first of three creates and none after it, and is counted once.
fn check(fault: Forced, struck: impl Fn(&Outcome) -> bool, counted: impl Fn(&Faulty) -> u64) {
    let mut tracker = tracker(Faults {
        late_write_ms: Span(50, 50),
        ..Faults::default()
    });
    tracker.force(fault);
    let reads = "http://github.sim/repos/acme/app/issues/1";
    for number in 0..3 {
        let outcome = tracker.decide(at(number), &create("x"));
        assert_eq!(
            struck(&outcome),
            number == 0,
            "{fault:?} at {number}: {outcome:?}"
        );
        drop(tracker.decide(at(number), &read(reads)));
    }
    assert_eq!(counted(&tracker), 1, "{fault:?}");
    assert_eq!(tracker.still_forced(), []);
}

fn status(outcome: &Outcome) -> u16 {
    match outcome {
        Outcome::Answer { response, .. } => response.status().as_u16(),
        Outcome::Silence { .. } => 0,
    }
}

#[test]
fn a_forced_fault_strikes_once() {
    check(
        Forced::ServerError,
        |outcome| status(outcome) >= 500,
        |tracker| tracker.counts().server_errors,
    );
    check(
        Forced::Throttle,
        |outcome| status(outcome) == 403,
        |tracker| tracker.counts().throttled,
    );
    check(
        Forced::LatePost("/issues"),
        |outcome| status(outcome) == 0,
        |tracker| tracker.counts().late_writes,
    );
}

#[test]
fn a_late_post_waits_for_a_path_that_it_fits() {
    let mut tracker = tracker(Faults::default());
    tracker.force(Forced::LatePost("/comments"));
    answered(tracker.decide(at(0), &create("x")));
    assert_eq!(tracker.still_forced(), [Forced::LatePost("/comments")]);
}

#[test]
fn webhooks_are_lost_doubled_and_held_back_once() {
    let mut tracker = tracker(Faults {
        webhook_reorder_ms: 500,
        ..Faults::default()
    });
    let (url, secret) = ("http://edge/hooks/github".to_owned(), None);
    tracker
        .command(at(0), Command::Webhook { url, secret })
        .unwrap();
    for fault in [
        Forced::LoseWebhook,
        Forced::DoubleWebhook,
        Forced::ReorderWebhook,
    ] {
        tracker.force(fault);
    }
    for number in 1..=4 {
        answered(tracker.decide(at(number), &create("x")));
    }
    let counts = tracker.counts();
    assert_eq!(
        (
            counts.webhooks_lost,
            counts.webhooks_doubled,
            counts.webhooks_reordered
        ),
        (1, 1, 1)
    );
    assert_eq!(tracker.still_forced(), []);
}
