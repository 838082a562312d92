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
