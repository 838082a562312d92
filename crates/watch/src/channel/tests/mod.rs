//! Channels against servers: mail against a real one, the others against one that checks what it hears.

mod mail;
mod pagerduty;
mod peer;
mod sms;
mod webhook;

use super::*;
use async_trait::async_trait;
use http::HeaderMap;
use peer::{Answer, Peer};
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;
use twinline_trackers::http::{Names, Secret, Trust};

/// When everything here happens: 2026-11-29T18:00:00Z.
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_795_975_200_000);

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// A resolver that knows every name, on loopback, until it is gone.
#[derive(Default)]
pub(super) struct Resolver {
    pub(super) gone: AtomicBool,
}

#[async_trait]
impl Names for Resolver {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        if self.gone.load(Ordering::Relaxed) {
            return Err(io::Error::other(format!("nobody knows {host}")));
        }
        Ok(vec![IpAddr::from([127, 0, 0, 1])])
    }
}

/// Long enough for a machine with other work, and short where an answer is awaited that does not come.
const DEADLINES: Deadlines = Deadlines {
    connect: Duration::from_secs(20),
    step: Duration::from_secs(20),
    whole: Duration::from_secs(40),
};
/// Where a mail server's answer does not come. The others come sooner, also on a machine with other work.
pub(super) const SHORT: Deadlines = Deadlines {
    step: Duration::from_secs(2),
    ..DEADLINES
};
/// Where an HTTP answer does not come.
const BRIEF: Deadlines = Deadlines {
    whole: Duration::from_secs(1),
    ..DEADLINES
};

/// A certificate that nobody signed, as its own authority, with its key.
pub(super) fn certificate() -> (Trust, String) {
    let names = ["mail.test", "hooks.test", "127.0.0.1"].map(str::to_owned);
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let certificate = made.cert.pem();
    let trust = Trust::only(certificate.as_bytes()).unwrap();
    (trust, certificate + &made.signing_key.serialize_pem())
}

fn outside_with(deadlines: Deadlines, resolver: Arc<dyn Names>, trust: &Trust) -> Outside {
    let addresses = Addresses::new(resolver, Duration::from_secs(20), BTreeMap::new());
    Outside::new(trust, addresses, Arc::new(Stopped), deadlines).unwrap()
}

pub(super) fn outside(deadlines: Deadlines) -> Outside {
    outside_with(deadlines, Arc::new(Resolver::default()), &certificate().0)
}

pub(super) fn matter(incident: &str, severity: Severity, headline: &str) -> Matter {
    Matter {
        incident: incident.to_owned(),
        severity,
        headline: headline.to_owned(),
        element: Some("database:central".to_owned()),
        affected: ["jira", "github"].map(str::to_owned).to_vec(),
        since: Timestamp::parse("2026-11-29T17:59:50Z").unwrap(),
        details: vec!["The last proven commit is 9 s old.".to_owned()],
    }
}

pub(super) fn page(content: Content) -> Page {
    let link = |text: &str| Some(text.parse().unwrap());
    Page {
        id: "page-7".to_owned(),
        instance: "acme".to_owned(),
        person: Some("ada".to_owned()),
        to: "ada@acme.example".to_owned(),
        at: NOW,
        content,
        acknowledge: link("https://status.acme.example/ack/t0ken"),
        look: link("https://status.acme.example/incidents/inc-12"),
    }
}

/// A letter as its reader has it: without the line breaks and escapes of its way (quoted-printable).
pub(super) fn readable(letter: &str) -> String {
    let letter = letter.replace("\r\n", "\n");
    letter.replace("=\n", "").replace("=3D", "=")
}

pub(super) fn incident(event: Event) -> Page {
    let matter = matter("inc-12", Severity::Critical, "commits fail");
    page(Content::Incident { event, matter })
}

pub(super) fn digest() -> Page {
    let matters = vec![
        matter("inc-13", Severity::Warning, "a certificate ends"),
        matter("inc-12", Severity::Critical, "commits fail"),
        matter("inc-14", Severity::Info, "a sweep is late"),
    ];
    page(Content::Digest(Digest::new(matters).unwrap()))
}

/// How a page that was not taken should have failed: what fault, whether it may have arrived, and words of the error.
type Fails<'a> = (Fault, bool, &'a [&'a str]);

/// Sends to a peer that gives this answer, and compares what is said of it: a reference, or a failure.
async fn check(
    settings: impl Fn(&str) -> Settings<'static>,
    page: &Page,
    answer: Answer,
    expected: Result<&str, Fails<'_>>,
) {
    let shown = format!("{answer:?}");
    let deadlines = if matches!(answer, Answer::Nothing) {
        BRIEF
    } else {
        DEADLINES
    };
    let peer = Peer::giving(answer).await;
    let channel = Channel::new("ways", settings(&peer.url()), &outside(deadlines)).unwrap();
    let sent = channel.send(page).await;
    match (sent, expected) {
        (Ok(receipt), Ok(reference)) => assert_eq!(receipt.reference, reference, "{shown}"),
        (Err(failed), Err((fault, may_have_arrived, words))) => {
            let found = (failed.fault, failed.may_have_arrived);
            assert_eq!(found, (fault, may_have_arrived), "{shown}: {failed}");
            let text = failed.to_string();
            for word in ["channel ways"].iter().chain(words) {
                assert!(text.contains(word), "{shown}: '{word}' is not in '{text}'");
            }
            for secret in ["s3cr3t", "t0ken"] {
                assert!(
                    !format!("{failed:?}").contains(secret),
                    "{shown}: {failed:?}"
                );
            }
        }
        (sent, expected) => panic!("{shown}: {sent:?}, not {expected:?}"),
    }
}

/// Whom and what a peer heard, once.
async fn heard(
    settings: impl Fn(&str) -> Settings<'static>,
    page: &Page,
    answer: Answer,
) -> peer::Heard {
    let peer = Peer::giving(answer).await;
    let channel = Channel::new("ways", settings(&peer.url()), &outside(DEADLINES)).unwrap();
    channel.send(page).await.unwrap();
    let mut heard = peer.heard();
    assert_eq!(heard.len(), 1, "one page is one request");
    heard.remove(0)
}

/// Why settings cannot be used.
fn refused(settings: Settings<'_>) -> String {
    let refused = Channel::new("ways", settings, &outside(DEADLINES));
    let said = refused.map(|_| ()).unwrap_err().to_string();
    assert!(!said.contains("s3cr3t"), "{said}");
    said
}

fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().unwrap()
}
