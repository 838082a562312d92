use super::*;

const HOUR: Duration = Duration::from_secs(3600);
const HALF_A_MINUTE: Duration = Duration::from_secs(30);

/// 5,000 requests an hour, of which a fifth may be used at once and a tenth is left; `now` of its full hour's points.
fn hourly(now: f64, ends_s: u64, by_then: f64) -> Allowance {
    Allowance {
        points: [1.0; 3],
        now,
        ends_in: Duration::from_secs(ends_s),
        by_then,
        window: HOUR,
        at_once: 1_000.0,
        each: 4_500.0,
    }
}

fn waited(allowance: &Allowance, points: f64, live: f64, expected_s: Option<u64>) {
    let wait = allowance.wait_for(points, live).map(|wait| wait.as_secs());
    assert_eq!(
        wait, expected_s,
        "{points} points, {live} live: {allowance:?}"
    );
}

#[test]
fn a_fresh_window_gives_a_part_at_once_and_the_rest_evenly() {
    let fresh = hourly(1_000.0, 3_600, 4_500.0);
    waited(&fresh, 0.0, 0.0, Some(0));
    waited(&fresh, 1_000.0, 0.0, Some(0));
    waited(&fresh, 2_750.0, 0.0, Some(1_800));
    waited(&fresh, 4_500.0, 0.0, Some(3_600));
    // The next hour's first part comes with its beginning.
    waited(&fresh, 5_500.0, 0.0, Some(3_600));
    waited(&fresh, 7_250.0, 0.0, Some(5_400));
    waited(&fresh, 45_000.0, 0.0, Some(36_000));
}

#[test]
fn what_was_used_too_early_is_waited_for() {
    let ahead = hourly(-350.0, 1_800, 1_400.0);
    waited(&ahead, 0.0, 0.0, Some(0));
    waited(&ahead, 700.0, 0.0, Some(1_080));
    waited(&ahead, 2_400.0, 0.0, Some(1_800));
    let spent = hourly(-1_000.0, 600, -500.0);
    waited(&spent, 500.0, 0.0, Some(600));
    waited(&spent, 4_500.0, 0.0, Some(4_200));
}

#[test]
fn live_work_takes_its_part_first() {
    let fresh = hourly(1_000.0, 3_600, 4_500.0);
    // 360 an hour.
    waited(&fresh, 4_140.0, 0.1, Some(3_600));
    waited(&fresh, 8_280.0, 0.1, Some(7_200));
    // More than the even pace: what may be used at once is left.
    waited(&fresh, 2_000.0, 2.0, Some(3_600));
    waited(&fresh, 3_000.0, 2.0, Some(7_200));
}

#[test]
fn a_limit_that_is_counted_gives_each_part_of_its_window_the_same() {
    let five_minutes = Duration::from_secs(300);
    let creations = Allowance {
        points: [0.0, 0.0, 1.0],
        now: 37.5,
        ends_in: five_minutes,
        by_then: 37.5,
        window: five_minutes,
        at_once: 37.5,
        each: 37.5,
    };
    waited(&creations, 37.5, 0.0, Some(0));
    waited(&creations, 450.0, 0.0, Some(3_300));
    // All of it is needed by people.
    waited(&creations, 450.0, 1.0, None);
    let requests = Requests {
        reads: 7,
        writes: 5,
        creates: 2,
    };
    assert!((creations.points_of(requests) - 2.0).abs() < f64::EPSILON);
    assert_eq!(requests.all(), 14);
}

/// 900 items are left, 100 were seen finished.
fn facts(pace: Pace, limits: Vec<Limit>) -> Facts {
    Facts {
        left: Some(900),
        seen: 100,
        obstacle: None,
        pace,
        limits,
        trickle: HALF_A_MINUTE,
    }
}

fn limit(allowance: Allowance, per_item: f64) -> Limit {
    Limit {
        allowance,
        per_item,
        paid: 0.0,
        live_per_second: 0.0,
        share: 1.0,
    }
}

fn check(facts: &Facts, expected: Finish) {
    assert_eq!(finish(facts), expected, "{facts:?}");
}

fn named(facts: &Facts, expected_s: u64) {
    check(facts, Finish::In(Duration::from_secs(expected_s)));
}

fn not_yet(facts: &Facts, expected: NotYet) {
    check(facts, Finish::NotYet(expected));
}

