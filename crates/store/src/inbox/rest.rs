//! Whether the last edge ended in good order. An edge that was killed leaves no row, and neither does one that could not
//! write any more: what it refused last, or cut off, nobody has noted.

use crate::StoreError;
use crate::row::time;
use rusqlite::{Connection, OptionalExtension as _};
use twinline_core::time::Timestamp;

pub(super) fn read(conn: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT at FROM rest")?;
    Ok(statement.query_row([], |row| time(row, 0)).optional()?)
}

pub(super) fn set(conn: &Connection, at: Option<Timestamp>) -> Result<(), StoreError> {
    match at {
        None => conn.execute("DELETE FROM rest", [])?,
        Some(at) => conn.execute(
            "INSERT OR REPLACE INTO rest (one, at) VALUES (1, ?1)",
            [at.as_millis()],
        )?,
    };
    Ok(())
}
