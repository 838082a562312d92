//! Cases of what becomes of a write: crashes, edits meanwhile, refusals, echoes.

use super::net::{Net, item};
use super::rules::TestRules;
use super::show::summary;
use super::values::{parse, show};
use super::{Case, in_step, plan_is};
use crate::effect::Applied;
use crate::names::{Side, Sides};
use crate::reconcile::{Outcome, Outcomes, Plan};
use std::collections::BTreeMap;

pub(super) const CASES: &[Case] = &[
    ("crash between write and base with a lossy map", crash_lossy),
    ("crash, and the source is edited again", crash_edit),
    ("crash, and the target is edited again", crash_target_edit),
    ("crash of writes to both sides", crash_both_ways),
    (
        "crash of element writes to both sides, and one of the changes is undone",
        crash_then_label_put_back,
    ),
    ("a person's edit during our write", edit_during_write),
    (
        "a person's edit of another label during our write",
        label_during_write,
    ),
    (
        "a label that the tracker spells in its own way",
        label_respelled,
    ),
    ("a person reverts our write at once", revert_during_write),
    (
        "a person reverts our write at once, and its version is known",
        revert_after_our_version,
    ),
    (
        "a person puts the base back during our write",
        base_back_during_write,
    ),
    (
        "an adjacent version vouches for the tracker's form",
        adjacent,
    ),
    ("a normalisation that is known is no change", normalised),
    (
        "a label is removed in the target's form",
        label_removed_normalised,
    ),
    ("a write that failed is planned again", failed_write),
    (
        "a write with unknown outcome is planned again",
        unknown_write,
    ),
    ("a status that cannot be reached is waived", waived_status),
    ("our own echo is dropped", echo),
    ("ping-pong by repetition", repetition),
    ("ping-pong by hops", hops),
];

/// The right side knows `1` and `3` only: `middle` becomes `1` there, which it shows as `high`.
fn crash_lossy() {
    let mut rules = TestRules::new("a", "b").field("f", "conflict=hold");
    rules = rules.table(
        "f",
        &[
            (
                "high",
                Sides {
                    left: &["High"],
                    right: &["1"],
                },
            ),
            (
                "middle",
                Sides {
                    left: &["Middle"],
                    right: &["1"],
                },
            ),
            (
                "low",
                Sides {
                    left: &["Low"],
                    right: &["3"],
                },
            ),
        ],
    );
    let mut net = Net::pair(
        rules,
        Some(item(0, &[("f", "Low")])),
        Some(item(1, &[("f", "3")])),
    );
    net.rebase(0);
    net.node_mut(Side::Left).edit("f", "Middle");
    let plan = net.plan(0);
    assert_eq!(summary(&plan), "f -> changed; right: f=1");
    net.execute(0, &plan);
    plan_is(&net, "f in step");
    net.quiesce();
    assert_eq!(
        net.nodes[0].item.as_ref().unwrap().get("f"),
        parse("Middle").as_ref()
    );
}

fn crash_edit() {
    let mut net = in_step("conflict=hold", "a");
    net.node_mut(Side::Left).edit("f", "b");
    let plan = net.plan(0);
    net.execute(0, &plan);
    net.twins[0]
        .unsettled
        .right
        .extend(plan.effects[0].unsettled());
    net.node_mut(Side::Left).edit("f", "c");
    plan_is(&net, "f -> changed; right: f=c");
    net.node_mut(Side::Left).edit("f", "a");
    plan_is(&net, "f -> changed; right: f=a");
    net.quiesce();
    plan_is(&net, "");
}

/// The host dies before it settles.
fn crash(net: &mut Net) {
    let plan = net.plan(0);
    net.execute(0, &plan);
    for planned in &plan.effects {
        let unsettled = net.twins[0].unsettled.get_mut(planned.side);
        unsettled.extend(planned.unsettled());
    }
}

/// What the source had sent is no hidden change of the source, although its base observation is older (R5).
fn crash_target_edit() {
    let mut net = in_step("conflict=left", "{}");
    net.node_mut(Side::Left).edit("f", "{x}");
    crash(&mut net);
    net.node_mut(Side::Right).edit("f", "{x,y}");
    plan_is(&net, "f <- changed; left: f=+y");
    net.quiesce();
    plan_is(&net, "");
}

