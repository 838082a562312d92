use super::*;
use crate::watch::probe::WrongSettings;
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

/// A probe that runs once a second.
struct Bench {
    verdict: Verdict,
    settings: Settings,
    now: Timestamp,
    run: u64,
}

impl Bench {
    fn new(open_after: u32, close_after: u32) -> Self {
        let settings = Settings::new(open_after, close_after).unwrap();
        let now = Timestamp::from_millis(1_000_000);
        Self {
            verdict: Verdict::new(now, &settings),
            settings,
            now,
            run: 0,
        }
    }

    fn result(&mut self, passed: bool) -> Option<Turn> {
        self.outcome(if passed {
            Outcome::Passed
        } else {
            Outcome::Failed(Failure::Deadline)
        })
    }

    fn outcome(&mut self, outcome: Outcome) -> Option<Turn> {
        self.now = self.now.plus(SECOND);
        self.run += 1;
        self.verdict
            .observe(self.run, outcome, self.now, &self.settings)
    }

    fn one(&mut self, result: char) -> Option<Turn> {
        match result {
            '?' => self.outcome(Outcome::Unseen),
            result => self.result(result == '+'),
        }
    }

    /// One letter for each result (`+`, `-`, or `?` for unseen): what it turned to, or a dot.
    fn results(&mut self, results: &str) -> String {
        results
            .chars()
            .map(|result| match self.one(result) {
                None => '.',
                Some(Turn::Proven) => 'P',
                Some(Turn::Opened { flapping, .. }) => {
                    if flapping {
                        'F'
                    } else {
                        'O'
                    }
                }
                Some(Turn::Closed { .. }) => 'C',
            })
            .collect()
    }
}

fn check(open_after: u32, close_after: u32, results: &str, expected: &str) {
    assert_eq!(
        Bench::new(open_after, close_after).results(results),
        expected,
        "{results}"
    );
}

#[test]
fn it_opens_after_failures_in_a_row_and_closes_after_many_more_successes() {
    check(2, 4, "+--++++", "P.O...C");
    check(2, 4, "+-+-+--", "P.....O");
    check(2, 4, "+--+++-++++", "P.O.......C");
    check(3, 15, "---++++++++++++++++", "..O..............C.");
    check(1, 2, "-+-++", "O...C");
}

#[test]
fn what_a_run_cannot_see_neither_opens_nor_closes_nor_is_silence() {
    check(2, 4, "+-??-", "P...O");
    check(2, 4, "--??????", ".O......");
    check(2, 4, "--++??++", ".O.....C");
    check(1, 2, "???", "...");
    let mut bench = Bench::new(1, 20);
    bench.settings = bench.settings.with_silence(SECOND * 2);
    bench.result(true);
    for _ in 0..5 {
        bench.outcome(Outcome::Unseen);
        assert_eq!(bench.verdict.overdue(bench.now, &bench.settings), None);
    }
    assert_eq!(bench.verdict.standing(), Standing::Passing);
}

#[test]
fn what_fails_every_other_time_fails() {
    check(2, 20, "+-+-+-+-+-+-+-", "P..........O..");
    check(2, 20, "-----", ".O...");
    // One in ten is bad luck.
    check(
        2,
        20,
        &"+++++++++-".repeat(3),
        &format!("P{}", ".".repeat(29)),
    );
}

#[test]
fn failures_before_it_closed_do_not_open_it_again() {
    check(2, 3, "+-+-+-+-+-+-+++-", "P..........O..C.");
}

#[test]
fn each_opening_beyond_the_third_in_an_hour_makes_closing_twice_as_hard() {
    let mut bench = Bench::new(1, 2);
    assert_eq!(bench.results("-++-++-++"), "O.CO.CO.C");
    assert_eq!(bench.results("-++++"), "F...C");
    assert_eq!(bench.results("-++++++++"), "F.......C");
    assert!(bench.verdict.is_flapping());
    bench.now = bench.now.plus(Duration::from_secs(3601));
    assert_eq!(bench.results("-++"), "O.C");
    assert!(!bench.verdict.is_flapping());
}

