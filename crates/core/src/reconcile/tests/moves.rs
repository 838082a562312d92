//! Cases of native values that no field declares, or that another rule version does.

use super::net::{Net, item};
use super::rules::{TestRules, scripted};
use super::values::parse;
use super::{Case, plan_is};
use crate::item::Item;
use crate::names::{FieldName, Side};
use crate::rules::Outgoing;
use std::collections::BTreeSet;

pub(super) const CASES: &[Case] = &[
    ("a field moves to another native", field_moves),
    (
        "a field moves to another native while another field is held",
        field_moves_while_held,
    ),
    (
        "what a person changed where only a script writes is still seen later",
        hidden_later,
    ),
];

/// The left side's `priority` is read from one native field.
fn show(side: Side, item: &Item, native: &str, outgoing: &mut Outgoing) {
    if side == Side::Left {
        let value = item.get(native).unwrap().clone();
        outgoing.view.fields.insert("priority".into(), value);
    }
}

/// `priority` is mapped from `Severity`; version 2 takes `Priority`, which no field declared before.
fn net(spec: &str) -> Net {
    let rules = TestRules::new("a", "b")
        .field("priority", "")
        .field("f", spec)
        .field("g", "");
    let left = [
        ("Severity", "s"),
        ("Priority", "Low"),
        ("f", "a"),
        ("g", "a"),
    ];
    let right = [("priority", "s"), ("f", "a"), ("g", "a")];
    let mut net = Net::pair(rules, Some(item(0, &left)), Some(item(1, &right)));
    publish(&mut net, "Severity", |side, item, outgoing| {
        show(side, item, "Severity", outgoing);
    });
    net.rebase(0);
    net
}

fn publish(net: &mut Net, native: &str, outgoing: super::rules::OutgoingScript) {
    let rules = &mut net.twins[0].rules;
    rules.outgoing = Some(outgoing);
    let contract = &mut rules.contract;
    let field = contract.fields.get_mut("priority").unwrap();
    let native: FieldName = native.into();
    field.native.left = BTreeSet::from([native]);
}

fn publish_second(net: &mut Net) {
    net.twins[0].rules.contract.version = 2;
    publish(net, "Priority", |side, item, outgoing| {
        show(side, item, "Priority", outgoing);
    });
}

/// What changed long ago is no change when a version begins to read it: a publish would flood the other side.
fn field_moves() {
    let mut net = net("");
    net.node_mut(Side::Left).edit("Priority", "High");
    plan_is(&net, "");
    net.node_mut(Side::Left).edit("g", "b");
    net.quiesce();
    publish_second(&mut net);
    plan_is(&net, "");
    net.quiesce();
    net.node_mut(Side::Left).edit("Priority", "Low");
    plan_is(&net, "priority -> changed; right: priority=Low");
}

/// While a field waits, its base must be made anew from what it came from: the observation is not moved on.
fn field_moves_while_held() {
    let mut net = net("conflict=hold");
    net.node_mut(Side::Left).edit("f", "b");
    net.node_mut(Side::Right).edit("f", "c");
    net.quiesce();
    net.node_mut(Side::Left).edit("Priority", "High");
    net.node_mut(Side::Left).edit("g", "b");
    net.quiesce();
    publish_second(&mut net);
    plan_is(
        &net,
        "f held conflict; priority -> changed; right: priority=High",
    );
}

/// The right script sets `category` from `f`. A person's own category is not forgotten because another field crosses.
fn hidden_later() {
    let mut rules = TestRules::new("a", "b").field("f", "").field("g", "");
    rules.incoming = Some(|side, input, draft| {
        if side == Side::Right
            && let Some(value) = input.replica.fields.get("f")
        {
            let category = scripted(&super::values::show(value));
            draft.fields.insert("category".into(), category);
        }
    });
    let left = item(0, &[("f", "a"), ("g", "a")]);
    let right = item(1, &[("f", "a"), ("g", "a"), ("category", "a")]);
    let mut net = Net::pair(rules, Some(left), Some(right));
    net.rebase(0);
    net.node_mut(Side::Right).edit("category", "mine");
    for (side, value) in [(Side::Left, "b"), (Side::Right, "c")] {
        net.node_mut(side).edit("g", value);
        net.quiesce();
    }
    net.node_mut(Side::Left).edit("f", "d");
    let plan = net.plan(0);
    let seen = plan
        .conflicts
        .iter()
        .find_map(|one| one.values.right.clone());
    assert_eq!(seen, parse("mine"), "{:?}", plan.conflicts);
}
