use super::*;
use std::net::{Ipv4Addr, TcpStream};

/// What the leader says to a superuser who comes with other settings.
fn refused(cluster: &Patroni, setting: &str, value: &str) -> String {
    let mut command = cluster.psql_command("twinline").unwrap();
    command.args(["--command", "SELECT 1"]).env(setting, value);
    run(command).unwrap_err().to_string()
}

#[test]
fn a_cluster_lets_nobody_in_without_tls_or_password_its_own_members_included() {
    if !Patroni::can_run() {
        return;
    }
    let cluster = Patroni::start(Synchronous::On).unwrap();
    let plain = refused(&cluster, "PGSSLMODE", "disable");
    assert!(plain.contains("no encryption"), "{plain}");
    let stranger = refused(&cluster, "PGPASSWORD", "another");
    assert!(
        stranger.contains("password authentication failed"),
        "{stranger}"
    );
    // The authority's file is what `sslrootcert` checks against, and the address stands in the certificate.
    let authority = cluster.folder.path().join("authority.pem");
    std::fs::write(&authority, cluster.authority()).unwrap();
    let mut checked = cluster.psql_command("twinline").unwrap();
    checked
        .args(["--command", "SELECT 1"])
        .env("PGSSLMODE", "verify-full")
        .env("PGSSLROOTCERT", &authority);
    assert_eq!(run(checked).unwrap().trim(), "1");
    let follows =
        "SELECT count(*), bool_and(s.ssl) FROM pg_stat_replication JOIN pg_stat_ssl s USING (pid)";
    assert_eq!(cluster.psql(follows).unwrap(), "1|t");
}

#[test]
fn a_cluster_serves_switches_over_loses_its_standby_and_is_gone() {
    if !Patroni::can_run() {
        return;
    }
    let mut cluster = Patroni::start(Synchronous::On).unwrap();
    let first = cluster.leader().unwrap().unwrap();
    cluster
        .psql("CREATE TABLE kept AS SELECT 1 AS one")
        .unwrap();
    let second = cluster.switchover().unwrap();
    assert_ne!(first.name, second.name);
    assert_eq!(cluster.psql("SELECT one FROM kept").unwrap(), "1");
    cluster.stop_standby().unwrap();
    assert_eq!(cluster.leader().unwrap().unwrap().name, second.name);
    cluster.start_standby().unwrap();
    assert_eq!(cluster.members().unwrap().len(), 2);
    let (port, folder) = (second.port, cluster.folder.path().to_owned());
    drop(cluster);
    assert!(
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err(),
        "it listens no more"
    );
    assert!(!folder.exists(), "its folder is removed");
}
