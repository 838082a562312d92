//! TLS over real sockets.

use super::backend::Backend;
use super::harness::*;
use crate::{CertificateFiles, Edge, EdgeError};
use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A certificate that vouches for itself, with its key, both PEM.
struct Issued {
    cert: String,
    key: String,
    der: CertificateDer<'static>,
}

fn issue(name: &str) -> Issued {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    Issued {
        cert: made.cert.pem(),
        key: made.signing_key.serialize_pem(),
        der: made.cert.der().clone(),
    }
}

impl Issued {
    fn write(&self, folder: &Path, stem: &str, name: &str) -> CertificateFiles {
        let (cert, key) = (
            folder.join(format!("{stem}.crt")),
            folder.join(format!("{stem}.key")),
        );
        std::fs::write(&cert, &self.cert).unwrap();
        std::fs::write(&key, &self.key).unwrap();
        let name = name.to_owned();
        CertificateFiles { name, cert, key }
    }
}

/// Speaks TLS with the edge and asks for that name; trusts these certificates.
async fn connect(
    edge: &Served,
    name: &'static str,
    trusted: &[&Issued],
    protocol: &[u8],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for issued in trusted {
        roots.add(issued.der.clone()).unwrap();
    }
    let builder = ClientConfig::builder().with_root_certificates(roots);
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let name = ServerName::try_from(name).unwrap();
    let stream = edge.connect().await;
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// Which certificate the edge shows.
async fn shown(edge: &Served, name: &'static str, trusted: &[&Issued]) -> Option<Vec<u8>> {
    let stream = connect(edge, name, trusted, b"http/1.1").await.ok()?;
    let chain = stream.get_ref().1.peer_certificates()?;
    Some(chain.first()?.to_vec())
}

#[tokio::test]
async fn each_name_has_its_certificate_and_an_unknown_name_has_none() {
    let mut plan = Plan::default();
    let (one, two) = (issue("one.example"), issue("*.two.example"));
    let folder = plan.folder.path().to_owned();
    plan.tls = vec![
        one.write(&folder, "one", "One.example"),
        two.write(&folder, "two", "*.two.example"),
    ];
    let edge = plan.serve().await;
    let both = [&one, &two];
    assert_eq!(
        shown(&edge, "one.example", &both).await,
        Some(one.der.to_vec())
    );
    assert_eq!(
        shown(&edge, "a.two.example", &both).await,
        Some(two.der.to_vec())
    );
    for unknown in ["three.example", "two.example", "a.b.two.example"] {
        assert_eq!(shown(&edge, unknown, &both).await, None, "{unknown}");
    }
    // Who asks for an address asks for no name, and gets the first: only its name does not fit.
    let refused = connect(&edge, "127.0.0.1", &both, b"http/1.1").await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("not valid for name"), "{refused}");
    edge.end().await;
}

#[tokio::test]
async fn a_domain_without_a_certificate_is_told() {
    let mut plan = Plan::default();
    let mut directory = directory(&[]);
    let places = [("a", "https://one.example"), ("b", "https://acme.example")];
    for (node, url) in places {
        directory.nodes.get_mut(node).unwrap().public_url = Some(url.to_owned());
    }
    plan.places.say(Ok(directory.clone()));
    let one = issue("one.example");
    let folder = plan.folder.path().to_owned();
    plan.tls = vec![one.write(&folder, "one", "one.example")];
    let places = Arc::clone(&plan.places);
    let edge = plan.serve().await;
    let lacking = async || health(&edge).await["domains_without_certificate"].clone();
    let metric = "twinline_edge_tls_domain_uncertified{name=\"acme.example\"}";
    assert_eq!(lacking().await, serde_json::json!(["acme.example"]));
    assert_eq!(edge.metric(metric).await, Some(1.0));
    // The node moves to a domain that is there.
    directory.nodes.get_mut("b").unwrap().public_url = Some("https://ONE.example/b".to_owned());
    places.say(Ok(directory));
    places.heard().await;
    assert_eq!(lacking().await, serde_json::json!([]));
    assert_eq!(edge.metric(metric).await, None);
    edge.end().await;
}

