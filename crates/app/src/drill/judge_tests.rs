use super::super::book::{Book, mark};
use super::*;
use std::sync::Arc;
use twinline_sim::{Command, Done};

/// One item in both trackers of one connection, with a comment on both sides.
async fn pair() -> (Trackers, Vec<Wanted>, [String; 2]) {
    let trackers = Trackers::start(1, &Arc::new(Book::new())).await.unwrap();
    let keys = [0, 1].map(|node| create(&trackers, node));
    for (node, key) in keys.iter().enumerate() {
        let comment = Command::comment(key, "ben", &mark(1));
        trackers.act(node, comment).unwrap();
    }
    let wanted = Wanted {
        title: "[0] a title".to_owned(),
        body: Some(mark(0)),
        comments: vec![mark(1)],
        ..Wanted::default()
    };
    (trackers, vec![wanted], keys)
}

fn create(trackers: &Trackers, node: usize) -> String {
    let command = Command::Create {
        container: None,
        by: "ana".to_owned(),
        title: "[0] a title".to_owned(),
        body: mark(0),
        labels: Vec::new(),
        assignees: Vec::new(),
    };
    match trackers.act(node, command).unwrap() {
        Done::Item(key) => key,
        other => panic!("{other:?}"),
    }
}

async fn check(act: impl FnOnce(&Trackers, &[String; 2]), lost: &[&str], duplicated: &[&str]) {
    let (trackers, wanted, keys) = pair().await;
    act(&trackers, &keys);
    let verdict = judge(&trackers, &wanted);
    assert_eq!(verdict.lost, lost);
    assert_eq!(verdict.duplicated, duplicated);
    assert_eq!(
        verdict.is_in_step(),
        lost.is_empty() && duplicated.is_empty()
    );
    trackers.stop().await;
}

#[tokio::test]
async fn what_is_in_step_is_found_in_step() {
    check(|_, _| {}, &[], &[]).await;
}

#[tokio::test]
async fn what_is_missing_is_lost() {
    let act = |trackers: &Trackers, keys: &[String; 2]| {
        let edits = [("title", "[0] another"), ("body", "nothing")];
        for (field, value) in edits {
            let edit = Command::edit(&keys[0], "ana", field, value);
            trackers.act(0, edit).unwrap();
        }
        let delete = Command::Delete {
            key: keys[1].clone(),
            by: "ana".to_owned(),
        };
        trackers.act(1, delete).unwrap();
    };
    let lost = [
        "github-01 acme/app01#1: the title is '[0] another'",
        "github-01 acme/app01#1: the text lacks edit-0-",
        "item [0] is missing in jira-01",
    ];
    check(act, &lost, &[]).await;
}

#[tokio::test]
async fn what_is_there_twice_is_duplicated() {
    let act = |trackers: &Trackers, keys: &[String; 2]| {
        let comment = Command::comment(&keys[1], "ben", &mark(1));
        trackers.act(1, comment).unwrap();
        // The judge looks at the later one of two items; it has what the earlier one has.
        let key = create(trackers, 0);
        let comment = Command::comment(&key, "ben", &mark(1));
        trackers.act(0, comment).unwrap();
    };
    let duplicated = [
        "github-01 has item [0] more than once",
        "jira-01 P01-1: the comment edit-1- is there 2 times",
    ];
    check(act, &[], &duplicated).await;
}
