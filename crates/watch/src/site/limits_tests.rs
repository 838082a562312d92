use super::*;

fn limits(now: Instant) -> Limits {
    let allowance = |at_once, seconds| Allowance {
        at_once,
        one_each: Duration::from_secs(seconds),
    };
    Limits::new(allowance(2, 10), allowance(4, 1), now)
}

fn check(limits: &Limits, from: &str, now: Instant, expected: Result<(), u64>) {
    let caller = (!from.is_empty()).then(|| from.parse().unwrap());
    let taken = limits.take(caller, now);
    assert_eq!(taken.map_err(|wait| wait.as_secs()), expected, "{from}");
}

#[tokio::test]
async fn a_caller_has_an_allowance_of_its_own_and_all_have_one() {
    let now = Instant::now();
    let limits = limits(now);
    check(&limits, "203.0.113.1", now, Ok(()));
    check(&limits, "203.0.113.1", now, Ok(()));
    check(&limits, "203.0.113.1", now, Err(10));
    // The same address, written as one of IPv6.
    check(&limits, "::ffff:203.0.113.1", now, Err(10));
    // One subscriber's network is one caller.
    check(&limits, "2001:db8::1", now, Ok(()));
    check(&limits, "2001:db8::2", now, Ok(()));
    check(&limits, "2001:db8::3", now, Err(10));
    // All have had theirs.
    check(&limits, "203.0.113.2", now, Err(1));
    let later = now + Duration::from_secs(10);
    check(&limits, "203.0.113.1", later, Ok(()));
    check(&limits, "203.0.113.1", later, Err(10));
}

#[tokio::test]
async fn callers_that_are_not_known_share_one_allowance() {
    let now = Instant::now();
    let limits = limits(now);
    check(&limits, "", now, Ok(()));
    check(&limits, "", now, Ok(()));
    check(&limits, "", now, Err(10));
}

#[tokio::test]
async fn callers_are_forgotten_before_they_are_too_many() {
    let start = Instant::now();
    let limits = limits(start);
    for number in 0..2 * u32::try_from(CALLERS_MAX).unwrap() {
        let now = start + Duration::from_secs(u64::from(number));
        let caller = IpAddr::V4(number.into());
        limits.take(Some(caller), now).unwrap();
    }
    let known = limits.buckets.lock().unwrap().callers.len();
    assert!(known <= CALLERS_MAX, "{known}");
}
