//! Callers' mistakes: a problem that names the thing and the way out, never a 500.

use super::*;

/// The answer is this status, and its detail contains `expected`.
async fn check(served: &Served, asked: (&Method, &str, &str), status: u16, expected: &str) {
    let (method, path, body) = asked;
    let answer = served.send(request(method, path, body)).await;
    let detail = answer.problem(StatusCode::from_u16(status).unwrap());
    assert!(
        detail.contains(expected),
        "{method} {path} {body}: {detail}"
    );
}

/// Path, body, what the detail contains.
const UNREADABLE: &[(&str, &str, &str)] = &[
    ("/v1/retry", "{", "line 1 column 1"),
    ("/v1/retry", "\u{0}", "expected value at line 1"),
    ("/v1/retry", "[]", "the body: invalid"),
    ("/v1/retry", "{\"twin\": 1}", "expected a string"),
    (
        "/v1/retry",
        "{\"twn\": \"x\"}",
        "unknown field `twn`, expected one of `twin`",
    ),
    (
        "/v1/retry",
        "{}",
        "name a 'twin', or a 'connection' and the 'cause'",
    ),
    (
        "/v1/retry",
        "{\"connection\": \"a\"}",
        "and the 'cause' that GET /v1/errors shows",
    ),
    ("/v1/release", "{}", "name a 'connection', or a 'twin'"),
    (
        "/v1/release",
        "{\"twin\": \"x\", \"take\": {\"a\": \"up\"}}",
        "unknown variant `up`, expected `left` or `right`",
    ),
    (
        "/v1/links",
        "{\"connection\": \"a\"}",
        "missing field `pairs`",
    ),
    (
        "/v1/links",
        "{\"connection\": \"a\", \"pairs\": [{\"left\": \"1\"}]}",
        "missing field `right`",
    ),
    (
        "/v1/backfills",
        "{\"connection\": \"a\"}",
        "missing field `side`",
    ),
    (
        "/v1/backfills",
        "{\"connection\": \"a\", \"side\": \"left\", \"items\": -1}",
        "invalid value: integer `-1`",
    ),
    ("/v1/rules/check", "{}", "missing field `map`"),
    ("/v1/rules/a/rollback", "{}", "missing field `to`"),
    (
        "/v1/rules/a/rollback",
        "{\"to\": 4294967296}",
        "invalid value: integer `4294967296`",
    ),
    (
        "/v1/rules/a/plan",
        "{\"max\": 0}",
        "max is 0; write 1 to 10000",
    ),
    (
        "/v1/rules/a/plan",
        "{\"max\": 10001}",
        "max is 10001; write 1 to 10000",
    ),
    (
        "/v1/nodes/a/pause",
        "{\"why\": \"\"}",
        "unknown field `why`, expected `reason`",
    ),
    ("/v1/backup", "{}", "missing field `file`"),
];

#[tokio::test]
async fn a_body_that_cannot_be_read_says_where() {
    let served = served().await;
    for (path, body, expected) in UNREADABLE {
        check(&served, (&Method::POST, path, body), 400, expected).await;
    }
}

#[tokio::test]
async fn parameters_and_ids_that_are_wrong_are_named() {
    let served = served().await;
    let cases = [
        ("/v1/nodes?limit=0", "limit is 0; write 1 to 500"),
        ("/v1/errors?limit=501", "limit is 501; write 1 to 500"),
        ("/v1/connections?page=2", "unknown field `page`"),
        ("/v1/twins?limit=0", "limit is 0; write 1 to 500"),
        ("/v1/twins?limit=501", "limit is 501; write 1 to 500"),
        ("/v1/twins?limit=many", "limit: invalid digit"),
        ("/v1/twins?limit=-1", "limit: invalid digit"),
        ("/v1/twins?state=dead", "unknown variant `dead`"),
        ("/v1/twins?held=perhaps", "held: provided string was not"),
        (
            "/v1/twins?conection=a",
            "unknown field `conection`, expected one of `connection`",
        ),
        (
            "/v1/twins?cursor=garbage",
            "the cursor is not one of this list",
        ),
        (
            "/v1/twins?cursor=%F0%9F%92%A5",
            "the cursor is not one of this list",
        ),
        ("/v1/twins?item=A-1&held=true", "item stands alone"),
        ("/v1/history", "missing field `item`"),
        ("/v1/history?item=A-1&cursor=x", "cursor: invalid digit"),
        (
            "/v1/history?item=A-1&limit=9999",
            "limit is 9999; write 1 to 500",
        ),
        (
            "/v1/connections/a/linkable?side=left",
            "missing field `fields`",
        ),
        (
            "/v1/connections/a/linkable?side=top&fields=summary",
            "unknown variant `top`, expected `left` or `right`",
        ),
        (
            "/v1/connections/a/linkable?side=left&field=summary",
            "unknown field `field`, expected one of `side`",
        ),
        ("/v1/rules/%FF/versions", "Invalid UTF-8 in `connection`"),
    ];
    for (path, expected) in cases {
        check(&served, (&Method::GET, path, ""), 400, expected).await;
    }
    check(
        &served,
        (&Method::POST, "/v1/nodes/%FF/pause", ""),
        400,
        "Invalid UTF-8 in `node`",
    )
    .await;
}

