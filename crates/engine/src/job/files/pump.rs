//! The bytes of a file, read as they are sent: gone on with where the reading was cut off.

use crate::node::Node;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::sleep;
use twinline_core::item::{Attachment, ItemId};
use twinline_trackers::http::{ByteStream, TransportError};
use twinline_trackers::{Commit, FileBody, TrackerError};

/// Cuts in a row without a byte in between after which the reading is given up.
const CUTS_MAX: u32 = 5;
/// The wait before the reading is gone on with; doubled with each cut in a row.
const RESUME_AFTER: Duration = Duration::from_millis(250);

/// What is known of a file on its way, by both ends.
#[derive(Debug, Default)]
pub(super) struct Sending {
    committed: AtomicBool,
    wake: Notify,
    fault: Mutex<Option<TrackerError>>,
}

impl Sending {
    /// The write may take effect from now on.
    pub(super) fn commit(&self) {
        self.committed.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    pub(super) fn is_committed(&self) -> bool {
        self.committed.load(Ordering::Acquire)
    }

    /// Waits until it may.
    pub(super) async fn committed(&self) {
        while !self.is_committed() {
            self.wake.notified().await;
        }
    }

    /// Why the reading was given up.
    pub(super) fn take_fault(&self) -> Option<TrackerError> {
        self.fault
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    fn set_fault(&self, fault: TrackerError) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }
}

/// A file on its way.
pub(super) struct Pump {
    reader: Arc<Node>,
    item: ItemId,
    file: Attachment,
    body: Option<ByteStream>,
    /// How many bytes have been read.
    at: u64,
    /// How many bytes of the present body come again.
    again: u64,
    /// The last piece that was read: given when the next one is there, so that the file's last one can wait.
    held: Option<Bytes>,
    cuts: u32,
    sending: Arc<Sending>,
    commit: Commit,
}

/// What a look at the body gave.
enum Read {
    Piece(Bytes),
    End,
    Cut(String),
}

impl Pump {
    pub(super) fn new(
        reader: Arc<Node>,
        item: &ItemId,
        file: &Attachment,
        first: FileBody,
        (sending, commit): (&Arc<Sending>, &Commit),
    ) -> Self {
        Self {
            reader,
            item: item.clone(),
            file: file.clone(),
            again: 0,
            at: first.from,
            body: Some(first.bytes),
            held: None,
            cuts: 0,
            sending: Arc::clone(sending),
            commit: commit.clone(),
        }
    }

    pub(super) fn into_stream(self) -> ByteStream {
        let next = |pump: Option<Self>| async move {
            let mut pump = pump?;
            match pump.next().await {
                Ok(Some(piece)) => Some((Ok(piece), Some(pump))),
                Ok(None) => None,
                Err(fault) => {
                    let told = TransportError::maybe_sent(fault.to_string());
                    pump.sending.set_fault(fault);
                    Some((Err(told), None))
                }
            }
        };
        Box::pin(stream::unfold(Some(self), next))
    }

    /// The next piece to send; `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, TrackerError> {
        loop {
            match self.read().await {
                Read::Piece(piece) => {
                    self.cuts = 0;
                    if self.at > self.file.size {
                        return Err(self.other_size("more"));
                    }
                    if let Some(before) = self.held.replace(piece) {
                        return Ok(Some(before));
                    }
                }
                Read::End if self.at == self.file.size => {
                    let Some(last) = self.held.take() else {
                        return Ok(None);
                    };
                    self.body = None;
                    self.commit.check()?;
                    return Ok(Some(last));
                }
                Read::End => self.resume("it ended too early".to_owned()).await?,
                Read::Cut(reason) => self.resume(reason).await?,
            }
        }
    }

    async fn read(&mut self) -> Read {
        let Some(body) = &mut self.body else {
            return Read::End;
        };
        loop {
            match body.next().await {
                None => return Read::End,
                Some(Err(error)) => return Read::Cut(error.reason),
                Some(Ok(mut piece)) => {
                    let known = self.again.min(piece.len() as u64);
                    self.again -= known;
                    let known = usize::try_from(known).unwrap_or(piece.len());
                    drop(piece.split_to(known));
                    if !piece.is_empty() {
                        self.at += piece.len() as u64;
                        return Read::Piece(piece);
                    }
                }
            }
        }
    }

    /// Opens the file again where it was cut off; where its tracker gives no parts, from its beginning.
    async fn resume(&mut self, reason: String) -> Result<(), TrackerError> {
        self.body = None;
        self.cuts += 1;
        if self.cuts > CUTS_MAX {
            return Err(TrackerError::Retry {
                reason: format!(
                    "{} was cut off at byte {}: {reason}",
                    self.file.name, self.at
                ),
                after: None,
            });
        }
        sleep(RESUME_AFTER * 2_u32.pow(self.cuts - 1)).await;
        let reader = &self.reader;
        let opened = reader.tracker().open_file(&self.item, &self.file, self.at);
        match reader.request(opened).await {
            Ok(FileBody { from, bytes }) if from <= self.at => {
                self.again = self.at - from;
                self.body = Some(bytes);
                Ok(())
            }
            Ok(_) => Err(self.other_size("another part")),
            // The next look goes on.
            Err(TrackerError::Retry { reason, .. }) => {
                self.body = Some(cut(reason));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn other_size(&self, what: &str) -> TrackerError {
        TrackerError::Unreachable {
            reason: format!(
                "its tracker gives {what} of it than the {} bytes that it tells of",
                self.file.size
            ),
        }
    }
}

/// A body that is cut off at once.
fn cut(reason: String) -> ByteStream {
    Box::pin(stream::iter([Err(TransportError::maybe_sent(reason))]))
}
