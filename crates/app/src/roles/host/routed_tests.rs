use super::*;

fn nodes(names: &[&str]) -> BTreeSet<NodeName> {
    names.iter().map(|name| NodeName::from(*name)).collect()
}

/// An edge that lacks these nodes.
fn lacks(edge: &str, names: &[&str]) -> Said {
    Said {
        edge: edge.to_owned(),
        waited_for: false,
        lacks: Ok(nodes(names)),
    }
}

fn silent(edge: &str) -> Said {
    Said {
        edge: edge.to_owned(),
        waited_for: false,
        lacks: Err("connection refused".to_owned()),
    }
}

/// The nodes `a` and `b` after both were first asked about so long ago and the edges said this: which wait, and for whom.
fn check(ago: Duration, said: &[Said], expected: &[&str]) {
    let mut waits = Waits::default();
    let (asked, begun) = (nodes(&["a", "b"]), Instant::now());
    waits.ask(&asked, begun);
    // Asking again begins nothing anew.
    waits.ask(&asked, begun + ago);
    let found = waits.judge(&asked, said, begun + ago);
    let found = found.iter().map(|(node, edges)| {
        let edges: Vec<&str> = edges.keys().map(String::as_str).collect();
        format!("{node}: {}", edges.join(" "))
    });
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn a_webhook_waits_for_every_edge_that_lacks_its_node() {
    check(Duration::ZERO, &[lacks("m1", &[]), lacks("m2", &[])], &[]);
    check(
        Duration::ZERO,
        &[lacks("m1", &["b"]), lacks("m2", &["a", "b"])],
        &["a: m2", "b: m1 m2"],
    );
    // However long.
    check(
        PASSED_OVER_AFTER * 100,
        &[lacks("m1", &[]), lacks("m2", &["b"])],
        &["b: m2"],
    );
}

#[test]
fn an_edge_that_does_not_answer_holds_up_nothing_for_ever() {
    let said = || [lacks("m1", &[]), silent("m2")];
    check(Duration::ZERO, &said(), &["a: m2", "b: m2"]);
    let almost = PASSED_OVER_AFTER.saturating_sub(Duration::from_millis(1));
    check(almost, &said(), &["a: m2", "b: m2"]);
    check(PASSED_OVER_AFTER, &said(), &[]);
    check(
        PASSED_OVER_AFTER,
        &[lacks("m1", &["a"]), silent("m2")],
        &["a: m1"],
    );
}

#[test]
fn the_one_edge_of_a_machine_is_waited_for() {
    let said = Said {
        waited_for: true,
        ..silent("edge")
    };
    check(PASSED_OVER_AFTER * 100, &[said], &["a: edge", "b: edge"]);
}

#[test]
fn it_is_told_that_nothing_waits_when_nothing_does() {
    let (mut waits, begun) = (Waits::default(), Instant::now());
    let after = |seconds: u64| begun + TOLD_AFTER + Duration::from_secs(seconds);
    let mut look = |asked: &[&str], lacking: &[&str], wanted: &[&str], now: Instant| {
        let asked = nodes(asked);
        waits.only(&nodes(wanted));
        waits.ask(&asked, begun);
        let found = waits.judge(&asked, &[lacks("m2", lacking)], now);
        waits.note(&asked, found);
        waits.tell(now);
        waits.told.keys().cloned().collect::<Vec<_>>()
    };
    let both = ["a", "b"];
    assert_eq!(
        look(&both, &both, &both, begun),
        [""; 0],
        "not for long yet"
    );
    assert_eq!(look(&both, &both, &both, after(0)), ["m2"]);
    // Only one of them is asked about, and waits no more; or none.
    assert_eq!(look(&["a"], &[], &both, after(1)), ["m2"]);
    assert_eq!(look(&[], &[], &both, after(2)), ["m2"]);
    assert_eq!(look(&["b"], &[], &both, after(3)), [""; 0]);
    // One whose webhook nobody wants any more does not wait either.
    assert_eq!(look(&["b"], &["b"], &both, after(4)), ["m2"]);
    assert_eq!(look(&[], &[], &["a"], after(5)), [""; 0]);
}

#[test]
fn a_node_that_comes_back_begins_to_wait_anew() {
    let (mut waits, begun) = (Waits::default(), Instant::now());
    let asked = nodes(&["a"]);
    waits.ask(&asked, begun);
    waits.only(&BTreeSet::new());
    let now = begun + PASSED_OVER_AFTER;
    waits.ask(&asked, now);
    let found = waits.judge(&asked, &[silent("m2")], now);
    assert_eq!(found.len(), 1);
}
