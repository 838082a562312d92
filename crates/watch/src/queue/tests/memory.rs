//! What a queue's memory keeps, and what it takes for news.

use super::super::Found;
use super::super::memory::{Memory, Said};
use super::ticket;
use std::collections::BTreeSet;
use twinline_core::time::Timestamp;

fn second(count: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + count * 1000)
}

/// Whether a ticket that was made then is news at this second, to a memory that began at 0.
fn check(made: i64, now: i64, expected: bool) {
    let mut memory = Memory::default();
    memory.since(second(0));
    let ticket = ticket("1", "", Some(second(made)));
    assert_eq!(
        memory.is_news(&ticket, second(now)),
        expected,
        "{made} {now}"
    );
    memory.note(&ticket, true, second(now));
    assert!(!memory.is_news(&ticket, second(now)), "it is known");
}

#[test]
fn what_was_made_lately_and_since_the_beginning_is_news() {
    check(0, 0, true);
    check(-1, 0, false);
    check(100, 1900, true);
    check(100, 1901, false);
    // A tracker whose clock is ahead.
    check(5, 0, true);
}

#[test]
fn a_ticket_of_the_second_in_which_the_queue_was_looked_at_first_is_news() {
    let mut memory = Memory::default();
    let began = Timestamp::from_millis(second(0).as_millis() + 700);
    memory.since(began);
    let made = |at: i64| ticket("1", "", Some(second(at)));
    assert!(memory.is_news(&made(0), began));
    assert!(!memory.is_news(&made(-1), began));
}

#[test]
fn looks_overlap_and_never_go_back() {
    let mut memory = Memory::default();
    assert_eq!(memory.since(second(0)), second(-300));
    memory.read_to(second(1000));
    memory.read_to(second(900));
    assert_eq!(memory.since(second(2000)), second(700));
}

#[test]
fn what_nothing_more_comes_of_is_forgotten() {
    let mut memory = Memory::default();
    let (hour, week) = (3600, 7 * 86_400);
    for (id, reported) in [("none", false), ("over", true), ("waits", true)] {
        memory.note(&ticket(id, "", None), reported, second(0));
    }
    memory.answered("over", Said::Over);
    memory.answered("waits", Said::Known);
    for (now, expected) in [
        (hour, ["none", "over", "waits"].as_slice()),
        (hour + 1, &["waits"]),
        (week, &["waits"]),
        (week + 1, &[]),
    ] {
        memory.forget(second(now));
        let expected: BTreeSet<String> = expected.iter().map(|it| (*it).to_owned()).collect();
        assert_eq!(memory.passed().known, expected, "at {now} s");
    }
    for number in 0..5001 {
        memory.note(&ticket(&number.to_string(), "", None), true, second(number));
    }
    memory.forget(second(5001));
    assert_eq!(memory.passed().known.len(), 5000);
    assert!(!memory.passed().known.contains("0"), "the oldest goes");
}

#[test]
fn what_was_made_long_ago_is_not_looked_for() {
    let mut memory = Memory::default();
    memory.since(second(0));
    memory.read_to(second(1000));
    let (lately, overlap) = (1800, 300);
    assert_eq!(
        memory.since(second(100_000)),
        second(100_000 - lately - overlap)
    );
}

/// What a look found that could not read these, the last one of them for the second time.
fn unread(ids: &[&str], tried: Option<&str>) -> Found {
    Found {
        unread: ids.iter().map(|it| (*it).to_owned()).collect(),
        tried: tried.map(str::to_owned),
        ..Found::default()
    }
}

#[test]
fn what_cannot_be_read_is_left_when_it_is_no_news_any_more() {
    let mut memory = Memory::default();
    let none: [&str; 0] = [];
    assert_eq!(memory.unread(&unread(&["1", "2"], None), second(0)), none);
    assert_eq!(memory.passed().unread, ["1", "2"]);
    memory.note(&ticket("2", "", None), false, second(10));
    assert_eq!(memory.passed().unread, ["1"]);
    assert_eq!(memory.unread(&unread(&["1"], None), second(1800)), none);
    assert_eq!(memory.unread(&unread(&["1"], None), second(1801)), ["1"]);
    assert_eq!(memory.passed().unread, none);
    assert!(memory.passed().known.contains("1"));
}

#[test]
fn what_a_look_does_not_come_to_keeps_its_place_and_its_time() {
    let mut memory = Memory::default();
    let none: [&str; 0] = [];
    memory.unread(&unread(&["1", "2", "3"], None), second(0));
    // The next one ends at the first of them, and the one after goes on behind that.
    memory.unread(&unread(&["1"], Some("1")), second(30));
    assert_eq!(memory.passed().unread, ["2", "3", "1"]);
    memory.unread(&unread(&["2"], Some("2")), second(60));
    assert_eq!(memory.passed().unread, ["3", "1", "2"]);
    let gone = Found {
        gone: ["3".to_owned()].into(),
        ..Found::default()
    };
    assert_eq!(memory.unread(&gone, second(90)), none);
    assert_eq!(memory.passed().unread, ["1", "2"]);
    let nothing = Found::default();
    assert_eq!(memory.unread(&nothing, second(1801)), ["1", "2"]);
    assert!(!memory.passed().known.contains("3"));
}

#[test]
fn those_behind_what_was_tried_last_are_answered_first() {
    let mut memory = Memory::default();
    for id in ["1", "2", "3", "4"] {
        memory.note(&ticket(id, "", None), true, second(0));
    }
    memory.answered("4", Said::Over);
    let order = |after: Option<&str>| -> Vec<String> {
        let open = memory.open(after).into_iter();
        open.map(|(ticket, _)| ticket).collect()
    };
    assert_eq!(order(None), ["1", "2", "3"]);
    assert_eq!(order(Some("1")), ["2", "3", "1"]);
    assert_eq!(order(Some("3")), ["1", "2", "3"]);
}
