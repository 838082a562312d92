use super::*;
use http::Method;
use twinline_core::time::Timestamp;

fn late(what: What) -> Write {
    Write {
        at: Timestamp::EPOCH,
        method: Method::POST,
        path: "/rest/api/3/issue".to_owned(),
        late: true,
        changes: vec![("APP-1".to_owned(), what)],
    }
}

fn all() -> FaultCounts {
    FaultCounts {
        requests: 10,
        server_errors: 1,
        throttled: 1,
        late_writes: 1,
        webhooks: 10,
        webhooks_lost: 1,
        webhooks_doubled: 1,
        webhooks_reordered: 1,
        ..FaultCounts::default()
    }
}

const BOTH: Kills = Kills { host: 1, edge: 1 };

/// What is missing of a run with these faults.
fn check(counts: FaultCounts, writes: Vec<Write>, kills: Kills, missing: &[&str]) {
    let noted = BTreeMap::from([
        (Place::GitHub, (Vec::new(), FaultCounts::default())),
        (Place::Jira, (writes, counts)),
    ]);
    assert_eq!(Happened::of(&noted, kills).missing(), missing);
}

#[test]
fn a_run_without_a_fault_proves_nothing_of_it() {
    let create = || vec![late(What::Created)];
    check(all(), create(), BOTH, &[]);
    for (counts, missing) in [
        (
            FaultCounts {
                webhooks_lost: 0,
                ..all()
            },
            "a lost webhook",
        ),
        (
            FaultCounts {
                webhooks_doubled: 0,
                ..all()
            },
            "a doubled webhook",
        ),
        (
            FaultCounts {
                webhooks_reordered: 0,
                ..all()
            },
            "a reordered webhook",
        ),
        (
            FaultCounts {
                throttled: 0,
                ..all()
            },
            "a refusal as too fast",
        ),
        (
            FaultCounts {
                server_errors: 0,
                ..all()
            },
            "an answer of 5xx",
        ),
    ] {
        check(counts, create(), BOTH, &[missing]);
    }
    let unborn = "a create that lands after its timeout";
    check(all(), vec![late(What::Title)], BOTH, &[unborn]);
    check(all(), Vec::new(), BOTH, &[unborn]);
    let kills = ["a kill of the host", "a kill of the edge"];
    check(all(), create(), Kills::default(), &kills);
}
