//! Putting a group's state back from the replica: a takeover, or a host whose disk is lost.

use super::db::{GroupRow, Replicas, ShippedState};
use crate::central::error::CentralError;
use crate::host::{Gap, HostStore};
use crate::stamp::{GroupId, Stamp};
use std::time::Duration;
use twinline_core::handles::Entropy;
use twinline_core::mutant::{self, Mutant};
use twinline_core::time::Timestamp;

/// What was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hydrated {
    /// The owner's wall clock when the state was its newest.
    pub state_at: Timestamp,
    /// By how much that clock was ahead of this machine's, as far as the database can tell; nothing where it was behind.
    pub ahead: Duration,
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
    replicas: &dyn Replicas,
    store: &HostStore,
    stamp: Stamp,
    entropy: &dyn Entropy,
) -> Result<(HostStore, Hydrated), CentralError> {
    hydrate_as(replicas, store, stamp, &seed(entropy)).await
}

/// As [`hydrate`]; `writer`: who writes the file, where nobody has yet.
pub(super) async fn hydrate_as(
    replicas: &dyn Replicas,
    store: &HostStore,
    stamp: Stamp,
    writer: &str,
) -> Result<(HostStore, Hydrated), CentralError> {
    let group = stamp.group.clone();
    store.index_revisions().await?;
    let writer = {
        let seed = writer.to_owned();
        let group = group.clone();
        // Before the claim, which says that the newest state is this file's: it is not, until its rows are whole.
        store
            .write(move |tx| tx.begin_put_back(&group, &seed))
            .await?
    };
    let claimed = if mutant::is(Mutant::HydrateBeforeFence) {
        unclaimed(replicas, &stamp).await?
    } else {
        claim(replicas, &stamp, &writer, None).await?
    };
    let is_first = {
        let group = group.clone();
        store
            .write(move |tx| {
                tx.clear_group(&group)?;
                tx.is_without_rows()
            })
            .await?
    };
    let (hydrated, rev) = pull(replicas, store, &stamp, &claimed, &writer).await?;
    if mutant::is(Mutant::HydrateBeforeFence) {
        claim(replicas, &stamp, &writer, None).await?;
    }
    let base = claimed.shipped_epoch;
    let shipped = claimed.shipped_rev;
    let epoch = stamp.epoch;
    let (is_complete, ahead) = (hydrated.complete, hydrated.ahead);
    let gap = Gap {
        // Rows of an unfinished copy are of any age.
        from: if hydrated.complete {
            hydrated.state_at.minus(ahead)
        } else {
            Timestamp::EPOCH
        },
        to: replicas.now(),
    };
    store
        .write(move |tx| {
            // Where keys change, the replica is to be copied anew, as where a deletion was forgotten; and where a copy was
            // under way: the rows that it had not come to bear the number of the one before, and would go with those.
            let keys_change = tx.place_comments()?;
            let pruned = shipped + i64::from(keys_change || !is_complete);
            tx.end_put_back(&group, epoch, base, (rev.max(pruned), pruned), is_first)?;
            tx.set_open_effects_back(&group, epoch, ahead)?;
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
    replicas: &dyn Replicas,
    store: &HostStore,
    group: &GroupId,
    entropy: &dyn Entropy,
) -> Result<(HostStore, Hydrated), CentralError> {
    let mut tx = replicas.read_newest().await?;
    let known = tx.group(group).await?;
    tx.rollback().await?;
    let missing = |what: String| CentralError::Missing(what);
    let known = known.ok_or_else(|| missing(format!("group {group}")))?;
    let epoch = known.epoch.restored();
    let stamp = Stamp {
        group: group.clone(),
        epoch: epoch.ok_or_else(|| missing("a further generation".to_owned()))?,
    };
    hydrate(replicas, store, stamp, entropy).await
}

/// Who writes a file that nobody has written yet.
pub(super) fn seed(entropy: &dyn Entropy) -> String {
    format!("{:016x}{:016x}", entropy.next_u64(), entropy.next_u64())
}

/// Makes the store the group's owner in the central database, where no newer one is. `read`: what the caller has decided
/// on, which must still be so: it may have been read from a former writer.
pub(super) async fn claim(
    replicas: &dyn Replicas,
    stamp: &Stamp,
    writer: &str,
    read: Option<&GroupRow>,
) -> Result<GroupRow, CentralError> {
    let mut tx = replicas.write().await?;
    let known = tx.lock_group(&stamp.group).await?;
    let known = known.ok_or_else(|| CentralError::Missing(format!("group {}", stamp.group)))?;
    check_owner(&known, stamp, writer)?;
    if read.is_some_and(|read| *read != known) {
        return Err(CentralError::Lost(
            "the group's row is not what was read of it".to_owned(),
        ));
    }
    tx.claim(&stamp.group, stamp.epoch, writer).await?;
    tx.commit().await?;
    Ok(known)
}

/// The group's row as a mutant reads it, which claims later.
async fn unclaimed(replicas: &dyn Replicas, stamp: &Stamp) -> Result<GroupRow, CentralError> {
    let mut tx = replicas.read_newest().await?;
    let known = tx.group(&stamp.group).await?;
    tx.rollback().await?;
    known.ok_or_else(|| CentralError::Missing(format!("group {}", stamp.group)))
}

fn check_owner(known: &GroupRow, stamp: &Stamp, writer: &str) -> Result<(), CentralError> {
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
    replicas: &dyn Replicas,
    store: &HostStore,
    stamp: &Stamp,
    claimed: &GroupRow,
    writer: &str,
) -> Result<(Hydrated, i64), CentralError> {
    let mut tx = replicas.read_newest().await?;
    let found = tx.group(&stamp.group).await?;
    let found = found.ok_or_else(|| CentralError::Missing(format!("group {}", stamp.group)))?;
    check_owner(&found, stamp, writer)?;
    if (found.shipped_epoch, found.shipped_rev) != (claimed.shipped_epoch, claimed.shipped_rev) {
        // The server that answers is not the one that took the claim, or lost it since.
        return Err(CentralError::Lost(
            "the claim is not there any more".to_owned(),
        ));
    }
    let state = tx.state(&stamp.group).await?;
    let state = state.ok_or_else(|| CentralError::Missing(format!("group {}", stamp.group)))?;
    check_form(replicas, &stamp.group, &state)?;
    let mut hydrated = Hydrated {
        state_at: state.state_at,
        ahead: ahead(&state, replicas.now()),
        rows: 0,
        complete: found.complete,
    };
    let mut rev = 0;
    let mut last = (String::new(), String::new());
    loop {
        let (rows, next) = tx.page(&stamp.group, &last).await?;
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

/// Makes sure that rows mean here what they meant to who shipped them.
///
/// # Errors
/// [`CentralError::NewerReplica`].
pub(super) fn check_form(
    replicas: &dyn Replicas,
    group: &GroupId,
    state: &ShippedState,
) -> Result<(), CentralError> {
    let known = replicas.formats().replica_read;
    if state.format > known {
        return Err(CentralError::NewerReplica {
            group: group.clone(),
            found: state.format,
            known,
        });
    }
    Ok(())
}

/// By how much the clock that a state's time was read from was ahead of this machine's.
fn ahead(state: &ShippedState, now: Timestamp) -> Duration {
    let age = state.age.map(|age| state.state_at.since(now.minus(age)));
    age.unwrap_or_default()
}
