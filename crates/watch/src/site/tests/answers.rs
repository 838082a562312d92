//! What every answer has, and what is said to who asks for what is not there.

use super::*;

#[tokio::test]
async fn every_answer_is_guarded() {
    let visit = Visit::to(World::busy().shown());
    for path in [
        "/",
        "/incidents/4",
        "/api/v2/summary.json",
        "/style.css",
        "/nothing",
    ] {
        let got = visit.get(path).await;
        let policy = got.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self'"));
        assert!(policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe"));
        assert_eq!(got.header("x-content-type-options"), "nosniff");
        assert_eq!(got.header("referrer-policy"), "no-referrer");
    }
}

#[tokio::test]
async fn no_page_has_what_the_policy_forbids() {
    let visit = Visit::to(World::busy().shown());
    for path in [
        "/",
        "/history",
        "/incidents/1",
        "/maintenance/1",
        "/report",
        "/ack/x",
    ] {
        let got = visit.get(path).await;
        for forbidden in [
            "<script", " style=", "<style", " onclick", "http://", "https://",
        ] {
            let body = got.body.replace("http://www.w3.org", "");
            assert!(!body.contains(forbidden), "{path}: {forbidden}");
        }
        assert!(got.body.starts_with("<!doctype html>\n<html lang=\"en\">"));
        assert_eq!(got.body.matches("<h1").count(), 1, "{path}");
        assert_eq!(got.body.matches("<main").count(), 1, "{path}");
    }
}

#[tokio::test]
async fn all_that_is_linked_is_there() {
    let visit = Visit::to(World::busy().shown());
    let base: url::Url = "http://h/".parse().unwrap();
    let mut ways = vec![base.clone()];
    let mut seen = std::collections::BTreeSet::from([base]);
    while let Some(at) = ways.pop() {
        let got = visit.get(at.path()).await;
        assert_eq!(got.status, StatusCode::OK, "{at}");
        for part in got.body.split("href=\"").skip(1) {
            let link = part.split('"').next().unwrap();
            let mut link = at.join(link).unwrap();
            link.set_fragment(None);
            let is_ours = link.host_str() == Some("h");
            if is_ours && seen.insert(link.clone()) {
                ways.push(link);
            }
        }
    }
    // Pages, incidents, maintenance, feeds, the summary, the style sheet and the picture.
    assert_eq!(seen.len(), 4 + 3 + 2 + 2 + 1 + 2);
}

#[tokio::test]
async fn who_has_it_already_is_not_given_it_again() {
    let visit = Visit::to(World::busy().shown());
    for path in ["/", "/api/v2/summary.json", "/history.atom", "/style.css"] {
        let got = visit.get(path).await;
        let etag = got.header("etag").to_owned();
        for known in [
            etag.clone(),
            format!("W/{etag}"),
            format!("\"a\", {etag}"),
            "*".to_owned(),
        ] {
            let again = visit
                .ask("GET", path, &[("if-none-match", &known)], "")
                .await;
            assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{path} {known}");
            assert_eq!(again.body, "");
            assert_eq!(again.header("etag"), etag);
            assert_eq!(again.header("cache-control"), got.header("cache-control"));
        }
        let other = visit
            .ask("GET", path, &[("if-none-match", "\"a\"")], "")
            .await;
        assert_eq!(other.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_head_is_a_get_without_its_body() {
    let visit = Visit::to(World::busy().shown());
    for path in ["/", "/api/v2/summary.json", "/nothing"] {
        let (got, head) = (
            visit.get(path).await,
            visit.ask("HEAD", path, &[], "").await,
        );
        assert_eq!(head.body, "");
        assert_eq!(head.status, got.status);
        assert_eq!(head.headers, got.headers);
        assert_eq!(head.header("content-length"), got.body.len().to_string());
    }
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let visit = Visit::to(World::busy().shown());
    for path in [
        "/nothing",
        "/incidents",
        "/incidents/",
        "/incidents/x",
        "/incidents/01",
        "/incidents/+1",
        "/incidents/99999999999999999999999",
        "/ack/",
        "/ack/a/b",
        "//",
        "/../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/api/v3/summary.json",
        "/api/v2/Summary.json",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let got = visit.ask(method, path, &[], "").await;
            assert_eq!(got.status, StatusCode::NOT_FOUND, "{method} {path}");
        }
    }
    // Its links lead back from any depth.
    let got = visit.get("/a/b/c").await;
    assert!(got.body.contains(r#"href="../../""#), "{}", got.body);
}

#[tokio::test]
async fn a_slash_too_much_is_taken_away() {
    let visit = Visit::to(World::busy().shown());
    for (path, location) in [
        ("/history/", "../history"),
        ("/incidents/4/", "../../incidents/4"),
        ("/report///", "../../../report"),
    ] {
        let got = visit.get(path).await;
        assert_eq!(got.status, StatusCode::PERMANENT_REDIRECT);
        assert_eq!(got.header("location"), location);
    }
}

#[tokio::test]
async fn what_cannot_be_done_is_405_and_says_what_can() {
    let visit = Visit::to(World::busy().shown());
    for (path, allow) in [
        ("/", "GET, HEAD, OPTIONS"),
        ("/api/v2/summary.json", "GET, HEAD, OPTIONS"),
        ("/report", "GET, HEAD, POST, OPTIONS"),
        ("/ack/a", "GET, HEAD, POST, OPTIONS"),
    ] {
        for method in ["PUT", "DELETE", "BREW"] {
            let got = visit.ask(method, path, &[], "").await;
            assert_eq!(
                got.status,
                StatusCode::METHOD_NOT_ALLOWED,
                "{method} {path}"
            );
            assert_eq!(got.header("allow"), allow);
        }
    }
    let got = visit.ask("POST", "/", &[], "").await;
    assert_eq!(got.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn programs_are_told_problems_and_people_pages() {
    let visit = Visit::to(World::busy().shown());
    let check = async |path: &str, accept: &str, media: &str| {
        let got = visit.ask("GET", path, &[("accept", accept)], "").await;
        assert_eq!(got.header("content-type"), media, "{path} {accept}");
        got
    };
    let (html, problem) = ("text/html; charset=utf-8", "application/problem+json");
    check("/nothing", "text/html,application/xhtml+xml", html).await;
    check("/nothing", "*/*", html).await;
    check("/api/v2/nothing.json", "*/*", problem).await;
    let got = check("/nothing", "application/json", problem).await;
    let said: Value = serde_json::from_str(&got.body).unwrap();
    assert_eq!(said["type"], "about:blank");
    assert_eq!(said["title"], "Not found");
    assert_eq!(said["status"], 404);
    assert!(said["detail"].is_string());
}
