//! What a group's new owner goes on from.

use super::replication::*;
use super::support::*;
use crate::central::{
    CentralClient, CentralError, NodePlace, Origin, Replicas, begin_new, take_over,
};
use crate::host::HostStore;
use crate::stamp::{Epoch, GroupId};
use std::time::Duration;
use tempfile::TempDir;
use twinline_core::time::Timestamp;

pub(super) struct Hosts {
    pub(super) folder: TempDir,
    pub(super) group: GroupId,
}

impl Hosts {
    /// The file that a host has of the group.
    pub(super) async fn file(&self, host: &str) -> HostStore {
        open(&self.folder.path().join(format!("{host}.db"))).await
    }

    pub(super) fn group(&self) -> &GroupId {
        &self.group
    }
}

/// As [`take_over`], with random numbers of its own.
pub(super) async fn taken_over(
    client: &CentralClient,
    store: &HostStore,
    group: &GroupId,
    owned: Epoch,
    seed: u64,
) -> Result<(HostStore, Origin), CentralError> {
    take_over(client, store, group, owned, &entropy(seed)).await
}

/// As [`begin_new`], likewise.
pub(super) async fn begun_new(
    client: &CentralClient,
    store: &HostStore,
    group: &GroupId,
    owned: Epoch,
) -> Result<Option<HostStore>, CentralError> {
    begin_new(client, store, group, owned, &entropy(owned.revision())).await
}

/// A healthy database, in which something is published, as before every group.
pub(super) async fn published(client: &CentralClient) {
    healthy(client).await;
    let now = Timestamp::from_millis(1);
    let published = client.publish(0, "{}", &[], "ada", now).await;
    assert_eq!(published.unwrap().version, 1);
}

pub(super) fn place(node: &str, group: &str) -> NodePlace {
    NodePlace {
        node: node.into(),
        workspace: "default".to_owned(),
        group: GroupId::new(group),
    }
}

pub(super) async fn dirty(store: &HostStore) -> u64 {
    let counts = store.read(|read| read.dirty_counts()).await.unwrap();
    counts.iter().map(|count| count.items).sum()
}

#[tokio::test]
async fn a_new_owner_goes_on_from_the_last_word_whose_file_it_may_be() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    published(&client).await;
    let hosts = Hosts {
        folder: tempfile::tempdir().unwrap(),
        group: GroupId::new("g1"),
    };

    let one = hosts.file("one").await;
    let (one, origin) = take_over(&client, &one, hosts.group(), Epoch::new(1, 10), &entropy(1))
        .await
        .unwrap();
    assert_eq!(origin, Origin::NeverReplicated);
    assert_eq!(one.stamp().epoch.revision(), 10);
    let ships = run(&one, &client, 1);
    take(&one, 1).await;
    caught_up(&one, &ships).await;
    drop(ships);

    // Another host: from the replica.
    let two = hosts.file("two").await;
    let (two, origin) = take_over(&client, &two, hosts.group(), Epoch::new(1, 20), &entropy(2))
        .await
        .unwrap();
    assert!(matches!(&origin, Origin::Replica(hydrated) if hydrated.complete));
    assert_eq!(dirty(&two).await, 1);
    take(&two, 2).await;
    let ships = run(&two, &client, 2);
    caught_up(&two, &ships).await;
    drop(ships);

    // The same host again, which had done more than it shipped: its own file, and nothing is copied anew.
    take(&two, 3).await;
    two.db().close().await;
    let two = hosts.file("two").await;
    let (two, origin) = take_over(&client, &two, hosts.group(), Epoch::new(1, 30), &entropy(3))
        .await
        .unwrap();
    assert_eq!(origin, Origin::OwnFile);
    assert_eq!(dirty(&two).await, 3);
    let ships = run(&two, &client, 3);
    caught_up(&two, &ships).await;
    let copies = server.psql("SELECT copy FROM twinline.groups WHERE grp = 'g1'");
    assert_eq!(copies.unwrap(), "0");
    drop(ships);

    // The first host, whose file is old by now: from the replica, and what the file had besides is gone.
    take(&one, 9).await;
    let (one, origin) = take_over(&client, &one, hosts.group(), Epoch::new(1, 40), &entropy(4))
        .await
        .unwrap();
    assert!(matches!(origin, Origin::Replica(_)));
    assert_eq!(dirty(&one).await, 3);

    // An owner that was superseded takes nothing over.
    let late = take_over(&client, &two, hosts.group(), Epoch::new(1, 35), &entropy(5)).await;
    assert!(
        matches!(late, Err(CentralError::Superseded { .. })),
        "{:?}",
        late.map(|(_, origin)| origin)
    );
}