#[tokio::test]
async fn a_changed_file_is_taken_and_a_broken_one_is_not() {
    let mut plan = Plan::default();
    let (first, second) = (issue("one.example"), issue("one.example"));
    let folder = plan.folder.path().to_owned();
    plan.tls = vec![first.write(&folder, "one", "one.example")];
    let edge = plan.serve().await;
    let both = [&first, &second];
    assert_eq!(
        shown(&edge, "one.example", &both).await,
        Some(first.der.to_vec())
    );

    let refused = "twinline_edge_tls_certificate_refused{name=\"one.example\"}";
    let breaks: [(&str, String); 3] = [
        ("not PEM", "-----BEGIN CERTIFICATE-----\nhalf".into()),
        ("another key", second.cert.clone()),
        ("another name", issue("other.example").cert),
    ];
    for (what, text) in breaks {
        std::fs::write(folder.join("one.crt"), text).unwrap();
        within(what, async || edge.metric(refused).await == Some(1.0)).await;
        assert_eq!(
            shown(&edge, "one.example", &both).await,
            Some(first.der.to_vec())
        );
        first.write(&folder, "one", "one.example");
        within("mended", async || edge.metric(refused).await == Some(0.0)).await;
    }
    second.write(&folder, "one", "one.example");
    within("the new certificate", async || {
        shown(&edge, "one.example", &both).await == Some(second.der.to_vec())
    })
    .await;
    edge.end().await;
}

