//! Files cross: whole, once, whatever is cut off, lost or killed on the way.

use crate::support::rules::contract;
use crate::support::tracker::{Fault, On};
use crate::support::{Running, World, until};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::attachments::RETRY_AFTER;
use twinline_core::contract::{AttachmentContract, Contract, Direction};
use twinline_core::effect::Effect;
use twinline_core::item::{ItemId, Value};
use twinline_engine::{FileRoom, NodeState};
use twinline_store::host::{HistoryKind, TwinState};

struct Pair {
    world: World,
    contract: Contract,
}

pub(crate) fn attachments() -> AttachmentContract {
    AttachmentContract {
        direction: Direction::Both,
        max_bytes: 1024 * 1024,
        deny: ["video/*".to_owned()].into(),
        link_over: true,
        deletes: true,
    }
}

fn pair() -> Pair {
    let mut contract = contract("c", "left", "right");
    contract.attachments = Some(attachments());
    Pair {
        world: World::new(&["left", "right"]),
        contract,
    }
}

/// Bytes that repeat nowhere soon.
pub(crate) fn content(len: usize) -> Bytes {
    (0..len).map(|at| (at * 31 % 251) as u8).collect()
}

impl Pair {
    /// A pair whose files carry no markers.
    fn unmarked(mut self) -> Self {
        for node in ["left", "right"] {
            self.world
                .able(node, |able| able.attachments.marker = false);
        }
        self
    }

    async fn begun(&self) -> (Running, ItemId) {
        let running = self.world.start(std::slice::from_ref(&self.contract)).await;
        let item = self.world.make("left", "x");
        running.quiet().await;
        (running, item)
    }

    fn attach(&self, item: &ItemId, name: &str, content: Bytes) -> String {
        let left = self.world.tracker("left");
        let id = left.attach_by_hand(item, name, content);
        self.world.announce(item);
        id
    }

    fn copies(&self) -> Vec<(String, Bytes)> {
        let right = self.world.tracker("right");
        right.files(&right.only().reference.item)
    }

    /// The file stands once on each side, whole.
    fn is_copied(&self, item: &ItemId, content: &Bytes, what: &str) {
        let expected = [("a.bin".to_owned(), content.clone())];
        assert_eq!(self.copies(), expected, "{what}");
        let there = self.world.tracker("left").files(item);
        assert_eq!(there, expected, "{what}: no echo");
    }
}

#[tokio::test(start_paused = true)]
async fn files_cross_both_ways_and_only_the_originals_deletion_follows() {
    let pair = pair();
    let (running, item) = pair.begun().await;
    let first = pair.attach(&item, "a.bin", content(2500));
    let empty = pair.attach(&item, "empty", Bytes::new());
    running.quiet().await;
    let right = pair.world.tracker("right");
    let twin = right.only().reference.item;
    let back = right.attach_by_hand(&twin, "b.bin", content(10));
    pair.world.announce(&twin);
    running.quiet().await;
    let names = |files: Vec<(String, Bytes)>| files.into_iter().map(|(name, _)| name);
    assert!(names(pair.copies()).eq(["a.bin", "empty", "b.bin"]));
    assert_eq!(pair.copies()[0].1, content(2500));
    let left = pair.world.tracker("left");
    assert!(names(left.files(&item)).eq(["a.bin", "empty", "b.bin"]));
    left.detach_by_hand(&item, &first);
    pair.world.announce(&item);
    running.quiet().await;
    assert!(names(pair.copies()).eq(["empty", "b.bin"]));
    // A copy that a person deletes stays deleted, and its original stays.
    let copy = right.only().attachments.unwrap()[0].id.clone();
    right.detach_by_hand(&twin, &copy);
    pair.world.announce(&twin);
    running.quiet().await;
    assert!(names(pair.copies()).eq(["b.bin"]));
    assert!(names(left.files(&item)).eq(["empty", "b.bin"]));
    drop((empty, back));
    running.stop().await;
}

