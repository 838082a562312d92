//! Comments when a write's outcome is not known, or a crash comes in between: each stands once, and what is internal is
//! seen by nobody else.

use crate::support::rules::contract;
use crate::support::tracker::{Fault, On, SECRET};
use crate::support::{Running, World, until};
use std::time::Duration;
use twinline_core::capability::Channel;
use twinline_core::contract::{ChannelPair, Contract, Direction};
use twinline_core::effect::Effect;
use twinline_core::item::{Comment, ItemId};
use twinline_core::names::Sides;
use twinline_engine::ops::{LinkOutcome, Target};
use twinline_store::host::{TwinFilter, TwinState};

/// `left` ⇔ `right`, both with an internal channel, and `right` ⇔ `far`, which has none.
struct Chain {
    world: World,
    contracts: Vec<Contract>,
}

fn chain() -> Chain {
    let mut world = World::new(&["left", "right", "far"]);
    for node in ["left", "right"] {
        let tracker = world.trackers.get_mut(node).unwrap();
        tracker.set(|capabilities| {
            capabilities.channels.push(Channel {
                name: "internal".to_owned(),
                internal: true,
                written: true,
            });
        });
    }
    let mut first = contract("first", "left", "right");
    first.comments.as_mut().unwrap().channels.push(ChannelPair {
        names: Sides::from_fn(|_| "internal".to_owned()),
        direction: Direction::Both,
    });
    let second = contract("second", "right", "far");
    Chain {
        world,
        contracts: vec![first, second],
    }
}

impl Chain {
    /// An item of `left` that is everywhere.
    async fn begun(&self) -> (Running, ItemId) {
        let running = self.world.start(&self.contracts).await;
        let item = self.world.make("left", "x");
        running.quiet().await;
        let middle = self.world.tracker("right").only();
        self.world.announce(&middle.reference.item);
        running.quiet().await;
        (running, item)
    }

    /// A comment of a person on `left` that stands everywhere: the item, and the comment's id there.
    async fn told(&self) -> (Running, ItemId, String) {
        let (running, item) = self.begun().await;
        let comment = self.world.tracker("left").comment(&item, "hello");
        self.world.announce(&item);
        running.quiet().await;
        for node in ["right", "far"] {
            assert_eq!(self.comments(node).len(), 1, "it crosses to {node}");
        }
        (running, item, comment)
    }

    fn comments(&self, node: &str) -> Vec<Comment> {
        self.world.tracker(node).only().comments.unwrap()
    }

    /// The person makes the comment internal, in other words.
    fn hide(&self, item: &ItemId, comment: &str) {
        let left = self.world.tracker("left");
        left.recomment(item, comment, "internal", SECRET);
        self.world.announce(item);
    }

    /// Where the comment stands at last: internal on `right`, nowhere on `far`, once at home.
    fn is_hidden(&self, what: &str) {
        let right = self.comments("right");
        let channels: Vec<&str> = right.iter().map(|found| found.channel.as_str()).collect();
        assert_eq!(channels, ["internal"], "{what}");
        assert_eq!(right[0].body.plain(), SECRET, "{what}");
        assert_eq!(self.comments("far"), [], "{what}");
        assert_eq!(self.comments("left").len(), 1, "{what}: no echo");
        self.leaks_nothing(what);
    }

    fn leaks_nothing(&self, what: &str) {
        for node in ["left", "right", "far"] {
            let leaks = self.world.tracker(node).state().leaks.clone();
            assert_eq!(leaks, Vec::<String>::new(), "{what}: read by all on {node}");
        }
    }
}

