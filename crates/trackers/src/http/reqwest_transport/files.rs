//! Bodies that are streamed: no piece is asked for before the one before it was taken.

use super::super::stream::{ByteStream, Outgoing};
use super::super::transport::TransportError;
use super::{ReqwestTransport, failed, late};
use futures_util::{StreamExt as _, stream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// No piece of a body moves for so long, and no answer comes: it is given up. Longer than it takes to go on with a file that
/// was cut off where it is read.
const STILL: Duration = Duration::from_secs(120);

impl ReqwestTransport {
    pub(super) async fn stream_body(
        &self,
        request: http::Request<Outgoing>,
    ) -> Result<http::Response<ByteStream>, TransportError> {
        let (parts, body) = request.into_parts();
        let progress = Progress::default();
        // Whoever only opens a file may be what keeps another one from being sent.
        let still = match body.length {
            0 => self.limits.headers,
            _ => STILL,
        };
        let body = match body.length {
            0 => reqwest::Body::default(),
            _ => reqwest::Body::wrap_stream(progress.watch(body.bytes)),
        };
        let request = http::Request::from_parts(parts, body);
        let request = reqwest::Request::try_from(request)
            .map_err(|error| TransportError::not_sent(error.to_string()))?;
        self.vet_literal(request.url())?;
        let response = progress
            .until_still(self.client.execute(request), still)
            .await?
            .map_err(failed)?;
        let mut parts = http::Response::new(()).into_parts().0;
        parts.status = response.status();
        parts.version = response.version();
        parts.headers = response.headers().clone();
        let bytes = pieces(response, self.limits.body);
        Ok(http::Response::from_parts(parts, bytes))
    }
}

/// The answer's body, each piece within `stall` of being asked for.
fn pieces(response: reqwest::Response, stall: Duration) -> ByteStream {
    let next = move |response: Option<reqwest::Response>| async move {
        let mut response = response?;
        match timeout(stall, response.chunk()).await {
            Err(_) => Some((Err(late("the file stopped", stall)), None)),
            Ok(Err(error)) => Some((Err(failed(error)), None)),
            Ok(Ok(None)) => None,
            Ok(Ok(Some(piece))) => Some((Ok(piece), Some(response))),
        }
    };
    Box::pin(stream::unfold(Some(response), next))
}

/// How many pieces of a body were taken.
#[derive(Clone, Default)]
struct Progress(Arc<AtomicU64>);

impl Progress {
    fn watch(&self, bytes: ByteStream) -> ByteStream {
        let taken = Arc::clone(&self.0);
        Box::pin(bytes.inspect(move |_| {
            taken.fetch_add(1, Ordering::Relaxed);
        }))
    }

    /// Waits for the answer for as long as pieces are taken, and for `still` without any.
    async fn until_still<T>(
        &self,
        answer: impl Future<Output = T>,
        still: Duration,
    ) -> Result<T, TransportError> {
        let mut answer = std::pin::pin!(answer);
        loop {
            let before = self.0.load(Ordering::Relaxed);
            if let Ok(answer) = timeout_at(Instant::now() + still, &mut answer).await {
                return Ok(answer);
            }
            if self.0.load(Ordering::Relaxed) == before {
                return Err(late("nothing was taken and no answer came", still));
            }
        }
    }
}
