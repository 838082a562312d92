//! What people did to a fleet: to its machines, and to where groups are. What they did in a group stands in that group's audit.

use super::client::CentralClient;
use super::error::CentralError;
use super::tx::Tx;
use crate::host::{AuditEntry, AuditRow};
use tokio_postgres::types::Type;
use twinline_core::time::Timestamp;

/// How long deeds are kept: as long as those in a group's audit.
const KEPT_DAYS: i64 = 730;

/// One deed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Tells it from every other one: noted twice, it is there once.
    pub id: String,
    /// Who did what, when.
    pub entry: AuditEntry,
}

impl CentralClient {
    /// Notes deeds, and forgets those that are too old.
    ///
    /// # Errors
    /// Any of the database's; repeating does no harm.
    pub async fn note_deeds(&self, deeds: &[Deed]) -> Result<(), CentralError> {
        let mut tx = self.shared.write().await?;
        for deed in deeds {
            note(&mut tx, deed).await?;
        }
        tx.execute(
            "DELETE FROM twinline.deeds WHERE at < now() - $1::bigint * interval '1 day'",
            &[(&KEPT_DAYS, Type::INT8)],
        )
        .await?;
        tx.commit().await
    }

    /// What was done, newest first, before `before` (`None`: from the newest), at most `max`.
    ///
    /// # Errors
    /// Any of the database's.
    pub async fn deeds(
        &self,
        before: Option<u64>,
        max: u32,
    ) -> Result<Vec<AuditRow>, CentralError> {
        let before = before.and_then(|seq| i64::try_from(seq).ok());
        let mut tx = self.shared.read().await?;
        let rows = tx
            .query(
                "SELECT seq, (extract(epoch FROM at) * 1000)::bigint, who, action, subject, detail FROM twinline.deeds \
                 WHERE seq < $1 ORDER BY seq DESC LIMIT $2",
                &[
                    (&before.unwrap_or(i64::MAX), Type::INT8),
                    (&i64::from(max), Type::INT8),
                ],
            )
            .await?;
        tx.rollback().await?;
        let rows = rows.iter().map(|row| AuditRow {
            seq: u64::try_from(row.get::<_, i64>(0)).unwrap_or(0),
            entry: AuditEntry {
                at: Timestamp::from_millis(row.get(1)),
                who: row.get(2),
                action: row.get(3),
                subject: row.get(4),
                detail: row.get(5),
            },
        });
        Ok(rows.collect())
    }
}

/// Notes a deed in a transaction that does it, or by itself.
pub(super) async fn note(tx: &mut Tx, deed: &Deed) -> Result<(), CentralError> {
    let entry = &deed.entry;
    tx.execute(
        "INSERT INTO twinline.deeds (id, at, who, action, subject, detail) \
         VALUES ($1, to_timestamp($2::bigint / 1000.0), $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
        &[
            (&deed.id, Type::TEXT),
            (&entry.at.as_millis(), Type::INT8),
            (&entry.who, Type::TEXT),
            (&entry.action, Type::TEXT),
            (&entry.subject, Type::TEXT),
            (&entry.detail, Type::TEXT),
        ],
    )
    .await
    .map(drop)
}
