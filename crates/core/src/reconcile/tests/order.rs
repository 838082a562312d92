//! Properties: in which order, how often and when twins are looked at does not show in the end.

use super::net::Net;
use super::properties::{FIELDS, assert_in_step, edit, joined, natives, value};
use super::values::{parse, show};
use crate::item::Value;
use crate::names::FieldName;
use crate::reconcile::values::same;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;

type Ends = Vec<BTreeMap<FieldName, Value>>;

fn deliver(net: &mut Net, twin: usize) {
    net.now_s += 700;
    let twin = twin % net.twins.len();
    net.step(twin);
}

fn end(mut net: Net) -> Ends {
    net.quiesce();
    assert_in_step(&net);
    (0..net.nodes.len())
        .map(|node| natives(&net, node))
        .collect()
}

/// Everybody has edited, on whichever items; then the twins are looked at in two orders.
fn check_after_edits(twins: usize, edits: &[(usize, usize, usize)], orders: [&[usize]; 2]) {
    let ends = orders.map(|order| {
        let mut net = joined(3, twins, "conflict=left");
        for (node, field, chosen) in edits {
            edit(&mut net, *node, *field, *chosen);
        }
        for twin in order {
            deliver(&mut net, *twin);
        }
        end(net)
    });
    assert_eq!(ends[0], ends[1], "the order of deliveries shows");
}

/// Each field has one editor. Deliveries come between their edits, at two choices of times; each edit's number of
/// deliveries after it is given.
fn check_between_edits(
    nodes: usize,
    edits: &[(usize, usize)],
    editors: [usize; 4],
    times: [&[Vec<usize>]; 2],
) {
    let mut last = BTreeMap::new();
    let ends = times.map(|times| {
        let mut net = joined(nodes, nodes - 1, "conflict=hold");
        for (index, (field, chosen)) in edits.iter().enumerate() {
            edit(&mut net, editors[*field] % nodes, *field, *chosen);
            last.insert(*field, *chosen);
            for twin in times.get(index).into_iter().flatten() {
                deliver(&mut net, *twin);
            }
        }
        end(net)
    });
    assert_eq!(ends[0], ends[1], "the times of deliveries show");
    for (field, chosen) in last {
        let editor = editors[field] % nodes;
        let expected = parse(value(editor, field, chosen)).unwrap();
        let now = &ends[0][editor][FIELDS[field]];
        let lost = || {
            format!(
                "{}: {} became {}",
                FIELDS[field],
                show(&expected),
                show(now)
            )
        };
        assert!(same(now, &expected), "{}", lost());
    }
}

/// Worlds of three have no `level`.
fn field() -> impl Strategy<Value = usize> {
    prop_oneof![Just(0usize), Just(2), Just(3)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_chain_comes_to_the_same_end_in_any_order(
        edits in vec((0..3usize, field(), 0..4usize), 1..6),
        one in vec(0..2usize, 0..8),
        other in vec(0..2usize, 0..8),
    ) {
        check_after_edits(2, &edits, [&one, &other]);
    }

    #[test]
    fn a_ring_comes_to_the_same_end_in_any_order(
        editors in [0..3usize, 0..3usize, 0..3usize],
        chosen in [0..4usize, 0..4usize, 0..4usize],
        one in vec(0..3usize, 0..9),
        other in vec(0..3usize, 0..9),
    ) {
        let fields = [0, 2, 3];
        let edits: Vec<_> = (0..3).map(|at| (editors[at], fields[at], chosen[at])).collect();
        check_after_edits(3, &edits, [&one, &other]);
    }

    #[test]
    fn deliveries_may_come_at_any_time_between_edits(
        nodes in 2..4usize,
        editors in [0..3usize, 0..3usize, 0..3usize, 0..3usize],
        edits in vec((field(), 0..4usize), 1..8),
        one in vec(vec(0..2usize, 0..3), 8),
        other in vec(vec(0..2usize, 0..3), 8),
    ) {
        check_between_edits(nodes, &edits, editors, [&one, &other]);
    }
}