/// Put back from a dump that is older than several changes of the owner.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_put_back_gets_what_the_hosts_have_and_takes_nothing_from_them() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    published(&client).await;
    let hosts = Hosts {
        folder: tempfile::tempdir().unwrap(),
        group: GroupId::new("g1"),
    };
    let mut stores = Vec::new();
    for (at, host) in ["one", "two", "three"].into_iter().enumerate() {
        let number = at as u64 + 1;
        let store = hosts.file(host).await;
        let owned = Epoch::new(1, number * 10);
        let taken = taken_over(&client, &store, hosts.group(), owned, number);
        let (store, _) = taken.await.unwrap();
        let ships = run(&store, &client, number);
        take(&store, number).await;
        caught_up(&store, &ships).await;
        if at == 0 {
            let dump = "CREATE TABLE old_groups AS SELECT * FROM twinline.groups; \
                        CREATE TABLE old_replica AS SELECT * FROM twinline.replica";
            server.psql(dump).unwrap();
        }
        stores.push(store);
    }
    let put_back = "TRUNCATE twinline.groups, twinline.replica; \
                    INSERT INTO twinline.groups SELECT * FROM old_groups; \
                    INSERT INTO twinline.replica SELECT * FROM old_replica";
    server.psql(put_back).unwrap();

    // The owner goes on, and its next round is a copy.
    let three = stores.pop().unwrap();
    let ships = run(&three, &client, 3);
    take(&three, 4).await;
    caught_up(&three, &ships).await;
    check_equal(&server, &three).await;
    drop(ships);

    // Put back once more, and the owner begins anew: its own file stands, under the next generation too.
    server.psql(put_back).unwrap();
    let owned = Epoch::new(2, 5);
    let taken = taken_over(&client, &three, hosts.group(), owned, 9);
    let (three, origin) = taken.await.unwrap();
    assert_eq!(origin, Origin::DatabaseWentBack);
    assert_eq!(three.stamp().epoch, owned);
    assert_eq!(dirty(&three).await, 4);
    let ships = run(&three, &client, 3);
    caught_up(&three, &ships).await;
    check_equal(&server, &three).await;

    // Whoever had it before is later than the dump, and earlier than what is there now.
    let two = stores.pop().unwrap();
    let taken = taken_over(&client, &two, hosts.group(), Epoch::new(2, 6), 7);
    let (two, origin) = taken.await.unwrap();
    assert!(matches!(origin, Origin::Replica(_)), "{origin:?}");
    assert_eq!(dirty(&two).await, 4);
}

/// The revisions of an etcd that was lost begin small again.
#[tokio::test(flavor = "multi_thread")]
async fn a_lesser_revision_is_refused_until_the_generation_is_raised() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    published(&client).await;
    let hosts = Hosts {
        folder: tempfile::tempdir().unwrap(),
        group: GroupId::new("g1"),
    };
    let one = hosts.file("one").await;
    let owned = Epoch::new(1, 500);
    let taken = taken_over(&client, &one, hosts.group(), owned, 1);
    let (one, _) = taken.await.unwrap();
    let ships = run(&one, &client, 1);
    take(&one, 1).await;
    caught_up(&one, &ships).await;
    drop(ships);
    let two = hosts.file("two").await;
    for store in [&one, &two] {
        let taken = taken_over(&client, store, hosts.group(), Epoch::new(1, 4), 2);
        let refused = taken.await.map(|(_, origin)| origin);
        assert!(
            matches!(refused, Err(CentralError::Superseded { .. })),
            "{refused:?}"
        );
    }
    let taken = taken_over(&client, &two, hosts.group(), Epoch::new(2, 4), 2);
    let (two, origin) = taken.await.unwrap();
    assert!(matches!(origin, Origin::Replica(_)), "{origin:?}");
    assert_eq!(
        (two.stamp().epoch, dirty(&two).await),
        (Epoch::new(2, 4), 1)
    );
}

