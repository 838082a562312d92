//! Words of other monitoring: they end by themselves, and leave nothing behind.

use super::*;

const ALERT: &str = "alert:QueueLong/c6ea";
const SOURCE: &str = "alertmanager/c6ea";

fn fires(desk: &mut Desk) -> Vec<Effect> {
    desk.says(SOURCE, ALERT, Some((Severity::Critical, "")))
}

#[test]
fn what_is_not_repeated_for_a_day_counts_as_over_and_that_is_said() {
    let mut desk = Desk::new();
    desk.restarts = true;
    fires(&mut desk);
    check(&desk.wait(1), &format!("opened 1 {ALERT} Critical 1"));
    // Repeated: it lasts from then on.
    desk.wait(20 * 3600);
    check(&fires(&mut desk), "");
    check(&desk.wait(20 * 3600), "");
    let due = desk.book.due(&desk.settings).unwrap();
    assert_eq!(due.since(desk.now), Duration::from_secs(4 * 3600));
    check(&desk.wait(4 * 3600), &format!("unrepeated {ALERT}"));
    check(&desk.wait(15), "recovered 1");
    check(&desk.wait(900), "closed 1");
    assert_eq!(desk.book, empty_but(&desk));
}

/// A book that has had as many incidents, and knows of nothing.
fn empty_but(desk: &Desk) -> Book {
    let next = serde_json::to_value(&desk.book).unwrap()["next"].as_u64();
    Book::numbered_from(IncidentId(next.unwrap()))
}

#[test]
fn what_is_resolved_leaves_nothing_behind() {
    let mut desk = Desk::new();
    // Of something unknown.
    check(&desk.says(SOURCE, ALERT, None), "");
    assert_eq!(desk.book, Book::default());
    // Before it was judged.
    fires(&mut desk);
    check(&desk.says(SOURCE, ALERT, None), "none: passed");
    check(&desk.wait(1), "");
    assert_eq!(desk.book, Book::default());
    // Of one that was dismissed.
    fires(&mut desk);
    desk.wait(1);
    desk.apply(Event::Dismiss {
        incident: IncidentId(1),
        by: "ada".to_owned(),
        reason: "known".to_owned(),
    });
    desk.says(SOURCE, ALERT, None);
    assert_eq!(desk.book, empty_but(&desk));
}

#[test]
fn what_it_finds_well_is_proven_by_our_own_probe_alone() {
    let mut desk = Desk::new();
    desk.says(SOURCE, "host:h1", Some((Severity::Warning, "")));
    desk.passes("host:h1");
    check(&desk.wait(1), "opened 1 host:h1 Warning 1");
    check(&desk.says(SOURCE, "host:h1", None), "");
    check(&desk.wait(15), "recovered 1");
    check(&desk.wait(900), "closed 1");
    // The probe's word stays.
    assert_ne!(desk.book, empty_but(&desk));
    let mut other = Desk::new();
    other.passes("host:h1");
    other.says("alertmanager/1", "host:h1", Some((Severity::Warning, "")));
    other.says("alertmanager/1", "host:h1", None);
    other.wait(1);
    let mut proven = Desk::new();
    proven.passes("host:h1");
    assert_eq!(other.book, proven.book);
}

#[test]
fn of_too_many_the_oldest_goes_and_that_is_said() {
    let mut desk = Desk::new();
    for number in 0..=super::super::inbound::INBOUND_MAX {
        let source = format!("alertmanager/{number}");
        desk.says(&source, "alert:one/subject", Some((Severity::Info, "")));
    }
    desk.wait(1);
    desk.says(
        "alertmanager/fresh",
        "alert:two/x",
        Some((Severity::Info, "")),
    );
    let effects = desk.wait(1);
    assert!(show(&effects).contains(&"unrepeated alert:one/subject".to_owned()));
    assert_eq!(show(&desk.wait(1)), [""; 0]);
}
