use super::{Page, Scheduler};
use std::sync::Arc;
use tokio::sync::Notify;

/// Reads the page that is wanted, which leads on to `next`.
fn check(scheduler: &Scheduler, wanted: Option<Page>, next: Option<u64>) {
    let page = scheduler.to_load();
    assert_eq!(page, wanted);
    if let Some(page) = page {
        scheduler.loaded(page, next);
    }
}

#[test]
fn all_marks_are_read_at_once_at_first_and_a_page_a_period_from_then_on() {
    let scheduler = Scheduler::new(0.2, Arc::new(Notify::new()));
    check(&scheduler, Some(Page::Unread(0)), Some(500));
    check(&scheduler, Some(Page::Unread(500)), None);
    check(&scheduler, None, None);
    for (from, next) in [(0, Some(500)), (500, None), (0, Some(500))] {
        scheduler.read_again();
        check(&scheduler, Some(Page::Again(from)), next);
        check(&scheduler, None, None);
    }
    scheduler.overflowed();
    check(&scheduler, Some(Page::Unread(0)), None);
    check(&scheduler, None, None);
}
