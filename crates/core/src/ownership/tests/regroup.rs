use crate::names::NodeName;
use crate::ownership::regroup;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// `before` and the result: `node=group`, `gone>survivor` for joined groups.
fn check(before: &str, nodes: &str, connections: &[(&str, &str)], expected: &str) {
    let before = before.split_whitespace().map(|place| {
        let (node, group) = place.split_once('=').unwrap();
        (NodeName::new(node), group.to_owned())
    });
    let nodes = nodes.split_whitespace().map(NodeName::new).collect();
    let connections: Vec<_> = connections
        .iter()
        .map(|(left, right)| (NodeName::new(*left), NodeName::new(*right)))
        .collect();
    let groups = regroup(&before.collect(), &nodes, &connections, |node| {
        format!("new-{node}")
    });
    let places = groups
        .places
        .iter()
        .map(|(node, group)| format!("{node}={group}"));
    let joined = groups
        .joined
        .iter()
        .map(|(gone, to)| format!("{gone}>{to}"));
    let got: Vec<String> = places.chain(joined).collect();
    assert_eq!(got.join(" "), expected);
}

#[test]
fn nodes_that_a_connection_joins_are_one_group() {
    check("", "a b c", &[("c", "b")], "a=new-a b=new-b c=new-b");
}

#[test]
fn a_new_node_comes_into_the_group_that_is_there() {
    check("b=g", "a b", &[("a", "b")], "a=g b=g");
}

#[test]
fn the_group_with_more_nodes_survives_a_join_and_of_equals_the_lesser_id() {
    check("a=g b=h c=h", "a b c", &[("a", "b")], "a=h b=h c=h g>h");
    check("a=h b=g", "a b", &[("a", "b")], "a=g b=g h>g");
    check(
        "a=g b=h c=i",
        "a b c",
        &[("a", "b"), ("c", "b")],
        "a=g b=g c=g h>g i>g",
    );
}

#[test]
fn nodes_stay_together_when_their_connection_goes() {
    check("a=g b=g", "a b", &[], "a=g b=g");
}

#[test]
fn a_node_that_went_is_no_longer_placed_and_unknown_ones_join_nothing() {
    check("a=g b=g", "b", &[("b", "x")], "b=g");
}

proptest! {
    /// Both ends of every connection are in one group, nobody who was together is parted, and working it out again
    /// changes nothing.
    #[test]
    fn groups_are_closed_and_stay(
        count in 1_usize..12,
        before in prop::collection::vec(0_usize..4, 12),
        ends in prop::collection::vec((0_usize..12, 0_usize..12), 0..10),
    ) {
        let name = |n: usize| NodeName::new(format!("n{n:02}"));
        let nodes: BTreeSet<NodeName> = (0..count).map(name).collect();
        let before: BTreeMap<NodeName, String> =
            (0..count).filter(|n| before[*n] > 0).map(|n| (name(n), format!("g{}", before[n]))).collect();
        let ends: Vec<_> = ends.iter().map(|(one, other)| (name(one % count), name(other % count))).collect();
        let groups = regroup(&before, &nodes, &ends, |node| format!("new-{node}"));
        for (one, other) in &ends {
            prop_assert_eq!(&groups.places[one], &groups.places[other]);
        }
        for (node, group) in &before {
            for (other, same) in &before {
                prop_assert!(group != same || groups.places[node] == groups.places[other]);
            }
        }
        let again = regroup(&groups.places, &nodes, &ends, |_| unreachable!("every node has a group"));
        prop_assert_eq!(&again.places, &groups.places);
        prop_assert!(again.joined.is_empty());
    }
}
