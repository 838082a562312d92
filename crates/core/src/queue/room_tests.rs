use super::room::Room;
use crate::names::NodeName;
use proptest::prelude::*;

/// Room for `max` among so many nodes, which take what they can, one after the other: how much each has got.
fn check(max: usize, nodes: usize, wanted: &[usize], got: &[usize]) {
    let mut room = Room::new(max);
    room.divide(nodes);
    let taken: Vec<usize> = (wanted.iter().enumerate())
        .map(|(n, wanted)| {
            let node = NodeName::from(format!("n{n}").as_str());
            let taken = room.left(&node).min(*wanted);
            (0..taken).for_each(|_| room.take(&node));
            taken
        })
        .collect();
    assert_eq!(taken, got, "{max} among {nodes}");
}

#[test]
fn every_node_has_room_of_its_own_and_who_needs_more_shares_the_rest() {
    check(100, 2, &[1_000, 1_000], &[75, 25]);
    check(100, 2, &[10, 1_000], &[10, 75]);
    check(100, 5, &[1_000, 5, 1_000, 0, 1_000], &[60, 5, 10, 0, 10]);
    check(8, 4, &[1_000, 1_000, 1_000, 1_000], &[5, 1, 1, 1]);
    check(2, 4, &[9, 9, 9, 9], &[1, 1, 1, 1]);
}

#[test]
fn what_waits_is_read_when_half_of_the_own_room_is_free_or_a_page_fits() {
    let node = NodeName::from("n");
    let mut room = Room::new(100);
    room.divide(2);
    for _ in 0..75 {
        room.take(&node);
    }
    assert_eq!(room.left(&node), 0);
    for _ in 0..9 {
        room.give_back(&node);
    }
    assert!(!room.is_worth_filling(&node, 10));
    room.give_back(&node);
    assert!(room.is_worth_filling(&node, 10));
    for _ in 0..53 {
        assert!(!room.is_worth_filling(&node, 1_000));
        room.give_back(&node);
    }
    assert!(room.is_worth_filling(&node, 1_000), "12 of its 25");
}

proptest! {
    /// Whoever asks first, the room is not exceeded and nobody is without.
    #[test]
    fn the_room_is_never_exceeded(
        nodes in 1usize..6,
        extra in 0usize..40,
        steps in prop::collection::vec((0usize..6, any::<bool>()), 0..200),
    ) {
        let max = nodes + extra;
        let mut room = Room::new(max);
        room.divide(nodes);
        let mut held = vec![0usize; nodes];
        for (node, take) in steps {
            let node = node % nodes;
            let name = NodeName::from(format!("n{node}").as_str());
            if take && room.left(&name) > 0 {
                room.take(&name);
                held[node] += 1;
            } else if !take && held[node] > 0 {
                room.give_back(&name);
                held[node] -= 1;
            }
            prop_assert!(held.iter().sum::<usize>() <= max);
            prop_assert!(room.left(&name) > 0 || held[node] > 0);
        }
    }
}
