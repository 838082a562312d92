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
