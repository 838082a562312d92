//! Cases of whole twins: created, asleep, deleted, in chains and rings.

use super::net::{Net, item, name};
use super::rules::TestRules;
use super::values::parse;
use super::{Case, in_step, plan_is, show::summary};
use crate::cluster::{self, Entry, Marked, Member};
use crate::contract::Deleted;
use crate::effect::Effect;
use crate::item::{Choice, ItemId, Value};
use crate::life::{Evidence, Presence};
use crate::marker::Marker;
use crate::names::Side;
use crate::reconcile::{Seen, Standing};
use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) const CASES: &[Case] = &[
    ("create", create),
    ("create from the right", create_from_right),
    ("create leaves out what does not cross", create_one_way),
    ("create needs admission", not_admitted),
    ("create what the create could not set", create_partly),
    ("create, then a person edits the new item", create_edited),
    (
        "create held by its rule goes on without the field",
        create_held,
    ),
    ("crash between create and base", create_crash),
    (
        "create that cannot be read back, then a person edits the new item",
        create_unread,
    ),
    ("a created item's marker names link and root", create_marker),
    ("stale observation after a newer base", stale),
    ("404 is not deletion", not_found),
    ("trigger leaves and re-enters", leaves),
    ("deleted: unlink", || {
        deleted(Deleted::Unlink, "ended by left")
    }),
    ("deleted: close", || {
        deleted(Deleted::Close, "ended by left; right: status=closed")
    }),
    ("deleted: delete", || {
        deleted(Deleted::Delete, "ended by left; right delete item")
    }),
    (
        "deleted: delete where the tracker cannot",
        delete_impossible,
    ),
    (
        "deleted: close where no status counts as done",
        close_impossible,
    ),
    ("held fields survive sleep", held_asleep),
    ("ring of three", ring),
    ("chain of three", chain),
    ("clone with a copied marker", clone_marker),
];

fn alone(spec: &str) -> Net {
    let rules = TestRules::new("a", "b").field("f", spec).field("g", "");
    Net::pair(rules, Some(item(0, &[("f", "a"), ("g", "x")])), None)
}

fn create() {
    let mut net = alone("");
    plan_is(&net, "f -> created; g -> created; right create f=a g=x");
    net.quiesce();
    plan_is(&net, "");
    net.node_mut(Side::Right).edit("f", "b");
    plan_is(&net, "f <- changed; left: f=b");
}

fn create_from_right() {
    let rules = TestRules::new("a", "b").field("f", "");
    let net = Net::pair(rules, None, Some(item(1, &[("f", "a")])));
    plan_is(&net, "f <- created; left create f=a");
}

fn create_one_way() {
    let mut net = alone("<-");
    plan_is(&net, "g -> created; right create g=x");
    net.quiesce();
    net.node_mut(Side::Right).edit("f", "key");
    plan_is(&net, "f <- first; left: f=key");
}

fn not_admitted() {
    let mut net = alone("");
    net.twins[0].rules.admits = false;
    plan_is(&net, "not admitted");
}

/// The tracker starts every item as `new`: the value follows with the next plan, although `first` says right.
fn create_partly() {
    let mut net = alone("first=right");
    let plan = net.plan(0);
    let mut outcomes = net.execute(0, &plan);
    net.node_mut(Side::Right).edit("f", "new");
    outcomes.after.right.clone_from(&net.nodes[1].item);
    net.settle(0, &plan, &outcomes);
    plan_is(&net, "f -> first; right: f=a");
    net.quiesce();
    plan_is(&net, "");
}

/// Somebody edits the new item before we have looked at it: that is their edit, and it crosses.
fn create_edited() {
    let mut net = alone("first=right");
    let plan = net.plan(0);
    let mut outcomes = net.execute(0, &plan);
    net.node_mut(Side::Right).edit("f", "edited");
    let item = net.nodes[1].item.as_mut().unwrap();
    item.fields
        .insert("created".into(), Value::Time(Timestamp::EPOCH));
    item.version.updated = Timestamp::from_millis(1);
    outcomes.after.right.clone_from(&net.nodes[1].item);
    net.settle(0, &plan, &outcomes);
    plan_is(&net, "f <- changed; left: f=edited");
}

