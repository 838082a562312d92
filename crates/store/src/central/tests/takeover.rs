//! What a group's new owner goes on from.

use super::replication::*;
use super::support::*;
use crate::central::{CentralError, Origin, take_over};
use crate::host::HostStore;
use crate::stamp::GroupId;
use tempfile::TempDir;

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

async fn dirty(store: &HostStore) -> u64 {
    let counts = store.read(|read| read.dirty_counts()).await.unwrap();
    counts.iter().map(|count| count.items).sum()
}

#[tokio::test]
async fn a_new_owner_goes_on_from_the_last_word_whose_file_it_may_be() {
    let Some(server) = server(&[]) else { return };
    let client = client_to(&server.url(), settings());
    healthy(&client).await;
    let hosts = Hosts {
        folder: tempfile::tempdir().unwrap(),
        group: GroupId::new("g1"),
    };

    let one = hosts.file("one").await;
    let (one, origin) = take_over(&client, &one, hosts.group(), 10, &entropy(1))
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
    let (two, origin) = take_over(&client, &two, hosts.group(), 20, &entropy(2))
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
    let (two, origin) = take_over(&client, &two, hosts.group(), 30, &entropy(3))
        .await
        .unwrap();
    assert_eq!(origin, Origin::OwnFile);
    assert_eq!(dirty(&two).await, 3);
    let ships = run(&two, &client, 3);
    caught_up(&two, &ships).await;
    let copies = server.psql("SELECT copy FROM twinline.groups WHERE grp = 'g1'");
    assert_eq!(copies.unwrap(), "1");
    drop(ships);

    // The first host, whose file is old by now: from the replica, and what the file had besides is gone.
    take(&one, 9).await;
    let (one, origin) = take_over(&client, &one, hosts.group(), 40, &entropy(4))
        .await
        .unwrap();
    assert!(matches!(origin, Origin::Replica(_)));
    assert_eq!(dirty(&one).await, 3);

    // An owner that was superseded takes nothing over.
    let late = take_over(&client, &two, hosts.group(), 35, &entropy(5)).await;
    assert!(
        matches!(late, Err(CentralError::Superseded { .. })),
        "{:?}",
        late.map(|(_, origin)| origin)
    );
}
