//! A newer rule version rejects what its twins were last in step with: they settle once their items are acceptable.

use super::net::{Net, item};
use super::rules::TestRules;
use super::{Case, plan_is};
use crate::names::Side;

pub(super) const CASES: &[Case] = &[
    ("a rejected base, mended on one side", || {
        mended(Side::Left, "first=left", "f -> first; right: f=good")
    }),
    (
        "a rejected base, mended on the side that `first` lets lose",
        || mended(Side::Right, "first=left", "f <- first; left: f=good"),
    ),
    ("a rejected base, mended on both sides alike", both_alike),
    (
        "a rejected base, mended on both sides differently",
        both_differently,
    ),
    (
        "a rejected base keeps what the other fields were",
        other_fields,
    ),
    (
        "an incoming rule that rejects its base takes what is new",
        incoming,
    ),
    (
        "an item that is still rejected is not planned",
        still_rejected,
    ),
];

/// A twin that was in step with `bad`, under a version that rejects it; each side is as given now.
fn net(spec: &str, left: &str, right: &str) -> Net {
    let rules = || TestRules::new("a", "b").field("f", spec).field("g", "");
    let fields = [("f", "bad"), ("g", "old")];
    let mut net = Net::pair(rules(), Some(item(0, &fields)), Some(item(1, &fields)));
    net.rebase(0);
    net.twins[0].rules = rules();
    net.twins[0].rules.contract.version = 2;
    net.twins[0].rules.rejects = Some("bad");
    for (side, value) in [(Side::Left, left), (Side::Right, right)] {
        net.node_mut(side).edit("f", value);
    }
    net
}

fn settles(net: &mut Net, left: &str, right: &str) {
    net.quiesce();
    plan_is(net, "");
    for (side, value) in [(Side::Left, left), (Side::Right, right)] {
        let item = net.node_mut(side).item.clone().unwrap();
        assert_eq!(item.get("f"), super::values::parse(value).as_ref());
        let base = net.twins[0].bases.get(side).as_ref().unwrap();
        assert!(base.fields.contains_key("f") && base.pending.is_empty());
    }
}

/// One side rejects, the other takes everything.
fn mended(side: Side, spec: &str, expected: &str) {
    let mut net = net(spec, "good", "good");
    net.node_mut(side.other()).edit("f", "bad");
    net.twins[0].rules.rejects_on = Some(side);
    plan_is(&net, expected);
    settles(&mut net, "good", "good");
}

fn both_alike() {
    let mut net = net("first=hold", "good", "good");
    plan_is(&net, "f in step");
    settles(&mut net, "good", "good");
}

/// Both sides' fields were mended, so neither is above the other: `first` decides.
fn both_differently() {
    let mut net = net("first=right", "good", "fine");
    plan_is(&net, "f <- first; left: f=fine");
    settles(&mut net, "fine", "fine");
}

fn other_fields() {
    let mut net = net("first=left", "good", "good");
    net.node_mut(Side::Right).edit("g", "new");
    plan_is(&net, "f in step; g <- changed; left: g=new");
    settles(&mut net, "good", "good");
}

fn incoming() {
    let mut net = net("first=left", "good", "bad");
    net.twins[0].rules.rejects = None;
    net.twins[0].rules.rejects_incoming = Some("bad");
    plan_is(&net, "f -> changed; right: f=good");
    settles(&mut net, "good", "good");
}

fn still_rejected() {
    let net = net("first=left", "bad", "good");
    let planned = crate::reconcile::reconcile(&net.facts(0), &net.twins[0].rules);
    assert!(planned.unwrap_err().rejected);
}
