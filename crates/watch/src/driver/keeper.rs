//! Writes behind the driver what it leaves on the shelf.
//!
//! What the disk does not take is tried again; a file that is damaged is put aside and another made, of all that is in
//! memory. One that could not be read at the start and can be now is never written over: the driver goes on from it, or it
//! is put aside.

use super::journal::LINES_MAX;
use super::keep::{Found, Opened, Trouble, damaged, documents, is_damaged, machines_of, open};
use super::machines::Machines;
use super::shelf::Shelf;
use super::told::Told;
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;
use twinline_core::handles::Clock;
use twinline_store::StoreError;
use twinline_store::watch::{Change, Kept, Line, WatchStore};

/// What was not written is tried again after this.
const RETRY: Duration = Duration::from_secs(2);
/// A write is waited for so long at the end.
const LAST_MAX: Duration = Duration::from_secs(3);
/// The driver says within this whether it goes on from what was found.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// Why something was not written.
enum Fault {
    /// The file cannot be opened or read.
    Read(StoreError),
    /// It does not take what is written.
    Write(StoreError),
    /// It has states that nobody here knows, and that the driver did not go on from.
    Foreign,
}

/// What a keeper works with.
#[derive(Clone)]
pub(super) struct Tools {
    pub(super) path: PathBuf,
    pub(super) shelf: Shelf,
    pub(super) clock: Arc<dyn Clock>,
    /// What is wrong, and that nothing is any more, is told by it.
    pub(super) told: mpsc::Sender<Told>,
}

/// The keeper's task, which is started anew when it ends by itself.
pub(super) struct Keeping {
    tools: Tools,
    task: JoinSet<()>,
}

impl Keeping {
    pub(super) fn start(tools: Tools, file: Opened) -> Self {
        let mut task = JoinSet::new();
        task.spawn(Keeper::new(tools.clone(), file).run());
        Self { tools, task }
    }

    /// Waits until the keeper ends though it should not; says why.
    pub(super) async fn lost(&mut self) -> String {
        match self.task.join_next().await {
            Some(Err(error)) => format!("what writes it has failed: {error}"),
            Some(Ok(())) => "what writes it has ended".to_owned(),
            None => std::future::pending().await,
        }
    }

    /// Starts another. What the one before had taken is to be left on the shelf again.
    pub(super) fn again(&mut self) {
        let file = Opened {
            ours: true,
            ..Opened::default()
        };
        let keeper = Keeper::new(self.tools.clone(), file);
        self.task.spawn(async {
            // One that fails again and again takes no more of the processor than that.
            tokio::time::sleep(RETRY).await;
            keeper.run().await;
        });
    }

    /// Waits until it has written the last.
    pub(super) async fn ends(&mut self) {
        while self.task.join_next().await.is_some() {}
    }
}

/// Writes what is left on the shelf.
struct Keeper {
    tools: Tools,
    file: Opened,
    /// What the file is to have.
    newest: Option<Machines>,
    /// Whether that could not be written.
    behind: bool,
}

impl Keeper {
    fn new(tools: Tools, file: Opened) -> Self {
        Self {
            tools,
            file,
            newest: None,
            behind: false,
        }
    }

    /// Writes until [`Shelf::end`].
    async fn run(mut self) {
        let mut was_sound = None;
        loop {
            let taken = self.tools.shelf.take();
            if taken.machines.is_none() && taken.lines.is_empty() && !self.behind {
                if taken.ends {
                    break;
                }
                self.tools.shelf.changed().await;
                continue;
            }
            self.newest = taken.machines.or(self.newest.take());
            let trouble = match self.write(&taken.lines).await {
                Ok(()) => None,
                Err(Fault::Foreign) if taken.ends => {
                    // The next watch goes on from it.
                    tracing::error!(
                        "watch's last state is not stored: the file has an earlier one"
                    );
                    break;
                }
                Err(fault) => {
                    self.tools.shelf.put_back(taken.lines);
                    Some(self.judge(fault).await)
                }
            };
            self.behind = trouble.is_some();
            self.tell(trouble, &mut was_sound).await;
            if taken.ends {
                break;
            }
            if self.behind {
                tokio::time::sleep(RETRY).await;
            }
        }
        if let Some(store) = self.file.store {
            // What is not written by then is found again by the probes.
            drop(timeout(LAST_MAX, store.close()).await);
        }
    }

