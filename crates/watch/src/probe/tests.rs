//! What a look comes to: cut off, judged, and its path.

use super::exposition::figures;
use super::runner::look;
use super::web::NoWord;
use super::*;
use std::net::{Ipv4Addr, SocketAddr};
use twinline_core::handles::Clock;
use twinline_core::time::Timestamp;
use twinline_core::watch::probe::{Failure, Finding, Routes, verify_paths};
use twinline_trackers::http::{Secret, Way};

fn element(text: &str) -> Element {
    text.parse().unwrap()
}

fn path(text: &str) -> Path {
    text.split_whitespace().map(element).collect()
}

fn pace(deadline: Duration) -> Pace {
    Pace {
        period: Duration::from_secs(2),
        deadline,
        open_after: 3,
        close_after: 15,
    }
}

fn probe(subject: &str, implicates: &str, touches: &str, look: impl Look + 'static) -> Probe {
    let target = Target {
        subject: element(subject),
        implicates: path(implicates),
    };
    let deadline = Duration::from_millis(50);
    Probe::new(
        "test",
        Severity::Critical,
        pace(deadline),
        vec![target],
        path(touches),
        Arc::new(look),
    )
    .unwrap()
}

struct Says(fn() -> Vec<(Element, Outcome)>);

#[async_trait]
impl Look for Says {
    async fn look(&self) -> Vec<(Element, Outcome)> {
        (self.0)()
    }
}

struct Never;

#[async_trait]
impl Look for Never {
    async fn look(&self) -> Vec<(Element, Outcome)> {
        std::future::pending().await
    }
}

fn failure(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Passed => "passed".to_owned(),
        Outcome::Unseen => "unseen".to_owned(),
        Outcome::Failed(Failure::Answer { detail }) => detail.clone(),
        Outcome::Failed(failure) => format!("{failure:?}"),
    }
}

async fn check(look_at: impl Look + 'static, expected: &str) {
    let seen = look(&probe("host:h1", "", "", look_at)).await;
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (&seen[0].0, failure(&seen[0].1).as_str()),
        (&element("host:h1"), expected)
    );
}

#[tokio::test]
async fn every_look_ends_with_a_word_about_every_subject() {
    check(
        Says(|| vec![(element("host:h1"), Outcome::Passed)]),
        "passed",
    )
    .await;
    check(Never, "Deadline").await;
    check(Says(Vec::new), "nothing was said of it").await;
    let other = Says(|| vec![(element("host:h2"), Outcome::Passed)]);
    check(other, "nothing was said of it").await;
    check(
        Says(|| panic!("a look that panics")),
        "the probe itself failed",
    )
    .await;
}

pub(super) fn web() -> Arc<Web> {
    Arc::new(Web::new(Secret::new("token"), Way::plain()).unwrap())
}

/// Answers every request with this, until the test ends.
pub(super) async fn serve(status: u16, body: &'static str) -> Arc<dyn Place> {
    use axum::response::IntoResponse as _;
    let status = http::StatusCode::from_u16(status).unwrap();
    let answer = move || async move { (status, body).into_response() };
    let router = axum::Router::new().fallback(answer);
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .unwrap();
    let at: SocketAddr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let router = router.clone();
            tokio::spawn(async move { plain(&mut stream, router).await });
        }
    });
    Arc::new(Fixed(at))
}

/// Takes connections, and never answers.
pub(super) async fn mute() -> Arc<dyn Place> {
    let nowhere = (Ipv4Addr::LOCALHOST, 0);
    let listener = tokio::net::TcpListener::bind(nowhere).await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let _open = listener;
        std::future::pending::<()>().await;
    });
    Arc::new(Fixed(at))
}

/// One request and its answer, without a server's machinery.
async fn plain(stream: &mut tokio::net::TcpStream, router: axum::Router) {
    use http_body_util::BodyExt as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tower::ServiceExt as _;
    let mut head = [0; 4096];
    let read = stream.read(&mut head).await.unwrap();
    assert!(read > 0);
    let request = http::Request::new(axum::body::Body::empty());
    let answer = router.oneshot(request).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body).await.unwrap();
}

async fn check_health(status: u16, body: &'static str, expected: &str) {
    let health = Health {
        web: web(),
        place: serve(status, body).await,
        role: "host",
        subject: element("host:h1"),
    };
    let said = failure(&health.look().await[0].1);
    assert!(said.contains(expected), "{said}");
}

