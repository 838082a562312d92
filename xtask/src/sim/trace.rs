//! What happened, in order: the proof that a seed repeats itself, and what a person reads when one fails.

use sha2::{Digest as _, Sha256};
use std::fmt::Arguments;
use std::path::Path;
use std::sync::{Arc, Mutex};
use twinline_core::handles::Clock;

/// The record of one run. Clones share it.
#[derive(Clone)]
pub(super) struct Trace {
    clock: Arc<dyn Clock>,
    /// Where this run keeps its files; another run has another.
    folder: Arc<str>,
    kept: Arc<Mutex<Kept>>,
}

struct Kept {
    hash: Sha256,
    steps: u64,
    show: bool,
}

impl Trace {
    pub(super) fn new(clock: Arc<dyn Clock>, folder: &Path, show: bool) -> Self {
        let kept = Kept {
            hash: Sha256::new(),
            steps: 0,
            show,
        };
        Self {
            clock,
            folder: folder.to_string_lossy().into(),
            kept: Arc::new(Mutex::new(kept)),
        }
    }

    /// Notes one step, with the simulated time.
    pub(super) fn step(&self, what: Arguments<'_>) {
        // A refusal of the disk names the file.
        let line = format!("{} {what}", self.clock.now()).replace(&*self.folder, "");
        let mut kept = self.kept.lock().expect("no code panics with this lock");
        kept.steps += 1;
        kept.hash.update(line.as_bytes());
        kept.hash.update(b"\n");
        if kept.show {
            crate::say(&line);
        }
    }

    /// How many steps there were.
    pub(super) fn steps(&self) -> u64 {
        self.kept
            .lock()
            .expect("no code panics with this lock")
            .steps
    }

    /// The digest of all steps, in hexadecimal.
    pub(super) fn hash(&self) -> String {
        let kept = self.kept.lock().expect("no code panics with this lock");
        hex::encode(kept.hash.clone().finalize())
    }
}
