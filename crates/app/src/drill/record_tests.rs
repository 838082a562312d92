use super::super::book::Kind;
use super::super::catalogue::Drill;
use super::*;

const fn said(reads: bool, commits: bool, groups: usize) -> Option<Said> {
    Some(Said {
        reads: Some(reads),
        commits: Some(commits),
        replicas: Some(commits),
        groups,
        up_to_date: groups,
        stores: true,
    })
}

pub(in crate::drill) const WELL: Option<Said> = said(true, true, CONNECTIONS / 2);
pub(in crate::drill) const COMMITS: Option<Said> = said(true, false, CONNECTIONS / 2);
const ALL: Option<Said> = said(false, false, CONNECTIONS / 2);
const EVERYTHING: Option<Said> = said(true, true, CONNECTIONS);

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A drill whose fault is there from 10 to 20 s; looks are of machines 0 and 1 in turn, at these seconds.
pub(in crate::drill) fn record(drill: Drill, said: &[(u64, Option<Said>)]) -> Record {
    let began = Instant::now();
    let at = |second: u64| began + seconds(second);
    let looks = said.iter().enumerate();
    Record {
        spec: drill.spec(),
        times: Times {
            began,
            warm: at(1),
            hit: at(10),
            last_step: None,
            made: at(11),
            heals: at(20),
            healed: at(21),
        },
        usage: Vec::new(),
        edits: [(5, 6), (12, 13)]
            .map(|(made, arrived)| Edit {
                item: 0,
                node: 0,
                kind: Kind::Comment,
                at: at(made),
                arrived: Some(at(arrived)),
            })
            .to_vec(),
        deliveries: Vec::new(),
        edges: (1..=2)
            .map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
            .collect(),
        looks: looks
            .map(|(turn, (second, said))| Look {
                at: at(*second),
                machine: turn % MACHINES,
                said: *said,
            })
            .collect(),
        verdict: Verdict::default(),
        restarts: Vec::new(),
        replaced: 0,
        incident: None,
        deaths: Vec::new(),
        wrong: Vec::new(),
    }
}

fn check(
    drill: Drill,
    said: &[(u64, Option<Said>)],
    detected: Option<u64>,
    recovered: Option<u64>,
    failures: &[&str],
) {
    let record = record(drill, said);
    assert_eq!(record.detected(), detected.map(seconds), "{said:?}");
    assert_eq!(record.recovered(), recovered.map(seconds), "{said:?}");
    assert_eq!(record.failures(), failures, "{said:?}");
}

#[test]
fn every_machine_has_to_say_what_is_wrong_and_then_that_it_is_well() {
    let all = [(12, COMMITS), (13, COMMITS), (22, WELL), (24, WELL)];
    check(Drill::StuckCommits, &all, Some(2 + 1), Some(3), &[]);
    // One of them does not; what is said after the healing is too late.
    let silent = "the fleet did not say what was wrong while it was";
    let one = [
        (12, COMMITS),
        (13, WELL),
        (20, COMMITS),
        (20, COMMITS),
        (22, WELL),
        (22, WELL),
    ];
    check(Drill::StuckCommits, &one, None, Some(1), &[silent]);
    // Reads fail too: that is not what is wrong.
    let other = [(12, ALL), (13, ALL), (22, WELL), (22, WELL)];
    check(Drill::StuckCommits, &other, None, Some(1), &[silent]);
    check(Drill::MuteDatabase, &other, Some(3), Some(1), &[]);
    let never = "the fleet did not say that it is well again and its replicas up to date";
    let gone = [(12, COMMITS), (13, COMMITS), (22, WELL), (22, None)];
    check(Drill::StuckCommits, &gone, Some(3), None, &[never]);
}

#[test]
fn what_heals_itself_is_well_before_the_fault_is_taken_away() {
    let good = [(12, COMMITS), (12, ALL), (13, WELL), (14, WELL)];
    check(Drill::Failover, &good, Some(2), Some(4), &[]);
    let late = [(12, COMMITS), (12, ALL), (22, WELL), (23, WELL)];
    let sentence = "the fleet was not well again before the fault was taken away";
    check(Drill::Failover, &late, Some(2), Some(13), &[sentence]);
}

#[test]
fn a_short_trouble_is_said_by_one_machine_and_met_by_every_other() {
    let late = WELL.map(|said| Said {
        replicas: Some(false),
        ..said
    });
    let silent = "the fleet did not say what was wrong while it was";
    let well = [(15, WELL), (16, WELL)];
    let one = [[(12, COMMITS), (13, late)], well].concat();
    check(Drill::Switchover, &one, Some(3), Some(6), &[]);
    // Where the fault lasts every machine has to say it.
    let failover = record(Drill::Failover, &one);
    assert_eq!(failover.detected(), None);
    // And one has to in any case.
    for looks in [[(12, late), (13, late)], [(12, COMMITS), (13, WELL)]] {
        let record = record(Drill::Switchover, &[looks, well].concat());
        assert_eq!(record.detected(), None);
        assert!(record.failures().contains(&silent.to_owned()));
    }
}

#[test]
fn groups_have_moved_when_one_machine_has_them_all() {
    let moved = [
        (12, None),
        (13, WELL),
        (14, None),
        (16, EVERYTHING),
        (22, said(true, true, 0)),
        (22, EVERYTHING),
    ];
    check(Drill::HungHost, &moved, Some(6), Some(1), &[]);
}

