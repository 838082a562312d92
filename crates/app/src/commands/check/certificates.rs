//! What `check` says of the edge's certificates: until when each is good, or what is wrong with it and the way out.

use crate::config::Config;
use crate::roles;
use serde_json::{Value as Json, json};
use twinline_core::time::Timestamp;
use twinline_edge::{
    CertificateEnd, CertificateFiles, Standing, TlsError, has_certificate, look_at_certificates,
};

/// One name's certificate.
pub(super) struct Judged {
    /// One line for a person.
    pub(super) text: String,
    /// For programs: as on the edge's health page, and the certificate's file; or the name, `"state": "unusable"` and the
    /// reason; or the name, `"state": "missing"` and the node whose domain it is.
    pub(super) json: Json,
    /// Whether callers are served with it, or would refuse it.
    pub(super) sound: bool,
}

/// Each of `edge.tls`, in its order, then the nodes' domains that none of them is for. Reads the files.
pub(super) fn judged(config: &Config, now: Timestamp) -> Vec<Judged> {
    let all = roles::edge::certificates(config);
    let lacking: Vec<Judged> = uncertified(config, &all);
    let looked = look_at_certificates(all).into_iter();
    let looked = looked.map(|(files, end)| judge(&files, end, now));
    looked.chain(lacking).collect()
}

/// The nodes' own domains that no certificate is for. Where there is none at all, something else speaks TLS.
fn uncertified(config: &Config, all: &[CertificateFiles]) -> Vec<Judged> {
    let own = config.nodes.iter();
    let own = own.filter_map(|(node, of)| Some((node, of.public_url.as_ref()?)));
    let own = own.filter(|(_, url)| url.scheme() == "https" && !all.is_empty());
    let own = own.filter_map(|(node, url)| Some((node, url.host_str()?)));
    let lacking = own.filter(|(_, domain)| !has_certificate(all, domain));
    lacking
        .map(|(node, domain)| Judged {
            text: format!(
                "error: nodes.{node}.public_url: edge.tls has no certificate for {domain}, and callers of it are refused: add one"
            ),
            json: json!({ "name": domain, "node": node, "state": "missing" }),
            sound: false,
        })
        .collect()
}

fn judge(
    files: &CertificateFiles,
    end: Result<CertificateEnd, TlsError>,
    now: Timestamp,
) -> Judged {
    let file = files.cert.display().to_string();
    let end = match end {
        Ok(end) => end,
        Err(TlsError { name, reason }) => {
            return Judged {
                text: format!(
                    "error: edge.tls: the certificate of {name} cannot be used: {reason}; the edge does not start with it: mend \
                     {file} and {}",
                    files.key.display()
                ),
                json: json!({ "name": name, "file": file, "state": "unusable", "reason": reason }),
                sound: false,
            };
        }
    };
    let (name, expires_at, days) = (&end.name, end.expires_at, end.days_left(now));
    let standing = end.standing(now);
    let way_out = format!("write a renewed one to {file}; the edge takes it within two seconds");
    let text = match standing {
        Standing::Sound => {
            format!("edge.tls: the certificate of {name} is good until {expires_at} ({days} days)")
        }
        Standing::ExpiresSoon => format!(
            "warning: edge.tls: the certificate of {name} ends at {expires_at}, in {days} days: {way_out}"
        ),
        Standing::Expired => format!(
            "error: edge.tls: the certificate of {name} has ended at {expires_at}, and callers refuse it: {way_out}"
        ),
    };
    let mut json = end.report(now);
    json["file"] = file.into();
    Judged {
        text,
        json,
        sound: standing != Standing::Expired,
    }
}

#[cfg(test)]
#[path = "certificates_tests.rs"]
mod tests;
