//! Putting a group's state back from the replica: a takeover, or a host whose disk is lost.

use super::apply;
use super::plan::Known;
use crate::central::client::CentralClient;
use crate::central::error::CentralError;
use crate::host::replica::ReplicaRow;
use crate::host::{Gap, HostStore};
use crate::stamp::{Epoch, GroupId, Stamp};
use tokio_postgres::types::Type;
use twinline_core::handles::Entropy;
use twinline_core::time::Timestamp;

/// How many rows are read at once.
const PAGE_MAX_ROWS: i64 = 500;

/// What was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hydrated {
    /// The owner's wall clock when the state was its newest.
    pub state_at: Timestamp,
    /// How many rows.
    pub rows: u64,
    /// Whether it is one state of the lost store. False: its owner was lost in the middle of a full copy; rows are of
    /// different times, and a sweep of everything is to follow.
    pub complete: bool,
}

/// Claims a group under `stamp` and puts its rows into a store. The fence comes first: from the claim on, nothing that an
/// earlier owner ships is taken, so that what is read is the last word. Answers with the store as the group's owner.
///
/// The caller has waited for what the earlier owner may still have under way at the trackers, and holds the ownership
/// that the epoch stands for. Repeating it does no harm: rows of an earlier try are replaced.
///
/// # Errors
/// [`CentralError::Missing`]: the group was never replicated. [`CentralError::Superseded`]: a newer owner has claimed it.
/// Or the database's; nothing is owned then, and the store's rows of the group are not to be used.
pub async fn hydrate(
    client: &CentralClient,
    store: &HostStore,
    stamp: Stamp,
    entropy: &dyn Entropy,
) -> Result<(HostStore, Hydrated), CentralError> {
    let group = stamp.group.clone();
    let writer = {
        let seed = format!("{:016x}{:016x}", entropy.next_u64(), entropy.next_u64());
        let group = group.clone();
        let line = store.write(move |tx| tx.begin_replication(&group, &seed));
        line.await?.writer
    };
    let claimed = claim(client, &stamp, &writer).await?;
    let is_first = {
        let group = group.clone();
        store
            .write(move |tx| {
                tx.clear_group(&group)?;
                tx.is_without_rows()
            })
            .await?
    };
    let (hydrated, rev) = pull(client, store, &stamp, &claimed, &writer).await?;
    let base = claimed.shipped_epoch;
    let shipped = claimed.shipped_rev;
    let epoch = stamp.epoch;
    let gap = Gap {
        // Rows of an unfinished copy are of any age.
        from: if hydrated.complete {
            hydrated.state_at
        } else {
            Timestamp::EPOCH
        },
        to: client.shared.state.clock.now(),
    };
    store
        .write(move |tx| {
            // Where keys change, the replica is to be copied anew, as where a deletion was forgotten.
            let pruned = shipped + i64::from(tx.place_comments()?);
            tx.end_put_back(&group, epoch, base, (rev.max(pruned), pruned), is_first)?;
            tx.put_gap(&group, epoch, gap)
        })
        .await?;
    tracing::info!(
        group = %stamp.group,
        epoch = %stamp.epoch,
        rows = hydrated.rows,
        complete = hydrated.complete,
        "a group's state was taken over from the central database"
    );
    Ok((store.as_owner(stamp), hydrated))
}

/// As [`hydrate`], by a person's word: for a host whose disk is lost, where no ownership is leased. It takes the next
/// generation, so that the lost host, should it still run somewhere, ships nothing any more.
///
/// # Errors
/// As [`hydrate`].
pub async fn rebuild(
    client: &CentralClient,
    store: &HostStore,
    group: &GroupId,
    entropy: &dyn Entropy,
) -> Result<(HostStore, Hydrated), CentralError> {
    let mut tx = client.shared.read_newest().await?;
    let known = apply::group(&mut tx, group).await?;
    tx.rollback().await?;
    let missing = |what: String| CentralError::Missing(what);
    let known = known.ok_or_else(|| missing(format!("group {group}")))?;
    let epoch = known.epoch.restored();
    let stamp = Stamp {
        group: group.clone(),
        epoch: epoch.ok_or_else(|| missing("a further generation".to_owned()))?,
    };
    hydrate(client, store, stamp, entropy).await
}

