use super::super::{Charges, Window};
use super::{Told, allowance, wait_for};
use crate::http::rate_headers::RateSignal;
use std::time::Duration;
use twinline_core::time::Timestamp;

const HOUR: Duration = Duration::from_secs(3600);

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(0).plus(Duration::from_secs(seconds))
}

fn told(limit: u64, remaining: u64, resets_s: u64) -> RateSignal {
    RateSignal {
        limit: Some(limit),
        remaining: Some(remaining),
        resets_in: Some(Duration::from_secs(resets_s)),
        retry_after: None,
    }
}

/// How many seconds are waited when a limit of 5,000 an hour has so many left so long before its end.
fn check(remaining: u64, resets_s: u64, expected_s: u64) {
    let mut limits = Told::default();
    limits.learn(&told(5000, remaining, resets_s), at(0));
    let wait = limits.spare(at(0)).as_secs();
    assert!(
        wait.abs_diff(expected_s) <= 1,
        "{remaining} left, {resets_s} s before the end: {wait} s, not {expected_s} s"
    );
}

#[test]
fn what_is_ahead_of_an_even_pace_waits() {
    check(5000, 3600, 0);
    // A fifth may be used at once.
    check(4001, 3600, 0);
    check(3500, 3600, 514);
    // Half of the time, and half of the rest that may be used.
    check(2250, 1800, 0);
    check(2000, 1800, 257);
    // The last tenth is not for it, up to the end.
    check(500, 0, 0);
    check(300, 600, 600);
    check(0, 1800, 1800);
}

#[test]
fn the_pace_is_even_over_the_whole_window() {
    let mut limits = Told::default();
    let (mut remaining, mut paces) = (5000, Vec::new());
    for minute in 0..60_u64 {
        let before = remaining;
        for second in 0..60 {
            let now = minute * 60 + second;
            limits.learn(&told(5000, remaining, 3600 - now), at(now));
            while limits.spare(at(now)).is_zero() && remaining > 0 {
                remaining -= 1;
                limits.learn(&told(5000, remaining, 3600 - now), at(now));
            }
        }
        paces.push(before - remaining);
    }
    let [first, rest @ ..] = paces.as_slice() else {
        unreachable!("there are sixty")
    };
    assert!((1000..=1100).contains(first), "{paces:?}");
    let even = rest.iter().all(|pace| (55..=62).contains(pace));
    assert!(even, "{paces:?}");
    assert!((450..=550).contains(&remaining), "{remaining} are left");
}

#[test]
fn each_limit_of_a_tracker_counts_by_itself_and_a_past_one_no_more() {
    let mut limits = Told::default();
    limits.learn(&told(5000, 4990, 3500), at(0));
    limits.learn(&told(30, 0, 40), at(0));
    assert_eq!(limits.spare(at(0)).as_secs(), 40);
    assert_eq!(limits.spare(at(40)), Duration::ZERO);
    limits.learn(&told(5000, 100, 1000), at(41));
    limits.forget();
    assert_eq!(limits.spare(at(41)), Duration::ZERO);
    // A tracker that does not say how much there was says nothing about a pace.
    let unknown = RateSignal {
        limit: None,
        ..told(1, 0, 60)
    };
    limits.learn(&unknown, at(41));
    assert_eq!(limits.spare(at(41)), Duration::ZERO);
}

fn window(per: Duration, points_max: u32) -> Window {
    Window {
        name: "creations",
        per,
        points_max,
        points: [0, 0, 1],
        keyed: false,
    }
}

/// After so many creations at second 0: how long is waited a second later.
fn counted(window: &Window, made: u32, expected_s: u64) {
    let mut charges = Charges::default();
    charges.made.extend((0..made).map(|_| (at(0), 1)));
    let wait = wait_for(window, &charges, at(1)).as_secs();
    assert_eq!(wait, expected_s, "{made} of {window:?}");
}

#[test]
fn what_we_count_is_gone_through_evenly_too() {
    let hour = window(HOUR, 500);
    counted(&hour, 37, 0);
    counted(&hour, 38, 299);
    let minute = window(Duration::from_secs(60), 80);
    counted(&minute, 71, 0);
    counted(&minute, 72, 59);
    // One that allows next to nothing allows one at a time.
    counted(&window(HOUR, 1), 0, 0);
    counted(&window(HOUR, 1), 1, 299);
}

/// What a limit of 5,000 an hour leaves, rounded: now, and up to the window's end.
fn left(remaining: u64, resets_s: u64, expected: [i64; 2]) {
    let mut limits = Told::default();
    // Near its end an hour looks like a minute to who has not heard of it before.
    limits.learn(&told(5000, 5000, 3600), at(0));
    limits.learn(&told(5000, remaining, resets_s), at(0));
    let [allowance] = &*limits.allowances(at(0)).collect::<Vec<_>>() else {
        panic!("one limit was told")
    };
    let rounded = [allowance.now, allowance.by_then].map(|points| points.round() as i64);
    assert_eq!(rounded, expected, "{allowance:?}");
    assert_eq!(
        (allowance.window, allowance.at_once.round() as i64),
        (HOUR, 1000)
    );
    assert_eq!(allowance.each.round() as i64, 4500);
    // Both say the same about whether there is room.
    let room = limits.spare(at(0)).is_zero();
    assert_eq!(room, allowance.now >= -1e-6, "{allowance:?}");
}

#[test]
fn what_a_limit_leaves_is_told_as_it_is_let_go_on() {
    left(5000, 3600, [1000, 4500]);
    left(4000, 3600, [0, 3500]);
    left(3500, 3600, [-500, 3000]);
    left(2250, 1800, [0, 1750]);
    left(300, 600, [-783, -200]);
    // The window is over: the next one has begun with all of it.
    left(17, 0, [1000, 4500]);
}

#[test]
fn a_request_counts_where_answers_say_that_it_does() {
    let mut limits = Told::default();
    for _ in 0..3 {
        limits.learn(&told(5000, 4990, 3500), at(0));
    }
    limits.learn(&told(30, 29, 40), at(0));
    let points: Vec<f64> = limits
        .allowances(at(0))
        .map(|found| found.points[0])
        .collect();
    assert_eq!(points, [0.25, 0.75]);
}

#[test]
fn what_we_count_leaves_each_part_of_its_window_the_same() {
    let hour = window(HOUR, 500);
    let mut charges = Charges::default();
    charges
        .made
        .extend([(at(0), 300), (at(1000), 10), (at(1100), 10)]);
    let found = allowance(&hour, &charges, at(1200));
    assert_eq!((found.now, found.by_then, found.each), (17.5, 17.5, 37.5));
    assert_eq!(found.ends_in.as_secs(), 100);
    assert_eq!(found.points, [0.0, 0.0, 1.0]);
    let unused = allowance(&hour, &Charges::default(), at(1200));
    assert_eq!((unused.now, unused.ends_in.as_secs()), (37.5, 300));
}
