//! Cases of conflicts, holds and releases.

use super::net::{Net, US};
use super::values::parse;
use super::{Case, in_step, plan_is};
use crate::effect::FieldChange;
use crate::names::Side;
use crate::reconcile::{Decision, Hold, OwnAttempt};
use crate::time::Timestamp;
use std::collections::BTreeSet;

pub(super) const CASES: &[Case] = &[
    ("conflict merge", merges_blocks),
    ("conflict latest, left later", || {
        latest(20, 10, "f -> won; right: f=b")
    }),
    ("conflict latest, right later", || {
        latest(10, 20, "f <- won; left: f=c")
    }),
    ("conflict latest, tie", || {
        latest(10, 12, "f -> won; right: f=b")
    }),
    ("conflict latest, skew corrected", skew),
    (
        "conflict latest, our own attempt is not a person",
        own_attempt,
    ),
    ("hold, then release left", || {
        release(Side::Left, "f -> released; right: f=b")
    }),
    ("hold, then release right", || {
        release(Side::Right, "f <- released; left: f=c")
    }),
    ("a held field is in step again", held_in_step),
    (
        "a held field stays held when one side is reverted",
        held_stays,
    ),
    ("release of a field that nobody changed", release_unchanged),
    ("a conflict records both values", records),
    ("a plan is valid only for its facts", valid_for),
];

fn merges_blocks() {
    let mut net = in_step("conflict=merge", "¶one¶two¶three");
    net.node_mut(Side::Left).edit("f", "¶ONE¶two¶three");
    net.node_mut(Side::Right).edit("f", "¶one¶two¶THREE");
    plan_is(
        &net,
        "f merges; left: f=¶ONE¶two¶THREE; right: f=¶ONE¶two¶THREE",
    );
    net.quiesce();
    plan_is(&net, "");
}

pub(super) fn both_edited(spec: &str) -> Net {
    let mut net = in_step(spec, "a");
    net.node_mut(Side::Left).edit("f", "b");
    net.node_mut(Side::Right).edit("f", "c");
    net
}

pub(super) fn changed(at_s: i64, by: &str) -> FieldChange {
    FieldChange {
        field: "f".into(),
        at: Timestamp::from_millis(at_s * 1000),
        by: by.to_owned(),
    }
}

fn latest(left_s: i64, right_s: i64, expected: &str) {
    let mut net = both_edited("conflict=latest");
    net.node_mut(Side::Left).history = vec![changed(1, "ada"), changed(left_s, "ada")];
    net.node_mut(Side::Right).history = vec![changed(right_s, "ben")];
    plan_is(&net, expected);
}

fn skew() {
    let mut net = both_edited("conflict=latest");
    net.node_mut(Side::Left).history = vec![changed(100, "ada")];
    net.node_mut(Side::Left).skew_ms = 95_000;
    net.node_mut(Side::Right).history = vec![changed(50, "ben")];
    plan_is(&net, "f <- won; left: f=c");
}

fn own_attempt() {
    let mut net = both_edited("conflict=latest");
    let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
    net.node_mut(Side::Left).history = vec![changed(10, "ada"), changed(100, US)];
    net.node_mut(Side::Left).own_attempts = vec![OwnAttempt {
        from: at(99),
        to: at(101),
        fields: BTreeSet::from(["f".into()]),
    }];
    net.node_mut(Side::Right).history = vec![changed(50, "ben")];
    plan_is(&net, "f <- won; left: f=c");
    net.node_mut(Side::Left).own_attempts.clear();
    plan_is(&net, "f -> won; right: f=b");
}

fn release(take: Side, expected: &str) {
    let mut net = both_edited("conflict=hold");
    net.quiesce();
    plan_is(&net, "f held conflict");
    net.twins[0].release.insert("f".into(), take);
    plan_is(&net, expected);
    net.quiesce();
    plan_is(&net, "");
}

fn held_in_step() {
    let mut net = both_edited("conflict=hold");
    net.twins[0].held.insert("f".into(), Hold::Conflict);
    net.node_mut(Side::Right).edit("f", "b");
    plan_is(&net, "f in step");
    net.quiesce();
    assert!(net.twins[0].held.is_empty());
}

fn held_stays() {
    let mut net = both_edited("conflict=hold");
    net.twins[0].held.insert("f".into(), Hold::Conflict);
    net.node_mut(Side::Right).edit("f", "a");
    plan_is(&net, "f held conflict");
}

fn release_unchanged() {
    let mut net = in_step("", "a");
    net.node_mut(Side::Right).edit("f", "x");
    net.rebase(0);
    net.twins[0].release.insert("f".into(), Side::Left);
    plan_is(&net, "f -> released; right: f=a");
    net.quiesce();
    plan_is(&net, "");
}

fn records() {
    let net = both_edited("conflict=left");
    let record = &net.plan(0).conflicts[0];
    assert_eq!(
        (&record.values.left, &record.values.right),
        (&parse("b"), &parse("c"))
    );
    assert_eq!(record.winner, Some(Side::Left));
    let net = both_edited("conflict=hold");
    assert_eq!(net.plan(0).conflicts[0].winner, None);
    assert_eq!(net.plan(0).fields["f"], Decision::Held(Hold::Conflict));
}

fn valid_for() {
    let mut net = both_edited("conflict=left");
    let before = net.plan(0).valid_for;
    assert_eq!(net.plan(0).valid_for, before);
    net.node_mut(Side::Right).edit("f", "d");
    assert_ne!(net.plan(0).valid_for, before);
}
