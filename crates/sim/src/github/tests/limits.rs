use super::super::Limits;
use super::harness::{Answer, Bench};
use bytes::Bytes;
use http::{Method, Request};
use serde_json::json;

fn with_headers(
    bench: &mut Bench,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &'static str,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    bench.send(request.body(Bytes::from_static(body.as_bytes())).unwrap())
}

#[test]
fn callers_are_told_what_they_may_not() {
    let auth = ("authorization", "Bearer github-token");
    let reader = ("authorization", "token read-only");
    let mut bench = Bench::new();
    bench.issue("x");
    let issue = "/repos/acme/app/issues/1";
    let mut check = |method: Method, path: &str, headers: &[(&str, &str)], body, status: u16| {
        let answer = with_headers(&mut bench, method, path, headers, body);
        assert_eq!(answer.status, status, "{path} {headers:?} {}", answer.body);
        assert!(answer.status < 300 || answer.body["message"].is_string());
    };
    check(Method::GET, issue, &[], "", 401);
    check(
        Method::GET,
        issue,
        &[("authorization", "Bearer wrong")],
        "",
        401,
    );
    check(Method::GET, issue, &[reader], "", 200);
    check(Method::PATCH, issue, &[reader], "{}", 403);
    check(Method::GET, "/repos/acme/app/hooks", &[reader], "", 403);
    check(Method::PATCH, issue, &[auth], "{", 400);
    check(Method::PATCH, issue, &[auth], "[]", 400);
    check(
        Method::GET,
        issue,
        &[auth, ("accept", "image/png")],
        "",
        415,
    );
    check(
        Method::GET,
        issue,
        &[auth, ("x-github-api-version", "1999-01-01")],
        "",
        400,
    );
}

#[test]
fn the_primary_limit_counts_down_and_resets() {
    let mut bench = Bench::with_limits(Limits {
        core_per_hour: 2,
        ..Limits::none()
    });
    assert_eq!(bench.get("/user").header("x-ratelimit-remaining"), "1");
    assert_eq!(bench.get("/user").header("x-ratelimit-remaining"), "0");
    let refused = bench.get("/user");
    assert_eq!(
        (refused.status, refused.header("x-ratelimit-remaining")),
        (403, "0")
    );
    let free = bench.get("/rate_limit");
    assert_eq!(
        (free.status, &free.body["resources"]["core"]["remaining"]),
        (200, &json!(0))
    );
    bench.wait(3600);
    assert_eq!(bench.get("/user").status, 200);
}

#[test]
fn creating_too_fast_meets_the_secondary_limit() {
    let mut bench = Bench::with_limits(Limits {
        creations_per_minute: 3,
        creations_per_hour: 5,
        ..Limits::none()
    });
    let make = |bench: &mut Bench| bench.post("/repos/acme/app/issues", json!({"title": "x"}));
    for _ in 0..3 {
        assert_eq!(make(&mut bench).status, 201);
    }
    let refused = make(&mut bench);
    assert_eq!((refused.status, refused.header("retry-after")), (403, "60"));
    assert!(
        refused.body["message"]
            .as_str()
            .unwrap()
            .contains("secondary rate limit")
    );
    bench.wait(60);
    assert_eq!(make(&mut bench).status, 201);
    assert_eq!(make(&mut bench).status, 201);
    bench.wait(60);
    assert_eq!(make(&mut bench).header("retry-after"), "3481");
}