/// The rows are read after the claim, which the database remembers although nothing was put back.
#[tokio::test(flavor = "multi_thread")]
async fn a_takeover_that_breaks_off_in_the_middle_is_begun_again_from_the_replica() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    published(&client).await;
    let hosts = Hosts {
        folder: tempfile::tempdir().unwrap(),
        group: GroupId::new("g1"),
    };
    let one = hosts.file("one").await;
    let taken = taken_over(&client, &one, hosts.group(), Epoch::new(1, 10), 1);
    let (one, _) = taken.await.unwrap();
    let ships = run(&one, &client, 1);
    for number in 1..=5 {
        take(&one, number).await;
    }
    caught_up(&one, &ships).await;
    drop(ships);
    // Another owner, lost before it shipped anything: the replica is still the first file's last word, or so it seems.
    let two = hosts.file("two").await;
    let taken = taken_over(&client, &two, hosts.group(), Epoch::new(1, 20), 2);
    taken.await.unwrap();

    server
        .psql("UPDATE twinline.groups SET schema = 9999")
        .unwrap();
    let taken = taken_over(&client, &one, hosts.group(), Epoch::new(1, 30), 3);
    let refused = taken.await.map(|(_, origin)| origin);
    assert!(
        matches!(refused, Err(CentralError::NewerReplica { .. })),
        "{refused:?}"
    );
    server
        .psql("UPDATE twinline.groups SET schema = 1")
        .unwrap();
    let taken = taken_over(&client, &one, hosts.group(), Epoch::new(1, 30), 4);
    let (one, origin) = taken.await.unwrap();
    assert!(matches!(origin, Origin::Replica(_)), "{origin:?}");
    assert_eq!(dirty(&one).await, 5);
    let ships = run(&one, &client, 1);
    caught_up(&one, &ships).await;
    check_equal(&server, &one).await;
    drop(ships);

    // It broke off, and then the database lost the group: what was put back by halves is not its state.
    let two = hosts.file("two").await;
    server
        .psql("UPDATE twinline.groups SET schema = 9999")
        .unwrap();
    let taken = taken_over(&client, &two, hosts.group(), Epoch::new(1, 40), 5);
    assert!(taken.await.is_err());
    server
        .psql("TRUNCATE twinline.groups, twinline.replica")
        .unwrap();
    let taken = taken_over(&client, &two, hosts.group(), Epoch::new(1, 40), 6);
    let (two, origin) = taken.await.unwrap();
    assert_eq!((origin, dirty(&two).await), (Origin::NeverReplicated, 0));
}

/// Its rows bear the numbers of two copies.
#[tokio::test(flavor = "multi_thread")]
async fn a_takeover_in_the_middle_of_a_full_copy_loses_no_row_of_the_replica() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    published(&client).await;
    let hosts = Hosts {
        folder: tempfile::tempdir().unwrap(),
        group: GroupId::new("g1"),
    };
    let one = hosts.file("one").await;
    let taken = taken_over(&client, &one, hosts.group(), Epoch::new(1, 10), 1);
    let (one, _) = taken.await.unwrap();
    let ships = run(&one, &client, 1);
    for number in 1..=9 {
        take(&one, number).await;
    }
    caught_up(&one, &ships).await;
    drop(ships);
    server
        .psql("UPDATE twinline.groups SET copy = copy + 1, complete = false, shipped_rev = 1, vouched_rev = 0")
        .unwrap();
    let two = hosts.file("two").await;
    let taken = taken_over(&client, &two, hosts.group(), Epoch::new(1, 20), 2);
    let (two, origin) = taken.await.unwrap();
    assert!(matches!(&origin, Origin::Replica(hydrated) if !hydrated.complete));
    let ships = run(&two, &client, 2);
    caught_up(&two, &ships).await;
    check_equal(&server, &two).await;
}

/// The claim is there, and the file is not yet what was claimed.
#[tokio::test(flavor = "multi_thread")]
async fn a_takeover_that_was_cut_off_after_its_claim_is_made_again() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    published(&client).await;
    let hosts = Hosts {
        folder: tempfile::tempdir().unwrap(),
        group: GroupId::new("g1"),
    };
    let one = hosts.file("one").await;
    let taken = taken_over(&client, &one, hosts.group(), Epoch::new(1, 10), 1);
    let (one, _) = taken.await.unwrap();
    let ships = run(&one, &client, 1);
    take(&one, 1).await;
    caught_up(&one, &ships).await;
    drop(ships);
    let writer = server.psql("SELECT writer FROM twinline.groups").unwrap();
    // It goes on alone, and is much further than the replica when another takes over.
    for number in 2..40 {
        take(&one, number).await;
    }
    let two = hosts.file("two").await;
    let taken = taken_over(&client, &two, hosts.group(), Epoch::new(1, 20), 2);
    let (two, _) = taken.await.unwrap();
    let ships = run(&two, &client, 2);
    take(&two, 100).await;
    caught_up(&two, &ships).await;
    drop(ships);
    let claimed =
        format!("UPDATE twinline.groups SET writer = '{writer}', epoch = (1::bigint << 47) + 30");
    server.psql(&claimed).unwrap();

    let taken = taken_over(&client, &one, hosts.group(), Epoch::new(1, 30), 1);
    let (one, origin) = taken.await.unwrap();
    assert!(matches!(origin, Origin::Replica(_)), "{origin:?}");
    assert_eq!(dirty(&one).await, 2, "what the second one has shipped");
    let ships = run(&one, &client, 1);
    take(&one, 101).await;
    caught_up(&one, &ships).await;
    check_equal(&server, &one).await;
}

