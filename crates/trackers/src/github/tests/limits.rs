//! What requests cost, and the answers that limit them.

use super::*;

#[tokio::test]
async fn a_quiet_repository_costs_nothing() {
    let h = harness(GithubConfig::default());
    drop(item(&h).await);
    h.pass(Duration::from_secs(3600)).await;
    let sweep = async || {
        let cursor = Cursor {
            since: h.now().minus(Duration::from_secs(60)),
            page: None,
        };
        let page = h.tracker().changes(&h.scope(), &cursor).await.unwrap();
        assert!(page.changes.is_empty() && page.next.is_none(), "{page:?}");
    };
    sweep().await;
    let before = used(&h).await;
    for _ in 0..10 {
        sweep().await;
    }
    assert_eq!(used(&h).await, before);
}

#[tokio::test(start_paused = true)]
async fn published_limits_space_writes_but_do_not_stop_one_half_way() {
    let h = SimHarness::limited(simulator(GithubConfig::default()), under());
    let item = item(&h).await;
    let closed = |reason: &str| FieldWrite::Replace(Value::text(format!("closed:{reason}")));
    let writes = [
        (field::STATUS, closed("completed")),
        (
            field::LABELS,
            FieldWrite::Elements {
                add: BTreeSet::from(["new".to_owned()]),
                remove: BTreeSet::new(),
            },
        ),
    ];
    update(&h, &item, &writes).await.unwrap();
    // Two requests were made, so two seconds are kept; closing for another reason takes two more.
    h.pass(Duration::from_secs(1)).await;
    let began = tokio::time::Instant::now();
    let write = [(field::STATUS, closed("not_planned"))];
    let applied = update(&h, &item, &write).await.unwrap();
    assert_eq!(began.elapsed(), Duration::from_secs(1), "its turn");
    let label = [(
        field::LABELS,
        FieldWrite::Elements {
            add: BTreeSet::from(["newer".to_owned()]),
            remove: BTreeSet::new(),
        },
    )];
    let early = update(&h, &item, &label).await;
    assert!(
        matches!(early, Err(TrackerError::Busy { whole: false, .. })),
        "{early:?}"
    );
    assert_eq!(applied.waived, BTreeMap::new());
    let now = read(&h, &item.reference.item).await;
    assert_eq!(
        now.get(field::STATUS),
        Some(&decode::choice("closed:not_planned"))
    );
}

#[tokio::test]
async fn a_spent_limit_is_not_taken_for_a_missing_permission() {
    let h = harness(GithubConfig::default());
    h.meddler().next_read(Trick::Answer(h.too_fast(5)));
    let subscribed = h
        .tracker()
        .subscribe(&h.scope(), "https://edge.example/in", "s")
        .await;
    assert!(
        matches!(subscribed, Err(TrackerError::Retry { .. })),
        "{subscribed:?}"
    );
}

/// A 403 of GitHub and what it is, in a word.
async fn check_403(headers: &[(&'static str, &'static str)], message: &str, expected: &str) {
    let mut answer = http::Response::builder().status(403);
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    let body = serde_json::to_vec(&json!({ "message": message })).unwrap();
    let wire = Arc::new(Meddler::new(Arc::new(Nowhere)));
    wire.next_write(Trick::Answer(answer.body(body.into()).unwrap()));
    let client = client_over(wire);
    let error = client.send(Call::post("/x")).await.unwrap_err();
    let found = match error {
        TrackerError::Retry { after, .. } => format!("retry after {} s", after.unwrap().as_secs()),
        TrackerError::Credentials { .. } => "credentials".to_owned(),
        TrackerError::Refused { sentence, .. } => sentence,
        other => panic!("{other:?}"),
    };
    assert_eq!(found, expected, "{message}");
}

struct Nowhere;

#[async_trait]
impl Transport for Nowhere {
    async fn send(
        &self,
        _request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        Err(TransportError::not_sent("nowhere"))
    }
}

#[tokio::test]
async fn a_403_can_be_a_limit_a_permission_or_a_refusal() {
    let secondary = "You have exceeded a secondary rate limit.";
    check_403(&[], secondary, "retry after 60 s").await;
    check_403(&[("retry-after", "9")], secondary, "retry after 9 s").await;
    let spent = [
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "1769851830"),
    ];
    check_403(&spent, "API rate limit exceeded", "retry after 30 s").await;
    let lacking = "Resource not accessible by personal access token";
    check_403(&[("x-ratelimit-remaining", "12")], lacking, "credentials").await;
    let locked = "Unable to create comment because issue is locked.";
    check_403(&[], locked, locked).await;
}
