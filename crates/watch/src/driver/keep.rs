//! The states on the disk: read once, written behind what watch does. Nothing waits for it.
//!
//! A file that is damaged is put aside and a new one made, from memory if it was damaged meanwhile. A disk that is full,
//! or does not answer, is tried again; until then all goes on in memory. Each is told to whoever decides, as a failing
//! subject of our own, and that it is mended.

use super::changes::Changes;
use super::journal::{Journal, LINES_MAX};
use super::machines::{Known, Machines};
use super::record::Records;
use super::reports::Reports;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tokio::time::timeout;
use twinline_core::time::Timestamp;
use twinline_core::watch::incident::{Book, IncidentId};
use twinline_store::StoreError;
use twinline_store::db::DbOptions;
use twinline_store::watch::{Kept, Line, WatchStore, put_aside};

/// Opening a file of ours takes no longer, on a disk that answers.
const OPEN_MAX: Duration = Duration::from_secs(10);

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
    pub(super) file: Opened,
}

/// The file, as far as it could be opened.
#[derive(Default)]
pub(super) struct Opened {
    pub(super) store: Option<WatchStore>,
    /// What it has.
    pub(super) stored: BTreeMap<String, String>,
    /// Whether what it has is known here: it was read, or put aside. Otherwise it is not to be written over.
    pub(super) ours: bool,
}

/// What became of a file that cannot be used.
pub(super) struct Aside {
    /// Whether it is out of the way.
    pub(super) is_aside: bool,
    pub(super) trouble: Trouble,
}

/// What a file has that could not be read at the start.
pub(super) struct Found {
    pub(super) machines: Machines,
    pub(super) lines: Vec<Line>,
}

/// Reads what was kept; never fails.
pub(super) async fn begin(path: &Path, now: Timestamp) -> Begun {
    match open(path).await {
        Ok((store, kept)) => taken_up(store, kept, path, now).await,
        Err(error) if is_damaged(&error) => {
            let aside = damaged(path, &error.to_string(), now).await;
            anew(path, aside, now).await
        }
        Err(error) => {
            let trouble = Trouble::Disk(error.to_string());
            Begun {
                // What is on the disk and cannot be read now may have used the first numbers.
                machines: numbered(now),
                journal: Journal::default(),
                trouble: Some(trouble),
                file: Opened::default(),
            }
        }
    }
}

/// Opens the file and reads it.
pub(super) async fn open(path: &Path) -> Result<(WatchStore, Kept), StoreError> {
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
            file: Opened {
                store: Some(store),
                stored: kept.states,
                ours: true,
            },
        },
        Err(reason) => {
            store.close().await;
            drop(store);
            let error = StoreError::Unreadable {
                what: "a watch's state",
                reason,
            };
            let aside = damaged(path, &error.to_string(), now).await;
            anew(path, aside, now).await
        }
    }
}

/// Begins with nothing, in a new file if one can be made.
async fn anew(path: &Path, aside: Aside, now: Timestamp) -> Begun {
    let store = if aside.is_aside {
        open(path).await.ok().map(|(store, _)| store)
    } else {
        None
    };
    Begun {
        machines: numbered(now),
        journal: Journal::default(),
        trouble: Some(aside.trouble),
        file: Opened {
            store,
            stored: BTreeMap::new(),
            ours: aside.is_aside,
        },
    }
}

/// No number is used twice, whatever the lost file had: there was less than one incident a second.
fn numbered(now: Timestamp) -> Machines {
    let next = u64::try_from(now.as_millis() / 1000).unwrap_or(1).max(1);
    Machines {
        book: Book::numbered_from(IncidentId(next)),
        changes: Changes::numbered_from(next),
        ..Machines::default()
    }
}

/// Whether what reading said means that the file cannot be used.
pub(super) fn is_damaged(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Corrupt { .. }
            | StoreError::WrongFile { .. }
            | StoreError::NewerSchema { .. }
            | StoreError::Unreadable { .. }
            | StoreError::Statement(_)
    )
}

/// Puts the file aside, for this reason.
pub(super) async fn damaged(path: &Path, why: &str, now: Timestamp) -> Aside {
    let owned = path.to_owned();
    let put = tokio::task::spawn_blocking(move || put_aside(&owned, now)).await;
    let put = put.map_err(|error| error.to_string());
    let put = put.and_then(|put| put.map_err(|error| error.to_string()));
    let told = match &put {
        Ok(aside) => format!("{why}; it is kept as {}", aside.display()),
        Err(stays) => format!("{why}; {stays}"),
    };
    tracing::error!(error = told, "watch's file cannot be used");
    Aside {
        is_aside: put.is_ok(),
        trouble: Trouble::Damaged(told),
    }
}

/// The states that a file has.
pub(super) fn machines_of(states: &BTreeMap<String, String>) -> Result<Machines, String> {
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
        reports: read::<Reports>(states, "reports")?,
        changes: read::<Changes>(states, "changes")?,
        latest: read(states, "latest")?,
        probes: read::<BTreeMap<String, Known>>(states, "probes")?,
        said: BTreeMap::new(),
    })
}

/// The states as they are stored.
pub(super) fn documents(
    machines: &Machines,
) -> Result<BTreeMap<String, String>, serde_json::Error> {
    let all = [
        ("book", serde_json::to_string(&machines.book)?),
        ("paging", serde_json::to_string(&machines.paging)?),
        ("page", serde_json::to_string(&machines.status)?),
        ("incidents", serde_json::to_string(&machines.records)?),
        ("reports", serde_json::to_string(&machines.reports)?),
        ("changes", serde_json::to_string(&machines.changes)?),
        ("latest", serde_json::to_string(&machines.latest)?),
        ("probes", serde_json::to_string(&machines.probes)?),
    ];
    let owned = all.map(|(name, document)| (name.to_owned(), document));
    Ok(owned.into())
}
