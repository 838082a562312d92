//! Cases of comments.

pub(super) mod audience;
pub(super) mod chains;
pub(super) mod copies;

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
    ("comments that were not read are not deleted", not_read),
    ("no edit: append a correction", append),
    ("no edit: skip", skip),
    ("no delete: waived", no_delete),
    ("edits do not cross when the contract says so", no_edits),
    ("a comment too long for the other side", too_long),
    ("an edit that makes a comment too long", edited_too_long),
    ("thousands of comments cross plan by plan", thousands),
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
