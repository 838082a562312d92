use super::*;

const LIMITS: GateLimits = GateLimits {
    backoff: Backoff {
        first: Duration::from_secs(1),
        max: Duration::from_secs(8),
    },
    failures_max: 3,
    credentials_period: Duration::from_secs(60),
};

fn fail(gate: &mut Gate, now: Instant, after: Option<u64>) {
    gate.failed(now, "boom", after.map(Duration::from_secs), |wait| wait);
}

#[tokio::test(start_paused = true)]
async fn a_few_failures_do_not_close_it_and_many_do_for_longer_and_longer() {
    let mut gate = Gate::new(LIMITS);
    let start = Instant::now();
    for expected_s in [0, 0, 1, 2, 4, 8, 8] {
        fail(&mut gate, start, None);
        let until = gate.opens_at().map_or(Duration::ZERO, |at| at - start);
        assert_eq!(until, Duration::from_secs(expected_s));
    }
    gate.succeeded();
    assert!(gate.is_open(start));
    assert_eq!(gate.state(), NodeState::Open);
}

#[tokio::test(start_paused = true)]
async fn the_trackers_own_word_closes_it_at_once_and_is_never_shortened() {
    let mut gate = Gate::new(LIMITS);
    let start = Instant::now();
    fail(&mut gate, start, Some(30));
    assert!(!gate.is_open(start + Duration::from_secs(29)));
    assert!(gate.is_open(start + Duration::from_secs(31)));
    fail(&mut gate, start, Some(2));
    assert!(
        !gate.is_open(start + Duration::from_secs(29)),
        "the longer wait stays"
    );
}

#[tokio::test(start_paused = true)]
async fn one_job_at_a_time_tries_a_closed_gate() {
    let mut gate = Gate::new(LIMITS);
    let start = Instant::now();
    gate.refused(start, "the token has expired");
    let later = start + Duration::from_secs(61);
    assert!(!gate.is_open(start) && gate.is_open(later));
    gate.enter();
    assert!(!gate.is_open(later), "somebody is trying");
    gate.leave();
    assert!(gate.is_open(later));
    gate.enter();
    gate.succeeded();
    assert!(gate.is_open(start));
}

#[tokio::test(start_paused = true)]
async fn only_a_person_ends_a_persons_pause() {
    let mut gate = Gate::new(LIMITS);
    gate.set_paused(true);
    gate.succeeded();
    assert!(!gate.is_open(Instant::now() + Duration::from_secs(9999)));
    assert_eq!(gate.state(), NodeState::Paused);
    gate.set_paused(false);
    assert!(gate.is_open(Instant::now()));
}
