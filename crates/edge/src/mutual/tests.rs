//! Handshakes between processes of one fleet and of others.

use super::*;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use twinline_core::time::Timestamp;

const KEY: &[u8] = b"a key of a fleet that is as long as it must be";
const OTHER: &[u8] = b"another key of a fleet, as long as it must be";
/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// The machine's own clock.
struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        let now = i64::try_from(UnixTime::now().as_secs()).unwrap();
        Timestamp::from_millis(now * 1000)
    }
}

fn edge(keys: &[&[u8]]) -> Mutual {
    Mutual::new(keys, Member::role("edge", "m1", Vec::new())).unwrap()
}

fn host(keys: &[&[u8]]) -> Mutual {
    Mutual::new(keys, Member::role("host", "m2", Vec::new())).unwrap()
}

/// Connects, with an echo at the other end.
async fn connect(
    client: ClientConfig,
    server: &Mutual,
    name: &str,
) -> std::io::Result<TlsStream<DuplexStream>> {
    let (near, far) = tokio::io::duplex(64 << 10);
    let acceptor = TlsAcceptor::from(server.server());
    tokio::spawn(async move {
        let mut stream = acceptor.accept(far).await?;
        let mut piece = [0; 64];
        loop {
            let count = stream.read(&mut piece).await?;
            if count == 0 {
                return std::io::Result::Ok(());
            }
            stream.write_all(&piece[..count]).await?;
        }
    });
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let connector = TlsConnector::from(Arc::new(client));
    timeout(PATIENCE, connector.connect(name, near))
        .await
        .expect("it is answered")
}

/// Says something and hears it back: only then the server has seen a certificate that it believes.
async fn echoes(stream: &mut TlsStream<DuplexStream>) -> std::io::Result<()> {
    let said = async {
        stream.write_all(b"well").await?;
        let mut heard = [0; 4];
        stream.read_exact(&mut heard).await?;
        assert_eq!(&heard, b"well");
        Ok(())
    };
    timeout(PATIENCE, said).await.expect("it is answered")
}

async fn meets(client: ClientConfig, server: &Mutual, name: &str) -> Result<(), String> {
    let met = async { echoes(&mut connect(client, server, name).await?).await };
    met.await.map_err(|error: std::io::Error| error.to_string())
}

/// Whether a host that calls an edge of m1 is heard, and hears it.
async fn check(host: &Mutual, edge: &Mutual, expected: Result<(), &str>) {
    let met = meets(host.client(), edge, "edge.m1.twinline.internal").await;
    match expected {
        Ok(()) => assert_eq!(met, Ok(())),
        Err(why) => {
            let told = met.expect_err("they do not meet");
            assert!(told.contains(why), "{told}");
        }
    }
}

#[tokio::test]
async fn processes_of_one_fleet_meet_and_those_of_another_are_refused_on_either_side() {
    check(&host(&[KEY]), &edge(&[KEY]), Ok(())).await;
    check(&host(&[KEY]), &edge(&[OTHER]), Err("UnknownIssuer")).await;
    // A caller that believes both, and is of another fleet: the edge refuses it.
    check(&host(&[OTHER, KEY]), &edge(&[KEY]), Err("UnknownCA")).await;
}

#[tokio::test]
async fn while_the_key_changes_each_step_leaves_all_in_touch() {
    let steps: [&[&[u8]]; 4] = [&[KEY], &[KEY, OTHER], &[OTHER, KEY], &[OTHER]];
    for two in steps.windows(2) {
        for (caller, called) in [(two[0], two[1]), (two[1], two[0]), (two[1], two[1])] {
            check(&host(caller), &edge(called), Ok(())).await;
        }
    }
}

#[tokio::test]
async fn a_caller_without_a_certificate_is_refused() {
    let edge = edge(&[KEY]);
    let mut roots = RootCertStore::empty();
    let authority = Authority::of(KEY).unwrap();
    roots.add(authority.certificate().clone()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let bare = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let told = meets(bare, &edge, "edge.m1.twinline.internal").await;
    let told = told.expect_err("it is refused");
    assert!(told.contains("CertificateRequired"), "{told}");
}

/// Whether what is shown in this name is believed by a machine whose clock says so.
fn check_at(roots: &Arc<RootCertStore>, shown: &CertificateDer<'_>, now: Duration) {
    let now = UnixTime::since_unix_epoch(now);
    let provider = || Arc::new(ring::default_provider());
    let name = ServerName::try_from("edge.m1.twinline.internal").unwrap();
    let server = WebPkiServerVerifier::builder_with_provider(Arc::clone(roots), provider());
    let server = server.build().unwrap();
    let believed = server.verify_server_cert(shown, &[], &name, &[], now);
    assert!(believed.is_ok(), "{now:?}: {believed:?}");
    let client = WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), provider());
    let client = client.build().unwrap();
    let believed = client.verify_client_cert(shown, &[], now);
    assert!(believed.is_ok(), "{now:?}: {believed:?}");
}

