//! Columns that hold JSON, times and small enumerations.

use crate::error::StoreError;
use rusqlite::Row;
use serde::Serialize;
use serde::de::DeserializeOwned;
use twinline_core::names::Side;
use twinline_core::time::Timestamp;

/// Writes a value as JSON text. The types that are stored have text keys only, so this cannot fail for them.
pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("stored types are JSON")
}

/// Reads JSON text back; `what` names the column.
pub(crate) fn from_json<T: DeserializeOwned>(
    what: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Unreadable {
        what,
        reason: e.to_string(),
    })
}

/// The text of an enumeration whose JSON is a plain string.
pub(crate) fn to_word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("an enumeration of words, not {other:?}"),
    }
}

/// Reads an enumeration back whose JSON is a plain string.
pub(crate) fn from_word<T: DeserializeOwned>(
    what: &'static str,
    word: String,
) -> Result<T, StoreError> {
    let found = format!("'{word}'");
    serde_json::from_value(serde_json::Value::String(word)).map_err(|_| StoreError::Unreadable {
        what,
        reason: found,
    })
}

/// A column with an instant.
pub(crate) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_millis)
}

/// A column with an instant or nothing.
pub(crate) fn time_or_none(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row
        .get::<_, Option<i64>>(column)?
        .map(Timestamp::from_millis))
}

/// The column text of a side.
pub(crate) const fn side_word(side: Side) -> &'static str {
    match side {
        Side::Left => "left",
        Side::Right => "right",
    }
}

/// A count that SQLite gives as a signed integer and that is never negative.
pub(crate) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

/// A count as SQLite stores it.
pub(crate) fn to_count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
