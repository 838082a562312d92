use super::*;

/// What is counted this many seconds after the beginning.
fn check(forged: &Forged, began: Instant, second: u64, expected: &[(&str, u64)]) {
    let found = forged.counts(began + Duration::from_secs(second));
    let expected = expected.iter();
    let expected: BTreeMap<NodeName, u64> = expected
        .map(|(node, count)| ((*node).into(), *count))
        .collect();
    assert_eq!(found, expected, "at {second} s");
}

#[test]
fn a_genuine_delivery_ends_the_count_of_its_node() {
    let (forged, began) = (Forged::default(), Instant::now());
    let [a, b]: [NodeName; 2] = ["a".into(), "b".into()];
    forged.genuine(&a, began);
    check(&forged, began, 0, &[("a", 0)]);
    for node in [&a, &b, &a] {
        forged.refused(node, began);
    }
    check(&forged, began, 1, &[("a", 2), ("b", 1)]);
    forged.genuine(&a, began);
    check(&forged, began, 1, &[("a", 0), ("b", 1)]);
    forged.refused(&a, began);
    check(&forged, began, 1, &[("a", 1), ("b", 1)]);
    // What is known of both is too old.
    check(&forged, began, 3602, &[]);
}

#[test]
fn what_was_refused_long_ago_is_forgotten() {
    let (forged, began) = (Forged::default(), Instant::now());
    let a: NodeName = "a".into();
    forged.refused(&a, began);
    check(&forged, began, 3600, &[("a", 1)]);
    forged.refused(&a, began + Duration::from_secs(3600));
    check(&forged, began, 7200, &[("a", 2)]);
    // Counted anew, whether or not somebody has looked meanwhile.
    forged.refused(&a, began + Duration::from_secs(7201));
    check(&forged, began, 7201, &[("a", 1)]);
    check(&forged, began, 10_802, &[]);
}

#[test]
fn it_is_told_when_the_last_was_genuine_and_when_the_first_was_refused() {
    let (forged, began) = (Forged::default(), Instant::now());
    let second = |count| began + Duration::from_secs(count);
    let a: NodeName = "a".into();
    forged.genuine(&a, began);
    forged.genuine(&a, second(1));
    forged.refused(&a, second(2));
    forged.refused(&a, second(3));
    let told = Told {
        node: a,
        refused: 2,
        refused_since_ms: Some(8000),
        genuine: 2,
        genuine_ms_ago: Some(9000),
    };
    assert_eq!(forged.told(second(10)), std::slice::from_ref(&told));
    let without = Told {
        refused_since_ms: Some(3_600_000),
        genuine: 0,
        genuine_ms_ago: None,
        ..told
    };
    assert_eq!(forged.told(second(3602)), [without]);
    assert_eq!(forged.told(second(7204)), []);
}
