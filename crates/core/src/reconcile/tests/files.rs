//! Cases of attachments.

use super::net::{Net, US, item, name};
use super::rules::TestRules;
use super::{Case, plan_is, show::summary};
use crate::attachments::{CopyState, FileOrigin, RETRY_AFTER};
use crate::contract::Direction;
use crate::effect::{Effect, Refusal};
use crate::item::ItemId;
use crate::names::Side;
use crate::reconcile::Outcome;

pub(super) const CASES: &[Case] = &[
    ("a file crosses once and stays known by its id", crosses),
    ("two equal files are two", equal),
    ("files go where their direction leads", one_way),
    ("a deleted original takes its copy along", deleted),
    ("a file that a list leaves out is not deleted", not_shown),
    ("an original that may be hidden is told of", out_of_sight),
    ("a copy deleted by hand stays deleted", hand_deleted),
    ("deletions stay where the rules say so", keeps),
    ("a file that is too large is a link, once", too_large),
    (
        "a type that is denied is skipped where no links are wanted",
        denied,
    ),
    ("a tracker that takes no files gets links", no_upload),
    ("a link goes with its file", link_deleted),
    ("a link that cannot go is told of, once", link_stays),
    (
        "along a chain a link goes with its file",
        link_deleted_in_chain,
    ),
    ("a file that the tracker refuses is a link", refused),
    (
        "what may pass is tried again later, and owed till then",
        owed,
    ),
    ("a file of the team stays with the team", internal),
    (
        "who sees a file is what the pairs of channels say",
        audience,
    ),
    ("a link whose own link was lost is taken back", link_adopted),
    ("a copy whose answer is lost is made once", open),
    ("a copy without marker and link is taken back", adopted),
    ("files that were not read are not deleted", not_read),
    ("a file goes along a chain, and its deletion", chain),
    ("many files cross plan by plan", many),
    ("large files cross plan by plan", large),
];

fn bare(node: usize) -> crate::item::Item {
    let mut bare = item(node, &[]);
    bare.attachments = Some(Vec::new());
    bare
}

fn net() -> Net {
    let rules = TestRules::new("a", "b").comments().files();
    let mut net = Net::pair(rules, Some(bare(0)), Some(bare(1)));
    net.rebase(0);
    net
}

/// A net with one copied file: `1` on the left, `f0` on the right.
fn copied() -> Net {
    let mut net = net();
    net.nodes[0].attach("1", "ana", "a.txt");
    assert!(net.step(0));
    net
}

fn names(net: &mut Net, node: usize) -> Vec<String> {
    let files = net.nodes[node].files();
    files.iter().map(|file| file.name.clone()).collect()
}

fn crosses() {
    let mut net = net();
    net.nodes[0].attach("1", "ana", "a.txt");
    net.nodes[1].attach("7", "bob", "b.txt");
    plan_is(&net, "right attach a.txt; left attach b.txt");
    net.quiesce();
    assert_eq!(names(&mut net, 0), ["a.txt", "b.txt"]);
    assert_eq!(names(&mut net, 1), ["b.txt", "a.txt"]);
    let link = &net.file_links[0];
    assert_eq!(
        (link.origin.attachment.as_str(), link.state),
        ("1", CopyState::Live)
    );
}

fn equal() {
    let mut net = net();
    net.nodes[0].attach("1", "ana", "a.txt");
    net.nodes[0].attach("2", "ana", "a.txt");
    net.quiesce();
    assert_eq!(names(&mut net, 1), ["a.txt", "a.txt"]);
}

fn one_way() {
    let mut net = net();
    let contract = &mut net.twins[0].rules.contract;
    contract.attachments.as_mut().unwrap().direction = Direction::ToLeft;
    net.nodes[0].attach("1", "ana", "a.txt");
    net.nodes[1].attach("7", "bob", "b.txt");
    plan_is(&net, "left attach b.txt");
}

