//! What HTTP answers mean, and how channels that speak HTTP are addressed.

use super::outcome::{Cause, Fault, Step};
use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{Response, StatusCode};
use std::net::IpAddr;
use std::time::Duration;
use twinline_core::time::Timestamp;
use twinline_trackers::http::{Secret, parse_http_date};
use url::{Host, Url};

/// A wait that is longer than this is not believed.
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// A channel's settings cannot be used. Says nothing of the secrets in them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("channel {channel}: {reason}")]
pub struct UnusableChannel {
    /// Its name.
    pub channel: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

/// Reads the address of a channel that speaks HTTP. Unencrypted only on this machine, unless it is asked for.
pub(super) fn address(secret: &Secret, plain: bool) -> Result<Url, String> {
    let url: Url = secret
        .expose()
        .parse()
        .map_err(|error| format!("its url cannot be read: {error}"))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if plain || is_loopback(&url) => Ok(url),
        "http" => Err(
            "its url begins with http://, which anybody on the way can read: use https://, or say plain = true"
                .to_owned(),
        ),
        other => Err(format!("its url begins with {other}://, and must begin with https://")),
    }
}

/// Whether a URL leads to this very machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

/// An answer that says that the page was taken, or why it was not. `said` is the answer's own explanation.
pub(super) fn judge(answer: &Response<Bytes>, said: &str, now: Timestamp) -> Result<(), Cause> {
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let said = match said.trim() {
        "" => format!("HTTP {status}"),
        said => format!("HTTP {status}: {said}"),
    };
    let after = retry_after(answer, now);
    Err(match status {
        StatusCode::TOO_MANY_REQUESTS => Cause::new(Step::Request, Fault::Busy { after }, said),
        StatusCode::SERVICE_UNAVAILABLE if after.is_some() => {
            Cause::new(Step::Request, Fault::Busy { after }, said)
        }
        // Where an error lies behind a gateway, what is before it may have gone on.
        status if status.is_server_error() => {
            Cause::new(Step::Request, Fault::Broken, said).may_have_arrived()
        }
        StatusCode::REQUEST_TIMEOUT => Cause::new(Step::Request, Fault::Broken, said),
        status if status.is_redirection() => {
            let said = format!("{said} (it leads elsewhere, and is not followed)");
            Cause::new(Step::Request, Fault::Refused, said)
        }
        _ => Cause::new(Step::Request, Fault::Refused, said),
    })
}

/// A success whose content says otherwise: a page of some proxy, or a failure in the clothes of a success.
pub(super) fn not_what_it_says(answer: &Response<Bytes>, expected: &str) -> Cause {
    let said = format!(
        "HTTP {} with an answer that is not {expected}: {}",
        answer.status(),
        body(answer)
    );
    Cause::new(Step::Request, Fault::Broken, said).may_have_arrived()
}

/// An answer's body as text.
pub(super) fn body(answer: &Response<Bytes>) -> String {
    String::from_utf8_lossy(answer.body()).into_owned()
}

fn retry_after(answer: &Response<Bytes>, now: Timestamp) -> Option<Duration> {
    let text = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    let after = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => parse_http_date(text)?.since(now),
    };
    Some(after.min(WAIT_MAX))
}