/// The `at`-th write of the move meets with a fault.
async fn move_despite(at: usize, fault: Fault) {
    let chain = chain();
    let (running, item, comment) = chain.told().await;
    let right = chain.world.tracker("right");
    (0..at).for_each(|_| right.fault(On::Apply, Fault::Pass));
    right.fault(On::Apply, fault.clone());
    chain.hide(&item, &comment);
    running.quiet().await;
    chain.is_hidden(&format!("{fault:?} at write {at}"));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_comment_that_becomes_internal_moves_despite_lost_answers() {
    for at in [0, 1] {
        for fault in [
            Fault::LostAnswer,
            Fault::LostRequest,
            Fault::Late(Duration::from_secs(5)),
            Fault::Retry(None),
        ] {
            move_despite(at, fault).await;
        }
    }
}

/// The host dies this long after the comment became internal, with trackers that take their time. Answers whether the
/// move was still under way.
async fn move_with_crash(after: Duration) -> bool {
    let chain = chain();
    let (running, item, comment) = chain.told().await;
    for node in ["left", "right", "far"] {
        chain.world.tracker(node).state().latency = Duration::from_millis(20);
    }
    chain.hide(&item, &comment);
    tokio::time::sleep(after).await;
    let moved = chain
        .comments("right")
        .iter()
        .any(|c| c.channel == "internal");
    running.kill().await;
    let running = chain.world.run(chain.world.build().await);
    running.quiet().await;
    chain.is_hidden(&format!("dies after {after:?}"));
    running.stop().await;
    !moved || !chain.comments("far").is_empty()
}

#[tokio::test(start_paused = true)]
async fn a_comment_that_becomes_internal_moves_despite_a_crash_at_any_time() {
    let mut millis = 0;
    while move_with_crash(Duration::from_millis(millis)).await {
        millis += 5;
    }
    assert!(millis > 60, "the move takes several requests: {millis} ms");
}

/// A crash at the `at`-th commit after the comment became internal. Answers whether there was one.
async fn move_with_crash_at(at: u64, after: bool) -> bool {
    let chain = chain();
    let (running, item, comment) = chain.told().await;
    {
        let mut plan = chain.world.crash.0.lock().unwrap();
        plan.at = plan.commits + at;
        plan.after = after;
    }
    chain.hide(&item, &comment);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let crashed = {
        let plan = chain.world.crash.0.lock().unwrap();
        plan.commits >= plan.at
    };
    running.kill().await;
    chain.world.crash.0.lock().unwrap().at = 0;
    let running = chain.world.run(chain.world.build().await);
    running.quiet().await;
    chain.is_hidden(&format!("commit {at}, after: {after}"));
    running.stop().await;
    crashed
}

#[tokio::test(start_paused = true)]
async fn a_comment_that_becomes_internal_moves_despite_a_crash_at_any_commit() {
    for after in [false, true] {
        let mut at = 1;
        while move_with_crash_at(at, after).await {
            at += 1;
        }
        assert!(at > 4, "the move has commits to crash at: {at}");
    }
}

/// The new mirror is refused: the old one is gone everywhere all the same, and what its author does to it then holds.
#[tokio::test(start_paused = true)]
async fn a_move_that_gets_stuck_leaves_no_mirror_in_the_old_channel() {
    let chain = chain();
    let (running, item, comment) = chain.told().await;
    let right = chain.world.tracker("right");
    right.fault(On::Apply, Fault::Pass);
    (0..50).for_each(|_| right.fault(On::Apply, Fault::Refused("no internal comments today")));
    chain.hide(&item, &comment);
    until("nothing stands in the old channel", || async {
        chain.comments("right").is_empty() && chain.comments("far").is_empty()
    })
    .await;
    chain.world.tracker("left").uncomment(&item, &comment);
    chain.world.announce(&item);
    running.quiet().await;
    assert_eq!(chain.comments("right"), []);
    assert_eq!(chain.comments("far"), []);
    assert_eq!(running.states().await, vec![TwinState::Live; 2]);
    chain.leaks_nothing("stuck");
    running.stop().await;
}

/// What happens to the original while it cannot be told whether its mirror was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meanwhile {
    Nothing,
    Edited,
    Deleted,
}

