//! Tickets that are closed, merged, deleted, or another program's.

use super::*;
use twinline_sim::Command;

/// A person closes a ticket for good.
async fn close(h: &SimHarness, item: &Item) {
    let key = item.reference.key.clone();
    let status = "closed".to_owned();
    h.act(Act::SetStatus { key, status }).await.unwrap();
}

#[tokio::test]
async fn nothing_about_a_closed_ticket_is_changed_and_that_is_said() {
    let h = harness();
    let seen = item(&h, "ends").await;
    close(&h, &seen).await;
    let closed = read(&h, &seen.reference.item).await;
    let status = closed.get(field::STATUS).cloned();
    assert!(
        matches!(&status, Some(Value::Choice(one)) if one.name == "Closed"),
        "{status:?}"
    );
    for fields in [
        vec![(field::SUMMARY, Value::text("anew"))],
        vec![(field::LABELS, Value::set(["anew"]))],
        vec![
            (field::SUMMARY, Value::text("anew")),
            (field::STATUS, Value::text("Open")),
        ],
    ] {
        let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        let applied = h.tracker().apply(&update(&closed, fields)).await.unwrap();
        for name in names {
            assert!(applied.waived[name].contains("closed"), "{applied:?}");
        }
    }
    let comment = Effect::AddComment {
        item: seen.reference.item.clone(),
        channel: CHANNEL_PUBLIC.to_owned(),
        body: Document::from_plain("late"),
        marker: marker(),
    };
    let refused = h.tracker().apply(&comment).await;
    assert!(
        matches!(&refused, Err(TrackerError::Refused { sentence, .. }) if sentence.contains("closed")),
        "{refused:?}"
    );
    assert_eq!(read(&h, &seen.reference.item).await, closed);
}

#[tokio::test]
async fn what_was_merged_is_closed_and_keeps_its_number() {
    let h = harness();
    let (source, target) = (item(&h, "one").await, item(&h, "two").await);
    let ids = json!({"ids": [source.reference.item.id.parse::<u64>().unwrap()]});
    let path = format!("/api/v2/tickets/{}/merge", target.reference.item.id);
    h.raw(http::Method::POST, &path, AUTHORIZATION, ids).await;
    let merged = read(&h, &source.reference.item).await;
    assert_eq!(
        merged.get(field::LABELS),
        Some(&Value::set(["closed_by_merge"]))
    );
    let told = read(&h, &target.reference.item).await.comments.unwrap();
    assert_eq!(told[0].channel, CHANNEL_INTERNAL);
}

#[tokio::test]
async fn a_deletion_is_told_by_the_feed_and_by_the_list_of_deleted_tickets() {
    let h = harness();
    let seen = item(&h, "goes").await;
    h.pass(Duration::from_secs(120)).await;
    let since = h.now();
    let key = seen.reference.key.clone();
    h.act(Act::Delete { key }).await.unwrap();
    h.pass(Duration::from_secs(70)).await;
    let cursor = Cursor { since, page: None };
    let page = h.tracker().changes(&h.scope(), &cursor).await.unwrap();
    assert_eq!(page.changes[0].kind, ChangeKind::Deleted);
    let fetched = h.tracker().fetch(&seen.reference.item).await.unwrap();
    assert!(matches!(fetched, Fetched::Deleted { .. }), "{fetched:?}");
    // Whether it is there is certain both ways.
    let effect = Effect::Delete {
        item: seen.reference.item,
    };
    let found = h.tracker().recognise(&effect, since).await.unwrap();
    assert!(matches!(found, Recognised::There(_)), "{found:?}");
    let item = item(&h, "stays").await.reference.item;
    let found = h.tracker().recognise(&Effect::Delete { item }, since).await;
    assert_eq!(found.unwrap(), Recognised::NotThere);
}

#[tokio::test]
async fn very_many_hidden_tickets_do_not_ask_for_the_deleted_ones_each() {
    let h = harness();
    let mut items = Vec::new();
    for number in 0..20 {
        items.push(item(&h, &format!("hides {number}")).await.reference.item);
    }
    h.control(Command::Hide {
        keys: Vec::new(),
        status: 404,
    });
    let mut requests = Vec::new();
    for id in &items {
        h.pass(Duration::from_millis(100)).await;
        let before = h.meddler().requests();
        let fetched = h.tracker().fetch(id).await.unwrap();
        assert!(
            matches!(fetched, Fetched::Unreachable { .. }),
            "{fetched:?}"
        );
        requests.push(h.meddler().requests() - before);
    }
    assert_eq!(requests.iter().sum::<u64>(), 21, "{requests:?}");
}

#[tokio::test]
async fn another_programs_external_id_stays() {
    let h = harness();
    let seen = item(&h, "theirs").await;
    h.control(Command::edit(
        &seen.reference.key,
        "ana",
        "external_id",
        "crm-7",
    ));
    let mark = Effect::Mark {
        item: seen.reference.item.clone(),
        marker: marker(),
    };
    let refused = h.tracker().apply(&mark).await;
    assert!(
        matches!(&refused, Err(TrackerError::Refused { sentence, .. }) if sentence.contains("crm-7")),
        "{refused:?}"
    );
    let path = format!("/api/v2/tickets/{}", seen.reference.item.id);
    let shown = h
        .raw(http::Method::GET, &path, AUTHORIZATION, Json::Null)
        .await;
    assert_eq!(shown["ticket"]["external_id"], "crm-7");
}

#[tokio::test]
async fn a_create_that_is_sent_twice_makes_one_ticket() {
    let h = harness();
    let fields = BTreeMap::from([(field::SUMMARY.into(), Value::text("once"))]);
    let scope = h.scope();
    let effect = Effect::Create {
        scope,
        fields,
        marker: marker(),
    };
    let first = h.tracker().apply(&effect).await.unwrap().created.unwrap();
    let second = h.tracker().apply(&effect).await.unwrap().created.unwrap();
    assert_eq!(first, second);
    // Without a text Zendesk takes no ticket; it is read as none.
    let made = read(&h, &first.item).await;
    assert_eq!(made.get(field::DESCRIPTION), Some(&Value::Empty));
}
