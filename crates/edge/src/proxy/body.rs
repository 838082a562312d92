//! Bodies on their way through: never held whole. A frame is asked for when the other side has room for it.

use crate::BoxError;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

/// Why a body broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyFault {
    /// The caller sends more than is allowed.
    #[error("the request's body is too large")]
    TooLarge,
    /// The caller sends too slowly.
    #[error("the request's body did not arrive in time")]
    Slow,
    /// The caller broke off.
    #[error("the request's body broke off")]
    Gone,
    /// The host stopped in the middle of its answer.
    #[error("the host stopped in the middle of its answer")]
    Silent,
}

/// How far a request's body is, for those who wait for the answer.
#[derive(Debug, Default)]
pub(crate) struct Upload {
    stage: AtomicU8,
    frames: AtomicU64,
}

const WAITS_FOR_CALLER: u8 = 1;
const TOO_LARGE: u8 = 2;
const SLOW: u8 = 3;
const GONE: u8 = 4;

impl Upload {
    /// The caller's own fault, if it broke off by one.
    pub(super) fn fault(&self) -> Option<BodyFault> {
        match self.stage.load(Ordering::Relaxed) {
            TOO_LARGE => Some(BodyFault::TooLarge),
            SLOW => Some(BodyFault::Slow),
            GONE => Some(BodyFault::Gone),
            _ => None,
        }
    }

    /// Whether it is the caller that everybody waits for.
    pub(super) fn waits_for_caller(&self) -> bool {
        self.stage.load(Ordering::Relaxed) == WAITS_FOR_CALLER
    }

    /// How many frames the host has taken.
    pub(super) fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    fn set(&self, stage: u8) {
        self.stage.store(stage, Ordering::Relaxed);
    }
}

/// A request's body: bounded in size and in time.
pub(crate) struct Outgoing {
    body: Incoming,
    left_bytes: u64,
    /// Absent where there is no body.
    watched: Option<(Arc<Upload>, Pin<Box<Sleep>>)>,
}

impl Outgoing {
    /// Of at most `max_bytes`, which must all have arrived within `deadline`.
    pub(super) fn new(body: Incoming, max_bytes: u64, deadline: Duration) -> Self {
        let watched = (!body.is_end_stream()).then(|| (Arc::default(), Box::pin(sleep(deadline))));
        Self {
            body,
            left_bytes: max_bytes,
            watched,
        }
    }

    pub(super) fn upload(&self) -> Option<Arc<Upload>> {
        self.watched.as_ref().map(|(upload, _)| Arc::clone(upload))
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let Some((upload, deadline)) = &mut this.watched else {
            return Poll::Ready(None);
        };
        let fault = |stage, fault: BodyFault| {
            upload.set(stage);
            Poll::Ready(Some(Err(fault.into())))
        };
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Pending if deadline.as_mut().poll(cx).is_ready() => fault(SLOW, BodyFault::Slow),
            Poll::Pending => {
                upload.set(WAITS_FOR_CALLER);
                Poll::Pending
            }
            Poll::Ready(Some(Ok(frame))) => {
                upload.set(0);
                let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
                let Some(left) = this.left_bytes.checked_sub(bytes) else {
                    return fault(TOO_LARGE, BodyFault::TooLarge);
                };
                this.left_bytes = left;
                upload.frames.fetch_add(1, Ordering::Relaxed);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(_))) => fault(GONE, BodyFault::Gone),
            Poll::Ready(None) => {
                upload.set(0);
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A host's answer: each frame as it comes. Holds its place at the host until its end.
pub(crate) struct FromHost {
    body: Incoming,
    idle_max: Duration,
    idle: Option<Pin<Box<Sleep>>>,
    /// A live stream ends in good order when the edge does: its caller connects again.
    until: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    _place: OwnedSemaphorePermit,
}

impl FromHost {
    pub(super) fn new(
        body: Incoming,
        idle_max: Duration,
        until: Option<WaitForCancellationFutureOwned>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            body,
            idle_max,
            idle: None,
            until: until.map(Box::pin),
            _place: place,
        }
    }
}

impl Body for FromHost {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if let Some(until) = &mut this.until
            && until.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(None);
        }
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                this.idle = None;
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => {
                let idle_max = this.idle_max;
                let idle = this.idle.get_or_insert_with(|| Box::pin(sleep(idle_max)));
                match idle.as_mut().poll(cx) {
                    Poll::Ready(()) => Poll::Ready(Some(Err(BodyFault::Silent.into()))),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
