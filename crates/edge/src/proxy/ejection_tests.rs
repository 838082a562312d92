use super::*;

fn after(began: Instant, ms: u64) -> Instant {
    began + Duration::from_millis(ms)
}

fn ejected(now: Instant) -> Gate {
    let gate = Gate::default();
    for count in 1..=FAILURES_MAX {
        assert_eq!(gate.admit(now), Ok(Admitted::Plainly));
        assert_eq!(
            gate.failed(Admitted::Plainly, now),
            count == FAILURES_MAX,
            "{count}"
        );
    }
    gate
}

#[test]
fn failures_in_a_row_eject_and_a_success_between_does_not() {
    let now = Instant::now();
    let gate = Gate::default();
    for _ in 0..100 {
        gate.failed(Admitted::Plainly, now);
        gate.failed(Admitted::Plainly, now);
        gate.succeeded(Admitted::Plainly);
    }
    assert!(!gate.is_ejected());
    assert_eq!(ejected(now).admit(now), Err(PAUSE_MIN));
}

#[test]
fn one_probe_at_a_time_and_its_word_counts() {
    let now = Instant::now();
    let gate = ejected(now);
    let due = after(now, 1000);
    assert!(gate.admits(due));
    assert_eq!(gate.admit(due), Ok(Admitted::AsProbe));
    assert!(!gate.admits(due));
    assert_eq!(gate.admit(due), Err(Duration::ZERO));
    // Requests from before the ejection end now: they decide nothing.
    gate.succeeded(Admitted::Plainly);
    assert!(!gate.failed(Admitted::Plainly, due));
    assert!(gate.is_ejected());
    gate.succeeded(Admitted::AsProbe);
    assert_eq!(gate.admit(due), Ok(Admitted::Plainly));
}

#[test]
fn each_failed_probe_doubles_the_pause_up_to_its_limit() {
    let mut now = Instant::now();
    let gate = ejected(now);
    let mut pauses_s = Vec::new();
    for _ in 0..40 {
        let pause = gate.admit(now).unwrap_err();
        pauses_s.push(pause.as_secs());
        now += pause;
        assert_eq!(gate.admit(now), Ok(Admitted::AsProbe));
        assert!(gate.failed(Admitted::AsProbe, now));
    }
    assert_eq!(pauses_s[..6], [1, 2, 4, 8, 16, 30]);
    assert!(pauses_s[6..].iter().all(|pause| *pause == 30));
}

#[test]
fn an_abandoned_probe_lets_the_next_request_try() {
    let now = Instant::now();
    let gate = ejected(now);
    let due = after(now, 1000);
    assert_eq!(gate.admit(due), Ok(Admitted::AsProbe));
    gate.abandoned(Admitted::AsProbe);
    assert_eq!(gate.admit(due), Ok(Admitted::AsProbe));
    gate.forget();
    assert!(!gate.is_ejected());
}
