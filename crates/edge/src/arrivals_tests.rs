use super::Arrivals;
use std::sync::Arc;
use twinline_store::GroupId;

#[tokio::test]
async fn what_arrives_wakes_its_own_group_alone() {
    let (arrivals, one, other) = (Arrivals::default(), GroupId::new("g1"), GroupId::new("g2"));
    let (waits, sleeps) = (arrivals.of(&one), arrivals.of(&other));
    let (wakes, still) = (waits.notified(), sleeps.notified());
    tokio::pin!(wakes, still);
    wakes.as_mut().enable();
    still.as_mut().enable();
    arrivals.ring(&one);
    assert!(wakes.as_mut().enable(), "it has been woken");
    assert!(!still.as_mut().enable());
    assert!(Arc::ptr_eq(&waits, &arrivals.of(&one)));
}

#[test]
fn groups_that_nobody_waits_for_are_forgotten() {
    let arrivals = Arrivals::default();
    for number in 0..100 {
        drop(arrivals.of(&GroupId::new(format!("g{number}"))));
    }
    assert_eq!(arrivals.groups.lock().unwrap().len(), 1);
    // Nobody waits: nothing happens.
    arrivals.ring(&GroupId::new("g5"));
}
