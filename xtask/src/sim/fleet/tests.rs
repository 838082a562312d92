//! Stories that seeds have found, told alone.

use super::database::{Client, Database};
use super::faults::Plan;
use super::story;
use crate::sim::handles::{SimEntropy, stream};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;
use twinline_core::item::ItemId;
use twinline_core::queue::Lane;
use twinline_core::time::Timestamp;
use twinline_store::central::{Origin, Replication, take_over};
use twinline_store::db::{DbOptions, NoFaults};
use twinline_store::host::{HostStore, Mark};
use twinline_store::{Epoch, GroupId};

struct World {
    database: Arc<Database>,
    folder: tempfile::TempDir,
    entropy: SimEntropy,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            database: Arc::new(Database::new(Arc::default(), stream(seed, "database"))),
            folder: tempfile::tempdir().unwrap(),
            entropy: SimEntropy::new(stream(seed, "entropy")),
        }
    }

    fn client(&self, host: &str) -> Client {
        Client::new(Arc::clone(&self.database), Arc::default(), host)
    }

    /// A host takes the group over, again until it can.
    async fn take_over(&self, host: &str, revision: u64) -> (HostStore, Origin) {
        let file = self.folder.path().join(format!("{host}.db"));
        let store = open(&file).await;
        let client = self.client(host);
        loop {
            match take_over(
                &client,
                &store,
                &group(),
                Epoch::new(1, revision),
                &self.entropy,
            )
            .await
            {
                Ok(taken) => return taken,
                Err(error) => assert!(error.is_retryable(), "{error}"),
            }
        }
    }

    /// Marks an item, and ships.
    async fn work(&self, host: &str, store: &HostStore, item: &str) {
        let mark = Mark {
            item: ItemId {
                node: "n".into(),
                id: item.to_owned(),
            },
            lane: Lane::Live,
            cause: "delivery".to_owned(),
            due: Timestamp::from_millis(1),
            at: Timestamp::from_millis(1),
        };
        store.write(move |tx| tx.mark_dirty(&mark)).await.unwrap();
        let newest = store.read(|read| read.newest_rev()).await.unwrap();
        let marks = Arc::new(BTreeMap::new);
        let client = Arc::new(self.client(host));
        let replication = Replication::new(store.clone(), client, &self.entropy, marks);
        let mut status = replication.status();
        let (end, ended) = oneshot::channel::<()>();
        let shipping = tokio::spawn(replication.run(async move { drop(ended.await) }));
        let shipped = status.wait_for(|status| status.complete && status.shipped_rev >= newest);
        let shipped = timeout(Duration::from_secs(60), shipped).await;
        drop(shipped.expect("it is shipped").unwrap());
        drop(end);
        shipping.await.unwrap();
        store.db().close().await;
    }
}

async fn open(file: &Path) -> HostStore {
    let options = DbOptions::inline(NoFaults);
    HostStore::open(file, options, "fleet").await.unwrap()
}

fn group() -> GroupId {
    GroupId::new("g")
}

/// The first host reads the group's row from a former writer, which has it as the last to ship, and its claim goes to the
/// present one, which knows better.
#[tokio::test(start_paused = true)]
async fn an_old_file_is_not_taken_for_the_newest_by_what_a_former_writer_says() {
    for seed in 0..8 {
        let world = World::new(seed);
        let (one, _) = world.take_over("m1", 10).await;
        world.work("m1", &one, "a").await;
        let stays = BTreeSet::from(["m1".to_owned()]);
        world.database.fail_over(0, stays);
        let (two, _) = world.take_over("m2", 20).await;
        world.work("m2", &two, "b").await;

        let (one, origin) = world.take_over("m1", 30).await;
        assert!(
            matches!(origin, Origin::Replica(_)),
            "seed {seed}: {origin:?}"
        );
        let counts = one.read(|read| read.dirty_counts()).await.unwrap();
        let dirty: u64 = counts.iter().map(|count| count.items).sum();
        assert_eq!(dirty, 2, "seed {seed}");
    }
}

/// What the protocol does not promise of edits, and what the judge excepts: the later edit is overruled, by the policy.
#[test]
fn an_edit_in_the_replicas_lag_is_overruled_and_admitted() {
    let judged = |admits_lag| {
        let plan = Plan {
            admits_lag,
            ..Plan::lagging(1)
        };
        story::run(1, plan, false).unwrap().faults
    };
    assert_eq!(judged(true), [""; 0]);
    let faults = judged(false);
    assert!(
        matches!(&faults[..], [one] if one.contains("which nobody wrote last")),
        "{faults:#?}"
    );
}
