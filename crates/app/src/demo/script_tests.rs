use super::super::judge::judge;
use super::super::world::Both;
use super::*;
use std::cell::RefCell;
use twinline_core::time::Timestamp;
use twinline_sim::github::{Github, GithubConfig};
use twinline_sim::jira_cloud::{JiraCloud, demo_site};
use twinline_sim::{Done, Faults, Faulty, Simulator};

/// Two trackers with nothing between them.
struct Alone(BTreeMap<Place, RefCell<Faulty>>);

fn now() -> Timestamp {
    Timestamp::from_millis(1_760_000_000_000)
}

impl Trackers for Alone {
    fn act(&self, place: Place, command: Command) -> Result<Done> {
        Ok(self.0[&place].borrow_mut().command(now(), command)?)
    }

    fn dump(&self, place: Place) -> Dump {
        self.0[&place].borrow_mut().dump(now())
    }
}

impl Alone {
    /// The same items on both sides, as if they had been twinned, and each side's own.
    fn new() -> Self {
        let github: Box<dyn Simulator> = Box::new(Github::new(GithubConfig::default()));
        let jira: Box<dyn Simulator> = Box::new(JiraCloud::new(demo_site()));
        let faulty = |simulator| RefCell::new(Faulty::new(simulator, Faults::default(), 1));
        let trackers = Self(BTreeMap::from([
            (Place::GitHub, faulty(github)),
            (Place::Jira, faulty(jira)),
        ]));
        for number in 0..8 {
            let (repository, project, _) = CONNECTIONS[number % 2];
            for (place, container) in [(Place::GitHub, repository), (Place::Jira, project)] {
                let command = create(number, container, "A title");
                trackers.act(place, command).expect("it is created");
            }
        }
        trackers
    }

    fn both(&self) -> Both {
        let places = Place::BOTH.into_iter();
        places.map(|place| (place, self.dump(place))).collect()
    }
}

fn played(steps: usize) -> (Alone, Script) {
    let trackers = Alone::new();
    let mut script = Script::begin(&trackers);
    assert!(
        judge(&trackers.both(), &script).converged(),
        "before the first edit"
    );
    for _ in 0..steps {
        script.next(&trackers).expect("the trackers take it");
    }
    (trackers, script)
}

#[test]
fn without_anything_between_the_trackers_every_edit_is_missing_on_the_other_side() {
    let (trackers, script) = played(160);
    assert_eq!(script.changes, 160);
    let verdict = judge(&trackers.both(), &script);
    // A title and a text that were written several times are missing once, an item that was made lacks all.
    assert!(
        verdict.lost.len() > 60,
        "{}: {verdict:?}",
        verdict.lost.len()
    );
    assert_eq!(verdict.duplicated, Vec::<String>::new());
}

#[test]
fn what_is_replaced_is_edited_from_one_side_only() {
    let (_, script) = played(160);
    let replaced = [Field::Title, Field::Body, Field::Status];
    for (place, tag, field) in script.edits.keys() {
        let other = (place.other(), tag.clone(), *field);
        let both = script.edits.contains_key(&other);
        assert!(!replaced.contains(field) || !both, "{tag} {field:?}");
    }
}

#[test]
fn every_kind_of_edit_is_made_and_what_is_added_on_both_sides() {
    let (_, script) = played(160);
    let made = |wanted: Field, at: Option<Place>| {
        let mut edits = script.edits.keys();
        edits.any(|(place, _, field)| *field == wanted && at.is_none_or(|at| at == *place))
    };
    for field in [Field::Title, Field::Body, Field::Status] {
        assert!(made(field, None), "{field:?}");
    }
    for place in Place::BOTH {
        assert!(made(Field::Labels, Some(place)), "labels at {place:?}");
        assert!(made(Field::Comments, Some(place)), "comments at {place:?}");
    }
}
