//! Against a real etcd, with a clock that the test sets.

use super::{Etcd, Keeper, KeeperSettings, Ownership, Permit, Pins, Seen};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use twinline_core::handles::BootClock;
use twinline_core::ownership::{BootTime, LeaseTerms};
use twinline_sim::etcd::Etcd as RealEtcd;
use twinline_store::GroupId;
use twinline_trackers::TrackerError;
use twinline_trackers::http::{AddressGuard, ReqwestTransport, TransportLimits};

/// Stands still until a test moves it.
#[derive(Debug, Default)]
struct SetClock(AtomicU64);

impl SetClock {
    fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl BootClock for SetClock {
    fn now(&self) -> BootTime {
        BootTime::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A fleet's hosts on one etcd.
struct Fleet {
    real: RealEtcd,
    /// Of one request to one member.
    deadline: Duration,
    clock: Arc<SetClock>,
    groups: watch::Sender<Pins>,
}

const TTL: Duration = Duration::from_secs(3);

impl Fleet {
    fn new(groups: &[(&str, u32)]) -> Option<Self> {
        if !RealEtcd::can_run() {
            return None;
        }
        let clock = SetClock::default();
        clock.advance(Duration::from_secs(60));
        let pins = groups
            .iter()
            .map(|(group, nodes)| (GroupId::new(*group), (*nodes, None)))
            .collect();
        Some(Self {
            real: RealEtcd::start(1).unwrap(),
            deadline: Duration::from_secs(2),
            clock: Arc::new(clock),
            groups: watch::Sender::new(pins),
        })
    }

    fn host(&self, name: &str, saved: Option<&Keeper>) -> Keeper {
        let guard = AddressGuard::new(vec!["127.0.0.0/8".parse().unwrap()]);
        let transport = ReqwestTransport::new(guard, TransportLimits::default()).unwrap();
        let endpoints = self.real.endpoints();
        let endpoints = endpoints.iter().map(|at| at.parse().unwrap()).collect();
        let etcd = Etcd::new(endpoints, Arc::new(transport), "test", self.deadline);
        let settings = KeeperSettings {
            host: name.to_owned(),
            terms: LeaseTerms::new(TTL, Duration::from_secs(1)).unwrap(),
        };
        let saved = saved.and_then(|keeper| keeper.ownership().borrow().lease);
        let clock: Arc<dyn BootClock> = Arc::clone(&self.clock) as _;
        Keeper::new(etcd, settings, clock, self.groups.subscribe(), saved)
    }

    /// Steps of all hosts, a renewal period apart, until groups that are vacant were claimed.
    async fn rounds(&self, keepers: &[&Keeper]) {
        for _ in 0..3 {
            for keeper in keepers {
                keeper.step().await;
            }
            self.clock.advance(TTL / 6);
        }
    }
}

fn now(keeper: &Keeper) -> Ownership {
    keeper.ownership().borrow().clone()
}

fn owned(keeper: &Keeper) -> Vec<String> {
    let owned = now(keeper).owned;
    owned
        .keys()
        .map(|group| group.as_str().to_owned())
        .collect()
}

/// Whether attempts may begin in some group.
fn acts(keeper: &Keeper) -> bool {
    now(keeper)
        .owned
        .values()
        .any(|owned| owned.permit.allows())
}

#[tokio::test]
async fn hosts_share_the_groups_and_a_drained_one_gives_its_own_away() {
    let Some(fleet) = Fleet::new(&[("a", 2), ("b", 2), ("c", 4)]) else {
        return;
    };
    let (one, two) = (fleet.host("m1", None), fleet.host("m2", None));
    fleet.rounds(&[&one, &two]).await;
    assert_eq!(owned(&one), ["c"]);
    assert_eq!(owned(&two), ["a", "b"]);
    assert!(acts(&one) && acts(&two));

    two.drain(true);
    fleet.rounds(&[&two, &one]).await;
    for group in ["a", "b"] {
        two.give_away(&GroupId::new(group)).await.unwrap();
    }
    fleet.rounds(&[&two, &one]).await;
    assert_eq!(owned(&one), ["a", "b", "c"]);
    assert!(owned(&two).is_empty());
    let revisions: Vec<u64> = now(&one)
        .owned
        .values()
        .map(|owned| owned.revision)
        .collect();
    assert!(
        revisions[0] > revisions[2],
        "a later claim has a later epoch"
    );
}

#[tokio::test]
async fn a_restarted_host_goes_on_under_its_lease() {
    let Some(fleet) = Fleet::new(&[("a", 2)]) else {
        return;
    };
    let first = fleet.host("m1", None);
    fleet.rounds(&[&first]).await;
    let before = now(&first).owned[&GroupId::new("a")].clone();

    let second = fleet.host("m1", Some(&first));
    second.step().await;
    let after = now(&second).owned[&GroupId::new("a")].clone();
    assert_eq!(after.revision, before.revision);
}

#[tokio::test]
async fn a_host_that_cannot_renew_stops_before_another_can_begin() {
    let Some(fleet) = Fleet::new(&[("a", 2)]) else {
        return;
    };
    let one = fleet.host("m1", None);
    fleet.rounds(&[&one]).await;
    one.step().await;
    fleet.real.signal(0, rustix::process::Signal::STOP);

    // An attempt takes up to 1 s: begun later than this it could outlast the lease.
    fleet.clock.advance(Duration::from_millis(1_850));
    assert!(acts(&one));
    fleet.clock.advance(Duration::from_millis(1));
    assert!(!acts(&one));
    one.step().await;
    assert_eq!(owned(&one), ["a"], "attempts under way may still end");
    assert!(now(&one).failing.unwrap().contains("did not answer"));

    fleet.clock.advance(Duration::from_secs(1));
    one.step().await;
    assert!(owned(&one).is_empty());

    fleet.real.signal(0, rustix::process::Signal::CONT);
    fleet.rounds(&[&one, &one]).await;
    assert!(acts(&one));
    assert_eq!(now(&one).failing, None);
}

#[tokio::test]
async fn the_groups_of_a_host_that_has_gone_fall_to_another() {
    let Some(fleet) = Fleet::new(&[("a", 2), ("b", 1)]) else {
        return;
    };
    let one = fleet.host("m1", None);
    fleet.rounds(&[&one]).await;
    let before = now(&one).owned[&GroupId::new("a")].clone();
    assert!(before.permit.allows());
    let two = fleet.host("m2", None);
    fleet.rounds(&[&two]).await;
    assert!(owned(&two).is_empty());

    // The first is never stepped again, and etcd's own clock ends its lease.
    let gone = async {
        while owned(&two).len() < 2 {
            fleet.rounds(&[&two]).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone)
        .await
        .unwrap();
    assert!(now(&two).owned[&GroupId::new("a")].revision > before.revision);

    // The first was only paused: it goes on with a new lease, and what it had begun under the lost one does not.
    one.step().await;
    assert!(now(&one).lease.is_some());
    assert!(!before.permit.allows());
}

#[tokio::test]
async fn an_attempt_that_was_paused_beyond_its_time_sends_nothing_more() {
    let clock = Arc::new(SetClock::default());
    clock.advance(Duration::from_secs(60));
    let permit = Permit::leased(Arc::clone(&clock) as _, Duration::from_secs(1));
    permit.extend(BootTime::from_millis(100_000));
    let (go_on, paused) = tokio::sync::oneshot::channel();
    let sent = std::cell::Cell::new(false);
    let attempt = permit.attempt(async {
        paused.await.unwrap();
        sent.set(true);
        Ok(())
    });
    let sleep = async {
        clock.advance(Duration::from_millis(1_001));
        go_on.send(()).unwrap();
    };
    let (ended, ()) = tokio::join!(attempt, sleep);
    assert!(
        matches!(ended, Err(TrackerError::Unknown { .. })),
        "{ended:?}"
    );
    assert!(!sent.get());
}

#[tokio::test]
async fn without_a_majority_nothing_is_claimed_and_nothing_is_made_up() {
    let Some(mut fleet) = Fleet::new(&[("a", 2)]) else {
        return;
    };
    fleet.real = RealEtcd::start(3).unwrap();
    fleet.deadline = Duration::from_millis(500);
    let one = fleet.host("m1", None);
    for member in [1, 2] {
        fleet.real.signal(member, rustix::process::Signal::STOP);
    }
    fleet.rounds(&[&one]).await;
    assert!(owned(&one).is_empty() && !acts(&one));
    assert!(now(&one).failing.is_some());
    for member in [1, 2] {
        fleet.real.signal(member, rustix::process::Signal::CONT);
    }
    let healed = async {
        while owned(&one).is_empty() {
            fleet.rounds(&[&one]).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), healed)
        .await
        .unwrap();
    assert!(acts(&one));
}

#[tokio::test]
async fn an_etcd_that_begins_anew_is_not_claimed_from_before_a_person_says_so() {
    let Some(mut fleet) = Fleet::new(&[("a", 2)]) else {
        return;
    };
    let one = fleet.host("m1", None);
    fleet.rounds(&[&one]).await;
    let before = now(&one);
    assert_eq!(before.owned[&GroupId::new("a")].epoch().generation(), 1);
    assert!(before.seen.revision > 0);

    // Under the same addresses, and empty: what runs loses all, what is started with what was seen claims nothing.
    fleet.real.lose().unwrap();
    let two = fleet.host("m2", None);
    two.under(before.seen);
    fleet.rounds(&[&one, &two, &one, &two]).await;
    for keeper in [&one, &two] {
        assert!(owned(keeper).is_empty());
        let said = now(keeper).failing.unwrap();
        assert!(said.contains("raise-generation"), "{said}");
    }

    let next = Seen {
        generation: 2,
        revision: 0,
    };
    one.under(next);
    two.under(next);
    two.under(before.seen);
    fleet.rounds(&[&one, &two, &one, &two]).await;
    let all = [owned(&one), owned(&two)].concat();
    assert_eq!(all, ["a"]);
    let owner = if owned(&one).is_empty() { &two } else { &one };
    let after = now(owner);
    assert_eq!(after.owned[&GroupId::new("a")].epoch().generation(), 2);
    assert!(after.seen.generation == 2 && after.seen.revision > 0);
    assert_eq!(after.failing, None);
}

#[tokio::test]
async fn what_is_owned_is_owned_anew_when_the_generation_rises() {
    let Some(fleet) = Fleet::new(&[("a", 2)]) else {
        return;
    };
    let one = fleet.host("m1", None);
    fleet.rounds(&[&one]).await;
    let before = now(&one).owned[&GroupId::new("a")].epoch();
    one.under(Seen {
        generation: 3,
        revision: 0,
    });
    fleet.rounds(&[&one]).await;
    let after = now(&one).owned[&GroupId::new("a")].epoch();
    assert_eq!(
        (after.generation(), after.revision()),
        (3, before.revision())
    );
}

#[tokio::test]
async fn what_does_not_work_here_falls_to_the_others_and_comes_back_when_they_leave_it_too() {
    let Some(fleet) = Fleet::new(&[("a", 2), ("b", 1)]) else {
        return;
    };
    let (one, two) = (fleet.host("m1", None), fleet.host("m2", None));
    let (a, b) = (GroupId::new("a"), GroupId::new("b"));
    // The greater one would fall to the first, the other to the second.
    one.shun(&a);
    one.cannot_work_on([b.clone()].into());
    for _ in 0..2 {
        fleet.rounds(&[&one, &two]).await;
    }
    assert_eq!(owned(&two), ["a", "b"]);

    // Nobody else takes it: nothing is left to anybody.
    two.drain(true);
    fleet.rounds(&[&two, &one]).await;
    two.give_away(&a).await.unwrap();
    two.give_away(&b).await.unwrap();
    fleet.rounds(&[&two, &one]).await;
    assert_eq!(owned(&one), ["a", "b"]);

    // It does not work there either, and then all have left it: it is tried again.
    two.drain(false);
    two.shun(&a);
    fleet.rounds(&[&two, &one]).await;
    one.give_away(&a).await.unwrap();
    fleet.rounds(&[&two, &one]).await;
    assert!(owned(&one) == ["b"] && owned(&two).is_empty());
    for _ in 0..3 {
        fleet.rounds(&[&two, &one]).await;
    }
    assert!(owned(&one) == ["a", "b"] || owned(&two) == ["a"]);
}

#[tokio::test]
async fn a_host_that_is_cut_off_from_the_database_claims_nothing_that_others_could() {
    let Some(fleet) = Fleet::new(&[("a", 2)]) else {
        return;
    };
    let (one, two) = (fleet.host("m1", None), fleet.host("m2", None));
    one.cut_off(true);
    for _ in 0..2 {
        fleet.rounds(&[&one, &two]).await;
    }
    assert!(owned(&one).is_empty());
    assert_eq!(owned(&two), ["a"]);
    // Alone it claims what there is: it may be its own.
    two.drain(true);
    fleet.rounds(&[&two, &one]).await;
    two.give_away(&GroupId::new("a")).await.unwrap();
    fleet.rounds(&[&two, &one]).await;
    assert_eq!(owned(&one), ["a"]);
}

#[tokio::test]
async fn before_etcd_was_asked_nothing_is_known_of_it() {
    let Some(fleet) = Fleet::new(&[]) else { return };
    let one = fleet.host("m1", None);
    assert!(now(&one).failing.is_some());
    one.step().await;
    assert_eq!(now(&one).failing, None);
}

#[tokio::test]
async fn what_is_left_to_claim_is_claimed_at_once() {
    let names: Vec<String> = (0..120).map(|number| format!("g{number}")).collect();
    let groups: Vec<(&str, u32)> = names.iter().map(|name| (name.as_str(), 1)).collect();
    let Some(fleet) = Fleet::new(&groups) else {
        return;
    };
    let one = fleet.host("m1", None);
    // They are seen vacant, and are claimed when they have been so for a period.
    one.step().await;
    fleet.clock.advance(TTL / 6);
    let mut counts = Vec::new();
    for _ in 0..3 {
        one.step().await;
        counts.push((owned(&one).len(), one.is_woken()));
    }
    assert_eq!(counts, [(50, true), (100, true), (120, false)]);
}
