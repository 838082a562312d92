use super::{Look, Promises, judge};

/// Looks at something that began at 0 and ended at 10,000, by a host that has known it since `known_from`.
fn check(known_from: f64, looks: &[(f64, Option<f64>)], expected: &Promises) {
    let looks: Vec<Look> = looks
        .iter()
        .map(|(at_s, named_s)| Look {
            at_s: *at_s,
            known_s: at_s - known_from,
            named_s: *named_s,
        })
        .collect();
    assert_eq!(judge(&looks, 0.0, 10_000.0), *expected, "{looks:?}");
}

#[test]
fn an_error_counts_by_what_was_left() {
    let mut tenths = [None; 10];
    tenths[0] = Some(0.0);
    tenths[5] = Some(0.1);
    check(
        0.0,
        &[(0.0, Some(10_000.0)), (5_000.0, Some(10_500.0))],
        &Promises {
            looks: 2,
            first_s: Some(0.0),
            worst: 0.1,
            worst_left_s: 5_000.0,
            tenths,
            ..Promises::default()
        },
    );
    let mut tenths = [None; 10];
    tenths[0] = Some(0.2);
    check(
        0.0,
        &[(0.0, Some(8_000.0))],
        &Promises {
            looks: 1,
            first_s: Some(0.0),
            worst: 0.2,
            worst_left_s: 10_000.0,
            tenths,
            ..Promises::default()
        },
    );
}

#[test]
fn who_is_young_may_be_silent_and_the_end_is_not_judged() {
    let ends = [(9_600.0, Some(90_000.0)), (9_900.0, None)];
    check(
        0.0,
        &[&[(0.0, None), (500.0, None)][..], &ends].concat(),
        &Promises {
            young: 2,
            first_s: Some(9_600.0),
            ..Promises::default()
        },
    );
    check(
        0.0,
        &[(600.0, None)],
        &Promises {
            silent: 1,
            ..Promises::default()
        },
    );
    // A host that began anew is young again.
    check(
        4_000.0,
        &[(4_400.0, None), (4_600.0, None)],
        &Promises {
            young: 1,
            silent: 1,
            ..Promises::default()
        },
    );
}
