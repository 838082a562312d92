//! Requests between this installation's own processes: a token, deadlines, bounded answers; in a fleet by mutual TLS, to none
//! but the process that is expected at an address.

use crate::fleet::Identity;
use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{Method, Request, Response, header};
use std::net::SocketAddr;
use std::time::Duration;
use twinline_trackers::http::{
    ByteStream, Outgoing, ReqwestTransport, Secret, Transport as _, TransportError,
    TransportLimits, Way,
};

/// Who a person at the command line is, for the audit trail.
pub const WHO: &str = "twinline-who";

/// Speaks to one of our own processes.
pub struct LocalHttp {
    transport: ReqwestTransport,
    way: Way,
    token: Secret,
}

impl LocalHttp {
    /// A client whose answers may take `deadline` to begin: longer than a long poll waits.
    ///
    /// # Errors
    /// The system's trust store cannot be read.
    pub fn new(identity: &Identity, deadline: Duration) -> Result<Self> {
        Self::with(identity, deadline, false)
    }

    /// The same for many requests that wait at once: all to one process go side by side over one HTTP/2 connection.
    ///
    /// # Errors
    /// As [`LocalHttp::new`].
    pub fn side_by_side(identity: &Identity, deadline: Duration) -> Result<Self> {
        Self::with(identity, deadline, true)
    }

    fn with(identity: &Identity, deadline: Duration, side_by_side: bool) -> Result<Self> {
        let limits = TransportLimits {
            connect: Duration::from_secs(2),
            headers: deadline,
            body: deadline,
            side_by_side,
            ..TransportLimits::default()
        };
        let way = identity.way().clone();
        let transport = way
            .transport(limits)
            .context("preparing requests to this installation's processes")?;
        Ok(Self {
            transport,
            way,
            token: identity.token().clone(),
        })
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
        let mut request = self
            .request(method, at, path)?
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Bytes::from(body))
            .map_err(|error| TransportError::not_sent(error.to_string()))?;
        self.transport.send(request).await
    }

    /// Asks for what goes on for as long as both sides like; each piece comes within the deadline.
    ///
    /// # Errors
    /// As [`LocalHttp::send`].
    pub async fn follow(
        &self,
        at: SocketAddr,
        path: &str,
    ) -> Result<Response<ByteStream>, TransportError> {
        let request = self
            .request(Method::GET, at, path)?
            .body(Outgoing::whole(Bytes::new()))
            .map_err(|error| TransportError::not_sent(error.to_string()))?;
        self.transport.stream(request).await
    }

    fn request(
        &self,
        method: Method,
        at: SocketAddr,
        path: &str,
    ) -> Result<http::request::Builder, TransportError> {
        let url = self.way.url(at, path).ok_or_else(|| {
            TransportError::not_sent(format!(
                "{at} is none of this fleet's addresses in [machines]"
            ))
        })?;
        let shown = format!("Bearer {}", self.token.expose());
        let request = Request::builder().method(method).uri(url);
        Ok(request.header(header::AUTHORIZATION, shown))
    }
}
