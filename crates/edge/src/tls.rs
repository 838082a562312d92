//! TLS: certificates from files, one for each name, taken anew when the files change.
//!
//! A new file that cannot be used (not PEM, another key, another name) leaves the old certificate in use; the log and a
//! metric say so until the file is mended. The log, a metric and the health page tell when a certificate in use ends.

mod end;

pub use end::{CertificateEnd, Standing};

use crate::Shared;
use end::{News, end_of};
use rustls::ServerConfig;
use rustls::client::verify_server_name;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use twinline_core::digest::Digest;
use twinline_core::time::Timestamp;

/// From one look at the files to the next.
const PERIOD: Duration = Duration::from_secs(2);
/// A larger file is no certificate.
const FILE_MAX_BYTES: u64 = 1 << 20;

/// One name's certificate. `[[edge.tls]]` in the configuration.
#[derive(Clone, Debug)]
pub struct CertificateFiles {
    /// `sync.acme.example`, or `*.acme.example` for every name with one label more.
    pub name: String,
    /// PEM: the certificate, then those that lead to its issuer.
    pub cert: PathBuf,
    /// PEM: its private key.
    pub key: PathBuf,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the certificate of {name} cannot be used: {reason}")]
pub struct TlsError {
    /// Whose certificate.
    pub name: String,
    /// What is wrong with which file.
    pub reason: String,
}

/// Whether an edge could begin with these.
///
/// # Errors
/// One of them cannot be used.
pub fn check_certificates(all: Vec<CertificateFiles>) -> Result<(), TlsError> {
    Certificates::load(all).map(drop)
}

/// What an edge that began with these would find of each: when it ends, or why it cannot be used. In the files' order.
pub fn look_at_certificates(
    all: Vec<CertificateFiles>,
) -> Vec<(CertificateFiles, Result<CertificateEnd, TlsError>)> {
    let looked = all.into_iter().map(|files| {
        let loaded = Certificates::load(vec![files.clone()]);
        let end = loaded.map(|loaded| loaded.ends().remove(0));
        (files, end)
    });
    looked.collect()
}

/// Whether an edge with these has one for a domain.
pub fn has_certificate(all: &[CertificateFiles], domain: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    let mut names = all.iter().map(|files| files.name.to_ascii_lowercase());
    names.any(|name| name == domain || is_wild_for(&name, &domain))
}

/// Whether a name is `*.acme.example` for a domain of one label more.
fn is_wild_for(name: &str, domain: &str) -> bool {
    let above = domain.split_once('.').map(|(_, above)| above);
    above.is_some() && name.strip_prefix("*.") == above
}

/// All certificates, by name.
#[derive(Debug)]
pub(crate) struct Certificates {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    files: CertificateFiles,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    in_use: Usable,
    /// Of the files as they were last judged, whatever the judgement.
    judged: Digest,
}

/// A certificate that callers can be shown.
#[derive(Clone, Debug)]
struct Usable {
    certified: Arc<CertifiedKey>,
    /// It is good up to and with this instant.
    expires_at: Timestamp,
}

/// What a look at changed files found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Looked {
    Unchanged,
    Loaded,
    /// The old certificate stays; why.
    Kept(String),
}

impl Certificates {
    /// Reads all files.
    ///
    /// # Errors
    /// One of them cannot be used.
    pub(crate) fn load(all: Vec<CertificateFiles>) -> Result<Arc<Self>, TlsError> {
        let entries = all.into_iter().map(|mut files| {
            files.name.make_ascii_lowercase();
            let contents = Contents::read(&files);
            let judged = contents.digest();
            let state = match contents.judge(&files.name) {
                Ok(in_use) => RwLock::new(State { in_use, judged }),
                Err(reason) => {
                    let name = files.name;
                    return Err(TlsError { name, reason });
                }
            };
            Ok(Entry { files, state })
        });
        let entries = entries.collect::<Result<_, _>>()?;
        Ok(Arc::new(Self { entries }))
    }

    /// The name's certificate; the first one for who asks for none.
    fn of(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let Some(name) = name.map(str::to_ascii_lowercase) else {
            return self.entries.first().map(Entry::certified);
        };
        let exact = self.entries.iter().find(|entry| entry.files.name == name);
        let wild = || {
            let mut entries = self.entries.iter();
            entries.find(|entry| is_wild_for(&entry.files.name, &name))
        };
        exact.or_else(wild).map(Entry::certified)
    }

    /// Whether whoever asks for that name is shown a certificate. True without any: something else speaks TLS then.
    pub(crate) fn cover(&self, name: &str) -> bool {
        self.entries.is_empty() || self.of(Some(name)).is_some()
    }