#[test]
fn the_later_of_the_pace_and_the_limits_is_named() {
    named(&facts(Pace::PerSecond(10.0), Vec::new()), 90);
    // 900 items of 3 requests are 2,700.
    let hour = || limit(hourly(1_000.0, 3_500, 4_500.0), 3.0);
    named(&facts(Pace::PerSecond(10.0), vec![hour()]), 1_700);
    named(&facts(Pace::PerSecond(0.25), vec![hour()]), 3_600);
    named(&facts(Pace::NotMeasured, vec![hour()]), 1_700);
    // The tightest limit counts.
    let tight = limit(hourly(1_000.0, 3_500, 4_500.0), 4.0);
    named(&facts(Pace::PerSecond(10.0), vec![hour(), tight]), 2_600);
}

#[test]
fn what_items_on_their_way_have_used_is_not_asked_for_again() {
    let begun = Limit {
        paid: 700.0,
        ..limit(hourly(1_000.0, 3_500, 4_500.0), 3.0)
    };
    named(&facts(Pace::PerSecond(10.0), vec![begun]), 1_000);
}

#[test]
fn who_shares_the_room_needs_longer() {
    let half = Limit {
        share: 0.5,
        ..limit(hourly(1_000.0, 3_500, 4_500.0), 2.0)
    };
    named(&facts(Pace::PerSecond(10.0), vec![half]), 2_600);
}

#[test]
fn a_little_goes_however_little_there_is_to_spare() {
    let nothing = Limit {
        live_per_second: 10.0,
        ..limit(hourly(-100.0, 3_600, -100.0), 1_000.0)
    };
    let trickled = facts(Pace::NotMeasured, vec![nothing]);
    named(&trickled, 900 * 30);
}

#[test]
fn before_enough_is_known_it_is_said_why() {
    let known = facts(Pace::PerSecond(10.0), Vec::new());
    let uncounted = Facts {
        left: None,
        ..known.clone()
    };
    not_yet(&uncounted, NotYet::Uncounted);
    let few = Facts {
        seen: 19,
        ..known.clone()
    };
    not_yet(&few, NotYet::Measuring);
    let paused = Facts {
        obstacle: Some("the node 'a' is paused".to_owned()),
        ..known
    };
    not_yet(&paused, NotYet::Stands("the node 'a' is paused".to_owned()));
    // Where no limit holds it up, its own pace must be known.
    not_yet(&facts(Pace::NotMeasured, Vec::new()), NotYet::Measuring);
    let roomy = limit(hourly(1_000.0, 3_500, 4_500.0), 1.0);
    not_yet(&facts(Pace::NotMeasured, vec![roomy]), NotYet::Measuring);
    not_yet(&facts(Pace::Still, Vec::new()), NotYet::Still);
    let never = Facts {
        seen: 0,
        ..facts(Pace::Still, Vec::new())
    };
    not_yet(&never, NotYet::Still);
}

#[test]
fn little_work_needs_little_to_be_known_and_done_work_nothing() {
    let little = Facts {
        left: Some(30),
        seen: 3,
        ..facts(Pace::PerSecond(1.0), Vec::new())
    };
    named(&little, 30);
    let done = Facts {
        left: Some(0),
        seen: 0,
        ..facts(Pace::NotMeasured, Vec::new())
    };
    named(&done, 0);
}

#[test]
fn what_was_told_too_low_is_at_least_what_was_found() {
    for (listed, told, known, is_last, expected) in [
        (50, None, None, false, None),
        (50, None, None, true, Some(50)),
        (50, Some(400), None, false, Some(400)),
        (100, None, Some(400), false, Some(400)),
        (450, None, Some(400), false, Some(450)),
        (390, None, Some(400), true, Some(390)),
    ] {
        assert_eq!(total(listed, told, known, is_last), expected);
    }
}

#[test]
fn what_is_in_a_twin_already_is_not_waited_for() {
    for (total, listed, waiting, twins_to_come, expected) in [
        (None, 50, 50, 0, None),
        (Some(400), 50, 50, 0, Some(400)),
        (Some(400), 50, 20, 0, Some(370)),
        (Some(400), 100, 20, 80, Some(240)),
        // Twins that the trigger does not list.
        (Some(400), 390, 20, 80, Some(20)),
        (Some(400), 400, 0, 0, Some(0)),
    ] {
        assert_eq!(left(total, listed, waiting, twins_to_come), expected);
    }
}
