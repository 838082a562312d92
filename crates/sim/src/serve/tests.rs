use super::*;
use crate::faults::Faults;
use crate::github::{Github, GithubConfig};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use tokio::sync::mpsc;

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const DEADLINE: Duration = Duration::from_secs(10);

/// A clock that stands still: nothing here depends on time passing.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_760_000_000_000)
    }
}

type TestClient = Client<HttpConnector, Full<Bytes>>;

fn client() -> TestClient {
    Client::builder(TokioExecutor::new()).build_http()
}

async fn start(faults: Faults) -> SimServer {
    let github = Github::new(GithubConfig::default());
    let tracker = Faulty::new(Box::new(github), faults, 1);
    SimServer::start(tracker, Arc::new(Still), LOOPBACK)
        .await
        .unwrap()
}

async fn ask(server: &SimServer, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
    let request = Request::builder()
        .method(method)
        .uri(format!("{}{path}", server.url()))
        .header("authorization", "Bearer github-token")
        .body(Full::new(Bytes::from(body.to_owned())))
        .unwrap();
    let response = tokio::time::timeout(DEADLINE, client().request(request))
        .await
        .unwrap()
        .ok()?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Some((status, String::from_utf8(body.to_vec()).unwrap()))
}

async fn check(server: &SimServer, method: &str, path: &str, body: &str, status: u16) -> String {
    let (seen, text) = ask(server, method, path, body).await.unwrap();
    assert_eq!(seen, status, "{method} {path}: {text}");
    text
}

#[tokio::test]
async fn api_control_and_page_work_on_one_state() {
    let server = start(Faults::default()).await;
    let keys = check(&server, "POST", "/_sim/seed?n=3", "", 200).await;
    assert_eq!(keys, r#"["acme/app#1","acme/app#2","acme/app#3"]"#);
    let edit = json!({"do": "edit", "key": "acme/app#1", "by": "ana", "field": "title", "value": "<b>new</b>"});
    check(&server, "POST", "/_sim/command", &edit.to_string(), 200).await;
    let issue = check(&server, "GET", "/repos/acme/app/issues/1", "", 200).await;
    let issue: Value = serde_json::from_str(&issue).unwrap();
    assert_eq!(issue["title"], "<b>new</b>");
    assert!(issue["url"].as_str().unwrap().starts_with(&server.url()));
    let list = check(&server, "GET", "/_sim/", "", 200).await;
    assert!(list.contains("&lt;b&gt;new&lt;/b&gt;") && !list.contains("<b>new</b>"));
    let dump = check(&server, "GET", "/_sim/dump", "", 200).await;
    assert_eq!(
        serde_json::from_str::<crate::Dump>(&dump)
            .unwrap()
            .items
            .len(),
        3
    );
    check(
        &server,
        "POST",
        "/_sim/command",
        r#"{"do":"delete","key":"acme/app#9","by":"ana"}"#,
        404,
    )
    .await;
    check(&server, "POST", "/_sim/command", r#"{"do":"juggle"}"#, 400).await;
    check(&server, "PUT", "/_sim/faults", r#"{"html":2}"#, 422).await;
    check(&server, "PUT", "/_sim/faults", r#"{"htlm":1}"#, 400).await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_visitors_forms_change_what_they_show() {
    let server = start(Faults::default()).await;
    check(
        &server,
        "POST",
        "/_sim/items",
        "by=ana&title=First&body=Text",
        303,
    )
    .await;
    let page = "/_sim/item?key=acme%2Fapp%231";
    let form =
        "act=edit&by=ben&title=Second&body=Text&status=closed%3Acompleted&labels=b%2C+a&assignees=";
    check(&server, "POST", page, form, 303).await;
    check(
        &server,
        "POST",
        page,
        "act=comment&by=ben&body=A+comment",
        303,
    )
    .await;
    let shown = check(&server, "GET", page, "", 200).await;
    assert!(shown.contains("A comment") && shown.contains("Second"));
    let dump = server.with(|tracker, now| tracker.dump(now));
    let item = &dump.items[0];
    assert_eq!(
        (item.status.as_str(), item.body.as_str()),
        ("closed:completed", "Text")
    );
    assert_eq!(item.labels, ["a", "b"]);
    let id = &item.comments[0].id;
    check(
        &server,
        "POST",
        page,
        &format!("act=delete-comment&by=ben&comment={id}"),
        303,
    )
    .await;
    check(&server, "POST", page, "act=delete&by=ben", 303).await;
    check(&server, "GET", page, "", 404).await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_timeout_closes_the_connection_after_the_effect() {
    let server = start(Faults {
        timeout_after_effect: 1.0,
        ..Faults::default()
    })
    .await;
    assert_eq!(
        ask(
            &server,
            "POST",
            "/repos/acme/app/issues",
            r#"{"title":"x"}"#
        )
        .await,
        None
    );
    assert_eq!(server.with(|tracker, now| tracker.dump(now)).items.len(), 1);
    server.shutdown().await;
}

/// A receiver of webhooks that answers with `status` and tells which events came.
async fn receiver(status: u16) -> (SocketAddr, mpsc::Receiver<String>) {
    let (tell, told) = mpsc::channel(100);
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let app = axum::Router::new().fallback(move |headers: http::HeaderMap| async move {
        let event = headers["x-github-event"].to_str().unwrap().to_owned();
        tell.send(event).await.unwrap();
        StatusCode::from_u16(status).unwrap()
    });
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (addr, told)
}

#[tokio::test]
async fn webhooks_arrive_and_their_outcome_is_kept() {
    let server = start(Faults::default()).await;
    let (addr, mut told) = receiver(503).await;
    let hook = json!({"events": ["issues"], "config": {"url": format!("http://{addr}/h"), "content_type": "json"}});
    let made = check(
        &server,
        "POST",
        "/repos/acme/app/hooks",
        &hook.to_string(),
        201,
    )
    .await;
    check(
        &server,
        "POST",
        "/repos/acme/app/issues",
        r#"{"title":"x"}"#,
        201,
    )
    .await;
    let mut came = Vec::new();
    for _ in 0..2 {
        came.push(
            tokio::time::timeout(DEADLINE, told.recv())
                .await
                .unwrap()
                .unwrap(),
        );
    }
    came.sort();
    assert_eq!(came, ["issues", "ping"]);
    let hook: Value = serde_json::from_str(&made).unwrap();
    let failed = format!(
        "/repos/acme/app/hooks/{}/deliveries?status=failure",
        hook["id"]
    );
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let list: Value =
            serde_json::from_str(&check(&server, "GET", &failed, "", 200).await).unwrap();
        if list.as_array().unwrap().len() == 2 {
            break;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "the deliveries' outcome is not kept: {list}"
        );
        tokio::task::yield_now().await;
    }
    server.shutdown().await;
}

#[tokio::test]
async fn only_loopback_is_served() {
    let github = Github::new(GithubConfig::default());
    let tracker = Faulty::new(Box::new(github), Faults::default(), 1);
    let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let refused = SimServer::start(tracker, Arc::new(Still), everywhere).await;
    assert!(matches!(refused, Err(StartError::NotLoopback(_))));
}