/// A file that the other tracker does not take is deleted: what becomes of the comment in its place, and what the history
/// says of it.
async fn check_link_of_deleted(deletable: bool, comments: usize, told: Option<&str>) {
    let mut pair = pair();
    pair.world.able("right", |able| {
        able.attachments.upload = false;
        able.comment_delete = deletable;
    });
    let (running, item) = pair.begun().await;
    let file = pair.attach(&item, "a.bin", content(1));
    let right = pair.world.tracker("right");
    let written = || right.only().comments.unwrap_or_default();
    until("the link", async || written().len() == 1).await;
    running.quiet().await;
    pair.world.tracker("left").detach_by_hand(&item, &file);
    pair.world.announce(&item);
    running.quiet().await;
    assert_eq!(written().len(), comments, "deletable: {deletable}");
    let both = [item, right.only().reference.item];
    let history = running.host.store().read(move |read| {
        let mut rows = read.history(&both[0], None, 50)?;
        rows.extend(read.history(&both[1], None, 50)?);
        Ok(rows)
    });
    let history = history.await.unwrap();
    let said = history.iter().filter_map(|row| row.entry.text.as_deref());
    let said = said.filter(|text| text.contains("cannot delete"));
    assert_eq!(said.collect::<Vec<_>>(), Vec::from_iter(told));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_link_goes_with_its_file_or_is_told_of() {
    check_link_of_deleted(true, 0, None).await;
    let stays = "the link in its place stays: this tracker cannot delete a comment";
    check_link_of_deleted(false, 1, Some(stays)).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_written_is_in_the_history() {
    let pair = pair();
    let (running, item) = pair.begun().await;
    pair.attach(&item, "a.bin", content(1));
    running.quiet().await;
    let twin = pair.world.tracker("right").only().reference.item;
    let history = running.host.store().read(move |read| {
        let mut rows = read.history(&twin, None, 50)?;
        rows.retain(|row| row.entry.kind == HistoryKind::Attachment);
        Ok(rows)
    });
    let rows = history.await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].entry.text.as_deref(), Some("a.bin attached"));
    running.stop().await;
}

