//! Cases of what a creation could not bring over: whatever `first` says, the new item's default never overwrites the
//! source.

use super::net::{Net, item};
use super::rules::TestRules;
use super::values::{parse, show};
use super::{Case, plan_is};
use crate::effect::FieldChange;
use crate::names::{Side, Sides};
use crate::reconcile::Outcome;
use crate::time::Timestamp;

pub(super) const CASES: &[Case] = &[
    ("create, and a person is not known there", || {
        keeps(waived, "∅", "")
    }),
    ("create, and a text is too long there", || {
        keeps(too_long, "∅", "description held too long")
    }),
    ("create, and a status cannot be reached there", || {
        keeps(unreachable_status, "new", "")
    }),
    ("create, and a value has no row there", || {
        keeps(held, "default", "f held rule")
    }),
    ("create, and a field is not shared", || {
        keeps(not_shared, "∅", "")
    }),
    ("create, and the next look is mended", mended),
    (
        "create, and a person moves the new item on at once",
        moved_on_at_once,
    ),
    (
        "create, and both sides' people set the status at once",
        both_moved_at_once,
    ),
    ("create, and a field is shared later", shared_later),
    (
        "create, and the new item shows a field later",
        shown_there_later,
    ),
    (
        "create, and what the new item shows for an empty field fills it",
        empty_is_filled,
    ),
    (
        "a value that is waived between two existing items is waived once",
        waived_once,
    ),
    ("a held value is no conflict at every look", held_once),
];

/// A twin of which one side only is there, and the field that the case is about.
struct World {
    net: Net,
    field: &'static str,
    source: Side,
    /// The tracker's word on the field at the creation.
    refused: bool,
}

fn alone(source: Side, field: &'static str, value: &str, first: &str) -> World {
    let rules = TestRules::new("a", "b").field(field, first).field("g", "");
    let fields = [(field, value), ("g", "x")];
    let net = match source {
        Side::Left => Net::pair(rules, Some(item(0, &fields)), None),
        Side::Right => Net::pair(rules, None, Some(item(1, &fields))),
    };
    World {
        net,
        field,
        source,
        refused: false,
    }
}

fn waived(source: Side, first: &str) -> World {
    let mut world = alone(source, "f", "ada", first);
    world.net.twins[0].rules.incoming = Some(|_, _, draft| {
        draft.fields.remove("f");
        let reason = "the other side does not know ada";
        draft.waived.insert("f".into(), reason.to_owned());
    });
    world
}

fn too_long(source: Side, first: &str) -> World {
    let mut world = alone(source, "description", "¶much too long", first);
    let target = world.net.node_mut(source.other());
    target.capabilities.description_max_chars = 5;
    world
}

fn unreachable_status(source: Side, first: &str) -> World {
    World {
        refused: true,
        ..alone(source, "status", "closed", first)
    }
}

fn held(source: Side, first: &str) -> World {
    let mut world = alone(source, "f", "unheard of", first);
    world.net.twins[0].rules.incoming = Some(|_, _, draft| {
        draft.fields.remove("f");
        draft.held.insert("f".into(), "no row".to_owned());
    });
    world
}

fn not_shared(source: Side, first: &str) -> World {
    let mut world = alone(source, "f", "secret", first);
    world.net.twins[0].rules.outgoing = Some(match source {
        Side::Left => |side, _, outgoing| {
            if side == Side::Left {
                outgoing.view.fields.remove("f");
            }
        },
        Side::Right => |side, _, outgoing| {
            if side == Side::Right {
                outgoing.view.fields.remove("f");
            }
        },
    });
    world
}

impl World {
    /// Creates the item, which shows `default` where nothing was written.
    fn create(&mut self, default: &str) {
        let net = &mut self.net;
        let plan = net.plan(0);
        let mut outcomes = net.execute(0, &plan);
        if let (true, Outcome::Done(applied)) = (self.refused, &mut outcomes.effects[0]) {
            let reason = "no transition leads there".to_owned();
            applied.waived.insert(self.field.into(), reason);
        }
        let created = net.node_mut(self.source.other());
        created.edit(self.field, default);
        *outcomes.after.get_mut(self.source.other()) = created.item.clone();
        net.settle(0, &plan, &outcomes);
    }

    /// The same, and the host dies before it settles.
    fn create_and_crash(&mut self, default: &str) {
        let (net, target) = (&mut self.net, self.source.other());
        let plan = net.plan(0);
        net.execute(0, &plan);
        net.node_mut(target).edit(self.field, default);
        let twin = &mut net.twins[0];
        twin.created_from = Some(self.source);
        let unsettled = twin.unsettled.get_mut(target);
        unsettled.extend(plan.effects[0].unsettled());
    }

    fn shown_by_source(&mut self) -> String {
        let item = self.net.node_mut(self.source).item.as_ref();
        show(item.unwrap().get(self.field).unwrap())
    }
}

/// A status that the creation set and that another shows instead at the first look, settled at once or after a crash.
fn moved(source: Side, spec: &str, crashes: bool) -> World {
    let mut world = alone(source, "status", "open", spec);
    if crashes {
        world.create_and_crash("closed");
    } else {
        world.create("closed");
        world.net.twins[0].created_from = Some(source);
    }
    let change = FieldChange {
        field: "status".into(),
        at: Timestamp::from_millis(world.net.now_s * 1000),
        by: "a person".to_owned(),
    };
    world.net.node_mut(source.other()).history.push(change);
    world
}

