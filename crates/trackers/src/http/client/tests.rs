use super::*;
use async_trait::async_trait;
use http::StatusCode;
use std::sync::Mutex;
use std::time::Duration;

/// Answers every request alike and keeps the last one.
struct Canned {
    answer: Result<http::Response<Bytes>, TransportError>,
    last: Mutex<Option<http::Request<Bytes>>>,
}

#[async_trait]
impl Transport for Canned {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        *self.last.lock().unwrap() = Some(request);
        self.answer.clone()
    }
}

struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_769_851_800_000)
    }
}

struct Plain;

impl Dialect for Plain {
    fn tracker(&self) -> &'static str {
        "Plain"
    }

    fn refusal(&self, reply: &Reply) -> crate::http::Refusal {
        crate::http::Refusal {
            sentence: String::from_utf8_lossy(&reply.body).into_owned(),
            field: None,
        }
    }

    fn lacks_scope(&self, reply: &Reply) -> bool {
        &reply.body[..] == b"scope"
    }

    fn hidden_failure(&self, reply: &Reply) -> Option<crate::http::Refusal> {
        (&reply.body[..] == b"\"failed\"").then(|| self.refusal(reply))
    }
}

fn client(answer: Result<http::Response<Bytes>, TransportError>) -> (Client, Arc<Canned>) {
    let transport = Arc::new(Canned {
        answer,
        last: Mutex::default(),
    });
    let settings = ClientSettings {
        node: "n".into(),
        base: Url::parse("https://tracker.example/api/").unwrap(),
        auth: Auth::Bearer(crate::http::Secret::new("hunter2")),
        headers: HeaderMap::new(),
        budget: BudgetRules::default(),
    };
    let sender: Arc<dyn Transport> = Arc::<Canned>::clone(&transport);
    let client = Client::new(settings, &Plain, sender, Arc::new(Now)).unwrap();
    (client, transport)
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> http::Response<Bytes> {
    let mut builder = http::Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap()
}

/// What a read and a write make of one answer, in a word each.
async fn check(answer: Result<http::Response<Bytes>, TransportError>, read: &str, write: &str) {
    for (call, expected) in [(Call::get("/x"), read), (Call::post("/x"), write)] {
        let (client, _) = client(answer.clone());
        let outcome = match client.send(call).await {
            Ok(reply) => format!("ok {}", reply.status.as_u16()),
            Err(TrackerError::Retry { after: None, .. }) => "retry".into(),
            Err(TrackerError::Retry {
                after: Some(after), ..
            }) => {
                format!("retry after {} s", after.as_secs())
            }
            Err(TrackerError::Busy { after, .. }) => format!("busy for {} s", after.as_secs()),
            Err(TrackerError::Unknown { .. }) => "unknown".into(),
            Err(TrackerError::Refused { sentence, .. }) => format!("refused {sentence}"),
            Err(TrackerError::Credentials { .. }) => "credentials".into(),
            Err(TrackerError::Unreachable { .. }) => "unreachable".into(),
            Err(TrackerError::Changed) => "changed".into(),
            Err(TrackerError::Unfit { sentence, .. }) => format!("unfit {sentence}"),
            Err(TrackerError::Unreadable { place, .. }) => format!("unreadable {place}"),
        };
        assert_eq!(outcome, expected, "{answer:?}");
    }
}

#[tokio::test]
async fn statuses_are_classified_by_who_can_mend_them() {
    let plain = |status, body| Ok(answer(status, &[], body));
    check(plain(200, "{}"), "ok 200", "ok 200").await;
    check(plain(304, ""), "ok 304", "ok 304").await;
    check(plain(400, "no"), "refused no", "refused no").await;
    check(plain(401, "no"), "credentials", "credentials").await;
    check(plain(403, "scope"), "unreachable", "credentials").await;
    check(plain(403, "no"), "unreachable", "refused no").await;
    check(plain(404, "no"), "unreachable", "unreachable").await;
    check(plain(410, "no"), "unreachable", "unreachable").await;
    check(plain(408, "no"), "retry", "unknown").await;
    check(plain(422, "no"), "refused no", "refused no").await;
    check(plain(429, "no"), "retry after 60 s", "retry after 60 s").await;
    check(plain(500, "no"), "retry", "unknown").await;
    let later = Ok(answer(429, &[("retry-after", "7")], ""));
    check(later, "retry after 7 s", "retry after 7 s").await;
    let later = Ok(answer(503, &[("retry-after", "7")], ""));
    check(later, "retry after 7 s", "unknown").await;
}

#[tokio::test]
async fn a_success_can_hide_a_failure() {
    let html = Ok(answer(
        200,
        &[("content-type", "text/html; charset=utf-8")],
        "<html>",
    ));
    check(html, "unreadable GET /api/x", "unknown").await;
    let failed = Ok(answer(200, &[], "\"failed\""));
    check(failed, "refused \"failed\"", "refused \"failed\"").await;
    let huge = Ok(http::Response::new(Bytes::from(vec![
        b' ';
        RESPONSE_MAX_BYTES + 1
    ])));
    check(huge, "unreadable GET /api/x", "unknown").await;
}

#[tokio::test]
async fn redirects_stay_on_the_server() {
    let to = |location| Ok(answer(301, &[("location", location)], ""));
    check(to("/api/y"), "ok 301", "ok 301").await;
    check(to("https://tracker.example/y"), "ok 301", "ok 301").await;
    check(to("https://evil.example/y"), "unreachable", "unreachable").await;
    check(to("http://tracker.example/y"), "unreachable", "unreachable").await;
    check(Ok(answer(301, &[], "")), "unreadable GET /api/x", "unknown").await;
}

#[tokio::test]
async fn a_lost_answer_leaves_a_write_unknown_only_if_it_may_have_been_sent() {
    check(Err(TransportError::not_sent("refused")), "retry", "retry").await;
    check(Err(TransportError::maybe_sent("reset")), "retry", "unknown").await;
    let forbidden = TransportError {
        sent: Sent::NotSent,
        fault: TransportFault::Forbidden,
        reason: "private".into(),
    };
    check(Err(forbidden), "retry after 60 s", "retry after 60 s").await;
}

#[tokio::test]
async fn what_is_missing_is_named_with_its_place() {
    #[derive(Debug, serde::Deserialize)]
    struct Issue {
        #[expect(dead_code, reason = "only its absence is tested")]
        number: u64,
    }
    let check = async |body: &str, expected: &str| {
        let (client, _) = client(Ok(answer(
            200,
            &[("content-type", "application/json")],
            body,
        )));
        let reply = client.send(Call::get("/issues")).await.unwrap();
        let error = reply.json::<Vec<Issue>>().unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(
        r#"[{"number": 1}, {}]"#,
        "Plain answered something unreadable at GET /api/issues at [1]: missing field `number` at line 1 column 18",
    )
    .await;
    check(
        "",
        "Plain answered something unreadable at GET /api/issues: an empty body instead of JSON",
    )
    .await;
    check(
        "[{",
        "Plain answered something unreadable at GET /api/issues: application/json (2 bytes) instead of JSON",
    )
    .await;
}

#[tokio::test]
async fn requests_carry_the_credentials_to_the_nodes_server_only() {
    let (client, transport) = client(Ok(answer(200, &[], "{}")));
    let sent = || transport.last.lock().unwrap().take();
    let call = Call::get("/search").query("q", "a b&c");
    client.send(call).await.unwrap();
    let request = sent().unwrap();
    assert_eq!(
        request.uri(),
        "https://tracker.example/api/search?q=a+b%26c"
    );
    assert_eq!(request.headers()["authorization"], "Bearer hunter2");
    client
        .send(Call::get("https://tracker.example/api/x?page=2"))
        .await
        .unwrap();
    assert_eq!(
        sent().unwrap().uri(),
        "https://tracker.example/api/x?page=2"
    );
    let error = client
        .send(Call::get("https://evil.example/x"))
        .await
        .unwrap_err();
    assert!(matches!(error, TrackerError::Unreadable { .. }), "{error}");
    assert!(sent().is_none());
}

#[tokio::test]
async fn a_spent_budget_stops_requests_before_they_are_sent() {
    let spent = answer(
        200,
        &[
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1769851830"),
        ],
        "{}",
    );
    let (client, transport) = client(Ok(spent));
    client.send(Call::get("/x")).await.unwrap();
    transport.last.lock().unwrap().take();
    let error = client.send(Call::get("/x")).await.unwrap_err();
    let wait = Duration::from_secs(30);
    assert!(
        matches!(error, TrackerError::Busy { after, whole: true, .. } if after == wait),
        "{error:?}"
    );
    assert!(transport.last.lock().unwrap().is_none());
}

#[tokio::test]
async fn the_skew_is_the_trackers_clock_minus_ours() {
    let (client, _) = client(Ok(answer(
        404,
        &[("date", "Sat, 31 Jan 2026 09:30:03 GMT")],
        "",
    )));
    let call = Call::get("/x").accept(&[StatusCode::NOT_FOUND]);
    assert_eq!(
        client.send(call).await.unwrap().status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(client.skew_ms(), 3000);
}

/// Keeps what is logged, fields included.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<String>>);

impl tracing::Subscriber for Kept {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut kept = self.0.lock().unwrap();
        event.record(
            &mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
                kept.push_str(&format!("{field}={value:?} "));
            },
        );
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn the_request_log_holds_no_secret() {
    let kept = Kept::default();
    let _guard = tracing::subscriber::set_default(kept.clone());
    let echo = answer(200, &[("x-request-id", "r-1")], "body-hunter2");
    for outcome in [Ok(echo), Err(TransportError::maybe_sent("no answer came"))] {
        let (client, _) = client(outcome);
        let call = Call::post("/items").query("key", "query-hunter2");
        let call = call.json(&serde_json::json!({ "secret": "sent-hunter2" }));
        let value = HeaderValue::from_static("header-hunter2");
        drop(client.send(call.header(ACCEPT, value)).await);
    }
    let kept = kept.0.lock().unwrap().clone();
    for told in ["POST /api/items", "status=200", "r-1", "no answer came"] {
        assert!(kept.contains(told), "{told} is not in: {kept}");
    }
    assert!(!kept.contains("hunter2"), "{kept}");
}

/// Never answers, and counts who waits.
#[derive(Default)]
struct Silent(std::sync::atomic::AtomicUsize);

#[async_trait]
impl Transport for Silent {
    async fn send(&self, _: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn only_so_many_requests_are_under_way_and_the_next_waits_no_longer_than_its_deadline() {
    // (the tracker's own limit, how many are under way)
    for (limit, under_way) in [(2, 2), (0, IN_FLIGHT_MAX)] {
        let transport = Arc::new(Silent::default());
        let settings = ClientSettings {
            node: "n".into(),
            base: Url::parse("https://tracker.example/").unwrap(),
            auth: Auth::Bearer(crate::http::Secret::new("hunter2")),
            headers: HeaderMap::new(),
            budget: BudgetRules {
                in_flight_max: limit,
                ..BudgetRules::default()
            },
        };
        let sender: Arc<dyn Transport> = Arc::<Silent>::clone(&transport);
        let client = Arc::new(Client::new(settings, &Plain, sender, Arc::new(Now)).unwrap());
        let started = tokio::time::Instant::now();
        let asks = (0..under_way).map(|_| {
            let client = Arc::clone(&client);
            tokio::spawn(async move { client.send(Call::get("/slow")).await.map(drop) })
        });
        let asks: Vec<_> = asks.collect();
        while transport.0.load(Ordering::Relaxed) < under_way {
            tokio::task::yield_now().await;
        }
        let error = client.send(Call::post("/late")).await.unwrap_err();
        assert!(
            matches!(&error, TrackerError::Retry { reason, .. } if reason.contains("too many requests")),
            "{error:?}"
        );
        assert_eq!(started.elapsed(), SLOT_DEADLINE);
        assert_eq!(transport.0.load(Ordering::Relaxed), under_way);
        for ask in asks {
            ask.abort();
        }
    }
}
