//! HTML, Markdown and where markers lie.

use super::*;
use crate::conformance::Act;
use http::Method;
use twinline_core::effect::FieldWrite;
use twinline_core::item::{Item, field};
use twinline_core::marker::Marker;
use twinline_core::richtext::{Document, html, markdown};

fn marker() -> Marker {
    Marker {
        root: "abc".into(),
        link: "9f".into(),
    }
}

#[test]
fn a_comments_marker_is_found_whatever_an_editor_made_of_its_link() {
    let check = |text: &str, rest: &str, found: Option<Marker>| {
        assert_eq!(text::split(text), (rest.to_owned(), found), "{text}");
    };
    check(
        &text::join("<p>a</p>", &marker()),
        "<p>a</p>",
        Some(marker()),
    );
    check(
        "<p>a <a target=\"_blank\" href='https://twinline.invalid/abc/9f' rel=x></a>b</p>",
        "<p>a b</p>",
        Some(marker()),
    );
    check("<p>a</p>", "<p>a</p>", None);
    let other = "<a href=\"https://twinline.invalid/\">x</a>";
    check(other, other, None);
    let cut = "https://twinline.invalid/abc/9f";
    check(cut, cut, None);
    assert_eq!(text::marker_of(&text::address(&marker())), Some(marker()));
    assert_eq!(text::marker_of("https://twinline.example/abc/9f"), None);
}

async fn item(h: &SimHarness) -> (ItemId, String) {
    let title = "An item".to_owned();
    let key = h.act(Act::Create { title }).await.unwrap();
    let found = h.tracker().find(&key).await.unwrap().unwrap();
    (found.item, key)
}

async fn read(h: &SimHarness, id: &ItemId) -> Item {
    match h.tracker().fetch(id).await.unwrap() {
        Fetched::Found(item) => *item,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_comment_in_markdown_is_read_as_such() {
    let mut site = demo_organization();
    site.switches.markdown_comments = true;
    let h = over(site, under());
    let (id, key) = item(&h).await;
    let text = "- **a**\n- b".to_owned();
    h.act(Act::Comment { key, text }).await.unwrap();
    let comments = read(&h, &id).await.comments.unwrap();
    assert_eq!(comments[0].body, markdown::decode("- **a**\n- b"));
}

#[tokio::test]
async fn a_field_in_markdown_stays_in_markdown() {
    let h = harness();
    let (id, _) = item(&h).await;
    let path = format!("/_apis/wit/workitems/{}", id.id);
    let document = json!([
        { "op": "add", "path": "/fields/System.Description", "value": "# Old" },
        { "op": "add", "path": "/multilineFieldsFormat/System.Description", "value": "Markdown" },
    ]);
    h.raw(Method::PATCH, &path, AUTHORIZATION, document).await;
    let before = read(&h, &id).await;
    let text = markdown::decode("# Old");
    assert_eq!(before.get(field::DESCRIPTION), Some(&Value::Rich(text)));
    let new = html::decode("<h2>New</h2><p>a <b>b</b></p>");
    let effect = Effect::Update {
        item: id.clone(),
        fields: BTreeMap::from([(
            field::DESCRIPTION.into(),
            FieldWrite::Replace(Value::Rich(new.clone())),
        )]),
        planned_from: before.version.clone(),
    };
    h.tracker().apply(&effect).await.unwrap();
    let raw = h.raw(Method::GET, &path, AUTHORIZATION, Json::Null).await;
    assert_eq!(raw["fields"]["System.Description"], "## New\n\na **b**");
    let after = read(&h, &id).await;
    assert_eq!(after.get(field::DESCRIPTION), Some(&Value::Rich(new)));
}

#[tokio::test]
async fn a_lost_comment_is_recognised_without_its_marker_by_author_text_and_time() {
    let h = harness();
    let (id, key) = item(&h).await;
    let since = h.now();
    let comment = |text: &str| Effect::AddComment {
        item: id.clone(),
        channel: CHANNEL.to_owned(),
        body: Document::from_plain(text),
        marker: marker(),
    };
    let path = format!("/Support/_apis/wit/workItems/{}/comments", id.id);
    let said = json!({ "text": "<p>once</p>" });
    h.raw(Method::POST, &path, AUTHORIZATION, said).await;
    let text = "by somebody".to_owned();
    h.act(Act::Comment { key, text }).await.unwrap();
    let found = h
        .tracker()
        .recognise(&comment("once"), since)
        .await
        .unwrap();
    assert!(matches!(found, Recognised::There(_)), "{found:?}");
    for text in ["by somebody", "never"] {
        let found = h.tracker().recognise(&comment(text), since).await.unwrap();
        assert_eq!(found, Recognised::NotThere, "{text}");
    }
}
