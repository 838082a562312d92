//! What a group does when it is joined to another one, and what that one does.

use super::life::{Life, PAUSE, has_state};
use super::trouble::{Failing, Trouble};
use super::{GroupState, Part, Wish};
use tokio::sync::watch;
use tokio::time::sleep;
use twinline_store::GroupId;
use twinline_store::central::{
    CentralError, ReplicationStatus, TakeIn, close_group, forget_joined, is_closed, take_in,
};
use twinline_store::host::HostStore;

/// How a group has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// All that is here is in the replica.
    Whole,
    /// The replica lacks something that is here.
    Behind,
    /// For good: it is closed, and nobody owns it any more.
    Joined,
}

impl Life {
    /// Closes the group, whose work and replication have ended, for good. Until it is known whether that was kept nothing
    /// else is done with it: if it was, the other group may have begun with its nodes.
    pub(super) async fn close_group(&self, store: &HostStore) -> Result<Ended, String> {
        loop {
            let holds = self.shared.hosts.takes_in(&self.group);
            match close_group(&*self.shared.central, store, &holds).await {
                Ok(true) => return Ok(Ended::Joined),
                // Something was written after its last word, or it has another group's nodes and not its state.
                Ok(false) => return Ok(Ended::Behind),
                Err(error) if error.is_retryable() => {
                    tracing::warn!(group = %self.group, %error, "the group cannot be closed yet");
                }
                Err(error) => return Err(error.to_string()),
            }
            if self.wished() == Wish::End {
                // The next process asks.
                return Ok(Ended::Behind);
            }
            sleep(PAUSE).await;
        }
    }

    /// Whether the group was closed by an earlier process of this host; `None`: it is to end before that is known.
    pub(super) async fn is_closed(&self, failing: &mut Failing) -> Result<Option<bool>, Trouble> {
        let mut last = None;
        while self.wished().goes_on() {
            self.tell(GroupState::TakingOver {
                failing: last.take(),
            });
            let trouble = match is_closed(&*self.shared.central, &self.group).await {
                Ok(closed) => return Ok(Some(closed)),
                Err(error) => Trouble::of_owned(&error),
            };
            if !trouble.is_retryable || self.gives_up(failing, &trouble) {
                return Err(trouble);
            }
            last = Some(trouble.reason);
            self.pause(PAUSE).await;
        }
        Ok(None)
    }

    /// The group is closed: its nodes are another's, its file is put aside, and its key is given away. What does not
    /// succeed is made again when the group is begun again, as long as it is owned.
    pub(super) async fn leave(&self) {
        let hosts = &self.shared.hosts;
        while hosts.part(&self.group) != Part::Gone {
            let Err(reason) = hosts.joined(&self.group).await else {
                break;
            };
            tracing::warn!(group = %self.group, reason, "the group's nodes cannot be given to the other group yet");
            self.tell(GroupState::Failed { reason });
            sleep(PAUSE).await;
            if self.wished() == Wish::End && hosts.part(&self.group) != Part::Gone {
                return;
            }
        }
        if let Err(error) = self.put_aside().await {
            // It is of no use to anybody, and in nobody's way: nobody owns the group any more.
            tracing::warn!(group = %self.group, error, "the file of a group that is no more could not be put aside");
        }
        match self.shared.keeper.give_away(&self.group).await {
            Ok(()) => {
                tracing::info!(group = %self.group, "the group is no more: another one has its nodes");
            }
            Err(error) => {
                tracing::warn!(group = %self.group, %error, "the group could not be given away; trying again");
                sleep(PAUSE).await;
            }
        }
    }

