//! Forward-only, numbered schema versions.

use crate::db::Schema;
use crate::error::StoreError;
use rusqlite::{Connection, TransactionBehavior};

/// One step from the version before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    /// Counted from 1.
    pub(crate) version: i64,
    /// The statements. A released one is never edited.
    pub(crate) sql: &'static str,
}

/// Brings the file to the newest version, all missing steps in one transaction.
pub(crate) fn migrate(
    conn: &mut Connection,
    schema: &Schema,
    file: &str,
) -> Result<(), StoreError> {
    let found = crate::db::read_header(conn, schema, file)?;
    let missing: Vec<_> = schema
        .migrations
        .iter()
        .filter(|m| m.version > found)
        .collect();
    let Some(last) = missing.last() else {
        return Ok(());
    };
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in &missing {
        tx.execute_batch(step.sql)?;
    }
    tx.pragma_update(None, "application_id", schema.application_id)?;
    tx.pragma_update(None, "user_version", last.version)?;
    tx.commit()?;
    tracing::info!(
        file,
        from = found,
        to = last.version,
        "schema brought up to date"
    );
    Ok(())
}

#[cfg(test)]
mod tests;
