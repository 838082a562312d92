use super::*;
use http::Method;
use twinline_core::time::Timestamp;
use twinline_sim::{Dump, DumpItem};

const TAG: &str = "[T001]";
const KEY: &str = "APP-1";

fn write(late: bool, changes: &[What]) -> Write {
    let changes = changes.iter().cloned();
    Write {
        at: Timestamp::EPOCH,
        method: Method::PUT,
        path: format!("/rest/api/3/issue/{KEY}"),
        late,
        changes: changes.map(|what| (KEY.to_owned(), what)).collect(),
    }
}

/// How much is found in Jira, after so many edits on GitHub and lost answers.
fn check(edits: &[(Field, usize)], writes: Vec<Write>, lost: u64, echoes: usize) {
    let item = DumpItem {
        key: KEY.to_owned(),
        title: format!("{TAG} A title"),
        ..DumpItem::default()
    };
    let both = Both::from([(
        Place::Jira,
        Dump {
            tracker: String::new(),
            items: vec![item],
        },
    )]);
    let edits = edits.iter();
    let script = Script {
        edits: edits
            .map(|(field, times)| ((Place::GitHub, TAG.to_owned(), *field), *times))
            .collect(),
        ..Script::default()
    };
    let counts = FaultCounts {
        timeouts_after_effect: lost,
        ..FaultCounts::default()
    };
    let noted = BTreeMap::from([(Place::Jira, (writes, counts))]);
    let found = without_cause(&both, &noted, &script, 0);
    assert_eq!(found.len(), echoes, "{found:?}");
}

#[test]
fn a_write_for_each_edit_has_its_cause() {
    let title = || write(false, &[What::Title]);
    check(&[(Field::Title, 2)], vec![title(), title()], 0, 0);
    check(&[(Field::Title, 2)], vec![title()], 0, 0);
    let done = |steps: &[&str]| {
        let steps = steps.iter();
        let steps = steps.map(|step| write(false, &[What::Status((*step).to_owned())]));
        steps.collect::<Vec<_>>()
    };
    check(&[(Field::Status, 1)], done(&["In Progress", "Done"]), 0, 0);
    let comment = |id: &str| write(false, &[What::CommentAdded(id.to_owned())]);
    check(
        &[(Field::Comments, 2)],
        vec![comment("1"), comment("2")],
        0,
        0,
    );
    check(&[], vec![write(false, &[What::Created])], 0, 0);
}

/// The echo that comes once for every change, and no more when all is quiet.
#[test]
fn one_write_too_many_is_found_for_each_field() {
    let twice = |what: &What| vec![write(false, std::slice::from_ref(what)); 2];
    for (field, what) in [
        (Field::Title, What::Title),
        (Field::Body, What::Body),
        (Field::Labels, What::Labels),
        (Field::Status, What::Status("Done".to_owned())),
        (Field::Status, What::Field("resolution".to_owned())),
    ] {
        check(&[(field, 1)], twice(&what), 0, 1);
        check(&[(field, 2)], twice(&what), 0, 0);
    }
    let comments = ["1", "2"].map(|id| write(false, &[What::CommentAdded(id.to_owned())]));
    check(&[(Field::Comments, 1)], comments.to_vec(), 0, 1);
    check(
        &[(Field::Title, 5)],
        vec![write(false, &[What::Body])],
        0,
        1,
    );
    for what in [
        What::Assignees,
        What::Deleted,
        What::CommentEdited("1".to_owned()),
        What::CommentDeleted("1".to_owned()),
    ] {
        check(&[(Field::Comments, 9)], vec![write(false, &[what])], 0, 1);
    }
}

#[test]
fn a_write_that_changes_nothing_needs_a_lost_answer() {
    check(&[(Field::Title, 1)], vec![write(false, &[])], 0, 1);
    check(&[(Field::Title, 1)], vec![write(false, &[])], 1, 0);
    check(&[(Field::Title, 1)], vec![write(false, &[]); 3], 1, 2);
    let mut marker = write(false, &[]);
    marker.path.push_str("/properties/twinline");
    check(&[], vec![marker], 0, 0);
}

#[test]
fn what_lands_late_may_be_mended_once() {
    let (late, mended) = (write(true, &[What::Title]), write(false, &[What::Title]));
    let once = vec![mended.clone(), late.clone(), mended.clone()];
    check(&[(Field::Title, 1)], once, 0, 0);
    let more = vec![mended.clone(), late, mended.clone(), mended];
    check(&[(Field::Title, 1)], more, 0, 1);
}
