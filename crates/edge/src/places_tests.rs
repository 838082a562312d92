use super::*;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn one_address_has_a_part_of_the_places_and_gets_them_back() {
    let places = Places::new(10, 2, vec!["10.0.0.0/8".parse().unwrap()]);
    let one = address("192.0.2.1");
    let first = places.take(one).unwrap();
    // However it is written.
    let second = places.take(address("::ffff:192.0.2.1")).unwrap();
    assert!(places.take(one).is_none());
    let other = places.take(address("192.0.2.2"));
    assert!(other.is_some());
    drop(first);
    let again = places.take(one);
    assert!(again.is_some());
    drop((second, again, other));
    assert!(places.open.lock().unwrap().is_empty(), "nothing stays");
}

#[test]
fn a_network_of_64_bits_is_one_address_and_a_proxy_is_many() {
    let places = Places::new(10, 1, vec!["10.0.0.0/8".parse().unwrap()]);
    let one = places.take(address("2001:db8:0:1::1"));
    assert!(one.is_some());
    assert!(places.take(address("2001:db8:0:1::2")).is_none());
    let other = places.take(address("2001:db8:0:2::1"));
    assert!(other.is_some());
    let behind: Vec<_> = (0..5).map(|_| places.take(address("10.1.2.3"))).collect();
    assert!(behind.iter().all(Option::is_some));
}
