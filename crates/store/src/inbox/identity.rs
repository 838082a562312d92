//! Which inbox a file is.

use super::records::InboxId;
use crate::StoreError;
use rusqlite::{Connection, OptionalExtension as _};

/// `None`: it has no id yet.
pub(super) fn read(conn: &Connection) -> Result<Option<InboxId>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT id FROM identity")?;
    let id = statement.query_row([], |row| row.get::<_, String>(0));
    Ok(id.optional()?.map(InboxId::new))
}

/// Gives the file an id, once and for all.
pub(super) fn give(conn: &Connection, id: InboxId) -> Result<InboxId, StoreError> {
    conn.execute(
        "INSERT INTO identity (one, id) VALUES (1, ?1)",
        [id.as_str()],
    )?;
    Ok(id)
}
