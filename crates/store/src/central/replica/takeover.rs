//! What a new owner of a group goes on from.

use super::db::{Author, GroupRow, Replicas};
use super::hydrate::{Hydrated, check_form, claim, hydrate, seed};
use crate::central::error::CentralError;
use crate::host::HostStore;
use crate::stamp::{Epoch, GroupId, Stamp};
use std::time::Duration;
use twinline_core::handles::Entropy;
use twinline_core::time::Timestamp;

/// What a group's new owner goes on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Its own file: nobody has shipped since.
    OwnFile,
    /// Its own file, which is of a later ownership than the replica: the database was put back, or lost its last commits, or
    /// that ownership shipped nothing. What happened since the file's newest time nobody knows.
    DatabaseWentBack,
    /// Its own file or an empty one: the group was never replicated. What a former owner did is in the trackers only.
    NeverReplicated,
    /// The replica.
    Replica(Hydrated),
}

/// Makes a store that of a group's new owner. `owned`: the fleet's generation, with the ownership key's creation revision;
/// the generation of the file or of the replica stands where it is greater. The file is the group's own; it may be empty, or
/// that of an earlier ownership by the same host or another time.
///
/// The caller has waited for the attempts of the former owner, and holds the ownership. Repeating it does no harm.
///
/// # Errors
/// [`CentralError::Superseded`]: a newer owner has claimed it. [`CentralError::Joined`]: nobody owns it any more.
/// [`CentralError::NewerReplica`]: a later version has shipped it. Or the database's: nothing is owned then, and the file is
/// not to be worked on.
pub async fn take_over(
    replicas: &dyn Replicas,
    store: &HostStore,
    group: &GroupId,
    owned: Epoch,
    entropy: &dyn Entropy,
) -> Result<(HostStore, Origin), CentralError> {
    let known = read(replicas, group).await?;
    if known.as_ref().is_some_and(GroupRow::is_closed) {
        return Err(CentralError::Joined {
            group: group.clone(),
        });
    }
    let own = store.stamp().epoch;
    let stamp = stamp(store, group, owned, known.as_ref());
    let Some(known) = known else {
        begin(replicas, store, &stamp, entropy).await?;
        return Ok((store.as_owner(stamp), Origin::NeverReplicated));
    };
    if let Some(writer) = writer_of_newest(store, group, &known).await? {
        let claimed = claim(replicas, &stamp, &writer, Some(&known)).await?;
        // The database may have lost what others had shipped since.
        go_on(replicas, store, &stamp, claimed.shipped_epoch).await?;
        return Ok((store.as_owner(stamp), Origin::OwnFile));
    }
    let unfinished = {
        let group = group.clone();
        store.read(move |read| read.is_unfinished(&group)).await?
    };
    // Compared with what was shipped, not with who has claimed since: a try that was cut off after its claim is made again.
    if store.stamp().group == *group && own > known.shipped_epoch && !unfinished {
        go_on_before(replicas, store, &stamp, &known, entropy).await?;
        return Ok((store.as_owner(stamp), Origin::DatabaseWentBack));
    }
    if known.epoch == Epoch::NONE {
        return Err(CentralError::AwaitsOwner {
            group: group.clone(),
        });
    }
    // Before anything is done to the replica or the file: a machine of a later version goes on from them.
    let mut tx = replicas.read_newest().await?;
    let shipped = tx.state(group).await?;
    tx.rollback().await?;
    if let Some(shipped) = &shipped {
        check_form(replicas, group, shipped)?;
    }
    let (store, hydrated) = hydrate(replicas, store, stamp, entropy).await?;
    Ok((store, Origin::Replica(hydrated)))
}

/// As [`take_over`], for a group that nobody has owned yet, as far as is known: the central database has nothing of it, nor has
/// the file. Then there is no former owner whose attempts are to be waited for: whoever owned it before would have attempted
/// nothing until its claim was confirmed there. Should the database have lost that claim, the owner has lost its lease too,
/// and all its attempts have ended with that; what one may still become at its tracker is waited for with each create.
/// `None`: it is not so.
///
/// # Errors
/// The database's. Then nothing is known, and the former owner is to be waited for.
pub async fn begin_new(
    replicas: &dyn Replicas,
    store: &HostStore,
    group: &GroupId,
    owned: Epoch,
    entropy: &dyn Entropy,
) -> Result<Option<HostStore>, CentralError> {
    if store.stamp().group == *group || read(replicas, group).await?.is_some() {
        return Ok(None);
    }
    let stamp = stamp(store, group, owned, None);
    begin(replicas, store, &stamp, entropy).await?;
    Ok(Some(store.as_owner(stamp)))
}

async fn read(replicas: &dyn Replicas, group: &GroupId) -> Result<Option<GroupRow>, CentralError> {
    let mut tx = replicas.read_newest().await?;
    let known = tx.group(group).await?;
    tx.rollback().await?;
    Ok(known)
}

