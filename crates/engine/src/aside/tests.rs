use super::*;

#[test]
fn one_at_a_time() {
    let (aside, now) = (Aside::default(), Instant::now());
    let turn = aside.turn(false, now).unwrap();
    assert_eq!(aside.turn(false, now).unwrap_err(), SOON);
    drop(turn);
    drop(aside.turn(false, now).unwrap());
}

#[test]
fn live_work_goes_first_and_does_not_starve_it() {
    let (aside, now) = (Aside::default(), Instant::now());
    let check = |after: Duration, live: bool, expected: Option<Duration>| {
        let turn = aside.turn(live, now + after);
        assert_eq!(turn.map(drop).err(), expected, "{after:?}");
    };
    check(Duration::ZERO, true, None);
    check(Duration::from_secs(1), true, Some(Duration::from_secs(4)));
    check(Duration::from_secs(2), false, None);
    check(Duration::from_secs(6), true, Some(Duration::from_secs(1)));
    check(Duration::from_secs(7), true, None);
}
