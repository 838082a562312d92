//! The port through which requests leave the process.

use super::RESPONSE_MAX_BYTES;
use super::stream::{self, ByteStream, Outgoing};
use async_trait::async_trait;
use bytes::Bytes;

/// Sends one HTTP request. Real ones go over the network; the deterministic simulation calls simulators in-process.
///
/// An implementation bounds its own time and the size of what it reads, and follows no redirect.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends `request`, whose URI is absolute, and reads the whole answer.
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportError>;

    /// As [`Self::send`], with bodies that need not fit into memory; the answer comes with its headers. Bounded in time by
    /// progress: a body of which no piece moves for a while is given up. In memory, and so for small bodies only, where it
    /// is not implemented.
    async fn stream(
        &self,
        request: http::Request<Outgoing>,
    ) -> Result<http::Response<ByteStream>, TransportError> {
        let (parts, body) = request.into_parts();
        let body = stream::collect(body.bytes, RESPONSE_MAX_BYTES)
            .await
            .map_err(|error| TransportError {
                sent: Sent::NotSent,
                ..error
            })?;
        let response = self.send(http::Request::from_parts(parts, body)).await?;
        Ok(response.map(stream::one))
    }
}

/// Why there is no whole answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct TransportError {
    /// Whether the tracker may have received the request, and so may have done what it asks.
    pub sent: Sent,
    /// What kind of fault it was.
    pub fault: TransportFault,
    /// What happened, without secrets.
    pub reason: String,
}

impl TransportError {
    /// The request certainly did not leave.
    pub fn not_sent(reason: impl Into<String>) -> Self {
        Self {
            sent: Sent::NotSent,
            fault: TransportFault::Network,
            reason: reason.into(),
        }
    }

    /// The request may have arrived.
    pub fn maybe_sent(reason: impl Into<String>) -> Self {
        Self {
            sent: Sent::MaybeSent,
            fault: TransportFault::Network,
            reason: reason.into(),
        }
    }
}

/// Whether the tracker may have received a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It did not leave this process: no connection was made, or its address is not allowed.
    NotSent,
    /// It may have arrived.
    MaybeSent,
}

/// What kind of fault kept the answer away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportFault {
    /// No connection, a reset, a deadline.
    Network,
    /// The address guard refused the address.
    Forbidden,
    /// The answer was larger than [`crate::http::RESPONSE_MAX_BYTES`].
    TooLarge,
    /// The answer's encoding could not be read.
    Malformed,
}
