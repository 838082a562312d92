//! Turns: who follows whom, and when.

use super::roster::PersonName;
use super::zone::{Day, LocalTime, NotASchedule, Weekday, Zone, as_text};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How long a turn is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Every {
    /// A day.
    Day,
    /// A week.
    Week,
    /// So many days, at least 1.
    Days(u16),
}

impl Every {
    fn days(self) -> i64 {
        match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Days(days) => i64::from(days.max(1)),
        }
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day => f.write_str("day"),
            Self::Week => f.write_str("week"),
            Self::Days(days) => write!(f, "{days} days"),
        }
    }
}

impl FromStr for Every {
    type Err = NotASchedule;

    fn from_str(text: &str) -> Result<Self, NotASchedule> {
        let days = || text.strip_suffix(" days")?.parse::<u16>().ok();
        match text {
            "day" => Ok(Self::Day),
            "week" => Ok(Self::Week),
            _ => (days().filter(|it| (1..=366).contains(it)))
                .map(Self::Days)
                .ok_or_else(|| NotASchedule::Every(text.to_owned())),
        }
    }
}

as_text!(Every);

/// When turns change: `Mon 09:00 Europe/Brussels`, or without a weekday.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Handover {
    /// On which day of the week the first turn begins.
    pub weekday: Option<Weekday>,
    /// At what time of the day.
    pub time: LocalTime,
    /// Where.
    pub zone: Zone,
}

impl fmt::Display for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(weekday) = self.weekday {
            write!(f, "{weekday} ")?;
        }
        write!(f, "{} {}", self.time, self.zone)
    }
}

impl FromStr for Handover {
    type Err = NotASchedule;

    fn from_str(text: &str) -> Result<Self, NotASchedule> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (weekday, time, zone) = match words.as_slice() {
            [weekday, time, zone] => (Some(weekday.parse()?), time, zone),
            [time, zone] => (None, time, zone),
            _ => return Err(NotASchedule::Handover(text.to_owned())),
        };
        Ok(Self {
            weekday,
            time: time.parse()?,
            zone: zone.parse()?,
        })
    }
}

as_text!(Handover);

/// Hours of the week, by the clock of a place. `to` at or before `from` is on the next day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// On which days they begin; none for every day.
    #[serde(default)]
    pub days: Vec<Weekday>,
    /// From when.
    pub from: LocalTime,
    /// Until when.
    pub to: LocalTime,
}

impl Hours {
    /// Whether the place's clock shows one of them.
    pub(super) fn cover(&self, zone: &Zone, at: Timestamp) -> bool {
        let (day, time) = zone.local(at);
        let on = |weekday: Weekday| self.days.is_empty() || self.days.contains(&weekday);
        let today = on(day.weekday());
        if self.from < self.to {
            today && (self.from..self.to).contains(&time)
        } else {
            (today && time >= self.from) || (on(day.weekday().before()) && time < self.to)
        }
    }

    /// All instants between the two at which they may begin or end.
    pub(super) fn edges(&self, zone: &Zone, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
        let (first, last) = (zone.local(from).0.number(), zone.local(to).0.number());
        let mut edges = zone.changes(from, to);
        for number in first - 1..=last + 1 {
            for time in [self.from, self.to] {
                edges.push(zone.instant(Day::of(number), time));
            }
        }
        edges.retain(|at| *at > from && *at < to);
        edges
    }
}

/// People who take turns, in the hours in which they do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// In their order.
    pub people: Vec<PersonName>,
    /// How long a turn is.
    pub every: Every,
    /// When it changes.
    pub handover: Handover,
    /// The first person's first turn begins on this day or the next that fits; the Monday after the epoch if not said.
    #[serde(default)]
    pub since: Option<Day>,
    /// When the layer counts, in the hand-over's zone; always if none.
    #[serde(default)]
    pub only: Vec<Hours>,
}

/// One person's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Counted from the first; negative before it.
    pub number: i64,
    /// When it begins.
    pub from: Timestamp,
    /// When the next begins.
    pub to: Timestamp,
}

impl Layer {
    /// The turn at an instant: the last one that has begun.
    pub fn turn(&self, at: Timestamp) -> Turn {
        let days = self.every.days();
        let anchor = self.anchor();
        let begins = |number: i64| {
            let day = Day::of(anchor.saturating_add(number.saturating_mul(days)));
            self.handover.zone.instant(day, self.handover.time)
        };
        // A zone's date differs from the hand-over's by at most one; clocks that skip a day make it two.
        let (day, _) = self.handover.zone.local(at);
        let mut number = (day.number() + 2 - anchor).div_euclid(days);
        let mut to = begins(number + 1);
        let mut from = begins(number);
        while from > at {
            number -= 1;
            to = from;
            from = begins(number);
        }
        Turn { number, from, to }
    }

    /// Who has the turn, when the layer counts.
    pub fn on_call(&self, at: Timestamp) -> Option<&PersonName> {
        let counts = self.only.is_empty()
            || (self.only.iter()).any(|hours| hours.cover(&self.handover.zone, at));
        let people = i64::try_from(self.people.len()).ok().filter(|it| *it > 0)?;
        let index = usize::try_from(self.turn(at).number.rem_euclid(people)).ok()?;
        self.people.get(index).filter(|_| counts)
    }

    /// All instants between the two at which `on_call` may change.
    pub(super) fn edges(&self, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
        let mut edges = Vec::new();
        let mut turn = self.turn(from);
        while turn.to < to && turn.to > turn.from {
            edges.push(turn.to);
            turn = self.turn(turn.to);
        }
        for hours in &self.only {
            edges.extend(hours.edges(&self.handover.zone, from, to));
        }
        edges
    }

    /// The day of the first turn.
    fn anchor(&self) -> i64 {
        // 1970-01-05, a Monday.
        let since = self.since.map_or(4, Day::number);
        let weekday = self.handover.weekday.map_or(0, |wanted| {
            (wanted.index() - Day::of(since).weekday().index()).rem_euclid(7)
        });
        since + weekday
    }
}
