use super::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_000_000_000_000 + millis)
}

fn budget(windows: Vec<Window>, write_spacing_ms: u64) -> Budget {
    Budget::new(BudgetRules {
        windows,
        write_spacing: Duration::from_millis(write_spacing_ms),
        in_flight_max: 0,
    })
}

const CREATIONS: Window = Window {
    name: "content creations per second",
    per: Duration::from_secs(1),
    points_max: 2,
    points: [0, 0, 1],
    keyed: false,
};

/// How long they are sent away, in milliseconds; `None`: the requests may go at once.
fn check(budget: &Budget, costs: &[Cost], millis: i64, expected: Option<u128>) {
    let charged = budget.charge(costs, None, at(millis));
    let expected = expected.map_or(Ok(0), Err);
    assert_eq!(told(charged), expected, "at {millis}");
}

/// The milliseconds that they wait in their place, or are sent away.
fn told(charged: Result<Duration, Wait>) -> Result<u128, u128> {
    charged
        .map(|turn| turn.as_millis())
        .map_err(|wait| wait.after.as_millis())
}

#[test]
fn a_window_slides() {
    let budget = budget(vec![CREATIONS], 0);
    check(&budget, &[Cost::Create], 0, None);
    check(&budget, &[Cost::Create], 400, None);
    check(&budget, &[Cost::Create], 500, Some(500));
    check(&budget, &[Cost::Read, Cost::Write], 500, None);
    check(&budget, &[Cost::Create], 1000, None);
    check(&budget, &[Cost::Create], 1001, Some(399));
}

#[test]
fn several_requests_are_charged_together_or_not_at_all() {
    let budget = budget(vec![CREATIONS], 0);
    check(&budget, &[Cost::Create], 0, None);
    check(&budget, &[Cost::Create, Cost::Create], 1, Some(999));
    check(&budget, &[Cost::Create], 2, None);
    check(&budget, &[Cost::Create; 9], 1500, None);
    check(&budget, &[Cost::Create], 1501, Some(999));
}

#[test]
fn who_is_sent_away_gets_a_time_of_its_own() {
    let budget = budget(vec![CREATIONS], 0);
    check(&budget, &[Cost::Create], 0, None);
    check(&budget, &[Cost::Create], 300, None);
    for expected in [500, 800, 1500, 1800, 2500] {
        check(&budget, &[Cost::Create], 500, Some(expected));
    }
    // Each finds room at its time, and a newcomer comes after all of them.
    for (millis, promised) in [(1000, 2300), (1300, 2700), (2000, 2300)] {
        check(&budget, &[Cost::Create], millis, None);
        check(&budget, &[Cost::Create], millis, Some(promised));
    }
}

#[test]
fn writes_keep_their_distance_and_reads_do_not() {
    let budget = budget(vec![], 1000);
    let write = |costs: &[Cost], millis| told(budget.charge(costs, None, at(millis)));
    assert_eq!(write(&[Cost::Write, Cost::Create], 0), Ok(0));
    check(&budget, &[Cost::Read], 1, None);
    assert_eq!(write(&[Cost::Write], 500), Ok(1500), "in its place");
    check(&budget, &[Cost::Read], 501, None);
    // The third's turn is too far away to wait for it, and those after it do not come back together.
    for expected in [2400, 3400, 4400] {
        assert_eq!(write(&[Cost::Write], 600), Err(expected));
    }
    for millis in [3000, 4000, 5000] {
        assert_eq!(write(&[Cost::Write], millis), Ok(0), "at {millis}");
    }
}

#[test]
fn a_turn_counts_in_its_windows_when_it_comes() {
    let budget = budget(vec![CREATIONS], 900);
    let create = |millis| told(budget.charge(&[Cost::Create], None, at(millis)));
    assert_eq!(create(0), Ok(0));
    assert_eq!(create(0), Ok(900));
    assert_eq!(create(1800), Ok(0), "there is one, made at 900");
    assert_eq!(create(1890), Err(10), "there are two");
    assert_eq!(create(1900), Ok(800), "there is one, made at 1800");
}

#[test]
fn keyed_windows_count_apart_and_are_forgotten() {
    let budget = budget(
        vec![Window {
            keyed: true,
            ..CREATIONS
        }],
        0,
    );
    let charge = |key: &str| budget.charge(&[Cost::Create; 2], Some(key), at(0)).is_ok();
    assert!(charge("one") && charge("two") && !charge("one"));
    for key in 0..KEYS_MAX * 2 {
        assert!(charge(&format!("key {key}")));
    }
    assert!(budget.state.lock().unwrap().charges.len() <= KEYS_MAX);
}

#[test]
fn the_trackers_own_word_counts() {
    let budget = budget(vec![], 0);
    let signal = |remaining, resets_s: Option<u64>, retry_s: Option<u64>| RateSignal {
        limit: None,
        remaining,
        resets_in: resets_s.map(Duration::from_secs),
        retry_after: retry_s.map(Duration::from_secs),
    };
    budget.learn(&signal(Some(1), Some(50), None), false, at(0));
    check(&budget, &[Cost::Read], 0, None);
    budget.learn(&signal(Some(0), Some(50), None), false, at(0));
    check(&budget, &[Cost::Read], 0, Some(50_000));
    check(&budget, &[Cost::Read], 50_000, None);
    budget.learn(&signal(Some(9), Some(50), Some(3)), true, at(60_000));
    check(&budget, &[Cost::Read], 60_000, Some(3000));
    budget.learn(&signal(None, None, None), true, at(70_000));
    check(&budget, &[Cost::Read], 70_000, Some(60_000));
    budget.learn(&signal(Some(0), Some(300), Some(20)), false, at(130_000));
    check(&budget, &[Cost::Read], 130_000, Some(20_000));
}

#[test]
fn a_clock_that_steps_back_blocks_for_no_longer_than_the_window() {
    let budget = budget(vec![CREATIONS], 100);
    check(&budget, &[Cost::Create; 2], 86_400_000, None);
    let wait = budget.charge(&[Cost::Create], None, at(0)).unwrap_err();
    assert!(wait.after <= Duration::from_millis(6400), "{wait:?}");
    check(&budget, &[Cost::Create], 6400, None);
}