#[test]
fn a_late_result_of_an_older_run_says_nothing() {
    let mut bench = Bench::new(1, 2);
    bench.result(true);
    bench.result(true);
    let late = Outcome::Failed(Failure::Deadline);
    assert_eq!(
        bench
            .verdict
            .observe(1, late.clone(), bench.now, &bench.settings),
        None
    );
    assert_eq!(bench.verdict.standing(), Standing::Passing);
    assert!(
        bench
            .verdict
            .observe(3, late, bench.now, &bench.settings)
            .is_some()
    );
}

#[test]
fn runs_are_counted_anew_after_a_restart() {
    let mut bench = Bench::new(1, 2);
    bench.results("+++");
    bench.verdict.restarted(bench.now, &bench.settings);
    bench.run = 0;
    assert_eq!(bench.results("-"), "O");
}

#[test]
fn a_probe_that_never_returns_fails() {
    let mut bench = Bench::new(2, 20);
    bench.settings = bench.settings.with_silence(SECOND * 5);
    bench.verdict = Verdict::new(bench.now, &bench.settings);
    let mut turns = Vec::new();
    for _ in 0..12 {
        bench.now = bench.now.plus(SECOND);
        turns.extend(bench.verdict.overdue(bench.now, &bench.settings));
    }
    let expected = Turn::Opened {
        failure: Failure::Silent,
        flapping: false,
    };
    assert_eq!(turns, [expected]);
    assert_eq!(bench.verdict.due(), bench.now.plus(SECOND * 3));
}

#[test]
fn a_clock_that_is_put_back_does_not_hide_silence() {
    let mut bench = Bench::new(1, 20);
    bench.settings = bench.settings.with_silence(SECOND * 5);
    bench.result(true);
    let hour_ago = bench.now.minus(Duration::from_secs(3600));
    assert_eq!(bench.verdict.overdue(hour_ago, &bench.settings), None);
    let soon = hour_ago.plus(SECOND * 5);
    assert!(bench.verdict.overdue(soon, &bench.settings).is_some());
}

#[test]
fn thresholds_that_would_flap_are_refused() {
    assert_eq!(Settings::new(0, 5), Err(WrongSettings::OpensAlways));
    for (open_after, close_after) in [(2, 2), (3, 1), (1, 65)] {
        assert!(Settings::new(open_after, close_after).is_err());
    }
}

proptest! {
    #[test]
    fn it_closes_only_after_enough_successes_and_opens_at_the_latest_after_enough_failures(
        open_after in 1_u32..5,
        more in 1_u32..12,
        results in prop::collection::vec(any::<bool>(), 1..200),
    ) {
        let close_after = open_after + more;
        let mut bench = Bench::new(open_after, close_after);
        let (mut failures, mut successes) = (0, 0);
        for passed in results {
            (failures, successes) = if passed { (0, successes + 1) } else { (failures + 1, 0) };
            let before = bench.verdict.standing();
            let turn = bench.result(passed);
            let failing = bench.verdict.standing() == Standing::Failing;
            prop_assert!(failing || failures < open_after);
            if let Some(Turn::Closed { .. }) = turn {
                prop_assert!(successes >= close_after);
            }
            // Opening and closing take turns.
            match turn {
                Some(Turn::Opened { .. }) => prop_assert_ne!(before, Standing::Failing),
                Some(Turn::Closed { .. }) => prop_assert_eq!(before, Standing::Failing),
                Some(Turn::Proven) => prop_assert_eq!(before, Standing::Unknown),
                None => prop_assert_eq!(before, bench.verdict.standing()),
            }
        }
        // However it flapped, steady success closes it.
        for _ in 0..close_after * bench.settings.damping.factor_max {
            bench.result(true);
        }
        prop_assert_eq!(bench.verdict.standing(), Standing::Passing);
    }

    #[test]
    fn a_stored_verdict_goes_on_as_if_nothing_had_been(
        results in prop::collection::vec(any::<bool>(), 1..100),
        cut in 0_usize..100,
    ) {
        let (mut kept, mut stored) = (Bench::new(2, 5), Bench::new(2, 5));
        for (index, passed) in results.into_iter().enumerate() {
            if index == cut {
                let text = serde_json::to_string(&stored.verdict).unwrap();
                stored.verdict = serde_json::from_str(&text).unwrap();
            }
            prop_assert_eq!(kept.result(passed), stored.result(passed));
        }
        prop_assert_eq!(kept.verdict, stored.verdict);
    }
}
