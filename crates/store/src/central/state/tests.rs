use super::*;
use twinline_core::time::Timestamp;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH
    }
}

fn server(system: &str, timeline: u32, started: &str) -> Server {
    Server {
        at: "db1:5432".to_owned(),
        system: system.to_owned(),
        timeline: Some(timeline),
        started: started.to_owned(),
        started_ms: 1000,
        version: 150_004,
    }
}

#[test]
fn another_writer_retires_connections_and_an_older_one_is_refused() {
    let state = State::new(CentralSettings::default(), Arc::new(Still));
    let check = |given: &Server, expected: Option<u64>| {
        assert_eq!(state.admit(given).ok(), expected, "{given:?}");
    };
    check(&server("s1", 3, "mon"), Some(1));
    check(&server("s1", 3, "mon"), Some(1));
    check(&server("s1", 3, "tue"), Some(2));
    check(&server("s1", 4, "wed"), Some(3));
    // The old primary, still up after the failover, still says that it takes writes.
    check(&server("s1", 3, "tue"), None);
    check(&server("s1", 4, "wed"), Some(3));
    // Set up anew.
    check(&server("s2", 1, "thu"), Some(4));
}

#[test]
fn what_a_writer_says_of_itself_is_told() {
    let state = State::new(CentralSettings::default(), Arc::new(Still));
    state
        .admit(&server("7300000000000000001", 3, "mon"))
        .unwrap();
    let facts = WriterFacts {
        at: "db1:5432".to_owned(),
        system_identifier: 7_300_000_000_000_000_001,
        timeline: 3,
        server_version: 150_004,
        started_ms: 1000,
    };
    assert_eq!(state.health().borrow().server, Some(facts));
}