/// How the tracker comes to be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Again {
    Released,
    Changed,
    Audited,
}

async fn quarantined(running: &Running, connection: &str) -> bool {
    let filter = TwinFilter {
        connection: Some(connection.into()),
        ..TwinFilter::default()
    };
    let store = running.host.store();
    let twins = store.read(move |read| read.twins(&filter, None, 9)).await;
    let mut twins = twins.unwrap().into_iter();
    twins.any(|twin| matches!(twin.state, TwinState::Quarantined { .. }))
}

async fn ask_again(chain: &Chain, running: &Running, item: &ItemId, again: Again) {
    match again {
        Again::Released => {
            let filter = TwinFilter::default();
            let twins = running
                .host
                .store()
                .read(move |read| read.twins(&filter, None, 9));
            for twin in twins.await.unwrap() {
                let target = Target::Twin(twin.link);
                running.host.retry(&target, "ben").await.unwrap();
            }
        }
        Again::Changed => chain.world.announce(item),
        Again::Audited => {}
    }
}

/// The answer to a comment's write is lost (`arrived`: the write was not), and for a while the tracker cannot tell
/// whether it is there. Then it can.
async fn inconclusive(arrived: bool, markers: bool, meanwhile: Meanwhile, again: Again) {
    let what = format!("arrived: {arrived}, markers: {markers}, {meanwhile:?}, {again:?}");
    let mut chain = chain();
    chain.world.sweep.audit = Duration::from_secs(60);
    chain.world.sweep.period = Duration::from_secs(20);
    for tracker in chain.world.trackers.values_mut() {
        tracker.set(|capabilities| capabilities.comment_marker = markers);
    }
    let (running, item) = chain.begun().await;
    let (left, right) = (chain.world.tracker("left"), chain.world.tracker("right"));
    let lost = if arrived {
        Fault::LostAnswer
    } else {
        Fault::LostRequest
    };
    right.fault(On::Apply, lost);
    (0..3).for_each(|_| right.fault(On::Recognise, Fault::Unclear));
    let comment = left.comment(&item, "hello");
    chain.world.announce(&item);
    until("the twin is held back", || quarantined(&running, "first")).await;
    // The next twin of the cluster looks at the comment too, and must not take it for a person's.
    chain.world.announce(&right.only().reference.item);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(chain.comments("far"), [], "{what}: nothing of ours crosses");
    match meanwhile {
        Meanwhile::Nothing => {}
        Meanwhile::Edited => left.recomment(&item, &comment, "public", "hello again"),
        Meanwhile::Deleted => left.uncomment(&item, &comment),
    }
    for _ in 0..5 {
        ask_again(&chain, &running, &item, again).await;
        tokio::time::sleep(Duration::from_secs(90)).await;
    }
    running.quiet().await;
    let wanted: &[&str] = match meanwhile {
        Meanwhile::Nothing => &["hello"],
        Meanwhile::Edited => &["hello again"],
        Meanwhile::Deleted => &[],
    };
    for node in ["left", "right", "far"] {
        let comments = chain.comments(node);
        let texts: Vec<String> = comments.iter().map(|found| found.body.plain()).collect();
        assert_eq!(texts, wanted, "{what}: {node}");
    }
    let adds = right.state().writes.clone();
    let adds = adds
        .iter()
        .filter(|write| matches!(write, Effect::AddComment { .. }));
    let expected = usize::from(arrived || meanwhile != Meanwhile::Deleted);
    assert_eq!(adds.count(), expected, "{what}: written once");
    assert_eq!(running.states().await, vec![TwinState::Live; 2], "{what}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_comment_of_which_nothing_is_known_for_a_while_stands_once_in_the_end() {
    for again in [Again::Released, Again::Changed, Again::Audited] {
        for meanwhile in [Meanwhile::Nothing, Meanwhile::Edited, Meanwhile::Deleted] {
            inconclusive(true, true, meanwhile, again).await;
            inconclusive(false, true, meanwhile, again).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn so_does_one_that_carries_no_marker() {
    for arrived in [true, false] {
        for meanwhile in [Meanwhile::Nothing, Meanwhile::Edited, Meanwhile::Deleted] {
            inconclusive(arrived, false, meanwhile, Again::Released).await;
        }
    }
}

/// Two ways lead to `far`, and on one of them it is not known whether the comment has come.
#[tokio::test(start_paused = true)]
async fn a_comment_that_may_have_come_on_one_way_does_not_come_on_another() {
    for markers in [true, false] {
        let mut world = World::new(&["left", "right", "far"]);
        for tracker in world.trackers.values_mut() {
            tracker.set(|capabilities| capabilities.comment_marker = markers);
        }
        let contracts = [
            contract("first", "left", "right"),
            contract("second", "right", "far"),
            contract("third", "left", "far"),
        ];
        let running = world.start(&contracts).await;
        let item = world.make("left", "x");
        running.quiet().await;
        let far = world.tracker("far");
        far.fault(On::Apply, Fault::LostAnswer);
        (0..3).for_each(|_| far.fault(On::Recognise, Fault::Unclear));
        world.tracker("left").comment(&item, "hello");
        world.announce(&item);
        tokio::time::sleep(Duration::from_secs(60)).await;
        for _ in 0..5 {
            world.announce(&item);
            world.announce(&world.tracker("right").only().reference.item);
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        running.quiet().await;
        for node in ["left", "right", "far"] {
            let comments = world.tracker(node).only().comments.unwrap();
            assert_eq!(comments.len(), 1, "markers: {markers}, {node}");
        }
        running.stop().await;
    }
}

/// The disk refuses while the end of an attempt is stored; the write arrives late.
#[tokio::test(start_paused = true)]
async fn an_attempt_whose_end_could_not_be_stored_may_still_arrive() {
    for at in 1..12 {
        let world = World::new(&["left", "right"]);
        let running = world.start(&[contract("c", "left", "right")]).await;
        let item = world.make("left", "x");
        running.quiet().await;
        // The process is older than the settle time.
        tokio::time::sleep(Duration::from_secs(60)).await;
        let right = world.tracker("right");
        right.fault(On::Apply, Fault::Late(Duration::from_secs(5)));
        {
            let mut plan = world.crash.0.lock().unwrap();
            plan.refuse_at = plan.commits + at;
        }
        world.tracker("left").comment(&item, "hello");
        world.announce(&item);
        running.quiet().await;
        assert_eq!(right.only().comments.unwrap().len(), 1, "commit {at}");
        running.stop().await;
    }
}

/// Items that were in step are linked anew: their mirrors are known by their markers.
#[tokio::test(start_paused = true)]
async fn mirrors_of_an_earlier_link_are_taken_back() {
    let world = World::new(&["left", "right"]);
    let running = world.start(&[contract("c", "left", "right")]).await;
    let item = world.make("left", "x");
    world.tracker("left").comment(&item, "hello");
    world.announce(&item);
    running.quiet().await;
    let twins = running
        .host
        .store()
        .read(|read| read.twins(&TwinFilter::default(), None, 9));
    let link = twins.await.unwrap()[0].link.clone();
    running.host.unlink(&link, "ben").await.unwrap();
    running.quiet().await;
    let pair = Sides {
        left: world.tracker("left").only().reference.key,
        right: world.tracker("right").only().reference.key,
    };
    let linked = running.host.link(&"c".into(), vec![pair], "ben").await;
    assert!(
        matches!(linked.unwrap()[..], [LinkOutcome::Linked(_)]),
        "they are free to be linked"
    );
    running.quiet().await;
    for node in ["left", "right"] {
        assert_eq!(
            world.tracker(node).only().comments.unwrap().len(),
            1,
            "{node}"
        );
    }
    running.stop().await;
}
