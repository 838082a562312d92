//! One group, from its claim to its end.

use super::join::Ended;
use super::{GroupState, Part, Shared, Wish};
use crate::host::Host;
use crate::ownership::Permit;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use twinline_core::mutant::{self, Mutant};
use twinline_store::central::{CentralError, Replication, ReplicationStatus, take_over};
use twinline_store::host::HostStore;
use twinline_store::{Epoch, GroupId};

/// Before a group is tried again that could not be taken over, or whose host ended.
pub(super) const PAUSE: Duration = Duration::from_secs(1);
/// How long the last word of a group that ends may take to be shipped. What is not shipped by then is in the file here.
const LAST_WORD: Duration = Duration::from_secs(5);

pub(super) struct Life {
    pub(super) shared: Arc<Shared>,
    pub(super) group: GroupId,
    /// Which ownership of it; the store's own generation may be later.
    pub(super) epoch: Epoch,
    /// Whether attempts may begin.
    pub(super) permit: Permit,
    /// What is wished of it. Its sender lives as long as this does.
    pub(super) wish: watch::Receiver<Wish>,
}

/// The group's open file: closed also where its work is dropped.
type Opened = Mutex<Option<HostStore>>;

/// What came of taking a group over.
enum Taken {
    /// It is this ownership's.
    Over(HostStore),
    /// The group is to end before that.
    ToEnd,
    /// Nobody owns it any more: it was joined to another.
    Joined,
}

impl Life {
    /// Runs the group until it is to end; until `lost`, whatever it is at.
    pub(super) async fn run(self, lost: CancellationToken) -> (GroupId, Epoch) {
        let opened = Opened::default();
        tokio::select! {
            biased;
            () = lost.cancelled() => {
                tracing::warn!(group = %self.group, "the group is not ours any more");
                // At once: closing its file takes as long as its disk does.
                self.shared.forget(&self.group);
            }
            () = self.work(&opened) => {}
        }
        close(&opened).await;
        (self.group, self.epoch)
    }