/// Makes the store the group's owner in the central database, where no newer one is.
pub(super) async fn claim(
    client: &CentralClient,
    stamp: &Stamp,
    writer: &str,
) -> Result<Known, CentralError> {
    let mut tx = client.shared.write().await?;
    let known = apply::lock_group(&mut tx, &stamp.group).await?;
    let known = known.ok_or_else(|| CentralError::Missing(format!("group {}", stamp.group)))?;
    check_owner(&known, stamp, writer)?;
    tx.execute(
        "UPDATE twinline.groups SET epoch = $2, writer = $3 WHERE grp = $1",
        &[
            (&stamp.group.as_str(), Type::TEXT),
            (&stamp.epoch.to_stored(), Type::INT8),
            (&writer, Type::TEXT),
        ],
    )
    .await?;
    tx.commit().await?;
    Ok(known)
}

fn check_owner(known: &Known, stamp: &Stamp, writer: &str) -> Result<(), CentralError> {
    if known.epoch > stamp.epoch {
        return Err(CentralError::Superseded {
            group: stamp.group.clone(),
            given: stamp.epoch,
            known: known.epoch,
        });
    }
    if known.epoch == stamp.epoch && known.writer != writer {
        return Err(CentralError::ForeignWriter {
            group: stamp.group.clone(),
        });
    }
    Ok(())
}

/// Reads the replica in one snapshot of the writer's, taken after the claim; answers with the greatest revision too.
async fn pull(
    client: &CentralClient,
    store: &HostStore,
    stamp: &Stamp,
    claimed: &Known,
    writer: &str,
) -> Result<(Hydrated, i64), CentralError> {
    let mut tx = client.shared.read_newest().await?;
    let found = apply::group(&mut tx, &stamp.group).await?;
    let found = found.ok_or_else(|| CentralError::Missing(format!("group {}", stamp.group)))?;
    check_owner(&found, stamp, writer)?;
    if (found.shipped_epoch, found.shipped_rev) != (claimed.shipped_epoch, claimed.shipped_rev) {
        // The server that answers is not the one that took the claim, or lost it since.
        return Err(CentralError::Lost(
            "the claim is not there any more".to_owned(),
        ));
    }
    let (state_at, schema) = state_of(&mut tx, &stamp.group).await?;
    let newest = crate::host::schema_version();
    if schema > newest {
        return Err(CentralError::NewerSchema {
            found: schema,
            known: newest,
        });
    }
    let mut hydrated = Hydrated {
        state_at,
        rows: 0,
        complete: found.complete,
    };
    let mut rev = 0;
    let mut last = (String::new(), String::new());
    loop {
        let (rows, next) = page(&mut tx, &stamp.group, &last).await?;
        let Some(next) = next else { break };
        last = next;
        hydrated.rows += rows.len() as u64;
        rev = rows.iter().map(|row| row.rev).fold(rev, i64::max);
        let group = stamp.group.clone();
        store.write(move |tx| tx.put_back(&group, &rows)).await?;
    }
    tx.rollback().await?;
    Ok((hydrated, rev))
}

async fn state_of(
    tx: &mut crate::central::tx::Tx,
    group: &GroupId,
) -> Result<(Timestamp, i64), CentralError> {
    let row = tx
        .query_first(
            "SELECT (extract(epoch FROM state_at) * 1000)::bigint, schema FROM twinline.groups WHERE grp = $1",
            &[(&group.as_str(), Type::TEXT)],
        )
        .await?;
    let row = row.ok_or_else(|| CentralError::Missing(format!("group {group}")))?;
    Ok((Timestamp::from_millis(row.get(0)), row.get(1)))
}

/// The rows after a key, tombstones passed over; `None`: there is no further key.
async fn page(
    tx: &mut crate::central::tx::Tx,
    group: &GroupId,
    after: &(String, String),
) -> Result<(Vec<ReplicaRow>, Option<(String, String)>), CentralError> {
    let rows = tx
        .query(
            "SELECT tbl, key, epoch, rev, payload::text FROM twinline.replica \
             WHERE grp = $1 AND (tbl, key) > ($2, $3) ORDER BY tbl, key LIMIT $4",
            &[
                (&group.as_str(), Type::TEXT),
                (&after.0, Type::TEXT),
                (&after.1, Type::TEXT),
                (&PAGE_MAX_ROWS, Type::INT8),
            ],
        )
        .await?;
    let last = rows.last().map(|row| (row.get(0), row.get(1)));
    let living = rows.iter().filter_map(|row| {
        Some(ReplicaRow {
            table: row.get(0),
            epoch: Epoch::from_stored(row.get(2)),
            rev: row.get(3),
            payload: row.get::<_, Option<String>>(4)?,
        })
    });
    Ok((living.collect(), last))
}
