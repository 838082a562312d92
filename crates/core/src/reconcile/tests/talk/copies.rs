//! Cases of whose a comment is that bears a marker, or waits for one.

use super::*;

pub(in crate::reconcile::tests) const CASES: &[Case] = &[
    ("a copied mirror is a person's comment", copied_mirror),
    ("a copied original is a person's comment", copied_original),
    (
        "a copy of a mirror that is gone is a person's comment",
        copied_then_gone,
    ),
    (
        "a gone mirror's marker on a comment of our account waits",
        gone_and_ours,
    ),
    ("crash after a comment was written", crash_adopts),
    (
        "crash after a comment was written, then its original edited",
        crash_then_edit,
    ),
    ("our own unlinked comment waits while an add is open", waits),
    ("a mirror of an earlier cluster is taken back", adopted_anew),
    (
        "what may have come on another way is not written",
        other_way,
    ),
];

/// Somebody pastes a comment's source, with the marker in it, as a new comment of their own.
fn paste(net: &mut Net, node: usize, marker: Option<Marker>) {
    net.nodes[node].comment("copy", "ben", "public", "hello, once more");
    net.nodes[node].comments().last_mut().unwrap().marker = marker;
}

fn copied_mirror() {
    let mut net = mirrored();
    let marker = net.nodes[1].comments()[0].marker.clone();
    paste(&mut net, 1, marker);
    plan_is(&net, "left add public 'ben¶hello, once more'");
    net.quiesce();
    assert!(net.plan(0).comments_waiting.is_empty());
    // Whatever becomes of the mirror, the copy is not taken for it.
    net.nodes[0].comments()[0].channel = "secret".to_owned();
    plan_is(&net, "right delete m0");
    net.quiesce();
    net.nodes[0].comments()[0].channel = "public".to_owned();
    plan_is(&net, "right add public 'ada¶hello'");
    net.quiesce();
    assert_eq!(net.nodes[0].comments().len(), 2);
    assert_eq!(net.nodes[1].comments().len(), 2);
}

/// Neither a mirror that was deleted by hand nor one that went with its original makes the copy of it wait.
fn copied_then_gone() {
    for original_goes in [false, true] {
        let mut net = mirrored();
        let marker = net.nodes[1].comments()[0].marker.clone();
        net.nodes[usize::from(!original_goes)].comments().clear();
        net.quiesce();
        paste(&mut net, 1, marker);
        plan_is(&net, "left add public 'ben¶hello, once more'");
        assert!(net.plan(0).comments_waiting.is_empty());
        net.quiesce();
        plan_is(&net, "");
    }
}

/// It may be the mirror itself, under the id that a move of its item gave it.
fn gone_and_ours() {
    let mut net = mirrored();
    net.nodes[1].comments()[0].id = "moved".to_owned();
    net.quiesce();
    plan_is(&net, "");
    assert_eq!(net.plan(0).comments_waiting.len(), 1);
}

fn copied_original() {
    let mut net = mirrored();
    let marker = net.nodes[1].comments()[0].marker.clone();
    paste(&mut net, 0, marker);
    plan_is(&net, "right add public 'ben¶hello, once more'");
    net.quiesce();
    assert_eq!(net.nodes[1].comments().len(), 2);
}

fn crash_adopts() {
    let mut net = crashed();
    plan_is(&net, "");
    net.quiesce();
    assert_eq!(net.links.len(), 1);
    assert!(net.plan(0).is_empty());
}

fn crash_then_edit() {
    let mut net = crashed();
    rewrite(&mut net, 0, "newer");
    plan_is(&net, "right edit m0 'ada¶newer'");
    net.quiesce();
    assert!(net.plan(0).is_empty());
}

fn waits() {
    let mut net = net();
    net.nodes[1].comment("9", US, "public", "ada¶hello");
    net.nodes[1].open_comments = BTreeSet::from(["other".into()]);
    plan_is(&net, "");
    net.nodes[1].open_comments.clear();
    plan_is(&net, "left add public 'us¶ada¶hello'");
    // A marker of this cluster whose original nobody knows is ours whatever is open.
    net.nodes[1].comments()[0].marker = Some(Marker {
        root: net.facts(0).root,
        link: "unknown".into(),
    });
    plan_is(&net, "");
}

fn adopted_anew() {
    let mut net = crashed();
    net.nodes[1].comments()[0].marker.as_mut().unwrap().root = "earlier".into();
    plan_is(&net, "");
    net.quiesce();
    assert_eq!(net.links.len(), 1);
    assert!(net.plan(0).is_empty());
}

fn other_way() {
    let mut net = net();
    net.nodes[0].comment("1", "ada", "public", "hello");
    let origin = CommentOrigin {
        item: net.nodes[0].id.clone(),
        comment: "1".to_owned(),
    };
    net.nodes[1].open_comments = BTreeSet::from([origin.key()]);
    plan_is(&net, "");
    assert_eq!(net.plan(0).comments_waiting.len(), 1);
}
