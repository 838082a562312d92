//! Two groups of a fleet that are joined, and machines that are lost at each step of it: against a real etcd and a real
//! PostgreSQL, between trackers in memory, in real time.

use crate::fleet::{Build, Fleet, Machine, SOON, publish};
use crate::support::rules::contract;
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;
use tokio::time::timeout;
use twinline_core::item::{ItemId, Value};
use twinline_core::names::NodeName;
use twinline_engine::Host;
use twinline_engine::groups::{GroupHosts, Part};
use twinline_engine::ownership::{Permit, Pins};
use twinline_store::GroupId;
use twinline_store::host::HostStore;

/// Where a process is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    /// Before the group that goes is closed.
    Leaving,
    /// When it is closed, and nobody knows.
    Closed,
    /// When its nodes are the other group's, and its key is its owner's still.
    Merged,
    /// When its state is in the other group's file, and nowhere else.
    TakenIn,
}

/// What is published: the same for every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Apart,
    Joining,
    Merged,
    /// `far` is merged, and `near` is to be joined to a third group.
    Chain,
    /// So it is.
    Over,
}

struct Hosts {
    fleet: Build,
    phase: watch::Sender<Phase>,
    pins: watch::Sender<Pins>,
    /// What is published when `far` is closed.
    then: Phase,
    /// Whether `near` worked with the nodes and the state of both.
    had_both: AtomicBool,
    /// Whoever comes there first stays there, and says so.
    lost_at: watch::Sender<Option<Point>>,
    is_there: watch::Sender<bool>,
}

fn near() -> GroupId {
    GroupId::new("near")
}

fn far() -> GroupId {
    GroupId::new("far")
}

impl Hosts {
    fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    fn publish(&self, phase: Phase) {
        self.phase.send_replace(phase);
        let pins = match phase {
            Phase::Apart | Phase::Joining => Pins::from([(near(), (2, None)), (far(), (2, None))]),
            Phase::Merged | Phase::Chain => Pins::from([(near(), (4, None))]),
            Phase::Over => Pins::new(),
        };
        self.pins.send_replace(pins);
    }

