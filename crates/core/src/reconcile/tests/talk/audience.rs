//! Cases of who may read a comment.

use super::*;

pub(in crate::reconcile::tests) const CASES: &[Case] = &[
    ("an unlisted channel never crosses", unlisted),
    ("a one-way channel", one_way_channel),
    ("moved to an unlisted channel", moved_away),
    ("moved back from an unlisted channel", moved_back),
    ("public to internal is delete and recreate", to_internal),
    (
        "internal never enters a public channel",
        internal_never_public,
    ),
    ("a script may not widen a comment's audience", no_widening),
    ("a comment that a script filters out is absent", filtered),
    (
        "made internal and filtered out by a script",
        internal_filtered,
    ),
    (
        "a mirror that is taken back in another channel moves",
        adopted_elsewhere,
    ),
];

fn unlisted() {
    let mut net = net();
    net.nodes[0].comment("1", "ada", "secret", "hello");
    plan_is(&net, "");
}

fn one_way_channel() {
    let mut net = net();
    net.twins[0]
        .rules
        .contract
        .comments
        .as_mut()
        .unwrap()
        .channels[0]
        .direction = Direction::ToRight;
    net.nodes[1].comment("9", "ben", "public", "stays");
    net.nodes[0].comment("1", "ada", "public", "crosses");
    plan_is(&net, "right add public 'ada¶crosses'");
}

fn moved_away() {
    let mut net = mirrored();
    net.nodes[0].comments()[0].channel = "secret".to_owned();
    plan_is(&net, "right delete m0");
    net.quiesce();
    plan_is(&net, "");
}

fn moved_back() {
    let mut net = mirrored();
    net.nodes[0].comments()[0].channel = "secret".to_owned();
    net.quiesce();
    assert!(net.nodes[1].comments().is_empty());
    rewrite(&mut net, 0, "hello again");
    plan_is(&net, "");
    net.quiesce();
    net.nodes[0].comments()[0].channel = "public".to_owned();
    plan_is(&net, "right add public 'ada¶hello again'");
    net.quiesce();
    plan_is(&net, "");
    assert_eq!(
        (net.links.len(), net.links[0].state),
        (1, MirrorState::Live)
    );
    // One that is deleted while it lies there never comes again.
    net.nodes[0].comments()[0].channel = "secret".to_owned();
    net.quiesce();
    net.nodes[0].comments().clear();
    net.quiesce();
    assert_eq!(net.links[0].state, MirrorState::Deleted);
}

fn to_internal() {
    let mut net = mirrored();
    net.nodes[0].comments()[0].channel = "internal".to_owned();
    plan_is(&net, "right delete m0; right add internal 'ada¶hello'");
    net.quiesce();
    plan_is(&net, "");
    assert_eq!(net.nodes[1].comments()[0].channel, "internal");
    assert_eq!(
        (net.links.len(), net.links[0].state),
        (1, MirrorState::Live)
    );
}

fn internal_never_public() {
    let mut net = net();
    let contract = net.twins[0].rules.contract.comments.as_mut().unwrap();
    contract.channels[1].names.right = "public".to_owned();
    net.nodes[0].comment("1", "ada", "internal", "secret");
    plan_is(&net, "");
}

fn no_widening() {
    let mut net = net();
    net.twins[0].rules.outgoing = Some(|_, _, outgoing| {
        for comment in &mut outgoing.view.comments {
            comment.channel = "public".to_owned();
        }
    });
    net.nodes[0].comment("1", "ada", "internal", "secret");
    plan_is(&net, "");
}

fn filtered() {
    let mut net = mirrored();
    net.twins[0].rules.outgoing = Some(|_, _, outgoing| outgoing.view.comments.clear());
    plan_is(&net, "");
    rewrite(&mut net, 0, "edited");
    plan_is(&net, "");
}

fn internal_filtered() {
    let mut net = mirrored();
    net.twins[0].rules.outgoing = Some(|_, _, outgoing| {
        let comments = &mut outgoing.view.comments;
        comments.retain(|comment| comment.channel == "public");
    });
    net.nodes[0].comments()[0].channel = "internal".to_owned();
    plan_is(&net, "right delete m0");
    net.quiesce();
    plan_is(&net, "");
    net.twins[0].rules.outgoing = None;
    plan_is(&net, "right add internal 'ada¶hello'");
}

fn adopted_elsewhere() {
    let mut net = crashed();
    net.nodes[0].comments()[0].channel = "internal".to_owned();
    plan_is(&net, "right delete m0; right add internal 'ada¶hello'");
}
