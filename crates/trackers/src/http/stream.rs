//! Bodies that are larger than memory is to hold.

use super::transport::{TransportError, TransportFault};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _, stream};
use std::pin::Pin;

/// The bytes of a body, piece by piece, as they are asked for. After an error nothing more comes.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>;

/// A body to send, of known length.
pub struct Outgoing {
    /// How many bytes the stream gives.
    pub length: u64,
    /// The bytes.
    pub bytes: ByteStream,
}

impl Outgoing {
    /// A body that is in memory.
    pub fn whole(bytes: Bytes) -> Self {
        Self {
            length: bytes.len() as u64,
            bytes: one(bytes),
        }
    }

    /// The body between two pieces that are in memory: one part of a form.
    #[must_use]
    pub fn between(self, before: Bytes, after: Bytes) -> Self {
        Self {
            length: self.length + before.len() as u64 + after.len() as u64,
            bytes: Box::pin(one(before).chain(self.bytes).chain(one(after))),
        }
    }
}

/// A stream of one piece.
pub fn one(bytes: Bytes) -> ByteStream {
    Box::pin(stream::iter([Ok(bytes)]))
}

/// All of a stream, when it is no more than `max` bytes.
///
/// # Errors
/// The stream's, or it is larger.
pub async fn collect(mut bytes: ByteStream, max: usize) -> Result<Bytes, TransportError> {
    let mut all = BytesMut::new();
    while let Some(piece) = bytes.next().await {
        let piece = piece?;
        if all.len() + piece.len() > max {
            return Err(TransportError {
                fault: TransportFault::TooLarge,
                ..TransportError::maybe_sent(format!("the answer is larger than {max} bytes"))
            });
        }
        all.extend_from_slice(&piece);
    }
    Ok(all.freeze())
}
