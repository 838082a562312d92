//! An encrypted end in front of a simulator, for clients that take no other.

use anyhow::{Context, Result};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// How long a connection may take to be encrypted.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// Connections at once, at most: a client has a few.
const CONNECTIONS_MAX: usize = 32;

/// Passes on what comes encrypted. It ends when it is dropped.
pub(super) struct Secured {
    address: SocketAddr,
    task: JoinHandle<()>,
    /// Where its certificate lies.
    folder: tempfile::TempDir,
}

impl Secured {
    /// In front of what listens at `plain`, with a certificate of its own for `localhost`.
    pub(super) async fn before(plain: SocketAddr) -> Result<Self> {
        let made = rcgen::generate_simple_self_signed([HOST.to_owned()])
            .context("making a certificate")?;
        let folder = tempfile::tempdir().context("making a folder for a certificate")?;
        std::fs::write(certificate_in(folder.path()), made.cert.pem())
            .context("writing a certificate")?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("choosing versions of TLS")?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .context("using a certificate")?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("listening on loopback")?;
        let address = listener.local_addr().context("asking for the port")?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(Self {
            address,
            task: tokio::spawn(accept(listener, acceptor, plain)),
            folder,
        })
    }

    /// Its address.
    pub(super) fn url(&self) -> String {
        format!("https://{HOST}:{}", self.address.port())
    }

    /// The file with the certificate that a client is to trust.
    pub(super) fn certificate(&self) -> PathBuf {
        certificate_in(self.folder.path())
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        self.task.abort();
    }
}

const HOST: &str = "localhost";

fn certificate_in(folder: &Path) -> PathBuf {
    folder.join("localhost.pem")
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, plain: SocketAddr) {
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= CONNECTIONS_MAX {
            connections.join_next().await;
        }
        // What cannot be accepted now is tried again by its client.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        connections.spawn(pass(acceptor.clone(), stream, plain));
    }
}

/// Passes a connection on until one side ends it. A client that gives up is no fault of ours: it tells what it saw.
async fn pass(acceptor: TlsAcceptor, stream: TcpStream, plain: SocketAddr) {
    let shaken = tokio::time::timeout(HANDSHAKE_MAX, acceptor.accept(stream)).await;
    let Ok(Ok(mut outside)) = shaken else {
        return;
    };
    if let Ok(mut inside) = TcpStream::connect(plain).await {
        let passed = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
        tracing::trace!(?passed, "an encrypted connection has ended");
    }
}
