//! What a postmortem's draft says.

use super::super::postmortem::{Course, draft};
use super::*;

fn said(desk: &Desk, course: &Course) -> Option<String> {
    draft(desk.status.entry(IncidentId(1)).unwrap(), course)
}

#[test]
fn a_draft_is_there_when_a_person_has_resolved_and_says_what_is_known() {
    let mut desk = Desk::new();
    let began = desk.now;
    let after = |seconds| began.plus(Duration::from_secs(seconds));
    desk.incident(1, "database:central", "database:central");
    let course = Course {
        pages: 3,
        paged: Some(after(0)),
        steps: 2,
        stepped: Some(after(10)),
        acknowledged: Some(("bo".to_owned(), after(12))),
        reports: 5,
        reopened: 0,
    };
    assert_eq!(said(&desk, &course), None, "the public has not read of it");
    desk.wait(20);
    desk.wait(60);
    desk.recovered(1);
    assert_eq!(said(&desk, &course), None, "no person has resolved it");
    desk.wait(20);
    desk.posts(1, Stage::Resolved);
    let text = said(&desk, &course).unwrap();
    for expected in [
        "# Administration: degraded performance\n",
        "2026-03-01T12:00:00Z to 2026-03-01T12:01:40Z: 1 min 40 s.\n",
        "- Administration: degraded performance, for 1 min 0 s.\n",
        "- second step: 10 s after detection\n",
        "- on the status page: 20 s after detection\n",
        "- reports: 5\n",
        ": bo acknowledged\n",
        ": ada: As told.\n",
    ] {
        assert!(text.contains(expected), "{expected} in:\n{text}");
    }
    let at = |what: &str| text.find(what).unwrap();
    assert!(at("detected:") < at("the first page"));
    assert!(at("the second step") < at("bo acknowledged"));
    assert!(at("bo acknowledged") < at("ada: As told."));

    // As it is it says of itself that nobody reads it.
    let post = |body: String| Event::Post {
        incident: IncidentId(1),
        by: "ada".to_owned(),
        stage: Stage::Postmortem,
        body,
        also: Amendment::default(),
    };
    check(&desk.apply(post(text.clone())), "refused Draft");
    let (_, written) = text.split_once("reads nothing of it.\n").unwrap();
    desk.apply(post(written.to_owned()));
    let entry = desk.status.entry(IncidentId(1)).unwrap();
    assert_eq!(entry.stage, Stage::Postmortem);
}
