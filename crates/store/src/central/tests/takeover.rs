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

struct Hosts {
    folder: TempDir,
    group: GroupId,
}

impl Hosts {
    /// The file that a host has of the group.
    async fn file(&self, host: &str) -> HostStore {
        open(&self.folder.path().join(format!("{host}.db"))).await
    }

    fn group(&self) -> &GroupId {
        &self.group
    }
}

/// As [`take_over`], with random numbers of its own.
async fn taken_over(
    client: &CentralClient,
    store: &HostStore,
    group: &GroupId,
    owned: Epoch,
    seed: u64,
) -> Result<(HostStore, Origin), CentralError> {
    take_over(client, store, group, owned, &entropy(seed)).await
}

/// As [`begin_new`], likewise.
async fn begun_new(
    client: &CentralClient,
    store: &HostStore,
    group: &GroupId,
    owned: Epoch,
) -> Result<Option<HostStore>, CentralError> {
    begin_new(client, store, group, owned, &entropy(owned.revision())).await
}

/// A healthy database, in which something is published, as before every group.
async fn published(client: &CentralClient) {
    healthy(client).await;
    let now = Timestamp::from_millis(1);
    let published = client.publish(0, "{}", &[], "ada", now).await;
    assert_eq!(published.unwrap().version, 1);
}

fn place(node: &str, group: &str) -> NodePlace {
    NodePlace {
        node: node.into(),
        workspace: "default".to_owned(),
        group: GroupId::new(group),
    }
}