/// A write meets with a fault.
async fn copy_despite(pair: Pair, fault: Fault) {
    let (running, item) = pair.begun().await;
    let what = format!("{fault:?}");
    pair.world.tracker("right").fault(On::Apply, fault);
    let content = content(3000);
    pair.attach(&item, "a.bin", content.clone());
    running.quiet().await;
    pair.is_copied(&item, &content, &what);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_file_is_attached_once_whatever_becomes_of_the_answer() {
    for fault in [
        Fault::LostAnswer,
        Fault::LostRequest,
        Fault::Late(Duration::from_secs(5)),
        Fault::Retry(None),
    ] {
        copy_despite(pair(), fault.clone()).await;
        copy_despite(pair().unmarked(), fault).await;
    }
}

#[tokio::test(start_paused = true)]
async fn two_equal_files_are_two_also_when_answers_are_lost() {
    for pair in [pair(), pair().unmarked()] {
        let (running, item) = pair.begun().await;
        let right = pair.world.tracker("right");
        right.fault(On::Apply, Fault::Pass);
        right.fault(On::Apply, Fault::LostAnswer);
        let left = pair.world.tracker("left");
        for _ in 0..3 {
            left.attach_by_hand(&item, "a.bin", content(10));
        }
        pair.world.announce(&item);
        running.quiet().await;
        assert_eq!(pair.copies().len(), 3);
        assert_eq!(left.files(&item).len(), 3, "no echo");
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_cut_off_is_gone_on_with() {
    for whole in [false, true] {
        let pair = pair();
        let (running, item) = pair.begun().await;
        let left = pair.world.tracker("left");
        left.state().whole_files = whole;
        for at in [0, 2500, 1] {
            left.fault(On::Open, Fault::Cut(at));
        }
        left.fault(On::Open, Fault::Retry(None));
        let content = content(10_000);
        pair.attach(&item, "a.bin", content.clone());
        running.quiet().await;
        pair.is_copied(&item, &content, "cut off");
        assert_eq!(pair.world.writes("right"), 2, "the item and the file");
        let read = left.state().bytes_read;
        assert_eq!(read, if whole { 12_501 } else { 10_000 }, "whole: {whole}");
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_a_tracker_refuses_is_told_of_and_stops_nothing() {
    let pair = pair();
    let (running, item) = pair.begun().await;
    let right = pair.world.tracker("right");
    right.fault(On::Apply, Fault::Unfit("it is too large"));
    pair.attach(&item, "a.bin", content(10));
    running.quiet().await;
    pair.attach(&item, "b.bin", content(10));
    running.quiet().await;
    assert_eq!(pair.copies().len(), 1, "the next one is taken");
    let comments = right.only().comments.unwrap();
    let said = comments[0].body.plain();
    assert!(
        said.contains("a.bin") && said.contains("it is too large"),
        "{said}"
    );
    let waived = running.twin().await.comments_waived;
    assert_eq!(waived.len(), 1, "{waived:?}");
    running.stop().await;
}

/// A file that is refused, or cannot be read, for a reason that passes.
async fn owed(node: &str, on: On) -> (Pair, Running, ItemId) {
    let pair = pair();
    let (running, item) = pair.begun().await;
    let tracker = pair.world.tracker(node);
    tracker.fault(on, Fault::Refused("no permission"));
    pair.attach(&item, "a.bin", content(10));
    running.quiet().await;
    assert!(pair.copies().is_empty());
    let waived = running.twin().await.comments_waived;
    let (place, said) = waived.first_key_value().unwrap();
    assert!(
        place.ends_with(" a.bin") && said.contains("no permission"),
        "{waived:?}"
    );
    // Not with every look.
    pair.world
        .edit(&item, "summary", Value::text("looked at again"));
    running.quiet().await;
    assert!(pair.copies().is_empty());
    (pair, running, item)
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_refused_for_a_while_is_copied_when_its_item_is_looked_at_later() {
    for (node, on) in [("right", On::Apply), ("left", On::Open)] {
        let (pair, running, item) = owed(node, on).await;
        tokio::time::sleep(RETRY_AFTER).await;
        // What an audit does.
        pair.world.announce(&item);
        running.quiet().await;
        pair.is_copied(&item, &content(10), "at last");
        let told = pair.world.tracker("right").only().comments.unwrap();
        assert!(told.is_empty(), "nothing stands in its place: {told:?}");
        let waived = running.twin().await.comments_waived;
        assert!(waived.is_empty(), "{waived:?}");
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_tries_a_file_again_at_once() {
    let (pair, running, item) = owed("right", On::Apply).await;
    let link = running.twin().await.link;
    let released = running
        .host
        .release_twin(&link, BTreeMap::new(), "somebody");
    released.await.unwrap();
    running.quiet().await;
    pair.is_copied(&item, &content(10), "released");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_always_ends_early_is_told_of_and_holds_nothing_back() {
    let pair = pair();
    let (running, item) = pair.begun().await;
    let left = pair.world.tracker("left");
    (0..20).for_each(|_| left.fault(On::Open, Fault::Short(0)));
    pair.attach(&item, "a.bin", content(100));
    running.quiet().await;
    assert!(pair.copies().is_empty());
    let twin = running.twin().await;
    assert_eq!(twin.state, TwinState::Live);
    assert_eq!(twin.comments_waived.len(), 1, "{:?}", twin.comments_waived);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_files_turn_keeps_no_other_items_waiting() {
    let mut pair = pair();
    pair.world.settings.node_files_max = 1;
    let running = pair.world.start(std::slice::from_ref(&pair.contract)).await;
    let left = pair.world.tracker("left");
    let items: Vec<ItemId> = (0..40)
        .map(|at| pair.world.make("left", &format!("{at}")))
        .collect();
    running.quiet().await;
    left.fault(On::Open, Fault::Slow(Duration::from_secs(50)));
    for item in &items {
        left.attach_by_hand(item, "a.bin", content(100));
        pair.world.announce(item);
    }
    let began = tokio::time::Instant::now();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let other = pair.world.make("left", "quick");
    let right = pair.world.tracker("right");
    let crossed = async || {
        let state = right.state();
        let mut items = state.items.values();
        items.any(|item| item.get("summary") == Some(&Value::text("quick")))
    };
    until("the other item crosses", crossed).await;
    assert!(began.elapsed() < Duration::from_secs(5), "meanwhile");
    drop(other);
    running.quiet().await;
    let copied = |write: &&Effect| matches!(write, Effect::AddAttachment { .. });
    assert_eq!(right.state().writes.iter().filter(copied).count(), 40);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn comments_that_waited_for_files_are_looked_at_again() {
    let pair = pair();
    let (running, item) = pair.begun().await;
    let left = pair.world.tracker("left");
    left.fault(On::Open, Fault::Slow(Duration::from_secs(50)));
    left.attach_by_hand(&item, "a.bin", content(100));
    let comment = left.comment(&item, "with a mistake");
    pair.world.announce(&item);
    tokio::time::sleep(Duration::from_secs(30)).await;
    left.uncomment(&item, &comment);
    running.quiet().await;
    let right = pair.world.tracker("right");
    assert!(right.only().comments.unwrap().is_empty());
    let comments = |write: &&Effect| matches!(write, Effect::AddComment { .. });
    assert_eq!(right.state().writes.iter().filter(comments).count(), 0);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_stays_cut_off_is_tried_again_later_and_blames_its_own_tracker() {
    let pair = pair();
    let (running, item) = pair.begun().await;
    let left = pair.world.tracker("left");
    (0..18).for_each(|_| left.fault(On::Open, Fault::Cut(0)));
    pair.attach(&item, "a.bin", content(100));
    let target_fails = async || {
        let status = running.host.status().await.unwrap();
        let mut nodes = status.nodes.iter();
        let right = nodes.find(|status| status.node == "right".into());
        assert_eq!(right.unwrap().state, NodeState::Open);
        left.state()
            .faults
            .get(&On::Open)
            .is_none_or(|left| left.is_empty())
    };
    until("all cuts are spent", target_fails).await;
    running.quiet().await;
    pair.is_copied(&item, &content(100), "at last");
    running.stop().await;
}

/// A file of 2000 bytes always meets with a fault, in a way that may pass; its comment crosses all the same, and the file
/// when the faults are over.
async fn always_failing(node: &str, on: On, fault: Fault) {
    let pair = pair();
    let (running, item) = pair.begun().await;
    let what = format!("{fault:?}");
    let (left, failing) = (pair.world.tracker("left"), pair.world.tracker(node));
    left.state().whole_files = true;
    (0..200).for_each(|_| failing.fault(on, fault.clone()));
    left.attach_by_hand(&item, "a.bin", content(2000));
    drop(left.comment(&item, "told all the same"));
    pair.world.announce(&item);
    running.quiet().await;
    let right = pair.world.tracker("right");
    assert_eq!(right.only().comments.unwrap().len(), 1, "{what}");
    assert!(pair.copies().is_empty(), "{what}");
    let twin = running.twin().await;
    assert_eq!(twin.state, TwinState::Live, "{what}");
    assert_eq!(twin.comments_waived.len(), 1, "{:?}", twin.comments_waived);
    failing.state().faults.clear();
    tokio::time::sleep(RETRY_AFTER).await;
    pair.world.announce(&item);
    running.quiet().await;
    pair.is_copied(&item, &content(2000), &what);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_always_fails_is_owed_and_holds_no_comment_back() {
    always_failing("right", On::Attach, Fault::Retry(None)).await;
    always_failing("right", On::Attach, Fault::LostRequest).await;
    always_failing("left", On::Open, Fault::Cut(1000)).await;
}

/// A file is given so slowly that it is given up, and owed; the next one crosses meanwhile.
async fn given_up(fault: Fault, times: usize) {
    let mut pair = pair();
    pair.world.settings.node_files_max = 1;
    let (running, item) = pair.begun().await;
    let what = format!("{fault:?}");
    let left = pair.world.tracker("left");
    (0..times).for_each(|_| left.fault(On::Open, fault.clone()));
    pair.attach(&item, "slow.bin", content(1000));
    running.quiet().await;
    assert!(pair.copies().is_empty(), "{what}");
    let twin = running.twin().await;
    assert_eq!(twin.state, TwinState::Live, "{what}");
    assert_eq!(twin.comments_waived.len(), 1, "{:?}", twin.comments_waived);
    left.state().faults.clear();
    pair.attach(&item, "b.bin", content(10));
    running.quiet().await;
    let expected = [("b.bin".to_owned(), content(10))];
    assert_eq!(pair.copies(), expected, "{what}: its place is free");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_trickles_is_given_up() {
    given_up(Fault::Trickle(Duration::from_secs(25)), 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_cut_off_after_every_byte_is_given_up() {
    given_up(Fault::Cut(1), 200).await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_vanishes_before_it_is_read_is_told_of() {
    let pair = pair();
    let (running, item) = pair.begun().await;
    let left = pair.world.tracker("left");
    left.attach_by_hand(&item, "a.bin", content(10));
    left.fault(On::Open, Fault::Refused("the scan for viruses goes on"));
    pair.world.announce(&item);
    running.quiet().await;
    assert!(pair.copies().is_empty());
    let waived = running.twin().await.comments_waived;
    assert_eq!(waived.len(), 1, "{waived:?}");
    let (place, said) = waived.first_key_value().unwrap();
    assert!(place.ends_with(" a.bin"), "{waived:?}");
    assert!(said.contains("could not be read"), "{waived:?}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_tracker_that_takes_no_files_gets_a_link() {
    let mut pair = pair();
    pair.world
        .able("right", |able| able.attachments.upload = false);
    let (running, item) = pair.begun().await;
    pair.attach(&item, "a.bin", content(10));
    let right = pair.world.tracker("right");
    right.fault(On::Apply, Fault::LostAnswer);
    running.quiet().await;
    let comments = right.only().comments.unwrap();
    assert_eq!(comments.len(), 1, "once, though its answer was lost");
    let left = pair.world.tracker("left");
    assert!(left.item(&item).comments.unwrap().is_empty(), "no echo");
    running.stop().await;
}

/// A crash at the `at`-th commit after the file was attached. Answers whether there was one.
async fn crash_at(at: u64, after: bool, marked: bool) -> bool {
    let pair = if marked { pair() } else { pair().unmarked() };
    let (running, item) = pair.begun().await;
    {
        let mut plan = pair.world.crash.0.lock().unwrap();
        plan.at = plan.commits + at;
        plan.after = after;
    }
    let content = content(5000);
    pair.attach(&item, "a.bin", content.clone());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let crashed = {
        let plan = pair.world.crash.0.lock().unwrap();
        plan.commits >= plan.at
    };
    running.kill().await;
    pair.world.crash.0.lock().unwrap().at = 0;
    let running = pair.world.run(pair.world.build().await);
    running.quiet().await;
    let what = format!("commit {at}, after: {after}, marked: {marked}");
    pair.is_copied(&item, &content, &what);
    running.stop().await;
    crashed
}

#[tokio::test(start_paused = true)]
async fn a_file_crosses_once_despite_a_crash_at_any_commit() {
    for marked in [true, false] {
        for after in [false, true] {
            let mut at = 1;
            while crash_at(at, after, marked).await {
                at += 1;
            }
            assert!(at > 3, "a copy has commits to crash at: {at}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn while_a_copy_is_open_no_other_file_of_our_account_crosses_back() {
    let pair = pair().unmarked();
    let (running, item) = pair.begun().await;
    let right = pair.world.tracker("right");
    right.fault(On::Apply, Fault::LostAnswer);
    (0..3).for_each(|_| right.fault(On::Recognise, Fault::Retry(None)));
    let content = content(10);
    pair.attach(&item, "a.bin", content.clone());
    let twin = right.only().reference.item;
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        pair.world.announce(&twin);
    }
    running.quiet().await;
    pair.is_copied(&item, &content, "recognised at last");
    running.stop().await;
}

/// Five items get a file each at once, which takes a second: so many go at once through so much room.
async fn through_room(room_mib: u32, at_once: usize) {
    let mut pair = pair();
    pair.world.settings.files = FileRoom::new(room_mib);
    pair.world.settings.node_files_max = 5;
    let running = pair.world.start(std::slice::from_ref(&pair.contract)).await;
    let left = pair.world.tracker("left");
    let items: Vec<ItemId> = (0..5)
        .map(|at| pair.world.make("left", &format!("{at}")))
        .collect();
    running.quiet().await;
    for item in &items {
        left.fault(On::Open, Fault::Slow(Duration::from_secs(1)));
        left.attach_by_hand(item, "a.bin", content(100));
        pair.world.announce(item);
    }
    running.quiet().await;
    let right = pair.world.tracker("right");
    let copied = |write: &&Effect| matches!(write, Effect::AddAttachment { .. });
    assert_eq!(right.state().writes.iter().filter(copied).count(), 5);
    assert_eq!(right.state().attaching_max, at_once, "{room_mib} MiB");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn with_little_room_files_go_one_after_the_other() {
    through_room(1, 1).await;
    through_room(17, 2).await;
    through_room(64, 5).await;
}
