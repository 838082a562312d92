use super::*;
use proptest::prelude::*;

fn work(key: &str, node: &str, lane: Lane) -> Work {
    rooted(key, key, node, lane)
}

fn rooted(key: &str, root: &str, node: &str, lane: Lane) -> Work {
    Work {
        key: Key::Twin(key.into()),
        root: root.into(),
        node: node.into(),
        connection: Some("c".into()),
        lane,
    }
}

fn name(work: &Work) -> String {
    match &work.key {
        Key::Twin(link) => link.to_string(),
        Key::Candidate(item) => item.to_string(),
    }
}

/// Picks and finishes until nothing is left.
fn drain(queue: &mut Queue) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(work) = queue.pick(|_, _| true) {
        names.push(name(&work));
        queue.finish(&work);
    }
    names
}

#[test]
fn a_burst_on_one_key_is_one_piece_of_work_and_one_more_while_it_runs() {
    let mut queue = Queue::new(0.2);
    for _ in 0..100 {
        queue.push(work("a", "n", Lane::Live));
    }
    let first = queue.pick(|_, _| true).unwrap();
    for _ in 0..100 {
        queue.push(work("a", "n", Lane::Live));
    }
    assert!(
        queue.pick(|_, _| true).is_none(),
        "its cluster is in flight"
    );
    queue.finish(&first);
    assert_eq!(drain(&mut queue), ["a"]);
    assert_eq!(queue.places.len(), 0);
}

#[test]
fn work_that_stands_in_its_line_can_be_taken_out() {
    let mut queue = Queue::new(0.2);
    for key in ["a", "b", "c"] {
        queue.push(rooted(key, key, "n", Lane::Live));
    }
    queue.push(rooted("aside", "a", "n", Lane::Live));
    let first = queue.pick(|_, _| true).unwrap();
    assert!(queue.pick(|_, _| false).is_none());
    let key = |key: &str| Key::Twin(key.into());
    for (name, stands) in [("a", false), ("b", true), ("d", false)] {
        assert_eq!(queue.stands(&key(name)), stands, "{name}");
        queue.take_out(&key(name));
    }
    assert_eq!(queue.depth(Lane::Live), 2);
    queue.unpark([&"n".into()]);
    queue.finish(&first);
    assert_eq!(drain(&mut queue), ["c", "aside"]);
    assert_eq!(queue.places.len(), 0);
}

#[test]
fn one_cluster_has_one_job_in_flight_and_others_go_on() {
    let mut queue = Queue::new(0.2);
    queue.push(rooted("a1", "r", "n", Lane::Live));
    queue.push(rooted("a2", "r", "n", Lane::Live));
    queue.push(rooted("b", "s", "n", Lane::Live));
    let first = queue.pick(|_, _| true).unwrap();
    let second = queue.pick(|_, _| true).unwrap();
    assert_eq!((name(&first), name(&second)), ("a1".into(), "b".into()));
    assert!(queue.pick(|_, _| true).is_none());
    assert_eq!((queue.running(), queue.depth(Lane::Live)), (2, 1));
    queue.finish(&first);
    assert_eq!(name(&queue.pick(|_, _| true).unwrap()), "a2");
}

#[test]
fn a_held_cluster_ends_its_job_and_starts_none_until_all_have_let_go() {
    let mut queue = Queue::new(0.2);
    queue.push(rooted("a1", "r", "n", Lane::Live));
    queue.push(rooted("a2", "r", "n", Lane::Live));
    let first = queue.pick(|_, _| true).unwrap();
    for _ in 0..2 {
        queue.hold(&"r".into());
    }
    assert!(queue.is_busy(&"r".into()));
    queue.finish(&first);
    assert!(!queue.is_busy(&"r".into()));
    assert_eq!(queue.running(), 0);
    for _ in 0..2 {
        assert!(queue.pick(|_, _| true).is_none());
        queue.release(&"r".into());
    }
    assert_eq!(drain(&mut queue), ["a2"]);
    assert_eq!(queue.places.len(), 0);
}

