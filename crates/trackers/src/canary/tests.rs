//! The built-in tracker keeps the contract as far as its one item goes.

use super::*;
use crate::error::WebhookRejected;
use crate::tracker::{Cursor, Tracker as _};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::collections::BTreeMap;
use twinline_core::effect::{Effect, FieldWrite, Recognised};
use twinline_core::item::Fetched;
use twinline_core::time::Timestamp;

struct Stands;

impl Clock for Stands {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1000)
    }
}

fn canary() -> Canary {
    Canary::new("canary-left".into(), Arc::new(Stands))
}

fn update(canary: &Canary, number: &str) -> Effect {
    let write = FieldWrite::Replace(Value::text(number));
    Effect::Update {
        item: canary.reference().item,
        fields: [(field::SUMMARY.into(), write)].into(),
        planned_from: Version::default(),
    }
}

#[tokio::test]
async fn what_is_written_is_shown_recognised_and_fetched() {
    let canary = canary();
    let shown = canary.shown();
    let marker = Marker {
        root: "r1".into(),
        link: "l1".into(),
    };
    let create = Effect::Create {
        scope: [(SCOPE.to_owned(), "here".to_owned())].into(),
        fields: [(field::SUMMARY.into(), Value::text("7"))].into(),
        marker: marker.clone(),
    };
    let since = Timestamp::EPOCH;
    let asked = canary.recognise(&create, since).await.unwrap();
    assert_eq!(asked, Recognised::NotThere);
    let applied = canary.apply(&create).await.unwrap();
    assert_eq!(*shown.borrow(), Some(7));
    let item = applied.item.unwrap();
    assert_eq!(item.marker, Some(marker));
    assert_eq!(item.scope[SCOPE], "here");
    assert!(canary.apply(&create).await.is_err(), "it has one item");
    let asked = canary.recognise(&create, since).await.unwrap();
    assert!(matches!(asked, Recognised::There(_)));

    let change = update(&canary, "8");
    let asked = canary.recognise(&change, since).await.unwrap();
    assert_eq!(asked, Recognised::NotThere);
    canary.apply(&change).await.unwrap();
    let Fetched::Found(found) = canary.fetch(&item.reference.item).await.unwrap() else {
        panic!("it is there");
    };
    assert_eq!(found.get(field::SUMMARY), Some(&Value::text("8")));
    assert_eq!(
        (found.version.revision, &found.scope),
        (Some(2), &item.scope)
    );
}

/// Else a sweep would carry what no inbox did.
#[tokio::test]
async fn no_feed_tells_of_a_change() {
    let canary = canary();
    canary.show(1);
    let scope = BTreeMap::new();
    let page = canary.changes(&scope, &Cursor::default()).await.unwrap();
    assert_eq!(page.changes, []);
    assert_eq!(canary.query(&scope, "", None).await.unwrap().total, Some(1));
}

#[test]
fn a_delivery_is_taken_with_its_signature_only() {
    let (headers, body) = delivery(b"secret", "d1");
    let read = |(name, value): &(&'static str, String)| {
        let value = HeaderValue::from_str(value).unwrap();
        (HeaderName::from_static(name), value)
    };
    let headers: HeaderMap = headers.iter().map(read).collect();
    let verify = |secret: &[u8], body: &[u8]| WEBHOOK.verify(&[secret], &headers, body);
    assert_eq!(verify(b"secret", &body), Ok(()));
    assert_eq!(verify(b"another", &body), Err(WebhookRejected::Signature));
    assert_eq!(verify(b"secret", b"{}"), Err(WebhookRejected::Signature));
    assert_eq!(WEBHOOK.delivery_id(&headers, &body).as_deref(), Some("d1"));
    assert_eq!(WEBHOOK.decode(&headers, &body).unwrap()[0].item, ITEM);
    assert!(WEBHOOK.decode(&headers, b"[]").is_err());
}

#[test]
fn what_signs_is_made_of_the_token_and_is_not_the_token() {
    let token = |text: &str| crate::http::Secret::new(text);
    let key = secret(&token("a token"));
    assert_eq!(key, secret(&token("a token")));
    assert_ne!(key, secret(&token("another")));
    assert_ne!(key, b"a token");
}
