//! The repository's own configuration of Patroni, with what a member on loopback has of its own.

use super::Synchronous;
use std::path::Path;

/// What people are given to set up a fleet's database.
const GIVEN: &str = include_str!("../../../../deploy/patroni/patroni.yml");

/// One member's own.
pub(super) struct Own<'a> {
    pub(super) name: &'a str,
    pub(super) rest: u16,
    pub(super) port: u16,
    pub(super) etcd: &'a str,
    pub(super) folder: &'a Path,
    pub(super) programs: &'a Path,
    pub(super) password: &'a str,
    pub(super) synchronous: Synchronous,
    /// Whether Twinline's account is let in without a password.
    pub(super) is_trusted: bool,
}

/// The configuration of a member.
///
/// # Panics
/// When the given configuration has not what is exchanged: then it is not what the tests start any more.
pub(super) fn config(own: &Own<'_>) -> String {
    let folder = own.folder.display();
    let (mode, strict) = match own.synchronous {
        Synchronous::Off => (false, false),
        Synchronous::On => (true, false),
        Synchronous::Strict => (true, true),
    };
    let asks = if own.is_trusted {
        "trust"
    } else {
        "scram-sha-256"
    };
    let twinline = "twinline    twinline    10.0.0.0/24    ";
    let asked = format!("{twinline}scram-sha-256");
    // Nothing is synced, and it is small: a server for a test.
    let small = "max_connections: 100\n        fsync: \"off\"\n        shared_buffers: 16MB";
    let exchanged = [
        (asked.as_str(), format!("{twinline}{asks}")),
        ("name: db1", format!("name: {}", own.name)),
        ("10.0.0.21:8008", format!("127.0.0.1:{}", own.rest)),
        ("10.0.0.21:5432", format!("127.0.0.1:{}", own.port)),
        (
            "10.0.0.11:2379,10.0.0.12:2379,10.0.0.13:2379",
            own.etcd.to_owned(),
        ),
        (
            "/var/lib/postgresql/15/twinline",
            format!("{folder}/{}", own.name),
        ),
        (
            "/usr/lib/postgresql/15/bin",
            own.programs.display().to_string(),
        ),
        (
            "/var/lib/postgresql/.pgpass-patroni",
            format!("{folder}/{}.pgpass", own.name),
        ),
        // The callback, the certificate and its key.
        ("/etc/twinline-db/", format!("{folder}/")),
        ("/var/run/postgresql", folder.to_string()),
        ("change-me-1", own.password.to_owned()),
        ("change-me-2", own.password.to_owned()),
        ("change-me-3", own.password.to_owned()),
        ("10.0.0.0/24", "127.0.0.1/32".to_owned()),
        // As quick as Patroni allows.
        ("ttl: 30", "ttl: 20".to_owned()),
        ("loop_wait: 10", "loop_wait: 1".to_owned()),
        ("retry_timeout: 10", "retry_timeout: 3".to_owned()),
        (
            "synchronous_mode: true",
            format!("synchronous_mode: {mode}"),
        ),
        (
            "synchronous_mode_strict: false",
            format!("synchronous_mode_strict: {strict}"),
        ),
        ("max_connections: 200", small.to_owned()),
    ];
    exchanged
        .iter()
        .fold(GIVEN.to_owned(), |text, (given, own)| {
            assert!(
                text.contains(*given),
                "deploy/patroni/patroni.yml has no '{given}'"
            );
            text.replace(*given, own)
        })
}
