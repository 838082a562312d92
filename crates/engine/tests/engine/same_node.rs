//! Comments of clusters with several items on one node: each reaches every other item once, and follows its original.

use crate::support::rules::contract;
use crate::support::tracker::{Fault, On};
use crate::support::{Running, World, until};
use std::collections::BTreeMap;
use std::time::Duration;
use twinline_core::contract::Contract;
use twinline_core::effect::Effect;
use twinline_core::item::{Comment, ItemId};
use twinline_core::names::Side;

/// A cluster under a host.
struct Cluster {
    world: World,
    running: Running,
    items: Vec<ItemId>,
}

/// A connection whose right side lies in a project.
fn into_project(name: &str, (left, right): (&str, &str), project: &str) -> Contract {
    let mut contract = contract(name, left, right);
    let scope = BTreeMap::from([("project".to_owned(), project.to_owned())]);
    *contract.scopes.get_mut(Side::Right) = scope;
    contract
}

impl Cluster {
    /// One item of `a`, with all the twins that the contracts make of it.
    async fn of(contracts: &[Contract]) -> Self {
        Self::within(World::new(&["a", "b"]), contracts).await
    }

    async fn within(world: World, contracts: &[Contract]) -> Self {
        let running = world.start(contracts).await;
        world.make("a", "x");
        running.quiet().await;
        let mut items = Vec::new();
        for tracker in world.trackers.values() {
            let state = tracker.state();
            let there = state.items.values();
            items.extend(there.map(|item| item.reference.item.clone()));
        }
        Self {
            world,
            running,
            items,
        }
    }

    /// `a` with a twin in each of two projects of `b`.
    async fn fork() -> Self {
        Self::fork_within(World::new(&["a", "b"])).await
    }

    async fn fork_within(world: World) -> Self {
        let contracts = ["Q", "R"].map(|project| into_project(project, ("a", "b"), project));
        let cluster = Self::within(world, &contracts).await;
        assert_eq!(cluster.items.len(), 3);
        cluster
    }

    /// As [`Self::fork`], with trackers that store no marker with a comment.
    async fn unmarked_fork() -> Self {
        let mut world = World::new(&["a", "b"]);
        for node in ["a", "b"] {
            world.able(node, |capabilities| capabilities.comment_marker = false);
        }
        Self::fork_within(world).await
    }

    fn comments(&self, item: &ItemId) -> Vec<Comment> {
        let found = self.world.tracker(item.node.as_str()).item(item);
        found.comments.unwrap()
    }

    fn texts(&self) -> Vec<Vec<String>> {
        let of = |item: &ItemId| {
            let comments = self.comments(item).into_iter();
            comments.map(|comment| comment.body.plain()).collect()
        };
        self.items.iter().map(of).collect()
    }

    fn has(&self, expected: &[&str], when: &str) {
        let everywhere = vec![expected; self.items.len()];
        assert_eq!(self.texts(), everywhere, "{when}");
    }

    /// All items are looked at, again and again.
    async fn look(&self) {
        for _ in 0..3 {
            for item in &self.items {
                self.world.announce(item);
                self.running.quiet().await;
            }
        }
    }

    /// Comment writes of one kind, on all nodes.
    fn written(&self, kind: fn(&Effect) -> bool) -> usize {
        let trackers = self.world.trackers.values();
        trackers
            .map(|tracker| {
                let state = tracker.state();
                state.writes.iter().filter(|write| kind(write)).count()
            })
            .sum()
    }

    fn added(&self) -> usize {
        self.written(|write| matches!(write, Effect::AddComment { .. }))
    }

    fn deleted(&self) -> usize {
        self.written(|write| matches!(write, Effect::DeleteComment { .. }))
    }
}

