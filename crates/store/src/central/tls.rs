//! TLS to the central database: the server's certificate is always checked.

use super::error::CentralError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Trusts the given certificates, or without them what the system trusts.
pub(super) fn connector(authority: Option<&[u8]>) -> Result<MakeRustlsConnect, CentralError> {
    let wrong = |reason: String| CentralError::Settings(reason);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| wrong(format!("TLS: {e}")))?;
    let config = match authority {
        None => builder
            .with_platform_verifier()
            .map_err(|e| wrong(format!("the system's trusted certificates: {e}")))?
            .with_no_client_auth(),
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|e| wrong(format!("central.ca: {e}")))?;
                roots
                    .add(certificate)
                    .map_err(|e| wrong(format!("central.ca: {e}")))?;
            }
            if roots.is_empty() {
                return Err(wrong(
                    "central.ca holds no certificate in PEM form".to_owned(),
                ));
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        }
    };
    Ok(MakeRustlsConnect::new(config))
}
