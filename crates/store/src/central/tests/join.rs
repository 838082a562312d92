//! A group that is joined to another is closed once and for all, and the other has its state once, whatever is lost and
//! begun anew in between.

use super::replication::*;
use super::support::*;
use crate::central::replica::{Marks, Replication};
use crate::central::*;
use crate::db::DbOptions;
use crate::host::{HostStore, Lane, Mark};
use crate::stamp::{Epoch, GroupId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::time::timeout;
use twinline_core::item::ItemId;
use twinline_core::time::Timestamp;
use twinline_sim::postgres::Postgres;

/// A database, and machines that own groups one after the other.
struct Fleet {
    server: Postgres,
    client: CentralClient,
    folder: TempDir,
    owners: AtomicU64,
}

fn one() -> GroupId {
    GroupId::new("g1")
}

fn gone() -> GroupId {
    GroupId::new("g2")
}

impl Fleet {
    async fn new() -> Option<Self> {
        let server = server(&[])?;
        let client = client_to(&server.url(), settings());
        healthy(&client).await;
        let now = Timestamp::from_millis(1);
        client.publish(0, "{}", &[], "ada", now).await.unwrap();
        Some(Self {
            server,
            client,
            folder: tempfile::tempdir().unwrap(),
            owners: AtomicU64::new(1),
        })
    }

    /// A machine's file of a group, which is taken over under the next ownership.
    async fn owner(&self, machine: &str, group: &GroupId) -> Result<HostStore, CentralError> {
        let number = self.owners.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.path().join(format!("{machine}-{group}.db"));
        let store = open(&path).await;
        let owned = Epoch::new(1, number * 10);
        let entropy = entropy(number * 1000);
        let taken = take_over(&self.client, &store, group, owned, &entropy).await;
        if taken.is_err() {
            store.db().close().await;
        }
        Ok(taken?.0)
    }

    /// Ships all that a store has.
    async fn ship(&self, store: &HostStore) {
        let ships = run(store, &self.client, store.stamp().epoch.revision());
        caught_up(store, &ships).await;
    }

    /// An owner of a group with one mark, which is in the replica.
    async fn begun(&self, machine: &str, group: &GroupId, marked: u64) -> HostStore {
        let store = self.owner(machine, group).await.unwrap();
        take(&store, marked).await;
        self.ship(&store).await;
        store
    }

    /// `g2`, closed with one mark. Its file is closed too.
    async fn closed(&self) {
        let store = self.begun("m2", &gone(), 2).await;
        assert!(self.close(&store).await.unwrap());
        store.db().close().await;
    }

    /// Closes a group that none was joined to.
    async fn close(&self, store: &HostStore) -> Result<bool, CentralError> {
        close_group(&self.client, store, &BTreeSet::new()).await
    }

    async fn take_in(&self, store: &HostStore) -> Result<bool, CentralError> {
        let it = TakeIn {
            gone: gone(),
            scratch: self.folder.path().join("coming.db"),
            aside: self.folder.path().join("aside.db"),
            db: DbOptions::default(),
        };
        take_in(&self.client, store, it).await
    }

    fn sql(&self, sql: &str) -> String {
        self.server.psql(sql).unwrap()
    }
}

/// What is dirty, by id.
async fn dirty(store: &HostStore) -> Vec<String> {
    let found = rows(store).await.into_iter();
    let keys =
        found.filter_map(|row| Some(row.strip_prefix("dirty ")?.split(' ').next()?.to_owned()));
    keys.collect()
}

fn both() -> Vec<String> {
    [r#"["gh","1"]"#, r#"["gh","2"]"#]
        .map(str::to_owned)
        .to_vec()
}

#[tokio::test]
async fn a_group_is_closed_by_its_owner_when_its_replica_is_whole_and_nobody_has_it_again() {
    let Some(fleet) = Fleet::new().await else {
        return;
    };
    let former = fleet.begun("m1", &gone(), 1).await;
    let store = fleet.begun("m2", &gone(), 2).await;
    let late = fleet.close(&former).await;
    assert!(
        matches!(late, Err(CentralError::Superseded { .. })),
        "{late:?}"
    );

    take(&store, 3).await;
    assert!(
        !fleet.close(&store).await.unwrap(),
        "not all of it is shipped"
    );
    assert!(!is_closed(&fleet.client, &gone()).await.unwrap());
    fleet.ship(&store).await;
    for turn in ["at first", "repeated"] {
        assert!(fleet.close(&store).await.unwrap(), "{turn}");
        assert!(is_closed(&fleet.client, &gone()).await.unwrap(), "{turn}");
    }

    take(&store, 4).await;
    let ships = run(&store, &fleet.client, 9);
    let mut status = ships.status.clone();
    let refused =
        status.wait_for(|status| format!("{:?}", status.standing).contains("is older than"));
    drop(
        timeout(SOON, refused)
            .await
            .expect("it is refused")
            .unwrap(),
    );
    drop(ships);
    former.db().close().await;
    store.db().close().await;
    for machine in ["m1", "m2", "m3"] {
        let again = fleet.owner(machine, &gone()).await.map(|_| ());
        assert!(
            matches!(again, Err(CentralError::Joined { .. })),
            "{machine}: {again:?}"
        );
    }
    assert_eq!(fleet.sql("SELECT count(*) FROM twinline.fleet_groups"), "0");
    assert_eq!(
        replica(&fleet.server, "g2")
            .iter()
            .filter(|row| row.starts_with("dirty"))
            .count(),
        3
    );
}

#[tokio::test]
async fn a_joined_groups_state_is_there_once_whoever_is_lost_before_it_is_replicated() {
    let Some(fleet) = Fleet::new().await else {
        return;
    };
    let owner = fleet.begun("m1", &one(), 1).await;
    fleet.closed().await;
    // What an earlier try has left.
    std::fs::write(fleet.folder.path().join("coming.db"), "half").unwrap();
    assert!(fleet.take_in(&owner).await.unwrap());
    assert!(!fleet.take_in(&owner).await.unwrap(), "it is here");
    assert_eq!(dirty(&owner).await, both());

    // The machine is lost before any of it is shipped: the next one takes it in anew.
    let next = fleet.owner("m3", &one()).await.unwrap();
    assert_eq!(dirty(&next).await, both()[..1]);
    assert!(fleet.take_in(&next).await.unwrap());
    assert_eq!(dirty(&next).await, both());
    fleet.ship(&next).await;
    check_equal(&fleet.server, &next).await;

    // Lost after that: the next one has it, and does nothing, also when what was joined is forgotten.
    settle(&next, 2).await;
    fleet.ship(&next).await;
    let last = fleet.owner("m4", &one()).await.unwrap();
    assert!(!fleet.take_in(&last).await.unwrap());
    assert_eq!(
        dirty(&last).await,
        both()[..1],
        "what was done since is not undone"
    );
    for _ in 0..2 {
        assert!(forget_joined(&fleet.client, &last, &gone()).await.unwrap());
        assert!(replica(&fleet.server, "g2").is_empty());
    }
    let again = fleet.owner("m2", &gone()).await.map(|_| ());
    assert!(
        matches!(again, Err(CentralError::Joined { .. })),
        "{again:?}"
    );
    assert!(!fleet.folder.path().join("coming.db").exists());

    // Who has it not when it is forgotten takes nothing for its state.
    let other = fleet.begun("m5", &GroupId::new("g3"), 5).await;
    let refused = fleet.take_in(&other).await;
    assert!(
        matches!(refused, Err(CentralError::AwaitsState { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_database_that_went_back_to_before_the_join_has_the_group_closed_anew() {
    let Some(fleet) = Fleet::new().await else {
        return;
    };
    let owner = fleet.begun("m1", &one(), 1).await;
    let store = fleet.begun("m2", &gone(), 2).await;
    fleet.sql(
        "CREATE TABLE old_groups AS SELECT * FROM twinline.groups; CREATE TABLE old_replica AS SELECT * FROM twinline.replica",
    );
    assert!(fleet.close(&store).await.unwrap());
    fleet.sql(
        "TRUNCATE twinline.groups, twinline.replica; INSERT INTO twinline.groups SELECT * FROM old_groups; \
         INSERT INTO twinline.replica SELECT * FROM old_replica",
    );
    assert!(fleet.take_in(&owner).await.unwrap());
    assert_eq!(dirty(&owner).await, both());
    let again = fleet.owner("m3", &gone()).await.map(|_| ());
    assert!(
        matches!(again, Err(CentralError::Joined { .. })),
        "{again:?}"
    );
}

#[tokio::test]
async fn what_a_lost_database_had_of_a_joined_group_is_waited_for_or_taken_from_its_last_owners_file()
 {
    let Some(fleet) = Fleet::new().await else {
        return;
    };
    let owner = fleet.begun("m1", &one(), 1).await;
    fleet.closed().await;
    fleet.sql("TRUNCATE twinline.groups, twinline.replica");
    for nobody in [
        "SELECT 1",
        "INSERT INTO twinline.groups VALUES ('g2', 0, '', 0, 0, 0, 0, 0, false, 0, '', now())",
    ] {
        fleet.sql(nobody);
        let waits = fleet.take_in(&owner).await;
        let awaits =
            matches!(&waits, Err(error @ CentralError::AwaitsState { .. }) if error.is_retryable());
        assert!(awaits, "{nobody}: {waits:?}");
        assert_eq!(dirty(&owner).await, both()[..1]);
    }
    let file = |name: &str| fleet.folder.path().join(name);
    std::fs::rename(file("m2-g2.db"), file("aside.db")).unwrap();
    assert!(fleet.take_in(&owner).await.unwrap());
    assert_eq!(dirty(&owner).await, both());
    let gap = owner.read(|read| read.gap(&one())).await.unwrap().unwrap();
    assert!(
        gap.to > Timestamp::from_millis(1_800_000_000_000),
        "{gap:?}"
    );
    assert!(file("aside.db").exists(), "it is kept");
}

/// Nobody could take in what a closed group has not taken in.
#[tokio::test]
async fn a_group_is_not_closed_before_it_has_what_was_joined_to_it() {
    let Some(fleet) = Fleet::new().await else {
        return;
    };
    let owner = fleet.begun("m1", &one(), 1).await;
    fleet.closed().await;
    let holds = [gone()].into();
    let closed = async || close_group(&fleet.client, &owner, &holds).await.unwrap();
    assert!(!closed().await, "its replica is whole, without the other");
    assert!(!is_closed(&fleet.client, &one()).await.unwrap());
    assert!(fleet.take_in(&owner).await.unwrap());
    assert!(!closed().await, "it is in the file, and nowhere else");
    fleet.ship(&owner).await;
    assert!(closed().await);
    owner.db().close().await;
    // However often that is asked.
    let other = open(&fleet.folder.path().join("m1-g1.db")).await;
    let closed = close_group(&fleet.client, &other, &[GroupId::new("g3")].into()).await;
    assert!(closed.unwrap());
}

/// A failover may lose a round that was confirmed.
#[tokio::test]
async fn what_a_joined_group_has_left_stays_until_the_others_replica_has_it_now() {
    let Some(fleet) = Fleet::new().await else {
        return;
    };
    let former = fleet.begun("m1", &one(), 1).await;
    fleet.closed().await;
    let kept = replica(&fleet.server, "g2");
    fleet.sql(
        "CREATE TABLE old_groups AS SELECT * FROM twinline.groups; CREATE TABLE old_replica AS SELECT * FROM twinline.replica",
    );
    assert!(fleet.take_in(&former).await.unwrap());
    let forgotten =
        async |store: &HostStore| forget_joined(&fleet.client, store, &gone()).await.unwrap();
    assert!(!forgotten(&former).await, "nothing is shipped");
    fleet.ship(&former).await;
    fleet.sql(
        "TRUNCATE twinline.groups, twinline.replica; INSERT INTO twinline.groups SELECT * FROM old_groups; \
         INSERT INTO twinline.replica SELECT * FROM old_replica",
    );
    assert!(!forgotten(&former).await, "it was, and is lost");
    assert_eq!(replica(&fleet.server, "g2"), kept);

    // The machine is lost too: the next one takes it in, and the former, which was only paused, forgets nothing for it.
    let next = fleet.owner("m3", &one()).await.unwrap();
    assert!(fleet.take_in(&next).await.unwrap());
    assert_eq!(dirty(&next).await, both());
    assert!(!forgotten(&former).await);
    fleet.ship(&next).await;
    assert!(!forgotten(&former).await, "it is not its owner");
    assert_eq!(replica(&fleet.server, "g2"), kept);
    assert!(forgotten(&next).await);
    assert!(replica(&fleet.server, "g2").is_empty());
}

#[tokio::test]
async fn a_file_that_is_not_a_joined_groups_is_not_taken_for_its_state() {
    let Some(fleet) = Fleet::new().await else {
        return;
    };
    let owner = fleet.begun("m1", &one(), 1).await;
    fleet.closed().await;
    let other = fleet.begun("m5", &GroupId::new("g3"), 5).await;
    other.db().close().await;
    fleet.sql("TRUNCATE twinline.groups, twinline.replica");
    let file = |name: &str| fleet.folder.path().join(name);
    std::fs::copy(file("m2-g2.db"), file("half.db")).unwrap();
    let half = open(&file("half.db")).await;
    let begun = half.write(|tx| tx.begin_put_back(&gone(), "w").map(drop));
    begun.await.unwrap();
    half.db().close().await;
    open(&file("empty.db")).await.db().close().await;
    for wrong in ["m5-g3.db", "half.db", "empty.db"] {
        std::fs::copy(file(wrong), file("aside.db")).unwrap();
        let refused = fleet.take_in(&owner).await.unwrap_err().to_string();
        assert!(
            refused.contains("aside.db is not a whole file"),
            "{wrong}: {refused}"
        );
        assert_eq!(dirty(&owner).await, both()[..1], "{wrong}");
    }
    std::fs::copy(file("m2-g2.db"), file("aside.db")).unwrap();
    assert!(fleet.take_in(&owner).await.unwrap());
    assert_eq!(dirty(&owner).await, both());
}

/// Each row that it brings has a transaction of its own at the utmost, and they are sent in one.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_was_brought_in_is_in_the_replica_whole_or_not_at_all() {
    const MARKS: u64 = 200;
    let Some(fleet) = Fleet::new().await else {
        return;
    };
    let owner = fleet.begun("m1", &one(), 1).await;
    let store = fleet.owner("m2", &gone()).await.unwrap();
    let mark = |number: u64| Mark {
        item: ItemId {
            node: "far".into(),
            id: number.to_string(),
        },
        lane: Lane::Live,
        cause: "delivery".to_owned(),
        due: Timestamp::from_millis(1),
        at: Timestamp::from_millis(1),
    };
    let marks: Vec<Mark> = (0..MARKS).map(mark).collect();
    let marked = store.write(move |tx| {
        marks
            .iter()
            .try_for_each(|mark| tx.mark_dirty(mark).map(drop))
    });
    marked.await.unwrap();
    fleet.ship(&store).await;
    assert!(fleet.close(&store).await.unwrap());
    assert!(fleet.take_in(&owner).await.unwrap());

    let nothing: Marks = Arc::new(BTreeMap::new);
    let client = Arc::new(fleet.client.clone());
    let replication = Replication::new(owner.clone(), client, &entropy(77), nothing)
        .in_pieces_of(1)
        .in_rounds_of(1);
    let mut status = replication.status();
    let (end, ended) = oneshot::channel::<()>();
    let ships = tokio::spawn(replication.run(async move {
        drop(ended.await);
    }));
    let newest = owner.read(|read| read.newest_rev()).await.unwrap();
    loop {
        let seen = fleet.sql(
            "SELECT count(*) FILTER (WHERE tbl = 'dirty' AND key LIKE '%far%') || ' ' || \
             count(*) FILTER (WHERE tbl = 'absorbed') FROM twinline.replica WHERE grp = 'g1'",
        );
        assert!(seen == "0 0" || seen == format!("{MARKS} 1"), "{seen}");
        let status = status.borrow_and_update();
        if status.complete && status.shipped_rev >= newest {
            break;
        }
    }
    drop(end);
    ships.await.unwrap();
    check_equal(&fleet.server, &owner).await;
}