    async fn put_aside(&self) -> Result<(), String> {
        let settings = &self.shared.settings;
        let file = settings.folder.join(format!("{}.db", self.group));
        if !file.exists() {
            return Ok(());
        }
        // A process that was killed has left a part of it in a log beside it.
        let store = HostStore::open(&file, (settings.db)(), &settings.instance).await;
        let store = store.map_err(|error| error.to_string())?;
        let is_the_closed = has_state(&store, &self.group).await;
        if matches!(is_the_closed, Ok(true)) && self.is_ours(&store) {
            let aside = settings.folder.join(format!("{}.db{ASIDE}", self.group));
            let moved = store.close_and_rename(&aside).await;
            return moved.map_err(|error| error.to_string());
        }
        // Made in vain, or of an earlier ownership: not what was closed, and not to be taken for it. It keeps its name: what
        // was closed may be lost.
        store.db().close().await;
        is_the_closed.map(drop).map_err(|error| error.to_string())
    }

    /// Brings in the state of the groups that were joined to this one. Whether there was any; `None`: the group is to end before
    /// that.
    pub(super) async fn take_in(
        &self,
        store: &HostStore,
        failing: &mut Failing,
    ) -> Result<Option<bool>, Trouble> {
        let has = store.read(|read| read.absorbed()).await;
        let has = has.map_err(|error| Trouble::of_host(error.to_string()))?;
        let mut has_grown = false;
        for gone in self.shared.hosts.takes_in(&self.group) {
            if has.contains(&gone) {
                continue;
            }
            let mut last = None;
            loop {
                if self.wished() == Wish::End {
                    return Ok(None);
                }
                self.tell(GroupState::TakingIn {
                    gone: gone.clone(),
                    failing: last.take(),
                });
                let trouble = match self.take_in_one(store, &gone).await {
                    Ok(Some(taken)) => {
                        has_grown |= taken;
                        break;
                    }
                    Ok(None) => continue,
                    Err(error) => Trouble::of_owned(&error),
                };
                if !trouble.is_retryable || self.gives_up(failing, &trouble) {
                    return Err(trouble);
                }
                let why = &trouble.reason;
                tracing::warn!(group = %self.group, %gone, why, "a group cannot be taken in yet");
                last = Some(trouble.reason);
                self.pause(PAUSE).await;
            }
        }
        Ok(Some(has_grown))
    }

    /// Brings in a group's state, in turn with what is taken over. `None`: something else is wished meanwhile.
    async fn take_in_one(
        &self,
        store: &HostStore,
        gone: &GroupId,
    ) -> Result<Option<bool>, CentralError> {
        let shared = &self.shared;
        let beside = |what: &str| shared.settings.folder.join(format!("{gone}.db{what}"));
        let it = TakeIn {
            gone: gone.clone(),
            scratch: beside(SCRATCH),
            aside: beside(ASIDE),
            db: (shared.settings.db)(),
        };
        let Some(_turn) = self.turn().await else {
            return Ok(None);
        };
        take_in(&*shared.central, store, it).await.map(Some)
    }

    /// Forgets what groups have left in the central database that were taken in, as soon as this group's replica has it.
    /// Never resolves.
    pub(super) async fn forget_joined(
        &self,
        store: &HostStore,
        mut status: watch::Receiver<ReplicationStatus>,
    ) {
        let forget = async {
            let read = store.read(|read| Ok((read.absorbed()?, read.newest_rev()?)));
            let (absorbed, rev) = read.await.map_err(|error| error.to_string())?;
            if absorbed.is_empty() {
                return Ok(());
            }
            let shipped = status.wait_for(|status| status.complete && status.shipped_rev >= rev);
            drop(shipped.await.map_err(|error| error.to_string())?);
            for gone in &absorbed {
                loop {
                    let forgotten = forget_joined(&*self.shared.central, store, gone).await;
                    if forgotten.map_err(|error| error.to_string())? {
                        break;
                    }
                    // The database has lost what it had confirmed: it comes anew with a later round.
                    sleep(PAUSE).await;
                }
            }
            Ok::<(), String>(())
        };
        // Rows that stay are in nobody's way, and are forgotten at the next start.
        if let Err(reason) = forget.await {
            tracing::warn!(group = %self.group, reason, "what joined groups have left could not be forgotten");
        }
        std::future::pending::<()>().await;
    }
}

/// Beside a group's file: that of a group that is no more.
const ASIDE: &str = ".joined";
/// Beside a group's file: where its state lies while it is taken in.
const SCRATCH: &str = ".coming";