    /// Tells what is new.
    async fn tell(&self, trouble: Option<Trouble>, was_sound: &mut Option<bool>) {
        let sound = Some(trouble.is_none());
        if *was_sound == sound && !matches!(trouble, Some(Trouble::Damaged(_))) {
            return;
        }
        *was_sound = sound;
        if let Some(Trouble::Disk(error)) = &trouble {
            tracing::error!(error, "watch's state is not stored; it goes on in memory");
        }
        // The driver has ended: nobody is left to hear it.
        drop(self.tools.told.send(Told::Stored(trouble)).await);
    }

    async fn write(&mut self, lines: &VecDeque<Line>) -> Result<(), Fault> {
        let store = match &self.file.store {
            Some(store) => store.clone(),
            None => self.open().await?,
        };
        let mut fresh = BTreeMap::new();
        if let Some(machines) = &self.newest {
            let unwritable = |error: serde_json::Error| StoreError::Unreadable {
                what: "a watch's state",
                reason: error.to_string(),
            };
            fresh = documents(machines).map_err(|error| Fault::Write(unwritable(error)))?;
            fresh.retain(|name, document| self.file.stored.get(name) != Some(document));
        }
        let change = Change {
            states: fresh.clone(),
            journal: lines.iter().cloned().collect(),
        };
        let lines = u32::try_from(LINES_MAX).unwrap_or(u32::MAX);
        store.write(change, lines).await.map_err(Fault::Write)?;
        self.file.stored.extend(fresh);
        Ok(())
    }

    /// Opens the file. What it has that nobody here knows is offered to the driver.
    async fn open(&mut self) -> Result<WatchStore, Fault> {
        let (store, kept) = open(&self.tools.path).await.map_err(Fault::Read)?;
        self.file.stored.clear();
        if !self.file.ours && !kept.states.is_empty() {
            let states = kept.states.clone();
            if let Err(fault) = self.offer(kept).await {
                drop(timeout(LAST_MAX, store.close()).await);
                return Err(fault);
            }
            self.file.stored = states;
        }
        self.file.ours = true;
        Ok(self.file.store.insert(store).clone())
    }

    async fn offer(&self, kept: Kept) -> Result<(), Fault> {
        let machines = machines_of(&kept.states);
        let machines = machines.map_err(|reason| {
            Fault::Read(StoreError::Unreadable {
                what: "a watch's state",
                reason,
            })
        })?;
        let lines = kept.journal;
        let (to, answer) = oneshot::channel();
        let offered = timeout(ANSWER_MAX, async {
            let found = Box::new(Found { machines, lines });
            let sent = self.tools.told.send(Told::Found(found, to)).await;
            sent.ok()?;
            answer.await.ok()
        });
        match offered.await {
            Ok(Some(true)) => Ok(()),
            // One that answers later has gone on from it, and finds it put aside beside its own.
            Ok(Some(false)) | Err(_) => Err(Fault::Foreign),
            // The driver has ended: the next one goes on from it.
            Ok(None) => Err(Fault::Read(StoreError::File {
                path: self.tools.path.display().to_string(),
                reason: "it has an earlier state, and this watch ends".to_owned(),
            })),
        }
    }

    /// What a failed write means. A file that cannot be used is put aside: the next write makes another, of all that is in
    /// memory. A mistake of ours in writing is none of the file's.
    async fn judge(&mut self, fault: Fault) -> Trouble {
        let why: String = match fault {
            Fault::Read(error) if is_damaged(&error) => error.to_string(),
            Fault::Write(
                error @ (StoreError::Corrupt { .. }
                | StoreError::WrongFile { .. }
                | StoreError::NewerSchema { .. }
                | StoreError::Closed { .. }),
            ) => error.to_string(),
            Fault::Read(error) | Fault::Write(error) => return Trouble::Disk(error.to_string()),
            Fault::Foreign => {
                "it could not be read when watch began, and something else has happened since"
                    .to_owned()
            }
        };
        if let Some(store) = self.file.store.take() {
            drop(timeout(LAST_MAX, store.close()).await);
        }
        let aside = damaged(&self.tools.path, &why, self.tools.clock.now()).await;
        self.file.ours = aside.is_aside;
        aside.trouble
    }
}

#[cfg(test)]
#[path = "keeper_tests.rs"]
mod tests;
