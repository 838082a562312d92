//! Times as the Table API takes and gives them: `2026-01-31 09:30:00`, whole seconds in UTC.
//!
//! Source: KB0534905 ("the date and time value is inserted using the UTC timezone" unless display values are asked for), and
//! "SOAP Web Service and Time Zones, examples" at <https://www.servicenow.com/community/>: a time that is sent as a text is UTC.

use twinline_core::time::Timestamp;

/// An instant's text; its fraction of a second is cut.
pub(super) fn write(at: Timestamp) -> String {
    let text = at.floor_to_second().to_string();
    text.trim_end_matches('Z').replace('T', " ")
}

/// The instant of a text; `None` for any other text.
pub(super) fn read(text: &str) -> Option<Timestamp> {
    let (day, time) = text.split_once(' ')?;
    Timestamp::parse(&format!("{day}T{time}Z")).ok()
}

#[cfg(test)]
#[path = "tests/stamp.rs"]
mod tests;
