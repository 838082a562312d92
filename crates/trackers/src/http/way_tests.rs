use super::*;

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn fleet() -> Way {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let names = [(at("10.0.0.1:7410"), "edge.m1.example".to_owned())];
    Way::within(tls, names.into())
}

fn check(way: &Way, asked: &str, url: Option<&str>) {
    assert_eq!(way.url(at(asked), "/health").as_deref(), url, "{asked}");
}

#[test]
fn in_a_fleet_an_address_is_asked_by_the_name_that_is_expected_there() {
    let plain = Way::plain();
    check(&plain, "10.0.0.1:7410", Some("http://10.0.0.1:7410/health"));
    let fleet = fleet();
    let url = "https://edge.m1.example:7410/health";
    check(&fleet, "10.0.0.1:7410", Some(url));
    // Of no other is anything expected, also not at that machine.
    check(&fleet, "10.0.0.1:7411", None);
    check(&fleet, "10.0.0.2:7410", None);
}

#[test]
fn a_name_that_has_moved_is_expected_at_its_new_address_only() {
    let moved = fleet().with(at("10.0.0.9:1"), "edge.m1.example".to_owned());
    check(&moved, "10.0.0.1:7410", None);
    check(
        &moved,
        "10.0.0.9:1",
        Some("https://edge.m1.example:1/health"),
    );
    let plain = Way::plain().with(at("10.0.0.9:1"), "edge.m1.example".to_owned());
    check(&plain, "10.0.0.9:1", Some("http://10.0.0.9:1/health"));
}
