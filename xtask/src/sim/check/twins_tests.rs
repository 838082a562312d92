use super::*;
use crate::sim::deeds::{Deed, Deeds, What};
use crate::sim::world::World;
use std::collections::{BTreeMap, BTreeSet};
use twinline_core::time::Timestamp;
use twinline_sim::{Dump, DumpItem};

/// The first seed's world of this shape in which everything enters from everywhere.
fn world(shape: &str) -> World {
    let mut worlds = (1..1000).map(World::of);
    worlds
        .find(|world| {
            let open = world.places.iter().all(|place| world.enters(*place));
            let reaches = |place: &Place| world.reach(*place).len() == world.places.len();
            world.shape() == shape && open && world.places.iter().all(reaches)
        })
        .expect("there are such worlds")
}

fn deed(place: Place, what: What) -> Deed {
    Deed {
        place,
        item: 1,
        key: "key".to_owned(),
        at: Timestamp::EPOCH,
        changed: true,
        what,
    }
}

fn created(place: Place) -> Deed {
    let what = What::Created {
        title: "T1: ok".to_owned(),
        body: String::new(),
        done: false,
        labels: BTreeSet::new(),
    };
    deed(place, what)
}

/// How many faults there are when T1 was made at the first place, was deleted at these, and stands so often at each.
fn check(world: &World, deleted: &[usize], copies: usize, faults: usize) {
    let item = |number: usize| DumpItem {
        key: format!("K-{number}"),
        title: "T1: ok".to_owned(),
        ..DumpItem::default()
    };
    let dump = || Dump {
        tracker: String::new(),
        items: (0..copies).map(item).collect(),
    };
    let places = world.places.iter();
    let dumps: BTreeMap<Place, Dump> = places.map(|place| (*place, dump())).collect();
    let mut deeds = Deeds(vec![created(world.places[0])], BTreeSet::new());
    let deletions = deleted
        .iter()
        .map(|at| deed(world.places[*at], What::Deleted));
    deeds.0.extend(deletions);
    let evidence = Evidence::new(world, &deeds, &dumps, BTreeSet::new());
    let found = super::check(&evidence);
    assert_eq!(found.len(), faults, "{found:?}");
}

#[test]
fn an_item_stands_once_at_each_place() {
    let world = world("pair");
    check(&world, &[], 1, 0);
    check(&world, &[], 0, 2);
    check(&world, &[], 2, 2);
}

#[test]
fn a_deleted_item_does_not_multiply() {
    let pair = world("pair");
    check(&pair, &[1], 1, 0);
    check(&pair, &[1], 0, 0);
    check(&pair, &[1], 2, 2);
    let chain = world("chain");
    // In the middle of a chain both ends are free, and each makes the rest anew.
    check(&chain, &[1], 2, 0);
    check(&chain, &[1], 3, 3);
    check(&chain, &[0], 2, 3);
}