/// The tracker took the item and could not be asked for it: what it shows later, a person made of it.
fn create_unread() {
    let mut net = alone("");
    let plan = net.plan(0);
    let mut outcomes = net.execute(0, &plan);
    outcomes.after.right = None;
    net.settle(0, &plan, &outcomes);
    net.twins[0].created_from = Some(Side::Left);
    for planned in &plan.effects {
        let unsettled = net.twins[0].unsettled.get_mut(planned.side);
        unsettled.extend(planned.unsettled());
    }
    let item = net.nodes[1].item.as_mut().unwrap();
    item.fields
        .insert("created".into(), Value::Time(Timestamp::EPOCH));
    net.node_mut(Side::Right).edit("f", "edited");
    let item = net.nodes[1].item.as_mut().unwrap();
    item.version.updated = Timestamp::from_millis(1);
    plan_is(&net, "f <- changed; left: f=edited");
    net.quiesce();
    plan_is(&net, "");
}

fn create_held() {
    let mut net = alone("");
    net.twins[0].rules.incoming = Some(|_, _, draft| {
        draft.held.insert("f".into(), "asks".to_owned());
    });
    plan_is(&net, "f held rule; g -> created; right create g=x");
}

fn create_crash() {
    let mut net = alone("first=right");
    let plan = net.plan(0);
    net.execute(0, &plan);
    net.twins[0].created_from = Some(Side::Left);
    plan_is(&net, "f in step; g in step");
    net.node_mut(Side::Right).edit("f", "tracker's own");
    plan_is(&net, "f -> first; g in step; right: f=a");
    net.quiesce();
    plan_is(&net, "");
}

fn create_marker() {
    let net = alone("");
    let facts = net.facts(0);
    let expected = Marker {
        root: facts.root.clone(),
        link: facts.link.clone(),
    };
    let plan = net.plan(0);
    assert!(
        matches!(&plan.effects[0].effect, Effect::Create { marker, .. } if *marker == expected)
    );
}

fn stale() {
    let mut net = in_step("", "a");
    net.node_mut(Side::Right).edit("f", "b");
    let old = net.nodes[1].item.clone();
    net.node_mut(Side::Right).edit("f", "c");
    net.quiesce();
    net.node_mut(Side::Right).item = old;
    plan_is(&net, "stale right");
}

fn not_found() {
    let mut net = in_step("", "a");
    net.twins[0].rules.contract.deleted = Deleted::Delete;
    net.node_mut(Side::Left).edit("f", "b");
    net.node_mut(Side::Right).seen = Some(Seen::Unreachable {
        reason: "404".to_owned(),
    });
    plan_is(&net, "asleep right");
    net.node_mut(Side::Right).seen = None;
    plan_is(&net, "f -> changed; right: f=b");
}

fn leaves() {
    let lag = Duration::from_secs(60);
    let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
    let mut net = in_step("", "a");
    let leaving = Presence::Awake.after(&Evidence::Left, at(0), lag);
    let asleep = leaving.after(&Evidence::Left, at(61), lag);
    assert_eq!(asleep, Presence::Asleep { since: at(61) });
    net.node_mut(Side::Left).seen = Some(Seen::Asleep);
    net.node_mut(Side::Left).edit("f", "edited while asleep");
    plan_is(&net, "asleep left");
    assert_eq!(
        asleep.after(&Evidence::Belongs, at(99), lag),
        Presence::Awake
    );
    net.node_mut(Side::Left).seen = None;
    plan_is(&net, "f -> changed; right: f=edited while asleep");
}

fn deleted(policy: Deleted, expected: &str) {
    let mut net = in_step("", "a");
    net.node_mut(Side::Right).edit("status", "open");
    net.twins[0].rules.contract.deleted = policy;
    net.twins[0].rules.contract.closed_status.right = Some(Choice {
        id: "closed".to_owned(),
        name: "closed".to_owned(),
    });
    net.node_mut(Side::Left).seen = Some(Seen::Deleted {
        evidence: "410".to_owned(),
    });
    plan_is(&net, expected);
    if policy == Deleted::Close {
        net.node_mut(Side::Right).edit("status", "closed");
        plan_is(&net, "ended by left");
    }
}

