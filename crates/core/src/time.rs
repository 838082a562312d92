//! One kind of instant, in whole milliseconds since the Unix epoch.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// An instant in milliseconds since 1970-01-01T00:00:00Z. Serialised as that integer; shown as RFC 3339.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// A text that is not an RFC 3339 instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an RFC 3339 time such as 2026-01-31T09:30:00Z")]
pub struct NotATime(pub String);

impl Timestamp {
    /// The Unix epoch.
    pub const EPOCH: Self = Self(0);

    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339 (`2026-01-31T09:30:00Z`), and Jira's form without a colon in the offset (`+0000`).
    pub fn parse(text: &str) -> Result<Self, NotATime> {
        let instant: jiff::Timestamp = text.parse().map_err(|_| NotATime(text.to_owned()))?;
        Ok(Self(instant.as_millisecond()))
    }

    /// This instant plus a duration; stays at the greatest instant instead of overflowing.
    pub fn plus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// This instant minus a duration; stays at the least instant instead of overflowing.
    pub fn minus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The start of the whole second that this instant lies in.
    pub const fn floor_to_second(self) -> Self {
        Self(self.0.div_euclid(1000) * 1000)
    }
}

/// The last whole second that can be written.
const LAST: &str = "9999-12-30T22:00:00Z";

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) if self.0 % 1000 == 0 => write!(f, "{instant:.0}"),
            Ok(instant) => write!(f, "{instant:.3}"),
            // What is shown can be read: an instant beyond the calendar shows as its first or last second.
            Err(_) if self.0 < 0 => write!(f, "{:.0}", jiff::Timestamp::MIN),
            Err(_) => write!(f, "{LAST}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, millis: i64, shown: &str) {
        let instant = Timestamp::parse(text).unwrap();
        assert_eq!(instant.as_millis(), millis);
        assert_eq!(instant.to_string(), shown);
    }

    #[test]
    fn reads_and_shows_what_trackers_send() {
        check("1970-01-01T00:00:01Z", 1000, "1970-01-01T00:00:01Z");
        check(
            "1970-01-01T01:00:00.250+0100",
            250,
            "1970-01-01T00:00:00.250Z",
        );
        check(
            "2026-01-31T09:30:00.000+00:00",
            1_769_851_800_000,
            "2026-01-31T09:30:00Z",
        );
    }

    #[test]
    fn what_is_shown_can_be_read_also_at_the_ends() {
        for millis in [i64::MIN, -1, 0, 1, 253_402_207_200_199, i64::MAX] {
            let shown = Timestamp::from_millis(millis).to_string();
            assert!(Timestamp::parse(&shown).is_ok(), "{shown}");
        }
    }

    #[test]
    fn arithmetic_saturates() {
        let last = Timestamp::from_millis(i64::MAX);
        assert_eq!(last.plus(Duration::from_secs(1)), last);
        assert_eq!(Timestamp::EPOCH.since(last), Duration::ZERO);
        assert_eq!(
            Timestamp::from_millis(-1).floor_to_second(),
            Timestamp::from_millis(-1000)
        );
    }
}
