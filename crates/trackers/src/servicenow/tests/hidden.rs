//! What access rules leave out without a word, and what the audit log tells.

use super::*;
use crate::conformance::Trick;
use crate::tracker::FeedChange;
use twinline_core::capability::ChangeKind as Kind;

/// The whole feed since.
async fn sweep(h: &SimHarness, since: Timestamp) -> Vec<FeedChange> {
    let mut cursor = Cursor { since, page: None };
    let mut changes = Vec::new();
    for _ in 0..20 {
        let page = h.tracker().changes(&h.scope(), &cursor).await.unwrap();
        changes.extend(page.changes);
        match page.next {
            Some(next) => cursor = next,
            None => return changes,
        }
    }
    panic!("the feed does not end");
}

#[tokio::test]
async fn a_page_of_hidden_records_ends_neither_the_feed_nor_a_query() {
    let h = harness(demo_site());
    let since = h.now();
    let mut keys = Vec::new();
    for number in 0..250 {
        let title = format!("number {number}");
        keys.push(h.act(Act::Create { title }).await.unwrap());
    }
    for key in &keys[..240] {
        let key = key.clone();
        h.act(Act::Hide { key, status: 404 }).await.unwrap();
    }
    let listed = sweep(&h, since).await;
    let listed: BTreeSet<String> = listed
        .into_iter()
        .map(|change| change.candidate.reference.key)
        .collect();
    let expected: BTreeSet<String> = keys[240..].iter().cloned().collect();
    assert_eq!(listed, expected);
    let (mut page, mut found) = (None, BTreeSet::new());
    for _ in 0..10 {
        let asked = h
            .tracker()
            .query(&h.scope(), "active=true", page.as_deref())
            .await
            .unwrap();
        found.extend(asked.items.into_iter().map(|item| item.reference.key));
        page = asked.next;
        if page.is_none() {
            break;
        }
    }
    assert_eq!((found, page), (expected, None));
}

#[tokio::test]
async fn an_attachment_api_that_fails_hides_the_files_and_nothing_else() {
    let h = harness(demo_site());
    let item = made(&h, "without files").await.reference.item;
    let before = h.meddler().requests();
    assert!(read(&h, &item).await.attachments.is_some());
    // The files are asked for last.
    let asked = h.meddler().requests() - before;
    (1..asked).for_each(|_| h.meddler().next_read(Trick::Pass));
    let failure = http::Response::builder().status(503);
    let failure = failure.body("{}".into()).unwrap();
    h.meddler().next_read(Trick::Answer(failure));
    let found = read(&h, &item).await;
    assert!(h.meddler().is_spent());
    assert_eq!(
        (found.attachments, found.comments),
        (None, Some(Vec::new()))
    );
}

#[tokio::test]
async fn what_was_deleted_is_listed_with_the_audits_word() {
    let h = harness(demo_site());
    let item = made(&h, "ends").await;
    h.pass(Duration::from_secs(60)).await;
    let since = h.now();
    let key = item.reference.key.clone();
    h.act(Act::Delete { key }).await.unwrap();
    let listed = sweep(&h, since).await;
    let told: Vec<_> = listed
        .iter()
        .map(|change| (change.kind, &change.candidate.reference))
        .collect();
    assert_eq!(told, [(Kind::Deleted, &item.reference)]);
    let Fetched::Deleted { evidence } = h.tracker().fetch(&item.reference.item).await.unwrap()
    else {
        panic!("the audit log says so");
    };
    assert!(
        evidence.contains("sys_audit_delete says that ana deleted it"),
        "{evidence}"
    );
}

#[tokio::test]
async fn without_the_audit_log_a_deleted_record_is_out_of_reach_and_the_feed_goes_on() {
    for silent in [false, true] {
        let mut site = demo_site();
        let table = vec!["sys_audit_delete".to_owned()];
        match silent {
            true => site.switches.silent_tables = table,
            false => site.switches.forbidden_tables = table,
        }
        let h = harness(site);
        let (since, item) = (h.now(), made(&h, "ends").await);
        let stays = made(&h, "stays").await;
        let key = item.reference.key.clone();
        h.act(Act::Delete { key }).await.unwrap();
        let fetched = h.tracker().fetch(&item.reference.item).await.unwrap();
        assert!(
            matches!(fetched, Fetched::Unreachable { .. }),
            "{fetched:?}"
        );
        let listed = sweep(&h, since).await;
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].candidate.reference, stays.reference);
        let faults = h.tracker().probe_place(&h.scope(), None).await.unwrap();
        assert_eq!(faults.len(), usize::from(!silent), "{faults:?}");
        if let [fault] = faults.as_slice() {
            assert!(fault.contains("may not read sys_audit_delete"), "{fault}");
        }
    }
}

#[tokio::test]
async fn without_the_right_to_files_all_else_is_seen_and_it_is_told() {
    let mut site = demo_site();
    site.switches.forbidden_tables = vec!["sys_attachment".to_owned()];
    let h = harness(site);
    let item = made(&h, "without files").await;
    assert_eq!(item.attachments, None, "they are not known");
    assert!(item.comments.is_some());
    let faults = h.tracker().probe_place(&h.scope(), None).await.unwrap();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("Attachment API"), "{faults:?}");
}

#[tokio::test]
async fn a_condition_that_servicenow_would_ignore_is_refused() {
    let h = harness(demo_site());
    let item = made(&h, "here").await;
    let items = std::slice::from_ref(&item.reference.item);
    for (trigger, part) in [
        ("stauts=1", "did you mean 'state'"),
        ("assigned_to.emial=x", "sys_user has no column 'emial'"),
        ("number.x=1", "refers to no record"),
        ("active=true^ORDERBYnumber", "order is Twinline's"),
    ] {
        let query = h.tracker().query(&h.scope(), trigger, None).await.err();
        let matches = h.tracker().matches(trigger, items).await.err();
        for refused in [query, matches] {
            assert!(
                matches!(&refused, Some(TrackerError::Refused { sentence, .. }) if sentence.contains(part)),
                "{refused:?}"
            );
        }
    }
    for (trigger, expected) in [
        ("assigned_toISEMPTY^stateIN1,2", Opinion::Matches),
        (
            "assigned_to.email=ana@acme.example^ORstate=1",
            Opinion::Matches,
        ),
        ("state=6^NQstate=1", Opinion::Matches),
        ("state=6^NQstate=7", Opinion::Differs),
    ] {
        let opinions = h.tracker().matches(trigger, items).await.unwrap();
        assert_eq!(opinions[&items[0]], expected, "{trigger}");
    }
}
