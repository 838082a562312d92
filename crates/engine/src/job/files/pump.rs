//! The bytes of a file, read as they are sent: gone on with where the reading was cut off.

use super::sending::Sending;
use crate::node::Node;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use twinline_core::item::{Attachment, ItemId};
use twinline_trackers::http::{ByteStream, TransportError};
use twinline_trackers::{FileBody, TrackerError};

/// Cuts in a row without a byte in between after which the reading is given up.
const CUTS_MAX: u32 = 5;
/// Cuts of one copy, whatever came in between, after which it is given up.
const RESUMES_MAX: u32 = 100;
/// The wait before the reading is gone on with; doubled with each cut in a row.
const RESUME_AFTER: Duration = Duration::from_millis(250);
/// The next piece is there within this, or the reading is given up: before whoever sends it gives up on us.
const STILL: Duration = Duration::from_secs(90);
/// So long a body may take to show whether it goes on after the file's last byte.
const END_AFTER: Duration = Duration::from_secs(5);

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
    /// Cuts in a row.
    cuts: u32,
    /// All cuts.
    resumes: u32,
    sending: Arc<Sending>,
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
        sending: &Arc<Sending>,
    ) -> Self {
        Self {
            reader,
            item: item.clone(),
            file: file.clone(),
            again: 0,
            at: first.from,
            body: Some(first.bytes),
            cuts: 0,
            resumes: 0,
            sending: Arc::clone(sending),
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
        let until = Instant::now() + STILL;
        loop {
            if self.at == self.file.size {
                return Ok(None);
            }
            match self.read(until).await {
                Read::Piece(piece) => {
                    self.cuts = 0;
                    if self.at > self.file.size
                        || (self.at == self.file.size && self.goes_on().await)
                    {
                        return Err(self.other_size("more"));
                    }
                    return Ok(Some(piece));
                }
                Read::End if self.cuts == CUTS_MAX => return Err(self.other_size("less")),
                Read::End => self.resume("it ended too early".to_owned(), until).await?,
                Read::Cut(reason) => self.resume(reason, until).await?,
            }
        }
    }

    async fn read(&mut self, until: Instant) -> Read {
        let Some(body) = &mut self.body else {
            return Read::End;
        };
        loop {
            match timeout_at(until, body.next()).await {
                Err(_) => return Read::Cut("nothing came of it".to_owned()),
                Ok(None) => return Read::End,
                Ok(Some(Err(error))) => return Read::Cut(error.reason),
                Ok(Some(Ok(mut piece))) => {
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

    /// Whether there is more than the tracker tells of. What is cut off or stands still there ends there.
    async fn goes_on(&mut self) -> bool {
        let Some(mut body) = self.body.take() else {
            return false;
        };
        let next = async {
            loop {
                match body.next().await {
                    Some(Ok(piece)) if piece.is_empty() => {}
                    next => return matches!(next, Some(Ok(_))),
                }
            }
        };
        timeout(END_AFTER, next).await.unwrap_or(false)
    }

    /// Opens the file again where it was cut off; where its tracker gives no parts, from its beginning.
    async fn resume(&mut self, reason: String, until: Instant) -> Result<(), TrackerError> {
        self.body = None;
        self.cuts += 1;
        self.resumes += 1;
        if self.resumes > RESUMES_MAX {
            let (times, at) = (self.resumes, self.at);
            return Err(TrackerError::Unreachable {
                reason: format!("it was cut off {times} times, at last at byte {at}: {reason}"),
            });
        }
        if self.cuts > CUTS_MAX || Instant::now() >= until {
            return Err(self.cut_off(&reason));
        }
        sleep(RESUME_AFTER * 2_u32.pow(self.cuts - 1)).await;
        let reader = Arc::clone(&self.reader);
        let opened = reader.tracker().open_file(&self.item, &self.file, self.at);
        let Ok(opened) = timeout_at(until, reader.request(opened)).await else {
            return Err(self.cut_off(&reason));
        };
        match opened {
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

    fn cut_off(&self, reason: &str) -> TrackerError {
        TrackerError::Retry {
            reason: format!(
                "{} was cut off at byte {}: {reason}",
                self.file.name, self.at
            ),
            after: None,
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