/// What the file is to be: the generation of the file or of the replica stands where it is greater.
fn stamp(store: &HostStore, group: &GroupId, owned: Epoch, known: Option<&GroupRow>) -> Stamp {
    let own = store.stamp().epoch.generation();
    let theirs = known.map_or(0, |known| known.epoch.generation());
    let generation = owned.generation().max(own).max(theirs);
    Stamp {
        group: group.clone(),
        epoch: Epoch::new(generation, owned.revision()),
    }
}

/// Who writes the file, where it is what was shipped last, or further.
async fn writer_of_newest(
    store: &HostStore,
    group: &GroupId,
    known: &GroupRow,
) -> Result<Option<String>, CentralError> {
    let group = group.clone();
    let line = store.read(move |read| read.line(&group)).await?;
    let own = store.stamp().epoch;
    let newest = line.filter(|line| {
        // A claim names its writer before the file is what was shipped: one that was cut off leaves an old file, or half of
        // one, under the name of the newest.
        let shipped_here =
            known.shipped_epoch == own || Some(known.shipped_epoch) == line.base_epoch;
        line.writer == known.writer && shipped_here && known.shipped_rev <= line.rev
    });
    Ok(newest.map(|line| line.writer))
}

/// The file is later than the replica, which is copied anew from it. As long as it is not, the replica stands for less than
/// the file, which is no harm: it is older, and says so.
async fn go_on_before(
    replicas: &dyn Replicas,
    store: &HostStore,
    stamp: &Stamp,
    known: &GroupRow,
    entropy: &dyn Entropy,
) -> Result<(), CentralError> {
    let seed = seed(entropy);
    let group = stamp.group.clone();
    store.index_revisions().await?;
    let line = store.write(move |tx| tx.begin_replication(&group, &seed));
    let writer = line.await?.writer;
    claim(replicas, stamp, &writer, Some(known)).await?;
    // Not the one that was shipped last: a former owner may have gone on under it, further than this file did.
    go_on(replicas, store, stamp, store.stamp().epoch).await
}

/// Nobody has shipped this group, as far as is known: what there is here, and else nothing, is its state; the time that it
/// does not tell of is noted. The claim is made in the database all the same: a first round of the former owner whose commit
/// hangs comes before it, and then it is found, or never.
async fn begin(
    replicas: &dyn Replicas,
    store: &HostStore,
    stamp: &Stamp,
    entropy: &dyn Entropy,
) -> Result<(), CentralError> {
    let seed = seed(entropy);
    let group = stamp.group.clone();
    store.index_revisions().await?;
    // A state that was being put back is not one, and stays so until the claim is certain.
    let writer = store.write(move |tx| {
        if tx.is_unfinished(&group)? {
            return tx.begin_put_back(&group, &seed);
        }
        Ok(tx.begin_replication(&group, &seed)?.writer)
    });
    let row = GroupRow {
        epoch: stamp.epoch,
        writer: writer.await?,
        // The file's, whoever owns it: so it is found again, should this be cut off.
        shipped_epoch: store.stamp().epoch,
        shipped_rev: 0,
        vouched_rev: 0,
        copy: 0,
        copy_pruned: 0,
        complete: false,
    };
    let author = Author {
        machine: replicas.machine(),
        format: replicas.formats().replica,
        state_at: Timestamp::EPOCH,
        age: Duration::ZERO,
    };
    let mut tx = replicas.write().await?;
    // Asked before the group's row is: who puts definitions back notes their groups in the same step, so that whoever sees the
    // former sees the latter.
    if !tx.has_definitions().await? {
        tx.rollback().await?;
        return Err(CentralError::NoDefinitions);
    }
    if tx.lock_group(&stamp.group).await?.is_some() {
        tx.rollback().await?;
        return Err(CentralError::Lost(format!(
            "group {} was not there, and is now",
            stamp.group
        )));
    }
    tx.put_group(&stamp.group, &row, &author).await?;
    tx.commit().await?;
    let (group, writer) = (stamp.group.clone(), row.writer.clone());
    let cleared = store.write(move |tx| {
        tx.give_up_put_back(&group)?;
        tx.begin_replication(&group, &writer)
    });
    cleared.await?;
    go_on(replicas, store, stamp, row.shipped_epoch).await
}

/// What is here is the group's state from now on. `base`: the ownership that the file was of, or is known to have been
/// shipped under.
async fn go_on(
    replicas: &dyn Replicas,
    store: &HostStore,
    stamp: &Stamp,
    base: Epoch,
) -> Result<(), CentralError> {
    let (group, epoch, now) = (stamp.group.clone(), stamp.epoch, replicas.now());
    let step = store.write(move |tx| tx.go_on_with_group(&group, epoch, Some(base), now));
    Ok(step.await?)
}
