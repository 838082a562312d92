//! The repository's own configuration of etcd, with what a member on loopback has of its own.

use std::path::Path;

/// What people are given to set up a fleet's etcd.
const GIVEN: &str = include_str!("../../../../deploy/etcd/etcd.conf");

/// One member's own.
pub(super) struct Own<'a> {
    pub(super) name: &'a str,
    /// The ports on which clients and other members reach it.
    pub(super) client: u16,
    pub(super) peer: u16,
    /// All members, each as `NAME=URL`, with commas between.
    pub(super) cluster: &'a str,
    pub(super) data: &'a Path,
}

/// The environment of a member.
///
/// # Panics
/// When the given configuration has not what is exchanged: then it is not what the tests start any more.
pub(super) fn environment(own: &Own<'_>) -> Vec<(String, String)> {
    let exchanged = [
        // First: it has the addresses of the others too.
        (
            "m1=http://10.0.0.11:2380,m2=http://10.0.0.12:2380,m3=http://10.0.0.13:2380",
            own.cluster.to_owned(),
        ),
        ("ETCD_NAME=m1", format!("ETCD_NAME={}", own.name)),
        ("10.0.0.11:2379", format!("127.0.0.1:{}", own.client)),
        ("10.0.0.11:2380", format!("127.0.0.1:{}", own.peer)),
        ("/var/lib/etcd/twinline", own.data.display().to_string()),
        // Members on one machine with other work on it: no elections because of a late heartbeat.
        (
            "HEARTBEAT_INTERVAL=100",
            "HEARTBEAT_INTERVAL=200".to_owned(),
        ),
        ("ELECTION_TIMEOUT=1000", "ELECTION_TIMEOUT=2000".to_owned()),
    ];
    let text = exchanged
        .iter()
        .fold(GIVEN.to_owned(), |text, (given, own)| {
            assert!(
                text.contains(given),
                "deploy/etcd/etcd.conf has no '{given}'"
            );
            text.replace(given, own)
        });
    let lines = text.lines().filter(|line| line.starts_with("ETCD_"));
    let pairs = lines.map(|line| {
        let (name, value) = line.split_once('=').expect("NAME=value");
        (name.to_owned(), value.to_owned())
    });
    pairs.collect()
}
