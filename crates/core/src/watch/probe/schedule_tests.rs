use super::*;
use proptest::prelude::*;

fn schedule(period: u64, jitter: u64, seed: u64) -> Schedule {
    let ms = Duration::from_millis;
    Schedule::with_jitter(ms(period), ms(500), ms(jitter), seed).unwrap()
}

const ANCHOR: Timestamp = Timestamp::from_millis(1_000_000);

#[test]
fn a_slow_run_neither_delays_nor_bunches_the_later_ones() {
    let schedule = schedule(1000, 0, 7);
    let check = |now: i64, run: u64, starts: i64| {
        let at = Timestamp::from_millis(1_000_000 + now);
        let expected = (run, Timestamp::from_millis(1_000_000 + starts));
        assert_eq!(schedule.next(ANCHOR, at), expected, "{now}");
    };
    check(-1, 0, 0);
    check(0, 1, 1000);
    check(999, 1, 1000);
    // Three were missed: one start, at its place.
    check(4200, 5, 5000);
}

#[test]
fn probes_of_one_period_do_not_run_all_at_once() {
    let starts: std::collections::BTreeSet<Timestamp> = (0..50)
        .map(|seed| schedule(1000, 900, seed).start(ANCHOR, 1))
        .collect();
    assert!(starts.len() > 40, "{}", starts.len());
}

#[test]
fn what_cannot_be_kept_is_refused() {
    let ms = Duration::from_millis;
    assert_eq!(Schedule::new(ms(0), ms(1), 0), Err(WrongSchedule::Zero));
    assert_eq!(Schedule::new(ms(1), ms(0), 0), Err(WrongSchedule::Zero));
    assert_eq!(
        Schedule::with_jitter(ms(5), ms(1), ms(5), 0),
        Err(WrongSchedule::Jitter)
    );
}

proptest! {
    #[test]
    fn runs_keep_their_order_and_never_drift(
        period in 10_u64..100_000,
        jitter_percent in 0_u64..100,
        seed in any::<u64>(),
        run in 0_u64..1_000_000,
    ) {
        let jitter = period * jitter_percent / 100;
        let schedule = schedule(period, jitter, seed);
        let (this, next) = (schedule.start(ANCHOR, run), schedule.start(ANCHOR, run + 1));
        prop_assert!(this < next);
        let drift = this.since(ANCHOR.plus(Duration::from_millis(period * run)));
        prop_assert!(drift <= Duration::from_millis(jitter));
        // Asked at any time between the two, the later is next; and asked just before one, that one.
        prop_assert_eq!(schedule.next(ANCHOR, this), (run + 1, next));
        prop_assert_eq!(schedule.next(ANCHOR, this.minus(Duration::from_millis(1))), (run, this));
    }
}
