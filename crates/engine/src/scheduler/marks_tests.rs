use super::marks::{Done, Mark, Marks};
use twinline_core::item::ItemId;
use twinline_core::names::ConnectionName;
use twinline_core::queue::Key;
use twinline_core::time::Timestamp;
use twinline_store::db::{DbOptions, NoFaults};
use twinline_store::host::{self, HostStore, Lane};

/// Marks as the store makes them: each call gives a new state.
struct Store {
    store: HostStore,
    _folder: tempfile::TempDir,
}

impl Store {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("host.db");
        let store = HostStore::open(&path, DbOptions::inline(NoFaults), "test")
            .await
            .unwrap();
        Self {
            store,
            _folder: folder,
        }
    }

    async fn mark(&self, item: &str) -> Mark {
        let item = ItemId {
            node: "n".into(),
            id: item.to_owned(),
        };
        let mark = host::Mark {
            item: item.clone(),
            lane: Lane::Live,
            cause: "test".to_owned(),
            due: Timestamp::EPOCH,
            at: Timestamp::EPOCH,
        };
        let row = self
            .store
            .write(move |tx| tx.mark_dirty(&mark))
            .await
            .unwrap();
        Mark {
            item,
            id: row.mark,
            changed_at: None,
            trace: None,
            deleted: false,
            audit: false,
            confirmed: None,
            backfill: None,
            glance: false,
        }
    }
}

fn twin(name: &str) -> Key {
    Key::Twin(name.into())
}

/// The work of a twin, and its connection.
fn of(name: &str) -> (Key, Option<ConnectionName>) {
    (twin(name), Some("c".into()))
}

#[tokio::test]
async fn a_mark_is_cleared_when_the_last_of_its_work_is_done() {
    let store = Store::open().await;
    let mark = store.mark("i").await;
    let mut marks = Marks::new(100);
    marks.open(mark.clone(), (Lane::Live, 1), [of("a"), of("b")]);
    let (first, second) = (marks.take(&twin("a")), marks.take(&twin("b")));
    assert_eq!(marks.done(&twin("a"), first), Done::default());
    assert_eq!(marks.done(&twin("b"), second).cleared, [mark]);
    assert_eq!(marks.len(), 0);
}

#[tokio::test]
async fn a_mark_renewed_during_a_job_outlives_it_and_means_what_it_means_now() {
    let store = Store::open().await;
    let mut marks = Marks::new(100);
    marks.open(
        store.mark("i").await,
        (Lane::Live, 1),
        [(Key::Candidate(store.mark("i").await.item), None)],
    );
    let candidate = Key::Candidate(store.mark("i").await.item);
    let taken = marks.take(&candidate);
    let renewed = store.mark("i").await;
    marks.open(renewed.clone(), (Lane::Live, 1), [of("a")]);
    assert_eq!(marks.done(&candidate, taken), Done::default());
    let again = marks.take(&twin("a"));
    assert_eq!(marks.done(&twin("a"), again).cleared, [renewed]);
    assert_eq!(marks.len(), 0);
}

#[tokio::test]
async fn a_failed_job_keeps_its_marks() {
    let store = Store::open().await;
    let mut marks = Marks::new(100);
    marks.open(store.mark("i").await, (Lane::Live, 1), [of("a")]);
    marks.open(store.mark("j").await, (Lane::Live, 1), [of("a")]);
    let taken = marks.take(&twin("a"));
    assert_eq!(taken.len(), 2);
    marks.put_back(&twin("a"), &taken);
    assert_eq!(marks.take(&twin("a")), taken);
}

#[tokio::test]
async fn a_mark_waits_until_work_for_it_begins_and_again_when_it_is_put_back() {
    let store = Store::open().await;
    let mut marks = Marks::new(100);
    let mark = store.mark("i").await;
    assert!(!marks.waits(&mark.item), "not here");
    marks.open(mark.clone(), (Lane::Live, 1), [of("a"), of("b")]);
    assert!(marks.waits(&mark.item));
    let taken = marks.take(&twin("a"));
    assert!(!marks.waits(&mark.item), "one job may have looked already");
    marks.put_back(&twin("a"), &taken);
    assert!(marks.waits(&mark.item));
    let taken = marks.take(&twin("a"));
    assert_eq!(marks.done(&twin("a"), taken), Done::default());
    assert!(!marks.waits(&mark.item), "one job has looked already");
    let renewed = store.mark("i").await;
    marks.open(renewed, (Lane::Live, 1), [of("a"), of("b")]);
    assert!(marks.waits(&mark.item));
}

/// Marks of a full node are left where they are; another node, another lane and an item that is here already have room.
#[tokio::test]
async fn a_node_without_room_keeps_no_other_out() {
    let store = Store::open().await;
    let mut marks = Marks::new(4);
    marks.divide(2);
    let item = |node: &str, id: &str| ItemId {
        node: node.into(),
        id: id.to_owned(),
    };
    for id in ["1", "2", "3"] {
        assert!(marks.fits(&item("n", id), Lane::Backfill));
        marks.open(store.mark(id).await, (Lane::Backfill, 1), [of(id)]);
    }
    assert!(!marks.fits(&item("n", "4"), Lane::Backfill));
    assert!(!marks.is_worth_filling(Lane::Backfill, &"n".into(), 500));
    assert!(marks.fits(&item("m", "4"), Lane::Backfill));
    assert!(marks.fits(&item("n", "4"), Lane::Live));
    assert!(marks.fits(&item("n", "3"), Lane::Backfill));
    let lifted = store.mark("3").await;
    marks.open(lifted, (Lane::Live, 1), [of("3")]);
    assert!(
        marks.fits(&item("n", "4"), Lane::Backfill),
        "3 is in the live room now"
    );
    let taken = marks.take(&twin("1"));
    assert_eq!(marks.done(&twin("1"), taken).cleared.len(), 1);
    assert_eq!(marks.left(Lane::Backfill, &"n".into()), 2);
}

#[tokio::test]
async fn what_another_connection_has_to_do_holds_no_confirmed_work_open() {
    let store = Store::open().await;
    let mut marks = Marks::new(100);
    let mark = Mark {
        confirmed: Some("c".into()),
        ..store.mark("i").await
    };
    let candidate = Key::Candidate(mark.item.clone());
    let theirs = (twin("b"), Some("d".into()));
    let keys = [(candidate.clone(), None), of("a"), theirs];
    marks.open(mark.clone(), (Lane::Live, 1), keys);
    let (first, second) = (marks.take(&twin("a")), marks.take(&candidate));
    assert_eq!(marks.done(&twin("a"), first), Done::default());
    let done = marks.done(&candidate, second);
    assert_eq!((done.cleared, done.left_to_others), (vec![], vec![mark]));
    let last = marks.take(&twin("b"));
    assert_eq!(last[0].confirmed, None);
    assert_eq!(marks.done(&twin("b"), last).cleared.len(), 1);
}