/// The trackers' histories tell it from what a workflow begins with.
fn moved_on_at_once() {
    for source in Side::BOTH {
        for crashes in [false, true] {
            let mut world = moved(source, "", crashes);
            world.net.without_history = true;
            let asks = world.net.plan(0).asks_since_birth;
            assert!(*asks.get(source.other()) && !*asks.get(source));
            world.net.without_history = false;
            assert_eq!(world.net.plan(0).asks_since_birth, Sides::default());
            world.net.quiesce();
            assert_eq!(world.shown_by_source(), "closed", "{source}");
            plan_is(&world.net, "");
        }
    }
}

/// Then it is a conflict as any other.
fn both_moved_at_once() {
    for (spec, wins) in [("conflict=left", "waiting"), ("conflict=right", "closed")] {
        let mut world = moved(Side::Left, spec, false);
        world.net.node_mut(Side::Left).edit("status", "waiting");
        world.net.quiesce();
        assert_eq!(world.shown_by_source(), wins);
        plan_is(&world.net, "");
    }
}

/// From both sides, with every `first`, settled at once or after a crash: the source keeps its value, and what is planned
/// once all is settled is `expected`.
fn keeps(world: fn(Side, &str) -> World, default: &str, expected: &str) {
    let policies = ["first=left", "first=right", "first=filled", "first=hold"];
    for (source, first) in Side::BOTH
        .into_iter()
        .flat_map(|side| policies.map(|first| (side, first)))
    {
        for crashes in [false, true] {
            let mut world = world(source, first);
            let before = world.shown_by_source();
            // After a crash nobody knows that the tracker had refused the value: it is sent once more.
            if crashes && world.refused {
                continue;
            }
            if crashes {
                world.create_and_crash(default);
            } else {
                world.create(default);
            }
            world.net.quiesce();
            let after = world.shown_by_source();
            let at = format!("from {source}, {first}, crashes: {crashes}");
            assert_eq!(after, before, "{at}");
            plan_is(&world.net, expected);
            let plan = world.net.plan(0);
            assert!(plan.conflicts.is_empty(), "{at}: {:?}", plan.conflicts);
        }
    }
}

fn mended() {
    let mut world = too_long(Side::Right, "first=left");
    world.create("∅");
    world.net.node_mut(Side::Right).edit("description", "¶ok");
    plan_is(&world.net, "description <- first; left: description=¶ok");
    world.net.quiesce();
    world.net.node_mut(Side::Left).edit("description", "¶new");
    plan_is(
        &world.net,
        "description -> changed; right: description=¶new",
    );
}

fn shared_later() {
    for crashes in [false, true] {
        let mut world = not_shared(Side::Left, "first=right");
        if crashes {
            world.create_and_crash("∅");
        } else {
            world.create("∅");
        }
        world.net.quiesce();
        world.net.twins[0].rules.outgoing = None;
        plan_is(&world.net, "f -> first; right: f=secret");
        world.net.quiesce();
        plan_is(&world.net, "");
    }
}

/// What nobody had seen of the new item is no value that anybody gave it.
fn shown_there_later() {
    for crashes in [false, true] {
        let mut world = alone(Side::Left, "f", "a", "first=right");
        world.net.twins[0].rules.outgoing = Some(|side, _, outgoing| {
            if side == Side::Right {
                outgoing.view.fields.remove("f");
            }
        });
        if crashes {
            world.create_and_crash("default");
        } else {
            world.create("default");
        }
        world.net.quiesce();
        world.net.twins[0].rules.outgoing = None;
        world.net.quiesce();
        assert_eq!(world.shown_by_source(), "a");
        plan_is(&world.net, "");
    }
}

fn empty_is_filled() {
    let mut world = alone(Side::Left, "f", "∅", "first=filled");
    world.create("Normal");
    plan_is(&world.net, "f <- first; left: f=Normal");
}

fn waived_once() {
    let mut rules = TestRules::new("a", "b").field("f", "first=left");
    rules.incoming = Some(|_, _, draft| {
        draft.fields.remove("f");
        draft.waived.insert("f".into(), "not known".to_owned());
    });
    let items = [0, 1].map(|node| item(node, &[("f", ["ada", "bo"][node])]));
    let [left, right] = items;
    let mut net = Net::pair(rules, Some(left), Some(right));
    plan_is(&net, "f -> waived");
    net.quiesce();
    plan_is(&net, "");
    // What a person makes of it afterwards crosses.
    net.twins[0].rules.incoming = None;
    net.node_mut(Side::Right).edit("f", "cy");
    plan_is(&net, "f <- changed; left: f=cy");
}

fn held_once() {
    let mut world = held(Side::Left, "first=left");
    world.net.node_mut(Side::Right).item = Some(item(1, &[("f", "other")]));
    plan_is(&world.net, "f held rule; g -> first; right: g=x");
    assert!(world.net.plan(0).conflicts.is_empty());
    assert_eq!(
        world
            .net
            .node_mut(Side::Right)
            .item
            .as_ref()
            .unwrap()
            .get("f"),
        parse("other").as_ref()
    );
}
