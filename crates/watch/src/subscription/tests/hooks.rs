//! Webhooks of subscribers against a server that answers as it is told.

use super::*;
use crate::channel::webhook::verify;
use axum::extract::State;
use axum::response::IntoResponse as _;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use std::sync::Mutex;
use tokio::net::TcpListener;
use twinline_core::watch::subscription::Subscribers;

/// What it was told, and how it answers.
#[derive(Default)]
pub(super) struct Receiver {
    pub(super) heard: Mutex<Vec<(HeaderMap, Bytes)>>,
    echoes: bool,
    status: Mutex<StatusCode>,
}

async fn hear(
    State(receiver): State<Arc<Receiver>>,
    headers: HeaderMap,
    body: Bytes,
) -> axum::response::Response {
    let said: Value = serde_json::from_slice(&body).unwrap();
    receiver.heard.lock().unwrap().push((headers, body));
    let status = *receiver.status.lock().unwrap();
    if receiver.echoes && said["type"] == "subscription.challenge" {
        let answer = json!({ "challenge": said["challenge"] });
        return (status, answer.to_string()).into_response();
    }
    status.into_response()
}

/// Serves on a free port; the address of the webhook.
pub(super) async fn serve(receiver: &Arc<Receiver>) -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = axum::Router::new()
        .fallback(hear)
        .with_state(Arc::clone(receiver));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address(&format!("http://127.0.0.1:{port}/hooks/status"))
}

pub(super) fn post(allow_private: &[&str], plain: bool) -> Option<Arc<Post>> {
    let trust = Trust::of_this_machine().unwrap();
    let allowed = allow_private.iter().map(|it| it.parse().unwrap()).collect();
    let hooks = Hooks::new(&trust, allowed, plain, [b"key".as_slice()]).unwrap();
    Some(Arc::new(Post {
        mail: None,
        hooks: Some(Arc::new(hooks)),
        links: Arc::new(links()),
        public_url: base(),
        name: "Acme Sync".to_owned(),
        time_zone: "Europe/Brussels".parse().unwrap(),
        administrators: BTreeMap::new(),
    }))
}

/// Waits until it has been told so often; the last one, and its body.
async fn told(receiver: &Receiver, count: usize) -> (HeaderMap, Value) {
    let arrived = async {
        loop {
            let heard = receiver.heard.lock().unwrap().clone();
            if heard.len() >= count {
                assert_eq!(heard.len(), count);
                let (headers, body) = heard.last().unwrap().clone();
                return (headers, serde_json::from_slice(&body).unwrap());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let arrived = tokio::time::timeout(Duration::from_secs(60), arrived);
    arrived.await.expect("it is told")
}

/// Waits until the file holds so many subscribers.
async fn kept(file: &Path, count: usize) {
    let stored = async {
        loop {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            let known = serde_json::from_str::<Subscribers>(&text).unwrap_or_default();
            if known.len() == count && !text.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let stored = tokio::time::timeout(Duration::from_secs(60), stored);
    stored.await.expect("so many subscribers");
}

#[tokio::test]
async fn a_webhook_answers_its_challenge_is_told_signed_and_leaves_by_its_link() {
    let receiver = Arc::new(Receiver {
        echoes: true,
        ..Receiver::default()
    });
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("subscribers.json");
    let mut paper = Paper::new();
    let work = begin_with(&file, &paper, post(&["127.0.0.0/8"], true));
    let hook = serve(&receiver).await;
    // However often: one challenge.
    for _ in 0..3 {
        work.registry.ask(hook.clone()).await.unwrap();
    }
    let (headers, challenge) = told(&receiver, 1).await;
    assert_eq!(challenge["page"]["name"], "Acme Sync");
    let secret = Secret::new(challenge["secret"].as_str().unwrap());
    assert!(secret.expose().starts_with("whsec_"));
    assert!(headers.contains_key("webhook-signature"));
    kept(&file, 1).await;

    paper.fails();
    let (headers, said) = told(&receiver, 2).await;
    let body = receiver.heard.lock().unwrap()[1].1.clone();
    verify(&[secret], &headers, &body, NOW).unwrap();
    assert_eq!(said["type"], "status.updates");
    let update = &said["updates"][0];
    assert_eq!(
        (&update["about"], &update["number"], &update["status"]),
        (&json!("incident"), &json!(7), &json!("investigating"))
    );
    assert_eq!(update["at"], NOW.to_string());
    assert_eq!(
        update["url"],
        "https://status.acme.example/below/incidents/7"
    );
    let leave: Url = said["unsubscribe"].as_str().unwrap().parse().unwrap();
    work.registry.leave(&token(&leave)).await.unwrap();
    kept(&file, 0).await;
    work.end().await;
}

#[tokio::test]
async fn a_webhook_that_does_not_answer_its_challenge_can_be_confirmed_by_the_link_in_it() {
    let receiver = Arc::new(Receiver::default());
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("subscribers.json");
    let mut paper = Paper::new();
    let work = begin_with(&file, &paper, post(&["127.0.0.0/8"], true));
    work.registry.ask(serve(&receiver).await).await.unwrap();
    let (_, challenge) = told(&receiver, 1).await;
    let confirm: Url = challenge["confirm"].as_str().unwrap().parse().unwrap();
    assert!(
        confirm
            .as_str()
            .starts_with("https://status.acme.example/below/subscribe/")
    );
    paper.fails();
    work.registry.confirm(&token(&confirm)).await.unwrap();
    paper.posts("The cause is known.");
    let (_, said) = told(&receiver, 2).await;
    assert_eq!(said["updates"][0]["body"], "The cause is known.");
    // Whoever is behind it wants no more.
    *receiver.status.lock().unwrap() = StatusCode::GONE;
    paper.posts("More.");
    told(&receiver, 3).await;
    kept(&file, 0).await;
    work.end().await;
}

#[tokio::test]
async fn an_address_that_is_not_public_is_not_asked() {
    let receiver = Arc::new(Receiver {
        echoes: true,
        ..Receiver::default()
    });
    let hook = serve(&receiver).await;
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("subscribers.json");
    let paper = Paper::new();
    // Without encryption only where that is said.
    let work = begin_with(&file, &paper, post(&["127.0.0.0/8"], false));
    assert_eq!(work.registry.ask(hook.clone()).await, Err(Refused::Busy));
    work.end().await;

    let trust = Trust::of_this_machine().unwrap();
    let hooks = Hooks::new(&trust, Vec::new(), true, [b"key".as_slice()]).unwrap();
    let post = post(&[], true).unwrap();
    let named = address(&hook.as_str().replace("127.0.0.1", "localhost"));
    for private in [hook, named] {
        assert!(
            !hooks.challenge(&post, &private, "t0ken", NOW).await,
            "{private}"
        );
    }
    assert!(receiver.heard.lock().unwrap().is_empty());
}
