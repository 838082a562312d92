use super::*;

fn after(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn the_write_over_the_limit_is_refused_and_holds_the_connection() {
    let mut breaker = Breaker::new(10, false);
    assert_eq!(breaker.admit(after(0), 10, false), Verdict::Allowed);
    assert_eq!(breaker.admit(after(1), 1, false), Verdict::Tripped { writes: 11 });
    assert_eq!(breaker.admit(after(5000), 1, false), Verdict::Held, "only a person ends it");
    breaker.release();
    assert_eq!(breaker.admit(after(5000), 10, false), Verdict::Allowed);
}

#[tokio::test(start_paused = true)]
async fn writes_leave_the_window_after_ten_minutes() {
    let mut breaker = Breaker::new(10, false);
    for second in (0..3000).step_by(60) {
        assert_eq!(breaker.admit(after(second), 1, false), Verdict::Allowed);
    }
    assert_eq!(breaker.window(after(3000)), 9);
}

#[tokio::test(start_paused = true)]
async fn confirmed_work_is_paid_from_its_budget_first() {
    let mut breaker = Breaker::new(2, false);
    breaker.grant(100);
    assert_eq!(breaker.admit(after(0), 90, true), Verdict::Allowed);
    assert_eq!(breaker.window(after(0)), 0);
    assert_eq!(breaker.admit(after(0), 12, true), Verdict::Allowed, "10 paid, 2 counted");
    assert_eq!(breaker.admit(after(0), 1, false), Verdict::Tripped { writes: 3 });
}

#[tokio::test(start_paused = true)]
async fn a_plan_without_writes_never_trips_it() {
    let mut breaker = Breaker::new(0, false);
    assert_eq!(breaker.admit(after(0), 0, false), Verdict::Allowed);
}

#[tokio::test(start_paused = true)]
async fn memory_is_bounded_by_the_slices_of_the_window() {
    let mut breaker = Breaker::new(u32::MAX, false);
    for second in 0..5000 {
        breaker.admit(after(second), 1, false);
    }
    assert!(breaker.slices.len() <= 61, "{}", breaker.slices.len());
}
