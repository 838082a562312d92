//! A property of conversations: whatever people add, edit, delete and move between channels, and wherever the host dies,
//! in the end every original has its one mirror on each other item, and nothing else is there. Also where several items
//! lie on one node.

use super::net::{Net, item, name};
use super::rules::TestRules;
use crate::effect::Effect;
use crate::reconcile::Outcome;
use crate::richtext::Document;
use proptest::collection::vec;
use proptest::prelude::*;

/// `secret` is listed nowhere.
const CHANNELS: [&str; 3] = ["public", "internal", "secret"];

/// The items of a world, each by its node, and which are twins.
struct Shape {
    items: &'static [usize],
    twins: &'static [(usize, usize)],
}

const PAIR: Shape = Shape {
    items: &[0, 1],
    twins: &[(0, 1)],
};
const RING: Shape = Shape {
    items: &[0, 1, 2],
    twins: &[(0, 1), (1, 2), (2, 0)],
};
/// Two items of one node, both twins of the third.
const FORK: Shape = Shape {
    items: &[0, 1, 1],
    twins: &[(0, 1), (0, 2)],
};
/// All of one node.
const HOME: Shape = Shape {
    items: &[0, 0, 0],
    twins: &[(0, 1), (1, 2), (2, 0)],
};

#[derive(Clone, Debug)]
enum Step {
    Add {
        node: usize,
        channel: usize,
    },
    Edit {
        node: usize,
        which: usize,
    },
    Delete {
        node: usize,
        which: usize,
    },
    Move {
        node: usize,
        which: usize,
        channel: usize,
    },
    Deliver {
        twin: usize,
    },
    /// The host dies after the writes, before it settles them; additions and deletions are
    /// recognised when it comes back, edits are not.
    Crash {
        twin: usize,
    },
}

fn steps(shape: &Shape) -> impl Strategy<Value = Vec<Step>> + use<> {
    let (nodes, twins) = (shape.items.len(), shape.twins.len());
    let (node, which, channel) = (0..nodes, 0..4usize, 0..3usize);
    let add =
        (node.clone(), channel.clone()).prop_map(|(node, channel)| Step::Add { node, channel });
    let edit = (node.clone(), which.clone()).prop_map(|(node, which)| Step::Edit { node, which });
    let delete =
        (node.clone(), which.clone()).prop_map(|(node, which)| Step::Delete { node, which });
    let moved = (node, which, channel).prop_map(|(node, which, channel)| Step::Move {
        node,
        which,
        channel,
    });
    let deliver = (0..twins).prop_map(|twin| Step::Deliver { twin });
    let crash = (0..twins).prop_map(|twin| Step::Crash { twin });
    let step = prop_oneof![4 => add, 2 => edit, 1 => delete, 2 => moved, 3 => deliver, 2 => crash];
    vec(step, 1..14)
}

fn world(shape: &Shape) -> Net {
    let places = shape.items.iter().enumerate();
    let items = places.map(|(place, node)| {
        let mut item = item(*node, &[]);
        item.reference.item.id = place.to_string();
        item
    });
    let mut net = Net::of(items.collect());
    for (left, right) in shape.twins {
        let name = |place: usize| name(shape.items[place]);
        let rules = TestRules::new(name(*left).as_str(), name(*right).as_str());
        net.join(rules.comments(), *left, *right);
        net.rebase(net.twins.len() - 1);
    }
    net
}

fn crash(net: &mut Net, twin: usize) {
    let plan = net.plan(twin);
    let mut outcomes = net.execute(twin, &plan);
    for (planned, outcome) in plan.effects.iter().zip(&mut outcomes.effects) {
        if matches!(planned.effect, Effect::EditComment { .. }) {
            *outcome = Outcome::Unknown;
        }
    }
    net.settle(twin, &plan, &outcomes);
}

/// Originals have ids that begin with `o`.
fn original(net: &mut Net, node: usize, which: usize) -> Option<usize> {
    let comments = net.nodes[node].comments().iter().enumerate();
    let mut originals = comments.filter(|(_, comment)| comment.id.starts_with('o'));
    originals.nth(which).map(|(place, _)| place)
}

fn run(net: &mut Net, steps: &[Step]) {
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Step::Add { node, channel } => {
                let text = format!("text {number}");
                net.nodes[node].comment(&format!("o{number}"), "ada", CHANNELS[channel], &text);
            }
            Step::Edit { node, which } => {
                if let Some(place) = original(net, node, which) {
                    let text = format!("text {number}");
                    net.nodes[node].comments()[place].body = Document::from_plain(&text);
                }
            }
            Step::Delete { node, which } => {
                if let Some(place) = original(net, node, which) {
                    net.nodes[node].comments().remove(place);
                }
            }
            Step::Move {
                node,
                which,
                channel,
            } => {
                if let Some(place) = original(net, node, which) {
                    net.nodes[node].comments()[place].channel = CHANNELS[channel].to_owned();
                }
            }
            Step::Deliver { twin } => {
                net.step(twin);
            }
            Step::Crash { twin } => crash(net, twin),
        }
    }
    net.quiesce();
}

/// What a comment says, and where; sorted.
type Said = Vec<(String, String)>;

fn said(net: &Net, node: usize, originals: bool) -> Said {
    let item = net.nodes[node].item.as_ref().unwrap();
    let comments = item.comments.as_deref().unwrap().iter();
    let chosen = comments.filter(|comment| comment.id.starts_with('o') == originals);
    let mut said: Said = chosen
        .map(|comment| (comment.body.plain(), comment.channel.clone()))
        .collect();
    said.sort();
    said
}

/// A comment that was once deleted on the other side because it moved away does not come back: such are left out.
fn check(shape: &Shape, steps: &[Step]) {
    let mut net = world(shape);
    run(&mut net, steps);
    let nodes = shape.items.len();
    let returned = steps
        .iter()
        .any(|step| matches!(step, Step::Move { channel: 2, .. }));
    for node in 0..nodes {
        let mut expected = Said::new();
        for other in (0..nodes).filter(|other| *other != node) {
            let crossing = said(&net, other, true).into_iter();
            let crossing = crossing.filter(|(_, channel)| channel != "secret");
            expected.extend(crossing.map(|(text, channel)| (format!("ada\n\n{text}"), channel)));
        }
        expected.sort();
        let mirrors = said(&net, node, false);
        if returned {
            assert!(
                mirrors.iter().all(|mirror| expected.contains(mirror)),
                "{mirrors:?}"
            );
        } else {
            assert_eq!(mirrors, expected, "on {}", net.nodes[node].id);
        }
    }
    for twin in 0..net.twins.len() {
        assert!(net.plan(twin).is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn conversations_of_two_converge(steps in steps(&PAIR)) {
        check(&PAIR, &steps);
    }

    #[test]
    fn conversations_of_a_ring_converge(steps in steps(&RING)) {
        check(&RING, &steps);
    }

    #[test]
    fn conversations_of_two_items_of_a_node_converge(steps in steps(&FORK)) {
        check(&FORK, &steps);
    }

    #[test]
    fn conversations_within_one_node_converge(steps in steps(&HOME)) {
        check(&HOME, &steps);
    }
}