/// Method, path, body, what the detail contains.
const UNKNOWN: &[(Method, &str, &str, &str)] = &[
    (
        Method::POST,
        "/v1/retry",
        "{\"twin\": \"x\"}",
        "twin 'x' is not known here",
    ),
    (
        Method::POST,
        "/v1/release",
        "{\"twin\": \"x\"}",
        "twin 'x' is not known here",
    ),
    (
        Method::POST,
        "/v1/release",
        "{\"connection\": \"x\"}",
        "connection 'x' is not known here",
    ),
    (
        Method::POST,
        "/v1/links",
        "{\"connection\": \"x\", \"pairs\": []}",
        "connection 'x' is not known here",
    ),
    (
        Method::POST,
        "/v1/backfills",
        "{\"connection\": \"x\", \"side\": \"left\"}",
        "connection 'x' is not known here",
    ),
    (
        Method::POST,
        "/v1/backfills/x/pause",
        "",
        "'x' is not known here",
    ),
    (
        Method::POST,
        "/v1/backfills/x/resume",
        "",
        "'x' is not known here",
    ),
    (
        Method::POST,
        "/v1/backfills/x/cancel",
        "",
        "'x' is not known here",
    ),
    (Method::GET, "/v1/backfills/x", "", "'x' is not known here"),
    (
        Method::GET,
        "/v1/connections/x/linkable?side=left&fields=summary",
        "",
        "connection 'x' is not known here",
    ),
    (
        Method::POST,
        "/v1/nodes/x/pause",
        "",
        "node 'x' is not known here",
    ),
    (
        Method::POST,
        "/v1/nodes/x/resume",
        "",
        "node 'x' is not known here",
    ),
    (
        Method::POST,
        "/v1/rules/x/plan",
        "",
        "connection 'x' is not known here",
    ),
    (
        Method::POST,
        "/v1/rules/x/rollback",
        "{\"to\": 1}",
        "connection 'x' is not known here",
    ),
    (
        Method::GET,
        "/v1/rules/x/versions",
        "",
        "connection 'x' has no published rules",
    ),
    (
        Method::GET,
        "/v1/history?item=X-1",
        "",
        "item 'X-1' is not known here",
    ),
    (
        Method::DELETE,
        "/v1/twins/x",
        "",
        "twin 'x' is not known here",
    ),
    (
        Method::GET,
        "/v1/nothing",
        "",
        "there is nothing at /v1/nothing",
    ),
    (
        Method::GET,
        "/v2/status",
        "",
        "there is nothing at /v2/status",
    ),
    (Method::GET, "/", "", "there is nothing at /"),
];

#[tokio::test]
async fn what_is_not_known_is_named() {
    let served = served().await;
    for (method, path, body, expected) in UNKNOWN {
        check(&served, (method, path, body), 404, expected).await;
    }
}

#[tokio::test]
async fn another_method_is_not_allowed() {
    let served = served().await;
    let cases = [
        (Method::POST, "/v1/status"),
        (Method::GET, "/v1/retry"),
        (Method::PUT, "/v1/twins"),
        (Method::DELETE, "/health"),
        (Method::PATCH, "/v1/rules/a/plan"),
    ];
    for (method, path) in cases {
        let expected = format!("{method} is not possible at {path}");
        check(&served, (&method, path, ""), 405, &expected).await;
    }
}

#[tokio::test]
async fn rules_that_are_not_sound_come_back_with_their_places() {
    let served = served().await;
    let body =
        serde_json::json!({ "map": { "name": "a.toml", "text": "format = 1\nnme = \"a\"\n" } });
    let answer = served.post("/v1/rules/check", &body.to_string()).await;
    let detail = answer.problem(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(detail.starts_with("a.toml:1:1: error: "), "{detail}");
    let findings = answer.json()["findings"].to_string();
    assert!(findings.contains("did you mean 'name'"), "{findings}");
}

#[tokio::test]
async fn a_backup_goes_to_a_new_file_by_its_absolute_path() {
    let served = served().await;
    let relative = (&Method::POST, "/v1/backup", "{\"file\": \"here.db\"}");
    check(&served, relative, 422, "here.db: write an absolute path").await;
    let file = served.folder.path().join("copy.db");
    let body = serde_json::json!({ "file": file }).to_string();
    let made = served.post("/v1/backup", &body).await;
    assert_eq!(made.status, StatusCode::OK);
    assert!(made.json()["bytes"].as_u64().unwrap() > 0);
    check(
        &served,
        (&Method::POST, "/v1/backup", &body),
        422,
        "copy.db",
    )
    .await;
    let nowhere = serde_json::json!({ "file": served.folder.path().join("no/folder/copy.db") });
    let asked = (&Method::POST, "/v1/backup", &*nowhere.to_string());
    check(&served, asked, 422, "no/folder").await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_it_is_read() {
    let served = served().await;
    let large = " ".repeat(BODY_MAX_BYTES + 1);
    for path in ["/v1/links", "/v1/rules/check", "/v1/rules/a/publish"] {
        check(&served, (&Method::POST, path, &large), 413, "over 8 MiB").await;
        let mut asked = request(&Method::POST, path, &large);
        let key = http::HeaderValue::from_static("k");
        asked.headers_mut().insert("idempotency-key", key);
        served
            .send(asked)
            .await
            .problem(StatusCode::PAYLOAD_TOO_LARGE);
    }
}
