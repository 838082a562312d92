//! What the edge answers with: a short text of its own, or what a host sends, frame by frame.

use crate::BoxError;
use crate::access::Access;
use crate::proxy::FromHost;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The body of an answer. Its line in the access log is written when it has been sent, or broke off.
pub(crate) struct Answer {
    kind: Kind,
    access: Option<Box<Access>>,
}

enum Kind {
    Own(Full<Bytes>),
    FromHost(FromHost),
}

impl Answer {
    pub(crate) fn empty() -> Self {
        Self::from(String::new())
    }

    pub(crate) const fn from_host(body: FromHost) -> Self {
        Self {
            kind: Kind::FromHost(body),
            access: None,
        }
    }

    pub(crate) fn logged(mut self, access: Option<Box<Access>>) -> Self {
        self.access = access;
        self
    }
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self {
            kind: Kind::Own(Full::from(text)),
            access: None,
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let polled = match &mut this.kind {
            Kind::Own(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never| match never {}),
            Kind::FromHost(body) => Pin::new(body).poll_frame(cx),
        };
        if let (Some(access), Poll::Ready(frame)) = (&mut this.access, &polled) {
            access.frame(frame.as_ref());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Own(body) => body.is_end_stream(),
            Kind::FromHost(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Own(body) => body.size_hint(),
            Kind::FromHost(body) => body.size_hint(),
        }
    }
}
