use super::*;
use std::net::{SocketAddr, TcpStream};

#[test]
fn a_server_serves_hangs_heals_and_is_gone() {
    if !Postgres::can_run() {
        return;
    }
    let server = Postgres::start(&[("max_connections", "12")]).unwrap();
    assert_eq!(server.psql("SHOW max_connections").unwrap(), "12");
    server.hang_commits().unwrap();
    assert_eq!(
        server.psql("SHOW synchronous_standby_names").unwrap(),
        "ghost"
    );
    server.let_commit().unwrap();
    assert_eq!(server.psql("SHOW synchronous_standby_names").unwrap(), "");
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()));
    let (postmaster, folder) = (
        server.postmaster().unwrap(),
        server.folder.path().to_owned(),
    );
    server.freeze(postmaster).unwrap();
    drop(server);
    assert!(TcpStream::connect(at).is_err(), "it listens no more");
    assert!(!folder.exists(), "its folder is removed");
}
