use super::*;

/// A piece of the past: so many seconds, so many completions in each, and whether work waited for room.
type Part = (u64, u64, bool);

async fn check(parts: &[Part], expected: progress::Pace) {
    let mut now = Instant::now();
    let mut pace = Pace::new(now);
    for (seconds, each, held) in parts {
        for _ in 0..*seconds {
            if *held {
                pace.held(now + Duration::from_millis(1500));
            }
            now += Duration::from_secs(1);
            pace.done(now, *each);
        }
    }
    match (pace.measured(now), expected) {
        (progress::Pace::PerSecond(found), progress::Pace::PerSecond(expected)) => {
            assert!((found - expected).abs() < 0.2, "{found}: {parts:?}");
        }
        (found, expected) => assert_eq!(found, expected, "{parts:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_before_it_was_measured() {
    check(&[(9, 100, false)], progress::Pace::NotMeasured).await;
    check(&[(10, 100, false)], progress::Pace::PerSecond(100.0)).await;
    check(&[(100, 0, false)], progress::Pace::NotMeasured).await;
}

#[tokio::test(start_paused = true)]
async fn the_last_minutes_count() {
    let parts = [(600, 100, false), (300, 10, false)];
    check(&parts, progress::Pace::PerSecond(10.0)).await;
}

#[tokio::test(start_paused = true)]
async fn a_standstill_is_told() {
    let parts = [(60, 10, false), (600, 0, false)];
    check(&parts, progress::Pace::Still).await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_room_is_left_out_with_its_time() {
    let parts = [(60, 10, false), (120, 1, true)];
    check(&parts, progress::Pace::PerSecond(10.0)).await;
    let long = [(60, 10, false), (600, 1, true)];
    check(&long, progress::Pace::NotMeasured).await;
    // At first it may still go at the limit's pace.
    let lately = [(600, 1, true), (35, 1, false)];
    check(&lately, progress::Pace::NotMeasured).await;
    let again = [(600, 1, true), (60, 20, false)];
    check(&again, progress::Pace::PerSecond(20.0)).await;
}
