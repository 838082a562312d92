use super::*;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn names(due: &[(NodeName, Refused)]) -> Vec<&str> {
    due.iter().map(|(node, _)| node.as_str()).collect()
}

#[test]
fn a_node_is_told_once_it_refuses_no_more() {
    let (refusals, began) = (Refusals::default(), Instant::now());
    assert!(refusals.due(began + TOLD_AFTER).is_empty());
    refusals.note(&"a".into(), at(1000), began);
    refusals.note(&"b".into(), at(1000), began);
    let half = QUIET / 2;
    refusals.note(&"a".into(), at(2000), began + half);
    assert_eq!(names(&refusals.due(began + half)), [""; 0]);
    assert_eq!(names(&refusals.due(began + QUIET)), ["b"]);
    let due = refusals.due(began + half + QUIET);
    assert_eq!(names(&due), ["a", "b"]);
    let expected = Refused {
        since: Some(at(1000)),
        until: at(2000),
    };
    assert_eq!(due[0].1, expected);
}

#[test]
fn one_of_which_something_is_refused_all_the_time_is_told_all_the_same() {
    let (refusals, began) = (Refusals::default(), Instant::now());
    let mut last = began;
    while last.duration_since(began) < TOLD_AFTER {
        assert!(refusals.due(last).is_empty());
        refusals.note(&"a".into(), at(1000), last);
        last += QUIET / 2;
    }
    assert_eq!(names(&refusals.due(last)), ["a"]);
}

#[test]
fn what_is_refused_all_the_time_is_not_told_all_the_time() {
    let (refusals, began) = (Refusals::default(), Instant::now());
    let node = "a".into();
    let (mut now, mut told) = (began, 0);
    // Between each telling and its being heard something is refused.
    while now.duration_since(began) < TOLD_AFTER * 4 {
        refusals.note(&node, at(1000), now);
        if let Some((_, refused)) = refusals.due(now).first() {
            refusals.note(&node, at(1000), now);
            refusals.heard(&node, refused.until, now);
            let rest = refusals.lock()[&node].refused;
            assert_eq!(rest.since, Some(refused.until));
            told += 1;
        }
        now += QUIET / 2;
    }
    assert_eq!(told, 3);
}

#[test]
fn what_is_refused_after_it_was_told_is_told_again() {
    let (refusals, began) = (Refusals::default(), Instant::now());
    let node = "a".into();
    refusals.note(&node, at(1000), began);
    let told = refusals.due(began + QUIET)[0].1.until;
    // The clock stands still, and it is another refusal all the same.
    refusals.note(&node, at(1000), began);
    refusals.heard(&node, told, began);
    let again = refusals.due(began + QUIET)[0].1.until;
    assert!(again > told);
    refusals.heard(&node, again, began);
    refusals.heard(&node, again, began);
    assert_eq!(refusals.count(), 0);
}

#[test]
fn it_is_settled_when_all_are_answered_and_all_is_heard() {
    let (refusals, began) = (Refusals::default(), Instant::now());
    assert!(refusals.is_settled());
    let open = refusals.open();
    assert!(!refusals.is_settled());
    drop(open);
    refusals.note(&"a".into(), at(1000), began);
    assert!(!refusals.is_settled());
    refusals.heard(&"a".into(), at(i64::MAX), began);
    assert!(refusals.is_settled());
}

#[test]
fn a_node_that_nobody_can_own_keeps_nobody_waiting() {
    let (refusals, began) = (Refusals::default(), Instant::now());
    refusals.note(&"a".into(), at(1000), began);
    refusals.note_unplaced(&["a".into()].into());
    assert!(refusals.is_settled());
    assert!(refusals.due(began + QUIET).is_empty());
    // It is told of as soon as somebody can be told.
    refusals.note_unplaced(&BTreeSet::new());
    assert_eq!(names(&refusals.due(began + QUIET)), ["a"]);
    assert_eq!(refusals.count(), 1);
}

#[test]
fn what_is_gone_keeps_nobody_waiting() {
    let (refusals, began) = (Refusals::default(), Instant::now());
    for node in ["a", "b"] {
        refusals.note(&node.into(), at(1000), began);
    }
    refusals.forget(|node| node.as_str() == "a");
    assert_eq!(names(&refusals.due(began + QUIET)), ["b"]);
    refusals.forget(|_| true);
    assert!(refusals.is_settled());
}
