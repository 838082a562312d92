//! Copying a file: read at its tracker while it is sent to the other one, so that no more of it is in memory than is on its
//! way.
//!
//! A file takes longer than an attempt may. So what counts as the attempt begins when the tracker gets the last piece, or is
//! asked to attach what it has got: until then nothing shows there, and whatever fails has certainly not happened. In a fleet
//! the permit is asked then, and not before.

mod pump;

use crate::node::Node;
use pump::{Pump, Sending};
use std::sync::Arc;
use tokio::time::sleep;
use twinline_core::effect::{Applied, Effect};
use twinline_core::names::{Side, Sides};
use twinline_trackers::{Commit, TrackerError, Upload};

/// How a copy ended.
pub(super) struct Copied {
    pub(super) answer: Result<Applied, TrackerError>,
    /// Whose answer it is: that of the side which is written, or of the one which is read.
    pub(super) side: Side,
}

/// Makes the write [`Effect::AddAttachment`] on `side`.
pub(super) async fn copy(nodes: &Sides<Arc<Node>>, side: Side, effect: &Effect) -> Copied {
    let target = nodes.get(side);
    let at = |side, answer| Copied { answer, side };
    let _turn = match target.file_turn().await {
        Ok(turn) => turn,
        Err(busy) => return at(side, Err(busy)),
    };
    let Effect::AddAttachment { source, file, .. } = effect else {
        unreachable!("only a file is copied, not {effect:?}")
    };
    let reader = Arc::clone(nodes.get(side.other()));
    let first = reader.request(reader.tracker().open_file(source, file, 0));
    let first = match first.await {
        Ok(body) => body,
        Err(error) => return at(side.other(), unreadable(error)),
    };
    let sending = Arc::new(Sending::default());
    let commit = commit(target, &sending);
    let pump = Pump::new(reader, source, file, first, (&sending, &commit));
    let upload = Upload {
        size: file.size,
        bytes: pump.into_stream(),
        commit,
    };
    let answer = in_time(target, &sending, target.attach(effect, upload)).await;
    let fault = sending.take_fault();
    match answer {
        Ok(applied) => at(side, Ok(applied)),
        Err(_) if fault.is_some() => at(side.other(), unreadable(fault.expect("it is there"))),
        Err(TrackerError::Refused { sentence, .. }) => at(side, Ok(refused(sentence))),
        // What the tracker did not get whole, or was not asked to attach, it cannot have attached.
        Err(TrackerError::Unknown { reason }) if !sending.is_committed() => at(
            side,
            Err(TrackerError::Retry {
                reason,
                after: None,
            }),
        ),
        Err(error) => at(side, Err(error)),
    }
}

fn commit(target: &Arc<Node>, sending: &Arc<Sending>) -> Commit {
    let (node, sending) = (Arc::clone(target), Arc::clone(sending));
    Commit::new(move || {
        node.commit()?;
        sending.commit();
        Ok(())
    })
}

/// In a fleet an attempt has its time from the commit on; then its outcome is unknown.
async fn in_time(
    node: &Node,
    sending: &Sending,
    attempt: impl Future<Output = Result<Applied, TrackerError>>,
) -> Result<Applied, TrackerError> {
    let Some(max) = node.commit_max() else {
        return attempt.await;
    };
    let late = async {
        sending.committed().await;
        sleep(max).await;
    };
    tokio::select! {
        biased;
        answer = attempt => answer,
        () = late => Err(TrackerError::Unknown {
            reason: format!("given up after {} ms (ownership.attempt_ms)", max.as_millis()),
        }),
    }
}

/// A file that its own tracker does not give is not copied, and that is told; a failure that may pass is tried again.
fn unreadable(error: TrackerError) -> Result<Applied, TrackerError> {
    match error {
        TrackerError::Unreachable { reason } => {
            Ok(refused(format!("it could not be read: {reason}")))
        }
        TrackerError::Refused { sentence, .. } => {
            Ok(refused(format!("it could not be read: {sentence}")))
        }
        TrackerError::Unreadable { .. } => Ok(refused(format!("it could not be read: {error}"))),
        other => Err(other),
    }
}

fn refused(sentence: String) -> Applied {
    Applied {
        refused: Some(sentence),
        ..Applied::default()
    }
}
