//! Requests between this installation's own processes: a token, deadlines, bounded answers.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{Method, Request, Response, header};
use std::net::SocketAddr;
use std::time::Duration;
use twinline_trackers::http::{
    AddressGuard, ReqwestTransport, Secret, Transport as _, TransportError, TransportLimits,
};

/// Who a person at the command line is, for the audit trail.
pub const WHO: &str = "twinline-who";

/// Speaks to one of our own processes.
pub struct LocalHttp {
    transport: ReqwestTransport,
    token: Secret,
}

impl LocalHttp {
    /// A client whose answers may take `deadline` to begin: longer than a long poll waits.
    ///
    /// # Errors
    /// The system's trust store cannot be read.
    pub fn new(token: Secret, deadline: Duration) -> Result<Self> {
        Self::with(token, deadline, false)
    }

    /// The same for many requests that wait at once: all to one process go side by side over one HTTP/2 connection.
    ///
    /// # Errors
    /// As [`LocalHttp::new`].
    pub fn side_by_side(token: Secret, deadline: Duration) -> Result<Self> {
        Self::with(token, deadline, true)
    }

    fn with(token: Secret, deadline: Duration, side_by_side: bool) -> Result<Self> {
        // Addresses come from our own data folder, never from a tenant.
        let everywhere = ["0.0.0.0/0", "::/0"].map(|net| net.parse().expect("a network"));
        let limits = TransportLimits {
            connect: Duration::from_secs(2),
            headers: deadline,
            body: deadline,
            side_by_side,
            ..TransportLimits::default()
        };
        let transport = ReqwestTransport::new(AddressGuard::new(everywhere.to_vec()), limits)
            .context("preparing requests to this installation's processes")?;
        Ok(Self { transport, token })
    }

    /// Sends one request and reads its answer whole.
    ///
    /// # Errors
    /// The process could not be reached, or did not answer in time.
    pub async fn send(
        &self,
        method: Method,
        at: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Response<Bytes>, TransportError> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{at}{path}"))
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", self.token.expose()),
            )
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Bytes::from(body))
            .map_err(|error| TransportError::not_sent(error.to_string()))?;
        self.transport.send(request).await
    }
}
