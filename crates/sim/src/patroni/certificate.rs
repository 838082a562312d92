//! The certificate that the members of a cluster show, and who vouches for it.

use rcgen::{BasicConstraints, CertificateParams, Error, IsCa, Issuer, KeyPair};

/// All in PEM form.
pub(super) struct Certificate {
    /// What a client checks the other against: `central.ca`.
    pub(super) authority: String,
    /// For the members' address.
    pub(super) shown: String,
    pub(super) key: String,
}

impl Certificate {
    /// An authority, and a certificate for this address that it has signed. Its key is kept nowhere.
    pub(super) fn new(address: &str) -> Result<Self, Error> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let name = "the authority of a scratch Patroni";
        authority
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        let authority_key = KeyPair::generate()?;
        let vouching = authority.self_signed(&authority_key)?;
        let key = KeyPair::generate()?;
        let issuer = Issuer::from_params(&authority, authority_key);
        let shown = CertificateParams::new([address.to_owned()])?.signed_by(&key, &issuer)?;
        Ok(Self {
            authority: vouching.pem(),
            shown: shown.pem(),
            key: key.serialize_pem(),
        })
    }
}
