//! Cases of comments that scripts ask for.

use super::net::{Net, item};
use super::rules::{TestRules, scripted};
use super::{Case, plan_is};
use crate::names::Side;
use crate::reconcile::Outcome;
use crate::richtext::Document;
use crate::rules::{Draft, Incoming, ScriptComment};

pub(super) const CASES: &[Case] = &[
    ("a script's comment is written once", once),
    (
        "a script's comment does not repeat while its field's write fails",
        write_fails,
    ),
    (
        "a script's comment is written again for the same change later",
        again,
    ),
    ("a script's comment at the creation follows", at_creation),
    (
        "a script's comment at the creation, a crash after the create",
        creation_crash,
    ),
    (
        "a script's comment at the creation, its write fails",
        creation_write_fails,
    ),
    (
        "a script's comment at the creation, a crash after it was written",
        creation_comment_crash,
    ),
];

fn ask(draft: &mut Draft, text: &str) {
    draft.comments.push(ScriptComment {
        key: "key".to_owned(),
        body: Document::from_plain(text),
        channel: "internal".to_owned(),
    });
}

/// Asks when `f` becomes `resolved`.
fn resolved(side: Side, input: &Incoming<'_>, draft: &mut Draft) {
    let resolved = Some(scripted("resolved").value);
    let before = input.previous.and_then(|view| view.fields.get("f"));
    let now = input.replica.fields.get("f");
    if side == Side::Right && now == resolved.as_ref() && before != now {
        ask(draft, "resolved over there");
    }
}

fn net() -> Net {
    let mut rules = TestRules::new("a", "b")
        .field("f", "")
        .field("g", "")
        .comments();
    rules.incoming = Some(resolved);
    let fields = [("f", "open"), ("g", "0")];
    let mut net = Net::pair(rules, Some(item(0, &fields)), Some(item(1, &fields)));
    net.rebase(0);
    net.node_mut(Side::Left).edit("f", "resolved");
    net
}

fn once() {
    let mut net = net();
    let whole = "f -> changed; right: f=resolved; right add internal 'resolved over there'";
    plan_is(&net, whole);
    let plan = net.plan(0);
    let mut outcomes = net.execute(0, &plan);
    // The field's write is lost: it is planned again, the comment is not, and nothing of it crosses back.
    outcomes.effects[0] = Outcome::NotDone;
    net.node_mut(Side::Right).edit("f", "open");
    net.settle(0, &plan, &outcomes);
    plan_is(&net, "f -> changed; right: f=resolved");
    net.quiesce();
    plan_is(&net, "");
    assert_eq!(net.nodes[0].comments().len(), 0);
}

/// The tracker takes `g` and leaves `f` as it is, time and again.
fn write_fails() {
    let mut net = net();
    for value in ["1", "2", "3"] {
        net.node_mut(Side::Left).edit("g", value);
        let plan = net.plan(0);
        let mut outcomes = net.execute(0, &plan);
        net.node_mut(Side::Right).edit("f", "open");
        outcomes.after.right.clone_from(&net.nodes[1].item);
        net.settle(0, &plan, &outcomes);
        plan_is(&net, "f -> changed; right: f=resolved");
        net.now_s += 700;
    }
    assert_eq!(net.nodes[1].comments().len(), 1);
}

fn again() {
    let mut net = net();
    net.quiesce();
    net.node_mut(Side::Left).edit("f", "open");
    net.quiesce();
    assert_eq!(net.nodes[1].comments().len(), 1);
    net.node_mut(Side::Left).edit("f", "resolved");
    net.quiesce();
    assert_eq!(net.nodes[1].comments().len(), 2);
    plan_is(&net, "");
}

/// Nothing is there on the right; the script greets the new item.
fn greeted() -> Net {
    let mut rules = TestRules::new("a", "b").field("f", "").comments();
    rules.incoming = Some(|side, input, draft| {
        if side == Side::Right && input.first_sync && input.target.fields.is_empty() {
            ask(draft, "welcome");
        }
    });
    let net = Net::pair(rules, Some(item(0, &[("f", "a")])), None);
    plan_is(&net, "f -> created; right create f=a");
    net
}

/// Comes to rest with the one greeting.
fn is_greeted_once(mut net: Net) {
    net.quiesce();
    plan_is(&net, "");
    assert!(net.plan(0).is_empty());
    let comments = net.nodes[1].comments();
    assert_eq!(comments.len(), 1);
    assert_eq!(comments[0].body.plain(), "welcome");
    assert_eq!(net.nodes[0].comments().len(), 0);
    net.node_mut(Side::Left).edit("f", "b");
    plan_is(&net, "f -> changed; right: f=b");
    net.quiesce();
    assert_eq!(net.nodes[1].comments().len(), 1);
}

fn at_creation() {
    let mut net = greeted();
    net.step(0);
    plan_is(&net, "right add internal 'welcome'");
    is_greeted_once(net);
}

fn creation_crash() {
    let mut net = greeted();
    let plan = net.plan(0);
    net.execute(0, &plan);
    net.twins[0].created_from = Some(Side::Left);
    plan_is(&net, "f in step; right add internal 'welcome'");
    is_greeted_once(net);
}

fn creation_write_fails() {
    let mut net = greeted();
    let plan = net.plan(0);
    net.execute(0, &plan);
    net.twins[0].created_from = Some(Side::Left);
    // The plan after the crash makes the bases, and its comment is refused.
    let plan = net.plan(0);
    let outcomes = crate::reconcile::Outcomes {
        effects: vec![Outcome::NotDone],
        ..Default::default()
    };
    net.settle(0, &plan, &outcomes);
    plan_is(&net, "right add internal 'welcome'");
    is_greeted_once(net);
}

fn creation_comment_crash() {
    let mut net = greeted();
    net.step(0);
    let plan = net.plan(0);
    net.execute(0, &plan);
    plan_is(&net, "");
    is_greeted_once(net);
}
