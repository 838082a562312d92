use super::super::script::Wanted;
use super::*;
use twinline_sim::DumpComment;

const TAG: &str = "[T001]";

/// What the person wanted of one item.
fn script() -> Script {
    let wanted = Wanted {
        title: Some(format!("{TAG} A title")),
        body: Some("step1x".to_owned()),
        labels: vec!["step2x".to_owned()],
        comments: vec!["step3x".to_owned()],
        closed: true,
    };
    Script {
        wanted: BTreeMap::from([(TAG.to_owned(), wanted)]),
        ..Script::default()
    }
}

fn comment(id: &str) -> DumpComment {
    DumpComment {
        id: id.to_owned(),
        author: "ben".to_owned(),
        body: "ben · yesterday\n\nI looked into it: step3x.".to_owned(),
        channel: "public".to_owned(),
        created: String::new(),
    }
}

fn item(place: Place) -> DumpItem {
    let (key, status) = match place {
        Place::GitHub => ("acme/app#1", "closed:completed"),
        Place::Jira => ("APP-1", "Done"),
    };
    DumpItem {
        key: key.to_owned(),
        id: key.to_owned(),
        title: format!("{TAG} A title"),
        body: "Rewritten: step1x.".to_owned(),
        status: status.to_owned(),
        labels: vec!["bug".to_owned(), "step2x".to_owned()],
        comments: vec![comment("1")],
        ..DumpItem::default()
    }
}

/// What is found when Jira differs like this: how much is lost, how much doubled, and a word of it.
fn check(change: impl Fn(&mut Dump), lost: usize, doubled: usize, word: &str) {
    let mut both: Both = Place::BOTH
        .into_iter()
        .map(|place| {
            let dump = Dump {
                tracker: String::new(),
                items: vec![item(place)],
            };
            (place, dump)
        })
        .collect();
    both.entry(Place::Jira).and_modify(change);
    let verdict = judge(&both, &script());
    let found = (verdict.lost.len(), verdict.duplicated.len());
    assert_eq!(found, (lost, doubled), "{verdict:?}");
    assert_eq!(verdict.converged(), lost + doubled == 0);
    let said = [verdict.lost, verdict.duplicated].concat().join("\n");
    assert!(said.contains(word), "'{word}' is not in: {said}");
}

#[test]
fn two_items_as_they_should_be_are_in_step() {
    check(|_| {}, 0, 0, "");
    let labels = |dump: &mut Dump| dump.items[0].labels.push("more".to_owned());
    check(labels, 0, 0, "");
}

#[test]
fn each_kind_of_loss_is_found() {
    let one = |change: fn(&mut DumpItem), word: &str| {
        check(|dump| change(&mut dump.items[0]), 1, 0, word);
    };
    one(|item| item.title.push('!'), "the title is");
    one(|item| item.body.clear(), "the text lacks step1x");
    one(
        |item| item.labels.truncate(1),
        "the label step2x is missing",
    );
    one(
        |item| item.status = "In Review".to_owned(),
        "the status is 'In Review'",
    );
    one(
        |item| item.comments.clear(),
        "the comment step3x is missing",
    );
    one(|item| item.deleted = true, "[T001] is missing at Jira");
    check(|dump| dump.items.clear(), 1, 0, "[T001] is missing at Jira");
}

#[test]
fn what_is_there_twice_is_found() {
    check(
        |dump| dump.items[0].comments.push(comment("2")),
        0,
        1,
        "the comment step3x is there 2 times",
    );
    let again = |dump: &mut Dump| {
        let mut second = item(Place::Jira);
        second.key = "APP-2".to_owned();
        dump.items.push(second);
    };
    check(again, 0, 1, "Jira has [T001] 2 times");
    // Its title was changed since: the tag tells all the same.
    let renamed = |dump: &mut Dump| {
        let mut second = item(Place::Jira);
        second.title = format!("{TAG} Another title");
        dump.items.push(second);
    };
    check(renamed, 0, 1, "Jira has [T001] 2 times");
}
