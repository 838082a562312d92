//! People, when each is on call, whom an incident calls, and how many pages one gets.

use serde::{Deserialize, Serialize};
use twinline_core::time::{NotATime, Timestamp};
use twinline_core::watch::element::Selector;
use twinline_core::watch::escalation::{
    Contact, Day, Every, Handover, Hours, LocalTime, Step, Weekday, Zone,
};
use twinline_core::watch::signal::Severity;

/// `[watch.people.NAME]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Where they live.
    pub zone: Zone,
    /// How they are reached, the best first: `channel:address`.
    pub reach: Vec<Contact>,
}

/// `[watch.rotations.NAME]`: one layer, written out, or several.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// Who takes turns, in their order.
    #[serde(default)]
    pub people: Vec<String>,
    /// How long a turn is.
    #[serde(default)]
    pub every: Option<Every>,
    /// When turns change.
    #[serde(default)]
    pub handover: Option<Handover>,
    /// The first turn begins on this day or the next that fits.
    #[serde(default)]
    pub since: Option<Day>,
    /// When it counts; always if none.
    #[serde(default)]
    pub only: Vec<Hours>,
    /// Further layers: a later one counts before an earlier one, while it counts.
    #[serde(default)]
    pub layers: Vec<Layer>,
    /// Somebody instead of whoever it would be.
    #[serde(default)]
    pub overrides: Vec<Override>,
    /// Where it is meant that nobody is.
    #[serde(default)]
    pub deliberate: Vec<Deliberate>,
}

/// A further layer of a rotation.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Who takes turns, in their order.
    pub people: Vec<String>,
    /// How long a turn is.
    pub every: Every,
    /// When turns change.
    pub handover: Handover,
    /// As of the rotation.
    #[serde(default)]
    pub since: Option<Day>,
    /// As of the rotation.
    #[serde(default)]
    pub only: Vec<Hours>,
}

/// Somebody takes over for a time.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Who.
    pub person: String,
    /// From when.
    pub from: Moment,
    /// Until when.
    pub to: Moment,
}

/// A gap that is meant: once, or every week.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Deliberate {
    /// From when, once.
    #[serde(default)]
    pub from: Option<Moment>,
    /// Until when, once.
    #[serde(default)]
    pub to: Option<Moment>,
    /// In which hours, every week.
    #[serde(default)]
    pub hours: Option<Hours>,
    /// Where those hours are.
    #[serde(default)]
    pub zone: Option<Zone>,
    /// Why.
    pub reason: String,
}

/// An instant: a date and time of TOML with an offset, or the same as a text.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Moment {
    /// `2026-12-24T09:00:00+01:00`
    Datetime(toml::value::Datetime),
    /// The same in quotes.
    Text(String),
}

impl Moment {
    /// The instant.
    ///
    /// # Errors
    /// It has no offset, or is no time.
    pub fn instant(&self) -> Result<Timestamp, NotATime> {
        match self {
            Self::Datetime(at) => Timestamp::parse(&at.to_string()),
            Self::Text(at) => Timestamp::parse(at),
        }
    }
}

/// `[[watch.escalations]]`: the first that fits an incident counts.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// Which incidents.
    #[serde(default, rename = "match")]
    pub matches: Match,
    /// Whom to call, one step after the other.
    pub steps: Vec<Step>,
    /// How often all steps are repeated.
    #[serde(default)]
    pub repeat: u32,
}

/// Which incidents an escalation is for; all that are not told apart.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Match {
    /// Only those of this severity.
    pub severity: Option<Severity>,
    /// Only those of these elements.
    pub element: Option<Selector>,
}

/// `[watch.limits]`
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct WatchLimits {
    /// More pages to one person within ten minutes become one digest.
    pub pages_per_person_10min: usize,
    /// What is gathered for a digest before it goes, in seconds.
    pub digest_after_s: u64,
    /// A channel that has not said by then whether it took a page has failed, in seconds.
    pub channel_deadline_s: u64,
    /// The same element within this is the same incident, in seconds.
    pub reopen_within_s: u64,
    /// On which day of the week the test page goes.
    pub test_day: Weekday,
    /// At what time there, by the clock of whoever gets it.
    pub test_time: LocalTime,
}

impl Default for WatchLimits {
    fn default() -> Self {
        let core = twinline_core::watch::escalation::Limits::default();
        Self {
            pages_per_person_10min: core.pages_per_person_10min,
            digest_after_s: core.digest_after_s,
            channel_deadline_s: core.channel_deadline_s,
            reopen_within_s: 900,
            test_day: core.test_at.weekday,
            test_time: core.test_at.time,
        }
    }
}
