//! What a group does when it is joined to another one, and what that one does.

use super::life::{Life, PAUSE};
use super::{GroupState, Part, Wish};
use tokio::sync::watch;
use tokio::time::sleep;
use twinline_store::central::{
    ReplicationStatus, TakeIn, close_group, forget_joined, is_closed, take_in,
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
            match close_group(&*self.shared.central, store).await {
                Ok(true) => return Ok(Ended::Joined),
                // Something was written after its last word.
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
    pub(super) async fn is_closed(&self) -> Result<Option<bool>, String> {
        let mut failing = None;
        while self.wished().goes_on() {
            self.tell(GroupState::TakingOver {
                failing: failing.take(),
            });
            match is_closed(&*self.shared.central, &self.group).await {
                Ok(closed) => return Ok(Some(closed)),
                Err(error) if error.is_retryable() => failing = Some(error.to_string()),
                Err(error) => return Err(error.to_string()),
            }
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
        store.map_err(|error| error.to_string())?.db().close().await;
        let aside = settings.folder.join(format!("{}.db{ASIDE}", self.group));
        std::fs::rename(&file, aside).map_err(|error| error.to_string())
    }

    /// Brings in the state of the groups that were joined to this one. Whether there was any.
    pub(super) async fn take_in(&self, store: &HostStore) -> Result<bool, String> {
        let shared = &self.shared;
        let has = store.read(|read| read.absorbed()).await;
        let has = has.map_err(|error| error.to_string())?;
        let mut has_grown = false;
        for gone in shared.hosts.takes_in(&self.group) {
            if has.contains(&gone) {
                continue;
            }
            let beside = |what: &str| shared.settings.folder.join(format!("{gone}.db{what}"));
            let mut failing = None;
            loop {
                self.tell(GroupState::TakingIn {
                    gone: gone.clone(),
                    failing: failing.take(),
                });
                let it = TakeIn {
                    gone: gone.clone(),
                    scratch: beside(SCRATCH),
                    aside: beside(ASIDE),
                    db: (shared.settings.db)(),
                };
                match take_in(&*shared.central, store, it).await {
                    Ok(taken) => {
                        has_grown |= taken;
                        break;
                    }
                    Err(error) if error.is_retryable() && self.wished().goes_on() => {
                        tracing::warn!(group = %self.group, %gone, %error, "a group cannot be taken in yet");
                        failing = Some(error.to_string());
                        self.pause(PAUSE).await;
                    }
                    Err(error) => return Err(error.to_string()),
                }
            }
        }
        Ok(has_grown)
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
                let forgotten = forget_joined(&*self.shared.central, gone).await;
                forgotten.map_err(|error| error.to_string())?;
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
