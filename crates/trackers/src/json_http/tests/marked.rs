//! A marker that lies in the text.

use super::*;
use twinline_core::effect::Recognised;

/// The description with markers of items in their text.
fn in_text() -> String {
    let described = BOARD.replace("[marker]\npath = \"origin\"", "[marker]\nin_text = true");
    assert_ne!(described, BOARD);
    described
}

#[tokio::test]
async fn a_marker_in_the_text_does_not_show_and_stays() {
    let h = board(&in_text());
    let item = made(&h, "marked").await;
    assert_eq!(item.marker, Some(marker("l1")));
    let text = Value::Rich(Document::from_plain("A text."));
    assert_eq!(item.get(field::DESCRIPTION), Some(&text));
    let other = Value::Rich(Document::from_plain("Another text."));
    for value in [other, Value::Empty] {
        let seen = read(&h, &item.reference.item).await;
        h.tracker()
            .apply(&update(&seen, &[(field::DESCRIPTION, value.clone())]))
            .await
            .unwrap();
        let now = read(&h, &item.reference.item).await;
        assert_eq!(now.get(field::DESCRIPTION), Some(&value));
        assert_eq!(now.marker, Some(marker("l1")));
    }
}

#[tokio::test]
async fn a_create_is_recognised_by_the_marker_in_its_text() {
    let h = board(&in_text());
    let effect = create(&h, "recognised", "l2");
    let since = h.now();
    assert_eq!(
        h.tracker().recognise(&effect, since).await.unwrap(),
        Recognised::NotThere
    );
    let created = h.tracker().apply(&effect).await.unwrap().created;
    let Recognised::There(found) = h.tracker().recognise(&effect, since).await.unwrap() else {
        panic!("it is there");
    };
    assert_eq!(found.created, created);
}

#[tokio::test]
async fn where_a_person_wrote_the_text_anew_likeness_is_all_and_then_nothing() {
    let h = board(&in_text());
    let effect = create(&h, "once called so", "l3");
    let since = h.now();
    let created = h.tracker().apply(&effect).await.unwrap().created.unwrap();
    let key = created.key.clone();
    let rewrite = Act::Rewrite {
        key: key.clone(),
        text: "nothing of it".to_owned(),
    };
    h.act(rewrite).await.unwrap();
    let Recognised::Alike(alike) = h.tracker().recognise(&effect, since).await.unwrap() else {
        panic!("one has the title");
    };
    let alike: Vec<_> = alike.into_iter().map(|one| one.created).collect();
    assert_eq!(alike, [Some(created)]);
    let title = "called otherwise".to_owned();
    h.act(Act::Retitle { key, title }).await.unwrap();
    let found = h.tracker().recognise(&effect, since).await.unwrap();
    assert!(matches!(found, Recognised::Unclear { .. }), "{found:?}");
}
