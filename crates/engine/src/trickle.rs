//! Work that can wait, while a tracker's limits have no room to spare for it: a little of it goes all the same, so that it
//! comes to an end however much people do.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::Instant;

/// One piece of work in this time goes whatever the limits have to spare.
pub(crate) const PERIOD: Duration = Duration::from_secs(30);

/// Who was told to wait comes back within two periods, its share of chance included; when nobody has for so long, nobody waits.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(90);

/// When a node's work that can wait began last, and for how long some of it has been waiting.
#[derive(Debug, Default)]
pub(crate) struct Trickle(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    began: Option<Instant>,
    waits: Option<Waits>,
}

/// Work is told to wait, again and again.
#[derive(Clone, Copy, Debug)]
struct Waits {
    since: Instant,
    last: Instant,
}

impl Waits {
    fn goes_on(self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) <= FORGOTTEN_AFTER
    }
}

impl Trickle {
    /// How long the next piece waits where the limits ask for `spare`; zero: it may begin now, see [`Self::begins`].
    pub(crate) fn wait(&self, spare: Duration, now: Instant) -> Duration {
        let mut state = self.lock();
        if spare.is_zero() {
            state.waits = None;
            return spare;
        }
        let began = state.began;
        if began.is_none_or(|at| now.saturating_duration_since(at) >= PERIOD) {
            return Duration::ZERO;
        }
        let before = state.waits.filter(|waits| waits.goes_on(now));
        let since = before.map_or(now, |waits| waits.since);
        state.waits = Some(Waits { since, last: now });
        spare.min(PERIOD)
    }

    /// A piece begins. Apart from the question, since it may use several nodes and begins when all of them let it.
    pub(crate) fn begins(&self, now: Instant) {
        self.lock().began = Some(now);
    }

    /// For how long there has been work that finds no room, but for the little that goes all the same; zero: there is none.
    pub(crate) fn waits(&self, now: Instant) -> Duration {
        let waits = self.lock().waits.filter(|waits| waits.goes_on(now));
        waits.map_or(Duration::ZERO, |waits| {
            now.saturating_duration_since(waits.since)
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no code panics with this lock")
    }
}

#[cfg(test)]
mod tests {
    use super::{FORGOTTEN_AFTER, PERIOD, Trickle};
    use std::time::Duration;
    use tokio::time::Instant;

    #[test]
    fn where_nothing_is_to_spare_a_little_goes_all_the_same() {
        let (trickle, begin) = (Trickle::default(), Instant::now());
        let hour = Duration::from_secs(3600);
        let begun = (0..600).filter(|second| {
            let now = begin + Duration::from_secs(*second);
            let begins = trickle.wait(hour, now).is_zero();
            if begins {
                trickle.begins(now);
            }
            begins
        });
        assert_eq!(begun.count(), 20);
    }

    #[test]
    fn who_only_asks_takes_nobodys_turn() {
        let (trickle, now) = (Trickle::default(), Instant::now());
        assert!((0..100).all(|_| trickle.wait(PERIOD, now).is_zero()));
    }

    #[test]
    fn where_there_is_room_nothing_waits_and_no_wait_is_longer_than_its_turn() {
        let (trickle, now) = (Trickle::default(), Instant::now());
        trickle.begins(now);
        assert!((0..100).all(|_| trickle.wait(Duration::ZERO, now).is_zero()));
        let second = Duration::from_secs(1);
        assert_eq!(trickle.wait(second, now), second);
        assert_eq!(trickle.wait(2 * PERIOD, now), PERIOD);
    }

    /// Asks each second of ten minutes where the limits ask for `spare`, and begins whenever that may be.
    fn ask(trickle: &Trickle, spare: Duration, from: Instant) -> Instant {
        for second in 0..600 {
            let now = from + Duration::from_secs(second);
            if trickle.wait(spare, now).is_zero() {
                trickle.begins(now);
            }
        }
        from + Duration::from_secs(599)
    }

    #[test]
    fn it_is_told_for_how_long_work_has_found_no_room() {
        let (trickle, begin) = (Trickle::default(), Instant::now());
        assert_eq!(trickle.waits(begin), Duration::ZERO);
        let hour = Duration::from_secs(3600);
        // The first piece begins at once, and the second waits; what trickles through ends nothing.
        let now = ask(&trickle, hour, begin);
        assert_eq!(trickle.waits(now), Duration::from_secs(598));
        // There is room again.
        let now = ask(&trickle, Duration::ZERO, now);
        assert_eq!(trickle.waits(now), Duration::ZERO);
        // All is done while there is none: nobody asks any more.
        let now = ask(&trickle, hour, now);
        assert!(trickle.waits(now + FORGOTTEN_AFTER) > FORGOTTEN_AFTER);
        let later = now + FORGOTTEN_AFTER + Duration::from_millis(1);
        assert_eq!(trickle.waits(later), Duration::ZERO);
        // What comes then waits anew.
        assert_eq!(trickle.wait(hour, later), Duration::ZERO);
        trickle.begins(later);
        trickle.wait(hour, later);
        assert_eq!(trickle.waits(later + PERIOD), PERIOD);
    }
}
