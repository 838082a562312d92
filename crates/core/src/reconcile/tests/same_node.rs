//! Cases of comments where a cluster has several items on one node.

use super::net::{Net, US, item};
use super::rules::TestRules;
use super::{Case, show::summary};
use crate::comments::MirrorState;
use crate::reconcile::Outcome;
use crate::richtext::Document;

pub(super) const CASES: &[Case] = &[
    ("a comment reaches both items of a node", reaches_both),
    ("edits and deletions reach both items of a node", follows),
    (
        "what the other item of a node does not have is not deleted",
        not_deleted,
    ),
    (
        "a mirror deleted by hand on one item of a node stays on the other",
        by_hand,
    ),
    (
        "a mirror on one item of a node is taken back there",
        adopted,
    ),
    ("a comment crosses within one node", within),
    ("a moved item keeps its comments", moved),
    (
        "an original whose item is not known for certain deletes nothing",
        uncertain,
    ),
];

/// `a` with twins on two items of `b`: the nodes 0, 1 and 2 of the net.
fn fork() -> Net {
    let mut second = item(1, &[]);
    second.reference.item.id = "2".to_owned();
    let mut net = Net::of(vec![item(0, &[]), item(1, &[]), second]);
    for place in [1, 2] {
        net.join(TestRules::new("a", "b").comments(), 0, place);
        net.rebase(net.twins.len() - 1);
    }
    net
}

/// The fork with a comment on one of its places, which has crossed.
fn told(place: usize) -> Net {
    let mut net = fork();
    net.nodes[place].comment("1", "ada", "public", "hello");
    net.quiesce();
    net
}

/// What stands on each place, whoever wrote it.
fn texts(net: &mut Net) -> Vec<Vec<String>> {
    let said = |node: &mut super::net::Node| {
        let comments = node.comments().iter();
        comments.map(|comment| comment.body.plain()).collect()
    };
    net.nodes.iter_mut().map(said).collect()
}

/// The original stands on its place, and one mirror with this text on each other.
fn check(net: &mut Net, place: usize, text: &str) {
    let mirror = format!("ada\n\n{text}");
    let wanted = |at: usize| vec![if at == place { text } else { &mirror }.to_owned()];
    assert_eq!(texts(net), (0..3).map(wanted).collect::<Vec<_>>());
}

fn reaches_both() {
    for place in 0..3 {
        let mut net = told(place);
        check(&mut net, place, "hello");
        assert_eq!(net.writes, 2, "from {place}");
    }
}

fn follows() {
    for place in 0..3 {
        let mut net = told(place);
        net.nodes[place].comments()[0].body = Document::from_plain("newer");
        net.quiesce();
        check(&mut net, place, "newer");
        net.nodes[place].comments().clear();
        net.quiesce();
        assert_eq!(texts(&mut net), vec![Vec::<String>::new(); 3]);
        assert_eq!(net.writes, 6, "from {place}");
    }
}

/// The twin with the other item looks again and again.
fn not_deleted() {
    let net = told(1);
    assert_eq!(summary(&net.plan(1)), "");
    let mut net = fork();
    net.nodes[1].comment("1", "ada", "public", "hello");
    net.step(0);
    for _ in 0..3 {
        net.step(1);
    }
    net.quiesce();
    check(&mut net, 1, "hello");
}

fn by_hand() {
    let mut net = told(0);
    net.nodes[1].comments().clear();
    net.quiesce();
    net.nodes[0].comments()[0].body = Document::from_plain("newer");
    net.quiesce();
    assert_eq!(
        texts(&mut net),
        [vec!["newer"], vec![], vec!["ada\n\nnewer"]]
    );
}

/// The answers to both writes were lost.
fn adopted() {
    let mut net = told(1);
    net.links.clear();
    net.quiesce();
    check(&mut net, 1, "hello");
    assert_eq!(net.links.len(), 2);
    // Only the further one's: the middle's link says whose mirror it is.
    let mut net = told(1);
    let last = net.nodes[2].id.clone();
    net.links.retain(|link| link.item != last);
    let plan = net.plan(1);
    assert_eq!(plan.comment_links[0].item, last);
    net.quiesce();
    check(&mut net, 1, "hello");
}

fn within() {
    let mut second = item(0, &[]);
    second.reference.item.id = "2".to_owned();
    let mut net = Net::of(vec![item(0, &[]), second]);
    net.join(TestRules::new("a", "a").comments(), 0, 1);
    net.rebase(0);
    net.nodes[0].comment("1", "ada", "public", "there");
    net.nodes[1].comment("2", "ben", "public", "back");
    net.quiesce();
    assert_eq!(
        texts(&mut net),
        [vec!["there", "ben\n\nback"], vec!["back", "ada\n\nthere"]]
    );
    net.nodes[0].comments().remove(0);
    net.nodes[1].comments()[0].body = Document::from_plain("back again");
    net.quiesce();
    assert_eq!(
        texts(&mut net),
        [vec!["ben\n\nback again"], vec!["back again"]]
    );
    // A write whose answer was lost, on a node on which our account has written on both items.
    net.nodes[0].comment("3", "ada", "public", "more");
    let plan = net.plan(0);
    let mut outcomes = net.execute(0, &plan);
    outcomes.effects[0] = Outcome::Unknown;
    net.settle(0, &plan, &outcomes);
    net.quiesce();
    let ours = |comment: &&crate::item::Comment| comment.author.id == US;
    let counts = [0, 1].map(|place: usize| net.nodes[place].comments().iter().filter(ours).count());
    assert_eq!(counts, [1, 1]);
}

/// The store gives the links of a moved item its new id; the marker on the mirror stays the same.
fn moved() {
    let mut net = told(1);
    let (old, mut new) = (net.nodes[1].id.clone(), net.nodes[1].id.clone());
    new.id = "moved".to_owned();
    for link in &mut net.links {
        for id in [&mut link.item, &mut link.parent, &mut link.origin.item] {
            if *id == old {
                *id = new.clone();
            }
        }
    }
    net.nodes[1].id = new.clone();
    net.nodes[1].item.as_mut().unwrap().reference.item = new;
    assert_eq!([0, 1].map(|twin| summary(&net.plan(twin))), ["", ""]);
    net.nodes[1].comments()[0].body = Document::from_plain("newer");
    net.quiesce();
    check(&mut net, 1, "newer");
}

/// As a store of an earlier version leaves it: the mirror stands for good, and nothing is written where the original may
/// stand.
fn uncertain() {
    let mut net = told(1);
    let (here, wrong) = (net.nodes[1].id.clone(), net.nodes[2].id.clone());
    net.nodes[2].comments().clear();
    for link in &mut net.links {
        link.origin.item = wrong.clone();
        link.parent = wrong.clone();
        link.state = MirrorState::Fixed;
        if link.item == wrong {
            link.item = here.clone();
            link.comment = String::new();
            link.state = MirrorState::HandDeleted;
        }
    }
    assert_eq!([0, 1].map(|twin| summary(&net.plan(twin))), ["", ""]);
    net.nodes[1].comments()[0].body = Document::from_plain("newer");
    net.quiesce();
    assert_eq!(
        texts(&mut net),
        [vec!["ada\n\nhello"], vec!["newer"], vec![]]
    );
}
