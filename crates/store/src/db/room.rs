//! How much a file can take yet.

use crate::error::StoreError;
use rusqlite::Connection;
use std::path::Path;

/// The free space of the disk, within the file's own limit, and the file's free pages, in bytes.
pub(super) fn of(
    conn: &Connection,
    path: &Path,
    max_pages: Option<u32>,
) -> Result<u64, StoreError> {
    let pragma = |name: &str| -> Result<u64, StoreError> {
        let value: i64 = conn.pragma_query_value(None, name, |row| row.get(0))?;
        Ok(u64::try_from(value).unwrap_or(0))
    };
    let (page_bytes, pages) = (pragma("page_size")?, pragma("page_count")?);
    let disk = rustix::fs::statvfs(path).map_err(|error| StoreError::File {
        path: path.display().to_string(),
        reason: error.to_string(),
    })?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let within = max_pages.map_or(u64::MAX, |max| {
        u64::from(max).saturating_sub(pages) * page_bytes
    });
    Ok(free.min(within) + pragma("freelist_count")? * page_bytes)
}
