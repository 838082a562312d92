use super::*;

type Work = Lanes<&'static str, &'static str, u32>;

fn fill(lanes: &mut Work, lane: Lane, node: &'static str, connection: &'static str, count: u32) {
    for number in 0..count {
        lanes.push(lane, &node, &connection, number);
    }
}

/// How many of `turns` turns backfill got.
fn backfill_share(live: u32, backfill: u32, turns: usize) -> usize {
    let mut lanes = Work::default();
    fill(&mut lanes, Lane::Live, "a", "x", live);
    fill(&mut lanes, Lane::Backfill, "b", "y", backfill);
    let taken = std::iter::from_fn(|| lanes.next(|_| true)).take(turns);
    taken.filter(|(lane, _)| *lane == Lane::Backfill).count()
}

#[test]
fn neither_lane_starves_the_other() {
    assert_eq!(backfill_share(1000, 1000, 1000), 200);
    assert_eq!(backfill_share(0, 100, 100), 100);
    assert_eq!(backfill_share(100, 0, 100), 0);
}

#[test]
fn no_node_waits_more_than_a_round() {
    let mut lanes = Lanes::<&str, &str, &str>::default();
    for _ in 0..100 {
        lanes.push(Lane::Live, &"busy", &"x", "busy");
    }
    for node in ["calm", "quiet"] {
        lanes.push(Lane::Live, &node, &"x", node);
    }
    let first: Vec<_> = std::iter::from_fn(|| lanes.next(|_| true))
        .take(4)
        .map(|(_, work)| work)
        .collect();
    assert_eq!(first, ["busy", "calm", "quiet", "busy"]);
}

#[test]
fn connections_of_a_node_take_turns() {
    let mut lanes = Lanes::<&str, &str, &str>::default();
    for connection in ["x", "x", "x", "y"] {
        lanes.push(Lane::Live, &"node", &connection, connection);
    }
    let order: Vec<_> = std::iter::from_fn(|| lanes.next(|_| true))
        .map(|(_, work)| work)
        .collect();
    assert_eq!(order, ["x", "y", "x", "x"]);
    assert!(lanes.is_empty());
}

#[test]
fn a_node_that_may_not_run_keeps_its_place_and_delays_nobody() {
    let mut lanes = Work::default();
    fill(&mut lanes, Lane::Live, "paused", "x", 2);
    fill(&mut lanes, Lane::Live, "free", "x", 2);
    assert!(lanes.next(|node| *node == "free").is_some());
    assert!(lanes.next(|node| *node == "free").is_some());
    assert_eq!(lanes.next(|node| *node == "free"), None);
    assert_eq!(lanes.len(Lane::Live), 2);
    assert!(lanes.next(|_| true).is_some());
}
