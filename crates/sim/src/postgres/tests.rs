use super::*;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

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

#[test]
fn a_standby_follows_and_takes_the_place_of_its_primary() {
    if !Postgres::can_run() {
        return;
    }
    let primary = Postgres::start(&[]).unwrap();
    let standby = primary.standby("second").unwrap();
    primary.set("synchronous_standby_names", "second").unwrap();
    primary.psql("CREATE TABLE seen (n int)").unwrap();
    assert_eq!(standby.psql("SELECT pg_is_in_recovery()").unwrap(), "t");
    standby.promote().unwrap();
    assert_eq!(standby.psql("SELECT pg_is_in_recovery()").unwrap(), "f");
    assert_eq!(standby.psql("SELECT count(*) FROM seen").unwrap(), "0");
    assert_eq!(primary.psql("SELECT pg_is_in_recovery()").unwrap(), "f");
}

#[test]
fn a_session_holds_what_it_has_until_it_is_dropped() {
    if !Postgres::can_run() {
        return;
    }
    let server = Postgres::start(&[]).unwrap();
    let mut session = server.session(Who::Owner).unwrap();
    session.send("BEGIN").unwrap();
    session.send("SELECT pg_advisory_xact_lock(7)").unwrap();
    let held = || server.psql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'");
    let becomes = |wished: &str| {
        for _ in 0..400 {
            if held().unwrap() == wished {
                return;
            }
            std::thread::park_timeout(std::time::Duration::from_millis(25));
        }
        panic!("{:?} is held", held());
    };
    becomes("1");
    assert_eq!(server.backends("drill").unwrap().len(), 1);
    drop(session);
    becomes("0");
}
