//! Cases of comments.

use super::net::{Net, US, item, name};
use super::rules::TestRules;
use super::{Case, plan_is, show::summary};
use crate::comments::{CommentOrigin, MirrorState};
use crate::contract::Direction;
use crate::marker::Marker;
use crate::names::Side;
use crate::reconcile::Outcome;
use crate::richtext::{Dialect, Document, markdown};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const CASES: &[Case] = &[
    ("comment crosses with its author", crosses),
    ("comments keep their order", order),
    ("comment edited", edited),
    ("an edit of a comment that changes no word", same_words),
    (
        "a mirror that was lost and changed in no word is written anew",
        adopted_same_words,
    ),
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
    ("comment deleted", deleted),
    ("comment edit against delete", edit_against_delete),
    (
        "an original that a list leaves out is not deleted",
        not_shown,
    ),
    ("an original out of our sight is not deleted", out_of_sight),
    (
        "mirror edited by hand stays, until its original is edited",
        hand_edit,
    ),
    ("mirror deleted by hand stays deleted", hand_delete),
    (
        "a mirror that a lagging tracker did not show is followed again",
        shown_late,
    ),
    ("an unlisted channel never crosses", unlisted),
    ("a one-way channel", one_way_channel),
    ("moved to an unlisted channel", moved_away),
    ("moved back from an unlisted channel", moved_back),
    ("a chain follows a move away and back", chain_moved_back),
    ("public to internal is delete and recreate", to_internal),
    (
        "internal never enters a public channel",
        internal_never_public,
    ),
    ("a script may not widen a comment's audience", no_widening),
    ("a comment that a script filters out is absent", filtered),
    ("comments that were not read are not deleted", not_read),
    ("no edit: append a correction", append),
    ("no edit: skip", skip),
    ("no delete: waived", no_delete),
    ("edits do not cross when the contract says so", no_edits),
    ("crash after a comment was written", crash_adopts),
    (
        "crash after a comment was written, then its original edited",
        crash_then_edit,
    ),
    ("our own unlinked comment waits while an add is open", waits),
    ("a comment too long for the other side", too_long),
    ("an edit that makes a comment too long", edited_too_long),
    ("thousands of comments cross plan by plan", thousands),
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
    (
        "made internal and filtered out by a script",
        internal_filtered,
    ),
    (
        "a mirror that is taken back in another channel moves",
        adopted_elsewhere,
    ),
    ("a mirror of an earlier cluster is taken back", adopted_anew),
    (
        "what may have come on another way is not written",
        other_way,
    ),
];

fn net() -> Net {
    let rules = TestRules::new("a", "b").comments();
    let mut net = Net::pair(rules, Some(item(0, &[])), Some(item(1, &[])));
    net.rebase(0);
    net
}

/// A net with one mirrored comment: `1` on the left, `m0` on the right.
fn mirrored() -> Net {
    let mut net = net();
    net.nodes[0].comment("1", "ada", "public", "hello");
    net.quiesce();
    net
}

fn rewrite(net: &mut Net, node: usize, text: &str) {
    net.nodes[node].comments()[0].body = Document::from_plain(text);
}

fn crosses() {
    let mut net = net();
    net.nodes[1].comment("9", "ben", "internal", "hello");
    plan_is(&net, "left add internal 'ben¶hello'");
    net.quiesce();
    plan_is(&net, "");
    assert_eq!(net.links.len(), 1);
}

fn order() {
    let mut net = net();
    for id in ["1", "2", "3"] {
        net.nodes[0].comment(id, "ada", "public", id);
    }
    plan_is(
        &net,
        "right add public 'ada¶1'; right add public 'ada¶2'; right add public 'ada¶3'",
    );
}

fn edited() {
    let mut net = mirrored();
    rewrite(&mut net, 0, "hello again");
    plan_is(&net, "right edit m0 'ada¶hello again'");
    net.quiesce();
    plan_is(&net, "");
}

/// Pairs of texts in which no word differs.
const SAME_WORDS: [[&str; 2]; 5] = [
    [
        "![image](https://a.example/1)",
        "![image](https://a.example/2)",
    ],
    ["[docs](https://a.example/)", "[docs](https://b.example/)"],
    ["careful", "**careful**"],
    ["```rust\nx\n```", "```toml\nx\n```"],
    ["```\nif a:\n  b\n```", "```\nif a:\n    b\n```"],
];

