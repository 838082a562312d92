use super::{Look, Promises, judge};

fn check(looks: &[(f64, Option<f64>)], expected: &Promises) {
    let looks: Vec<Look> = looks
        .iter()
        .map(|(at_s, named_s)| Look {
            at_s: *at_s,
            named_s: *named_s,
        })
        .collect();
    assert_eq!(judge(&looks, 1_000.0), *expected, "{looks:?}");
}

#[test]
fn an_error_counts_by_what_was_left() {
    check(
        &[(0.0, Some(1_000.0)), (500.0, Some(1_050.0))],
        &Promises {
            looks: 2,
            silent: 0,
            worst: 0.1,
            worst_left_s: 500.0,
        },
    );
    check(
        &[(0.0, Some(800.0))],
        &Promises {
            looks: 1,
            silent: 0,
            worst: 0.2,
            worst_left_s: 1_000.0,
        },
    );
}

#[test]
fn silence_is_counted_and_the_end_is_not_judged() {
    check(
        &[(0.0, None), (900.0, Some(5_000.0)), (950.0, None)],
        &Promises {
            silent: 1,
            ..Promises::default()
        },
    );
}
