//! Work that can wait, while a tracker's limits have no room to spare for it: a little of it goes all the same, so that it
//! comes to an end however much people do.

use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// One piece of work in this time goes whatever the limits have to spare.
pub(crate) const PERIOD: Duration = Duration::from_secs(30);

/// When a node's work that can wait began last.
#[derive(Debug, Default)]
pub(crate) struct Trickle(Mutex<Option<Instant>>);

impl Trickle {
    /// How long the next piece waits where the limits ask for `spare`; zero: it may begin now, see [`Self::begins`].
    pub(crate) fn wait(&self, spare: Duration, now: Instant) -> Duration {
        let last = *self.0.lock().expect("no code panics with this lock");
        let rested = last.is_none_or(|at| now.saturating_duration_since(at) >= PERIOD);
        if rested {
            Duration::ZERO
        } else {
            spare.min(PERIOD)
        }
    }

    /// A piece begins. Apart from the question, since it may use several nodes and begins when all of them let it.
    pub(crate) fn begins(&self, now: Instant) {
        *self.0.lock().expect("no code panics with this lock") = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::{PERIOD, Trickle};
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
}
