use super::super::tests::{answered, at, create, read, request, tracker};
use super::*;
use crate::command::Command;
use crate::faults::{Faults, Span};
use crate::faulty::Outcome;
use serde_json::json;

const ISSUE: &str = "http://github.sim/repos/acme/app/issues/1";

fn noted(faults: Faults) -> Faulty {
    let mut tracker = tracker(faults);
    tracker.note_writes();
    answered(tracker.decide(at(0), &create("x")));
    tracker
}

/// What the last of these requests changed, and whether it was idle.
fn check(requests: &[(Method, &str, serde_json::Value)], changes: &[What], idle: bool) {
    let mut tracker = noted(Faults::default());
    for (number, (method, end, body)) in requests.iter().enumerate() {
        let request = request(method.clone(), &format!("{ISSUE}{end}"), body);
        let now = at(i64::try_from(number).unwrap() + 1);
        assert!(
            answered(tracker.decide(now, &request))
                .status()
                .is_success()
        );
    }
    let last = tracker.writes().last().unwrap();
    let found: Vec<&What> = last.changes.iter().map(|(_, what)| what).collect();
    assert_eq!(found, changes.iter().collect::<Vec<_>>());
    assert!(last.changes.iter().all(|(key, _)| key == "acme/app#1"));
    assert_eq!((last.is_idle(), last.late), (idle, false));
}

#[test]
fn each_change_is_noted_with_its_field() {
    let patch = |body| (Method::PATCH, "", body);
    check(&[], &[What::Created], false);
    check(&[patch(json!({"title": "y"}))], &[What::Title], false);
    check(
        &[patch(json!({"body": "y", "state": "closed"}))],
        &[What::Body, What::Status("closed:completed".into())],
        false,
    );
    let label = json!({"labels": ["bug"]});
    check(&[(Method::POST, "/labels", label)], &[What::Labels], false);
}

#[test]
fn what_sets_a_value_that_stands_is_idle() {
    let same = (Method::PATCH, "", json!({"title": "x"}));
    check(&[same], &[], true);
}

#[test]
fn comments_are_noted_by_their_ids() {
    let mut tracker = noted(Faults::default());
    let comment = request(
        Method::POST,
        &format!("{ISSUE}/comments"),
        &json!({"body": "a"}),
    );
    answered(tracker.decide(at(1), &comment));
    let id = tracker.dump(at(2)).items[0].comments[0].id.clone();
    let address = format!("http://github.sim/repos/acme/app/issues/comments/{id}");
    answered(tracker.decide(
        at(3),
        &request(Method::PATCH, &address, &json!({"body": "b"})),
    ));
    answered(tracker.decide(at(4), &request(Method::DELETE, &address, &json!(null))));
    let found: Vec<What> = tracker.writes()[1..]
        .iter()
        .flat_map(|write| write.changes.iter().map(|(_, what)| what.clone()))
        .collect();
    assert_eq!(
        found,
        [
            What::CommentAdded(id.clone()),
            What::CommentEdited(id.clone()),
            What::CommentDeleted(id)
        ]
    );
}

#[test]
fn neither_people_nor_reads_nor_refused_requests_are_noted() {
    let mut tracker = noted(Faults::default());
    let edit = Command::edit("acme/app#1", "ana", "title", "new");
    tracker.command(at(1), edit).unwrap();
    answered(tracker.decide(at(2), &read(ISSUE)));
    let nowhere = format!("{ISSUE}999");
    let refused = request(Method::PATCH, &nowhere, &json!({"title": "y"}));
    assert_eq!(answered(tracker.decide(at(3), &refused)).status(), 404);
    assert_eq!(tracker.writes().len(), 1);
}

#[test]
fn a_write_that_lands_late_is_noted_as_such_when_it_lands() {
    let mut tracker = noted(Faults {
        late_write_ms: Span(50, 50),
        ..Faults::default()
    });
    tracker.force(crate::Forced::LatePost("/issues"));
    let outcome = tracker.decide(at(1), &create("late"));
    assert!(matches!(outcome, Outcome::Silence { .. }));
    assert_eq!(tracker.writes().len(), 1);
    drop(tracker.dump(at(60)));
    let landed = tracker.writes().last().unwrap();
    assert_eq!((landed.at, landed.late), (at(51), true));
    assert_eq!(landed.changes, [("acme/app#2".to_owned(), What::Created)]);
}