#[test]
fn nodes_take_turns_so_a_flood_on_one_delays_another_by_one_pick() {
    let mut queue = Queue::new(0.2);
    for i in 0..50 {
        queue.push(work(&format!("flood{i}"), "busy", Lane::Live));
    }
    queue.push(work("quiet", "calm", Lane::Live));
    let order = drain(&mut queue);
    assert_eq!(order.iter().position(|name| name == "quiet"), Some(1));
}

#[test]
fn a_parked_node_waits_and_the_others_do_not() {
    let mut queue = Queue::new(0.2);
    queue.push(work("a", "down", Lane::Live));
    queue.push(work("b", "up", Lane::Live));
    let up = |node: &NodeName, _: Option<&ConnectionName>| node.as_str() == "up";
    assert_eq!(name(&queue.pick(up).unwrap()), "b");
    assert!(
        queue.pick(|_, _| true).is_none(),
        "parked until it is named"
    );
    queue.unpark([&"down".into()]);
    assert_eq!(name(&queue.pick(|_, _| true).unwrap()), "a");
}

#[test]
fn live_work_lifts_backfill_work_even_while_it_waits_for_its_cluster() {
    let mut queue = Queue::new(0.2);
    queue.push(rooted("a", "r", "n", Lane::Live));
    queue.push(rooted("b", "r", "n", Lane::Backfill));
    queue.push(rooted("c", "s", "n", Lane::Backfill));
    let first = queue.pick(|_, _| true).unwrap();
    let second = queue.pick(|_, _| true).unwrap();
    assert_eq!(name(&second), "c");
    queue.push(rooted("b", "r", "n", Lane::Live));
    assert_eq!(
        (queue.depth(Lane::Live), queue.depth(Lane::Backfill)),
        (1, 0)
    );
    queue.finish(&first);
    assert_eq!(queue.pick(|_, _| true).unwrap().lane, Lane::Live);
}

#[test]
fn lifted_work_goes_behind_what_is_live_and_leaves_the_others_in_order() {
    let mut queue = Queue::new(0.2);
    for key in ["a", "b", "c"] {
        queue.push(work(key, "n", Lane::Backfill));
    }
    queue.push(work("x", "n", Lane::Live));
    queue.push(work("b", "n", Lane::Live));
    assert_eq!(
        (queue.depth(Lane::Live), queue.depth(Lane::Backfill)),
        (2, 2)
    );
    assert_eq!(drain(&mut queue), ["x", "b", "a", "c"]);
}

proptest! {
    /// Whatever is pushed runs, exactly once per coalesced push, and nothing stays behind.
    #[test]
    fn everything_pushed_runs(
        pushes in prop::collection::vec((0u8..12, 0u8..3, any::<bool>()), 0..80),
    ) {
        let mut queue = Queue::new(0.2);
        let mut expected = BTreeSet::new();
        let queued = |queue: &Queue| queue.depth(Lane::Live) + queue.depth(Lane::Backfill);
        for (key, node, live) in pushes {
            let lane = if live { Lane::Live } else { Lane::Backfill };
            // A twin's cluster belongs to it; the node is the side that changed, and may differ from push to push.
            let root = format!("r{}", key % 5);
            let work = rooted(&format!("k{key}"), &root, &format!("n{node}"), lane);
            expected.insert(name(&work));
            queue.push(work);
            prop_assert_eq!(queued(&queue), expected.len());
        }
        let mut running: Vec<Work> = Vec::new();
        let mut seen = Vec::new();
        loop {
            if let Some(work) = queue.pick(|_, _| true) {
                prop_assert!(running.iter().all(|other| other.root != work.root));
                running.push(work);
            } else if let Some(work) = running.pop() {
                seen.push(name(&work));
                queue.finish(&work);
            } else {
                break;
            }
        }
        prop_assert_eq!(seen.len(), expected.len());
        prop_assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), expected);
        prop_assert_eq!((queue.places.len(), queued(&queue)), (0, 0));
    }
}
