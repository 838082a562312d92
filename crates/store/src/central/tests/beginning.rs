//! Groups of which the central database has nothing: new ones, and those of a database that was lost.

use super::replication::*;
use super::support::*;
use super::takeover::*;
use crate::central::*;
use crate::host::HostStore;
use crate::stamp::{Epoch, GroupId};
use twinline_core::time::Timestamp;

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
