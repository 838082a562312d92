//! Forward-only, numbered versions of the central schema; machines that start together take turns.

use super::client::Shared;
use super::error::{CentralError, Step};
use super::settings::CentralSettings;
use super::tx::Tx;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_postgres::types::Type;

/// The lock that migrations take: any number, the same for all versions.
const LOCK: i64 = 0x5477_696e_6c69_6e65;
/// How long to wait for another machine's migration.
const LOCK_WAIT: Duration = Duration::from_secs(10);
/// Between two looks whether it has ended.
const LOCK_LOOK: Duration = Duration::from_millis(100);

/// All versions, oldest first, numbered from 1. A released one is never edited.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/001.sql"),
    include_str!("migrations/002.sql"),
    include_str!("migrations/003.sql"),
];

/// How long a migration waits for those who use the schema at the moment: less than they wait for a statement, since those
/// that come meanwhile wait behind it.
const SCHEMA_LOCK: &str = "SET LOCAL lock_timeout = '1s'; \
                           LOCK TABLE twinline.schema_versions IN ACCESS EXCLUSIVE MODE; \
                           SET LOCAL lock_timeout = 0";

/// Brings the schema to the newest version, one transaction for each step.
///
/// # Errors
/// [`CentralError::NewerSchema`]; or the database does not do it in time. Repeating it does no harm.
pub(super) async fn migrate(shared: &Shared) -> Result<(), CentralError> {
    let settings = &shared.state.settings;
    let formats = &settings.formats;
    let newest = formats.central_newest();
    // Asked first without the right to write, which a server whose commits hang would not give.
    let mut look = shared.begin_read_newest().await?;
    let found = version(&mut look).await?;
    look.rollback().await?;
    if found == newest || (found > newest && settings.proves_only) {
        return Ok(());
    }
    let until = Instant::now() + LOCK_WAIT;
    loop {
        let mut tx = shared.begin_write().await?;
        let row = tx
            .query_first(
                "SELECT pg_try_advisory_xact_lock($1)",
                &[(&LOCK, Type::INT8)],
            )
            .await?;
        if !row.is_some_and(|row| row.get(0)) {
            tx.rollback().await?;
            if Instant::now() >= until {
                return Err(CentralError::deadline(Step::Acquire, LOCK_WAIT));
            }
            sleep(LOCK_LOOK).await;
            continue;
        }
        let found = version(&mut tx).await?;
        if found > newest {
            tx.rollback().await?;
            return Err(CentralError::NewerSchema {
                found,
                known: newest,
            });
        }
        let missing = usize::try_from(found)
            .ok()
            .and_then(|done| formats.central.get(done));
        let Some(step) = missing else {
            return tx.rollback().await;
        };
        if found > 0 {
            // Who has written before this has ended when it begins; who comes later sees the new version ([`checked`]).
            tx.batch(SCHEMA_LOCK).await?;
        }
        tx.batch(step).await?;
        tx.execute(
            "INSERT INTO twinline.schema_versions (version) VALUES ($1)",
            &[(&(found + 1), Type::INT8)],
        )
        .await?;
        // A commit of unknown outcome: the next call finds the version, or makes it.
        tx.commit().await?;
        tracing::info!(
            version = found + 1,
            "the central schema was brought up to date"
        );
    }
}

/// Makes sure that a transaction writes in a schema that is known here: another machine may have brought it further since
/// this one looked. It stays so to the transaction's end, for which a migration waits.
///
/// # Errors
/// [`CentralError::NewerSchema`]; or the database's.
pub(super) async fn checked(mut tx: Tx, settings: &CentralSettings) -> Result<Tx, CentralError> {
    let known = settings.formats.central_newest();
    if settings.proves_only {
        return Ok(tx);
    }
    let newest = "SELECT coalesce(max(version), 0) FROM twinline.schema_versions";
    let row = tx.query_first(newest, &[]).await?;
    let found = row.map_or(0, |row| row.get(0));
    if found > known {
        tx.rollback().await?;
        return Err(CentralError::NewerSchema { found, known });
    }
    Ok(tx)
}

/// The version that is there; zero on an empty database.
async fn version(tx: &mut Tx) -> Result<i64, CentralError> {
    let there = tx
        .query_first(
            "SELECT to_regclass('twinline.schema_versions') IS NOT NULL",
            &[],
        )
        .await?;
    if !there.is_some_and(|row| row.get(0)) {
        return Ok(0);
    }
    let row = tx
        .query_first(
            "SELECT coalesce(max(version), 0) FROM twinline.schema_versions",
            &[],
        )
        .await?;
    Ok(row.map_or(0, |row| row.get(0)))
}
