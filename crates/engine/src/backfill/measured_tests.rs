use super::*;

const JOB: &str = "backfill-1";

fn item(id: &str) -> ItemId {
    ItemId {
        node: "a".into(),
        id: id.to_owned(),
    }
}

fn reads(reads: u64) -> Spent {
    let requests = Requests {
        reads,
        ..Requests::default()
    };
    Spent::from([("a".into(), requests)])
}

/// 100 requests an hour, and all of them at once.
fn allowance() -> Allowance {
    Allowance {
        points: [1.0; 3],
        now: 100.0,
        ends_in: WINDOW,
        by_then: 100.0,
        window: WINDOW,
        at_once: 100.0,
        each: 100.0,
    }
}

fn limit(paces: &Paces) -> Limit {
    let known = paces.known(JOB, vec![("a".into(), vec![allowance()])]);
    known.unwrap().limits.remove(0)
}

#[tokio::test(start_paused = true)]
async fn what_an_item_costs_is_that_of_finished_ones() {
    let paces = Paces::default();
    paces.finished(JOB, 0);
    for id in ["1", "2", "3"] {
        // Whether it enters, and what becomes of it then.
        paces.spent(Lane::Backfill, Some((JOB, &item(id))), true, reads(2));
    }
    for id in ["1", "2"] {
        let item = item(id);
        paces.spent(Lane::Backfill, Some((JOB, &item)), true, reads(1));
        paces.done([(JOB, &item)].into_iter());
    }
    assert_eq!(paces.known(JOB, Vec::new()).unwrap().seen, 2);
    assert!((limit(&paces).paid - 2.0).abs() < 1e-9, "the third's");
    assert!((limit(&paces).per_item - 3.0).abs() < 1e-9);
    // A page is paid by the items that it lists.
    paces.listed(JOB, reads(2));
    assert!((limit(&paces).per_item - 4.0).abs() < 1e-9);
    paces.forget(JOB);
    assert!(paces.known(JOB, Vec::new()).is_none());
}

#[tokio::test(start_paused = true)]
async fn what_people_need_is_a_rate_and_no_backfills_cost() {
    let paces = Paces::default();
    paces.finished(JOB, 0);
    for _ in 0..60 {
        tokio::time::advance(Duration::from_secs(60)).await;
        paces.spent(Lane::Live, None, true, reads(6));
    }
    let rate = limit(&paces).live_per_second;
    assert!((0.09..0.11).contains(&rate), "{rate}");
    tokio::time::advance(WINDOW * 2).await;
    assert!(limit(&paces).live_per_second.abs() < 1e-9);
    assert!(limit(&paces).per_item.abs() < 1e-9);
}

#[tokio::test(start_paused = true)]
async fn what_a_start_needs_is_no_rate() {
    let paces = Paces::default();
    paces.finished(JOB, 0);
    paces.spent(Lane::Live, None, true, reads(9));
    let rate = limit(&paces).live_per_second;
    assert!((rate - 0.01).abs() < 1e-9, "{rate}");
}

#[tokio::test(start_paused = true)]
async fn who_else_can_wait_has_its_share_since_the_backfill_began() {
    let paces = Paces::default();
    paces.spent(Lane::Backfill, None, true, reads(50));
    paces.finished(JOB, 0);
    assert!((limit(&paces).share - 1.0).abs() < 1e-9);
    paces.spent(Lane::Backfill, Some((JOB, &item("1"))), true, reads(30));
    paces.spent(Lane::Backfill, None, true, reads(10));
    assert!((limit(&paces).share - 0.75).abs() < 1e-9);
}

#[tokio::test(start_paused = true)]
async fn what_a_backfill_has_made_live_is_its_own() {
    let paces = Paces::default();
    paces.finished(JOB, 0);
    paces.spent(Lane::Live, Some((JOB, &item("1"))), true, reads(9));
    assert!(limit(&paces).live_per_second.abs() < 1e-9);
    assert!((limit(&paces).paid - 9.0).abs() < 1e-9);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_was_on_its_way_before_says_nothing_about_what_one_costs() {
    let paces = Paces::default();
    paces.finished(JOB, 0);
    for (id, begins, requests) in [("1", true, 4), ("2", false, 1)] {
        let item = item(id);
        paces.spent(Lane::Backfill, Some((JOB, &item)), begins, reads(requests));
        paces.done([(JOB, &item)].into_iter());
    }
    assert_eq!(paces.known(JOB, Vec::new()).unwrap().seen, 1);
    assert!((limit(&paces).per_item - 4.0).abs() < 1e-9);
}
