//! What is passed on to hosts, over real sockets.

use super::backend::Backend;
use super::harness::*;
use crate::ProxyLimits;
use http::{StatusCode, header};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::Instant;

/// A host that takes connections and says nothing.
async fn stuck() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(ANY).await.unwrap();
    let at = listener.local_addr().unwrap();
    (listener, at)
}

fn is_problem(response: &reqwest::Response, status: StatusCode) {
    assert_eq!(response.status(), status);
    let kind = &response.headers()[header::CONTENT_TYPE];
    assert_eq!(kind, "application/problem+json");
    let retry = response.headers().contains_key(header::RETRY_AFTER);
    assert_eq!(retry, status == StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_request_crosses_whole_and_its_answer_comes_back() {
    let host = Backend::start().await;
    let edge = Plan::with_hosts(&[("h1", host.at)]).serve().await;
    let asked = edge.client.post(format!("{}/v1/x?y=1", edge.public));
    let asked = asked.header("x-forwarded-for", "9.9.9.9").body("the body");
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.headers()["x-own"], "kept");
    assert!(!answer.headers().contains_key("keep-alive"));
    let id = answer.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(id.starts_with("0000000000000007-"), "{id}");
    let text = read(answer).await;
    let address = edge.public.trim_start_matches("http://");
    let expected = [
        "POST /v1/x?y=1\n".to_owned(),
        format!("forwarded: for=127.0.0.1;host=\"{address}\";proto=http\n"),
        "x-forwarded-for: 127.0.0.1\n".to_owned(),
        format!("x-request-id: {id}\n"),
        "content-length: 8\n".to_owned(),
        "\n\nthe body".to_owned(),
    ];
    for line in expected {
        assert!(text.contains(&line), "{line}: {text}");
    }
    let kept = edge
        .client
        .get(&edge.public)
        .header("x-request-id", "mine-1");
    let kept = kept.send().await.unwrap();
    assert_eq!(kept.headers()["x-request-id"], "mine-1");
    edge.end().await;
}

#[tokio::test]
async fn a_trusted_proxy_tells_hosts_who_asks_and_what_its_caller_made_up_is_dropped() {
    let host = Backend::start().await;
    let mut plan = Plan::with_hosts(&[("h1", host.at)]);
    plan.trusted.networks = vec!["127.0.0.0/8".parse().unwrap()];
    let edge = plan.serve().await;
    let asked = edge.client.get(format!("{}/v1/x", edge.public));
    let asked = asked
        .header("x-forwarded-for", "9.9.9.9, 198.51.100.1, 127.0.0.2")
        .header("x-forwarded-proto", "https")
        .header("forwarded", "for=9.9.9.9")
        .header("x-real-ip", "9.9.9.9");
    let text = read(asked.send().await.unwrap()).await;
    let address = edge.public.trim_start_matches("http://");
    let expected = [
        format!("forwarded: for=198.51.100.1;host=\"{address}\";proto=https\n"),
        "x-forwarded-for: 198.51.100.1\n".to_owned(),
        "x-forwarded-proto: https\n".to_owned(),
    ];
    for line in expected {
        assert!(text.contains(&line), "{line}: {text}");
    }
    assert!(!text.contains("9.9.9.9"), "{text}");
    edge.end().await;
}

#[tokio::test]
async fn a_stuck_host_uses_up_its_own_places_and_nothing_else() {
    let (_listener, stuck) = stuck().await;
    let host = Backend::start().await;
    let mut plan = Plan::with_hosts(&[("h1", stuck), ("h2", host.at)]);
    plan.proxy.in_flight_per_host = 4;
    plan.proxy.header = Duration::from_secs(600);
    let edge = plan.serve().await;
    let mut hanging = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let asked = edge.client.get(format!("{}/v1/nodes/a/x", edge.public));
        hanging.spawn(asked.send());
    }
    within("all places are taken", async || {
        edge.metric("twinline_edge_proxy_in_flight{host=\"h1\"}")
            .await
            == Some(4.0)
    })
    .await;
    for _ in 0..20 {
        is_problem(
            &edge.get("/v1/nodes/a/x").await,
            StatusCode::SERVICE_UNAVAILABLE,
        );
        assert_eq!(edge.get("/v1/nodes/b/x").await.status(), StatusCode::OK);
        assert_eq!(
            edge.post("a", "key-a", "1", "{}").await,
            StatusCode::ACCEPTED
        );
    }
    let full = "twinline_edge_proxied_total{host=\"h1\",ended=\"full\"}";
    assert_eq!(edge.metric(full).await, Some(20.0));
    // Those who go give their places back.
    hanging.shutdown().await;
    within("places are free", async || {
        edge.metric("twinline_edge_proxy_in_flight{host=\"h1\"}")
            .await
            == Some(0.0)
    })
    .await;
    edge.end().await;
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_is_left_alone_and_comes_back_by_itself() {
    // A port where nobody listens.
    let (listener, at) = stuck().await;
    drop(listener);
    let edge = Plan::with_hosts(&[("h1", at)]).serve().await;
    let gone = async || {
        let answer = edge.get("/x").await;
        is_problem(&answer, StatusCode::SERVICE_UNAVAILABLE);
        read(answer).await
    };
    for _ in 0..5 {
        assert!(gone().await.contains("cannot be reached"));
    }
    assert!(gone().await.contains("left alone"));
    let ejected = "twinline_edge_host_ejected{host=\"h1\"}";
    assert_eq!(edge.metric(ejected).await, Some(1.0));
    let _host = Backend::start_at(at).await;
    within("the host is tried again", async || {
        edge.get("/x").await.status() == StatusCode::OK
    })
    .await;
    assert_eq!(edge.metric(ejected).await, Some(0.0));
    for _ in 0..10 {
        assert_eq!(edge.get("/x").await.status(), StatusCode::OK);
    }
    edge.end().await;
}

#[tokio::test]
async fn a_silent_host_is_answered_for_and_of_two_the_other_is_asked() {
    let (_listener, stuck) = stuck().await;
    let host = Backend::start().await;
    let mut plan = Plan::with_hosts(&[("h1", stuck), ("h2", host.at)]);
    plan.proxy.header = Duration::from_millis(100);
    let edge = plan.serve().await;
    for _ in 0..5 {
        let answer = edge.get("/v1/nodes/a/x").await;
        is_problem(&answer, StatusCode::GATEWAY_TIMEOUT);
    }
    // Any host will do: the one that is ejected is passed over, but for its probe.
    let mut well = 0;
    for _ in 0..20 {
        well += u32::from(edge.get("/v1/status").await.status() == StatusCode::OK);
    }
    assert!(well >= 18, "{well}");
    edge.end().await;
}

#[tokio::test]
async fn heads_that_do_not_arrive_end_their_connection() {
    let mut plan = Plan::default();
    plan.limits.header_deadline = Duration::from_millis(300);
    let edge = plan.serve().await;
    let mut silent = edge.connect().await;
    let mut trickling = edge.connect().await;
    let began = Instant::now();
    let mut rest = Vec::new();
    assert_eq!(silent.read_to_end(&mut rest).await.unwrap(), 0);
    trickling.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    // The edge may close between two letters: then writing fails.
    while trickling.write_all(b"x").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(began.elapsed() < Duration::from_secs(20));
    }
    edge.end().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_or_too_slow_is_refused() {
    let host = Backend::start().await;
    let mut plan = Plan::with_hosts(&[("h1", host.at)]);
    plan.proxy = ProxyLimits {
        body_max_bytes: 1000,
        upload: Duration::from_millis(300),
        ..plan.proxy
    };
    let edge = plan.serve().await;
    let post = |body: reqwest::Body| edge.client.post(&edge.public).body(body).send();
    let fits = post(vec![b'x'; 1000].into()).await.unwrap();
    assert_eq!(fits.status(), StatusCode::OK);
    let announced = post(vec![b'x'; 1001].into()).await.unwrap();
    is_problem(&announced, StatusCode::PAYLOAD_TOO_LARGE);
    let pieces = (0..20).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 100]));
    let pieces = futures_util::stream::iter(pieces);
    let found = post(reqwest::Body::wrap_stream(pieces)).await.unwrap();
    is_problem(&found, StatusCode::PAYLOAD_TOO_LARGE);
    let never = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let slow = post(reqwest::Body::wrap_stream(never)).await.unwrap();
    is_problem(&slow, StatusCode::REQUEST_TIMEOUT);
    // The caller's own faults are not counted against the host.
    for _ in 0..5 {
        let announced = post(vec![b'x'; 1001].into()).await.unwrap();
        is_problem(&announced, StatusCode::PAYLOAD_TOO_LARGE);
    }
    assert_eq!(edge.get("/").await.status(), StatusCode::OK);
    edge.end().await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_stands_still_does_not_look_whole() {
    let host = Backend::start().await;
    let mut plan = Plan::with_hosts(&[("h1", host.at)]);
    plan.proxy.idle = Duration::from_millis(300);
    let edge = plan.serve().await;
    for path in ["/breaks", "/stops"] {
        let mut answer = edge.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(answer.chunk().await.unwrap().is_some());
        host.events.add_permits(1);
        assert!(answer.chunk().await.is_err(), "{path}");
    }
    edge.end().await;
}