fn delete_impossible() {
    let mut net = in_step("", "a");
    net.twins[0].rules.contract.deleted = Deleted::Delete;
    net.node_mut(Side::Right).capabilities.item_delete = false;
    ended_with(
        net,
        "410; the item on the right stays as it is: its tracker cannot delete items",
    );
}

fn close_impossible() {
    let mut net = in_step("", "a");
    net.twins[0].rules.contract.deleted = Deleted::Close;
    ended_with(
        net,
        "410; the item on the right stays as it is: no status is known there that counts as done",
    );
}

/// The left item is deleted: nothing is written, and the twin ends with this sentence.
fn ended_with(mut net: Net, sentence: &str) {
    net.node_mut(Side::Left).seen = Some(Seen::Deleted {
        evidence: "410".to_owned(),
    });
    plan_is(&net, "ended by left");
    let ended = Standing::Ended {
        side: Side::Left,
        evidence: sentence.to_owned(),
    };
    assert_eq!(net.plan(0).standing, ended);
}

fn held_asleep() {
    let mut net = in_step("conflict=hold", "a");
    net.node_mut(Side::Left).edit("f", "b");
    net.node_mut(Side::Right).edit("f", "c");
    net.quiesce();
    net.node_mut(Side::Left).seen = Some(Seen::Asleep);
    assert_eq!(net.plan(0).held(), net.twins[0].held);
}

fn three() -> Net {
    let items = (0..3).map(|node| item(node, &[("f", "a")]));
    Net::of(items.collect())
}

fn joined(net: &mut Net, left: usize, right: usize) {
    let names = (name(left), name(right));
    let rules = TestRules::new(names.0.as_str(), names.1.as_str())
        .field("f", "")
        .comments();
    net.join(rules, left, right);
    net.rebase(net.twins.len() - 1);
}

fn ring() {
    let member = |node: usize| Member {
        item: ItemId {
            node: name(node),
            id: "1".to_owned(),
        },
        scope: BTreeMap::new(),
    };
    let cluster = [member(0), member(1), member(2)];
    let entry = cluster::entry(&cluster, &[], &name(0), &BTreeMap::new());
    assert_eq!(entry, Entry::Close(cluster[0].item.clone()));
    let mut net = three();
    for (left, right) in [(0, 1), (1, 2), (2, 0)] {
        joined(&mut net, left, right);
    }
    net.nodes[0].edit("f", "b");
    net.nodes[0].comment("1", "ada", "public", "hello");
    net.quiesce();
    assert_eq!(
        net.writes, 4,
        "one field write and one comment for each other item"
    );
    for node in &mut net.nodes {
        assert_eq!(node.item.as_ref().unwrap().get("f"), parse("b").as_ref());
        assert_eq!(node.comments().len(), 1);
    }
}

fn chain() {
    let mut net = three();
    joined(&mut net, 0, 1);
    joined(&mut net, 1, 2);
    net.nodes[2].edit("f", "b");
    net.quiesce();
    assert_eq!(net.writes, 2);
    assert_eq!(
        net.nodes[0].item.as_ref().unwrap().get("f"),
        parse("b").as_ref()
    );
    assert_eq!(summary(&net.plan(1)), "");
}

fn clone_marker() {
    let mut copy = item(0, &[]);
    copy.reference.item.id = "2".to_owned();
    copy.marker = Some(Marker {
        root: "r".into(),
        link: "l".into(),
    });
    let original = ItemId {
        node: name(0),
        id: "1".to_owned(),
    };
    let known = original.clone();
    let marked = cluster::recognise(&copy, |_| Some(known.clone()), |_| false);
    assert_eq!(marked, Marked::Clone { of: original });
    // The clone is an item like any other: it gets a twin of its own.
    let rules = TestRules::new("a", "b").field("f", "");
    copy.fields.insert("f".into(), parse("a").unwrap());
    plan_is(
        &Net::pair(rules, Some(copy), None),
        "f -> created; right create f=a",
    );
}
