//! `Idempotency-Key`: a repetition gets the first answer and does nothing.

use super::*;

async fn keyed(served: &Served, path: &str, key: &str, body: &str) -> Answered {
    let mut asked = request(&Method::POST, path, body);
    let key = http::HeaderValue::from_bytes(key.as_bytes()).unwrap();
    asked.headers_mut().insert("idempotency-key", key);
    served.send(asked).await
}

#[tokio::test]
async fn the_same_request_is_done_once() {
    let served = served().await;
    let file = served.folder.path().join("copy.db");
    let body = serde_json::json!({ "file": file }).to_string();
    let first = keyed(&served, "/v1/backup", "one", &body).await;
    assert_eq!(first.status, StatusCode::OK);
    std::fs::remove_file(&file).unwrap();
    let again = keyed(&served, "/v1/backup", "one", &body).await;
    assert_eq!(
        (again.status, &again.content, &again.body),
        (first.status, &first.content, &first.body)
    );
    assert!(!file.exists(), "the repetition was done");
    // Another key is another request, and so is the same key elsewhere.
    assert_eq!(
        keyed(&served, "/v1/backup", "two", &body).await.status,
        StatusCode::OK
    );
    assert!(file.exists());
    assert_eq!(
        keyed(&served, "/v1/sweep", "one", "").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused() {
    let served = served().await;
    let first = keyed(&served, "/v1/retry", "one", "{\"twin\": \"a\"}").await;
    first.problem(StatusCode::NOT_FOUND);
    let other = keyed(&served, "/v1/retry", "one", "{\"twin\": \"b\"}").await;
    let detail = other.problem(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        detail.contains("another body") && detail.contains("new key"),
        "{detail}"
    );
    let same = keyed(&served, "/v1/retry", "one", "{\"twin\": \"a\"}").await;
    assert_eq!(
        same.problem(StatusCode::NOT_FOUND),
        "twin 'a' is not known here"
    );
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let served = served().await;
    for key in ["", &"k".repeat(201), "\u{e9}"] {
        let answer = keyed(&served, "/v1/sweep", key, "").await;
        let detail = answer.problem(StatusCode::BAD_REQUEST);
        assert!(detail.contains("1 to 200 ASCII"), "{detail}");
    }
}

#[tokio::test]
async fn what_is_remembered_is_bounded() {
    let served = served().await;
    for number in 0..1100 {
        let body = format!("{{\"twin\": \"{number}\"}}");
        keyed(&served, "/v1/retry", &number.to_string(), &body).await;
    }
    let forgotten = keyed(&served, "/v1/retry", "0", "{\"twin\": \"other\"}").await;
    assert_eq!(
        forgotten.problem(StatusCode::NOT_FOUND),
        "twin 'other' is not known here"
    );
    let known = keyed(&served, "/v1/retry", "1099", "{\"twin\": \"other\"}").await;
    known.problem(StatusCode::UNPROCESSABLE_ENTITY);
}
