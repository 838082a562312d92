//! A group that a connection joins to another: it is closed for good, and what is in its replica then is what the other one
//! takes in.
//!
//! Nobody can own a closed group, so its replica cannot change any more: whoever owns the other group takes it in, however
//! often that begins anew on whatever machine, until that group's own replica says that it has it.

use super::db::{GroupRow, ReplicaTx, Replicas};
use super::hydrate::hydrate_as;
use crate::central::error::CentralError;
use crate::db::DbOptions;
use crate::host::HostStore;
use crate::host::replica::NOTES;
use crate::stamp::{Epoch, GroupId, Stamp};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Who writes a closed group: nobody. The same everywhere, so that each reader's claim of its replica is the same claim.
const CLOSED: &str = "joined";
/// The same, where the other group's replica has the state: here it is not any more.
const FORGOTTEN: &str = "joined and forgotten";

/// Closes a group for good, as its owner: from then on nobody ships it, claims it or takes it over. The caller has ended all
/// work on it, and its replication. `holds`: the groups that were joined to it. Answers whether it is closed; if not, the
/// replica is not all that the file has, or the file has not taken all of those in: closed without one, nobody ever would.
///
/// # Errors
/// A newer owner has claimed it; or the database's: it may be closed then. Repeating it does no harm.
pub async fn close_group(
    replicas: &dyn Replicas,
    store: &HostStore,
    holds: &BTreeSet<GroupId>,
) -> Result<bool, CentralError> {
    let stamp = store.stamp().clone();
    let group = stamp.group.clone();
    let read = store.read(move |read| Ok((read.line(&group)?, read.absorbed()?)));
    let (line, absorbed) = read.await?;
    let mut tx = replicas.write().await?;
    let known = tx.lock_group(&stamp.group).await?;
    let Some(known) = known else {
        tx.rollback().await?;
        return Ok(false);
    };
    let is_whole = line.is_some_and(|line| {
        known.writer == line.writer
            && (known.epoch, known.shipped_epoch) == (stamp.epoch, stamp.epoch)
            && known.complete
            && known.shipped_rev >= line.rev
    });
    let can_close = is_whole && holds.is_subset(&absorbed);
    if !can_close && !known.is_closed() {
        tx.rollback().await?;
        return match known.epoch > stamp.epoch {
            true => Err(CentralError::Superseded {
                group: stamp.group,
                given: stamp.epoch,
                known: known.epoch,
            }),
            false => Ok(false),
        };
    }
    // Also where it is closed: who finds that must know that it is kept.
    let writer = if known.is_closed() {
        &known.writer
    } else {
        CLOSED
    };
    tx.claim(&stamp.group, Epoch::JOINED, writer).await?;
    tx.commit().await?;
    Ok(true)
}

/// Whether a group is closed. Certain: asked of the server that takes writes, and after whatever was under way there.
///
/// # Errors
/// Any of the database's.
pub async fn is_closed(replicas: &dyn Replicas, group: &GroupId) -> Result<bool, CentralError> {
    let mut tx = replicas.write().await?;
    let known = tx.lock_group(group).await?;
    if let Some(known) = &known {
        // A commit that is confirmed: a former writer's is not.
        tx.claim(group, known.epoch, &known.writer).await?;
    }
    tx.commit().await?;
    Ok(known.as_ref().is_some_and(GroupRow::is_closed))
}

/// A group that is to be taken in.
pub struct TakeIn {
    /// Which.
    pub gone: GroupId,
    /// Where its state lies while it is taken in. What lies there is replaced, and removed in the end.
    pub scratch: PathBuf,
    /// Its last owner's file, should that be here: taken where the replica is gone.
    pub aside: PathBuf,
    /// How a file is opened.
    pub db: DbOptions,
}

/// Brings the state of a closed group into the file of the one that it was joined to. A group whose members were published
/// as the other's and that is not closed is closed now: the database was put back to before. Answers whether anything was
/// brought in; false: it was here.
///
/// The caller owns `store`'s group, and works on it only after this.
///
/// # Errors
/// [`CentralError::AwaitsState`]: its state is not there. Or the database's, or the file's; repeating it does no harm.
pub async fn take_in(
    replicas: &dyn Replicas,
    store: &HostStore,
    it: TakeIn,
) -> Result<bool, CentralError> {
    if store.read(|read| read.absorbed()).await?.contains(&it.gone) {
        return Ok(false);
    }
    let instance = store.read(|read| read.meta()).await?.instance;
    remove(&it.scratch)?;
    let (path, has_replica) = match find(replicas, &it.gone).await? {
        true => (&it.scratch, true),
        false if it.aside.exists() => (&it.aside, false),
        false => return Err(CentralError::AwaitsState { group: it.gone }),
    };
    let file = HostStore::open(path, it.db, &instance).await?;
    let taken = bring(replicas, store, &file, &it.gone, has_replica).await;
    file.db().close().await;
    remove(&it.scratch)?;
    taken.map(|()| true)
}

