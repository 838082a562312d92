//! Sub-issues: the issue above.

use super::*;
use twinline_core::item::ItemRef;

fn parent(key: Option<&str>) -> Vec<(&'static str, FieldWrite)> {
    let value = key.map_or(Value::Empty, Value::text);
    vec![(field::PARENT, FieldWrite::Replace(value))]
}

async fn made(h: &SimHarness, title: &str) -> ItemRef {
    let key = h
        .act(Act::Create {
            title: title.to_owned(),
        })
        .await
        .unwrap();
    h.tracker().find(&key).await.unwrap().unwrap()
}

fn put(h: &SimHarness, child: &str, above: &str) {
    h.control(Command::edit(child, "ana", "parent", above));
}

#[tokio::test]
async fn an_issue_lies_below_one_of_another_repository_of_its_owner() {
    let h = harness(GithubConfig::default());
    let (child, above) = (made(&h, "below").await, made(&h, "above").await);
    let moved = Act::Move {
        key: above.key.clone(),
    };
    let there = h.act(moved).await.unwrap();
    assert!(there.starts_with("acme/archive#"), "{there}");
    let before = read(&h, &child.item).await;
    let applied = update(&h, &before, &parent(Some(&there))).await.unwrap();
    assert_eq!(applied.waived, BTreeMap::new());
    let after = read(&h, &child.item).await;
    assert_eq!(after.get(field::PARENT), Some(&Value::text(&there)));
    // The same once more changes nothing.
    let requests = h.meddler().requests();
    update(&h, &after, &parent(Some(&there))).await.unwrap();
    assert_eq!(h.meddler().requests() - requests, 1);
}

#[tokio::test]
async fn a_parent_that_would_close_a_circle_is_waived_and_all_else_is_written() {
    let h = harness(GithubConfig::default());
    let (child, above) = (made(&h, "below").await, made(&h, "above").await);
    put(&h, &child.key, &above.key);
    let before = read(&h, &above.item).await;
    let mut fields = parent(Some(&child.key));
    fields.push((
        field::SUMMARY,
        FieldWrite::Replace(Value::text("still above")),
    ));
    let applied = update(&h, &before, &fields).await.unwrap();
    let why = &applied.waived[&FieldName::from(field::PARENT)];
    assert!(why.contains("does not take this parent"), "{why}");
    let after = read(&h, &above.item).await;
    assert_eq!(after.get(field::SUMMARY), Some(&Value::text("still above")));
    assert_eq!(after.get(field::PARENT), Some(&Value::Empty));
}

#[tokio::test]
async fn a_lost_answer_is_resolved_by_looking() {
    let h = harness(GithubConfig::default());
    let (child, above) = (made(&h, "below").await, made(&h, "above").await);
    let before = read(&h, &child.item).await;
    for trick in [Trick::LoseRequest, Trick::LoseAnswer] {
        let arrived = matches!(trick, Trick::LoseAnswer);
        h.meddler().next_write(trick);
        let effect = Effect::Update {
            item: child.item.clone(),
            fields: BTreeMap::from([(
                field::PARENT.into(),
                FieldWrite::Replace(Value::text(&above.key)),
            )]),
            planned_from: before.version.clone(),
        };
        let since = h.now();
        let written = h.tracker().apply(&effect).await;
        assert!(
            matches!(written, Err(TrackerError::Unknown { .. })),
            "{written:?}"
        );
        let found = h.tracker().recognise(&effect, since).await.unwrap();
        assert_eq!(matches!(found, Recognised::There(_)), arrived, "{found:?}");
    }
}

#[tokio::test]
async fn both_repositories_tell_of_the_issue_that_lies_elsewhere_now() {
    let h = harness(GithubConfig::default());
    let url = "http://edge.example/hooks/hub";
    let subscribed = h.tracker().subscribe(&h.scope(), url, "a secret").await;
    assert_eq!(subscribed.unwrap(), Subscribed::Registered);
    let (child, above) = (made(&h, "below").await, made(&h, "above").await);
    drop(h.deliveries(url).await);
    for (key, actions) in [
        (
            above.key.as_str(),
            ["parent_issue_added", "sub_issue_added"],
        ),
        ("", ["parent_issue_removed", "sub_issue_removed"]),
    ] {
        put(&h, &child.key, key);
        let sent = h.deliveries(url).await;
        let mut told = Vec::new();
        for request in &sent {
            let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
            told.push(body["action"].as_str().unwrap().to_owned());
            let notices = h
                .webhook()
                .unwrap()
                .decode(request.headers(), request.body())
                .unwrap();
            let items: Vec<&str> = notices.iter().map(|one| one.item.as_str()).collect();
            assert_eq!(items, [child.item.id.as_str()]);
            assert_eq!(notices[0].version, None);
        }
        told.sort();
        assert_eq!(told, actions);
    }
}
