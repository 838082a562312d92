//! What a new owner of a group goes on from.

use super::apply;
use super::hydrate::{Hydrated, claim, hydrate};
use super::plan::Known;
use crate::central::client::CentralClient;
use crate::central::error::CentralError;
use crate::host::HostStore;
use crate::stamp::{Epoch, GroupId, Stamp};
use twinline_core::handles::Entropy;

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
/// [`CentralError::Superseded`]: a newer owner has claimed it. Or the database's: nothing is owned then, and the file is not
/// to be worked on.
pub async fn take_over(
    client: &CentralClient,
    store: &HostStore,
    group: &GroupId,
    owned: Epoch,
    entropy: &dyn Entropy,
) -> Result<(HostStore, Origin), CentralError> {
    let mut tx = client.shared.read_newest().await?;
    let known = apply::group(&mut tx, group).await?;
    tx.rollback().await?;
    let own = store.stamp().epoch;
    let theirs = known.as_ref().map_or(0, |known| known.epoch.generation());
    let generation = owned.generation().max(own.generation()).max(theirs);
    let stamp = Stamp {
        group: group.clone(),
        epoch: Epoch::new(generation, owned.revision()),
    };
    let Some(known) = known else {
        // What there is here, and else nothing, is its state.
        own_with_gap(client, store, &stamp).await?;
        return Ok((store.as_owner(stamp), Origin::NeverReplicated));
    };
    if let Some(writer) = writer_of_newest(store, group, &known).await? {
        let claimed = claim(client, &stamp, &writer).await?;
        let (epoch, base) = (stamp.epoch, claimed.shipped_epoch);
        let group = group.clone();
        store
            .write(move |tx| tx.own_group(&group, epoch, Some(base)))
            .await?;
        return Ok((store.as_owner(stamp), Origin::OwnFile));
    }
    // Compared with what was shipped, not with who has claimed since: a try that was cut off after its claim is made again.
    if store.stamp().group == *group && own > known.shipped_epoch {
        go_on_before(client, store, &stamp, entropy).await?;
        return Ok((store.as_owner(stamp), Origin::DatabaseWentBack));
    }
    if known.epoch == Epoch::NONE {
        return Err(CentralError::AwaitsOwner {
            group: group.clone(),
        });
    }
    let (store, hydrated) = hydrate(client, store, stamp, entropy).await?;
    Ok((store, Origin::Replica(hydrated)))
}

/// Who writes the file, where it is what was shipped last, or further.
async fn writer_of_newest(
    store: &HostStore,
    group: &GroupId,
    known: &Known,
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
    client: &CentralClient,
    store: &HostStore,
    stamp: &Stamp,
    entropy: &dyn Entropy,
) -> Result<(), CentralError> {
    let seed = format!("{:016x}{:016x}", entropy.next_u64(), entropy.next_u64());
    let group = stamp.group.clone();
    let line = store.write(move |tx| tx.begin_replication(&group, &seed));
    let writer = line.await?.writer;
    claim(client, stamp, &writer).await?;
    own_with_gap(client, store, stamp).await
}

/// The file is the group's own from now on; what happened since its newest time nobody knows.
async fn own_with_gap(
    client: &CentralClient,
    store: &HostStore,
    stamp: &Stamp,
) -> Result<(), CentralError> {
    let (group, epoch) = (stamp.group.clone(), stamp.epoch);
    let now = client.shared.state.clock.now();
    store
        .write(move |tx| tx.begin_group(&group, epoch, now))
        .await?;
    Ok(())
}
