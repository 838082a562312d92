//! What a new owner of a group goes on from.

use super::db::{GroupRow, Replicas};
use super::hydrate::{Hydrated, claim, hydrate};
use crate::central::error::CentralError;
use crate::host::HostStore;
use crate::stamp::{Epoch, GroupId, Stamp};
use twinline_core::handles::Entropy;

/// What a group's new owner goes on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Its own file: nobody has shipped since.
    OwnFile,
    /// Its own file or an empty one: the group was never replicated. What a former owner did is in the trackers only.
    NeverReplicated,
    /// The replica.
    Replica(Hydrated),
}

/// Makes a store that of a group's new owner, whose ownership key has this creation revision. The file is the group's own;
/// it may be empty, or that of an earlier ownership by the same host or another time.
///
/// The caller has waited for the attempts of the former owner, and holds the ownership. Repeating it does no harm.
///
/// # Errors
/// [`CentralError::Superseded`]: a newer owner has claimed it. Or the database's: nothing is owned then, and the file is not
/// to be worked on.
pub async fn take_over(
    replicas: &dyn Replicas,
    store: &HostStore,
    group: &GroupId,
    revision: u64,
    entropy: &dyn Entropy,
) -> Result<(HostStore, Origin), CentralError> {
    let mut tx = replicas.read_newest().await?;
    let known = tx.group(group).await?;
    tx.rollback().await?;
    let own = store.stamp().epoch.generation();
    let theirs = known.as_ref().map_or(0, |known| known.epoch.generation());
    let stamp = Stamp {
        group: group.clone(),
        epoch: Epoch::new(own.max(theirs), revision),
    };
    let Some(known) = known else {
        begin(replicas, store, &stamp).await?;
        return Ok((store.as_owner(stamp), Origin::NeverReplicated));
    };
    if let Some(writer) = writer_of_newest(store, group, &known).await? {
        let claimed = claim(replicas, &stamp, &writer, Some(&known)).await?;
        let (epoch, base) = (stamp.epoch, claimed.shipped_epoch);
        let group = group.clone();
        store
            .write(move |tx| tx.own_group(&group, epoch, Some(base)))
            .await?;
        return Ok((store.as_owner(stamp), Origin::OwnFile));
    }
    let (store, hydrated) = hydrate(replicas, store, stamp, entropy).await?;
    Ok((store, Origin::Replica(hydrated)))
}

/// Who writes the file, where it is what was shipped last, or further.
async fn writer_of_newest(
    store: &HostStore,
    group: &GroupId,
    known: &GroupRow,
) -> Result<Option<String>, CentralError> {
    let group = group.clone();
    let line = store.read(move |read| read.line(&group)).await?;
    let newest = line.filter(|line| line.writer == known.writer && known.shipped_rev <= line.rev);
    Ok(newest.map(|line| line.writer))
}

/// Nobody has shipped this group: what there is here, and else nothing, is its state; the time that it does not tell of is
/// noted.
async fn begin(
    replicas: &dyn Replicas,
    store: &HostStore,
    stamp: &Stamp,
) -> Result<(), CentralError> {
    // A former writer that has not learned of its successor would refuse this.
    let mut tx = replicas.write().await?;
    if tx.lock_group(&stamp.group).await?.is_some() {
        return Err(CentralError::Lost(
            "the group is there, and was not when it was read".to_owned(),
        ));
    }
    tx.rollback().await?;
    let (group, epoch) = (stamp.group.clone(), stamp.epoch);
    let now = replicas.now();
    store
        .write(move |tx| tx.begin_group(&group, epoch, now))
        .await?;
    Ok(())
}
