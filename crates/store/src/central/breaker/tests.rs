use super::*;

#[tokio::test(start_paused = true)]
async fn it_opens_at_the_cap_and_one_success_closes_it() {
    let start = Instant::now();
    let mut breaker = Breaker::new(2);
    breaker.abandon();
    assert_eq!(breaker.enter(start, true).unwrap(), Pass::Free);
    breaker.abandon();
    assert!(breaker.enter(start, true).is_err(), "commits fail: no try");
    assert_eq!(breaker.enter(start, false).unwrap(), Pass::Trial);
    assert!(breaker.enter(start, false).is_err(), "one try at a time");
    breaker.abandon();
    breaker.leave(start, Pass::Trial, false);
    assert!(
        breaker.enter(start, false).is_err(),
        "a pause between tries"
    );
    let later = start + FIRST_PAUSE;
    assert_eq!(breaker.enter(later, false).unwrap(), Pass::Trial);
    breaker.leave(later, Pass::Trial, true);
    assert_eq!((breaker.is_open(), breaker.abandoned()), (false, 0));
    assert_eq!(breaker.enter(later, true).unwrap(), Pass::Free);
}

#[tokio::test(start_paused = true)]
async fn the_pause_between_tries_is_bounded() {
    let mut now = Instant::now();
    let mut breaker = Breaker::new(1);
    breaker.abandon();
    for _ in 0..20 {
        now += PAUSE_MAX;
        assert_eq!(breaker.enter(now, false).unwrap(), Pass::Trial);
        breaker.leave(now, Pass::Trial, false);
    }
}
