use super::*;
use http::Method;
use twinline_core::time::Timestamp;
use twinline_sim::DumpItem;

fn dump(items: &[(&str, u32)]) -> Dump {
    let items = items.iter().map(|(key, number)| DumpItem {
        key: (*key).to_owned(),
        title: format!("T{number}: printer burns"),
        ..DumpItem::default()
    });
    Dump {
        tracker: String::new(),
        items: items.collect(),
    }
}

fn write(key: &str, what: &[What]) -> Write {
    Write {
        at: Timestamp::EPOCH,
        method: Method::PUT,
        path: format!("/rest/api/3/issue/{key}"),
        late: false,
        changes: what
            .iter()
            .map(|what| (key.to_owned(), what.clone()))
            .collect(),
    }
}

/// How many faults are found when an edit of T1 on GitHub causes these writes in Jira.
fn check(field: Field, writes: Vec<Write>, faults: usize) {
    let dumps = BTreeMap::from([
        (Place::Github, dump(&[("acme/app#1", 1)])),
        (Place::Jira, dump(&[("SUP-1", 1), ("SUP-2", 2)])),
    ]);
    let word = LastWord {
        place: Place::Github,
        key: "acme/app#1".to_owned(),
        item: 1,
        title: String::new(),
        field,
    };
    let writes = BTreeMap::from([(Place::Jira, writes)]);
    let found = super::check(&writes, &dumps, &word);
    assert_eq!(found.len(), faults, "{found:?}");
}

#[test]
fn one_write_of_what_was_edited_has_its_cause() {
    check(Field::Title, vec![write("SUP-1", &[What::Title])], 0);
    check(Field::Title, Vec::new(), 0);
    let steps = ["In Progress", "Done"].map(|to| write("SUP-1", &[What::Status(to.to_owned())]));
    check(Field::Status, steps.to_vec(), 0);
    let comment = What::CommentAdded("1".to_owned());
    check(Field::Comments, vec![write("SUP-1", &[comment])], 0);
}

#[test]
fn every_other_write_is_found() {
    let title = || write("SUP-1", &[What::Title]);
    check(Field::Title, vec![title(), title()], 1);
    check(Field::Title, vec![title(), write("SUP-1", &[])], 1);
    check(Field::Title, vec![write("SUP-2", &[What::Title])], 1);
    check(
        Field::Title,
        vec![write("SUP-1", &[What::Title, What::Body])],
        1,
    );
    let comments = ["1", "2"].map(|id| write("SUP-1", &[What::CommentAdded(id.to_owned())]));
    check(Field::Comments, comments.to_vec(), 1);
    let edited = What::CommentEdited("1".to_owned());
    check(Field::Comments, vec![write("SUP-1", &[edited])], 1);
}

/// The edit stood on GitHub already: whatever is written there is an echo.
#[test]
fn a_write_at_the_source_is_found() {
    let dumps = BTreeMap::from([(Place::Github, dump(&[("acme/app#1", 1)]))]);
    let word = LastWord {
        place: Place::Github,
        key: "acme/app#1".to_owned(),
        item: 1,
        title: String::new(),
        field: Field::Title,
    };
    let writes = BTreeMap::from([(Place::Github, vec![write("acme/app#1", &[What::Title])])]);
    assert_eq!(super::check(&writes, &dumps, &word).len(), 1);
}
