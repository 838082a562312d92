use super::*;
use std::net::SocketAddr;

fn request(head: &str) -> Request<()> {
    let mut lines = head.lines();
    let mut first = lines.next().unwrap().split(' ');
    let mut request = Request::builder()
        .method(first.next().unwrap())
        .uri(first.next().unwrap());
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    request.body(()).unwrap()
}

fn lines(headers: &HeaderMap) -> Vec<String> {
    let mut lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines
}

fn check_outgoing(head: &str, from: &str, secure: bool, websocket: bool, expected: &[&str]) {
    let mut request = request(head);
    let authority = authority(&request).unwrap();
    let from: SocketAddr = from.parse().unwrap();
    let id = HeaderValue::from_static("id-1");
    let caller = Caller::new(from.ip(), secure);
    outgoing(request.headers_mut(), &caller, authority, id, websocket);
    assert_eq!(lines(request.headers()), expected);
}

#[test]
fn what_a_caller_says_of_itself_is_dropped_and_what_is_of_one_hop_stays() {
    check_outgoing(
        "GET /v1/status\nhost: sync.example:8443\nconnection: keep-alive, x-secret\nx-secret: 1\nkeep-alive: 5\nte: trailers\n\
         transfer-encoding: chunked\nupgrade: h2c\nexpect: 100-continue\nforwarded: for=9.9.9.9\nx-forwarded-for: 9.9.9.9\n\
         x-forwarded-port: 1\nx-real-ip: 9.9.9.9\nproxy-authorization: Basic x\nx-request-id: theirs\nauthorization: Bearer t",
        "192.0.2.7:5000",
        true,
        false,
        &[
            "authorization: Bearer t",
            "forwarded: for=192.0.2.7;host=\"sync.example:8443\";proto=https",
            "host: sync.example:8443",
            "x-forwarded-for: 192.0.2.7",
            "x-forwarded-host: sync.example:8443",
            "x-forwarded-proto: https",
            "x-request-id: id-1",
        ],
    );
}

#[test]
fn an_ipv6_caller_is_quoted_and_split_cookies_are_joined() {
    check_outgoing(
        "GET http://a.example/x\nhost: ignored.example\ncookie: a=1\ncookie: b=2",
        "[2001:db8::1]:5000",
        false,
        false,
        &[
            "cookie: a=1; b=2",
            "forwarded: for=\"[2001:db8::1]\";host=\"a.example\";proto=http",
            "host: a.example",
            "x-forwarded-for: 2001:db8::1",
            "x-forwarded-host: a.example",
            "x-forwarded-proto: http",
            "x-request-id: id-1",
        ],
    );
}

#[test]
fn a_websocket_keeps_its_upgrade() {
    let head = "GET /ws\nhost: a\nconnection: keep-alive, Upgrade\nupgrade: WebSocket\nsec-websocket-key: k";
    assert!(asks_websocket(&request(head)));
    check_outgoing(
        head,
        "192.0.2.7:5000",
        false,
        true,
        &[
            "connection: upgrade",
            "forwarded: for=192.0.2.7;host=\"a\";proto=http",
            "host: a",
            "sec-websocket-key: k",
            "upgrade: websocket",
            "x-forwarded-for: 192.0.2.7",
            "x-forwarded-host: a",
            "x-forwarded-proto: http",
            "x-request-id: id-1",
        ],
    );
    for other in [
        "GET /\nhost: a\nupgrade: websocket",
        "GET /\nhost: a\nconnection: upgrade\nupgrade: h2c",
        "POST /\nhost: a\nconnection: upgrade\nupgrade: websocket",
    ] {
        assert!(!asks_websocket(&request(other)), "{other}");
    }
}

#[test]
fn a_request_is_for_exactly_one_authority() {
    let cases = [
        ("GET /\nhost: a.example", Ok("a.example")),
        ("GET /\nhost: [::1]:80", Ok("[::1]:80")),
        ("GET /", Err(BadHead::Host)),
        ("GET /\nhost: a\nhost: b", Err(BadHead::Host)),
        ("GET /\nhost: a\"b", Err(BadHead::Host)),
        ("GET /\nhost: a, b", Err(BadHead::Host)),
        ("CONNECT a.example:443", Err(BadHead::Method)),
    ];
    for (head, expected) in cases {
        let found = authority(&request(head));
        let found = found
            .as_ref()
            .map(|found| found.to_str().unwrap())
            .map_err(|bad| *bad);
        assert_eq!(found, expected, "{head}");
    }
}

#[test]
fn a_callers_request_id_is_kept_when_it_is_harmless() {
    let long = "x".repeat(65);
    for (shown, kept) in [
        ("a-B_1.2", true),
        ("", false),
        ("a b", false),
        ("a=b", false),
        (&long, false),
    ] {
        let head = format!("GET /\nx-request-id: {shown}");
        assert_eq!(
            request_id(request(&head).headers()).is_some(),
            kept,
            "{shown}"
        );
    }
}