    async fn work(&self, opened: &Opened) {
        // Begun also where it is to be given away: the file here may have what the replica lacks.
        let ended = loop {
            let ended = self.once(opened).await;
            close(opened).await;
            let reason = match ended {
                Ok(ended) => break ended,
                Err(reason) => reason,
            };
            tracing::error!(group = %self.group, reason, "the group does not work; it is tried again");
            self.tell(GroupState::Failed { reason });
            self.pause(PAUSE).await;
            if !self.wished().goes_on() {
                // Another host may do better.
                break Ended::Whole;
            }
        };
        if ended == Ended::Joined {
            return self.leave().await;
        }
        // Else whoever took it over would go on from before: it begins here once more.
        while ended == Ended::Whole && self.wished() == Wish::GiveAway {
            match self.shared.keeper.give_away(&self.group).await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(group = %self.group, %error, "the group could not be given away; trying again");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Takes the group over where that is to be done, and works until it is to end.
    async fn once(&self, opened: &Opened) -> Result<Ended, String> {
        if self.shared.hosts.part(&self.group) == Part::Gone {
            return Ok(Ended::Joined);
        }
        let store = match self.taken_over(opened).await? {
            Taken::Over(store) => store,
            Taken::ToEnd => return Ok(Ended::Whole),
            Taken::Joined => return Ok(Ended::Joined),
        };
        let has_grown = self.take_in(&store).await?;
        let shared = &self.shared;
        let permit = self.permit.clone();
        let built = shared.hosts.build(&self.group, store.clone(), permit);
        let host = built.await?;
        if has_grown {
            // What was told of its new nodes while it did not know them was passed.
            host.sweep_now();
        }
        let ended = self.host(&host, &store).await?;
        if ended == Ended::Whole && self.wished() == Wish::Leave {
            return self.close_group(&store).await;
        }
        Ok(ended)
    }

    /// The store as this ownership's.
    async fn taken_over(&self, opened: &Opened) -> Result<Taken, String> {
        let shared = &self.shared;
        let settings = &shared.settings;
        let path = settings.folder.join(format!("{}.db", self.group));
        let store = HostStore::open(&path, (settings.db)(), &settings.instance);
        let store = store.await.map_err(|error| error.to_string())?;
        *opened.lock().expect("no code panics with this lock") = Some(store.clone());
        let stamp = store.stamp();
        let is_ours = stamp.epoch.revision() == self.epoch.revision()
            && stamp.epoch.generation() >= self.epoch.generation();
        if stamp.group == self.group && is_ours {
            // An earlier process of this host has taken it over under this very ownership.
            return self.unless_closed(store).await;
        }
        self.tell(GroupState::Waiting);
        if !mutant::is(Mutant::TakeoverWithoutWaiting) {
            self.pause(settings.terms.takeover_wait()).await;
        }
        let mut failing = None;
        while self.wished().goes_on() {
            self.tell(GroupState::TakingOver {
                failing: failing.take(),
            });
            let entropy = &*shared.env.entropy;
            let taken = take_over(&*shared.central, &store, &self.group, self.epoch, entropy);
            match taken.await {
                Ok((store, origin)) => {
                    tracing::info!(group = %self.group, ?origin, "the group was taken over");
                    return Ok(Taken::Over(store));
                }
                Err(CentralError::Joined { .. }) => return Ok(Taken::Joined),
                Err(error) if error.is_retryable() => {
                    tracing::warn!(group = %self.group, %error, "the group's state cannot be taken over yet");
                    failing = Some(error.to_string());
                    self.pause(PAUSE).await;
                }
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(Taken::ToEnd)
    }

    /// The store of an ownership that an earlier process has begun; it may have closed the group.
    async fn unless_closed(&self, store: HostStore) -> Result<Taken, String> {
        if self.wished() != Wish::Leave {
            return Ok(Taken::Over(store));
        }
        Ok(match self.is_closed().await? {
            Some(true) => Taken::Joined,
            Some(false) => Taken::Over(store),
            None => Taken::ToEnd,
        })
    }

    /// Runs the group's host and its replication until the group is to end.
    async fn host(&self, host: &Host, store: &HostStore) -> Result<Ended, String> {
        let shared = &self.shared;
        let marks = {
            let host = host.clone();
            Arc::new(move || host.processed())
        };
        let replication = Replication::new(
            store.clone(),
            Arc::clone(&shared.central),
            &*shared.env.entropy,
            marks,
        );
        let status = replication.status();
        host.replicated_by(status.clone());
        self.tell(GroupState::Working(host.clone()));
        let (stop, shipped) = (CancellationToken::new(), CancellationToken::new());
        let working = async {
            let told = async {
                self.to_end(status.clone()).await;
                self.tell(GroupState::Ending(host.clone()));
                stop.cancel();
                std::future::pending::<()>().await;
            };
            let ended = tokio::select! {
                ended = host.run(stop.clone()) => ended.map_err(|why| why.to_string()),
                () = told => unreachable!("it waits for ever"),
                () = self.forget_joined(store, status.clone()) => unreachable!("it waits for ever"),
            };
            let ended = match ended {
                Ok(()) if ship_last_word(store, status.clone()).await => Ok(Ended::Whole),
                Ok(()) => Ok(Ended::Behind),
                Err(why) => Err(why),
            };
            shipped.cancel();
            ended
        };
        let shipping = replication.run(shipped.clone().cancelled_owned());
        let (ended, ()) = tokio::join!(working, shipping);
        ended
    }

    pub(super) fn tell(&self, state: GroupState) {
        self.shared.tell(&self.group, state);
    }

    pub(super) fn wished(&self) -> Wish {
        *self.wish.borrow()
    }

    /// Resolves when the group is to end: where it is to be given away, not before somebody could go on with it.
    async fn to_end(&self, mut replica: watch::Receiver<ReplicationStatus>) {
        let mut wish = self.wish.clone();
        let mut database = self.shared.central.health();
        loop {
            let is_whole = {
                let replica = replica.borrow_and_update();
                replica.complete && replica.standing.is_ok()
            };
            let commits = database.borrow_and_update().commits.is_ok();
            match *wish.borrow_and_update() {
                Wish::End => return,
                Wish::GiveAway | Wish::Leave if is_whole && commits => return,
                Wish::GiveAway | Wish::Leave | Wish::Work => {}
            }
            tokio::select! {
                Ok(()) = wish.changed() => {}
                Ok(()) = replica.changed() => {}
                Ok(()) = database.changed() => {}
            }
        }
    }

    /// Waits, and not longer than the group is to live.
    pub(super) async fn pause(&self, pause: Duration) {
        let mut wish = self.wish.clone();
        tokio::select! {
            biased;
            _ = wish.wait_for(|wish| !wish.goes_on()) => {}
            () = sleep(pause) => {}
        }
    }
}

/// Closes the group's file, where it is open.
async fn close(opened: &Opened) {
    let store = opened.lock().expect("no code panics with this lock").take();
    if let Some(store) = store {
        store.db().close().await;
    }
}

/// Waits until the replica has all that the store has, where that can be had soon: then the next owner starts from it. What
/// a deed that was begun before still writes meanwhile counts too. Whether it has.
async fn ship_last_word(store: &HostStore, mut status: watch::Receiver<ReplicationStatus>) -> bool {
    let newest = async || store.read(|read| read.newest_rev()).await.ok();
    let all = async {
        let mut last = newest().await?;
        loop {
            let shipped = status.wait_for(|status| status.complete && status.shipped_rev >= last);
            drop(shipped.await.ok()?);
            match newest().await? {
                now if now == last => return Some(()),
                now => last = now,
            }
        }
    };
    let shipped = matches!(timeout(LAST_WORD, all).await, Ok(Some(())));
    if !shipped {
        tracing::warn!(
            "what the group did last is not in the replica; whoever takes it over goes on from before"
        );
    }
    shipped
}