fn same_words() {
    for dialect in [Dialect::Markdown, Dialect::Adf] {
        for [before, after] in SAME_WORDS.map(|pair| pair.map(markdown::decode)) {
            let mut net = net();
            net.node_mut(Side::Right).capabilities.dialect = dialect;
            net.nodes[0].comment("1", "ada", "public", "");
            net.nodes[0].comments()[0].body = before;
            net.quiesce();
            net.nodes[0].comments()[0].body = after.clone();
            net.quiesce();
            let mirror = &net.nodes[1].comments()[0].body;
            assert_eq!(mirror.blocks.last(), after.blocks.last(), "{dialect:?}");
        }
    }
}

fn adopted_same_words() {
    let [before, after] = SAME_WORDS[1].map(markdown::decode);
    let mut net = net();
    net.nodes[0].comment("1", "ada", "public", "");
    net.nodes[0].comments()[0].body = before;
    net.quiesce();
    net.links.clear();
    net.nodes[0].comments()[0].body = after.clone();
    net.quiesce();
    let mirrors = net.nodes[1].comments();
    assert_eq!(mirrors.len(), 1);
    assert_eq!(mirrors[0].body.blocks.last(), after.blocks.last());
}

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

fn deleted() {
    let mut net = mirrored();
    net.nodes[0].comments().clear();
    plan_is(&net, "right delete m0");
    net.quiesce();
    assert_eq!(net.links[0].state, MirrorState::Deleted);
    plan_is(&net, "");
}

fn not_shown() {
    let mut net = mirrored();
    let there = std::mem::take(net.nodes[0].comments());
    let ids = there.iter().map(|comment| comment.id.clone());
    net.nodes[0].not_shown = ids.collect();
    net.quiesce();
    assert_eq!(net.links[0].state, MirrorState::Live);
    *net.nodes[0].comments() = there;
    rewrite(&mut net, 0, "edited");
    plan_is(&net, "right edit m0 'ada¶edited'");
}

fn out_of_sight() {
    let mut net = mirrored();
    let there = std::mem::take(net.nodes[0].comments());
    let reason = "it may be hidden".to_owned();
    net.nodes[0].unseen = BTreeMap::from([("1".to_owned(), reason)]);
    plan_is(&net, "");
    assert_eq!(
        net.plan(0).comments_waived["a/1"],
        "it may be hidden; its mirror is left as it is"
    );
    net.quiesce();
    assert_eq!(net.links[0].state, MirrorState::Live);
    net.nodes[0].unseen.clear();
    *net.nodes[0].comments() = there;
    rewrite(&mut net, 0, "edited");
    plan_is(&net, "right edit m0 'ada¶edited'");
}

/// The original is deleted while a person edits the mirror; and the other way round.
fn edit_against_delete() {
    let mut net = mirrored();
    net.nodes[0].comments().clear();
    rewrite(&mut net, 1, "edited by hand");
    plan_is(&net, "right delete m0");
    let mut net = mirrored();
    rewrite(&mut net, 0, "edited");
    net.nodes[1].comments().clear();
    plan_is(&net, "");
    net.quiesce();
    assert_eq!(net.links[0].state, MirrorState::HandDeleted);
}

fn hand_edit() {
    let mut net = mirrored();
    rewrite(&mut net, 1, "by hand");
    plan_is(&net, "");
    rewrite(&mut net, 0, "newer");
    plan_is(&net, "right edit m0 'ada¶newer'");
}

fn shown_late() {
    let mut net = mirrored();
    let there = std::mem::take(net.nodes[1].comments());
    net.quiesce();
    *net.nodes[1].comments() = there;
    rewrite(&mut net, 0, "newer");
    plan_is(&net, "right edit m0 'ada¶newer'");
}

fn hand_delete() {
    let mut net = mirrored();
    net.nodes[1].comments().clear();
    net.quiesce();
    rewrite(&mut net, 0, "newer");
    plan_is(&net, "");
}

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