fn deleted() {
    let mut net = copied();
    net.nodes[0].files().clear();
    plan_is(&net, "right detach f0");
    net.quiesce();
    assert_eq!(net.file_links[0].state, CopyState::Deleted);
    assert!(names(&mut net, 1).is_empty());
}

fn not_shown() {
    let mut net = copied();
    net.nodes[0].not_shown.insert("1".to_owned());
    net.nodes[0].files().clear();
    plan_is(&net, "");
}

fn out_of_sight() {
    let mut net = copied();
    let reason = "it may be hidden".to_owned();
    net.nodes[0].unseen_files = [("1".to_owned(), reason.clone())].into();
    net.nodes[0].files().clear();
    plan_is(&net, "");
    assert_eq!(net.plan(0).comments_waived["file a/1"], reason);
}

fn hand_deleted() {
    let mut net = copied();
    let copy = net.nodes[1].files().remove(0);
    assert!(net.step(0), "it is noted");
    assert_eq!(net.file_links[0].state, CopyState::HandDeleted);
    plan_is(&net, "");
    net.nodes[1].files().push(copy);
    net.quiesce();
    assert_eq!(
        net.file_links[0].state,
        CopyState::Live,
        "a list had lagged"
    );
}

fn keeps() {
    let mut net = copied();
    let contract = &mut net.twins[0].rules.contract;
    contract.attachments.as_mut().unwrap().deletes = false;
    net.nodes[0].files().clear();
    plan_is(&net, "");
}

fn too_large() {
    let mut net = net();
    let file = net.nodes[0].attach("1", "ana", "a.txt");
    file.size = 1024 * 1024 + 1;
    file.url = Some("https://a/1".to_owned());
    let said = "ana attached a.txt (1 MiB), which is not copied: 1 MiB; at most 1 MiB are copied (max_mib).";
    plan_is(&net, &format!("right add public '{said}'"));
    net.quiesce();
    assert_eq!(net.nodes[1].comments().len(), 1);
    assert!(names(&mut net, 1).is_empty());
    let waived = &net.plan(0).comments_waived["file a/1 a.txt"];
    assert!(waived.ends_with("a link was written"), "{waived}");
    assert!(
        net.nodes[0].comments().is_empty(),
        "a link does not come back"
    );
}

fn denied() {
    let mut net = net();
    let contract = &mut net.twins[0].rules.contract;
    contract.attachments.as_mut().unwrap().link_over = false;
    net.nodes[0].attach("1", "ana", "a.mp4").media_type = "Video/MP4; codecs=x".to_owned();
    plan_is(&net, "");
    let waived = &net.plan(0).comments_waived["file a/1 a.mp4"];
    assert_eq!(waived, "files of type video/mp4 are not copied (deny)");
}

fn no_upload() {
    let mut net = net();
    net.nodes[1].capabilities.attachments.upload = false;
    let contract = &mut net.twins[0].rules.contract;
    contract.attachments.as_mut().unwrap().link_over = false;
    net.nodes[0].attach("1", "ana", "a.txt");
    let said = "ana attached a.txt (1 KiB), which is not copied: the other tracker takes no files.";
    plan_is(&net, &format!("right add public '{said}'"));
    net.quiesce();
    assert_eq!(net.nodes[1].comments().len(), 1);
}

fn link_deleted() {
    let mut net = net();
    net.nodes[1].capabilities.attachments.upload = false;
    net.nodes[0].attach("1", "ana", "a.txt");
    net.quiesce();
    net.nodes[0].files().clear();
    net.quiesce();
    assert!(net.nodes[1].comments().is_empty());
    net.quiesce();
}

