//! Times as the database and the API have them: `2026-01-31 09:30:00`, in UTC.

use std::time::Duration;
use twinline_core::time::Timestamp;

/// An instant's text.
pub(super) fn stamp(at: Timestamp) -> String {
    let text = at.floor_to_second().to_string();
    text.trim_end_matches('Z').replace('T', " ")
}

/// The instant of a text; `None` for any other text.
pub(super) fn read(text: &str) -> Option<Timestamp> {
    let (day, time) = text.split_once(' ')?;
    Timestamp::parse(&format!("{day}T{time}Z")).ok()
}

/// A time as somebody sees it so many hours east of UTC.
pub(super) fn displayed(text: &str, offset_hours: i8) -> String {
    let by = Duration::from_secs(u64::from(offset_hours.unsigned_abs()) * 3600);
    let shifted = read(text).map(|at| {
        if offset_hours < 0 {
            at.minus(by)
        } else {
            at.plus(by)
        }
    });
    shifted.map_or_else(|| text.to_owned(), stamp)
}

/// Whether a text is a day: `2026-01-31`.
pub(super) fn is_day(text: &str) -> bool {
    text.len() == 10 && Timestamp::parse(&format!("{text}T00:00:00Z")).is_ok()
}
