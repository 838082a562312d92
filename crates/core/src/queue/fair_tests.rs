//! The shares of lanes and the waits of nodes, while there is always more to do than can be done.

use super::*;

/// A node's lanes that never run dry.
type Lanes = &'static [Lane];

const BOTH: Lanes = &[Lane::Live, Lane::Backfill];
const LIVE: Lanes = &[Lane::Live];
const BACKFILL: Lanes = &[Lane::Backfill];

/// The shares of the picks that the lanes got, and the longest wait of a node in picks.
struct Served {
    backfill: f64,
    longest: usize,
}

/// So many nodes of each kind, saturated.
fn saturate(share: f64, kinds: &[(usize, Lanes)], picks: usize) -> Served {
    let mut queue = Queue::new(share);
    let mut next = 0;
    let mut push = |queue: &mut Queue, node: &NodeName, lane| {
        next += 1;
        let key = format!("k{next}");
        queue.push(Work {
            key: Key::Twin(key.as_str().into()),
            root: key.as_str().into(),
            node: node.clone(),
            connection: Some("c".into()),
            lane,
        });
    };
    let lanes = kinds.iter().flat_map(|(count, lanes)| vec![*lanes; *count]);
    let mut last: BTreeMap<NodeName, usize> = BTreeMap::new();
    for (n, lanes) in lanes.enumerate() {
        let node = NodeName::from(format!("n{n}").as_str());
        for lane in lanes.iter().flat_map(|lane| [*lane; 3]) {
            push(&mut queue, &node, lane);
        }
        last.insert(node, 0);
    }
    let (mut backfill, mut longest) = (0, 0);
    for pick in 1..=picks {
        let picked = queue.pick(|_, _| true).expect("never dry");
        backfill += usize::from(picked.lane == Lane::Backfill);
        last.insert(picked.node.clone(), pick);
        longest = longest.max(last.values().map(|last| pick - last).max().unwrap_or(0));
        push(&mut queue, &picked.node, picked.lane);
        queue.finish(&picked);
    }
    Served {
        backfill: backfill as f64 / picks as f64,
        longest,
    }
}

/// A round is one pick for each node: nobody waits more than two, without slack.
fn check(share: f64, kinds: &[(usize, Lanes)], (least, most): (f64, f64)) {
    let nodes: usize = kinds.iter().map(|(count, _)| count).sum();
    let served = saturate(share, kinds, 6_000);
    let said = format!("share {share}, {kinds:?}");
    assert!(
        (least..=most).contains(&served.backfill),
        "{said}: backfill got {}",
        served.backfill
    );
    assert!(
        served.longest <= 2 * nodes,
        "{said}: a node waited for {} picks",
        served.longest
    );
}

#[test]
fn where_every_node_has_both_lanes_each_lane_gets_its_share() {
    check(0.2, &[(40, BOTH)], (0.199, 0.201));
    check(0.0, &[(40, BOTH)], (0.149, 0.151));
    check(0.5, &[(40, BOTH)], (0.499, 0.501));
    check(0.9, &[(40, BOTH)], (0.899, 0.901));
}

#[test]
fn a_node_with_one_lane_among_saturated_ones_waits_no_longer() {
    check(0.2, &[(40, BOTH), (1, BACKFILL)], (0.199, 0.21));
    check(0.2, &[(40, BOTH), (1, LIVE)], (0.199, 0.201));
    check(0.2, &[(39, LIVE), (1, BACKFILL)], (0.199, 0.201));
    check(0.2, &[(20, LIVE), (20, BACKFILL)], (0.2, 0.5));
    check(0.15, &[(5, LIVE), (30, BACKFILL), (5, BOTH)], (0.15, 0.5));
}

#[test]
fn live_work_keeps_half_of_the_picks_where_all_other_nodes_have_backfill() {
    check(0.2, &[(39, BACKFILL), (1, LIVE)], (0.2, 0.5));
}

#[test]
fn alone_a_lane_gets_everything() {
    check(0.2, &[(7, BACKFILL)], (1.0, 1.0));
    check(0.2, &[(7, LIVE)], (0.0, 0.0));
}