fn link_stays() {
    let mut net = net();
    net.nodes[1].capabilities.attachments.upload = false;
    net.nodes[1].capabilities.comment_delete = false;
    net.nodes[0].attach("1", "ana", "a.txt");
    net.quiesce();
    net.nodes[0].files().clear();
    let plan = net.plan(0);
    let told: Vec<&String> = plan.comments_waived.values().collect();
    assert_eq!(
        told,
        ["the link in its place stays: this tracker cannot delete a comment"]
    );
    net.quiesce();
    assert_eq!(net.nodes[1].comments().len(), 1);
    assert!(net.plan(0).comments_waived.is_empty());
}

fn link_deleted_in_chain() {
    let mut net = Net::of(vec![bare(0), bare(1), bare(2)]);
    for (left, right) in [(0, 1), (1, 2)] {
        let rules = TestRules::new(["a", "b", "c"][left], ["a", "b", "c"][right]);
        net.join(rules.comments().files(), left, right);
    }
    net.nodes[1].capabilities.attachments.upload = false;
    net.nodes[0].attach("1", "ana", "a.txt");
    net.quiesce();
    for node in [1, 2] {
        assert_eq!(net.nodes[node].comments().len(), 1, "{node}");
    }
    net.nodes[0].files().clear();
    net.quiesce();
    for node in [1, 2] {
        assert!(net.nodes[node].comments().is_empty(), "{node}");
    }
}

fn refused() {
    let mut net = net();
    net.nodes[1].refuses_files = Some(refusal("attachments are switched off", true));
    net.nodes[0].attach("1", "ana", "a.txt");
    net.quiesce();
    assert_eq!(net.file_links[0].state, CopyState::Refused);
    let said = net.nodes[1].comments()[0].body.plain();
    assert!(said.ends_with("attachments are switched off."), "{said}");
}

fn refusal(sentence: &str, lasting: bool) -> Refusal {
    Refusal {
        sentence: sentence.to_owned(),
        lasting,
    }
}

fn owed() {
    let mut net = net();
    net.nodes[1].refuses_files = Some(refusal("no permission", false));
    net.nodes[0].attach("1", "ana", "a.txt");
    assert!(net.step(0));
    assert_eq!(net.file_links[0].state, CopyState::Failed);
    plan_is(&net, "");
    let waived = &net.plan(0).comments_waived["file a/1 a.txt"];
    assert_eq!(waived, "no permission; it is tried again later");
    net.nodes[1].refuses_files = None;
    net.now_s += i64::try_from(RETRY_AFTER.as_secs()).unwrap();
    plan_is(&net, "right attach a.txt");
    net.quiesce();
    assert_eq!(names(&mut net, 1), ["a.txt"]);
    assert!(net.nodes[1].comments().is_empty(), "it was never final");
}

fn audience() {
    let channel_of = |internal: bool, keep: &dyn Fn(&crate::contract::ChannelPair) -> bool| {
        let mut net = net();
        net.nodes[1].capabilities.attachments.internal = true;
        let comments = net.twins[0].rules.contract.comments.as_mut().unwrap();
        comments.channels.retain(keep);
        net.nodes[0].attach("1", "ana", "a.txt").internal = internal;
        let plan = net.plan(0);
        let waived = plan.comments_waived.len();
        let channel = plan
            .effects
            .iter()
            .find_map(|planned| match &planned.effect {
                Effect::AddAttachment { channel, .. } => Some(channel.clone().unwrap()),
                _ => None,
            });
        assert_eq!(waived, usize::from(channel.is_none()), "told, or copied");
        channel
    };
    let internals = |pair: &crate::contract::ChannelPair| pair.names.left == "internal";
    assert_eq!(channel_of(false, &|_| true).as_deref(), Some("public"));
    assert_eq!(channel_of(true, &|_| true).as_deref(), Some("internal"));
    assert_eq!(channel_of(true, &internals).as_deref(), Some("internal"));
    assert_eq!(channel_of(false, &internals), None);
}

fn link_adopted() {
    let mut net = net();
    net.nodes[1].capabilities.attachments.upload = false;
    net.nodes[0].attach("1", "ana", "a.txt");
    net.quiesce();
    net.links.clear();
    net.quiesce();
    assert_eq!(net.nodes[1].comments().len(), 1);
    assert_eq!(net.links.len(), 1);
}