#[tokio::test]
async fn both_versions_of_http_cross_and_hosts_hear_of_https() {
    let host = Backend::start().await;
    let mut plan = Plan::with_hosts(&[("h1", host.at)]);
    let one = issue("one.example");
    let folder = plan.folder.path().to_owned();
    plan.tls = vec![one.write(&folder, "one", "one.example")];
    let edge = plan.serve().await;
    let mut plain = connect(&edge, "one.example", &[&one], b"http/1.1")
        .await
        .unwrap();
    let head = b"GET /x HTTP/1.1\r\nhost: one.example\r\n\r\n";
    plain.write_all(head).await.unwrap();
    expect(&mut plain, "x-forwarded-proto: https").await;

    let stream = connect(&edge, "one.example", &[&one], b"h2").await.unwrap();
    let io = TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::get("https://one.example/y").header("cookie", "a=1");
    let request = request.header("cookie", "b=2").body(Empty::<Bytes>::new());
    let answer = sender.send_request(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let text = answer.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&text).into_owned();
    for line in [
        "GET /y\n",
        "host: one.example\n",
        "cookie: a=1; b=2\n",
        "proto=https\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    drop(sender);
    edge.end().await;
    // The edge said good-bye.
    connection.await.unwrap().unwrap();
}

/// The edge ends while it has a connection's TLS and no request yet.
#[tokio::test]
async fn who_speaks_http2_to_an_edge_that_ends_is_answered() {
    let host = Backend::start().await;
    let mut plan = Plan::with_hosts(&[("h1", host.at)]);
    let one = issue("one.example");
    let folder = plan.folder.path().to_owned();
    plan.tls = vec![one.write(&folder, "one", "one.example")];
    let edge = plan.serve().await;
    let stream = connect(&edge, "one.example", &[&one], b"h2").await.unwrap();
    edge.shutdown.cancel();
    // The edge has heard of it before the caller goes on.
    let (_, at) = edge.private.split_once("://").unwrap();
    let closes = async { while TcpStream::connect(at).await.is_ok() {} };
    let closed = tokio::time::timeout(Duration::from_secs(20), closes).await;
    closed.expect("the edge stops listening to hosts");
    let io = TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::get("https://one.example/y").body(Empty::<Bytes>::new());
    let answer = sender.send_request(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    drop((sender, answer));
    edge.end().await;
    connection.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_handshake_that_does_not_end_ends_its_connection() {
    let mut plan = Plan::default();
    plan.limits.header_deadline = Duration::from_millis(300);
    let one = issue("one.example");
    let folder = plan.folder.path().to_owned();
    plan.tls = vec![one.write(&folder, "one", "one.example")];
    let edge = plan.serve().await;
    let mut stream = edge.connect().await;
    stream.write_all(&[22, 3, 1]).await.unwrap();
    let mut rest = Vec::new();
    let closed = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest);
    let closed = tokio::time::timeout(Duration::from_secs(20), closed).await;
    assert_eq!(closed.unwrap().unwrap_or(0), 0);
    edge.end().await;
}

#[tokio::test]
async fn an_edge_does_not_begin_with_a_certificate_that_cannot_be_used() {
    let mut plan = Plan::default();
    let one = issue("one.example");
    let folder = plan.folder.path().to_owned();
    plan.tls = vec![one.write(&folder, "one", "other.example")];
    let error = plan.bind().await.map(|_: (Edge, _)| ()).unwrap_err();
    assert!(matches!(error, EdgeError::Tls(_)), "{error}");
    let expected =
        "the certificate of other.example cannot be used: it was not issued for other.example";
    assert_eq!(error.to_string(), expected);
}

/// A certificate that ends on the first of March 2027.
fn issue_ending(name: &str) -> Issued {
    let mut params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2027, 3, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let cert = params.self_signed(&key).unwrap();
    Issued {
        cert: cert.pem(),
        key: key.serialize_pem(),
        der: cert.der().clone(),
    }
}

const END: i64 = 1_803_859_200;
const DAY: i64 = 24 * 60 * 60;

/// What has been logged so far.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Gets what this thread logs until the guard goes.
    fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || log.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    /// The lines that tell of an end: level and what is said.
    fn ends(&self) -> Vec<(String, String)> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().filter(|line| line.contains("a certificate "));
        let lines = lines.map(|line| {
            let mut words = line.split_whitespace();
            let (level, said) = (words.nth(1).unwrap(), line.split_once("a certificate "));
            (level.to_owned(), said.unwrap().1.to_owned())
        });
        lines.collect()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn health(edge: &Served) -> serde_json::Value {
    let asked = edge.client.get(format!("{}/health", edge.private));
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    serde_json::from_str(&read(answer).await).unwrap()
}

#[tokio::test]
async fn the_end_of_a_certificate_is_told_before_it_comes() {
    let log = Log::default();
    let _listening = log.listen();
    let mut plan = Plan::default();
    let (first, later) = (issue_ending("one.example"), issue("one.example"));
    let folder = plan.folder.path().to_owned();
    plan.tls = vec![first.write(&folder, "one", "One.example")];
    let clock = Arc::clone(&plan.clock);
    clock.set_ms((END - 30 * DAY) * 1000);
    let edge = plan.serve().await;
    let expires = "twinline_edge_tls_certificate_expires_timestamp_seconds{name=\"one.example\"}";
    assert_eq!(edge.metric(expires).await, Some(END as f64));
    let shown = |days_left: i64, state: &str| serde_json::json!([{ "name": "one.example", "expires_at": "2027-03-01T00:00:00Z", "days_left": days_left, "state": state }]);
    assert_eq!(health(&edge).await["certificates"], shown(30, "sound"));
    assert_eq!(log.ends(), []);

    clock.set_ms((END - 20 * DAY) * 1000);
    assert_eq!(
        health(&edge).await["certificates"],
        shown(20, "expires_soon")
    );
    within("a warning", async || log.ends().len() == 1).await;
    // Nothing is mended by a file that cannot be used, and that is a good time to say it again.
    std::fs::write(folder.join("one.crt"), "half").unwrap();
    within("a second warning", async || log.ends().len() == 2).await;
    clock.set_ms((END + DAY) * 1000);
    assert_eq!(health(&edge).await["certificates"], shown(0, "expired"));
    within("an error", async || log.ends().len() == 3).await;
    let said = log.ends();
    for (at, (level, begins)) in [
        ("WARN", "ends soon: write a renewed one to its files"),
        ("WARN", "ends soon: write a renewed one to its files"),
        ("ERROR", "has ended and callers refuse it: write a renewed"),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(said[at].0, level, "{said:?}");
        assert!(said[at].1.starts_with(begins), "{said:?}");
        assert!(said[at].1.contains("2027-03-01T00:00:00Z"), "{said:?}");
    }

    later.write(&folder, "one", "one.example");
    within("the new certificate's end", async || {
        health(&edge).await["certificates"][0]["state"] == "sound"
    })
    .await;
    assert!(edge.metric(expires).await > Some(END as f64));
    edge.end().await;
    assert_eq!(log.ends().len(), 3);
}

#[tokio::test]
async fn an_edge_begins_with_a_certificate_that_has_ended_and_says_so() {
    let log = Log::default();
    let _listening = log.listen();
    let mut plan = Plan::default();
    let one = issue_ending("one.example");
    let folder = plan.folder.path().to_owned();
    plan.tls = vec![one.write(&folder, "one", "one.example")];
    plan.clock.set_ms((END + 1) * 1000);
    let edge = plan.serve().await;
    within("an error", async || log.ends().len() == 1).await;
    assert_eq!(log.ends()[0].0, "ERROR");
    edge.end().await;
}

#[tokio::test]
async fn an_edge_without_certificates_tells_of_none() {
    let edge = Plan::default().serve().await;
    assert_eq!(health(&edge).await["certificates"], serde_json::json!([]));
    edge.end().await;
}
