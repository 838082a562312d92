use super::*;

const LAG: Duration = Duration::from_secs(60);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn unreachable() -> Evidence {
    Evidence::Unreachable {
        reason: "404".to_owned(),
    }
}

fn deleted() -> Evidence {
    Evidence::Deleted {
        evidence: "410".to_owned(),
    }
}

/// Feeds evidence by second and gives the last state's word.
fn check(steps: &[(i64, Evidence)], word: &str) {
    let last = steps
        .iter()
        .fold(Presence::Awake, |state, (second, evidence)| {
            state.after(evidence, at(*second), LAG)
        });
    let shown = match last {
        Presence::Awake => "awake",
        Presence::Leaving { .. } => "leaving",
        Presence::Asleep { .. } => "asleep",
        Presence::Unreachable { .. } => "unreachable",
        Presence::Deleted { .. } => "deleted",
    };
    assert_eq!(shown, word, "{steps:?}");
}

#[test]
fn leaving_takes_two_negatives_further_apart_than_the_lag() {
    check(&[(0, Evidence::Left)], "leaving");
    check(&[(0, Evidence::Left), (60, Evidence::Left)], "leaving");
    check(
        &[
            (0, Evidence::Left),
            (30, Evidence::Left),
            (61, Evidence::Left),
        ],
        "asleep",
    );
    check(
        &[
            (0, Evidence::Left),
            (30, Evidence::Belongs),
            (61, Evidence::Left),
        ],
        "leaving",
    );
}

#[test]
fn re_entry_wakes() {
    check(
        &[
            (0, Evidence::Left),
            (61, Evidence::Left),
            (99, Evidence::Belongs),
        ],
        "awake",
    );
    check(&[(0, unreachable()), (1, Evidence::Belongs)], "awake");
}

#[test]
fn not_found_is_never_deletion() {
    check(&[(0, unreachable()), (9_999, unreachable())], "unreachable");
    check(
        &[(0, unreachable()), (1, deleted()), (2, Evidence::Belongs)],
        "deleted",
    );
}