/// A source that puts its value back has changed it, also when another field was written there by the same plan.
fn crash_both_ways() {
    let rules = TestRules::new("a", "b").field("f", "").field("g", "");
    let fields = [("f", "a"), ("g", "a")];
    let mut net = Net::pair(rules, Some(item(0, &fields)), Some(item(1, &fields)));
    net.rebase(0);
    net.node_mut(Side::Left).edit("g", "b");
    net.node_mut(Side::Right).edit("f", "b");
    crash(&mut net);
    net.node_mut(Side::Right).edit("f", "a");
    plan_is(&net, "f <- changed; left: f=a");
    net.quiesce();
    plan_is(&net, "");
}

/// Executes the first plan, lets a person edit the right side before it is fetched, and settles.
fn meanwhile(net: &mut Net, edit: impl FnOnce(&mut Net)) -> Plan {
    let plan = net.plan(0);
    let mut outcomes = net.execute(0, &plan);
    edit(net);
    outcomes.after.right.clone_from(&net.nodes[1].item);
    net.settle(0, &plan, &outcomes);
    net.plan(0)
}

fn edit_during_write() {
    let mut net = in_step("conflict=left", "a");
    net.node_mut(Side::Left).edit("f", "b");
    let next = meanwhile(&mut net, |net| {
        net.node_mut(Side::Right).edit("f", "person")
    });
    assert_eq!(summary(&next), "f <- changed; left: f=person");
    assert_eq!(net.rests, 0, "what the person wrote has yet to cross");
    net.quiesce();
    plan_is(&net, "");
}

/// The left side won a conflict; then the right side shows its base again, which is a person's answer to the write.
/// Each side's write carries what the other had changed. What is put back afterwards is another change, although the base
/// with our write would show the same.
fn crash_then_label_put_back() {
    let mut net = in_step("conflict=left", "{x}");
    net.node_mut(Side::Right).edit("f", "{}");
    net.node_mut(Side::Left).edit("f", "{x,y}");
    crash(&mut net);
    net.node_mut(Side::Right).edit("f", "{x,y}");
    plan_is(&net, "f <- changed; left: f=+x");
    net.quiesce();
    plan_is(&net, "");
}

fn base_back_during_write() {
    let mut net = in_step("conflict=left", "a");
    net.node_mut(Side::Left).edit("f", "b");
    net.node_mut(Side::Right).edit("f", "c");
    let next = meanwhile(&mut net, |net| net.node_mut(Side::Right).edit("f", "a"));
    assert_eq!(summary(&next), "f <- changed; left: f=a");
    net.quiesce();
    plan_is(&net, "");
}

fn label_during_write() {
    let mut net = in_step("conflict=left", "{a}");
    net.node_mut(Side::Left).edit("f", "{a,b}");
    let next = meanwhile(&mut net, |net| {
        net.node_mut(Side::Right).edit("f", "{a,b,c}")
    });
    assert_eq!(summary(&next), "f <- changed; left: f=+c");
}

fn label_respelled() {
    let written = |shown: &str| {
        let mut net = in_step("conflict=left", "{a}");
        net.node_mut(Side::Left).edit("f", "{a,Bug}");
        let next = meanwhile(&mut net, |net| net.node_mut(Side::Right).edit("f", shown));
        summary(&next)
    };
    assert_eq!(written("{a,bug}"), "");
    assert_eq!(written("{a,bug,c}"), "f <- changed; left: f=+c");
    assert_eq!(written("{A,Bug}"), "f <- changed; left: f=+A-a");
}

/// Where the tracker does not tell the version of our write, it may have dropped it without a word.
fn revert_during_write() {
    let mut net = in_step("conflict=left", "a");
    net.node_mut(Side::Left).edit("f", "b");
    let next = meanwhile(&mut net, |net| net.node_mut(Side::Right).edit("f", "a"));
    assert_eq!(summary(&next), "f -> changed; right: f=b");
}

