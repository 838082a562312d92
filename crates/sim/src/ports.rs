//! Ports for servers that have to be told one.
//!
//! A port that the system chose (a bind to port 0) can be given to any outgoing connection as soon as it is let go of,
//! and a server that is started a moment later, or again, finds it taken. So these are below the range that the system
//! chooses from.

use std::fs;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// Where Linux tells which ports it chooses from: the first and the last, in decimal.
const CHOSEN_BY_SYSTEM: &str = "/proc/sys/net/ipv4/ip_local_port_range";
/// The first of that range where it is not told (IANA's dynamic ports begin above it).
const USUAL_FIRST: u16 = 32768;
/// Below are ports of well-known services.
const LEAST: u16 = 10_000;
/// How far the ports of two processes that run at once begin from each other.
const STRIDE: u32 = 37;

/// So many ports on loopback that are free now, and that no outgoing connection is given.
///
/// # Errors
/// None is free, or the system chooses from all of them itself.
pub fn free_ports(count: usize) -> io::Result<Vec<u16>> {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let end = first_chosen_by_system();
    let room = u32::from(end.saturating_sub(LEAST));
    let mut found = Vec::new();
    for _ in 0..room {
        if found.len() == count {
            break;
        }
        let turn = ASKED.fetch_add(1, Ordering::Relaxed);
        let at = std::process::id().wrapping_mul(STRIDE).wrapping_add(turn) % room;
        let port = LEAST + u16::try_from(at).expect("it is below a port");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            found.push(port);
        }
    }
    if found.len() < count {
        let said = format!("no {count} ports from {LEAST} to {end} are free");
        return Err(io::Error::new(ErrorKind::AddrInUse, said));
    }
    Ok(found)
}

/// One of [`free_ports`].
///
/// # Errors
/// As there.
pub fn free_port() -> io::Result<u16> {
    Ok(free_ports(1)?[0])
}

fn first_chosen_by_system() -> u16 {
    let told = fs::read_to_string(CHOSEN_BY_SYSTEM).ok();
    let first = told
        .as_deref()
        .and_then(|told| told.split_whitespace().next());
    first
        .and_then(|first| first.parse().ok())
        .unwrap_or(USUAL_FIRST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn they_differ_and_the_system_gives_none_of_them_away() {
        let ports = free_ports(50).unwrap();
        let distinct: BTreeSet<&u16> = ports.iter().collect();
        assert_eq!(distinct.len(), 50);
        assert!(
            ports
                .iter()
                .all(|port| (LEAST..first_chosen_by_system()).contains(port))
        );
        for port in ports {
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        }
    }
}
