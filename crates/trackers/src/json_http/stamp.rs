//! Instants as an API writes them.

use super::description::{Time, TimeFormat};
use serde_json::{Value as Json, json};
use twinline_core::time::Timestamp;

impl Time {
    /// Reads an instant; `None`: it is none.
    pub(super) fn read(&self, json: &Json) -> Option<Timestamp> {
        let number = || match json {
            Json::Number(number) => number.as_f64(),
            Json::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        match self.format {
            TimeFormat::Iso => Timestamp::parse(json.as_str()?).ok(),
            TimeFormat::EpochS => millis(number()? * 1000.0),
            TimeFormat::EpochMs => millis(number()?),
        }
    }

    /// An instant as the API reads it in a body.
    pub(super) fn write(&self, at: Timestamp) -> Json {
        match self.format {
            TimeFormat::Iso => json!(at.to_string()),
            TimeFormat::EpochS => json!(at.as_millis().div_euclid(1000)),
            TimeFormat::EpochMs => json!(at.as_millis()),
        }
    }

    /// An instant as the API reads it in a query, at the beginning of its unit.
    pub(super) fn query(&self, at: Timestamp) -> String {
        match self.write(self.floor(at)) {
            Json::String(text) => text,
            other => other.to_string(),
        }
    }

    /// The beginning of the unit that an instant lies in.
    pub(super) fn floor(&self, at: Timestamp) -> Timestamp {
        let unit = i64::from(self.resolution_ms.max(1));
        let unit = match self.format {
            TimeFormat::EpochS => unit.max(1000),
            TimeFormat::Iso | TimeFormat::EpochMs => unit,
        };
        Timestamp::from_millis(at.as_millis().div_euclid(unit) * unit)
    }
}

/// Within the years that are written with four digits.
fn millis(millis: f64) -> Option<Timestamp> {
    const LAST: f64 = 253_402_207_200_000.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is within the calendar, and a part of a millisecond is cut"
    )]
    let whole = millis as i64;
    (millis.abs() <= LAST).then(|| Timestamp::from_millis(whole))
}
