//! One group, from its claim to its end.

use super::join::Ended;
use super::trouble::{Failing, Trouble};
use super::{GroupState, Part, Shared, Wish};
use crate::host::Host;
use crate::ownership::Permit;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{SemaphorePermit, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use twinline_core::mutant::{self, Mutant};
use twinline_store::central::{
    CentralError, Replication, ReplicationStatus, Standing, begin_new, take_over,
};
use twinline_store::host::HostStore;
use twinline_store::{Epoch, GroupId, StoreError};

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
        let mut failing = Failing::default();
        let gives_away = loop {
            let trouble = match self.once(opened, &mut failing).await {
                Ok(ended) => {
                    close(opened).await;
                    if ended == Ended::Joined {
                        return self.leave().await;
                    }
                    // Else whoever took it over would go on from before: it begins here once more.
                    break ended == Ended::Whole && self.wished() == Wish::GiveAway;
                }
                Err(trouble) => trouble,
            };
            let gives_up = self.gives_up(&mut failing, &trouble);
            let reason = trouble.reason;
            tracing::error!(group = %self.group, reason, gives_up, "the group does not work here");
            self.tell(GroupState::Failed { reason });
            if gives_up {
                self.shared.keeper.shun(&self.group);
                // Its file is closed when it is given away: that takes as long as its disk does.
                break true;
            }
            close(opened).await;
            self.pause(PAUSE).await;
            if self.wished() == Wish::End {
                return;
            }
        };
        if gives_away {
            self.give_away().await;
        }
    }

    /// Gives the group away. Its permit is over from the first try on, and the try may have succeeded although it is not known:
    /// so whatever is wished meanwhile, it is given away, but for a process that ends.
    async fn give_away(&self) {
        while let Err(error) = self.shared.keeper.give_away(&self.group).await {
            tracing::warn!(group = %self.group, %error, "the group could not be given away; trying again");
            self.pause(PAUSE).await;
            if self.wished() == Wish::End {
                return;
            }
        }
    }

    /// Takes the group over where that is to be done, and works until it is to end.
    async fn once(&self, opened: &Opened, failing: &mut Failing) -> Result<Ended, Trouble> {
        let shared = &self.shared;
        if shared.hosts.part(&self.group) == Part::Gone {
            return Ok(Ended::Joined);
        }
        if let Some(lacking) = shared.hosts.lacks(&self.group) {
            return Err(Trouble::lacking(lacking));
        }
        let store = match self.taken_over(opened, failing).await? {
            Taken::Over(store) => store,
            Taken::ToEnd => return Ok(Ended::Whole),
            Taken::Joined => return Ok(Ended::Joined),
        };
        let Some(has_grown) = self.take_in(&store, failing).await? else {
            return Ok(Ended::Behind);
        };
        let permit = self.permit.clone();
        let built = shared.hosts.build(&self.group, store.clone(), permit);
        let host = built.await.map_err(Trouble::of_host)?;
        if has_grown {
            // What was told of its new nodes before it was known to have them may be anywhere.
            host.sweep_now();
        }
        let begun = Instant::now();
        let ended = self.host(&host, &store).await;
        failing.worked(&shared.settings.terms, begun.elapsed());
        let ended = ended?;
        if ended == Ended::Whole && self.wished() == Wish::Leave {
            return self.close_group(&store).await.map_err(Trouble::of_host);
        }
        Ok(ended)
    }

    /// The store as this ownership's.
    async fn taken_over(&self, opened: &Opened, failing: &mut Failing) -> Result<Taken, Trouble> {
        let settings = &self.shared.settings;
        let path = settings.folder.join(format!("{}.db", self.group));
        let store = HostStore::open(&path, (settings.db)(), &settings.instance);
        let store = store
            .await
            .map_err(|error| Trouble::of_file(error.to_string()))?;
        *opened.lock().expect("no code panics with this lock") = Some(store.clone());
        let has_state = match has_state(&store, &self.group).await {
            Ok(has_state) => has_state,
            Err(error) => return Err(Trouble::of_file(error.to_string())),
        };
        if has_state && self.is_ours(&store) {
            // An earlier process of this host has taken it over under this very ownership.
            return self.unless_closed(store, failing).await;
        }
        self.tell(GroupState::Waiting);
        let begun = Instant::now();
        if !has_state && let Some(store) = self.begin_new(&store).await {
            return Ok(Taken::Over(store));
        }
        if !mutant::is(Mutant::TakeoverWithoutWaiting) {
            let wait = settings.terms.takeover_wait();
            while begun.elapsed() < wait && !self.ends(has_state) {
                self.pause(wait.saturating_sub(begun.elapsed())).await;
            }
        }
        let mut last = None;
        while !self.ends(has_state) {
            self.tell(GroupState::TakingOver {
                failing: last.take(),
            });
            let trouble = match self.take_over(&store).await {
                Ok(Some(taken)) => return Ok(taken),
                Ok(None) => continue,
                Err(trouble) => trouble.with_state(has_state),
            };
            if !trouble.is_retryable || self.gives_up(failing, &trouble) {
                return Err(trouble);
            }
            let why = &trouble.reason;
            tracing::warn!(group = %self.group, why, "the group's state cannot be taken over yet");
            last = Some(trouble.reason);
            self.pause(PAUSE).await;
        }
        Ok(Taken::ToEnd)
    }

    /// Whether a file is this very ownership's.
    pub(super) fn is_ours(&self, store: &HostStore) -> bool {
        let found = store.stamp().epoch;
        found.revision() == self.epoch.revision() && found.generation() >= self.epoch.generation()
    }

    /// The store of an ownership that an earlier process has begun; it may have closed the group.
    async fn unless_closed(
        &self,
        store: HostStore,
        failing: &mut Failing,
    ) -> Result<Taken, Trouble> {
        if self.wished() != Wish::Leave {
            return Ok(Taken::Over(store));
        }
        Ok(match self.is_closed(failing).await? {
            Some(true) => Taken::Joined,
            Some(false) => Taken::Over(store),
            None => Taken::ToEnd,
        })
    }

    /// Begins a group that nobody has owned yet; `None`: it is another, or that is not known.
    async fn begin_new(&self, store: &HostStore) -> Option<HostStore> {
        let shared = &self.shared;
        let (central, entropy) = (&*shared.central, &*shared.env.entropy);
        match begin_new(central, store, &self.group, self.epoch, entropy).await {
            Ok(begun) => {
                begun.inspect(|_| tracing::info!(group = %self.group, "the group was begun"))
            }
            Err(error) => {
                tracing::debug!(group = %self.group, %error, "whether the group is new is not known");
                None
            }
        }
    }

    /// Takes the group over, in turn: what is at work writes its replica over the same few connections. `None`: something else
    /// is wished meanwhile.
    async fn take_over(&self, store: &HostStore) -> Result<Option<Taken>, Trouble> {
        let shared = &self.shared;
        // Nobody waits for a turn that could come to nothing.
        if let Standing::Failing { why, .. } = &shared.central.health().borrow().commits {
            return Err(Trouble::without_commits(why));
        }
        let Some(turn) = self.turn().await else {
            return Ok(None);
        };
        let (central, entropy) = (&*shared.central, &*shared.env.entropy);
        let taken = take_over(central, store, &self.group, self.epoch, entropy).await;
        drop(turn);
        match taken {
            Ok((store, origin)) => {
                tracing::info!(group = %self.group, ?origin, "the group was taken over");
                Ok(Some(Taken::Over(store)))
            }
            Err(CentralError::Joined { .. }) => Ok(Some(Taken::Joined)),
            Err(error) => Err(Trouble::taking_over(&error)),
        }
    }

    /// A turn at taking over; `None`: something else is wished meanwhile.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        tokio::select! {
            biased;
            turn = self.shared.takeovers.acquire() => Some(turn.expect("the semaphore is never closed")),
            () = self.wish_changes() => None,
        }
    }

    /// Whether the group ends before its state is taken over: where the file here has a state of it, that may be further than
    /// the replica, and is shipped before the group is given away.
    fn ends(&self, has_state: bool) -> bool {
        match self.wished() {
            Wish::Work | Wish::Leave => false,
            Wish::GiveAway => !has_state,
            Wish::End => true,
        }
    }

    /// Runs the group's host and its replication until the group is to end.
    async fn host(&self, host: &Host, store: &HostStore) -> Result<Ended, Trouble> {
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
                ended = host.run(stop.clone()) => ended.map_err(|why| Trouble::of_host(why.to_string())),
                () = told => unreachable!("it waits for ever"),
                why = self.is_unwritable(store, status.clone()) => Err(Trouble::unwritable(why)),
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

    /// Waits, until something else is wished.
    pub(super) async fn pause(&self, pause: Duration) {
        tokio::select! {
            biased;
            () = self.wish_changes() => {}
            () = sleep(pause) => {}
        }
    }

    async fn wish_changes(&self) {
        let now = self.wished();
        let mut wish = self.wish.clone();
        // Its sender lives as long as this does.
        drop(wish.wait_for(|wish| *wish != now).await);
    }
}

/// Whether the file has a state of the group, whoever owned it then.
pub(super) async fn has_state(store: &HostStore, group: &GroupId) -> Result<bool, StoreError> {
    if store.stamp().group != *group {
        return Ok(false);
    }
    let group = group.clone();
    store.read(move |read| read.is_whole(&group)).await
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