    /// What the listener speaks with: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1.
    pub(crate) fn config(self: &Arc<Self>) -> Result<Arc<ServerConfig>, rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let builder =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let certificates = Arc::clone(self) as Arc<dyn ResolvesServerCert>;
        let mut config = builder
            .with_no_client_auth()
            .with_cert_resolver(certificates);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config.ticketer = ring::Ticketer::new()?;
        Ok(Arc::new(config))
    }

    /// Until when each name's certificate in use is good; asks no disk.
    pub(crate) fn ends(&self) -> Vec<CertificateEnd> {
        self.entries.iter().map(Entry::end).collect()
    }

    /// Looks at every name's files once; asks the disk.
    fn look(&self) -> Vec<(String, Looked)> {
        let looked = |entry: &Entry| (entry.files.name.clone(), entry.look());
        self.entries.iter().map(looked).collect()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.of(hello.server_name())
    }
}

impl Entry {
    fn certified(&self) -> Arc<CertifiedKey> {
        let state = self.state.read().expect("nothing panics with it");
        Arc::clone(&state.in_use.certified)
    }

    fn end(&self) -> CertificateEnd {
        let state = self.state.read().expect("nothing panics with it");
        CertificateEnd {
            name: self.files.name.clone(),
            expires_at: state.in_use.expires_at,
        }
    }

    fn look(&self) -> Looked {
        let contents = Contents::read(&self.files);
        let digest = contents.digest();
        if self.state.read().expect("nothing panics with it").judged == digest {
            return Looked::Unchanged;
        }
        let found = contents.judge(&self.files.name);
        let mut state = self.state.write().expect("nothing panics with it");
        state.judged = digest;
        match found {
            Ok(fresh) => {
                state.in_use = fresh;
                Looked::Loaded
            }
            Err(reason) => Looked::Kept(reason),
        }
    }
}

/// Both files as they are now, or why one cannot be read.
struct Contents {
    cert: Result<Vec<u8>, String>,
    key: Result<Vec<u8>, String>,
}

impl Contents {
    fn read(files: &CertificateFiles) -> Self {
        Self {
            cert: contents(&files.cert),
            key: contents(&files.key),
        }
    }

    fn digest(&self) -> Digest {
        let part = |part: &Result<Vec<u8>, String>| match part {
            Ok(bytes) => Digest::of_bytes(bytes).to_string(),
            Err(reason) => reason.clone(),
        };
        Digest::of_bytes(format!("{}\n{}", part(&self.cert), part(&self.key)).as_bytes())
    }

    fn judge(self, name: &str) -> Result<Usable, String> {
        let (cert, key) = (self.cert?, self.key?);
        let chain = CertificateDer::pem_slice_iter(&cert).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| format!("its file is not PEM: {error}"))?;
        let key = PrivateKeyDer::from_pem_slice(&key);
        let key = key.map_err(|error| format!("its key's file holds no private key: {error}"))?;
        let certified = CertifiedKey::from_der(chain, key, &ring::default_provider());
        let certified = certified.map_err(|error| error.to_string())?;
        let end = certified.end_entity_cert();
        let end = end.and_then(ParsedCertificate::try_from);
        let end = end.map_err(|error| error.to_string())?;
        let example = name.replacen('*', "any", 1);
        let example = ServerName::try_from(example).map_err(|_| "its name is no host name")?;
        verify_server_name(&end, &example).map_err(|_| format!("it was not issued for {name}"))?;
        let leaf = certified.end_entity_cert();
        let expires_at = end_of(leaf.map_err(|error| error.to_string())?)?;
        Ok(Usable {
            certified: Arc::new(certified),
            expires_at,
        })
    }
}

fn contents(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    if std::fs::metadata(path).map_err(failed)?.len() > FILE_MAX_BYTES {
        return Err(format!("{}: larger than 1 MiB", path.display()));
    }
    std::fs::read(path).map_err(failed)
}

/// Takes changed files into use until `shutdown`, and tells of certificates that end.
pub(crate) async fn run(shared: Arc<Shared>, shutdown: CancellationToken) {
    let certificates = &shared.certificates;
    let mut news = News::default();
    let mut period = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            _ = period.tick() => {}
        }
        let looking = Arc::clone(certificates);
        let looked = tokio::task::spawn_blocking(move || looking.look());
        // A disk that hangs is waited for: a second look beside it would only pile up.
        let looked = tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            looked = looked => looked,
        };
        let looked = looked.unwrap_or_default();
        for (name, looked) in &looked {
            match looked {
                Looked::Unchanged => continue,
                Looked::Loaded => tracing::info!(name, "a new certificate is in use"),
                Looked::Kept(reason) => {
                    tracing::error!(
                        name,
                        reason,
                        "a new certificate cannot be used: the old one stays"
                    );
                }
            }
            news.reloaded(name);
            shared.metrics.certificate(name, *looked == Looked::Loaded);
        }
        news.tell(&certificates.ends(), shared.clock.now());
    }
}
