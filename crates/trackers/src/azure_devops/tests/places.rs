//! Where items lie: moves, deletions and what the feed of one scope tells of the others.

use super::*;
use crate::conformance::Act;
use crate::tracker::{Cursor, FeedChange};
use http::Method;

async fn item(h: &SimHarness) -> (ItemId, String) {
    let title = "An item".to_owned();
    let key = h.act(Act::Create { title }).await.unwrap();
    let found = h.tracker().find(&key).await.unwrap().unwrap();
    (found.item, key)
}

/// What the feed of the harness's scope has told since.
async fn told(h: &SimHarness, since: Timestamp) -> Vec<(String, ChangeKind)> {
    let mut cursor = Cursor { since, page: None };
    let mut all: Vec<FeedChange> = Vec::new();
    loop {
        let page = h.tracker().changes(&h.scope(), &cursor).await.unwrap();
        all.extend(page.changes);
        match page.next {
            Some(next) => cursor = next,
            None => break,
        }
    }
    let one = |change: FeedChange| (change.candidate.reference.item.id, change.kind);
    all.into_iter().map(one).collect()
}

#[tokio::test]
async fn an_item_that_leaves_is_told_and_what_lies_elsewhere_is_not() {
    let h = harness();
    let (leaves, key) = item(&h).await;
    h.control(twinline_sim::Command::Create {
        container: Some("Application".to_owned()),
        by: "ana".to_owned(),
        title: "A bug".to_owned(),
        body: String::new(),
        labels: Vec::new(),
        assignees: Vec::new(),
    });
    h.pass(Duration::from_secs(600)).await;
    let since = h.now();
    h.pass(Duration::from_secs(60)).await;
    h.act(Act::Retitle {
        key: "#2".to_owned(),
        title: "Nobody's here".to_owned(),
    })
    .await
    .unwrap();
    h.act(Act::Move { key }).await.unwrap();
    assert_eq!(
        told(&h, since).await,
        [(leaves.id.clone(), ChangeKind::Moved)]
    );
    let Fetched::Found(found) = h.tracker().fetch(&leaves).await.unwrap() else {
        panic!("it has gone");
    };
    assert_eq!(found.scope["project"], "Application");
}

#[tokio::test]
async fn deleted_is_told_and_restored_is_back_and_destroyed_is_only_unreachable() {
    let h = harness();
    let (id, key) = item(&h).await;
    h.pass(Duration::from_secs(600)).await;
    let since = h.now();
    h.act(Act::Delete { key }).await.unwrap();
    assert_eq!(
        told(&h, since).await,
        [(id.id.clone(), ChangeKind::Deleted)]
    );
    let evidence = match h.tracker().fetch(&id).await.unwrap() {
        Fetched::Deleted { evidence } => evidence,
        other => panic!("{other:?}"),
    };
    assert!(evidence.contains("recycle bin"), "{evidence}");
    let bin = format!("/_apis/wit/recyclebin/{}", id.id);
    let restore = json!({ "isDeleted": false });
    h.raw(Method::PATCH, &bin, AUTHORIZATION, restore).await;
    assert_eq!(told(&h, since).await, [(id.id.clone(), ChangeKind::Field)]);
    let fetched = h.tracker().fetch(&id).await.unwrap();
    assert!(matches!(fetched, Fetched::Found(_)), "{fetched:?}");
    let destroy = format!("/_apis/wit/workitems/{}?destroy=true", id.id);
    h.raw(Method::DELETE, &destroy, AUTHORIZATION, Json::Null)
        .await;
    let fetched = h.tracker().fetch(&id).await.unwrap();
    assert!(
        matches!(fetched, Fetched::Unreachable { .. }),
        "{fetched:?}"
    );
}

#[tokio::test]
async fn a_page_of_the_feed_goes_on_where_it_was_left() {
    let h = harness();
    let since = h.now();
    let mut made = BTreeSet::new();
    for _ in 0..250 {
        made.insert(item(&h).await.0.id);
    }
    let cursor = Cursor { since, page: None };
    let first = h.tracker().changes(&h.scope(), &cursor).await.unwrap();
    let next = first.next.expect("there are more than one page holds");
    assert_eq!(first.changes.len(), client::PAGE_ITEMS);
    let rest = h.tracker().changes(&h.scope(), &next).await.unwrap();
    let again = h.tracker().changes(&h.scope(), &next).await.unwrap();
    assert_eq!(again.changes, rest.changes);
    assert_eq!(rest.next, None);
    let all = first.changes.iter().chain(&rest.changes);
    let listed: BTreeSet<String> = all
        .map(|one| one.candidate.reference.item.id.clone())
        .collect();
    assert_eq!(listed, made);
}

#[tokio::test]
async fn a_comment_is_written_to_an_item_that_has_moved() {
    let h = harness();
    let (id, key) = item(&h).await;
    let comment = || Effect::AddComment {
        item: id.clone(),
        channel: CHANNEL.to_owned(),
        body: twinline_core::richtext::Document::from_plain("here"),
        marker: twinline_core::marker::Marker {
            root: "root".into(),
            link: "link".into(),
        },
    };
    h.tracker().apply(&comment()).await.unwrap();
    h.act(Act::Move { key }).await.unwrap();
    // The project that is remembered is not its own any more: the second try asks anew.
    let first = h.tracker().apply(&comment()).await;
    assert!(
        matches!(first, Err(TrackerError::Unreachable { .. })),
        "{first:?}"
    );
    h.tracker().apply(&comment()).await.unwrap();
}

#[tokio::test]
async fn a_scope_that_is_not_there_is_a_fault() {
    let h = harness();
    let scope = |kind: &str| -> Scope {
        let parts = [("project", "Support"), ("type", kind)];
        parts
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into()
    };
    let faults = h
        .tracker()
        .probe_place(&scope("Issue"), None)
        .await
        .unwrap();
    assert_eq!(faults, Vec::<String>::new());
    let faults = h.tracker().probe_place(&scope("Epic"), None).await.unwrap();
    assert!(
        faults
            .join(" ")
            .contains("the type Epic in project Support"),
        "{faults:?}"
    );
    let refused = h.tracker().describe(&scope("Epic")).await;
    assert!(
        matches!(refused, Err(TrackerError::Refused { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn who_may_only_read_is_told_before_a_write_is_refused() {
    let mut site = demo_organization();
    let may = over(site.clone(), under());
    let faults = may.tracker().probe_place(&may.scope(), None).await.unwrap();
    assert_eq!(faults, [""; 0]);
    site.switches.read_only = true;
    let h = over(site, under());
    let faults = h.tracker().probe_place(&h.scope(), None).await.unwrap();
    let [fault] = faults.as_slice() else {
        panic!("{faults:?}");
    };
    assert!(fault.contains("Work items: read & write"), "{fault}");
    // It was only tried out.
    let (scope, tried) = (may.scope(), "[System.Title] CONTAINS 'Tried out'");
    let made = may.tracker().query(&scope, tried, None).await.unwrap();
    assert!(made.items.is_empty());
}