/// Where it does, what is newer than that was put back by somebody.
fn revert_after_our_version() {
    for (ours, reverted, expected) in [
        ("b", "a", "f <- changed; left: f=a"),
        ("{a,b}", "{a}", "f <- changed; left: f=-b"),
    ] {
        let mut net = in_step("conflict=left", reverted);
        net.node_mut(Side::Right).tells_version = true;
        net.node_mut(Side::Left).edit("f", ours);
        let next = meanwhile(&mut net, |net| {
            net.node_mut(Side::Right).edit("f", reverted)
        });
        assert_eq!(summary(&next), expected);
        net.quiesce();
        plan_is(&net, "");
    }
}

fn upper(_: &crate::names::FieldName, value: &crate::item::Value) -> crate::item::Value {
    parse(&show(value).to_uppercase()).unwrap()
}

fn adjacent() {
    let mut net = in_step("", "A");
    net.node_mut(Side::Left).edit("f", "b");
    net.node_mut(Side::Right).adjacent = true;
    let plan = net.plan(0);
    net.node_mut(Side::Right).normalise = upper;
    let outcomes = net.execute(0, &plan);
    net.settle(0, &plan, &outcomes);
    plan_is(&net, "");
}

fn normalised() {
    let mut net = in_step("", "A");
    net.node_mut(Side::Right).normalise = upper;
    net.node_mut(Side::Left).edit("f", "b");
    plan_is(&net, "f -> changed; right: f=b");
    net.quiesce();
    plan_is(&net, "");
    net.node_mut(Side::Left).edit("f", "B");
    plan_is(&net, "f -> changed");
}

fn label_removed_normalised() {
    let mut net = in_step("", "{}");
    net.node_mut(Side::Right).normalise = upper;
    net.node_mut(Side::Left).edit("f", "{a,b}");
    net.quiesce();
    net.node_mut(Side::Left).edit("f", "{b}");
    plan_is(&net, "f -> changed; right: f=-A");
}

fn ended(outcome: Outcome) {
    let mut net = in_step("", "a");
    net.node_mut(Side::Left).edit("f", "b");
    let plan = net.plan(0);
    let outcomes = Outcomes {
        effects: vec![outcome],
        ..Outcomes::default()
    };
    net.settle(0, &plan, &outcomes);
    plan_is(&net, "f -> changed; right: f=b");
}

fn failed_write() {
    ended(Outcome::NotDone);
}

fn unknown_write() {
    ended(Outcome::Unknown);
}

fn waived_status() {
    let mut net = in_step("", "a");
    net.node_mut(Side::Left).edit("f", "b");
    let plan = net.plan(0);
    let waived = BTreeMap::from([("f".into(), "no transition leads there".to_owned())]);
    let applied = Applied {
        waived,
        ..Applied::default()
    };
    let mut outcomes = Outcomes {
        effects: vec![Outcome::Done(Box::new(applied))],
        ..Outcomes::default()
    };
    outcomes.after.right.clone_from(&net.nodes[1].item);
    let settled = net.settle(0, &plan, &outcomes);
    assert_eq!(settled.waived["f"], "no transition leads there");
    plan_is(&net, "");
    net.node_mut(Side::Left).edit("f", "c");
    plan_is(&net, "f -> changed; right: f=c");
}

fn echo() {
    let mut net = in_step("", "a");
    net.node_mut(Side::Left).edit("f", "b");
    net.quiesce();
    assert_eq!((net.writes, net.rests), (1, 1), "written, and at rest");
    plan_is(&net, "");
    // The webhook of our own write makes the item dirty: nothing follows.
    net.quiesce();
    assert_eq!(net.writes, 1);
}

fn repetition() {
    let mut net = in_step("-> drift=restore", "a");
    for _ in 0..4 {
        net.node_mut(Side::Right).edit("f", "automation");
        net.now_s += 30;
        assert!(net.step(0));
    }
    net.node_mut(Side::Right).edit("f", "automation");
    plan_is(&net, "f held ping-pong");
}

fn hops() {
    let mut net = in_step("", "0");
    net.node_mut(Side::Left).edit("f", "1");
    for value in 2..6 {
        net.now_s += 1;
        if summary(&net.plan(0)) == "f held ping-pong" {
            assert_eq!(
                value, 5,
                "frozen after more hops than the cluster has items"
            );
            return;
        }
        net.step(0);
        let answering = if value % 2 == 0 {
            Side::Right
        } else {
            Side::Left
        };
        net.node_mut(answering).edit("f", &value.to_string());
    }
    plan_is(&net, "f held ping-pong");
}