#[tokio::test]
async fn a_health_page_is_judged_by_its_status_and_its_role() {
    check_health(200, r#"{"role":"host","store":"ok"}"#, "passed").await;
    check_health(200, r#"{"role":"edge"}"#, "is no host").await;
    check_health(200, "hello", "it answers 200").await;
    check_health(503, r#"{"role":"host","store":"disk full"}"#, "disk full").await;
}

#[test]
fn figures_are_read_with_their_labels() {
    let text =
        "# TYPE a gauge\na 1.5\na_b{x=\"1\"} 7\nb{name=\"q\\\"uo,te}\",y=\"2\"} 3 17\nb NaN\n";
    let values = |name: &str| {
        figures(text, name)
            .into_iter()
            .map(|it| it.value)
            .collect::<Vec<_>>()
    };
    assert_eq!(values("a"), [1.5]);
    assert_eq!(values("a_b"), [7.0]);
    let b = figures(text, "b");
    assert_eq!(b[0].value, 3.0);
    assert_eq!(b[0].labels["name"], "q\"uo,te}");
    assert!(b[1].value.is_nan());
}

struct At(i64);

impl Clock for At {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0)
    }
}

async fn check_inbox(age: &str, deliveries: &str, expected: &str) {
    let body = format!(
        "twinline_edge_oldest_untaken_seconds {age}\ntwinline_edge_untaken_deliveries {deliveries}\n"
    );
    let inbox = Inbox {
        web: web(),
        place: serve(200, body.leak()).await,
        subject: element("inbox:m1"),
        oldest_max: Duration::from_secs(60),
        depth_max: 1000,
    };
    assert_eq!(failure(&inbox.look().await[0].1), expected);
}

#[tokio::test]
async fn an_inbox_is_judged_by_its_oldest_delivery_and_how_many_there_are() {
    check_inbox("12.0", "1000.0", "passed").await;
    let long = "a delivery has waited for a host for 61 s";
    check_inbox("61.0", "1.0", long).await;
    check_inbox("12.0", "1001.0", "1001 deliveries wait for a host").await;
    let unknown = "the inbox does not say how old its oldest delivery is";
    check_inbox("NaN", "NaN", unknown).await;
}

/// What is said of node `a` when edges answer so, each with a status and a text; one that has none takes the request and
/// never answers.
async fn check_signatures(edges: &[Option<(u16, &'static str)>], expected: &str) {
    let mut places = Vec::new();
    for edge in edges {
        places.push(match edge {
            Some((status, body)) => serve(*status, body).await,
            None => mute().await,
        });
    }
    let (names, within) = (["a".to_owned()].into(), Duration::from_millis(500));
    let signatures = Signatures::new(web(), places, names, 3, within);
    assert_eq!(
        failure(&signatures.look().await[0].1),
        expected,
        "{edges:?}"
    );
}

#[tokio::test]
async fn signatures_that_one_edge_refuses_are_told_whatever_the_others_do() {
    let few = Some((
        200,
        r#"{"nodes":[{"node":"a","refused":2,"refused_since_ms":9,"genuine":0,"genuine_ms_ago":null}]}"#,
    ));
    let many = Some((
        200,
        r#"{"nodes":[{"node":"a","refused":3,"refused_since_ms":9,"genuine":1,"genuine_ms_ago":10},
            {"node":"b","refused":9,"refused_since_ms":9,"genuine":0,"genuine_ms_ago":null}]}"#,
    ));
    let (none, away) = (Some((200, r#"{"nodes":[]}"#)), Some((503, "")));
    check_signatures(&[none], "passed").await;
    check_signatures(&[few, none], "passed").await;
    let told = "the signatures of its last 3 deliveries were refused, and none was genuine in between: compare \
                webhook.secrets with what its tracker signs with";
    check_signatures(&[none, many], told).await;
    check_signatures(&[away, many], told).await;
    // One that drops what it is sent is no node's fault.
    check_signatures(&[None, many], told).await;
    check_signatures(&[None, few], "unseen").await;
    check_signatures(&[few, away], "unseen").await;
}

/// What is made of an answer with this status and text; `None`: there is none.
async fn check_word(answer: Option<(u16, &'static str)>, expected: Result<u64, &str>) {
    let place = match answer {
        Some((status, body)) => serve(status, body).await,
        None => mute().await,
    };
    let (at, within) = (place.at().unwrap(), Duration::from_millis(500));
    let told = web().told_within::<u64>(at, "/x", within).await;
    let told = told.map_err(|why| match why {
        NoWord::Silent(why) => format!("silent: {why}"),
        NoWord::Wrong(why) => format!("wrong: {}", why.replace(&at.to_string(), "AT")),
    });
    assert_eq!(told, expected.map_err(str::to_owned), "{answer:?}");
}

#[tokio::test]
async fn a_wrong_answer_is_told_from_none() {
    check_word(Some((200, "7")), Ok(7)).await;
    check_word(None, Err("silent: /x does not answer in 500 ms")).await;
    let refused = "wrong: AT: /x answers 401 Unauthorized";
    check_word(Some((401, "7")), Err(refused)).await;
    let unknown = "wrong: AT: /x answers 404 Not Found";
    check_word(Some((404, "")), Err(unknown)).await;
    let unreadable = "wrong: AT: what /x answers cannot be read: expected value at line 1 column 1";
    check_word(Some((200, "hello")), Err(unreadable)).await;
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_no_nodes_fault() {
    let names = || ["a".to_owned(), "b".to_owned()];
    for place in [serve(503, "").await, mute().await] {
        let within = Duration::from_millis(200);
        let hosts = Hosts::new(web(), vec![place], within);
        let nodes = Nodes::new(hosts.clone(), names().into(), Asks::Credentials);
        let clock = Arc::new(At(130_000));
        let behind = names().map(|node| (node, Duration::from_secs(60)));
        let ledger = Sweeps::new(hosts, clock, behind.into(), Measure::Whole);
        for seen in [nodes.look().await, ledger.look().await] {
            let seen: Vec<String> = seen.iter().map(|it| failure(&it.1)).collect();
            assert_eq!(seen, ["unseen", "unseen"]);
        }
    }
}

#[tokio::test]
async fn every_node_is_judged_by_one_answer() {
    let status = r#"{"nodes":[{"node":"a","state":{"state":"ready"},"scopes":1},{"node":"c","state":{"state":"ready"},"scopes":1}],
        "ledger":[{"node":"a","accounted_to":100000},{"node":"c","accounted_to":0}]}"#;
    let sweeps = |place: Arc<dyn Place>| {
        let behind = ["a", "c"].map(|node| (node.to_owned(), Duration::from_secs(60)));
        let clock = Arc::new(At(130_000));
        let hosts = Hosts::new(web(), vec![place], Duration::from_secs(5));
        Sweeps::new(hosts, clock, behind.into(), Measure::Swept)
    };
    let seen = async |place: Arc<dyn Place>| -> Vec<String> {
        let seen = sweeps(place).look().await;
        let shown = seen
            .iter()
            .map(|(node, outcome)| format!("{node} {}", failure(outcome)));
        shown.collect()
    };
    let late = "node:c its changes are accounted for up to 130 s ago";
    assert_eq!(
        seen(serve(200, status).await).await,
        ["node:a passed", late]
    );
    let place = serve(503, status).await;
    let refused = format!(
        "{}: /v1/status answers 503 Service Unavailable",
        place.at().unwrap()
    );
    let expected = ["node:a", "node:c"].map(|node| format!("{node} {refused}"));
    assert_eq!(seen(place).await, expected);
}

#[tokio::test]
async fn a_certificate_is_told_of_before_it_ends() {
    let body = "twinline_edge_tls_certificate_expires_timestamp_seconds{name=\"a.example\"} 864000\n\
                twinline_edge_tls_certificate_expires_timestamp_seconds{name=\"b.example\"} 8640000\n";
    let certificates = Certificates {
        web: web(),
        place: serve(200, body).await,
        names: ["a.example", "b.example", "c.example"]
            .map(str::to_owned)
            .into(),
        clock: Arc::new(At(0)),
        days_min: 14,
    };
    let said: Vec<String> = (certificates.look().await.iter())
        .map(|(_, outcome)| failure(outcome))
        .collect();
    let none = "no certificate is shown for c.example";
    assert_eq!(
        said,
        [
            "the certificate of a.example ends in 10 days",
            "passed",
            none
        ]
    );
}

#[test]
fn what_a_probe_goes_through_it_tells_of_too() {
    let runs_on = path("watch:m1 machine:m1");
    let inbox = probe(
        "inbox:m1",
        "edge:m1 host:m1 machine:m1",
        "edge:m1 machine:m1",
        Never,
    );
    let told = inbox.path(&runs_on);
    assert_eq!(told.watches, path("edge:m1 inbox:m1"));
    let edge = probe("edge:m1", "machine:m1", "machine:m1", Never).path(&runs_on);
    let nobody = verify_paths(&[told, edge], &Routes::default());
    assert!(nobody.iter().all(|it| matches!(it, Finding::Blind { .. })));
    assert_eq!(nobody.len(), 2);
}

/// What the commit canary says at 10 s of a database that was found like this.
async fn check_commits(
    commits: twinline_store::central::Standing,
    proven_ms: Option<i64>,
    expected: &str,
) {
    use twinline_store::central::{CentralHealth, PoolName};
    let mut health = CentralHealth {
        commits,
        ..CentralHealth::default()
    };
    if let Some(at) = proven_ms {
        let at = Timestamp::from_millis(at);
        health.proven.insert(PoolName::Probe, at);
    }
    // Of another pool: no proof of this one.
    health
        .proven
        .insert(PoolName::Read, Timestamp::from_millis(9999));
    let (_told, health) = tokio::sync::watch::channel(health);
    let canary = CommitCanary {
        health,
        clock: Arc::new(At(10_000)),
        subject: element("database:central"),
        proof_max: Duration::from_secs(3),
    };
    assert_eq!(failure(&canary.look().await[0].1), expected);
}

#[tokio::test]
async fn commits_are_judged_by_the_age_of_the_last_proof() {
    use twinline_store::central::Standing;
    check_commits(Standing::Ok, Some(7000), "passed").await;
    let old = "the last proven commit was 3001 ms ago";
    check_commits(Standing::Ok, Some(6999), old).await;
    check_commits(Standing::Unknown, None, "no commit was proven yet").await;
    let failing = Standing::Failing {
        since: Timestamp::from_millis(0),
        why: "no answer".to_owned(),
    };
    let said = "commits fail since 1970-01-01T00:00:00Z: no answer";
    check_commits(failing, Some(9999), said).await;
}

/// What is said of the pools that read and write by a host that answers so.
async fn check_pools(body: &'static str, expected: [&str; 2]) {
    use twinline_store::central::PoolName;
    let pools = [PoolName::Replicate, PoolName::Read];
    let subjects = pools.map(|pool| (pool, element(&format!("pool:{}", pool.as_str()))));
    let look = Pools {
        web: web(),
        place: serve(200, body).await,
        subjects: subjects.into(),
        proof_max: Duration::from_secs(15),
    };
    let seen = look.look().await;
    let seen: Vec<String> = seen.iter().map(|(_, outcome)| failure(outcome)).collect();
    assert_eq!(seen, expected, "{body}");
}

#[tokio::test]
async fn every_pool_is_judged_by_the_age_of_its_own_proof() {
    let never = "no commit was proven yet";
    let unsaid = "the host does not say how old its proof is";
    check_pools(
        "twinline_central_proof_age_milliseconds{pool=\"replicate\"} 15000\n\
         twinline_central_proof_age_milliseconds{pool=\"read\"} NaN\n",
        ["passed", never],
    )
    .await;
    let old = "the last proven commit was 15001 ms ago";
    check_pools(
        "twinline_central_proof_age_milliseconds{group=\"g1\",pool=\"replicate\"} 15001\n\
         twinline_central_proof_age_milliseconds{pool=\"probe\"} 1\n",
        [old, unsaid],
    )
    .await;
}

async fn check_canary(status: u16, body: &'static str, expected: &str) {
    let canary = CanarySync {
        web: web(),
        place: serve(status, body).await,
        subject: element("canary_sync:h1"),
        deadline: Duration::from_secs(5),
    };
    assert_eq!(failure(&canary.look().await[0].1), expected);
}

#[tokio::test]
async fn a_canary_passes_when_its_host_says_that_a_change_crossed() {
    check_canary(200, r#"{"took_ms":12}"#, "passed").await;
    let hangs = "the engine or the state of group local hangs";
    let problem = r#"{"detail":"the engine or the state of group local hangs"}"#;
    check_canary(503, problem, hangs).await;
    check_canary(404, "", "the host answers 404 Not Found").await;
    check_canary(200, "hello", "the host answers 200 OK").await;
}
