//! Places' clocks: time zones, days and times of day as people write them.

use crate::time::Timestamp;
use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A text in a schedule that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotASchedule {
    /// No such zone.
    #[error("'{0}' is no time zone of the IANA database, such as Europe/Brussels")]
    Zone(String),
    /// No time of day.
    #[error("'{0}' is no time of day, such as 09:00")]
    Time(String),
    /// No day of the week.
    #[error("'{0}' is no day of the week: Mon, Tue, Wed, Thu, Fri, Sat or Sun")]
    Weekday(String),
    /// No date.
    #[error("'{0}' is no date, such as 2026-01-31")]
    Day(String),
    /// No rhythm.
    #[error("'{0}' is no rhythm: day, week, or a number of days such as '3 days'")]
    Every(String),
    /// No moment of hand-over.
    #[error(
        "'{0}' is no hand-over, such as 'Mon 09:00 Europe/Brussels' or '09:00 Europe/Brussels'"
    )]
    Handover(String),
}

macro_rules! as_text {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = NotASchedule;

            fn try_from(text: String) -> Result<Self, NotASchedule> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    };
}
pub(super) use as_text;

/// A time zone, from the database that comes with the program.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl Zone {
    /// The local date, weekday and time of day.
    pub(super) fn local(&self, at: Timestamp) -> (Day, LocalTime) {
        let local = self.zone.to_datetime(instant(at));
        let minutes =
            u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        (Day(local.date()), LocalTime(minutes))
    }

    /// When a local time is. One that the clocks skip is as much later as they skip; of one that comes twice, the first.
    pub(super) fn instant(&self, day: Day, time: LocalTime) -> Timestamp {
        let midnight = day.0.at(0, 0, 0, 0);
        let local = midnight.saturating_add(SignedDuration::from_mins(i64::from(time.0)));
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        // Only beyond the calendar's ends does nothing fit.
        ambiguous.compatible().map_or_else(
            |_| Timestamp::from_millis(i64::MAX),
            |at| Timestamp::from_millis(at.as_millisecond()),
        )
    }

    /// The beginnings of so many days, the last of them the day of `until`.
    pub(in crate::watch) fn midnights(&self, until: Timestamp, days: u64) -> Vec<Timestamp> {
        let last = self.local(until).0.number();
        let days = i64::try_from(days).unwrap_or(i64::MAX);
        (last.saturating_sub(days) + 1..=last)
            .map(|number| self.instant(Day::of(number), LocalTime(0)))
            .collect()
    }

    /// The local date and time as people read it: `29 Nov 2026, 18:00 CET`.
    pub fn moment(&self, at: Timestamp) -> String {
        self.text(at, "%-d %b %Y, %H:%M %Z")
    }

    /// The local date as people read it: `29 Nov 2026`.
    pub fn date(&self, at: Timestamp) -> String {
        self.text(at, "%-d %b %Y")
    }

    /// The local month as people read it: `November 2026`.
    pub fn month(&self, at: Timestamp) -> String {
        self.text(at, "%B %Y")
    }

    fn text(&self, at: Timestamp, format: &str) -> String {
        let local = instant(at).to_zoned(self.zone.clone());
        // The formats are our own, and a whole instant has all that they ask for.
        jiff::fmt::strtime::format(format, &local).unwrap_or_else(|_| at.to_string())
    }

    /// When the clocks are changed between the two.
    pub(super) fn changes(&self, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
        self.zone
            .following(instant(from))
            .map(|change| Timestamp::from_millis(change.timestamp().as_millisecond()))
            .take_while(|at| *at < to)
            .collect()
    }
}

fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or(if at < Timestamp::EPOCH {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    })
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl FromStr for Zone {
    type Err = NotASchedule;

    fn from_str(text: &str) -> Result<Self, NotASchedule> {
        let zone = TimeZoneDatabase::bundled()
            .get(text)
            .map_err(|_| NotASchedule::Zone(text.to_owned()))?;
        Ok(Self {
            name: zone.iana_name().unwrap_or(text).to_owned(),
            zone,
        })
    }
}

as_text!(Zone);

/// A date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Day(Date);

/// Thursday.
const EPOCH: Date = Date::constant(1970, 1, 1);

impl Day {
    /// Days since 1970-01-01.
    pub(super) fn number(self) -> i64 {
        self.0.duration_since(EPOCH).as_hours() / 24
    }

    /// The day of that number, or the nearest in the calendar.
    pub(super) fn of(number: i64) -> Self {
        let hours = SignedDuration::from_secs(number.saturating_mul(86_400));
        Self(EPOCH.saturating_add(hours))
    }

    pub(super) fn weekday(self) -> Weekday {
        Weekday::ALL[usize::from(self.0.weekday().to_monday_zero_offset().unsigned_abs()) % 7]
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for Day {
    type Err = NotASchedule;

    fn from_str(text: &str) -> Result<Self, NotASchedule> {
        let date = text.parse();
        date.map(Self)
            .map_err(|_| NotASchedule::Day(text.to_owned()))
    }
}

as_text!(Day);

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Weekday {
    /// From Monday on.
    pub const ALL: [Self; 7] = [
        Self::Mon,
        Self::Tue,
        Self::Wed,
        Self::Thu,
        Self::Fri,
        Self::Sat,
        Self::Sun,
    ];

    /// Days after Monday.
    pub(super) fn index(self) -> i64 {
        self as i64
    }

    pub(super) fn before(self) -> Self {
        Self::ALL[(self as usize + 6) % 7]
    }
}

impl fmt::Display for Weekday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl FromStr for Weekday {
    type Err = NotASchedule;

    fn from_str(text: &str) -> Result<Self, NotASchedule> {
        let mut all = Self::ALL.into_iter();
        all.find(|day| day.to_string() == text)
            .ok_or_else(|| NotASchedule::Weekday(text.to_owned()))
    }
}

as_text!(Weekday);

/// A time of day, in minutes: `09:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct LocalTime(pub(super) u16);

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl FromStr for LocalTime {
    type Err = NotASchedule;

    fn from_str(text: &str) -> Result<Self, NotASchedule> {
        let wrong = || NotASchedule::Time(text.to_owned());
        let (hours, minutes) = text.split_once(':').ok_or_else(wrong)?;
        let number = |digits: &str, below: u16| {
            let plain = digits.len() == 2 && digits.bytes().all(|it| it.is_ascii_digit());
            let number = digits.parse::<u16>().ok();
            number.filter(|it| plain && *it < below).ok_or_else(wrong)
        };
        Ok(Self(number(hours, 24)? * 60 + number(minutes, 60)?))
    }
}

as_text!(LocalTime);

/// A day's length when no clock is changed.
pub(super) const DAY: Duration = Duration::from_secs(86_400);