#[tokio::test]
async fn a_caller_that_does_not_read_loses_its_place() {
    let host = Backend::start().await;
    let mut plan = Plan::with_hosts(&[("h1", host.at)]);
    plan.proxy.in_flight_per_host = 1;
    plan.proxy.idle = Duration::from_millis(300);
    let edge = plan.serve().await;
    let mut lazy = edge.connect().await;
    let head = b"GET /flood HTTP/1.1\r\nhost: edge\r\n\r\n";
    lazy.write_all(head).await.unwrap();
    within("the place is taken", async || {
        edge.get("/").await.status() == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    within("the place is free again", async || {
        edge.get("/").await.status() == StatusCode::OK
    })
    .await;
    edge.end().await;
}

#[tokio::test]
async fn events_arrive_one_by_one_and_take_no_place_of_requests() {
    let host = Backend::start().await;
    let mut plan = Plan::with_hosts(&[("h1", host.at)]);
    plan.proxy.in_flight_per_host = 1;
    plan.proxy.streams_per_host = 2;
    let edge = plan.serve().await;
    let mut first = edge.get("/sse").await;
    for count in 0..3 {
        host.events.add_permits(1);
        let event = first.chunk().await.unwrap().unwrap();
        assert_eq!(event, format!("data: {count}\n\n"));
    }
    let _second = edge.get("/sse").await;
    assert_eq!(edge.get("/").await.status(), StatusCode::OK);
    is_problem(&edge.get("/sse").await, StatusCode::SERVICE_UNAVAILABLE);
    // A stream that could last for ever does not hold up the edge's end, and ends in good order.
    let began = Instant::now();
    edge.end().await;
    assert!(began.elapsed() < Duration::from_secs(4));
    assert_eq!(first.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn a_websocket_crosses_and_ends_when_nothing_comes() {
    let host = Backend::start().await;
    let mut plan = Plan::with_hosts(&[("h1", host.at)]);
    plan.proxy.idle = Duration::from_millis(500);
    let edge = plan.serve().await;
    let mut stream = edge.connect().await;
    let head =
        "GET /ws HTTP/1.1\r\nhost: edge\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = expect(&mut stream, "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert!(answer.contains("upgrade: websocket"), "{answer}");
    for word in ["one", "two", "three"] {
        stream.write_all(word.as_bytes()).await.unwrap();
        expect(&mut stream, word).await;
    }
    assert_eq!(
        edge.metric("twinline_edge_proxy_streams{host=\"h1\"}")
            .await,
        Some(1.0)
    );
    let mut rest = Vec::new();
    assert_eq!(stream.read_to_end(&mut rest).await.unwrap(), 0);
    edge.end().await;
}

#[tokio::test]
async fn what_is_private_or_wrong_is_answered_here() {
    let host = Backend::start().await;
    let edge = Plan::with_hosts(&[("h1", host.at)]).serve().await;
    is_problem(&edge.get("/metrics").await, StatusCode::NOT_FOUND);
    let wrong = edge.get("/hooks/a").await;
    is_problem(&wrong, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(wrong.headers()[header::ALLOW], "POST");
    let mut nameless = edge.connect().await;
    nameless.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    expect(&mut nameless, "HTTP/1.1 400 ").await;
    edge.end().await;
}

/// The host takes the body's first bytes and no more: its silence is its own fault, whatever the caller has left to send.
#[tokio::test]
async fn a_host_that_does_not_read_is_silent() {
    let host = Backend::start().await;
    let mut plan = Plan::with_hosts(&[("h1", host.at)]);
    plan.proxy.header = Duration::from_millis(300);
    plan.proxy.body_max_bytes = 64 << 20;
    let edge = plan.serve().await;
    let large = edge.client.post(format!("{}/unread", edge.public));
    let answer = large.body(vec![b'x'; 32 << 20]).send().await.unwrap();
    is_problem(&answer, StatusCode::GATEWAY_TIMEOUT);
    edge.end().await;
}

#[tokio::test]
async fn answers_carry_what_the_status_page_says_whatever_the_host_does_but_not_to_trackers() {
    let (_listener, hangs) = stuck().await;
    let told = crate::Told::default();
    let plan = Plan {
        told: told.clone(),
        proxy: ProxyLimits {
            header: Duration::from_millis(100),
            ..ProxyLimits::default()
        },
        ..Plan::with_hosts(&[("h1", hangs)])
    };
    let edge = plan.serve().await;
    let status = async |path: &str| {
        let asked = edge.client.get(format!("{}{path}", edge.public));
        let answer = asked.send().await.unwrap();
        let field = answer.headers().get(crate::STATUS);
        let field = field.map(|it| it.to_str().unwrap().to_owned());
        (answer.status(), field)
    };
    let (answered, field) = status("/v1/x").await;
    assert_eq!((answered, field), (StatusCode::GATEWAY_TIMEOUT, None));
    let fields = [(crate::STATUS, "critical".parse().unwrap())];
    told.say(fields.into_iter().collect());
    let (answered, field) = status("/v1/x").await;
    let expected = Some("critical".to_owned());
    assert_eq!((answered, field), (StatusCode::GATEWAY_TIMEOUT, expected));
    let (_, field) = status("/hooks/nobody").await;
    assert_eq!(field, None);
    edge.end().await;
}
