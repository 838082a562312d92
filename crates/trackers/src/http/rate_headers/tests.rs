use super::*;
use http::{HeaderName, HeaderValue};

/// 2026-01-31T09:30:00Z
const NOW: Timestamp = Timestamp::from_millis(1_769_851_800_000);

fn check(headers: &[(&str, &str)], expected: RateSignal) {
    let map: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::try_from(*name).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            )
        })
        .collect();
    assert_eq!(RateSignal::read(&map, NOW), expected, "{headers:?}");
}

fn seconds(count: u64) -> Option<Duration> {
    Some(Duration::from_secs(count))
}

#[test]
fn waits_are_read_in_every_dialect() {
    let after = |retry_after| RateSignal {
        retry_after,
        ..RateSignal::default()
    };
    check(&[("retry-after", "7")], after(seconds(7)));
    check(
        &[("retry-after", "Sat, 31 Jan 2026 09:30:09 GMT")],
        after(seconds(9)),
    );
    check(
        &[("retry-after", "Sat, 31 Jan 2026 09:00:00 GMT")],
        after(seconds(0)),
    );
    check(&[("retry-after", "99999999")], after(seconds(7200)));
    check(&[("retry-after", "-1")], after(None));
    check(&[("retry-after", "soon")], after(None));
    check(
        &[
            ("date", "Sat, 31 Jan 2026 10:30:00 GMT"),
            ("retry-after", "Sat, 31 Jan 2026 10:30:05 GMT"),
        ],
        after(seconds(5)),
    );
}

#[test]
fn budgets_are_read_in_every_dialect() {
    let left = |remaining, resets_in| RateSignal {
        remaining: Some(remaining),
        resets_in,
        ..RateSignal::default()
    };
    check(
        &[
            ("x-ratelimit-remaining", "12"),
            ("x-ratelimit-reset", "1769851860"),
        ],
        left(12, seconds(60)),
    );
    check(
        &[("ratelimit-remaining", "0"), ("ratelimit-reset", "30")],
        left(0, seconds(30)),
    );
    check(
        &[
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "2026-01-31T09:30:10Z"),
        ],
        left(0, seconds(10)),
    );
    check(&[("x-rate-limit-remaining", "3")], left(3, None));
    check(&[], RateSignal::default());
}

#[test]
fn how_much_a_window_allows_is_read_in_every_dialect() {
    for name in ["x-ratelimit-limit", "ratelimit-limit", "x-rate-limit"] {
        let limited = RateSignal {
            limit: Some(700),
            ..RateSignal::default()
        };
        check(&[(name, "700")], limited);
        check(&[(name, "many")], RateSignal::default());
    }
}