/// A comment on each item in turn: it arrives, is edited and is deleted.
async fn check(cluster: Cluster) {
    let others = cluster.items.len() - 1;
    for (n, item) in cluster.items.iter().enumerate() {
        let tracker = cluster.world.tracker(item.node.as_str());
        let comment = tracker.comment(item, "hello");
        cluster.world.announce(item);
        cluster.running.quiet().await;
        cluster.has(&["hello"], &format!("written on {item}"));
        cluster.look().await;
        cluster.has(&["hello"], &format!("looked at after {item}"));
        tracker.recomment(item, &comment, "public", "newer");
        cluster.world.announce(item);
        cluster.running.quiet().await;
        cluster.has(&["newer"], &format!("edited on {item}"));
        assert_eq!(
            cluster.deleted(),
            n * others,
            "nothing is deleted by itself"
        );
        tracker.uncomment(item, &comment);
        cluster.world.announce(item);
        cluster.running.quiet().await;
        cluster.look().await;
        cluster.has(&[], &format!("deleted on {item}"));
        assert_eq!(cluster.added(), (n + 1) * others, "each is written once");
        assert_eq!(cluster.deleted(), (n + 1) * others);
    }
    cluster.running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_comment_reaches_both_items_of_a_node_and_follows_there() {
    check(Cluster::fork().await).await;
}

#[tokio::test(start_paused = true)]
async fn a_comment_crosses_between_two_items_of_a_node() {
    check(Cluster::of(&[into_project("c", ("a", "a"), "Q")]).await).await;
}

/// Both sides of a connection lie on one node, and both enter it. What our late create makes is no copy of its source.
#[tokio::test(start_paused = true)]
async fn an_item_that_is_made_late_beside_its_source_is_made_once() {
    let mut contract = into_project("c", ("a", "a"), "Q");
    contract.triggers.right = Some("all".to_owned());
    let world = World::new(&["a"]);
    let running = world.start(&[contract]).await;
    let a = world.tracker("a");
    a.fault(On::Apply, Fault::Late(Duration::from_secs(5)));
    world.make("a", "x");
    until("it was made", async || a.state().items.len() == 2).await;
    let made = a.state().items["2"].reference.item.clone();
    world.announce(&made);
    running.quiet().await;
    world.announce(&made);
    running.quiet().await;
    assert_eq!(a.state().items.len(), 2);
    assert_eq!(running.twin().await.item(Side::Right), Some(made));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn comments_of_a_ring_with_two_items_of_a_node_stand_once() {
    let mut closing = into_project("Q to R", ("b", "b"), "R");
    closing.scopes.left = BTreeMap::from([("project".to_owned(), "Q".to_owned())]);
    let [q, r] = ["Q", "R"].map(|project| into_project(project, ("a", "b"), project));
    let cluster = Cluster::of(&[q, r, closing]).await;
    assert_eq!(cluster.items.len(), 3);
    assert_eq!(cluster.running.twins().await.len(), 3);
    check(cluster).await;
}

/// On each of the nodes the `at`-th write meets with a fault.
async fn comments_despite(cluster: Cluster, at: usize, fault: Fault) {
    let item = cluster.items[1].clone();
    for node in ["a", "b"] {
        let tracker = cluster.world.tracker(node);
        (0..at).for_each(|_| tracker.fault(On::Apply, Fault::Pass));
        tracker.fault(On::Apply, fault.clone());
    }
    let first = cluster.world.tracker("b").comment(&item, "one");
    cluster.world.tracker("b").comment(&item, "two");
    cluster.world.announce(&item);
    cluster.running.quiet().await;
    cluster.look().await;
    cluster.has(&["one", "two"], &format!("{fault:?} at {at}"));
    cluster.world.tracker("b").uncomment(&item, &first);
    cluster.world.announce(&item);
    cluster.running.quiet().await;
    cluster.has(&["two"], &format!("{fault:?} at {at}"));
    cluster.running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_lost_double_nothing_on_either_item() {
    for fault in [Fault::LostAnswer, Fault::LostRequest] {
        for at in 0..2 {
            comments_despite(Cluster::fork().await, at, fault.clone()).await;
            comments_despite(Cluster::unmarked_fork().await, at, fault.clone()).await;
        }
    }
}

/// The answer to a comment's write is lost, and before the tracker says what became of it, another twin's job has followed
/// the item to its new place.
#[tokio::test(start_paused = true)]
async fn a_comment_that_is_found_on_a_moved_item_is_known_there() {
    let mut cluster = Cluster::unmarked_fork().await;
    let a = cluster.world.tracker("a").clone();
    let moving = cluster.items[0].clone();
    a.fault(On::Apply, Fault::LostAnswer);
    (0..3).for_each(|_| a.fault(On::Recognise, Fault::Retry(None)));
    cluster
        .world
        .tracker("b")
        .comment(&cluster.items[1], "hello");
    cluster.world.announce(&cluster.items[1]);
    until("it was written", async || cluster.added() > 0).await;
    cluster.items[0] = a.transfer(&moving, "P");
    cluster.world.announce(&moving);
    cluster.running.quiet().await;
    cluster.look().await;
    cluster.has(&["hello"], "after the move");
    cluster.running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_moved_item_keeps_its_comments() {
    let mut cluster = Cluster::fork().await;
    let old = cluster.items[1].clone();
    let b = cluster.world.tracker("b").clone();
    let comment = b.comment(&old, "hello");
    cluster
        .world
        .tracker("a")
        .comment(&cluster.items[0], "back");
    cluster.look().await;
    let project = b.item(&old).scope["project"].clone();
    let new = b.transfer(&old, &project);
    cluster.world.announce(&old);
    cluster.running.quiet().await;
    cluster.items[1] = new.clone();
    cluster.look().await;
    b.recomment(&new, &comment, "public", "newer");
    cluster.look().await;
    let texts = cluster.texts();
    for texts in &texts {
        let mut texts = texts.clone();
        texts.sort();
        assert_eq!(texts, ["back", "newer"]);
    }
    assert_eq!((cluster.added(), cluster.deleted()), (4, 0));
    cluster.running.stop().await;
}
