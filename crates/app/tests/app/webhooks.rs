//! Webhooks as GitHub would send them, by hand: the simulator here has none registered.

use crate::support::Installation;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What the deliveries are signed with.
pub(crate) const SECRET: &str = "a secret of the hook";

/// Nothing answers slower.
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer: its status, head and body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

fn whole(at: SocketAddr, head: &str, body: &str) -> String {
    let length = body.len();
    format!("{head}\r\nhost: {at}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// Asks and reads the whole answer; `None` when none comes in time.
pub(crate) fn ask(at: SocketAddr, head: &str, body: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect_timeout(&at, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(whole(at, head, body).as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    Some(Answer {
        status: head.split(' ').nth(1)?.parse().ok()?,
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    })
}

/// An `issues` delivery about an issue of `acme/app`, of an edit long ago: to one who has seen a later one it tells nothing.
pub(crate) fn body(number: u64, padding: usize) -> String {
    body_of(number, "2026-01-31T09:30:00Z", padding)
}

/// An `issues` delivery about an edit at this time.
pub(crate) fn body_of(number: u64, updated_at: &str, padding: usize) -> String {
    serde_json::json!({
        "action": "edited",
        "issue": { "number": number, "updated_at": updated_at },
        "repository": { "full_name": "acme/app" },
        "padding": "x".repeat(padding),
    })
    .to_string()
}

/// The request line and head of a signed delivery to a node.
fn signed_head(node: &str, id: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    format!(
        "POST /hooks/{node} HTTP/1.1\r\ncontent-type: application/json\r\nx-github-event: issues\r\n\
         x-github-delivery: {id}\r\nx-hub-signature-256: sha256={signature}"
    )
}

/// A signed delivery to a node, as it goes over a connection of its own.
pub(crate) fn signed(at: SocketAddr, node: &str, id: &str, body: &str) -> String {
    whole(at, &signed_head(node, id, body), body)
}

/// Delivers to a node, signed; `None` when no answer comes in time.
pub(crate) fn deliver(at: SocketAddr, node: &str, id: &str, body: &str) -> Option<Answer> {
    ask(at, &signed_head(node, id, body), body)
}

/// Where webhooks arrive now.
pub(crate) fn address(installation: &Installation) -> SocketAddr {
    installation.listener("edge", "webhooks").unwrap()
}
