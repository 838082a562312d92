//! Answers that are not what the description says, and lists that do not end.

use super::alone::{entries, query, raw_tracker, scope, small, tracker};
use super::*;
use crate::tracker::Cursor;
use serde_json::{Value as Json, json};

/// More pages than any of these lists may be asked for before it is refused.
const PAGES_MAX: usize = 600;

const LISTS: [&str; 5] = [
    "{ by = \"page\", param = \"p\" }",
    "{ by = \"offset\", param = \"o\" }",
    "{ by = \"cursor\", param = \"c\", next = \"next\" }",
    "{ by = \"next\", next = \"next\" }",
    "{ by = \"link\" }",
];

fn item() -> ItemId {
    ItemId {
        node: "n".into(),
        id: "7".to_owned(),
    }
}

/// Reads matches until they end or are refused.
async fn read_all(tracker: &dyn Tracker) -> Result<usize, TrackerError> {
    let (mut token, mut pages) = (None, 0);
    loop {
        let page = tracker.query(&scope(), "", token.as_deref()).await?;
        pages += 1;
        token = page.next;
        if token.is_none() {
            return Ok(pages);
        }
        assert!(pages < PAGES_MAX, "it does not end");
    }
}

#[tokio::test]
async fn a_list_that_shows_the_same_again_and_again_is_refused() {
    for paging in LISTS.into_iter().filter(|paging| !paging.contains("link")) {
        let (api, played) = tracker(&small(paging), move |request| {
            // The same entries at an address that is always another one.
            let number = request.uri().to_string().len();
            json!({ "l": entries(0, 5), "next": format!("/v1/i?c={number}") })
        });
        let read = read_all(api.as_ref()).await;
        let named = matches!(&read, Err(TrackerError::Unreadable { reason, .. }) if reason.contains("paging"));
        assert!(named, "{paging}: {read:?}");
        let asked = played.asked.lock().unwrap().len();
        assert!(asked <= 4, "{paging}: {asked} requests");
    }
}

#[tokio::test]
async fn numbered_pages_end_at_the_total() {
    let described = small("{ by = \"page\", param = \"p\" }")
        .replace("items = \"l\"", "items = \"l\"\ntotal = \"n\"");
    let (api, played) = tracker(&described, |request| {
        // As some do, the last page is given for every number behind it.
        let page: usize = query(request, "p").unwrap().parse().unwrap();
        match page {
            1 => json!({ "l": entries(0, 3), "n": "5" }),
            _ => json!({ "l": entries(3, 5), "n": 5 }),
        }
    });
    assert_eq!(read_all(api.as_ref()).await.unwrap(), 2);
    assert_eq!(played.asked.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_token_that_is_none_begins_anew() {
    for paging in LISTS {
        let (api, _) = tracker(&small(paging), |_| json!({ "l": entries(0, 2) }));
        for token in [
            "",
            "{}",
            "18446744073709551615",
            "[1]",
            "http://elsewhere.example/",
        ] {
            let page = api.query(&scope(), "", Some(token)).await.unwrap();
            assert_eq!(page.items.len(), 2, "{paging} {token}");
        }
    }
}

/// Fetching and listing give an error that says where, of an item like this.
async fn check_unreadable(raw: Json, place: &str) {
    let (api, _) = tracker(&small("{ by = \"none\" }"), move |request| {
        match request.uri().path() {
            "/v1/i" => json!({ "l": [raw] }),
            _ => raw.clone(),
        }
    });
    let fetched = api.fetch(&item()).await.map(drop);
    let listed = api.changes(&scope(), &Cursor::default()).await.map(drop);
    for read in [fetched, listed] {
        let named = match &read {
            Err(error @ TrackerError::Unreadable { .. }) => error.to_string().contains(place),
            _ => false,
        };
        assert!(named, "{place}: {read:?}");
    }
}

#[tokio::test]
async fn what_is_of_another_kind_is_unreadable_with_its_place() {
    check_unreadable(json!({ "id": { "a": 1 }, "at": 1, "t": "x" }), "id").await;
    check_unreadable(json!({ "id": null, "at": 1, "t": "x" }), "id").await;
    check_unreadable(json!({ "id": 7, "at": "soon", "t": "x" }), "at").await;
    check_unreadable(json!({ "id": 7, "at": 1e300, "t": "x" }), "at").await;
    // No item at all: whatever is looked for first is missing.
    check_unreadable(json!([7]), "").await;
    check_unreadable(json!("7"), "").await;
}

#[tokio::test]
async fn a_value_of_another_kind_is_kept_and_never_taken_for_empty() {
    let described = small("{ by = \"none\" }").replace(
        "[list]",
        "[fields.labels]\nkind = \"set\"\npath = \"l\"\n[fields.due]\nkind = \"date\"\npath = \"d\"\n[list]",
    );
    let (api, _) = tracker(
        &described,
        |_| json!({ "id": 7, "at": 1, "t": "x", "l": "bug", "d": { "day": 3 } }),
    );
    let Fetched::Found(read) = api.fetch(&item()).await.unwrap() else {
        panic!("it is there");
    };
    assert_eq!(read.get(field::LABELS), Some(&Value::Json(json!("bug"))));
    assert_eq!(
        read.get(field::DUE),
        Some(&Value::Json(json!({ "day": 3 })))
    );
}

#[tokio::test]
async fn what_is_cut_off_or_no_list_is_unreadable() {
    let whole = json!({ "l": entries(0, 3) }).to_string();
    let cut = whole[..whole.len() - 3].to_owned();
    let deep = "[".repeat(100_000);
    for body in [
        cut,
        deep,
        "{ \"l\": {} }".to_owned(),
        "{}".to_owned(),
        String::new(),
    ] {
        let (api, _) = raw_tracker(&small("{ by = \"none\" }"), move |_| body.clone());
        let read = api.changes(&scope(), &Cursor::default()).await;
        assert!(
            matches!(read, Err(TrackerError::Unreadable { .. })),
            "{read:?}"
        );
    }
}

#[tokio::test]
async fn people_and_comments_that_do_not_end_are_bounded() {
    let described = small("{ by = \"none\" }")
        + "[people]\npath = \"/u\"\nitems = \"l\"\nof = { id = \"id\" }\n\
           paging = { by = \"cursor\", param = \"c\", next = \"next\" }\n\
           [comments]\npath = \"/i/{id}/c\"\nitems = \"l\"\nid = \"id\"\ntext = \"t\"\ncreated = \"at\"\nauthor = \"id\"\n\
           paging = { by = \"cursor\", param = \"c\", next = \"next\" }\n";
    let (api, played) = tracker(&described, |request| {
        let number: u64 = query(request, "c").map_or(0, |number| number.parse().unwrap());
        match request.uri().path() {
            "/v1/i/7" => json!({ "id": 7, "at": 1, "t": "x" }),
            _ => json!({ "l": [{ "id": number, "at": 1, "t": "x" }], "next": number + 1 }),
        }
    });
    let people = api.describe(&scope()).await.unwrap().users;
    assert_eq!(people.len(), played.asked.lock().unwrap().len());
    assert!(people.len() < PAGES_MAX);
    let read = api.fetch(&item()).await;
    assert!(
        matches!(read, Err(TrackerError::Unreadable { .. })),
        "{read:?}"
    );
}
