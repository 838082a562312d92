//! What needs no simulator: an API played by hand.

use super::*;
use crate::Learnt;
use crate::http::{Secret, TransportError};
use crate::registry::{self, NodeSettings};
use crate::tracker::Cursor;
use bytes::Bytes;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::sync::Mutex;
use twinline_core::effect::Recognised;

type Answer = Box<dyn Fn(&http::Request<Bytes>) -> String + Send + Sync>;

/// Answers each request with what `answer` makes of its method, path and query.
pub(super) struct Played {
    answer: Answer,
    pub(super) asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Transport for Played {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        self.asked.lock().unwrap().push(request.uri().to_string());
        Ok(http::Response::new((self.answer)(&request).into()))
    }
}

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_769_860_800_000)
    }
}

pub(super) fn tracker(
    description: &str,
    answer: impl Fn(&http::Request<Bytes>) -> Json + Send + Sync + 'static,
) -> (Arc<dyn Tracker>, Arc<Played>) {
    raw_tracker(description, move |request| answer(request).to_string())
}

pub(super) fn raw_tracker(
    description: &str,
    answer: impl Fn(&http::Request<Bytes>) -> String + Send + Sync + 'static,
) -> (Arc<dyn Tracker>, Arc<Played>) {
    let played = Arc::new(Played {
        answer: Box::new(answer),
        asked: Mutex::default(),
    });
    let settings = NodeSettings {
        node: "n".into(),
        url: Some("http://api.example/v1".parse().unwrap()),
        auth: BTreeMap::from([("token".to_owned(), Secret::new("t"))]),
        description: Some(Arc::new(Description::parse(description).unwrap())),
        settle: None,
        texts: None,
        write_spacing: None,
        unlimited: true,
        learnt: Learnt::default(),
    };
    let transport: Arc<dyn Transport> = Arc::<Played>::clone(&played);
    let built = registry::build("json-http", settings, transport, Arc::new(Noon)).unwrap();
    (built, played)
}

/// The smallest description, with this paging of lists.
pub(super) fn small(paging: &str) -> String {
    format!(
        "format = 1\nname = \"Small\"\nauth = {{ by = \"bearer\" }}\n\
         scope = {{ place = {{ value = \"all\" }} }}\n\
         item = {{ id = \"id\", key = \"{{id}}\", url = \"{{base}}/{{id}}\", updated = \"at\" }}\n\
         get = {{ path = \"/i/{{id}}\" }}\n\
         create = {{ path = \"/i\" }}\nupdate = {{ path = \"/i/{{id}}\" }}\n\
         [time]\nformat = \"epoch_s\"\n\
         [fields.summary]\nkind = \"text\"\npath = \"t\"\n\
         [list]\npath = \"/i\"\nitems = \"l\"\nchanged = {{ since = \"{{since}}\" }}\npaging = {paging}\n"
    )
}

pub(super) fn scope() -> Scope {
    Scope::from([("place".to_owned(), "all".to_owned())])
}

pub(super) fn query<'a>(request: &'a http::Request<Bytes>, name: &str) -> Option<&'a str> {
    let mut pairs = request
        .uri()
        .query()?
        .split('&')
        .filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// Entries `from` to `to` of a list of one stamp.
pub(super) fn entries(from: usize, to: usize) -> Json {
    (from..to)
        .map(|id| json!({ "id": id, "at": 100, "t": "x" }))
        .collect()
}

async fn sweep(tracker: &dyn Tracker) -> BTreeSet<String> {
    let mut cursor = Cursor {
        since: Timestamp::from_millis(100_000),
        page: None,
    };
    let mut ids = BTreeSet::new();
    for _ in 0..20 {
        let page = tracker.changes(&scope(), &cursor).await.unwrap();
        ids.extend(
            page.changes
                .into_iter()
                .map(|change| change.candidate.reference.item.id),
        );
        match page.next {
            Some(next) => cursor = next,
            None => return ids,
        }
    }
    panic!("it does not end");
}

async fn check_sweep(paging: &str, answer: fn(&http::Request<Bytes>) -> Json, asked: &[&str]) {
    let (tracker, played) = tracker(&small(paging), answer);
    let expected: BTreeSet<String> = (0..5).map(|id| id.to_string()).collect();
    assert_eq!(sweep(tracker.as_ref()).await, expected, "{paging}");
    assert_eq!(*played.asked.lock().unwrap(), asked, "{paging}");
}

