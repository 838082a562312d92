//! Ways between states.

use super::*;

#[track_caller]
fn check(ways: &[(&str, &[&str])], from: &str, to: &str, expected: Option<&[&str]>) {
    let owned = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    let transitions = ways.iter().map(|(from, leads)| {
        let leads = owned(leads).into_iter().map(|to| wire::Transition { to });
        ((*from).to_owned(), leads.collect())
    });
    let states = ["New", "Active", "Resolved", "Closed"].map(|name| wire::State {
        name: name.to_owned(),
        category: String::new(),
    });
    let shape = Shape {
        kind: wire::Type {
            fields: Vec::new(),
            states: states.into(),
            transitions: transitions.collect(),
        },
        kinds: Arc::default(),
        asked: Timestamp::EPOCH,
    };
    assert_eq!(shape.way(from, to), expected.map(owned), "{from} to {to}");
}

#[test]
fn the_shortest_way_is_taken() {
    let steps: &[(&str, &[&str])] = &[
        ("New", &["Active"]),
        ("Active", &["New", "Resolved"]),
        ("Resolved", &["Active", "Closed"]),
        ("Closed", &[]),
    ];
    check(steps, "New", "New", Some(&[]));
    check(steps, "New", "Active", Some(&["Active"]));
    check(
        steps,
        "New",
        "Closed",
        Some(&["Active", "Resolved", "Closed"]),
    );
    check(steps, "Closed", "New", None);
    check(steps, "New", "Nowhere", None);
    check(&[], "New", "Closed", Some(&["Closed"]));
}
