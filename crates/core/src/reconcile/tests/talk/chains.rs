//! Cases of comments that cross more than one connection.

use super::*;

pub(in crate::reconcile::tests) const CASES: &[Case] = &[
    ("a chain follows a move away and back", chain_moved_back),
    ("a chain carries edits and deletions on", chain),
    (
        "a chain carries an edit on that a lagging tracker shows late",
        chain_late,
    ),
    ("a chain does not carry a hand edit on", chain_hand_edit),
    (
        "a chain carries a move that is stuck halfway on",
        chain_stuck,
    ),
];

fn chain_moved_back() {
    let mut net = three();
    net.nodes[0].comments()[0].channel = "secret".to_owned();
    net.quiesce();
    assert!(net.nodes[1].comments().is_empty() && net.nodes[2].comments().is_empty());
    net.nodes[0].comments()[0].channel = "public".to_owned();
    net.quiesce();
    assert_eq!(net.nodes[2].comments()[0].body.plain(), "ada\n\nhello");
}

fn three() -> Net {
    let mut net = Net::of((0..3).map(|node| item(node, &[])).collect());
    for (left, right) in [(0, 1), (1, 2)] {
        net.join(
            TestRules::new(name(left).as_str(), name(right).as_str()).comments(),
            left,
            right,
        );
        net.rebase(net.twins.len() - 1);
    }
    net.nodes[0].comment("1", "ada", "public", "hello");
    net.quiesce();
    net
}

fn chain() {
    let mut net = three();
    assert_eq!(net.nodes[2].comments()[0].body.plain(), "ada\n\nhello");
    rewrite(&mut net, 0, "newer");
    net.quiesce();
    assert_eq!(net.nodes[2].comments()[0].body.plain(), "ada\n\nnewer");
    net.nodes[0].comments().clear();
    net.quiesce();
    assert!(net.nodes[1].comments().is_empty() && net.nodes[2].comments().is_empty());
}

fn chain_late() {
    let mut net = three();
    let before = net.nodes[1].comments().clone();
    rewrite(&mut net, 0, "newer");
    net.step(0);
    let after = std::mem::replace(net.nodes[1].comments(), before);
    net.step(1);
    *net.nodes[1].comments() = after;
    net.quiesce();
    assert_eq!(net.nodes[2].comments()[0].body.plain(), "ada\n\nnewer");
}

fn chain_hand_edit() {
    let mut net = three();
    rewrite(&mut net, 1, "by hand");
    assert_eq!(summary(&net.plan(1)), "");
    net.nodes[1].comments().clear();
    net.quiesce();
    assert_eq!(
        net.nodes[2].comments().len(),
        1,
        "a mirror deleted by hand takes no other along"
    );
}

/// The mirror in the middle was deleted to be written again as internal, and could not be.
fn chain_stuck() {
    let mut net = three();
    net.nodes[0].comments()[0].channel = "internal".to_owned();
    let plan = net.plan(0);
    let mut outcomes = net.execute(0, &plan);
    outcomes.effects[1] = Outcome::NotDone;
    net.nodes[1].comments().clear();
    net.settle(0, &plan, &outcomes);
    assert_eq!(summary(&net.plan(1)), "right delete m1");
    net.step(1);
    net.nodes[0].comments().clear();
    net.quiesce();
    let states: Vec<MirrorState> = net.links.iter().map(|link| link.state).collect();
    assert_eq!(states, [MirrorState::Deleted; 2]);
}
