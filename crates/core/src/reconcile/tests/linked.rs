//! Properties: two items that both existed are linked, whatever they say; policies ask where they are told to, and a
//! person's answer settles it.

use super::net::{Net, item};
use super::properties::{FIELDS, assert_in_step, crash, edit, fields, rules, value};
use super::show::summary;
use crate::effect::FieldChange;
use crate::names::{ReplicaField, Side};
use crate::reconcile::values::same_opt;
use crate::time::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;

const CONFLICTS: [&str; 5] = ["left", "right", "latest", "merge", "hold"];
const FIRSTS: [&str; 4] = ["left", "right", "filled", "hold"];

#[derive(Clone, Debug)]
enum Step {
    Edit {
        node: usize,
        field: usize,
        value: usize,
    },
    Deliver,
    Crash,
    /// `twinline release --field F --take SIDE`.
    Release {
        field: usize,
        take: Side,
    },
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Left), Just(Side::Right)]
}

fn step() -> impl Strategy<Value = Step> {
    let edit = (0..2usize, 0..4usize, 0..4usize);
    let release = (0..4usize, side());
    prop_oneof![
        4 => edit.prop_map(|(node, field, value)| Step::Edit { node, field, value }),
        3 => Just(Step::Deliver),
        1 => Just(Step::Crash),
        1 => release.prop_map(|(field, take)| Step::Release { field, take }),
    ]
}

/// Two items whose values were chosen by themselves, as neither base knows them.
fn strangers(policy: &str, start: [[usize; 4]; 2]) -> Net {
    let items = [0, 1].map(|node| {
        let mut item = item(node, &fields(node));
        for (field, chosen) in start[node].iter().enumerate() {
            let value = super::values::parse(value(node, field, *chosen)).unwrap();
            item.fields.insert(FIELDS[field].into(), value);
        }
        Some(item)
    });
    let [left, right] = items;
    Net::pair(rules(0, 1, policy), left, right)
}

/// A person's edit, told in the tracker's history.
fn edit_and_tell(net: &mut Net, node: usize, field: usize, chosen: usize) {
    edit(net, node, field, chosen);
    let change = FieldChange {
        field: FIELDS[field].into(),
        at: Timestamp::from_millis(net.now_s * 1000),
        by: "ada".to_owned(),
    };
    net.nodes[node].history.push(change);
}

fn run(net: &mut Net, steps: &[Step]) {
    for step in steps {
        net.now_s += 700;
        match *step {
            Step::Edit { node, field, value } => edit_and_tell(net, node, field, value),
            Step::Deliver => drop(net.step(0)),
            Step::Crash => crash(net, 0),
            Step::Release { field, take } => {
                net.twins[0].release.insert(FIELDS[field].into(), take);
                net.step(0);
            }
        }
    }
}

/// Comes to rest; what is frozen then is what the policies ask about, and a release ends it.
fn check(conflict: &str, first: &str, start: [[usize; 4]; 2], steps: &[Step], take: Side) {
    let mut net = strangers(&format!("conflict={conflict} first={first}"), start);
    run(&mut net, steps);
    net.quiesce();
    let plan = net.plan(0);
    assert!(plan.is_empty(), "{}", summary(&plan));
    let held: Vec<ReplicaField> = plan.held().into_keys().collect();
    let asks = matches!(conflict, "hold" | "merge") || matches!(first, "hold" | "filled");
    assert!(asks || held.is_empty(), "{}", summary(&plan));
    let taken = |net: &Net, field: &ReplicaField| {
        let item = net.nodes[usize::from(take == Side::Right)].item.as_ref();
        item.unwrap().get(field.as_str()).cloned()
    };
    let before: Vec<_> = held.iter().map(|field| taken(&net, field)).collect();
    for field in &held {
        net.twins[0].release.insert(field.clone(), take);
    }
    net.step(0);
    net.quiesce();
    assert_in_step(&net);
    for (field, before) in held.iter().zip(before) {
        let now = taken(&net, field);
        assert!(same_opt(now.as_ref(), before.as_ref()), "{field} was taken");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn linked_items_settle_or_ask(
        conflict in 0..5usize,
        first in 0..4usize,
        start in [[0..4usize, 0..4usize, 0..4usize, 0..4usize], [0..4usize, 0..4usize, 0..4usize, 0..4usize]],
        steps in vec(step(), 0..10),
        take in side(),
    ) {
        check(CONFLICTS[conflict], FIRSTS[first], start, &steps, take);
    }
}