fn internal() {
    let mut net = net();
    net.nodes[0].attach("1", "ana", "a.txt").internal = true;
    let plan = net.plan(0);
    let [only] = &plan.effects[..] else {
        panic!("{:?}", plan.effects)
    };
    let said = summary(&plan);
    assert!(said.contains("add internal"), "{said}");
    assert!(only.attachment.is_none());
    net.nodes[1].capabilities.attachments.internal = true;
    plan_is(&net, "right attach a.txt");
}

fn open() {
    let mut net = net();
    net.nodes[1].capabilities.attachments.marker = false;
    net.nodes[0].attach("1", "ana", "a.txt");
    let plan = net.plan(0);
    let mut outcomes = net.execute(0, &plan);
    outcomes.effects[0] = Outcome::Unknown;
    net.settle(0, &plan, &outcomes);
    let origin = FileOrigin {
        item: ItemId {
            node: name(0),
            id: "1".to_owned(),
        },
        attachment: "1".to_owned(),
    };
    net.nodes[1].open_attachments.insert(origin.key());
    plan_is(&net, "");
    let waiting = net.plan(0).comments_waiting;
    assert_eq!(
        waiting.len(),
        2,
        "the original and the file of ours: {waiting:?}"
    );
    net.nodes[1].open_attachments.clear();
    net.quiesce();
    assert_eq!((names(&mut net, 0).len(), names(&mut net, 1).len()), (1, 1));
}

fn adopted() {
    let mut net = copied();
    net.file_links.clear();
    net.nodes[1].files()[0].marker = None;
    net.quiesce();
    assert_eq!((names(&mut net, 0).len(), names(&mut net, 1).len()), (1, 1));
    net.file_links.clear();
    net.nodes[1].files()[0].author.as_mut().unwrap().id = "bob".to_owned();
    net.quiesce();
    assert_eq!(
        names(&mut net, 0).len(),
        2,
        "a person's file is no copy of ours"
    );
}

fn not_read() {
    let mut net = copied();
    net.node_mut(Side::Left).item.as_mut().unwrap().attachments = None;
    plan_is(&net, "");
}

fn chain() {
    let mut net = Net::of(vec![bare(0), bare(1), bare(2)]);
    for (left, right) in [(0, 1), (1, 2)] {
        let rules = TestRules::new(["a", "b", "c"][left], ["a", "b", "c"][right]);
        net.join(rules.comments().files(), left, right);
    }
    net.nodes[0].attach("1", "ana", "a.txt");
    net.nodes[2].attach("9", US, "c.txt");
    net.quiesce();
    for node in 0..3 {
        assert_eq!(names(&mut net, node).len(), 2, "{node}");
    }
    net.nodes[0].files().retain(|file| file.id != "1");
    net.quiesce();
    for node in 0..3 {
        assert_eq!(names(&mut net, node), ["c.txt"], "{node}");
    }
}

fn many() {
    let mut net = net();
    for index in 0..50 {
        net.nodes[0].attach(&format!("{index}"), "ana", "a.txt");
    }
    let plan = net.plan(0);
    assert_eq!(plan.effects.len(), 20);
    assert!(plan.more_attachments);
    net.quiesce();
    assert_eq!(names(&mut net, 1).len(), 50);
}

fn large() {
    let mut net = net();
    let contract = &mut net.twins[0].rules.contract;
    contract.attachments.as_mut().unwrap().max_bytes = u64::MAX;
    for index in 0..3 {
        let file = net.nodes[0].attach(&format!("{index}"), "ana", "a.txt");
        file.size = 400 * 1024 * 1024;
    }
    assert_eq!(
        net.plan(0).effects.len(),
        1,
        "one that is larger by itself goes alone"
    );
    net.quiesce();
    assert_eq!(names(&mut net, 1).len(), 3);
}
