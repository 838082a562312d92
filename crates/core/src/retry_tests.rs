use super::*;

fn check(failures: u32, expected_s: u64) {
    let backoff = Backoff {
        first: Duration::from_secs(1),
        max: Duration::from_secs(300),
    };
    assert_eq!(
        backoff.wait(failures),
        Duration::from_secs(expected_s),
        "{failures}"
    );
}

#[test]
fn it_doubles_up_to_its_limit() {
    for (failures, expected_s) in [(0, 1), (1, 1), (2, 2), (3, 4), (9, 256), (10, 300)] {
        check(failures, expected_s);
    }
    check(u32::MAX, 300);
}

#[test]
fn jitter_lies_between_half_and_the_whole() {
    let base = Duration::from_secs(8);
    for random in [0, 1, 3999, 4000, 4001, u64::MAX] {
        let wait = jittered(base, random);
        assert!(base / 2 <= wait && wait <= base, "{random}: {wait:?}");
    }
    assert_eq!(jittered(Duration::ZERO, 7), Duration::ZERO);
    assert_ne!(jittered(base, 1), jittered(base, 2));
}
