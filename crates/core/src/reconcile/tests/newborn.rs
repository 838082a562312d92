//! Properties: an item is created, whatever its tracker makes of it; the source is written by nobody but its people.

use super::net::{Net, item};
use super::properties::natives;
use super::rules::TestRules;
use super::values::parse;
use crate::item::Value;
use crate::names::{FieldName, Side};
use crate::reconcile::Outcome;
use crate::rules::{Draft, Incoming, Outgoing};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What becomes of each: it crosses; the rule waives it; the rule holds it; the source does not share it; it is too long;
/// the tracker waives it at the write.
const FIELDS: [&str; 6] = ["plain", "waived", "held", "secret", "description", "status"];
const FIRSTS: [&str; 4] = ["first=left", "first=right", "first=filled", "first=hold"];
/// What a new item shows in a field that was not written.
const DEFAULTS: [&str; 3] = ["-", "∅", "default"];

#[derive(Clone, Debug)]
enum Step {
    /// A person edits the source.
    Edit {
        field: usize,
        value: usize,
    },
    Deliver,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..6usize, 0..3usize).prop_map(|(field, value)| Step::Edit { field, value }),
        2 => Just(Step::Deliver),
        1 => Just(Step::Crash),
    ]
}

fn value(field: usize, chosen: usize) -> &'static str {
    match FIELDS[field] {
        "description" => ["¶very long", "¶longer even", "¶ok"][chosen],
        _ => ["a", "b", "c"][chosen],
    }
}

fn incoming(_: Side, _: &Incoming<'_>, draft: &mut Draft) {
    if draft.fields.remove("waived").is_some() {
        draft.waived.insert("waived".into(), "not known".to_owned());
    }
    if draft.fields.remove("held").is_some() {
        draft.held.insert("held".into(), "no row".to_owned());
    }
}

fn keep_from(sharing: Side, outgoing: &mut Outgoing, side: Side) {
    if side != sharing {
        outgoing.view.fields.remove("secret");
    }
}

struct World {
    net: Net,
    source: Side,
    defaults: [usize; 6],
}

impl World {
    fn new(source: Side, first: &str, defaults: [usize; 6]) -> Self {
        let mut rules = TestRules::new("a", "b");
        for field in FIELDS {
            rules = rules.field(field, first);
        }
        rules.incoming = Some(incoming);
        rules.outgoing = Some(match source {
            Side::Left => |side, _, outgoing| keep_from(Side::Right, outgoing, side),
            Side::Right => |side, _, outgoing| keep_from(Side::Left, outgoing, side),
        });
        let fields: Vec<_> = (0..6)
            .map(|field| (FIELDS[field], value(field, 0)))
            .collect();
        let mut net = match source {
            Side::Left => Net::pair(rules, Some(item(0, &fields)), None),
            Side::Right => Net::pair(rules, None, Some(item(1, &fields))),
        };
        net.node_mut(source.other())
            .capabilities
            .description_max_chars = 5;
        net.twins[0].created_from = Some(source);
        Self {
            net,
            source,
            defaults,
        }
    }

    /// Plans and executes; the tracker refuses every status and fills in its defaults. A host that dies settles nothing.
    fn look(&mut self, crashes: bool) {
        self.net.now_s += 700;
        let target = self.source.other();
        let plan = self.net.plan(0);
        let mut outcomes = self.net.execute(0, &plan);
        for outcome in &mut outcomes.effects {
            if let Outcome::Done(applied) = outcome {
                let reason = "no transition leads there".to_owned();
                applied.waived.insert("status".into(), reason);
            }
        }
        if let Some(there) = &mut self.net.node_mut(target).item {
            there.fields.insert("status".into(), Value::text("new"));
        }
        let made = self.net.node_mut(target).item.is_some();
        for (field, default) in self.defaults.iter().enumerate().filter(|_| made) {
            let there = self.net.node_mut(target).item.as_mut().unwrap();
            let value = parse(DEFAULTS[*default]);
            if let (None, Some(value)) = (there.get(FIELDS[field]), value) {
                there.fields.insert(FIELDS[field].into(), value);
            }
        }
        if outcomes.after.get(target).is_some() {
            let item = self.net.node_mut(target).item.clone();
            *outcomes.after.get_mut(target) = item;
        }
        if crashes {
            let twin = &mut self.net.twins[0];
            for planned in &plan.effects {
                let unsettled = twin.unsettled.get_mut(planned.side);
                unsettled.extend(planned.unsettled());
            }
        } else if !plan.is_empty() {
            self.net.settle(0, &plan, &outcomes);
        }
    }

    fn place(&self) -> usize {
        usize::from(self.source == Side::Right)
    }
}

/// Nothing that the new item shows of itself ever reaches the source, and what can cross does.
fn check(source: Side, first: &str, defaults: [usize; 6], steps: &[Step]) {
    let mut world = World::new(source, first, defaults);
    let place = world.place();
    let mut expected: BTreeMap<FieldName, Value> = natives(&world.net, place);
    for step in steps {
        match *step {
            Step::Edit {
                field,
                value: chosen,
            } => {
                let value = value(field, chosen);
                world.net.nodes[place].edit(FIELDS[field], value);
                expected.insert(FIELDS[field].into(), parse(value).unwrap());
            }
            Step::Deliver => world.look(false),
            Step::Crash => world.look(true),
        }
        assert_eq!(natives(&world.net, place), expected);
    }
    for _ in 0..6 {
        world.look(false);
    }
    assert_eq!(natives(&world.net, place), expected);
    let plan = world.net.plan(0);
    assert!(plan.is_empty(), "{}", super::show::summary(&plan));
    let there = natives(&world.net, 1 - place);
    assert_eq!(there["plain"], expected["plain"]);
    if expected["description"] == parse("¶ok").unwrap() {
        assert_eq!(there["description"], expected["description"]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_created_item_never_overwrites_its_source(
        from_left in any::<bool>(),
        first in 0..4usize,
        defaults in [0..3usize, 0..3usize, 0..3usize, 0..3usize, 0..3usize, 0..3usize],
        steps in vec(step(), 1..10),
    ) {
        let source = if from_left { Side::Left } else { Side::Right };
        check(source, FIRSTS[first], defaults, &steps);
    }
}

/// Edited, and edited back, between crashes: found once among some thousand worlds.
#[test]
fn a_source_that_is_edited_back_between_crashes_stays_so() {
    let edit = |value| Step::Edit { field: 0, value };
    let steps = [Step::Crash, edit(1), Step::Crash, edit(0)];
    check(Side::Right, FIRSTS[0], [0; 6], &steps);
}
