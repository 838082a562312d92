use super::*;
use std::net::{Ipv4Addr, TcpStream};

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
