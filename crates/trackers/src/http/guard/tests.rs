use super::*;

fn check(allow: &[&str], address: &str, expected: bool) {
    let guard = AddressGuard::new(
        allow
            .iter()
            .map(|network| network.parse().unwrap())
            .collect(),
    );
    assert_eq!(
        guard.allows(address.parse().unwrap()),
        expected,
        "{address} with {allow:?}"
    );
}

#[test]
fn public_addresses_are_allowed() {
    for address in [
        "140.82.112.5",
        "8.8.8.8",
        "2606:50c0:8000::64",
        "::ffff:8.8.8.8",
    ] {
        check(&[], address, true);
    }
}

#[test]
fn addresses_of_our_own_network_are_not() {
    for address in [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1",
        "192.0.0.8",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "2001:db8::1",
        "2001::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "2002:7f00:1::",
        "::127.0.0.1",
    ] {
        check(&[], address, false);
    }
}

#[test]
fn a_listed_network_is_allowed_in_either_writing() {
    check(&["127.0.0.0/8"], "127.0.0.1", true);
    check(&["127.0.0.0/8"], "::ffff:127.0.0.1", true);
    check(&["127.0.0.0/8"], "10.0.0.1", false);
    check(&["fd00::/8"], "fd12::1", true);
    check(&["::1/128"], "::1", true);
}
