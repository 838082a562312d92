use super::*;

const LIMITS: GateLimits = GateLimits {
    backoff: Backoff {
        first: Duration::from_secs(1),
        max: Duration::from_secs(8),
    },
    failures_max: 3,
    credentials_period: Duration::from_secs(60),
};

fn fail(gate: &mut Gate, now: Instant) {
    gate.failed(now, "boom", |wait| wait);
}

fn limit(gate: &mut Gate, now: Instant, after_s: u64) {
    gate.limited(now, "too fast", Duration::from_secs(after_s), |wait| wait);
}

#[tokio::test(start_paused = true)]
async fn a_few_failures_do_not_close_it_and_many_do_for_longer_and_longer() {
    let mut gate = Gate::new(LIMITS);
    let start = Instant::now();
    let mut now = start;
    for expected_s in [0, 0, 1, 2, 4, 8, 8] {
        fail(&mut gate, now);
        let until = gate.opens_at().unwrap_or(now);
        assert_eq!(until - now, Duration::from_secs(expected_s));
        now = until;
    }
    gate.succeeded();
    assert!(gate.is_open(start));
    assert_eq!(gate.state(), NodeState::Open);
}

#[tokio::test(start_paused = true)]
async fn what_fails_together_is_one_failure() {
    let mut gate = Gate::new(LIMITS);
    let start = Instant::now();
    for _ in 0..20 {
        fail(&mut gate, start);
    }
    let first = gate.opens_at().unwrap();
    assert_eq!(first - start, Duration::from_secs(1));
    fail(&mut gate, first);
    assert_eq!(
        gate.opens_at().unwrap() - first,
        Duration::from_secs(2),
        "the second in a row, not the twenty-first"
    );
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_no_failure() {
    let mut gate = Gate::new(LIMITS);
    let start = Instant::now();
    for _ in 0..20 {
        limit(&mut gate, start, 1);
    }
    let opens = gate.opens_at().unwrap();
    assert_eq!(opens - start, Duration::from_secs(2), "with its jitter");
    fail(&mut gate, opens);
    assert_eq!(
        gate.opens_at(),
        Some(opens),
        "the first failure closes nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn the_trackers_own_word_closes_it_at_once_and_is_never_shortened() {
    let mut gate = Gate::new(LIMITS);
    let start = Instant::now();
    limit(&mut gate, start, 30);
    assert!(!gate.is_open(start + Duration::from_secs(29)));
    assert!(gate.is_open(start + Duration::from_secs(31)));
    limit(&mut gate, start, 2);
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
    gate.set_paused(Some("an upgrade".to_owned()));
    gate.succeeded();
    assert!(!gate.is_open(Instant::now() + Duration::from_secs(9999)));
    let reason = "an upgrade".to_owned();
    assert_eq!(gate.state(), NodeState::Paused { reason });
    gate.set_paused(None);
    assert!(gate.is_open(Instant::now()));
}

#[tokio::test(start_paused = true)]
async fn a_closed_gate_says_why_and_how_long_and_a_pause_lets_what_is_under_way_end() {
    let mut gate = Gate::new(LIMITS);
    let start = Instant::now();
    assert_eq!(gate.closed(start), None);
    limit(&mut gate, start, 30);
    let (reason, wait) = gate.closed(start).unwrap();
    assert_eq!((reason.as_str(), wait.as_secs()), ("too fast", 31));
    gate.refused(start, "the token has expired");
    let (reason, _) = gate.closed(start).unwrap();
    assert_eq!(reason, "the token has expired");
    assert_eq!(gate.closed(start + Duration::from_secs(60)), None, "tried");
    gate.set_paused(None);
    gate.set_paused(Some("an upgrade".to_owned()));
    assert_eq!(gate.closed(start), None);
}
