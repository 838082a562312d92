use super::super::catalogue::Drill;
use super::super::record::Death;
use super::super::record::tests::{delivery, record};
use super::super::relay::Answer;
use super::*;

/// Two healthy answers of 5 ms, one that took so long while the fault lasted, and a process that was replaced after so long:
/// which goals of time are missed.
fn check(drill: Drill, took: Duration, mended: Option<Duration>, missed: &[&str]) {
    let mut record = record(drill, &[]);
    let Record { times, edges, .. } = &record;
    let (began, edge) = (times.began, edges[0]);
    let at = |second: u64| began + Duration::from_secs(second);
    let mut deliveries = vec![delivery(edge, at(2), Answer::Accepted); 2];
    let mut late = delivery(edge, at(12), Answer::Accepted);
    late.took = took;
    deliveries.push(late);
    record.deliveries = deliveries;
    record.deaths = vec![Death {
        machine: 0,
        role: "edge",
        at: at(12),
        gone: at(12),
        mended: mended.map(|mended| at(12) + mended),
    }];
    let goals = answers(&record).into_iter();
    let found: Vec<&str> = goals
        .filter(|goal| goal.is_time && goal.holds == Some(false))
        .map(|goal| goal.what)
        .collect();
    assert_eq!(found, missed, "{took:?} {mended:?}");
}

#[test]
fn answers_are_measured_by_those_of_before_but_where_edges_end() {
    let ms = Duration::from_millis;
    let p99 = ["p99 of the answers to webhooks"];
    check(Drill::StuckCommits, ms(5), None, &[]);
    check(Drill::StuckCommits, ms(400), None, &p99);
    check(Drill::Killed, ms(400), Some(ms(300)), &[]);
    check(Drill::Killed, ms(9900), Some(ms(5000)), &[]);
    let (slow, dead) = (
        "slowest answer to a webhook",
        "a killed process is replaced after",
    );
    check(Drill::Killed, ms(10_001), Some(ms(300)), &[slow]);
    check(Drill::Killed, ms(400), Some(ms(5001)), &[dead]);
    check(Drill::Killed, ms(400), None, &[dead]);
}