#[tokio::test]
async fn a_clock_that_is_years_off_keeps_no_machine_out() {
    let (caller, edge) = (host(&[KEY]), edge(&[KEY]));
    let name = "edge.m1.twinline.internal";
    let stream = connect(caller.client(), &edge, name).await.unwrap();
    let shown = shown(&stream);
    let mut roots = RootCertStore::empty();
    let authority = Authority::of(KEY).unwrap();
    roots.add(authority.certificate().clone()).unwrap();
    let roots = Arc::new(roots);
    for years in [0, 1, 30, 100, 1000] {
        check_at(&roots, &shown, Duration::from_secs(years * 365 * 24 * 3600));
    }
}

#[tokio::test]
async fn a_server_is_the_role_and_machine_that_was_expected() {
    let (caller, edge) = (host(&[KEY]), edge(&[KEY]));
    for name in ["edge.m2.twinline.internal", "host.m1.twinline.internal"] {
        let told = meets(caller.client(), &edge, name).await;
        let told = told.expect_err("it is another one");
        assert!(told.contains("not valid for name"), "{told}");
    }
    // Who only asks is no server, whatever it is called.
    let command = Mutual::new(&[KEY], Member::command("m1")).unwrap();
    let told = meets(caller.client(), &command, "command.m1.twinline.internal").await;
    assert!(told.is_err(), "a command serves");
}

fn shown(stream: &TlsStream<DuplexStream>) -> CertificateDer<'static> {
    let shown = stream.get_ref().1.peer_certificates();
    shown.unwrap()[0].clone().into_owned()
}

#[tokio::test]
async fn a_program_that_is_none_of_ours_asks_with_the_files_it_was_given() {
    let issued = issue(KEY, "prometheus", &Now, Duration::from_secs(90 * 24 * 3600)).unwrap();
    use rustls::pki_types::PrivateKeyDer;
    use rustls::pki_types::pem::PemObject as _;
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(issued.authority.as_bytes()).unwrap();
    roots.add(authority).unwrap();
    let certificate = CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![certificate], key)
        .unwrap();
    let here = "10.0.0.1".parse().unwrap();
    let member = Member::role("edge", "m1", vec![here]);
    let edge = Mutual::new(&[KEY], member).unwrap();
    assert_eq!(meets(client, &edge, "10.0.0.1").await, Ok(()));
}

/// Computed by other means (Python's hmac, and OpenSSL's Ed25519): all versions of all machines must come to the same.
#[test]
fn what_is_derived_is_what_it_was() {
    let known = "02f0f75e7c584ab3658c5aee01367582cad0b83f84d0ee6a9d0304afb9c805fb";
    assert_eq!(token(KEY), known);
    let public = "314e6a26bbbfd6c548335aaa5e343899691f541ffb857e8aff27f350c63cfe04";
    let authority = Authority::of(KEY).unwrap();
    assert!(derive::hex(authority.certificate()).contains(public));
    assert_eq!(
        authority.certificate(),
        Authority::of(KEY).unwrap().certificate()
    );
    assert_ne!(token(KEY), token(OTHER));
}

#[test]
fn a_name_that_is_no_label_stands_as_its_digest() {
    let check = |machine: &str, plain: bool| {
        let name = server_name("edge", machine);
        assert_eq!(
            name == format!("edge.{machine}.twinline.internal"),
            plain,
            "{name}"
        );
        assert!(ServerName::try_from(name.clone()).is_ok(), "{name}");
    };
    check("m1", true);
    check("berlin-2", true);
    for odd in [
        "M1",
        "m_1",
        "a.b",
        "-a",
        "a-",
        "x-1",
        "größe",
        "",
        &"a".repeat(64),
    ] {
        check(odd, false);
    }
    assert_ne!(server_name("edge", "M1"), server_name("edge", "m.1"));
}