/// The same with a last step that began at second 12.
fn check_series(said: &[(u64, Option<Said>)], detected: Option<u64>, failures: &[&str]) {
    let mut record = record(Drill::RestartsHang, said);
    record.times.last_step = Some(record.times.began + seconds(12));
    assert_eq!(record.detected(), detected.map(seconds), "{said:?}");
    assert_eq!(record.failures(), failures, "{said:?}");
}

#[test]
fn a_series_is_noticed_from_its_last_step_on_which_begins_when_all_is_well() {
    let [well, after] = [[(11, WELL), (11, WELL)], [(22, WELL), (22, WELL)]];
    let told = [(10, ALL), (10, ALL)];
    let hang = [(14, ALL), (15, ALL)];
    check_series(&[&told[..], &well, &hang, &after].concat(), Some(3), &[]);
    // What was noticed of the earlier steps would pass for the last one.
    let early = "the fleet was not well when the last step of the fault was made: what was noticed may be an earlier one";
    let one = [(11, WELL), (11, ALL)];
    for before in [told, one, [(11, WELL), (11, None)]] {
        let all = [&told[..], &before, &hang, &after].concat();
        check_series(&all, Some(3), &[early]);
    }
}

/// How a webhook went: to which edge, when, with which answer.
pub(in crate::drill) fn delivery(to: SocketAddr, at: Instant, answer: Answer) -> Delivery {
    Delivery {
        at,
        took: Duration::from_millis(5),
        answer,
        to,
        is_put_off: false,
    }
}

fn check_webhooks(drill: Drill, told: &[(usize, Answer, bool)], failures: &[&str]) {
    let mut record = record(drill, &[]);
    let all = told.iter();
    let at = record.times.began + seconds(12);
    let all = all.map(|(machine, answer, put_off)| Delivery {
        is_put_off: *put_off,
        ..delivery(record.edges[*machine], at, *answer)
    });
    record.deliveries = all.collect();
    assert_eq!(record.refusals(), failures, "{told:?}");
}

#[test]
fn a_machine_that_may_refuse_does_so_with_503_and_the_others_do_not() {
    use Answer::{Accepted, GivenUp, Refused};
    let full = Drill::LocalDiskFull;
    check_webhooks(full, &[(0, Refused, true), (1, Accepted, false)], &[]);
    check_webhooks(
        full,
        &[(1, Accepted, false)],
        &["no webhook was refused: this run proves nothing"],
    );
    check_webhooks(
        full,
        &[(0, Refused, true), (0, Refused, false), (0, GivenUp, false)],
        &[
            "1 webhooks were not answered in time",
            "1 webhooks were refused with something else than 503 and Retry-After",
        ],
    );
    check_webhooks(
        full,
        &[(0, Refused, true), (1, Refused, true)],
        &["1 webhooks were not accepted by a machine that has nothing"],
    );
    let every = ["webhooks were not accepted"];
    check_webhooks(Drill::StuckCommits, &[(0, Refused, true)], &every);
    check_webhooks(Drill::HungHost, &[(1, Refused, true)], &every);
}

#[test]
fn an_edit_that_arrives_late_is_waited_for_and_one_that_never_does_is_no_recovery() {
    let looks = [(12, COMMITS), (13, COMMITS), (22, WELL), (22, WELL)];
    let mut late = record(Drill::StuckCommits, &looks);
    late.edits[1].arrived = Some(late.times.began + seconds(25));
    assert_eq!(late.recovered(), Some(seconds(4)));
    assert_eq!(late.failures(), ["no edit arrived while the fault lasted"]);
    late.edits[1].arrived = None;
    assert_eq!(late.recovered(), None);
}

#[test]
fn a_machine_that_cannot_write_its_state_says_so() {
    let full = WELL.map(|said| Said {
        stores: false,
        ..said
    });
    let looks = [(12, full), (13, WELL), (22, full), (22, WELL), (23, WELL)];
    let none = ["no webhook was refused: this run proves nothing"];
    check(Drill::LocalDiskFull, &looks, Some(2), Some(2), &none);
}

/// An edge of the first machine is killed at second 12 and gone a tenth later, and one webhook goes so.
fn check_killed(machine: usize, sent_ms: u64, answer: Answer, failed: usize) {
    let looks = [(22, WELL), (22, WELL)];
    let mut record = record(Drill::Killed, &looks);
    let at = |ms: u64| record.times.began + Duration::from_millis(ms);
    let one = delivery(record.edges[machine], at(sent_ms), answer);
    let death = Death {
        machine: 0,
        role: "edge",
        at: at(12_000),
        gone: at(12_100),
        mended: Some(at(12_400)),
    };
    record.deliveries = vec![one];
    record.deaths = vec![death];
    assert_eq!(record.mended(), Some(Duration::from_millis(400)));
    assert_eq!(record.failed_alive(), failed, "{machine} {sent_ms}");
    let sentence = "1 webhooks were refused or cut off by an edge that was not killed meanwhile";
    let expected: &[&str] = if failed > 0 { &[sentence] } else { &[] };
    assert_eq!(record.failures(), expected, "{machine} {sent_ms}");
}

#[test]
fn only_what_a_killed_edge_had_in_its_hands_may_be_cut_off() {
    use Answer::{Accepted, GivenUp, Refused};
    check_killed(0, 11_996, Refused, 0);
    check_killed(0, 12_050, Refused, 0);
    check_killed(0, 12_300, Accepted, 0);
    // Which takes how long is a matter of time.
    check_killed(0, 12_300, GivenUp, 0);
    // What comes later waits for the next one, and the other machine has nothing.
    check_killed(0, 11_990, Refused, 1);
    check_killed(0, 12_101, Refused, 1);
    check_killed(1, 12_050, Refused, 1);
}
