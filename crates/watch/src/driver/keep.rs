//! The states on the disk: read once, written behind what watch does. Nothing waits for it.
//!
//! A file that is damaged is put aside and a new one made, from memory if it was damaged meanwhile. A disk that is full,
//! or does not answer, is tried again; until then all goes on in memory. Each is told to whoever decides, as a failing
//! subject of our own, and that it is mended.

use super::journal::{Journal, LINES_MAX};
use super::machines::{Known, Machines};
use super::record::Records;
use super::told::Told;
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;
use twinline_core::watch::incident::{Book, IncidentId};
use twinline_store::StoreError;
use twinline_store::db::DbOptions;
use twinline_store::watch::{Change, Kept, Line, WatchStore, put_aside};

/// Opening a file of ours takes no longer, on a disk that answers.
const OPEN_MAX: Duration = Duration::from_secs(10);
/// What was not written is tried again after this.
const RETRY: Duration = Duration::from_secs(2);
/// A write is waited for so long at the end.
const LAST_MAX: Duration = Duration::from_secs(3);
/// Lines that wait for the disk; older ones are lost from the disk, and stay in memory for a while.
const WAITING_MAX: usize = LINES_MAX;

/// What is wrong with the file, for a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The disk: full, read-only, silent.
    Disk(String),
    /// The file was damaged, and has been put aside.
    Damaged(String),
}

/// What a watch begins with.
pub(super) struct Begun {
    pub(super) machines: Machines,
    pub(super) journal: Journal,
    pub(super) trouble: Option<Trouble>,
    store: Option<WatchStore>,
    stored: BTreeMap<String, String>,
}

/// Reads what was kept; never fails.
pub(super) async fn begin(path: &Path, now: Timestamp) -> Begun {
    match open(path).await {
        Ok((store, kept)) => taken_up(store, kept, path, now).await,
        Err(error) if is_damaged(&error) => {
            let trouble = damaged(path, &error, now);
            anew(path, trouble, now).await
        }
        Err(error) => {
            let trouble = Trouble::Disk(error.to_string());
            Begun {
                // What is on the disk and cannot be read now may have used the first numbers.
                machines: numbered(now),
                journal: Journal::default(),
                trouble: Some(trouble),
                store: None,
                stored: BTreeMap::new(),
            }
        }
    }
}

async fn open(path: &Path) -> Result<(WatchStore, Kept), StoreError> {
    let owned = path.to_owned();
    let opening =
        tokio::task::spawn_blocking(move || WatchStore::open(&owned, DbOptions::default()));
    let lines = u32::try_from(LINES_MAX).unwrap_or(u32::MAX);
    let opened = timeout(OPEN_MAX, async {
        let store = opening.await.map_err(|error| StoreError::File {
            path: path.display().to_string(),
            reason: format!("opening it failed: {error}"),
        })??;
        let kept = store.read(lines).await?;
        Ok((store, kept))
    });
    opened.await.unwrap_or_else(|_| {
        Err(StoreError::Stalled {
            file: path.display().to_string(),
            max_ms: u64::try_from(OPEN_MAX.as_millis()).unwrap_or(u64::MAX),
        })
    })
}

async fn taken_up(store: WatchStore, kept: Kept, path: &Path, now: Timestamp) -> Begun {
    match machines_of(&kept.states) {
        Ok(machines) => Begun {
            machines,
            journal: Journal::new(&kept.journal),
            trouble: None,
            store: Some(store),
            stored: kept.states,
        },
        Err(reason) => {
            store.close().await;
            drop(store);
            let error = StoreError::Unreadable {
                what: "a watch's state",
                reason,
            };
            let trouble = damaged(path, &error, now);
            anew(path, trouble, now).await
        }
    }
}

/// Begins with nothing, in a new file if one can be made.
async fn anew(path: &Path, trouble: Trouble, now: Timestamp) -> Begun {
    let store = open(path).await.ok().map(|(store, _)| store);
    Begun {
        machines: numbered(now),
        journal: Journal::default(),
        trouble: Some(trouble),
        store,
        stored: BTreeMap::new(),
    }
}

/// No number is used twice, whatever the lost file had: there was less than one incident a second.
fn numbered(now: Timestamp) -> Machines {
    let next = u64::try_from(now.as_millis() / 1000).unwrap_or(1).max(1);
    Machines {
        book: Book::numbered_from(IncidentId(next)),
        ..Machines::default()
    }
}

fn is_damaged(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Corrupt { .. }
            | StoreError::WrongFile { .. }
            | StoreError::NewerSchema { .. }
            | StoreError::Unreadable { .. }
            | StoreError::Statement(_)
    )
}

fn damaged(path: &Path, error: &StoreError, now: Timestamp) -> Trouble {
    let told = match put_aside(path, now) {
        Ok(aside) => format!("{error}; it is kept as {}", aside.display()),
        Err(stays) => format!("{error}; {stays}"),
    };
    tracing::error!(error = told, "watch begins with an empty state");
    Trouble::Damaged(told)
}

