//! Whatever the checkers are for, they find: each thing that is broken in an otherwise whole world.

use super::*;
use crate::sim::deeds::{Deed, What};
use twinline_core::time::Timestamp;
use twinline_sim::{DumpComment, DumpItem};

/// The first seed's world in which just GitHub and Jira take part and reach each other.
fn world() -> World {
    let mut worlds = (1..1000).map(World::of);
    let found = worlds.find(|world| {
        let reaches = |place: &Place| world.reach(*place).len() == 2;
        let mut places = world.places.clone();
        places.sort();
        places == [Place::Github, Place::Jira] && places.iter().all(reaches)
    });
    found.expect("there is such a world")
}

fn deeds() -> Deeds {
    let deed = |what| Deed {
        place: Place::Github,
        item: 1,
        key: "acme/app#1".to_owned(),
        at: Timestamp::EPOCH,
        changed: true,
        what,
    };
    let created = What::Created {
        title: "T1: ok".to_owned(),
        body: "About it.".to_owned(),
        done: false,
        labels: BTreeSet::from(["bug".to_owned()]),
    };
    let comment = |number: u32| What::Comment {
        number,
        text: format!("C{number}: so it is"),
        edited: false,
    };
    let gone = What::Uncomment { number: 3 };
    let all = [created, comment(2), comment(3), gone];
    Deeds(all.map(deed).to_vec(), BTreeSet::new())
}

fn comment(id: &str, body: &str) -> DumpComment {
    DumpComment {
        id: id.to_owned(),
        author: "ana".to_owned(),
        body: body.to_owned(),
        channel: "public".to_owned(),
        created: String::new(),
    }
}

fn item(place: Place) -> DumpItem {
    DumpItem {
        key: format!("{}-1", place.name()),
        title: "T1: ok".to_owned(),
        body: "About it.".to_owned(),
        status: place.open()[0].to_owned(),
        labels: vec!["bug".to_owned()],
        comments: vec![comment("a", "C2: so it is")],
        ..DumpItem::default()
    }
}

/// How many faults are found when this is done to Jira's items.
fn check(change: impl FnOnce(&mut Vec<DumpItem>), faults: usize, word: &str) {
    let mut dumps: BTreeMap<Place, Dump> = BTreeMap::new();
    for place in [Place::Github, Place::Jira] {
        let dump = Dump {
            tracker: String::new(),
            items: vec![item(place)],
        };
        dumps.insert(place, dump);
    }
    if let Some(dump) = dumps.get_mut(&Place::Jira) {
        change(&mut dump.items);
    }
    let (world, deeds) = (world(), deeds());
    let found = all(&Evidence::new(&world, &deeds, &dumps, BTreeSet::new()));
    assert_eq!(found.len(), faults, "{found:?}");
    assert!(found.iter().all(|fault| fault.contains(word)), "{found:?}");
}

#[test]
fn a_world_in_step_is_no_fault() {
    check(|_| {}, 0, "");
}

#[test]
fn items_that_are_missing_doubled_or_nobodys_are_found() {
    check(Vec::clear, 1, "T1 is 0 times at jira instead of 1");
    check(|items| items.push(item(Place::Jira)), 1, "T1 is 2 times");
    check(|items| items[0].deleted = true, 1, "T1 is 0 times");
    let stranger = DumpItem {
        title: "T9: ok".to_owned(),
        ..item(Place::Jira)
    };
    check(|items| items.push(stranger), 1, "T9 was created by nobody");
}

#[test]
fn fields_that_are_out_of_step_are_found() {
    let one = |change: fn(&mut DumpItem), word: &str| {
        check(|items| change(&mut items[0]), 1, word);
    };
    one(
        |item| item.title = "T1: other".to_owned(),
        "T1's title is not in step",
    );
    one(|item| item.body.clear(), "T1's body is not in step");
    one(
        |item| item.status = "Done".to_owned(),
        "T1's status is not in step",
    );
    one(|item| item.labels.clear(), "T1's label bug is not in step");
    one(
        |item| item.labels.push("ops".to_owned()),
        "T1's label ops is not in step",
    );
}

#[test]
fn comments_that_are_lost_doubled_or_nobodys_are_found() {
    let one = |change: fn(&mut Vec<DumpComment>), word: &str| {
        check(|items| change(&mut items[0].comments), 1, word);
    };
    one(Vec::clear, "C2 of T1 stands 0 times at jira instead of 1");
    one(
        |all| all.push(comment("b", "C2: so it is")),
        "C2 of T1 stands 2 times",
    );
    one(|all| all[0].body = "C2: no".to_owned(), "C2 of T1 says");
    one(
        |all| all.push(comment("b", "C3: so it is")),
        "C3 of T1 stands 1 times at jira instead of 0",
    );
    one(
        |all| all.push(comment("b", "C7: hello")),
        "a comment at jira that nobody wrote",
    );
}
