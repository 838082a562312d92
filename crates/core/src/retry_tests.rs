use super::*;

fn check(failures: u32, retry_after_s: Option<u64>, random: u64, millis: Option<u64>) {
    let delay = Backoff::TRACKER.delay(failures, retry_after_s.map(Duration::from_secs), random);
    assert_eq!(
        delay,
        millis.map(Duration::from_millis),
        "{failures} {retry_after_s:?}"
    );
}

#[test]
fn delays_double_up_to_the_greatest() {
    check(1, None, 0, Some(500));
    check(2, None, 0, Some(1000));
    check(5, None, 0, Some(8000));
    check(11, None, 0, Some(150_000));
    check(12, None, 0, None);
    check(u32::MAX, None, 0, None);
}

#[test]
fn jitter_adds_up_to_half() {
    check(2, None, u64::MAX / 2, Some(1499));
    check(2, None, u64::MAX, Some(1999));
}

#[test]
fn a_retry_after_is_never_undercut_and_believed_within_bounds() {
    check(1, Some(30), 0, Some(30_000));
    check(1, Some(80), u64::MAX, Some(89_999));
    check(1, Some(1_000_000), 0, Some(3_600_000));
    check(9, Some(1), 0, Some(128_000));
}
