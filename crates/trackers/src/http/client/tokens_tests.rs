//! When a token is asked for, used, and given up.

use super::super::*;
use super::*;
use crate::http::{ClientGrant, Refusal, Written};
use async_trait::async_trait;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicUsize};

/// A tracker and, at another address, a giver of tokens.
struct World {
    now_ms: AtomicI64,
    /// How many tokens were given.
    given: AtomicUsize,
    /// What the giver answers before it gives one.
    refusals: Mutex<VecDeque<Result<http::Response<Bytes>, TransportError>>>,
    /// The tokens that the tracker takes no longer.
    ended: Mutex<Vec<String>>,
    shown: Mutex<Vec<String>>,
}

#[async_trait]
impl Transport for World {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        if request.uri().host() == Some("login.example") {
            if let Some(refusal) = self.refusals.lock().unwrap().pop_front() {
                return refusal;
            }
            // Others get their turn while this one is under way.
            tokio::task::yield_now().await;
            let number = self.given.fetch_add(1, Ordering::Relaxed) + 1;
            let body = format!(r#"{{"access_token": "t{number}", "expires_in": 600}}"#);
            return Ok(http::Response::new(body.into()));
        }
        let shown = request.headers()[AUTHORIZATION].to_str().unwrap();
        self.shown.lock().unwrap().push(shown.to_owned());
        let token = shown.strip_prefix("Bearer ").unwrap().to_owned();
        let ended = self.ended.lock().unwrap().contains(&token);
        let mut answer = http::Response::new(Bytes::from_static(b"{}"));
        *answer.status_mut() = match (ended, request.uri().path()) {
            (true, _) => StatusCode::UNAUTHORIZED,
            (false, "/forbidden") => StatusCode::FORBIDDEN,
            (false, _) => StatusCode::OK,
        };
        Ok(answer)
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms.load(Ordering::Relaxed))
    }
}

impl World {
    fn pass(&self, seconds: i64) {
        self.now_ms.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    fn given(&self) -> usize {
        self.given.load(Ordering::Relaxed)
    }

    fn refuse(&self, status: u16, body: &'static str) {
        let mut answer = http::Response::new(Bytes::from_static(body.as_bytes()));
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        self.refusals.lock().unwrap().push_back(Ok(answer));
    }

    fn end(&self, token: &str) {
        self.ended.lock().unwrap().push(token.to_owned());
    }
}

struct Plain;

impl Dialect for Plain {
    fn tracker(&self) -> &'static str {
        "Plain"
    }

    fn refusal(&self, _: &Reply) -> Refusal {
        Refusal::default()
    }

    fn lacks_scope(&self, _: &Reply) -> bool {
        true
    }
}

fn world() -> (Client, Arc<World>) {
    let world = Arc::new(World {
        now_ms: AtomicI64::new(1_769_851_800_000),
        given: AtomicUsize::new(0),
        refusals: Mutex::default(),
        ended: Mutex::default(),
        shown: Mutex::default(),
    });
    let url = "https://login.example/token".parse().unwrap();
    let grant = ClientGrant::new(url, Written::Form, Secret::new("us"), Secret::new("secret"));
    let settings = ClientSettings {
        node: "n".into(),
        base: Url::parse("https://tracker.example/").unwrap(),
        auth: Auth::Granted(Arc::new(grant)),
        headers: HeaderMap::new(),
        budget: BudgetRules::default(),
    };
    let transport: Arc<dyn Transport> = Arc::<World>::clone(&world);
    let clock: Arc<dyn Clock> = Arc::<World>::clone(&world);
    (
        Client::new(settings, &Plain, transport, clock).unwrap(),
        world,
    )
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_again_before_its_end() {
    let (client, world) = world();
    let ask = || client.send(Call::get("/x"));
    let (one, other, third) = tokio::join!(ask(), ask(), ask());
    assert!(one.is_ok() && other.is_ok() && third.is_ok());
    assert_eq!(world.given(), 1);
    world.pass(530);
    ask().await.unwrap();
    assert_eq!(world.given(), 1);
    // A request that is sent now may arrive when the token has ended.
    world.pass(15);
    ask().await.unwrap();
    assert_eq!(world.given(), 2);
    let shown = world.shown.lock().unwrap().clone();
    assert_eq!(shown.first().unwrap(), "Bearer t1");
    assert_eq!(shown.last().unwrap(), "Bearer t2");
}

#[tokio::test]
async fn a_token_that_is_taken_no_longer_is_replaced_and_what_was_refused_did_nothing() {
    let (client, world) = world();
    client.send(Call::get("/x")).await.unwrap();
    world.end("t1");
    match client.send(Call::post("/x")).await {
        Err(TrackerError::Retry {
            reason,
            after: None,
        }) => assert!(reason.contains("another access token"), "{reason}"),
        other => panic!("{other:?}"),
    }
    client.send(Call::post("/x")).await.unwrap();
    assert_eq!(world.given(), 2);
}

#[tokio::test]
async fn where_no_token_is_ever_taken_the_credentials_are_at_fault() {
    let (client, world) = world();
    world.end("t1");
    let refused = client.send(Call::get("/x")).await;
    assert!(
        matches!(refused, Err(TrackerError::Credentials { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_missing_permission_does_not_cost_the_token() {
    let (client, world) = world();
    client.send(Call::get("/x")).await.unwrap();
    let refused = client.send(Call::post("/forbidden")).await;
    assert!(
        matches!(refused, Err(TrackerError::Credentials { .. })),
        "{refused:?}"
    );
    client.send(Call::get("/x")).await.unwrap();
    assert_eq!(world.given(), 1);
}

#[tokio::test]
async fn a_giver_that_refuses_is_told_and_not_pressed() {
    let (client, world) = world();
    world.refuse(
        401,
        r#"{"error": "invalid_client", "error_description": "wrong secret"}"#,
    );
    for _ in 0..3 {
        match client.send(Call::get("/x")).await {
            Err(TrackerError::Credentials { sentence }) => {
                assert!(sentence.contains("login.example"), "{sentence}");
                assert!(sentence.contains("wrong secret"), "{sentence}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(world.given(), 0);
    world.pass(5);
    client.send(Call::get("/x")).await.unwrap();
}

#[tokio::test]
async fn a_giver_that_is_down_is_tried_again_and_a_write_is_not_in_doubt() {
    let (client, world) = world();
    world.refuse(503, "");
    let lost = Err(TransportError::maybe_sent("cut"));
    world.refusals.lock().unwrap().push_back(lost);
    for _ in 0..2 {
        let failed = client.send(Call::post("/x")).await;
        assert!(
            matches!(failed, Err(TrackerError::Retry { .. })),
            "{failed:?}"
        );
        world.pass(5);
    }
    assert!(world.shown.lock().unwrap().is_empty());
    client.send(Call::post("/x")).await.unwrap();
}

#[tokio::test]
async fn what_signs_for_itself_needs_no_token() {
    let (client, world) = world();
    let own = HeaderValue::from_static("Bearer own");
    client.send(Call::get("/x").showing(own)).await.unwrap();
    assert_eq!(world.given(), 0);
    assert_eq!(*world.shown.lock().unwrap(), ["Bearer own"]);
}