fn machines_of(states: &BTreeMap<String, String>) -> Result<Machines, String> {
    fn read<T: serde::de::DeserializeOwned + Default>(
        states: &BTreeMap<String, String>,
        name: &str,
    ) -> Result<T, String> {
        let Some(document) = states.get(name) else {
            return Ok(T::default());
        };
        serde_json::from_str(document).map_err(|error| format!("{name}: {error}"))
    }
    Ok(Machines {
        book: read::<Book>(states, "book")?,
        paging: read(states, "paging")?,
        status: read(states, "page")?,
        records: read::<Records>(states, "incidents")?,
        probes: read::<BTreeMap<String, Known>>(states, "probes")?,
        said: BTreeMap::new(),
    })
}

fn documents(machines: &Machines) -> Result<BTreeMap<String, String>, serde_json::Error> {
    let all = [
        ("book", serde_json::to_string(&machines.book)?),
        ("paging", serde_json::to_string(&machines.paging)?),
        ("page", serde_json::to_string(&machines.status)?),
        ("incidents", serde_json::to_string(&machines.records)?),
        ("probes", serde_json::to_string(&machines.probes)?),
    ];
    let owned = all.map(|(name, document)| (name.to_owned(), document));
    Ok(owned.into())
}

/// What waits for the disk: the newest state, and lines.
#[derive(Default)]
struct Waiting {
    machines: Option<Machines>,
    lines: VecDeque<Line>,
    ends: bool,
}

/// Where the driver leaves what is to be stored. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Shelf(Arc<(Mutex<Waiting>, Notify)>);

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves the newest state, and lines.
    pub(super) fn leave(&self, machines: Option<Machines>, lines: impl IntoIterator<Item = Line>) {
        let mut waiting = self.lock();
        waiting.machines = machines.or(waiting.machines.take());
        waiting.lines.extend(lines);
        let over = waiting.lines.len().saturating_sub(WAITING_MAX);
        waiting.lines.drain(..over);
        drop(waiting);
        self.0.1.notify_one();
    }

    /// Nothing more comes.
    pub(super) fn end(&self) {
        self.lock().ends = true;
        self.0.1.notify_one();
    }

    /// Puts back lines that could not be written, before those that have come since.
    fn put_back(&self, lines: VecDeque<Line>) {
        let mut waiting = self.lock();
        for line in lines.into_iter().rev() {
            if waiting.lines.len() < WAITING_MAX {
                waiting.lines.push_front(line);
            }
        }
    }
}

/// Writes what is left on the shelf.
pub(super) struct Keeper {
    path: PathBuf,
    shelf: Shelf,
    clock: Arc<dyn Clock>,
    store: Option<WatchStore>,
    /// What the file has.
    stored: BTreeMap<String, String>,
    /// What it is to have.
    newest: Option<Machines>,
    /// Whether that could not be written.
    behind: bool,
    told: mpsc::Sender<Told>,
}

impl Keeper {
    /// What is wrong, and that nothing is any more, is told by `told`.
    pub(super) fn new(
        path: &Path,
        shelf: Shelf,
        clock: Arc<dyn Clock>,
        begun: &mut Begun,
        told: mpsc::Sender<Told>,
    ) -> Self {
        Self {
            path: path.to_owned(),
            shelf,
            clock,
            store: begun.store.take(),
            stored: std::mem::take(&mut begun.stored),
            newest: None,
            behind: false,
            told,
        }
    }

    /// Writes until [`Shelf::end`].
    pub(super) async fn run(mut self) {
        let mut was_sound = None;
        loop {
            let taken = std::mem::take(&mut *self.shelf.lock());
            if taken.ends {
                self.shelf.lock().ends = true;
            }
            if taken.machines.is_none() && taken.lines.is_empty() && !self.behind {
                if taken.ends {
                    break;
                }
                self.shelf.0.1.notified().await;
                continue;
            }
            self.newest = taken.machines.or(self.newest.take());
            let trouble = match self.write(&taken.lines).await {
                Ok(()) => None,
                Err(error) => {
                    self.shelf.put_back(taken.lines);
                    Some(self.judge(&error).await)
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
        if let Some(store) = self.store {
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
        drop(self.told.send(Told::Stored(trouble)).await);
    }

    async fn write(&mut self, lines: &VecDeque<Line>) -> Result<(), StoreError> {
        let store = match &self.store {
            Some(store) => store.clone(),
            None => {
                let (store, _) = open(&self.path).await?;
                // What is there was there before us: ours is what counts.
                self.stored.clear();
                self.store.insert(store).clone()
            }
        };
        let mut fresh = BTreeMap::new();
        if let Some(machines) = &self.newest {
            fresh = documents(machines).map_err(|error| StoreError::Unreadable {
                what: "a watch's state",
                reason: error.to_string(),
            })?;
            fresh.retain(|name, document| self.stored.get(name) != Some(document));
        }
        let change = Change {
            states: fresh.clone(),
            journal: lines.iter().cloned().collect(),
        };
        let lines = u32::try_from(LINES_MAX).unwrap_or(u32::MAX);
        store.write(change, lines).await?;
        self.stored.extend(fresh);
        Ok(())
    }

    /// What a failed write means. A damaged file is put aside: the next write makes another, of all that is in memory.
    async fn judge(&mut self, error: &StoreError) -> Trouble {
        if !is_damaged(error) && !matches!(error, StoreError::Closed { .. }) {
            return Trouble::Disk(error.to_string());
        }
        if let Some(store) = self.store.take() {
            drop(timeout(LAST_MAX, store.close()).await);
        }
        damaged(&self.path, error, self.clock.now())
    }
}

#[cfg(test)]
#[path = "keep_tests.rs"]
mod tests;