/// A former owner that still ships is further than the file that goes on before it.
#[tokio::test(flavor = "multi_thread")]
async fn who_goes_on_with_a_later_file_copies_it_whatever_the_former_owner_has_shipped() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    published(&client).await;
    let hosts = Hosts {
        folder: tempfile::tempdir().unwrap(),
        group: GroupId::new("g1"),
    };
    let one = hosts.file("one").await;
    let taken = taken_over(&client, &one, hosts.group(), Epoch::new(1, 10), 1);
    let (one, _) = taken.await.unwrap();
    let ships = run(&one, &client, 1);
    take(&one, 1).await;
    caught_up(&one, &ships).await;
    let dump = "CREATE TABLE old_groups AS SELECT * FROM twinline.groups; \
                CREATE TABLE old_replica AS SELECT * FROM twinline.replica";
    server.psql(dump).unwrap();
    let two = hosts.file("two").await;
    let taken = taken_over(&client, &two, hosts.group(), Epoch::new(1, 20), 2);
    let (two, _) = taken.await.unwrap();
    for number in 101..110 {
        take(&two, number).await;
    }
    // The database goes back to before the takeover, and the former owner, which does not know that it is none, ships on.
    let put_back = "TRUNCATE twinline.groups, twinline.replica; \
                    INSERT INTO twinline.groups SELECT * FROM old_groups; \
                    INSERT INTO twinline.replica SELECT * FROM old_replica";
    server.psql(put_back).unwrap();
    for number in 2..6 {
        take(&one, number).await;
    }
    caught_up(&one, &ships).await;
    drop(ships);

    let taken = taken_over(&client, &two, hosts.group(), Epoch::new(1, 30), 3);
    let (two, origin) = taken.await.unwrap();
    assert_eq!(origin, Origin::DatabaseWentBack);
    let ships = run(&two, &client, 2);
    take(&two, 200).await;
    caught_up(&two, &ships).await;
    check_equal(&server, &two).await;
}

/// By how much the former owner's wall clock was ahead, the database knows.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_ahead_makes_the_gap_no_smaller() {
    let Some(server) = server(&[]) else { return };
    let ahead = Duration::from_secs(60);
    let clock = TestClock::default();
    let client = client_by(clock, &server.url(), settings());
    published(&client).await;
    let fast = client_by(clock.ahead_by(ahead), &server.url(), settings());
    let hosts = Hosts {
        folder: tempfile::tempdir().unwrap(),
        group: GroupId::new("g1"),
    };
    let one = hosts.file("one").await;
    let taken = taken_over(&fast, &one, hosts.group(), Epoch::new(1, 10), 1);
    let (one, _) = taken.await.unwrap();
    let ships = run(&one, &fast, 1);
    take(&one, 1).await;
    caught_up(&one, &ships).await;
    drop(ships);

    let before = client.now();
    let two = hosts.file("two").await;
    let taken = taken_over(&client, &two, hosts.group(), Epoch::new(1, 20), 2);
    let (two, origin) = taken.await.unwrap();
    let Origin::Replica(hydrated) = origin else {
        panic!("{origin:?}");
    };
    assert!(
        hydrated.state_at > before,
        "by its own clock it is later than now"
    );
    // What the takeover took on a busy machine lies in between.
    let about = ahead / 2..=ahead;
    assert!(about.contains(&hydrated.ahead), "{hydrated:?}");
    let group = hosts.group().clone();
    let gap = two
        .read(move |read| read.gap(&group))
        .await
        .unwrap()
        .unwrap();
    assert!(gap.from <= before, "{gap:?} begins before {before:?}");
}
