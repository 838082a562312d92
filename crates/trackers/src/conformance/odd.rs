//! Odd items, read through a connector from its simulator: very many comments, parents in a circle.

use super::sim::SimHarness;
use super::{Act, Harness, Trick};
use http::Method;
use serde_json::Value as Json;
use twinline_core::item::{Fetched, Item, ItemId, ItemRef, Value, field};

/// More than any list of the trackers holds on a page.
const VERY_MANY: usize = 10_000;

async fn made(h: &SimHarness, title: &str) -> Item {
    let title = title.to_owned();
    let key = h.act(Act::Create { title }).await.unwrap();
    let found = h.tracker().find(&key).await.unwrap().unwrap();
    read(h, &found.item).await
}

async fn read(h: &SimHarness, item: &ItemId) -> Item {
    match h.tracker().fetch(item).await.unwrap() {
        Fetched::Found(item) => *item,
        other => panic!("{other:?}"),
    }
}

/// The texts of a very long talk.
pub(crate) fn talk() -> impl Iterator<Item = String> {
    (0..VERY_MANY).map(|n| format!("comment {n}"))
}

/// A person's item with one comment, the first of the talk.
pub(crate) async fn begun(h: &SimHarness) -> ItemRef {
    let item = made(h, "a very long talk").await.reference;
    let (key, text) = (item.key.clone(), "comment 0".to_owned());
    h.act(Act::Comment { key, text }).await.unwrap();
    item
}

/// The whole talk is read, in order, by so many requests at most.
pub(crate) async fn check_talk(h: &SimHarness, item: &ItemRef, requests_max: u64) {
    let before = h.meddler().requests();
    let comments = read(h, &item.item).await.comments.unwrap();
    let requests = h.meddler().requests() - before;
    assert!(requests <= requests_max, "{requests} requests");
    let read: Vec<String> = comments.iter().map(|one| one.body.plain()).collect();
    let count = read.len();
    assert!(talk().eq(read), "{count} comments of {VERY_MANY}");
}

/// How one tracker's answer tells an item's parent.
pub(crate) struct Parents {
    pub(crate) authorization: &'static str,
    /// The path of an item by its key.
    pub(crate) path: fn(&str) -> String,
    /// Puts the parent, by its key, into an item's answer.
    pub(crate) put: fn(&mut Json, &str),
}

/// Two items that are each other's parent, as the answers say: each is read whole and names the other, and no request is
/// made for either's parent.
pub(crate) async fn check_circle(h: &SimHarness, parents: &Parents) {
    let (one, other) = (made(h, "hen").await, made(h, "egg").await);
    for (child, parent) in [(&one, &other), (&other, &one)] {
        let path = (parents.path)(&child.reference.key);
        let mut answer = h
            .raw(Method::GET, &path, parents.authorization, Json::Null)
            .await;
        (parents.put)(&mut answer, &parent.reference.key);
        let answer = http::Response::new(answer.to_string().into());
        let before = h.meddler().requests();
        read(h, &child.reference.item).await;
        let usual = h.meddler().requests() - before;
        h.meddler().next_read(Trick::Answer(answer));
        let seen = read(h, &child.reference.item).await;
        assert_eq!(h.meddler().requests() - before, 2 * usual);
        let expected = Value::text(&parent.reference.key);
        assert_eq!(seen.get(field::PARENT), Some(&expected));
    }
}
