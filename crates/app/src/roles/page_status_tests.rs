//! What of the status page answers carry, and what is made of what watches say.

use super::*;
use axum::Json;
use axum::routing::get;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use tokio::net::TcpListener;
use tower::ServiceExt as _;
use twinline_trackers::http::Secret;

/// A watch that says this.
async fn watch(said: Value) -> Place {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    let router = Router::new().route(PLACE, get(move || std::future::ready(Json(said))));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Place::At(at)
}

fn brief(indicator: &str, stale: bool) -> Value {
    json!({ "indicator": indicator, "description": indicator, "url": null, "stale": stale })
}

/// What is heard of these.
async fn heard(places: Vec<Place>) -> Option<&'static str> {
    let follower = Follower {
        http: LocalHttp::new(&Identity::alone(Secret::new("token")), LOOK_MAX).unwrap(),
        places,
        told: Told::default(),
    };
    Some(follower.ask().await?.indicator.word())
}

#[tokio::test]
async fn the_worst_of_what_watches_say_is_told_and_what_says_nothing_sound_is_passed() {
    let minor = || watch(brief("minor", false));
    assert_eq!(heard(vec![minor().await]).await, Some("minor"));
    let major = watch(brief("major", false)).await;
    assert_eq!(heard(vec![minor().await, major]).await, Some("major"));
    let stale = watch(brief("critical", true)).await;
    let broken = watch(json!({ "indicator": "on fire" })).await;
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let silent = Place::At(silent.local_addr().unwrap());
    let gone = Place::At(([127, 0, 0, 1], 9).into());
    let all = vec![stale, broken, silent, minor().await, gone];
    assert_eq!(heard(all).await, Some("minor"));
    let stale = watch(brief("critical", true)).await;
    assert_eq!(heard(vec![stale]).await, None);
}

/// The status and the link that an answer carries when a watch says so.
fn check(description: &str, url: Option<&str>, expected: (&str, Option<&str>)) {
    let heard = Brief {
        indicator: Indicator::Minor,
        description: description.to_owned(),
        url: url.map(|url| url.parse().unwrap()),
        stale: false,
    };
    let fields = fields(Some(&heard));
    let field = |name| {
        fields
            .get(name)
            .map(|it: &HeaderValue| it.to_str().unwrap())
    };
    assert_eq!(field(STATUS), Some(expected.0));
    assert_eq!(field(header::LINK), expected.1);
}

#[test]
fn a_field_holds_nothing_that_ends_it() {
    check(
        "Minor Service Outage",
        Some("https://status.acme.example/"),
        (
            "minor; description=\"Minor Service Outage\"",
            Some("<https://status.acme.example/>; rel=\"status\""),
        ),
    );
    let hostile = "a\"; b\\\r\nset-cookie: c\u{e9}";
    let plain = "minor; description=\"a; bset-cookie: c\"";
    check(hostile, None, (plain, None));
    let unknown = fields(None);
    assert_eq!(unknown.get(STATUS).unwrap(), "unknown");
    assert_eq!(unknown.len(), 1);
}

#[tokio::test]
async fn every_answer_carries_it_and_none_twice() {
    let told = Told::default();
    let inner = carries(Router::new(), told.clone());
    let router = carries(inner, told.clone());
    let says = async |expected: usize| {
        let request = axum::extract::Request::get("/nowhere");
        let request = request.body(axum::body::Body::empty()).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.headers().get_all(STATUS).iter().count(), expected);
    };
    says(0).await;
    told.say(fields(None));
    says(1).await;
}
