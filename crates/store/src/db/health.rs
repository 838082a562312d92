//! What state a file is in, as its last write found it.

use crate::error::StoreError;
use std::fmt;
use std::sync::Mutex;

/// The state of a store, for probes and alerts. A store that is not [`Health::Ok`] still tries every write, and
/// tries one of its own from time to time, so that it recovers by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// The last commit succeeded, or none was tried yet.
    #[default]
    Ok,
    /// The disk has not finished a commit for longer than a write may take.
    Stalled,
    /// The last commit found no space.
    DiskFull,
    /// The last commit found the file read-only.
    ReadOnly,
    /// Another process held the file for longer than a write waits.
    Locked,
    /// The last commit failed in the operating system, with its sentence.
    Io(String),
    /// Damage was found, with the sentence that says what to do. Stays until the file is opened again.
    Corrupt(String),
    /// Closed or (simulated) crashed.
    Stopped,
}

impl Health {
    /// Whether writes can be expected to succeed.
    pub const fn accepts_writes(&self) -> bool {
        matches!(self, Self::Ok)
    }

    fn of(error: &StoreError) -> Option<Self> {
        match error {
            StoreError::DiskFull { .. } => Some(Self::DiskFull),
            StoreError::ReadOnly { .. } => Some(Self::ReadOnly),
            // A batch meets this one where it begins: it is never about the queue.
            StoreError::Busy { .. } => Some(Self::Locked),
            StoreError::Io { .. } => Some(Self::Io(error.to_string())),
            StoreError::Corrupt { .. } => Some(Self::Corrupt(error.to_string())),
            StoreError::Crashed { .. } | StoreError::Closed { .. } => Some(Self::Stopped),
            _ => None,
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("accepts writes"),
            Self::Stalled => f.write_str("the disk does not finish a write"),
            Self::DiskFull => f.write_str("no space left on the disk"),
            Self::ReadOnly => f.write_str("the file cannot be written"),
            Self::Locked => f.write_str("another process holds the file"),
            Self::Io(sentence) | Self::Corrupt(sentence) => f.write_str(sentence),
            Self::Stopped => f.write_str("stopped"),
        }
    }
}

/// The shared cell that the writer sets and everyone reads.
#[derive(Debug, Default)]
pub(super) struct HealthCell(Mutex<Health>);

impl HealthCell {
    pub(super) fn get(&self) -> Health {
        self.0
            .lock()
            .expect("no code panics with this lock")
            .clone()
    }

    /// Takes note of an outcome; logs a change of state once.
    pub(super) fn note(&self, file: &str, outcome: Result<(), &StoreError>) {
        let mut state = self.0.lock().expect("no code panics with this lock");
        if matches!(*state, Health::Corrupt(_) | Health::Stopped) {
            return;
        }
        let next = match outcome {
            Ok(()) => Health::Ok,
            Err(error) => match Health::of(error) {
                Some(next) => next,
                None => return,
            },
        };
        if *state != next {
            match &next {
                Health::Ok => tracing::info!(file, "the store accepts writes again"),
                Health::Stopped => tracing::debug!(file, "the store is closed"),
                state => tracing::error!(file, ?state, "the store does not accept writes"),
            }
            *state = next;
        }
    }
}
