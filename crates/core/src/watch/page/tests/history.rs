//! Uptime's arithmetic.

use super::*;
use crate::watch::escalation::Zone;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn history(changes: &[(&str, ComponentState)]) -> History {
    let mut history = History::default();
    for (instant, state) in changes {
        history.record(at(instant), *state);
    }
    history
}

const OPERATIONAL: ComponentState = ComponentState::Operational;

#[test]
fn a_major_outage_counts_whole_a_partial_one_thirty_percent() {
    let (from, to) = (at("2026-03-01T00:00:00Z"), at("2026-03-02T00:00:00Z"));
    let check = |state, expected| {
        let history = history(&[
            ("2026-02-01T00:00:00Z", OPERATIONAL),
            ("2026-03-01T06:00:00Z", state),
            ("2026-03-01T12:00:00Z", OPERATIONAL),
        ]);
        assert_eq!(history.uptime_ppm(from, to), Some(expected), "{state}");
    };
    check(ComponentState::MajorOutage, 750_000);
    check(ComponentState::PartialOutage, 925_000);
    check(ComponentState::DegradedPerformance, 1_000_000);
    check(ComponentState::UnderMaintenance, 1_000_000);
}

#[test]
fn of_what_is_not_known_nothing_is_said() {
    let known = history(&[("2026-03-01T12:00:00Z", ComponentState::MajorOutage)]);
    let uptime = |from: &str, to: &str| known.uptime_ppm(at(from), at(to));
    assert_eq!(uptime("2026-02-01T00:00:00Z", "2026-03-01T12:00:00Z"), None);
    assert_eq!(
        uptime("2026-02-01T00:00:00Z", "2026-03-01T13:00:00Z"),
        Some(0)
    );
    assert_eq!(History::default().state(), None);
}

#[test]
fn days_are_those_of_the_pages_place() {
    let zone: Zone = "Europe/Brussels".parse().unwrap();
    let history = history(&[
        ("2026-03-20T00:00:00Z", OPERATIONAL),
        ("2026-03-28T22:30:00Z", ComponentState::MajorOutage),
        ("2026-03-29T10:00:00Z", OPERATIONAL),
    ]);
    let days = history.days(&zone, at("2026-03-31T12:00:00Z"));
    assert_eq!(days.len(), 90);
    let last: Vec<(String, Option<u32>)> = (days[86..].iter())
        .map(|day| (day.from.to_string(), day.uptime_ppm))
        .collect();
    // Of the 28th half an hour was down; the 29th has 23 hours, eleven of them down.
    assert_eq!(
        last,
        [
            ("2026-03-27T23:00:00Z".to_owned(), Some(979_166)),
            ("2026-03-28T23:00:00Z".to_owned(), Some(521_739)),
            ("2026-03-29T22:00:00Z".to_owned(), Some(1_000_000)),
            ("2026-03-30T22:00:00Z".to_owned(), Some(1_000_000)),
        ]
    );
    assert_eq!(days[86].worst, Some(ComponentState::MajorOutage));
    assert_eq!(days[0].worst, None);
}

#[test]
fn what_is_older_than_is_shown_is_forgotten_but_not_the_state_then() {
    let mut history = history(&[
        ("2026-01-01T00:00:00Z", ComponentState::MajorOutage),
        ("2026-01-02T00:00:00Z", OPERATIONAL),
        ("2026-06-01T00:00:00Z", ComponentState::MajorOutage),
    ]);
    history.record(at("2026-06-01T01:00:00Z"), OPERATIONAL);
    let uptime = history.uptime_ppm(at("2026-04-01T00:00:00Z"), at("2026-06-01T00:00:00Z"));
    assert_eq!(uptime, Some(1_000_000));
    assert_eq!(
        history.uptime_ppm(at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z")),
        None
    );
}
