use super::*;

fn trusting(header: TrustedHeader) -> TrustedProxies {
    TrustedProxies {
        networks: vec![
            "10.0.0.0/8".parse().unwrap(),
            "2001:db8:ffff::/48".parse().unwrap(),
        ],
        header,
    }
}

/// `fields`: `name: value` a line, as they came. Expected: address and scheme; `None`: the peer itself.
fn check(header: TrustedHeader, peer: &str, fields: &str, expected: Option<(&str, &str)>) {
    let mut headers = HeaderMap::new();
    for line in fields.lines() {
        let (name, value) = line.split_once(": ").unwrap();
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    let peer = Caller::new(peer.parse().unwrap(), false);
    let found = trusting(header).behind(&peer, &headers);
    let found = found.as_ref();
    let found = found.map(|caller| (caller.address.to_str().unwrap(), caller.scheme));
    assert_eq!(found, expected, "{fields}");
}

fn check_for(fields: &str, address: &str, scheme: &str) {
    check(
        TrustedHeader::XForwardedFor,
        "10.0.0.1",
        fields,
        Some((address, scheme)),
    );
}

fn check_forwarded(fields: &str, address: &str, scheme: &str) {
    check(
        TrustedHeader::Forwarded,
        "10.0.0.1",
        fields,
        Some((address, scheme)),
    );
}

#[test]
fn nobody_who_is_not_trusted_is_believed() {
    let fields =
        "x-forwarded-for: 198.51.100.1\nforwarded: for=198.51.100.1\nx-forwarded-proto: https";
    for peer in ["192.0.2.7", "11.0.0.1", "::1", "2001:db8::1"] {
        check(TrustedHeader::XForwardedFor, peer, fields, None);
        check(TrustedHeader::Forwarded, peer, fields, None);
    }
    let peer = Caller::new("10.0.0.1".parse().unwrap(), false);
    let nobody = TrustedProxies::default();
    let mut headers = HeaderMap::new();
    headers.insert(FORWARDED_FOR, HeaderValue::from_static("198.51.100.1"));
    assert!(nobody.behind(&peer, &headers).is_none());
}

#[test]
fn a_chain_is_read_from_the_right_while_its_writers_are_trusted() {
    check_for("x-forwarded-for: 198.51.100.1", "198.51.100.1", "http");
    // The left part is made up; the right part is of proxies.
    let chain = "x-forwarded-for: 203.0.113.9, 10.9.9.9, 198.51.100.1, 10.0.0.3, 10.0.0.2";
    check_for(chain, "198.51.100.1", "http");
    let fields =
        "x-forwarded-for: 203.0.113.9\nx-forwarded-for: 198.51.100.1\nx-forwarded-for: 10.0.0.2";
    check_for(fields, "198.51.100.1", "http");
    // Who asks from within has passed trusted proxies only.
    check_for("x-forwarded-for: 10.0.0.3, 10.0.0.2", "10.0.0.3", "http");
    check_for("x-forwarded-for: 198.51.100.1:4711", "198.51.100.1", "http");
    check_for("x-forwarded-for: 2001:db8::1", "2001:db8::1", "http");
    check_for("x-forwarded-for: [2001:db8::1]:443", "2001:db8::1", "http");
    check_for(
        "x-forwarded-for: ::ffff:198.51.100.1",
        "198.51.100.1",
        "http",
    );
    check_for(
        "x-forwarded-for: 198.51.100.1, ::ffff:10.0.0.2",
        "198.51.100.1",
        "http",
    );
    check(
        TrustedHeader::XForwardedFor,
        "::ffff:10.0.0.1",
        "x-forwarded-for: 198.51.100.1, 2001:db8:ffff::2",
        Some(("198.51.100.1", "http")),
    );
}

#[test]
fn garbage_ends_the_chain_at_whom_it_came_from() {
    for garbage in [
        "",
        "unknown",
        "198.51.100.256",
        "198.51.100.1 198.51.100.2",
        "a\"b",
        "ä",
        "[::1",
        "-",
    ] {
        check_for(&format!("x-forwarded-for: {garbage}"), "10.0.0.1", "http");
        let chain = format!("x-forwarded-for: 198.51.100.1, {garbage}, 10.0.0.2");
        check_for(&chain, "10.0.0.2", "http");
    }
    check_for("x-forwarded-proto: javascript", "10.0.0.1", "http");
    check_for("accept: */*", "10.0.0.1", "http");
}

#[test]
fn a_scheme_belongs_to_the_address_beside_it() {
    check_for("x-forwarded-proto: HTTPS", "10.0.0.1", "https");
    let one = "x-forwarded-for: 198.51.100.1\nx-forwarded-proto: https";
    check_for(one, "198.51.100.1", "https");
    // The outer proxy's word passed on by the inner one.
    let kept = "x-forwarded-for: 198.51.100.1, 10.0.0.2\nx-forwarded-proto: https";
    check_for(kept, "198.51.100.1", "https");
    let each = "x-forwarded-for: 198.51.100.1, 10.0.0.2\nx-forwarded-proto: https, http";
    check_for(each, "198.51.100.1", "https");
    // What the caller made up stands left of what was appended.
    let made_up = "x-forwarded-for: 203.0.113.9, 198.51.100.1\nx-forwarded-proto: https, http";
    check_for(made_up, "198.51.100.1", "http");
}

#[test]
fn only_the_header_that_the_proxy_writes_is_looked_at() {
    let both = "x-forwarded-for: 198.51.100.1\nforwarded: for=203.0.113.9;proto=https";
    check_for(both, "198.51.100.1", "http");
    check_forwarded(both, "203.0.113.9", "https");
    check_for("forwarded: for=203.0.113.9", "10.0.0.1", "http");
    let other = "x-forwarded-for: 203.0.113.9\nx-forwarded-proto: https";
    check_forwarded(other, "10.0.0.1", "http");
}

#[test]
fn forwarded_is_read_as_rfc_7239_writes_it() {
    let cases = [
        (
            "for=198.51.100.1;proto=https;by=10.0.0.1",
            "198.51.100.1",
            "https",
        ),
        (
            "For=\"[2001:db8::1]:4711\" ; Proto=\"https\"",
            "2001:db8::1",
            "https",
        ),
        ("for=\"198.51.100.1:80\";", "198.51.100.1", "http"),
        (
            "for=203.0.113.9, for=198.51.100.1;proto=https,for=10.0.0.2;proto=http",
            "198.51.100.1",
            "https",
        ),
        (
            "for=203.0.113.9, for=unknown;proto=https",
            "10.0.0.1",
            "https",
        ),
        (
            "for=203.0.113.9, for=_hidden, for=10.0.0.2",
            "10.0.0.2",
            "http",
        ),
        ("for=203.0.113.9, proto=https", "10.0.0.1", "https"),
        // A comma and a quote within quotes part nothing.
        (
            "for=203.0.113.9;x=\"a, for=1.2.3.4\", for=198.51.100.1;y=\"\\\", for=\"",
            "198.51.100.1",
            "http",
        ),
        // Malformed: a caller's open quote must not swallow or move what a proxy appended.
        ("for=203.0.113.9;x=\", for=198.51.100.1", "10.0.0.1", "http"),
        (
            "for=203.0.113.9;x=\", for=\"[2001:db8::1]\"",
            "10.0.0.1",
            "http",
        ),
        ("for=203.0.113.9;for=198.51.100.1", "10.0.0.1", "http"),
        ("for=198.51.100.1 x", "10.0.0.1", "http"),
        ("for", "10.0.0.1", "http"),
        ("for=\"198.51.100.1\"x", "10.0.0.1", "http"),
        ("for=\"198.51.100.1\\", "10.0.0.1", "http"),
        ("", "10.0.0.1", "http"),
        (",", "10.0.0.1", "http"),
    ];
    for (value, address, scheme) in cases {
        check_forwarded(&format!("forwarded: {value}"), address, scheme);
    }
    let fields =
        "forwarded: for=\"203.0.113.9\nforwarded: for=198.51.100.1\nforwarded: for=10.0.0.2";
    check_forwarded(fields, "198.51.100.1", "http");
}