    async fn come_to(&self, point: Point) {
        let is_it = self.lost_at.send_if_modified(|at| {
            let is_it = *at == Some(point);
            if is_it {
                *at = None;
            }
            is_it
        });
        if is_it {
            self.is_there.send_replace(true);
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl GroupHosts for Hosts {
    fn members(&self, group: &GroupId) -> BTreeSet<NodeName> {
        let nodes: &[&str] = match (self.phase(), group == &near()) {
            (Phase::Merged | Phase::Chain, true) => &["a", "b", "c", "d"],
            (Phase::Merged | Phase::Chain, false) | (Phase::Over, _) => &[],
            (_, true) => &["a", "b"],
            (_, false) => &["c", "d"],
        };
        nodes.iter().map(|node| (*node).into()).collect()
    }

    fn part(&self, group: &GroupId) -> Part {
        match self.phase() {
            Phase::Joining if *group == far() => Part::Leaves,
            Phase::Merged | Phase::Chain if *group == far() => Part::Gone,
            Phase::Chain => Part::Leaves,
            Phase::Over => Part::Gone,
            _ => Part::Stays,
        }
    }

    fn takes_in(&self, group: &GroupId) -> BTreeSet<GroupId> {
        let is_merged = [Phase::Merged, Phase::Chain].contains(&self.phase());
        let takes = is_merged && *group == near();
        takes.then(far).into_iter().collect()
    }

    async fn joined(&self, group: &GroupId) -> Result<(), String> {
        if *group == near() {
            self.publish(Phase::Over);
            return Ok(());
        }
        self.come_to(Point::Closed).await;
        self.publish(self.then);
        self.come_to(Point::Merged).await;
        Ok(())
    }

    async fn build(
        &self,
        group: &GroupId,
        store: HostStore,
        permit: Permit,
    ) -> Result<Host, String> {
        let members = self.members(group);
        if members.len() == 4 {
            self.come_to(Point::TakenIn).await;
            let has = store.read(|read| read.absorbed()).await;
            let has_both = has.is_ok_and(|has| has.contains(&far()));
            self.had_both.store(has_both, Ordering::Relaxed);
        }
        let mut trackers = self.fleet.trackers.clone();
        trackers.retain(|name, _| members.contains(name.as_str()));
        let (name, left, right) = if *group == near() {
            ("ab", "a", "b")
        } else {
            ("cd", "c", "d")
        };
        let build = Build {
            env: self.fleet.env.clone(),
            trackers,
            first: contract(name, left, right),
            lacks: false,
        };
        build.build(group, store, permit).await
    }
}

struct Story {
    fleet: Fleet,
    hosts: Arc<Hosts>,
}

impl Story {
    fn begin(then: Phase) -> Option<Self> {
        let fleet = Fleet::of(&["a", "b", "c", "d"], Pins::new())?;
        let build = Build {
            env: fleet.world.env.clone(),
            trackers: fleet.world.trackers.clone(),
            first: contract("ab", "a", "b"),
            lacks: false,
        };
        let hosts = Arc::new(Hosts {
            fleet: build,
            phase: watch::Sender::new(Phase::Apart),
            pins: fleet.pins.clone(),
            then,
            had_both: AtomicBool::new(false),
            lost_at: watch::Sender::default(),
            is_there: watch::Sender::default(),
        });
        hosts.publish(Phase::Apart);
        Some(Self { fleet, hosts })
    }

    fn start(&self, name: &str) -> Machine {
        let hosts: Arc<dyn GroupHosts> = self.hosts.clone();
        self.fleet.start_with(name, hosts)
    }

    /// An item with a twin on the other side.
    async fn twin(&self, from: &str, to: &str) -> (ItemId, ItemId) {
        let item = self.fleet.world.tracker(from).make(&[
            ("summary", Value::text(from)),
            ("status", Value::text("open")),
            ("labels", Value::set(["a"])),
        ]);
        let twin = self.fleet.made(to).await;
        self.fleet.shows(&twin, from).await;
        (item, twin)
    }

    /// Each of these edits arrives at the twin.
    async fn follow(&self, twins: &[(ItemId, ItemId)], summary: &str) {
        for (item, _) in twins {
            self.fleet.edit(item, summary);
        }
        for (_, twin) in twins {
            self.fleet.shows(twin, summary).await;
        }
    }
}

/// Waits until a machine works on a group, or on none of that name.
async fn works(machine: &Machine, group: &GroupId, works: bool) {
    let mut states = machine.states.clone();
    let is_so = states.wait_for(|states| match states.get(group) {
        Some(now) => works && now.state.working().is_some(),
        None => !works,
    });
    drop(timeout(SOON, is_so).await.expect("the group").unwrap());
}

async fn check(lost_at: Point) {
    let Some(story) = Story::begin(Phase::Merged) else {
        return;
    };
    let one = story.start("m1");
    works(&one, &near(), true).await;
    works(&one, &far(), true).await;
    let two = story.start("m2");
    let twins = [story.twin("a", "b").await, story.twin("c", "d").await];
    story.follow(&twins, "apart").await;

    story.hosts.lost_at.send_replace(Some(lost_at));
    story.hosts.publish(Phase::Joining);
    if lost_at != Point::Leaving {
        let mut is_there = story.hosts.is_there.subscribe();
        let there = timeout(SOON, is_there.wait_for(|there| *there)).await;
        drop(there.expect("it comes to that").unwrap());
    }
    one.kill().await;
    // What comes while nobody works on it.
    for (item, _) in &twins {
        story.fleet.edit(item, "lost");
    }
    works(&two, &near(), true).await;
    for (_, twin) in &twins {
        story.fleet.shows(twin, "lost").await;
    }
    works(&two, &far(), false).await;
    assert_eq!(story.hosts.phase(), Phase::Merged);
    story.follow(&twins, "joined").await;

    // One group: a connection between the two of them reaches all.
    let host = {
        let states = two.states.borrow();
        states[&near()].state.working().expect("it works").clone()
    };
    let rules = contract("bc", "b", "c");
    publish(&host, &rules, story.fleet.world.env.now())
        .await
        .unwrap();
    let item = story.fleet.world.tracker("a").make(&[
        ("summary", Value::text("all the way")),
        ("status", Value::text("open")),
        ("labels", Value::set(["a"])),
    ]);
    story.follow(&twins, "together").await;
    story.fleet.edit(&item, "there");
    // What changed at b comes to c, and from there to d.
    let arrives = async {
        let world = &story.fleet.world;
        let items = |node: &str| world.tracker(node).state().items.len();
        while items("c") < 3 || items("d") < 3 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, arrives).await.expect("it arrives");
    story.follow(&twins, "at rest").await;
    for (node, items) in [("a", 2), ("b", 2), ("c", 3), ("d", 3)] {
        let found = story.fleet.world.tracker(node).state().items.len();
        assert_eq!(found, items, "{node}: nothing twice");
    }
    two.stop().await;
}

#[tokio::test]
async fn a_machine_is_lost_before_its_group_is_closed() {
    check(Point::Leaving).await;
}

#[tokio::test]
async fn a_machine_is_lost_when_its_group_is_closed_and_nobody_knows() {
    check(Point::Closed).await;
}

#[tokio::test]
async fn a_machine_is_lost_when_its_groups_nodes_are_the_others() {
    check(Point::Merged).await;
}

#[tokio::test]
async fn a_machine_is_lost_when_what_it_took_in_is_nowhere_else() {
    check(Point::TakenIn).await;
}

/// It learns of both in one step.
#[tokio::test]
async fn a_group_that_is_to_leave_takes_in_what_was_joined_to_it_before_it_is_closed() {
    let Some(story) = Story::begin(Phase::Chain) else {
        return;
    };
    let one = story.start("m1");
    works(&one, &near(), true).await;
    works(&one, &far(), true).await;
    let twins = [story.twin("a", "b").await, story.twin("c", "d").await];
    story.follow(&twins, "apart").await;
    story.hosts.publish(Phase::Joining);
    let mut phase = story.hosts.phase.subscribe();
    let is_over = timeout(SOON, phase.wait_for(|phase| *phase == Phase::Over)).await;
    drop(is_over.expect("both are closed").unwrap());
    assert!(story.hosts.had_both.load(Ordering::Relaxed));
    one.stop().await;
}
