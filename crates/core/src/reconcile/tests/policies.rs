//! The little world under the policies that hold an edit, or lose it, by design: what each of them promises all the same.

use super::net::Net;
use super::properties::{
    FIELDS, Step, arrives, assert_in_step_but, check_no_lost_edit, edit_told, natives, run, steps,
    value, world,
};
use super::show::summary;
use super::values::{parse, show};
use crate::names::{ReplicaField, Side};
use crate::reconcile::Hold;
use crate::reconcile::values::same;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// The policies of a conflict. Where only one side is edited there is none, and so all of them promise the same.
const ALL: [&str; 5] = [
    "conflict=left",
    "conflict=right",
    "conflict=latest",
    "conflict=merge",
    "conflict=hold",
];

/// Late, doubled and reordered deliveries: nothing follows.
fn assert_at_rest(net: &mut Net) {
    let written = net.writes;
    for _ in 0..2 {
        let plan = net.plan(0);
        assert!(plan.is_empty(), "{}", summary(&plan));
        net.step(0);
    }
    assert_eq!(net.writes, written, "an echo");
}

/// Two items that have come to rest, and the fields about which a person is asked. All others are in step.
fn rested(policy: &str, steps: &[Step]) -> (Net, BTreeSet<ReplicaField>) {
    let mut net = world(2, policy);
    run(&mut net, steps);
    net.quiesce();
    let held = net.plan(0).held();
    for (field, hold) in &held {
        assert_eq!(*hold, Hold::Conflict, "{field}");
    }
    let held: BTreeSet<_> = held.into_keys().collect();
    assert_in_step_but(&net, &held);
    assert_at_rest(&mut net);
    (net, held)
}

/// What is held is left alone on both sides, and a person's word takes it across as it was.
fn check_asks(policy: &str, steps: &[Step], takes: &[Side]) {
    let (mut net, held) = rested(policy, steps);
    let before = [0, 1].map(|node| natives(&net, node));
    let taken: BTreeMap<_, _> = held.into_iter().zip(takes.iter().copied()).collect();
    net.twins[0].release.clone_from(&taken);
    net.quiesce();
    assert_eq!(net.plan(0).held(), BTreeMap::new());
    assert_in_step_but(&net, &BTreeSet::new());
    for (field, side) in taken {
        let node = usize::from(side == Side::Right);
        let (then, now) = (
            &before[node][field.as_str()],
            &natives(&net, node)[field.as_str()],
        );
        assert!(
            same(then, now),
            "{field}: {} became {}",
            show(then),
            show(now)
        );
    }
    assert_at_rest(&mut net);
}

/// Of one edit of each side the later one stands on both sides, whichever of them is delivered when: that is what the
/// trackers' histories are asked for. Sets, which lose nothing by a conflict, and n:1 values aside.
fn check_the_later_stands(edits: &[(usize, bool, usize)], deliveries: &[bool]) {
    let mut net = world(2, "conflict=latest");
    let mut last = BTreeMap::new();
    for (index, (node, text, chosen)) in edits.iter().copied().enumerate() {
        let field = if text { 3 } else { 0 };
        net.now_s += 700;
        let side = if node == 0 { Side::Left } else { Side::Right };
        let base = net.twins[0].bases.get(side).as_ref().unwrap();
        let wanted = parse(value(node, field, chosen)).unwrap();
        // Put back to what the twin knows, it is no change at all.
        let back = same(&base.fields[FIELDS[field]], &wanted);
        let changed = edit_told(&mut net, node, field, chosen);
        if back {
            last.remove(&field);
        } else if changed {
            last.insert(field, wanted);
        }
        if deliveries.get(index) == Some(&true) {
            net.quiesce();
        }
    }
    net.quiesce();
    assert_in_step_but(&net, &BTreeSet::new());
    for (field, wanted) in last {
        let now = &natives(&net, 0)[FIELDS[field]];
        assert!(
            same(now, &wanted),
            "{}: {} became {}",
            FIELDS[field],
            show(&wanted),
            show(now)
        );
    }
}

/// A field that crosses one way writes nothing on its source, and what was edited there last arrives, unless the target
/// was edited after it had arrived and drift is kept.
fn check_one_way(policy: &str, steps: &[Step]) {
    let mut net = world(2, policy);
    for step in steps {
        let before = natives(&net, 0);
        run(&mut net, std::slice::from_ref(step));
        if !matches!(step, Step::Edit { node: 0, .. }) {
            assert_eq!(natives(&net, 0), before, "{step:?} wrote on the source");
        }
    }
    let before = natives(&net, 0);
    net.quiesce();
    assert_eq!(natives(&net, 0), before, "it wrote on the source");
    assert_eq!(net.plan(0).held(), BTreeMap::new());
    assert_at_rest(&mut net);
    if policy.contains("drift=restore") {
        for field in FIELDS {
            assert!(arrives(&net, 0, Side::Left, field), "{field}");
        }
    }
    // Whatever drifted: the source's next edit arrives.
    for (field, name) in FIELDS.iter().enumerate() {
        let chosen = (0..4).find(|chosen| {
            let edited = parse(value(0, field, *chosen)).unwrap();
            !same(&edited, &before[*name])
        });
        net.now_s += 700;
        edit_told(
            &mut net,
            0,
            field,
            chosen.expect("there are several values"),
        );
        net.quiesce();
        let is_set = *name == "labels";
        assert!(is_set || arrives(&net, 0, Side::Left, name), "{name}");
    }
}

const ONE_WAY: [&str; 2] = ["->", "-> drift=restore"];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_latest_converges(steps in steps(2)) {
        let (_, held) = rested("conflict=latest", &steps);
        prop_assert_eq!(held, BTreeSet::new());
    }

    #[test]
    fn the_later_edit_stands(
        edits in vec((0..2usize, any::<bool>(), 0..4usize), 1..8),
        deliveries in vec(any::<bool>(), 8),
    ) {
        check_the_later_stands(&edits, &deliveries);
    }

    #[test]
    fn what_is_held_waits_for_a_person(
        merges in any::<bool>(),
        steps in steps(2),
        takes in vec(prop_oneof![Just(Side::Left), Just(Side::Right)], 4),
    ) {
        check_asks(if merges { "conflict=merge" } else { "conflict=hold" }, &steps, &takes);
    }

    #[test]
    fn one_way_fields_arrive_and_never_come_back(policy in 0..2usize, steps in steps(2)) {
        check_one_way(ONE_WAY[policy], &steps);
    }

    #[test]
    fn no_policy_loses_an_edit_of_one_side(
        policy in 0..5usize,
        editor in 0..2usize,
        edits in vec((0..4usize, 0..4usize), 1..8),
        between in vec(prop_oneof![Just(Step::Deliver { twin: 0 }), Just(Step::Crash { twin: 0 })], 8),
    ) {
        check_no_lost_edit(2, ALL[policy], editor, &edits, &between);
    }
}
