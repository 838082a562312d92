//! Keeping tenant-supplied URLs out of our own network.

use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses a node may be at: public ones, and the private networks that the configuration lists
/// (`allow_private`, for on-premise and loopback trackers).
#[derive(Clone, Debug, Default)]
pub struct AddressGuard {
    allow_private: Vec<IpNet>,
}

impl AddressGuard {
    /// Lets through public addresses and these networks.
    pub fn new(allow_private: Vec<IpNet>) -> Self {
        Self { allow_private }
    }

    /// Whether a request may go to `address`. An IPv4 address inside an IPv6 one (mapped, 6to4, NAT64) counts as that
    /// IPv4 address.
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = unwrapped(address);
        is_public(address)
            || self
                .allow_private
                .iter()
                .any(|network| network.contains(&address))
    }

    /// The sentence that says why an address is refused and what to do.
    pub fn refusal(host: &str, address: IpAddr) -> String {
        format!(
            "{host} is at {address}, which is not a public address; if the tracker is meant to be there, list its network in allow_private"
        )
    }
}

fn unwrapped(address: IpAddr) -> IpAddr {
    let IpAddr::V6(six) = address else {
        return address;
    };
    let segments = six.segments();
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low] => embedded(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => embedded(high, low),
        _ => address,
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => is_public_v4(four),
        IpAddr::V6(six) => is_public_v6(six),
    }
}

/// The special-purpose registry of IANA (RFC 6890), by first octets.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240)
}

/// Global unicast is 2000::/3; what is special within it is left out.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    first & 0xe000 == 0x2000
        && !(first == 0x2001 && second < 0x0200)
        && !(first == 0x2001 && second == 0x0db8)
        && first != 0x3fff
}

#[cfg(test)]
mod tests;
