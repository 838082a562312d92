//! Copying a file: read at its tracker while it is sent to the other one, so that no more of it is in memory than is on its
//! way.
//!
//! A file takes longer than an attempt may. So what counts as the attempt begins when the tracker gets the last piece, or is
//! asked to attach what it has got: until then nothing shows there, and whatever fails has certainly not happened. In a fleet
//! the permit is asked then, and not before. Until then the copy also has its own time, by the file's size: however slowly a
//! file comes or is taken, it gives its place to others.

mod pump;
mod sending;

use crate::node::Node;
use pump::Pump;
use sending::Sending;
use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use twinline_core::effect::{Applied, Effect, Refusal};
use twinline_core::names::{LinkId, Side, Sides};
use twinline_trackers::{Commit, TrackerError, Upload};

/// What a copy may take until it is committed, beyond what its size takes.
const TIME_MIN: Duration = Duration::from_secs(60);
/// The least pace of a file, over all of it.
const BYTES_PER_SECOND_MIN: u64 = 64 * 1024;
/// So often in a row a job may fail, and its file is tried again soon. One that fails once more is owed.
const FAILURES_MAX: u32 = 4;

/// What a job knows of earlier tries of its copies.
pub(super) struct Tried {
    /// How often it has failed in a row.
    pub(super) failures: u32,
    /// The originals ([`twinline_core::attachments::FileOrigin::key`]) of which a copy was open when the job began.
    pub(super) open: BTreeSet<LinkId>,
}

impl Tried {
    /// Whether a write is a copy that was sent again and again and never arrived: a proxy that fails every large request
    /// leaves the outcome unknown each time.
    pub(super) fn gives_up(&self, effect: &Effect) -> bool {
        match effect {
            Effect::AddAttachment { marker, .. } => {
                self.failures >= FAILURES_MAX && self.open.contains(&marker.link)
            }
            _ => false,
        }
    }
}

/// A copy that is not tried again now.
pub(super) fn never_arrived() -> Applied {
    let why = "it was sent several times and never arrived";
    refused(why.to_owned(), false)
}

/// How a copy ended.
pub(super) struct Copied {
    pub(super) answer: Result<Applied, TrackerError>,
    /// Whose answer it is: that of the side which is written, or of the one which is read.
    pub(super) side: Side,
}

impl Copied {
    /// The same; but what fails in a way that may pass, and has not passed for so many failures of its job in a row, is owed:
    /// a file holds nothing back, and quarantines no twin.
    pub(super) fn owed_after(self, failures: u32) -> Self {
        let Self { answer, side } = self;
        let answer = match answer {
            Err(error @ (TrackerError::Retry { .. } | TrackerError::Unreadable { .. }))
                if failures >= FAILURES_MAX =>
            {
                Ok(refused(error.to_string(), false))
            }
            answer => answer,
        };
        Self { answer, side }
    }
}

/// Makes the write [`Effect::AddAttachment`] on `side`.
pub(super) async fn copy(nodes: &Sides<Arc<Node>>, side: Side, effect: &Effect) -> Copied {
    let target = nodes.get(side);
    let at = |side, answer| Copied { answer, side };
    let _turn = match target.file_turn() {
        Ok(turn) => turn,
        Err(busy) => return at(side, Err(busy)),
    };
    let Effect::AddAttachment { source, file, .. } = effect else {
        unreachable!("only a file is copied, not {effect:?}")
    };
    let time = time_for(file.size);
    let until = Instant::now() + time;
    let reader = Arc::clone(nodes.get(side.other()));
    let first = reader.request(reader.tracker().open_file(source, file, 0));
    let first = match first.await {
        Ok(body) => body,
        Err(error) => return at(side.other(), unreadable(error)),
    };
    let sending = Arc::new(Sending::default());
    let pump = Pump::new(reader, source, file, first, &sending);
    let upload = Upload {
        size: file.size,
        bytes: pump.into_stream(),
        commit: commit(target, &sending),
    };
    let attempt = target.tracker().attach(effect, upload);
    let (begun, last) = (sending.committed(), || sending.last());
    let attempt = target.attempt_begun_later(begun, last, attempt);
    let answer = tokio::select! {
        biased;
        answer = attempt => answer,
        () = too_slow(&sending, until) => {
            let why = format!("its copy was not done within {} s", time.as_secs());
            return at(side, Ok(refused(why, false)));
        }
    };
    // Of the two that may end it exactly one does: what is still read afterwards commits nothing.
    let committed = sending.close();
    if answer.is_err() && !committed {
        if let Some(fault) = sending.take_fault() {
            return at(side.other(), unreadable(fault));
        }
        if let Some(busy) = sending.take_held_back() {
            return at(side, Err(busy));
        }
    }
    let answer = answer.map_err(|error| match error {
        // What the tracker did not get whole, or was not asked to attach, it cannot have attached.
        TrackerError::Unknown { reason } if !committed => TrackerError::Retry {
            reason,
            after: None,
        },
        error => error,
    });
    // What fails before it shows may fail for this file alone: whether the node works, other requests tell.
    let of_the_file = !committed && matches!(answer, Err(TrackerError::Retry { after: None, .. }));
    if !of_the_file {
        target.learn(answer.as_ref().err());
    }
    at(side, answer.or_else(unattached))
}

/// The time that a copy of a file of so many bytes has until it is committed.
const fn time_for(size: u64) -> Duration {
    TIME_MIN.saturating_add(Duration::from_secs(size / BYTES_PER_SECOND_MIN))
}

/// Ends at `until` where nothing was committed by then, and from then on nothing is; else never.
async fn too_slow(sending: &Sending, until: Instant) {
    sleep_until(until).await;
    if sending.close() {
        pending::<()>().await;
    }
}

fn commit(target: &Arc<Node>, sending: &Arc<Sending>) -> Commit {
    let (node, sending) = (Arc::clone(target), Arc::clone(sending));
    Commit::new(move || sending.commit(|| node.begin()))
}

/// A file that is not taken is told of, and holds nothing back.
fn unattached(error: TrackerError) -> Result<Applied, TrackerError> {
    match error {
        TrackerError::Unfit { sentence, .. } => Ok(refused(sentence, true)),
        TrackerError::Refused { sentence, .. } => Ok(refused(sentence, false)),
        TrackerError::Unreachable { reason } => Ok(refused(reason, false)),
        other => Err(other),
    }
}

/// A file that its own tracker does not give is not copied now, and that is told; a failure that may pass by itself is tried
/// again soon.
fn unreadable(error: TrackerError) -> Result<Applied, TrackerError> {
    let why = match error {
        TrackerError::Unreachable { reason } => reason,
        TrackerError::Refused { sentence, .. } | TrackerError::Unfit { sentence, .. } => sentence,
        TrackerError::Unreadable { .. } => error.to_string(),
        other => return Err(other),
    };
    Ok(refused(format!("it could not be read: {why}"), false))
}

fn refused(sentence: String, lasting: bool) -> Applied {
    Applied {
        refused: Some(Refusal { sentence, lasting }),
        ..Applied::default()
    }
}
