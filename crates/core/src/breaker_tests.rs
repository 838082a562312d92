use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

/// Runs (second, writes, passes) in turn.
fn check(max: u32, steps: &[(i64, u32, bool)]) {
    let mut breaker = Breaker::new(max);
    for (second, writes, passes) in steps {
        let verdict = breaker.admit(at(*second), *writes);
        assert_eq!(
            verdict == Verdict::Pass,
            *passes,
            "{second} s, {writes} writes"
        );
    }
}

#[test]
fn holds_above_the_limit_and_stays_held() {
    check(
        10,
        &[(0, 6, true), (1, 4, true), (2, 1, false), (5000, 1, false)],
    );
    check(0, &[(0, 1, false)]);
}

#[test]
fn writes_leave_the_window_after_ten_minutes() {
    check(10, &[(0, 10, true), (611, 10, true)]);
    check(10, &[(0, 10, true), (599, 1, false)]);
    check(
        10,
        &[
            (0, 5, true),
            (300, 5, true),
            (615, 5, true),
            (620, 1, false),
        ],
    );
}

#[test]
fn a_release_starts_anew() {
    let mut breaker = Breaker::new(1);
    assert_eq!(breaker.admit(at(0), 2), Verdict::Hold { writes: 0 });
    assert!(breaker.is_held());
    breaker.release();
    assert_eq!(breaker.admit(at(1), 1), Verdict::Pass);
    assert_eq!(breaker.admit(at(1), 1), Verdict::Hold { writes: 1 });
}

#[test]
fn memory_is_bounded_by_slices_and_not_by_writes() {
    let mut breaker = Breaker::new(u32::MAX);
    for second in 0..10_000 {
        assert_eq!(breaker.admit(at(second), 3), Verdict::Pass);
    }
    assert!(
        breaker.slices.len() <= SLICES + 2,
        "{}",
        breaker.slices.len()
    );
}
