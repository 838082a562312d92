use super::*;

fn at(start: Instant, seconds: u64) -> Instant {
    start + Duration::from_secs(seconds)
}

/// Ten a second for a minute, then nothing.
async fn minute_of_work() -> (Pace, Instant) {
    let start = Instant::now();
    let mut pace = Pace::new(start);
    for second in 0..60 {
        pace.done(at(start, second), 10);
    }
    (pace, start)
}

#[tokio::test(start_paused = true)]
async fn names_no_time_before_it_has_measured() {
    let start = Instant::now();
    let mut pace = Pace::new(start);
    pace.done(at(start, 1), 100);
    assert_eq!(pace.finish(at(start, 2), Timestamp::EPOCH, 50, None), None);
    assert_eq!(
        pace.finish(at(start, 2), Timestamp::EPOCH, 0, None),
        Some(Timestamp::EPOCH)
    );
}

#[tokio::test(start_paused = true)]
async fn the_finish_follows_the_measured_rate_and_never_beats_the_budget() {
    let (pace, start) = minute_of_work().await;
    let finish_s = |budget| {
        let finish = pace
            .finish(at(start, 60), Timestamp::EPOCH, 600, budget)
            .unwrap();
        finish.as_millis() / 1000
    };
    assert_eq!(finish_s(None), 60);
    assert_eq!(finish_s(Some(2.0)), 300);
    assert_eq!(finish_s(Some(100.0)), 60);
}

#[tokio::test(start_paused = true)]
async fn a_standstill_has_no_finish() {
    let (pace, start) = minute_of_work().await;
    assert_eq!(
        pace.finish(at(start, 600), Timestamp::EPOCH, 600, None),
        None
    );
}
