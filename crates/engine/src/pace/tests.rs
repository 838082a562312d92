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
    assert_eq!(pace.finish(at(start, 2), Timestamp::EPOCH, 50), None);
    assert_eq!(
        pace.finish(at(start, 2), Timestamp::EPOCH, 0),
        Some(Timestamp::EPOCH)
    );
}

#[tokio::test(start_paused = true)]
async fn the_finish_follows_the_measured_rate() {
    let (pace, start) = minute_of_work().await;
    let finish = pace.finish(at(start, 60), Timestamp::EPOCH, 600).unwrap();
    assert_eq!(finish.as_millis() / 1000, 60);
}

#[tokio::test(start_paused = true)]
async fn a_standstill_has_no_finish() {
    let (pace, start) = minute_of_work().await;
    assert_eq!(pace.finish(at(start, 600), Timestamp::EPOCH, 600), None);
}
