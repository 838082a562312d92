//! Cases of odd conversations and odd items: very many comments, times out of order, chains, cycles.

use super::net::{Net, item, name};
use super::policy::{both_edited, changed};
use super::rules::TestRules;
use super::{Case, plan_is};
use crate::effect::Applied;
use crate::names::Side;
use crate::reconcile::Outcome;
use crate::richtext::Document;
use crate::time::Timestamp;
use std::collections::BTreeMap;

pub(super) const CASES: &[Case] = &[
    ("two thousand comments", many),
    (
        "comments whose times are out of order keep their order",
        times,
    ),
    ("field history out of order", history),
    (
        "internal never enters a public channel through a chain",
        chain,
    ),
    (
        "a mirror moved to internal by its original, in a chain",
        chain_moves,
    ),
    ("a cycle of parents: the parent is waived", cycle),
];

fn net() -> Net {
    let rules = TestRules::new("a", "b").comments();
    let mut net = Net::pair(rules, Some(item(0, &[])), Some(item(1, &[])));
    net.rebase(0);
    net
}

fn many() {
    let mut net = net();
    for id in 0..2_000 {
        net.nodes[0].comment(&format!("c{id}"), "ada", "public", "hello");
    }
    let mut plans = 0;
    loop {
        let plan = net.plan(0);
        let outcomes = net.execute(0, &plan);
        let rules = &net.twins[0].rules;
        let settled = crate::reconcile::settle(&plan, &net.facts(0), rules, &outcomes).unwrap();
        net.links.extend(settled.comments);
        net.twins[0].bases = settled.bases;
        plans += 1;
        if !plan.more_comments {
            break;
        }
    }
    assert_eq!(
        plans, 9,
        "249 each: the breaker's window has room for 500 writes"
    );
    plan_is(&net, "");
    net.nodes[0].comments()[1_000].body = Document::from_plain("newer");
    net.nodes[0].comments().remove(1_999);
    plan_is(&net, "right edit m1000 'ada¶newer'; right delete m1999");
}

fn times() {
    let mut net = net();
    for (id, at_ms) in [("1", 3_000), ("2", 1_000), ("3", 2_000)] {
        net.nodes[0].comment(id, "ada", "public", id);
        let comments = net.nodes[0].comments();
        comments.last_mut().unwrap().created = Timestamp::from_millis(at_ms);
    }
    plan_is(
        &net,
        "right add public 'ada¶1'; right add public 'ada¶2'; right add public 'ada¶3'",
    );
}

fn history() {
    let mut net = both_edited("conflict=latest");
    net.node_mut(Side::Left).history = vec![changed(20, "ada"), changed(1, "ada")];
    net.node_mut(Side::Right).history = vec![changed(10, "ben"), changed(5, "ben")];
    plan_is(&net, "f -> won; right: f=b");
}

/// `a` – `b` – `c`, where the second connection was told to bring internal comments into the public channel.
fn leaking() -> Net {
    let mut net = Net::of((0..3).map(|node| item(node, &[])).collect());
    for (left, right) in [(0, 1), (1, 2)] {
        let rules = TestRules::new(name(left).as_str(), name(right).as_str());
        net.join(rules.comments(), left, right);
        net.rebase(net.twins.len() - 1);
    }
    let contract = net.twins[1].rules.contract.comments.as_mut().unwrap();
    contract.channels[1].names.right = "public".to_owned();
    net
}

fn chain() {
    let mut net = leaking();
    net.nodes[0].comment("1", "ada", "internal", "secret");
    net.quiesce();
    assert_eq!(net.nodes[1].comments()[0].channel, "internal");
    assert!(net.nodes[2].comments().is_empty());
}

fn chain_moves() {
    let mut net = leaking();
    net.nodes[0].comment("1", "ada", "public", "was public");
    net.quiesce();
    assert_eq!(net.nodes[2].comments().len(), 1);
    net.nodes[0].comments()[0].channel = "internal".to_owned();
    net.quiesce();
    assert_eq!(net.nodes[1].comments()[0].channel, "internal");
    assert!(net.nodes[2].comments().is_empty());
}

/// The tracker refuses a parent that is a descendant: the parent is waived, the other field crosses.
fn cycle() {
    let rules = TestRules::new("a", "b").field("parent", "").field("f", "");
    let fields = [("parent", "∅"), ("f", "a")];
    let mut net = Net::pair(rules, Some(item(0, &fields)), Some(item(1, &fields)));
    net.rebase(0);
    net.node_mut(Side::Left).edit("parent", "its own child");
    net.node_mut(Side::Left).edit("f", "b");
    let whole = "f -> changed; parent -> changed; right: f=b parent=its own child";
    plan_is(&net, whole);
    let plan = net.plan(0);
    net.node_mut(Side::Right).edit("f", "b");
    let mut outcomes = crate::reconcile::Outcomes {
        effects: vec![Outcome::Done(Box::new(Applied {
            waived: BTreeMap::from([("parent".into(), "the parent is a descendant".to_owned())]),
            ..Applied::default()
        }))],
        ..Default::default()
    };
    outcomes.after.right.clone_from(&net.nodes[1].item);
    let settled = net.settle(0, &plan, &outcomes);
    assert_eq!(settled.waived["parent"], "the parent is a descendant");
    plan_is(&net, "");
    net.node_mut(Side::Left).edit("parent", "another");
    plan_is(&net, "parent -> changed; right: parent=another");
}