fn chain_moved_back() {
    let mut net = three();
    net.nodes[0].comments()[0].channel = "secret".to_owned();
    net.quiesce();
    assert!(net.nodes[1].comments().is_empty() && net.nodes[2].comments().is_empty());
    net.nodes[0].comments()[0].channel = "public".to_owned();
    net.quiesce();
    assert_eq!(net.nodes[2].comments()[0].body.plain(), "ada\n\nhello");
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

fn not_read() {
    let mut net = mirrored();
    net.nodes[0].item.as_mut().unwrap().comments = None;
    plan_is(&net, "");
    let mut net = mirrored();
    net.nodes[1].item.as_mut().unwrap().comments = None;
    plan_is(&net, "");
    assert!(net.plan(0).comment_links.is_empty());
}

fn append() {
    let mut net = mirrored();
    net.nodes[1].capabilities.comment_edit = false;
    rewrite(&mut net, 0, "newer");
    plan_is(&net, "right add public 'Correction: ada¶newer'");
    net.quiesce();
    plan_is(&net, "");
    assert_eq!(net.nodes[0].comments().len(), 1);
}

fn skip() {
    let mut net = mirrored();
    net.nodes[1].capabilities.comment_edit = false;
    net.twins[0]
        .rules
        .contract
        .comments
        .as_mut()
        .unwrap()
        .append_corrections = false;
    rewrite(&mut net, 0, "newer");
    plan_is(&net, "");
    assert_eq!(
        net.plan(0).comments_waived["a/1"],
        "the other side cannot edit a comment"
    );
    net.quiesce();
    assert!(net.plan(0).is_empty());
}

fn no_delete() {
    let mut net = mirrored();
    net.nodes[1].capabilities.comment_delete = false;
    net.nodes[0].comments().clear();
    plan_is(&net, "");
    assert_eq!(net.plan(0).comments_waived.len(), 1);
    net.quiesce();
    assert!(net.plan(0).is_empty());
}

fn no_edits() {
    let mut net = mirrored();
    net.twins[0].rules.contract.comments.as_mut().unwrap().edits = false;
    rewrite(&mut net, 0, "newer");
    plan_is(&net, "");
}

/// The comment was written, its link was not stored.
fn crashed() -> Net {
    let mut net = mirrored();
    net.links.clear();
    net
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

fn too_long() {
    let mut net = net();
    net.nodes[1].capabilities.comment_max_chars = 5;
    net.nodes[0].comment("1", "ada", "public", "much too long");
    plan_is(&net, "");
    assert_eq!(net.plan(0).comments_waived.len(), 1);
}

fn edited_too_long() {
    let mut net = mirrored();
    net.nodes[1].capabilities.comment_max_chars = 40;
    rewrite(&mut net, 0, &"much too long ".repeat(9));
    plan_is(&net, "");
    assert_eq!(net.plan(0).comments_waived.len(), 1);
    rewrite(&mut net, 0, "short");
    net.quiesce();
    assert!(net.nodes[1].comments()[0].body.plain().ends_with("short"));
}

fn thousands() {
    let mut net = net();
    net.twins[0].rules.contract.max_writes_per_10min = 10_000;
    for id in 0..700 {
        net.nodes[0].comment(
            &format!("{id:03}"),
            "ada",
            "public",
            &format!("text {id:03}"),
        );
        net.nodes[1].comment(&format!("r{id:03}"), "ben", "public", "back");
    }
    let mut counts = Vec::new();
    loop {
        let plan = net.plan(0);
        counts.push(plan.effects.len());
        net.step(0);
        if !plan.more_comments {
            break;
        }
    }
    assert_eq!(counts, [500, 500, 400]);
    let there = net.nodes[1].comments().iter();
    let crossed = there.filter(|comment| comment.author.id == US);
    let texts: Vec<String> = crossed.map(|comment| comment.body.plain()).collect();
    assert_eq!(texts.len(), 700);
    assert!(texts.is_sorted(), "in their order");
    // No plan is larger than what the breaker lets through.
    net.twins[0].rules.contract.max_writes_per_10min = 30;
    for id in 0..100 {
        net.nodes[0].comment(&format!("x{id}"), "ada", "public", "more");
    }
    assert_eq!(net.plan(0).effects.len(), 14);
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
