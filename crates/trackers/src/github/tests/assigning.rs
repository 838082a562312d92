//! Assigning people.

use super::*;

#[tokio::test]
async fn people_are_assigned_one_by_one_and_who_cannot_be_is_waived() {
    let h = harness(GithubConfig::default());
    let item = item(&h).await;
    let set = |logins: &[&str]| logins.iter().map(|login| (*login).to_owned()).collect();
    let elements = |add: &[&str], remove: &[&str]| FieldWrite::Elements {
        add: set(add),
        remove: set(remove),
    };
    let write = elements(&["ana", "Ben"], &[]);
    let applied = update(&h, &item, &[(field::ASSIGNEES, write)])
        .await
        .unwrap();
    assert_eq!(applied.waived, BTreeMap::new());
    let write = elements(&["chen", "stranger"], &["ana"]);
    let applied = update(&h, &item, &[(field::ASSIGNEES, write)])
        .await
        .unwrap();
    assert!(
        applied.waived[field::ASSIGNEES].contains("stranger"),
        "{applied:?}"
    );
    check_assigned(&h, &item.reference.item, &["ben", "chen"]).await;
}

async fn check_assigned(h: &SimHarness, item: &ItemId, expected: &[&str]) {
    let now = read(h, item).await;
    let Some(Value::Users(users)) = now.get(field::ASSIGNEES) else {
        panic!("{now:?}");
    };
    let ids: Vec<&str> = users.iter().map(|user| user.id.as_str()).collect();
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn somebody_who_cannot_be_assigned_fails_neither_a_create_nor_an_update() {
    let h = harness(GithubConfig::default());
    let some = people(&["ana", "stranger"]);
    let status = Value::text("closed:completed");
    let fields = [(field::ASSIGNEES, some), (field::STATUS, status.clone())];
    let applied = create(&h, &fields).await.unwrap();
    let waived: Vec<&str> = applied.waived.keys().map(FieldName::as_str).collect();
    assert_eq!(waived, [field::ASSIGNEES]);
    assert!(applied.waived[field::ASSIGNEES].contains("stranger"));
    let made = applied.created.unwrap().item;
    check_assigned(&h, &made, &["ana"]).await;
    let item = read(&h, &made).await;
    assert_eq!(
        item.get(field::STATUS),
        Some(&encode::normalise(&field::STATUS.into(), &status))
    );
    for (wanted, expected) in [
        (people(&["stranger", "Ben"]), vec!["ben"]),
        (people(&["stranger"]), vec![]),
    ] {
        let fields = [
            (field::ASSIGNEES, FieldWrite::Replace(wanted)),
            (field::SUMMARY, FieldWrite::Replace(Value::text("renamed"))),
        ];
        let applied = update(&h, &item, &fields).await.unwrap();
        let waived: Vec<&str> = applied.waived.keys().map(FieldName::as_str).collect();
        assert_eq!(waived, [field::ASSIGNEES]);
        check_assigned(&h, &made, &expected).await;
        let now = read(&h, &made).await;
        assert_eq!(now.get(field::SUMMARY), Some(&Value::text("renamed")));
    }
    let alone = [(field::ASSIGNEES, FieldWrite::Replace(people(&["ghost"])))];
    let applied = update(&h, &item, &alone).await.unwrap();
    assert!(applied.waived[field::ASSIGNEES].contains("ghost"));
}
