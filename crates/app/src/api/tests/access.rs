//! Who is let in.

use super::*;

#[tokio::test]
async fn every_operation_under_v1_wants_the_token() {
    let served = served().await;
    let all = operations();
    let guarded: Vec<_> = all.iter().filter(|(_, _, guarded)| *guarded).collect();
    assert_eq!(guarded.len(), 36, "{guarded:?}");
    let wrong = [
        None,
        Some("Bearer "),
        Some("Bearer the-toke"),
        Some("Bearer the-token2"),
        Some("bearer the-token"),
        Some("Basic dGhlLXRva2Vu"),
        Some("the-token"),
    ];
    for (method, path, _) in guarded {
        assert!(path.starts_with("/v1/"), "{path}");
        for shown in wrong {
            let mut asked = Request::builder().method(method).uri(path);
            if let Some(shown) = shown {
                asked = asked.header(header::AUTHORIZATION, shown);
            }
            // A body that would be refused: nobody unknown learns that.
            let answer = served.send(asked.body(Body::from("{")).unwrap()).await;
            let detail = answer.problem(StatusCode::UNAUTHORIZED);
            assert!(detail.contains("run/token"), "{method} {path}: {detail}");
        }
    }
}

#[tokio::test]
async fn what_monitoring_reads_wants_none() {
    let served = served().await;
    let all = operations();
    let open: Vec<_> = all.iter().filter(|(_, _, guarded)| !guarded).collect();
    let paths: Vec<&str> = open.iter().map(|(_, path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        ["/health", "/metrics", "/metrics/proofs", "/openapi.json"]
    );
    for path in paths {
        let asked = Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(served.send(asked).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn every_operation_answers_one_with_the_token() {
    let served = served().await;
    for (method, path, _) in operations() {
        if path == "/v1/events" {
            continue; // It never ends.
        }
        let answer = served.send(request(&method, &path, "")).await;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(
            !answer.status.is_server_error() && answer.status != StatusCode::METHOD_NOT_ALLOWED,
            "{method} {path}: {} {text}",
            answer.status
        );
        if !answer.status.is_success() {
            answer.problem(answer.status);
        }
    }
}