/// Whether the group's replica is there.
async fn find(replicas: &dyn Replicas, gone: &GroupId) -> Result<bool, CentralError> {
    let mut tx = replicas.read_newest().await?;
    let known = tx.group(gone).await?;
    tx.rollback().await?;
    let is_there = |known: GroupRow| known.epoch != Epoch::NONE && known.writer != FORGOTTEN;
    Ok(known.is_some_and(is_there))
}

async fn bring(
    replicas: &dyn Replicas,
    store: &HostStore,
    file: &HostStore,
    gone: &GroupId,
    has_replica: bool,
) -> Result<(), CentralError> {
    let stamp = Stamp {
        group: gone.clone(),
        epoch: Epoch::JOINED,
    };
    let file = if has_replica {
        hydrate_as(replicas, file, stamp, CLOSED).await?.0
    } else {
        check_aside(file, gone).await?;
        tracing::warn!(group = %gone, "the central database has lost the group's state; it is taken from the file here");
        let (group, now) = (gone.clone(), replicas.now());
        let known = file.write(move |tx| tx.go_on_with_group(&group, Epoch::JOINED, None, now));
        known.await?;
        file.as_owner(stamp)
    };
    store.absorb(&file, replicas.now()).await?;
    tracing::info!(group = %gone, into = %store.stamp().group, "a group was taken in");
    Ok(())
}

/// Whether a file that somebody may have put there is the group's, and no half of it. Before anything is written to it: that
/// makes it the group's.
async fn check_aside(file: &HostStore, gone: &GroupId) -> Result<(), CentralError> {
    let group = gone.clone();
    let is_whole = file.read(move |read| read.is_whole(&group)).await?;
    if is_whole && file.stamp().group == *gone {
        return Ok(());
    }
    let path = file.db().path().display();
    Err(crate::StoreError::Unreadable {
        what: "the state of a group that is to be joined",
        reason: format!("{path} is not a whole file of the group {gone}"),
    }
    .into())
}

/// Forgets the state of a group that was taken in by `store`'s, where the replica of that has it: for good, in the central
/// database. Answers whether it is forgotten; if not, the replica has it not, or not any more: the database may have lost
/// what it had confirmed.
///
/// # Errors
/// A newer owner has claimed the group; or the database's. Repeating it does no harm.
pub async fn forget_joined(
    replicas: &dyn Replicas,
    store: &HostStore,
    gone: &GroupId,
) -> Result<bool, CentralError> {
    let stamp = store.stamp().clone();
    let group = stamp.group.clone();
    let line = store.read(move |read| read.line(&group)).await?;
    let mut tx = replicas.write().await?;
    // Both rows in one transaction: if the round that brought the note is lost, what is forgotten on its word is not.
    let ours = tx.lock_group(&stamp.group).await?;
    let is_ours = ours.is_some_and(|known| {
        let writer = line.as_ref().map(|line| &line.writer);
        known.epoch == stamp.epoch && known.complete && Some(&known.writer) == writer
    });
    if !is_ours || !has_note(&mut *tx, &stamp.group, gone).await? {
        tx.rollback().await?;
        return Ok(false);
    }
    let known = tx.lock_group(gone).await?;
    if known.is_none_or(|known| known.writer == FORGOTTEN) {
        tx.rollback().await?;
        return Ok(true);
    }
    tx.claim(gone, Epoch::JOINED, FORGOTTEN).await?;
    tx.sweep(gone, i64::MAX).await?;
    tx.commit().await?;
    Ok(true)
}

/// Whether a group's replica says that it has another one's state.
async fn has_note(
    tx: &mut dyn ReplicaTx,
    group: &GroupId,
    gone: &GroupId,
) -> Result<bool, CentralError> {
    let mut last = (NOTES.to_owned(), String::new());
    loop {
        let (rows, next) = tx.page(group, &last).await?;
        if rows.iter().any(|row| row.note().as_ref() == Some(gone)) {
            return Ok(true);
        }
        match next {
            Some(next) if next.0 == NOTES => last = next,
            _ => return Ok(false),
        }
    }
}

/// Removes a file with its log, where it is.
fn remove(path: &Path) -> Result<(), CentralError> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(crate::StoreError::File {
                    path: PathBuf::from(name).display().to_string(),
                    reason: error.to_string(),
                }
                .into());
            }
            _ => {}
        }
    }
    Ok(())
}