async fn dirty(store: &HostStore) -> u64 {
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
        matches!(refused, Err(CentralError::NewerSchema { .. })),
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

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_was_never_shipped_is_claimed_in_the_database_too() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    published(&client).await;
    let hosts = Hosts {
        folder: tempfile::tempdir().unwrap(),
        group: GroupId::new("g1"),
    };
    let one = hosts.file("one").await;
    let taken = taken_over(&client, &one, hosts.group(), Epoch::new(1, 10), 1);
    let (one, origin) = taken.await.unwrap();
    assert_eq!(origin, Origin::NeverReplicated);
    let owner = server.psql("SELECT epoch & 140737488355327, complete FROM twinline.groups");
    assert_eq!(owner.unwrap(), "10|f");

    let two = hosts.file("two").await;
    let taken = taken_over(&client, &two, hosts.group(), Epoch::new(1, 20), 2);
    let (two, origin) = taken.await.unwrap();
    assert!(
        matches!(&origin, Origin::Replica(hydrated) if !hydrated.complete && hydrated.rows == 0)
    );
    // The first round of the former owner comes late.
    take(&one, 1).await;
    let mut late = run(&one, &client, 1);
    let superseded = late.status.wait_for(|status| status.standing.is_failing());
    tokio::time::timeout(SOON, superseded)
        .await
        .unwrap()
        .unwrap();
    take(&two, 2).await;
    let ships = run(&two, &client, 2);
    caught_up(&two, &ships).await;
    check_equal(&server, &two).await;
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

/// The database is a new one: what was published is put back before the states are.
#[tokio::test(flavor = "multi_thread")]
async fn in_a_new_database_a_group_waits_for_the_machine_that_has_it() {
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
    let emptied = "TRUNCATE twinline.groups, twinline.replica, twinline.published CASCADE";
    server.psql(emptied).unwrap();
    let (places, now) = (
        [place("gh", "g1"), place("jira", "g2")],
        Timestamp::from_millis(1),
    );
    let put = client.put_back(3, "three", &places, "m2", now).await;
    assert!(put.unwrap());

    let two = hosts.file("two").await;
    let refused = taken_over(&client, &two, hosts.group(), Epoch::new(1, 20), 2).await;
    assert!(
        matches!(refused, Err(CentralError::AwaitsOwner { .. })),
        "{:?}",
        refused.map(|(_, origin)| origin)
    );
    // Where nobody has it, a person says so, as docs/operations.md shows.
    let other = GroupId::new("g2");
    let refused = taken_over(&client, &two, &other, Epoch::new(1, 21), 3).await;
    assert!(matches!(refused, Err(CentralError::AwaitsOwner { .. })));
    server
        .psql("DELETE FROM twinline.groups WHERE grp = 'g2' AND epoch = 0")
        .unwrap();
    let four = hosts.file("four").await;
    let begun = taken_over(&client, &four, &other, Epoch::new(1, 22), 3).await;
    assert_eq!(begun.unwrap().1, Origin::NeverReplicated);
    // The owner goes on, and copies everything.
    let ships = run(&one, &client, 1);
    take(&one, 2).await;
    caught_up(&one, &ships).await;
    check_equal(&server, &one).await;
    drop(ships);
    let taken = taken_over(&client, &two, hosts.group(), Epoch::new(1, 20), 2);
    let (two, origin) = taken.await.unwrap();
    assert!(matches!(origin, Origin::Replica(_)), "{origin:?}");
    assert_eq!(dirty(&two).await, 2);
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

/// The takeover comes before anybody has put back what was published.
#[tokio::test(flavor = "multi_thread")]
async fn in_an_empty_database_nothing_is_begun_before_the_definitions_are_back() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    healthy(&client).await;
    let hosts = Hosts {
        folder: tempfile::tempdir().unwrap(),
        group: GroupId::new("g1"),
    };
    let refused = async |expected: &str| {
        let two = hosts.file("two").await;
        let taken = taken_over(&client, &two, hosts.group(), Epoch::new(1, 20), 2).await;
        let error = taken.map(|(_, origin)| origin).unwrap_err();
        assert!(error.is_retryable());
        assert!(error.to_string().contains(expected), "{error}");
        let two = hosts.file("two").await;
        let begun = begun_new(&client, &two, hosts.group(), Epoch::new(1, 20)).await;
        let begun = begun.map(|begun| begun.is_some());
        assert!(!matches!(begun, Ok(true)), "{begun:?}");
    };
    refused("the central database is empty").await;
    // Who puts back first knows an older version, in which the group was not.
    let (now, by) = (Timestamp::from_millis(1), "who had kept it");
    let places = [place("a", "g2"), place("gh", "g1")];
    let put = client.put_back(2, "two", &places[..1], by, now);
    assert!(put.await.unwrap());
    let put = client.put_back(3, "three", &places, by, now);
    assert!(put.await.unwrap());
    refused("has not copied its state there yet").await;
    // What is published from then on is new.
    let places = [places, [place("b", "g3"), place("c", "g3")]].concat();
    client
        .publish(3, "four", &places, "ada", now)
        .await
        .unwrap();
    let three = hosts.file("three").await;
    let group = GroupId::new("g3");
    let begun = begun_new(&client, &three, &group, Epoch::new(1, 30)).await;
    assert!(begun.unwrap().is_some());
}

/// Nobody is waited for before it is begun; everybody who may have owned it before is.
#[tokio::test(flavor = "multi_thread")]
async fn only_a_group_that_nobody_has_owned_is_begun_as_a_new_one() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    published(&client).await;
    let hosts = Hosts {
        folder: tempfile::tempdir().unwrap(),
        group: GroupId::new("g1"),
    };
    let begin = async |store: &HostStore, revision: u64| {
        let owned = Epoch::new(1, revision);
        let begun = begun_new(&client, store, hosts.group(), owned).await;
        begun.unwrap()
    };
    let one = hosts.file("one").await;
    let one = begin(&one, 10).await.expect("it is new");
    assert_eq!(one.stamp().epoch, Epoch::new(1, 10));
    let two = hosts.file("two").await;
    assert!(begin(&two, 20).await.is_none(), "another has begun it");
    let ships = run(&one, &client, 1);
    take(&one, 1).await;
    caught_up(&one, &ships).await;
    check_equal(&server, &one).await;
    drop(ships);
    server
        .psql("TRUNCATE twinline.groups, twinline.replica")
        .unwrap();
    assert!(
        begin(&one, 30).await.is_none(),
        "this file has worked on it"
    );
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
