use super::unread::Page;
use super::{JobLimits, Mark, NewMark, Scheduler, Slot};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use twinline_core::item::ItemId;
use twinline_core::names::NodeName;
use twinline_core::queue::{Key, Lane, Work};
use twinline_core::time::Timestamp;
use twinline_store::db::{DbOptions, NoFaults};
use twinline_store::host::{self, HostStore};

/// Rows that one page has at most.
const PAGE: usize = 500;

pub(super) fn scheduler(queued_max: usize, nodes: usize) -> Scheduler {
    let scheduler = Scheduler::new(0.2, queued_max, Arc::new(Notify::new()));
    scheduler.divide(nodes);
    scheduler
}

pub(super) fn unread(lane: Lane, node: &str, after: u64, max: usize) -> Page {
    Page::Unread {
        lane,
        node: node.into(),
        after,
        max,
    }
}

/// Reads the page that is wanted, which leads on to `next`.
fn check(scheduler: &Scheduler, wanted: Option<Page>, next: Option<u64>) {
    let page = scheduler.to_load(PAGE);
    assert_eq!(page, wanted);
    if let Some(page) = page {
        scheduler.loaded(page, next);
    }
}

#[test]
fn all_marks_are_read_at_first_live_ones_before_others_and_a_page_a_period_from_then_on() {
    let scheduler = scheduler(10_000, 2);
    scheduler.begin(vec![(Lane::Backfill, "a".into()), (Lane::Live, "b".into())]);
    let (live, backfill) = (Lane::Live, Lane::Backfill);
    check(&scheduler, Some(unread(live, "b", 0, 500)), Some(700));
    check(&scheduler, Some(unread(live, "b", 700, 500)), None);
    check(&scheduler, Some(unread(backfill, "a", 0, 500)), None);
    check(&scheduler, None, None);
    for (after, next) in [(0, Some(500)), (500, None), (0, Some(500))] {
        scheduler.read_again();
        check(&scheduler, Some(Page::Again { after }), next);
        check(&scheduler, None, None);
    }
}

/// A store's marks of one item each, and the work that stands for them.
pub(super) async fn marks(items: &[(&str, &str, Lane)]) -> Vec<NewMark> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("host.db");
    let store = HostStore::open(&path, DbOptions::inline(NoFaults), "test")
        .await
        .unwrap();
    let mut marks = Vec::new();
    for (node, id, lane) in items {
        let item = ItemId {
            node: (*node).into(),
            id: (*id).to_owned(),
        };
        let mark = host::Mark {
            item: item.clone(),
            lane: *lane,
            cause: "test".to_owned(),
            due: Timestamp::EPOCH,
            at: Timestamp::EPOCH,
        };
        let row = store.write(move |tx| tx.mark_dirty(&mark)).await.unwrap();
        let key = format!("{node}{id}");
        marks.push(NewMark {
            mark: Mark {
                item,
                id: row.mark,
                changed_at: None,
                trace: None,
                deleted: false,
                audit: false,
                confirmed: None,
                backfill: None,
                glance: false,
            },
            lane: row.lane,
            seq: row.seq,
            works: vec![Work {
                key: Key::Twin(key.as_str().into()),
                root: key.as_str().into(),
                node: (*node).into(),
                connection: Some("c".into()),
                lane: *lane,
            }],
            due: Timestamp::EPOCH,
        });
    }
    marks
}

pub(super) const LIMITS: JobLimits = JobLimits {
    connection: 16,
    node: 2,
};

fn ready(_: &Slot) -> Option<Vec<NodeName>> {
    Some(vec!["a".into()])
}

/// Does the next piece of work, if it may start.
fn work_off(scheduler: &Scheduler) -> Option<NodeName> {
    let started = scheduler.start(LIMITS, &ready)?;
    let (work, nodes) = (started.work.clone(), started.nodes.clone());
    assert_eq!(scheduler.done(started, &ready).0.cleared.len(), 1);
    scheduler.finish(&work, &nodes, LIMITS, |_| [].into());
    Some(work.node)
}

#[tokio::test]
async fn what_finds_no_room_is_read_from_its_place_when_there_is_room_and_no_sooner() {
    let scheduler = scheduler(8, 2);
    scheduler.begin(Vec::new());
    let ids: Vec<String> = (0..10).map(|n| n.to_string()).collect();
    let mut items: Vec<_> = (ids.iter())
        .map(|id| ("a", id.as_str(), Lane::Backfill))
        .collect();
    items.push(("b", "0", Lane::Backfill));
    items.push(("a", "live", Lane::Live));
    for new in marks(&items).await {
        assert_eq!(scheduler.mark(new, Timestamp::EPOCH, &ready), None);
    }
    let depths = scheduler.depths();
    assert_eq!((depths.live, depths.backfill), (1, 6 + 1), "b and live fit");
    check(&scheduler, None, None);
    for _ in 0..8 {
        work_off(&scheduler).unwrap();
    }
    let left = unread(Lane::Backfill, "a", 6, 6);
    assert_eq!(scheduler.to_load(PAGE), Some(left));
}

#[tokio::test]
async fn jobs_of_one_node_leave_slots_to_the_others_and_its_work_goes_on_when_one_ends() {
    let scheduler = scheduler(100, 3);
    let items = ["1", "2", "3"].map(|id| ("a", id, Lane::Live));
    for new in marks(&[&items[..], &[("peer", "1", Lane::Live)]].concat()).await {
        scheduler.mark(new, Timestamp::EPOCH, &ready);
    }
    // Work of either node uses both.
    let open = |_: &Slot| Some(vec!["a".into(), "peer".into()]);
    let first = scheduler.start(LIMITS, &open).unwrap();
    assert!(scheduler.start(LIMITS, &open).is_some());
    assert!(
        scheduler.start(LIMITS, &open).is_none(),
        "two use each node"
    );
    let (work, nodes) = (first.work.clone(), first.nodes.clone());
    scheduler.again(&first, Duration::from_secs(9), true);
    let peers = |_: &NodeName| ["a".into(), "peer".into()].into();
    scheduler.finish(&work, &nodes, LIMITS, peers);
    assert!(scheduler.start(LIMITS, &open).is_some());
    assert!(scheduler.start(LIMITS, &open).is_none());
}
