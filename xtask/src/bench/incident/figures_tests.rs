use super::super::book::Edit;
use super::super::story::{Probe, Times};
use super::*;

const HUNG: u64 = 10;
const HEALED: u64 = 20;
const ENDED: u64 = 30;

/// Deliveries as (sent at, took, answer), edits as (made at, side, arrived at), looks as (at, shown); in milliseconds.
#[derive(Default)]
struct Told {
    deliveries: Vec<(u64, u64, Answer)>,
    edits: Vec<(u64, usize, Option<u64>)>,
    probes: Vec<(u64, Shown)>,
}

fn figures(told: &Told) -> Figures {
    let began = Instant::now();
    let at = |ms: u64| began + Duration::from_millis(ms);
    let story = Story {
        times: Times {
            began,
            hung: at(HUNG * 1000),
            healed: at(HEALED * 1000),
            ended: at(ENDED * 1000),
        },
        deliveries: told
            .deliveries
            .iter()
            .map(|(sent, took, answer)| Delivery {
                at: at(*sent),
                took: Duration::from_millis(*took),
                answer: *answer,
                to: std::net::SocketAddr::from(([127, 0, 0, 1], 1)),
                is_put_off: false,
            })
            .collect(),
        edits: told
            .edits
            .iter()
            .map(|(made, side, arrived)| Edit {
                side: *side,
                at: at(*made),
                arrived: arrived.map(at),
            })
            .collect(),
        probes: told
            .probes
            .iter()
            .map(|(ms, shown)| Probe {
                at: at(*ms),
                shown: *shown,
            })
            .collect(),
        apart: 0,
    };
    Figures::of(&story)
}

/// After how many seconds deliveries (sent so many milliseconds after the healing) are accepted again.
fn check_accepting(after: &[(u64, u64, Answer)], expected: Option<f64>) {
    let told = Told {
        deliveries: after
            .iter()
            .map(|(sent, took, answer)| (HEALED * 1000 + sent, *took, *answer))
            .collect(),
        ..Told::default()
    };
    assert_eq!(figures(&told).accepting_s, expected, "{after:?}");
}

#[test]
fn webhooks_are_accepted_again_after_the_last_second_in_which_one_was_not() {
    use Answer::{Accepted, GivenUp, Refused};
    check_accepting(&[], None);
    check_accepting(&[(100, 5, Accepted)], Some(0.0));
    check_accepting(&[(100, 5, Refused), (1100, 5, Accepted)], Some(1.0));
    // Late is not accepted promptly, and one good second between bad ones is no recovery.
    let relapse = [
        (100, 5, Accepted),
        (2500, 1500, Accepted),
        (3000, 5, Accepted),
    ];
    check_accepting(&relapse, Some(3.0));
    check_accepting(&[(100, 5, Accepted), (9500, 10_000, GivenUp)], None);
}

/// When edits (made at, arrived at) had arrived, after the healing.
fn check_arrived(edits: &[(u64, Option<u64>)], expected: Option<f64>) {
    let told = Told {
        edits: edits.iter().map(|(made, at)| (*made, 0, *at)).collect(),
        ..Told::default()
    };
    assert_eq!(figures(&told).arrived_s, expected, "{edits:?}");
}

#[test]
fn what_was_edited_before_the_healing_has_arrived_when_the_last_of_it_has() {
    check_arrived(&[(1000, Some(1010)), (15_000, Some(15_100))], Some(0.0));
    check_arrived(&[(15_000, Some(22_500)), (1000, Some(1010))], Some(2.5));
    check_arrived(&[(15_000, None), (1000, Some(1010))], None);
    // What is edited afterwards is another matter.
    check_arrived(&[(15_000, Some(20_500)), (25_000, None)], Some(0.5));
}

#[test]
fn deliveries_edits_and_looks_count_in_the_phase_in_which_they_began() {
    let found = figures(&Told {
        deliveries: vec![
            (9000, 2000, Answer::Accepted),
            // What belongs to no phase.
            (30_001, 5, Answer::Accepted),
            (11_000, 10_000, Answer::GivenUp),
            (12_000, 5, Answer::Refused),
            (13_000, 7500, Answer::Accepted),
            (25_000, 5, Answer::Accepted),
        ],
        edits: vec![
            (9000, 0, Some(9400)),
            (11_000, 0, None),
            (12_000, 1, None),
            (25_000, 1, Some(25_200)),
        ],
        probes: vec![
            (9000, Shown::Green),
            (10_500, Shown::Green),
            (11_500, Shown::Nothing),
            (12_500, Shown::Red),
            (21_000, Shown::Green),
        ],
    });
    let during = &found.deliveries.during;
    let sent = (found.deliveries.before.sent, found.deliveries.after.sent);
    assert_eq!(sent, (1, 1));
    let counts = (
        during.sent,
        during.accepted,
        during.refused,
        during.given_up,
    );
    assert_eq!(counts, (3, 1, 1, 1));
    assert_eq!(during.p99_ms, Some(10_000.0));
    assert_eq!(found.deliveries.before.p99_ms, Some(2000.0));
    assert_eq!((found.lost, found.lost_of_github), (2, 1));
    let edits = &found.edits;
    assert_eq!(
        (edits.before.lost, edits.during.lost, edits.after.lost),
        (0, 2, 0)
    );
    assert_eq!(edits.after.p99_ms, Some(200.0));
    assert_eq!(edits.during.p99_ms, None);
    let health = &found.health;
    assert_eq!((health.green, health.red, health.unanswered), (1, 1, 1));
    assert_eq!(health.not_green_after_s, Some(1.5));
    // What is accepted counts in the second of the answer, what is sent in its own.
    let of = |second: usize| (found.seconds[second].sent, found.seconds[second].accepted);
    assert_eq!(
        (of(9), of(11), of(13), of(20), of(25)),
        ((1, 0), (1, 1), (1, 0), (0, 1), (1, 1))
    );
}
