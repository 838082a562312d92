use super::tests::{LIMITS, marks, scheduler, unread};
use super::{Left, NewMark, Scheduler, Slot, Started};
use twinline_core::names::NodeName;
use twinline_core::queue::{Key, Lane, Work};
use twinline_core::time::Timestamp;

const PAGE: usize = 500;

/// Connection `c` is blocked.
fn without_c(slot: &Slot) -> Option<Vec<NodeName>> {
    (*slot != Slot::Connection("c".into())).then(|| vec!["a".into()])
}

fn all(_: &Slot) -> Option<Vec<NodeName>> {
    Some(vec!["a".into()])
}

/// Live marks of so many items of node `a`, each with work of connection `c`.
async fn of_c(count: usize) -> Vec<NewMark> {
    let ids: Vec<String> = (1..=count).map(|n| n.to_string()).collect();
    let items: Vec<_> = (ids.iter())
        .map(|id| ("a", id.as_str(), Lane::Live))
        .collect();
    marks(&items).await
}

/// The work of an item's twin in another connection.
fn of_d(new: &NewMark) -> Work {
    Work {
        key: Key::Twin(format!("d{}", new.mark.item.id).as_str().into()),
        connection: Some("d".into()),
        ..new.works[0].clone()
    }
}

fn mark(scheduler: &Scheduler, new: Vec<NewMark>) {
    for new in new {
        assert_eq!(scheduler.mark(new, Timestamp::EPOCH, &without_c), None);
    }
}

/// Ends a job, and tells what is left of its marks.
fn end(scheduler: &Scheduler, started: Started) -> Vec<Left> {
    let (work, nodes) = (started.work.clone(), started.nodes.clone());
    let (_, left) = scheduler.done(started, &without_c);
    scheduler.finish(&work, &nodes, LIMITS, |_| [].into());
    left
}

#[tokio::test]
async fn what_is_blocked_leaves_when_room_is_short_and_is_read_again_when_its_slot_opens() {
    let scheduler = scheduler(4, 1);
    scheduler.begin(Vec::new());
    let mut new = of_c(6).await;
    new[5].works = vec![of_d(&new[5])];
    let again = new[4].mark.clone();
    mark(&scheduler, new);
    assert_eq!(scheduler.depths().dirty, 4);
    assert_eq!(scheduler.to_load(PAGE), None, "there is no room");
    assert_eq!(scheduler.spill(PAGE, &without_c), [], "nothing was begun");
    assert_eq!((scheduler.depths().dirty, scheduler.depths().live), (0, 0));

    let page = scheduler.to_load(PAGE).unwrap();
    assert_eq!(page, unread(Lane::Live, "a", 4, 4));
    let mut read = of_c(6).await.split_off(4);
    read[1].works = vec![of_d(&read[1])];
    mark(&scheduler, read);
    scheduler.loaded(page, None);
    assert!(!scheduler.waits(&again.item), "it stays in the store");
    let job = scheduler.start(LIMITS, &without_c).unwrap();
    assert_eq!(job.work.connection, Some("d".into()));
    assert_eq!(end(&scheduler, job), []);

    scheduler.read_again();
    scheduler.open_slots(&without_c);
    assert_eq!(
        scheduler.to_load(PAGE),
        Some(super::unread::Page::Again { after: 0 })
    );
    assert_eq!(scheduler.to_load(PAGE), None);
    scheduler.look_again(&"b".into());
    scheduler.open_slots(&all);
    let from_the_first = unread(Lane::Live, "a", 0, 4);
    assert_eq!(scheduler.to_load(PAGE), Some(from_the_first));
}

#[tokio::test]
async fn what_is_left_of_a_mark_that_is_partly_done_is_told_and_leaves_at_once() {
    let scheduler = scheduler(2, 1);
    let mut new = of_c(4).await;
    for new in &mut new {
        new.works.push(of_d(new));
    }
    let first = new[0].mark.clone();
    mark(&scheduler, new);
    let job = scheduler.start(LIMITS, &without_c).unwrap();
    assert_eq!(
        scheduler.spill(PAGE, &without_c),
        [],
        "their work can start"
    );
    let left = Left {
        item: first.item,
        mark: first.id,
        to: [Some("c".into())].into(),
    };
    assert_eq!(end(&scheduler, job), [left]);
    assert_eq!(scheduler.depths().dirty, 1);
}

#[tokio::test]
async fn what_is_in_flight_and_what_another_mark_stands_for_stays() {
    let scheduler = scheduler(2, 1);
    let mut new = of_c(3).await;
    // One twin, whose two items are marked.
    new[1].works = new[0].works.clone();
    let items = [0, 1].map(|at| new[at].mark.item.clone());
    mark(&scheduler, new);
    let job = scheduler.start(LIMITS, &all).unwrap();
    assert_eq!(scheduler.spill(PAGE, &without_c), []);
    assert_eq!(scheduler.depths().dirty, 2, "its job may end them");
    end(&scheduler, job);
    assert_eq!(scheduler.depths().dirty, 0);
    assert!(items.iter().all(|item| !scheduler.waits(item)));
}

#[tokio::test]
async fn the_last_work_of_a_twin_has_no_connection_that_could_block_it() {
    let scheduler = scheduler(2, 1);
    let new = of_c(4).await;
    let (here, stored) = (new[0].works[0].clone(), new[3].works[0].clone());
    mark(&scheduler, new);
    scheduler.push_last(here.clone());
    assert_eq!(scheduler.spill(PAGE, &without_c), []);
    assert_eq!(scheduler.depths().dirty, 1);
    let job = scheduler.start(LIMITS, &without_c).unwrap();
    assert_eq!(job.work.key, here.key);
    end(&scheduler, job);
    // What waits in the store is read, to be let go.
    let page = scheduler.to_load(PAGE).unwrap();
    scheduler.loaded(page, None);
    scheduler.push_last(stored);
    let from_the_first = unread(Lane::Live, "a", 1, 2);
    assert_eq!(scheduler.to_load(PAGE), Some(from_the_first));
}