#[tokio::test]
async fn lists_go_on_in_every_manner() {
    check_sweep(
        "{ by = \"none\" }",
        |_| json!({ "l": entries(0, 5) }),
        &["http://api.example/v1/i?since=100"],
    )
    .await;
    check_sweep(
        "{ by = \"page\", param = \"p\", size_param = \"n\", size = 3 }",
        |request| {
            let page: usize = query(request, "p").unwrap().parse().unwrap();
            json!({ "l": entries((page - 1) * 3, (page * 3).min(5).max((page - 1) * 3)) })
        },
        // Each page is followed by the one before, and an empty one ends the list.
        &[
            "http://api.example/v1/i?since=100&n=3&p=1",
            "http://api.example/v1/i?since=100&n=3&p=2",
            "http://api.example/v1/i?since=100&n=3&p=1",
            "http://api.example/v1/i?since=100&n=3&p=3",
            "http://api.example/v1/i?since=100&n=3&p=2",
        ],
    )
    .await;
    // It reaches back by half a page, and a page that brings nothing new ends it.
    check_sweep(
        "{ by = \"offset\", param = \"o\", size_param = \"n\", size = 4 }",
        |request| {
            let from: usize = query(request, "o").map_or(0, |from| from.parse().unwrap());
            json!({ "l": entries(from.min(5), (from + 4).min(5)) })
        },
        &[
            "http://api.example/v1/i?since=100&n=4",
            "http://api.example/v1/i?since=100&n=4&o=2",
            "http://api.example/v1/i?since=100&n=4&o=4",
        ],
    )
    .await;
    check_sweep(
        "{ by = \"cursor\", param = \"c\", next = \"more.c\" }",
        |request| match query(request, "c") {
            None => json!({ "l": entries(0, 3), "more": { "c": "abc" } }),
            Some(_) => json!({ "l": entries(3, 5), "more": { "c": null } }),
        },
        &[
            "http://api.example/v1/i?since=100",
            "http://api.example/v1/i?since=100&c=abc",
        ],
    )
    .await;
    check_sweep(
        "{ by = \"next\", next = \"next\" }",
        |request| match query(request, "c") {
            None => json!({ "l": entries(0, 3), "next": "/v1/i?c=2" }),
            Some(_) => json!({ "l": entries(3, 5) }),
        },
        &[
            "http://api.example/v1/i?since=100",
            "http://api.example/v1/i?c=2",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_list_that_leads_to_another_server_or_to_itself_is_refused() {
    for next in ["http://elsewhere.example/i", "//elsewhere.example/i"] {
        let (tracker, played) = tracker(
            &small("{ by = \"next\", next = \"next\" }"),
            move |_| json!({ "l": entries(0, 3), "next": next }),
        );
        let cursor = Cursor {
            since: Timestamp::from_millis(100_000),
            page: None,
        };
        let next = tracker
            .changes(&scope(), &cursor)
            .await
            .unwrap()
            .next
            .unwrap();
        let led = tracker.changes(&scope(), &next).await;
        assert!(
            matches!(led, Err(TrackerError::Unreadable { .. })),
            "{led:?}"
        );
        assert_eq!(played.asked.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_feed_in_another_order_is_refused() {
    let (tracker, _) = tracker(
        &small("{ by = \"none\" }"),
        |_| json!({ "l": [{ "id": 1, "at": 200, "t": "x" }, { "id": 2, "at": 100, "t": "x" }] }),
    );
    let read = tracker.changes(&scope(), &Cursor::default()).await;
    let named = matches!(&read, Err(TrackerError::Unreadable { reason, .. }) if reason.contains("list.changed"));
    assert!(named, "{read:?}");
}

#[tokio::test]
async fn an_id_cannot_leave_its_place_in_an_address() {
    let (tracker, played) = tracker(
        &small("{ by = \"none\" }"),
        |_| json!({ "id": "a/../b?c", "at": 1, "t": "x" }),
    );
    let item = ItemId {
        node: "n".into(),
        id: "a/../b?c".to_owned(),
    };
    assert!(matches!(tracker.fetch(&item).await, Ok(Fetched::Found(_))));
    assert_eq!(
        *played.asked.lock().unwrap(),
        ["http://api.example/v1/i/a%2F%2E%2E%2Fb%3Fc"]
    );
}

#[tokio::test]
async fn another_item_than_was_asked_for_is_unreadable() {
    let (tracker, _) = tracker(
        &small("{ by = \"none\" }"),
        |_| json!({ "id": 8, "at": 1, "t": "x" }),
    );
    let item = ItemId {
        node: "n".into(),
        id: "7".to_owned(),
    };
    let read = tracker.fetch(&item).await;
    assert!(
        matches!(read, Err(TrackerError::Unreadable { .. })),
        "{read:?}"
    );
}

#[tokio::test]
async fn without_a_marker_a_create_with_unknown_outcome_is_unclear() {
    let (tracker, _) = tracker(&small("{ by = \"none\" }"), |_| json!({ "l": [] }));
    let effect = Effect::Create {
        scope: scope(),
        fields: BTreeMap::from([(field::SUMMARY.into(), Value::text("x"))]),
        marker: marker("l1"),
    };
    let found = tracker.recognise(&effect, Timestamp::EPOCH).await.unwrap();
    assert!(matches!(found, Recognised::Unclear { .. }), "{found:?}");
}
